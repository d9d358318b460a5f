#!/usr/bin/python3
"""Makes traces of named workloads for the cache simulator (docs/trace.md).

    make_traces.py OUT_DIR                      synthetic, thousands of frames
    make_traces.py OUT_DIR --record BUILD_DIR   from the demo clip, by running memoface on it

    rerender  a clip, and once more with another post-gamma
    loop      a clip played three times
    scrub     back and forth on the timeline, as in editing
    held      every frame shown twice
    model     a clip, and once more with another model
    mix       all of these on one clip, one after another

Synthetic costs and sizes are those of a face of 224 pixels in 1080p on two cores (the table below);
both vary from frame to frame, sizes of merged regions with the size of the face. The seed is fixed:
everybody simulates the same.
"""

import argparse
import hashlib
import pathlib
import random
import subprocess
import tempfile

# Stage: microseconds, bytes. Align's cost includes sampling the crop.
STAGES = {
    "detect": (20000, 24), "mark": (3000, 548), "align": (600, 120), "crop": (400, 150528),
    "pre": (800, 150528), "swap": (185000, 250880), "post": (2000, 200704),
    "merge": (5000, 300000),
}


def key(*parts):
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


class Trace:
    """One trace being written; knows which results were told already."""

    def __init__(self, path, seed):
        self.file = open(path, "w", encoding="ascii")
        self.file.write("memoface-trace 1\n")
        self.seed = seed
        self.told = set()

    def result(self, stage, name, scale=1.0):
        if (stage, name) in self.told:
            return name
        self.told.add((stage, name))
        dice = random.Random(f"{self.seed} {name}")
        cost_us, size = STAGES[stage]
        self.file.write(f"result {stage} {name} {cost_us * dice.uniform(0.85, 1.15):.3f} "
                        f"{int(size * scale)}\n")
        return name

    def job(self, *settings):
        self.file.write(f"job {key('job', *settings)}\n")

    def frame(self, frame, gamma=0, model=0):
        """One frame of the clip: two faces in every fifth stretch of 200."""
        n_faces = 2 if frame // 200 % 5 == 4 else 1
        # The face comes nearer and goes away again within a minute or so.
        scale = 0.4 + 1.2 * abs(frame % 1500 - 750) / 750
        detect = self.result("detect", key("detect", frame))
        faces, merged = [], []
        for face in range(n_faces):
            names = [self.result("mark", key("mark", frame, face)),
                     self.result("align", key("align", frame, face)),
                     self.result("crop", key("crop", frame, face)),
                     self.result("pre", key("pre", frame, face)),
                     self.result("swap", key("swap", frame, face, model)),
                     self.result("post", key("post", frame, face, model, gamma))]
            faces.append(names)
            merged.append(names[-1])
        merge = self.result("merge", key("merge", merged), scale * n_faces)
        self.file.write(f"frame {key('root', frame)} {detect} {merge} {n_faces}\n")
        for names in faces:
            self.file.write("face " + " ".join(names) + "\n")


def scrub_path(n_frames, n_steps, dice):
    """Plays forward and backward around places that move through the clip."""
    path, position = [], 0
    while len(path) < n_steps:
        length = dice.randint(30, 400)
        direction = dice.choice((1, 1, -1))
        for _ in range(length):
            position = min(max(position + direction, 0), n_frames - 1)
            path.append(position)
        if dice.random() < 0.15:
            position = dice.randrange(n_frames)
    return path[:n_steps]


def make_rerender(trace, n, _):
    for gamma in (0, 1):
        trace.job("gamma", gamma)
        for frame in range(n):
            trace.frame(frame, gamma=gamma)


def make_loop(trace, n, _):
    trace.job()
    for _ in range(3):
        for frame in range(n):
            trace.frame(frame)


def make_scrub(trace, n, dice):
    trace.job()
    for frame in scrub_path(n, 3 * n, dice):
        trace.frame(frame)


def make_held(trace, n, _):
    trace.job()
    for frame in range(n):
        trace.frame(frame)
        trace.frame(frame)


def make_model(trace, n, _):
    for model in (0, 1):
        trace.job("model", model)
        for frame in range(n):
            trace.frame(frame, model=model)


def make_mix(trace, n, dice):
    part = n // 2
    make_rerender(trace, part, dice)
    for frame in scrub_path(n, n, dice):
        trace.frame(frame, gamma=1)
    make_model(trace, part // 2, dice)
    make_held(trace, part // 2, dice)
    trace.job("gamma", 2)
    for _ in range(3):
        for frame in range(part):
            trace.frame(frame, gamma=2)


SYNTHETIC = {"rerender": make_rerender, "loop": make_loop, "scrub": make_scrub,
             "held": make_held, "model": make_model, "mix": make_mix}


def make_synthetic(folder, n_frames):
    for name, make in SYNTHETIC.items():
        trace = Trace(folder / f"{name}.trace", name)
        make(trace, n_frames, random.Random(name))
        trace.file.close()


# From the demo clip

LOSSLESS = ["-an", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0"]
START_S, PIECE_S = 5.5, 2  # from here on no frame repeats


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, args)], check=True)


def make_clips(clip, folder):
    piece, reverse = folder / "piece.mkv", folder / "reverse.mkv"
    ffmpeg("-ss", START_S, "-i", clip, "-t", PIECE_S, *LOSSLESS, piece)
    ffmpeg("-i", piece, "-vf", "reverse", *LOSSLESS, reverse)
    ffmpeg("-stream_loop", 2, "-i", piece, "-c", "copy", folder / "loop.mkv")
    ffmpeg("-i", piece, "-vf", "fps=50", *LOSSLESS, folder / "held.mkv")
    listing = folder / "scrub.txt"
    listing.write_text("".join(f"file '{p}'\n" for p in (piece, reverse, piece)))
    ffmpeg("-f", "concat", "-safe", 0, "-i", listing, "-c", "copy", folder / "scrub.mkv")


def record(build, clip, model, trace, *settings):
    with tempfile.TemporaryDirectory(prefix="memoface-trace-") as folder:
        subprocess.run([build / "memoface", "swap", "-i", clip, "-m", build / "demo" / model, "-o",
                        f"{folder}/out.mkv", "--speed", "ultrafast", "--quiet", "--overwrite",
                        "--record-trace", trace, *settings], check=True)


def record_all(out, build):
    """Jobs of one workload get a file each: NAME.1.trace, NAME.2.trace."""
    demo, bench, gamma = "demo.dfm", "bench.dfm", ("--post-gamma-red", "1.2")
    with tempfile.TemporaryDirectory(prefix="memoface-clips-") as temporary:
        clips = pathlib.Path(temporary)
        make_clips(build / "demo" / "clip.mp4", clips)
        jobs = {"rerender": [("piece", demo, ()), ("piece", demo, gamma)],
                "loop": [("loop", demo, ())], "scrub": [("scrub", demo, ())],
                "held": [("held", demo, ())],
                "model": [("piece", demo, ()), ("piece", bench, ())]}
        for name, runs in jobs.items():
            for i, (clip, model, settings) in enumerate(runs, 1):
                record(build, clips / f"{clip}.mkv", model, out / f"{name}.{i}.trace", *settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--frames", type=int, default=4000, help="of the clip [4000]")
    parser.add_argument("--record", type=pathlib.Path, metavar="BUILD_DIR")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.record:
        record_all(args.out, args.record.resolve())
    else:
        make_synthetic(args.out, args.frames)


if __name__ == "__main__":
    main()
