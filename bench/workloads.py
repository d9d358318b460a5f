#!/usr/bin/python3
"""Measures the whole program on named workloads, without and with its cache, beside ONNX Runtime.

    workloads.py BUILD_DIR [--seconds S] [--json OUT.json] [WORKLOAD ...]

    first   every frame is new: nothing to reuse
    loop    the same played three times
    held    the same at 60 frames per second, every frame shown twice

The material is S seconds (2, at most 3) of the demo clip without repeats; the model is
bench.dfm, so the pixels mean nothing. ONNX Runtime runs the same model on as many processors, a
face at a time.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile

START_S = 5.5  # from the segment that begins here, three seconds have no repeats
SIDE = 224  # of bench.dfm's face
LOSSLESS = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "0"]
CACHES = {"off": ["--cache-size", "0"], "on": []}


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, args)], check=True)


def make_first(clip, out, seconds):
    ffmpeg("-ss", START_S, "-i", clip, "-t", seconds, "-an", *LOSSLESS, out)


def make_loop(clip, out, seconds):
    first = out.with_suffix(".once.mkv")
    make_first(clip, first, seconds)
    ffmpeg("-stream_loop", 2, "-i", first, "-c", "copy", out)


def make_held(clip, out, seconds):
    ffmpeg("-ss", START_S, "-i", clip, "-t", seconds, "-an", "-vf", "fps=60", *LOSSLESS, out)


WORKLOADS = {"first": make_first, "loop": make_loop, "held": make_held}


def swap(build, clip, folder, extra):
    report = folder / "report.json"
    subprocess.run([build / "memoface", "swap", "-i", clip, "-m", build / "demo" / "bench.dfm",
                    "-o", folder / "out.mp4", "--overwrite", "--report", report, *extra],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads(report.read_text())


def time_face(build):
    """Milliseconds a face takes in our executor and in ONNX Runtime (None without it)."""
    model, n_threads = build / "demo" / "bench.dfm", str(len(os.sched_getaffinity(0)))
    with tempfile.NamedTemporaryFile(suffix=".f32") as pixels:
        pixels.write(b"\0" * (SIDE * SIDE * 3 * 4))
        pixels.flush()
        done = subprocess.run(
            [build / "tools" / "onnx-run", model, "--threads", n_threads, "--repeat", "9",
             "--in", f"in_face:0={pixels.name}:1x{SIDE}x{SIDE}x3"],
            check=True, capture_output=True, text=True)
    ours = float(re.search(r"median ([\d.]+) ms", done.stdout)[1])
    script = pathlib.Path(__file__).with_name("ort_time.mjs")
    done = subprocess.run(["node", script, build, model, n_threads], capture_output=True, text=True)
    return ours, float(done.stdout) if done.returncode == 0 else None


def line(name, caches, report):
    cache = report["cache"]
    return (f"{name:9}{caches:7}{report['fps']:8.2f}{report['cpu_ms_per_frame']:10.1f}"
            f"{report['stages']['swap']['runs']:7}/{report['faces']:<6}{cache['hit_rate']:8.0%}"
            f"{cache['evictions']:9}{report['peak_rss_bytes'] / 1e6:9.0f}"
            f"{cache['saved_ms'] / 1e3:9.1f}")


HEADER = (f"{'workload':9}{'cache':7}{'fps':>8}{'cpu ms':>10}{'inferred':>14}{'hits':>8}"
          f"{'evicted':>9}{'RSS MB':>9}{'saved s':>9}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_intermixed_args()
    wanted = args.workloads or list(WORKLOADS)
    unknown = [name for name in wanted if name not in WORKLOADS]
    if unknown:
        parser.error(f"unknown workload {unknown[0]} ({', '.join(WORKLOADS)})")

    results = {"workloads": {}}
    print(HEADER)
    with tempfile.TemporaryDirectory(prefix="memoface-bench-") as temporary:
        folder = pathlib.Path(temporary)
        for name in wanted:
            clip = folder / f"{name}.mkv"
            WORKLOADS[name](args.build / "demo" / "clip.mp4", clip, min(args.seconds, 3))
            reports = {}
            for caches, extra in CACHES.items():
                reports[caches] = swap(args.build, clip, folder, extra)
                print(line(name, caches, reports[caches]), flush=True)
            print(f"{name:9}{'gain':7}{reports['on']['fps'] / reports['off']['fps']:7.2f}x")
            results["workloads"][name] = reports
    ours, peer = time_face(args.build)
    results["face_ms"] = {"memoface": ours, "onnxruntime": peer}
    print(f"one face alone: memoface {ours:.0f} ms, ONNX Runtime "
          + (f"{peer:.0f} ms" if peer else "not installed"))
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
