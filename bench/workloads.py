#!/usr/bin/python3
"""Measures the whole program: memoface bench pipeline on the demo clip, and a face beside ONNX Runtime.

    workloads.py BUILD_DIR [--json OUT.json] [OPTIONS of bench pipeline …]

The model is bench.dfm, so the pixels mean nothing. ONNX Runtime runs the same model on as many
processors, a face at a time.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile

SIDE = 224  # of bench.dfm's face


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


def bench(build, options):
    """The figures; the page lies beside them."""
    page = build / "bench.html"
    done = subprocess.run(
        [build / "memoface", "bench", "pipeline", "-i", build / "demo" / "clip.mp4", "-m",
         build / "demo" / "bench.dfm", "--json", "--html", page, "-y", *options],
        check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout), page


def gains(results):
    off = {run["workload"]: run for run in results["runs"]
           if not run["caches"] and run["parallel"]}
    for run in results["runs"]:
        if run["caches"]:
            yield (f"{run['workload']:9}{run['cache_limit_bytes'] / 2**20:8.0f}M"
                   f"{run['fps']:8.2f}{run['fps'] / off[run['workload']]['fps']:7.2f}x"
                   f"{run['cpu_ms_per_frame']:10.1f}{run['hit_rate']:8.0%}{run['evictions']:9}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    args, options = parser.parse_known_args()
    results, page = bench(args.build, options)
    print(f"{'workload':9}{'cache':>9}{'fps':>8}{'gain':>8}{'cpu ms':>10}{'hits':>8}{'evicted':>9}")
    print("\n".join(gains(results)))
    ours, peer = time_face(args.build)
    results["face_ms"] = {"memoface": ours, "onnxruntime": peer}
    print(f"one face alone: memoface {ours:.0f} ms, ONNX Runtime "
          + (f"{peer:.0f} ms" if peer else "not installed"))
    print(f"the guide's expectations, met and missed: {page}")
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
