#!/usr/bin/python3
"""Processor time a frame costs in a pipeline that does what DeepFaceLive does on a CPU.

    peer_pipeline.py BUILD_DIR FRAME.raw WIDTH HEIGHT [--models JSON]

FRAME.raw is one BGR frame. The operations of each of DeepFaceLive's stages and their order are
written anew here with NumPy, numexpr and OpenCV; networks run in ONNX Runtime (--models: their times
from an earlier run). Prints the CPU milliseconds of each stage as JSON: medians, one thread, for one
face. Left out, in the peer's favour: decoding, encoding, colour conversion from YUV, and moving
frames between the processes in which DeepFaceLive runs its stages.
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
    import numexpr
    import numpy as np
except ImportError as problem:
    sys.exit(f"peer_pipeline: {problem}; the peer comes with: "
             "apt-get install python3-opencv python3-numexpr (or --no-peer)")

WINDOW, MARK_SIDE, FACE_SIDE, MODEL_SIDE = 480, 112, 224, 224
FACE_SHARE = 0.37  # of the frame's height: the side of the aligned square, 400 pixels at 1080p
ERODE, BLUR, COMPRESSION = 5, 25, 1
SHARPEN, GAMMA = 1.0, np.array([1 / 1.0, 1 / 1.0, 1 / 1.1], np.float32)  # blue, green, red
N_RUNS = 7
MODELS = (("detect", "models/ssd_mobilenetv1.onnx", f"1x3x{WINDOW}x{WINDOW}"),
          ("mark", "models/face_landmark_68.onnx", f"1x3x{MARK_SIDE}x{MARK_SIDE}"),
          ("swap", "demo/bench.dfm", f"1x{MODEL_SIDE}x{MODEL_SIDE}x3"))


def to_float(image):
    return image.astype(np.float32) / np.float32(255)


def to_bytes(image):
    scaled = image * np.float32(255)
    return np.clip(scaled, 0, 255, out=scaled).astype(np.uint8)


def gamma(face):
    """Power per channel, in floats, and back."""
    bent = np.power(to_float(face), GAMMA)
    return to_bytes(np.clip(bent, 0, 1, out=bent))


def sharpen(face):
    x = to_float(face)
    x = cv2.addWeighted(x, 1 + SHARPEN, cv2.GaussianBlur(x, (0, 0), 1.0), -SHARPEN, 0)
    return to_bytes(np.clip(x, 0, 1, out=x))


def soften(mask):
    """Eroded, cleared along its border and blurred, with a margin of its own size all round."""
    h, w = mask.shape
    wide = np.pad(mask, ((h, h), (w, w)))
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    wide = cv2.erode(wide, ellipse, iterations=max(1, ERODE // 2))
    inner = np.zeros_like(wide)
    y, x = h + BLUR // 2, w + BLUR // 2
    inner[y:-y, x:-x] = wide[y:-y, x:-x]
    return cv2.GaussianBlur(inner, (0, 0), 0.25 * BLUR)[h:-h, w:-w]


def transfer_colour(face, like, mask):
    """Means and deviations in LAB, pixels under a mask of half counted as zeros."""
    outside = mask < 0.5
    source, target = (cv2.cvtColor(x, cv2.COLOR_BGR2LAB) for x in (face, to_float(like)))
    moments = []
    for lab in (source, target):
        inside = lab.copy()
        inside[outside] = 0
        moments.append([(inside[..., c].mean(), inside[..., c].std()) for c in range(3)])
    planes = []
    for c, (low, high) in enumerate(((0, 100), (-127, 127), (-127, 127))):
        (mean, std), (like_mean, like_std) = moments[0][c], moments[1][c]
        moved = numexpr.evaluate("(p - mean) * like_std / std + like_mean",
                                 {"p": source[..., c], "mean": mean, "std": std,
                                  "like_mean": like_mean, "like_std": like_std})
        planes.append(np.clip(moved, low, high).astype(np.float32))
    return cv2.cvtColor(np.stack(planes, -1), cv2.COLOR_LAB2BGR)


class Peer:
    """The stages on one frame; the networks are timed elsewhere."""

    def __init__(self, frame):
        self.frame = frame
        h, w = frame.shape[:2]
        scale = FACE_SIDE / (FACE_SHARE * h)
        turn = np.radians(8)
        a, b = scale * np.cos(turn), scale * np.sin(turn)
        mat = np.array([[a, -b, 0], [b, a, 0]])
        mat[:, 2] = FACE_SIDE / 2 - mat[:, :2] @ [w / 2, h / 2]
        self.to_face, self.to_frame = mat, cv2.invertAffineTransform(mat)
        y, x = np.mgrid[:FACE_SIDE, :FACE_SIDE].astype(np.float32) / FACE_SIDE - 0.5
        disc = np.clip((0.45 - np.hypot(x, y)) * 20, 0, 1)
        self.masks = [to_bytes(disc), to_bytes(disc)]
        angles = np.linspace(0, 2 * np.pi, 68, endpoint=False)
        self.points = np.stack([np.cos(angles), np.sin(angles)], 1) * 80 + FACE_SIDE / 2
        self.face = self.align()
        self.outputs = [np.ascontiguousarray(x, np.float32) for x in (
            to_float(self.face), disc[..., None], disc[..., None])]
        self.merged = self.merge()

    def detect(self):
        """The frame in the window, as floats, channels first."""
        h, w = self.frame.shape[:2]
        scale = WINDOW / max(h, w)
        small = cv2.resize(self.frame, (round(w * scale), round(h * scale)))
        padded = np.pad(small, ((0, WINDOW - small.shape[0]), (0, WINDOW - small.shape[1]), (0, 0)))
        return np.ascontiguousarray(to_float(padded).transpose(2, 0, 1))

    def mark(self):
        mat = self.to_face * (MARK_SIDE / FACE_SIDE)
        crop = cv2.warpAffine(self.frame, mat, (MARK_SIDE, MARK_SIDE), flags=cv2.INTER_CUBIC)
        return np.ascontiguousarray(to_float(crop).transpose(2, 0, 1))

    def align(self):
        """The crop, and the mask of the landmarks' hull, which is made whether used or not."""
        hull = np.zeros((FACE_SIDE, FACE_SIDE, 1), np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(self.points.astype(np.int32)), (255,))
        return cv2.warpAffine(self.frame, self.to_face, (FACE_SIDE, FACE_SIDE))

    def pre(self):
        return gamma(sharpen(self.face))

    def swap(self):
        """What surrounds the network: floats in, bytes out."""
        return to_float(self.face), [to_bytes(output) for output in self.outputs]

    def post(self):
        return gamma(self.face)

    def merge(self):
        h, w = self.frame.shape[:2]
        frame = to_float(self.frame)
        mask = to_float(self.masks[0])
        mask *= to_float(self.masks[1])
        mask = soften(mask)
        wide_mask = cv2.warpAffine(mask, self.to_frame, (w, h))
        low, high = wide_mask < 1 / 255, wide_mask > 1
        wide_mask[low] = 0
        wide_mask[high] = 1
        face = transfer_colour(to_float(self.face), self.face, mask)
        wide_face = cv2.warpAffine(face, self.to_frame, (w, h))
        merged = numexpr.evaluate("f * (one - m) + s * m", {
            "f": frame, "s": wide_face, "m": wide_mask[..., None], "one": np.float32(1)})
        steps = np.float32(127 - COMPRESSION)
        merged *= steps
        np.floor(merged, out=merged)
        merged /= steps
        merged += np.float32(2) / steps
        return merged

    def output(self):
        return to_bytes(self.merged)


STAGES = ("detect", "mark", "align", "pre", "swap", "post", "merge", "output")


def cpu_ms(function):
    function()
    times = []
    for _ in range(N_RUNS):
        start = time.process_time()
        function()
        times.append(1e3 * (time.process_time() - start))
    return statistics.median(times)


def time_models(build):
    words = [str(word) for name, path, dims in MODELS for word in (name, build / path, dims)]
    script = pathlib.Path(__file__).with_name("ort_cpu.mjs")
    done = subprocess.run(["node", script, build, *words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("peer_pipeline: ONNX Runtime does not run; `make demo` installs it: "
                 + done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("frame", type=pathlib.Path)
    parser.add_argument("width", type=int)
    parser.add_argument("height", type=int)
    parser.add_argument("--models", type=json.loads)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    numexpr.set_num_threads(1)
    peer = Peer(np.fromfile(args.frame, np.uint8).reshape(args.height, args.width, 3))
    models = args.models or time_models(args.build)
    stages = {name: cpu_ms(getattr(peer, name)) for name in STAGES}
    print(json.dumps({"around": stages, "models": models, "stages": {
        name: round(stages[name] + models.get(name, 0), 3) for name in STAGES}}))


if __name__ == "__main__":
    main()
