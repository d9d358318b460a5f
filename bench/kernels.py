#!/usr/bin/python3
"""Pixel kernels at each CPU level beside OpenCV's.

Each kernel of tests/kernels/rows.c that OpenCV has an equal for is timed at every level this CPU
has and in OpenCV, by turns, on the same data and one thread; a time is the median over the rounds
of the least time within a round. `ratio` is OpenCV's time by ours at the best level: above 1 ours
is faster. `differ` is the share of values further from OpenCV's than one level (1/255).

    bench/kernels.sh [--json] [--only NAME,...] [--rounds N] [--build-dir DIR]

Exit code 1 when a kernel is slower than OpenCV's, 2 when something is missing.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

try:
    import cv2
    import numpy as np
except ImportError as error:
    sys.exit(f"kernels: {error}; the peer comes with: apt-get install python3-opencv")

SAMPLES = {"u8": np.uint8, "f32": np.float32}
PREPROCESS_LIMIT_US = 150
ROUND_S = 0.02


class Server:
    """build/tests/kernels/kernels --serve."""

    def __init__(self, build):
        program = build / "tests" / "kernels" / "kernels"
        if not program.exists():
            sys.exit(f"kernels: {program} is not built; run make build")
        self.process = subprocess.Popen(
            [program, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *words):
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()

    def line(self):
        return self.process.stdout.readline().decode().strip()

    def levels(self):
        self.ask("levels")
        return self.line().split()

    def kernels(self):
        self.ask("list")
        rows = []
        while line := self.line():
            name, w, h = line.split()
            rows.append((name, int(w), int(h)))
        return rows

    def images(self, *words):
        self.ask(*words)
        images = []
        while line := self.line():
            w, h, c, sample = line.split()
            shape = (int(h), int(w)) + ((int(c),) if c != "1" else ())
            dtype = np.dtype(SAMPLES[sample])
            data = self.process.stdout.read(int(np.prod(shape)) * dtype.itemsize)
            images.append(np.frombuffer(data, dtype).reshape(shape))
        return images

    def time_us(self, name, level):
        self.ask("time", name, level, 0)
        return int(self.line()) / 1e3


def floats(image):
    return image.astype(np.float32) / 255 if image.dtype == np.uint8 else image


def scaled(image, factor, depth):
    """OpenCV multiplies each channel by its own."""
    return cv2.multiply(image, (factor,) * 4, dtype=depth)


def gamma_table():
    steps = np.arange(256) / 255.0
    channels = [np.power(steps, 1 / g) * 255 + 0.5 for g in (0.9, 1.1, 1.4)]
    return np.stack(channels, axis=-1).astype(np.uint8).reshape(1, 256, 3)


def sharpen(x, amount):
    blurred = cv2.GaussianBlur(x, (0, 0), 1.0)
    return cv2.addWeighted(x, 1 + amount, blurred, -amount, 0)


def warp_matrix(src, w, h, scale, degrees):
    """As run_warp() in rows.c has it."""
    turn = np.radians(degrees)
    a, b = scale * np.cos(turn), scale * np.sin(turn)
    mat = np.array([[a, -b, 0], [b, a, 0]])
    middle = mat[:, :2] @ [src.shape[1], src.shape[0]]
    mat[:, 2] = 0.5 * (np.array([w, h]) - middle)
    return mat


ELLIPSE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
INTERP = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC,
          "lanczos4": cv2.INTER_LANCZOS4}


def rct(face, like, mask):
    """What DeepFaceLive does: means and deviations in LAB under the mask, by OpenCV and NumPy."""
    cut = mask < 0.5
    lab = [cv2.cvtColor(floats(x), cv2.COLOR_BGR2LAB) for x in (face, like)]
    stats = []
    for image in lab:
        masked = image.copy()
        masked[cut] = 0
        stats.append(cv2.meanStdDev(masked))
    scale = (stats[1][1] / stats[0][1]).reshape(3)
    shift = stats[1][0].reshape(3) - stats[0][0].reshape(3) * scale
    out = lab[0] * scale.astype(np.float32) + shift.astype(np.float32)
    np.clip(out, (0, -127, -127), (100, 127, 127), out=out)
    return cv2.cvtColor(out.astype(np.float32), cv2.COLOR_LAB2BGR)


def plain_peers():
    """Kernel -> function of its inputs."""
    table = gamma_table()
    return {
        "u8-to-f32": lambda x: scaled(x, 1 / 255, cv2.CV_32F),
        "f32-to-u8": lambda x: scaled(x, 255.0, cv2.CV_8U),
        "gamma": lambda x: cv2.LUT(x, table),
        "sharpen": lambda x: sharpen(scaled(x, 1 / 255, cv2.CV_32F), 1.5),
        "sharpen-u8": lambda x: scaled(
            sharpen(scaled(x, 1 / 255, cv2.CV_32F), 1.5), 255.0, cv2.CV_8U),
        "preprocess": lambda x: cv2.LUT(scaled(
            sharpen(scaled(x, 1 / 255, cv2.CV_32F), 1.5), 255.0, cv2.CV_8U), table),
        "blur-mask": lambda x: cv2.GaussianBlur(x, (0, 0), 6.25, borderType=cv2.BORDER_CONSTANT),
        "blur-mask-wide": lambda x: cv2.GaussianBlur(
            x, (0, 0), 50, borderType=cv2.BORDER_CONSTANT),
        "blur-u8": lambda x: cv2.GaussianBlur(x, (0, 0), 1),
        "erode": lambda x: cv2.erode(x, ELLIPSE, iterations=2),
        "erode-far": lambda x: cv2.erode(x, ELLIPSE, iterations=50),
        "bgr-to-lab": lambda x: cv2.cvtColor(
            scaled(x, 1 / 255, cv2.CV_32F), cv2.COLOR_BGR2LAB),
        "bgr-to-lab-f32": lambda x: cv2.cvtColor(x, cv2.COLOR_BGR2LAB),
        "lab-to-bgr": lambda x: cv2.cvtColor(x, cv2.COLOR_LAB2BGR),
        "color-transfer": rct,
        "median": lambda x: cv2.medianBlur(x, 5),
        "median-f32": lambda x: cv2.medianBlur(x, 5),
    }


def peer_of(name, inputs, outputs):
    """What OpenCV is to do for a kernel, or None."""
    src, dst = inputs[0], outputs[0]
    h, w = dst.shape[:2]
    words = name.split("-")
    interp = next((INTERP[word] for word in words if word in INTERP), cv2.INTER_LINEAR)
    mixed = src.dtype != dst.dtype
    scale = (1 / 255 if src.dtype == np.uint8 else 255.0) if mixed else None
    depth = cv2.CV_32F if dst.dtype == np.float32 else cv2.CV_8U

    def convert(image):
        return scaled(image, scale, depth) if mixed else image

    if words[0] == "warp":
        mat = warp_matrix(src, w, h, *((0.5, 10) if name == "warp-bilinear" else (1.7, 10)))
        return lambda x: convert(cv2.warpAffine(x, mat, (w, h), flags=interp))
    if words[0] == "resize":
        return lambda x: convert(cv2.resize(x, (w, h), interpolation=interp))
    return plain_peers().get(name)


def least_us(function, inputs):
    """The least of as many runs as fit into a round."""
    least, end = float("inf"), time.perf_counter() + ROUND_S
    while time.perf_counter() < end:
        start = time.perf_counter_ns()
        function(*inputs)
        least = min(least, time.perf_counter_ns() - start)
    return least / 1e3


def share_apart(name, ours, theirs):
    """Values further apart than one level; LAB counts in hundredths of the whole, not in ones."""
    level = 1.0 if ours.dtype == np.uint8 else 1 / 255
    if "-to-lab" in name:
        level *= 100
    return float(np.mean(np.abs(ours.astype(np.float64) - theirs) > level * 1.001))


def measure(server, name, levels, rounds):
    inputs = server.images("inputs", name)
    outputs = server.images("outputs", name, levels[-1])
    peer = peer_of(name, inputs, outputs)
    times = {level: [] for level in levels}
    peer_times = []
    for _ in range(rounds):
        for level in levels:
            times[level].append(server.time_us(name, level))
        if peer:
            peer_times.append(least_us(peer, inputs))
    row = {"us": {level: round(statistics.median(t), 1) for level, t in times.items()}}
    if peer:
        theirs = peer(*inputs)
        row["opencv_us"] = round(statistics.median(peer_times), 1)
        row["ratio"] = round(row["opencv_us"] / min(row["us"].values()), 2)
        row["differ"] = round(share_apart(name, outputs[0], theirs), 5)
    return row


def print_row(name, size, row, levels):
    cells = "".join(f"{row['us'][level]:10.1f}" for level in levels)
    peer = "".join(f"{row[key]:>10}" if key in row else f"{'':>10}"
                   for key in ("opencv_us", "ratio", "differ"))
    print(f"{name:<24}{size:>11}{cells}{peer}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--only", help="kernels, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build-dir", type=pathlib.Path,
                        default=pathlib.Path(__file__).parent.parent / "build")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    server = Server(args.build_dir)
    levels = server.levels()
    only = args.only.split(",") if args.only else None
    if not args.json:
        print(f"{'microseconds':<24}{'size':>11}" + "".join(f"{level:>10}" for level in levels) +
              f"{'OpenCV':>10}{'ratio':>10}{'differ':>10}")
    rows = {}
    for name, w, h in server.kernels():
        if only and name not in only:
            continue
        rows[name] = measure(server, name, levels, args.rounds)
        if not args.json:
            print_row(name, f"{w}x{h}", rows[name], levels)
    slower = [name for name, row in rows.items() if row.get("ratio", 1) < 1]
    if args.json:
        best = min(rows["preprocess"]["us"].values()) if "preprocess" in rows else None
        print(json.dumps({"kernels": rows, "slower": slower, "opencv": cv2.__version__,
                          "preprocess_us": best, "preprocess_limit_us": PREPROCESS_LIMIT_US}))
    else:
        print("every kernel at or above OpenCV's speed" if not slower
              else "slower than OpenCV: " + ", ".join(slower))
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
