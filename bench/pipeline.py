#!/usr/bin/python3
"""Measures the whole program on named workloads beside its floor and DeepFaceLive's way on a CPU.

Workloads, one face, H.264 in and out:

    first     every frame is new: nothing to reuse ("cold")
    rerender  the same clip again with another post-gamma, in the same session
    loop      the same three times
    held      the same at 60 frames per second, every frame twice
    small     loop, with a quarter of the memory it uses

Each runs without and with the cache (which begins empty, but for rerender). `serial` is first with
--parallel off, `one_core` first on one processor, `veryfast` first with that preset of x264 in place
of ultrafast. `decode` and `floor` are ffmpeg alone: decoding, and decoding and encoding. All take
turns, in rounds; figures are medians over the rounds. What the figures mean is in docs/bench-pipeline.md.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from machine import Machine

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_S = 5.5  # a key frame; from here on 90 frames have no repeats
FPS, MAX_FRAMES, LOOPS = 30, 90, 3
CRF = 18  # memoface's own for x264, and the floor's
WIDTHS = {720: 1280, 1080: 1920}
# What DeepFaceLive's stages do in the peer, ours do too.
SETTINGS = ("presharpen=1", "pre-gamma-red=1.1")
GAMMA, OTHER_GAMMA = "post-gamma-red=1.1", "post-gamma-red=1.3"
OFF = "cache-size=0"
SMALL_SHARE = 4


def fail(text):
    sys.exit(f"pipeline: {text}")


def ffmpeg(*words):
    done = subprocess.run(["ffmpeg", "-nostdin", "-y", *map(str, words)], errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        fail("ffmpeg: " + done.stderr.strip().splitlines()[-1])
    return done.stdout + done.stderr


def find_clip(build, height):
    """The demo clip at this height, made on first use."""
    if height == 720:
        clip = build / "demo" / "clip.mp4"
    else:
        clip = build / "demo" / f"clip-{height}.mp4"
        if not clip.exists():
            print(f"making {clip.name} (once, about a minute)", file=sys.stderr)
            subprocess.run(["/usr/bin/python3", ROOT / "tools" / "make_clip.py", "--size",
                            f"{WIDTHS[height]}x{height}", clip], check=True)
    if not clip.exists():
        fail(f"{clip} is missing; `make demo` makes it")
    return clip


def make_clips(clip, folder, n_frames):
    """The workloads' files. Key frames and decoded pixels stay: only `held` is encoded again, the
    second of each pair so coarsely that nothing is left to code, so that it decodes to the first."""
    first, loop, held = (folder / f"{name}.mkv" for name in ("first", "loop", "held"))
    ffmpeg("-ss", START_S, "-i", clip, "-an", "-frames:v", n_frames, "-c", "copy", first)
    ffmpeg("-stream_loop", LOOPS - 1, "-i", first, "-c", "copy", loop)
    zones = "/".join(f"{i},{i},q=51" for i in range(1, 2 * n_frames, 2))
    ffmpeg("-i", first, "-vf", f"fps={2 * FPS}", "-frames:v", 2 * n_frames, "-c:v", "libx264",
           "-preset", "veryfast", "-crf", 17, "-bf", 0, "-x264-params", f"zones={zones}", held)
    hashes = [line.split(",")[-1] for line in ffmpeg(
        "-v", "error", "-i", held, "-f", "framemd5", "-").splitlines() if line[:1].isdigit()]
    if len(hashes) != 2 * n_frames or len(set(hashes)) != n_frames:
        fail(f"held: {len(set(hashes))} of {len(hashes)} frames differ, {n_frames} should")
    return {"first": first, "loop": loop, "held": held}


class Session:
    """bench/pipeline_run.c."""

    def __init__(self, build, model, folder, precision):
        program = build / "bench" / "pipeline-run"
        for path, how in ((program, "make build"), (model, "make demo")):
            if not path.exists():
                fail(f"{path} is missing; `{how}` makes it")
        self.output = folder / "out.mp4"
        self.settings = (*SETTINGS, f"precision={precision}")
        environment = {"MEMOFACE_MODELS": str(build / "models"), "OMP_WAIT_POLICY": "passive"}
        self.process = subprocess.Popen([program, model], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        env={**os.environ, **environment})

    def run_on_one_core(self, *words):
        """Threads of a job inherit where it may run from the one that begins them."""
        cores = os.sched_getaffinity(self.process.pid)
        os.sched_setaffinity(self.process.pid, {min(cores)})
        try:
            return self.run(*words)
        finally:
            os.sched_setaffinity(self.process.pid, cores)

    def run(self, clip, *words):
        machine = Machine()
        line = " ".join(map(str, (clip, self.output, *words, *self.settings)))
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        report = ""
        while (got := self.process.stdout.readline()) != "\n":
            if not got:
                fail(f"pipeline-run ended at: {line}")
            report += got
        report = json.loads(report)
        report["others_share"] = machine.others(report["cpu_s"])
        return report

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def figures(report):
    cache, stages = report["cache"], report["stages"]
    return {"fps": report["fps"], "cpu_ms": report["cpu_ms_per_frame"],
            "open_s": report["open_s"],
            "fps_after_opening": report["frames"] / (report["wall_s"] - report["open_s"]),
            "cpu_ms_after_opening": 1000 * (report["cpu_s"] - report["open_cpu_s"]) / report["frames"],
            "cpu_percent": report["cpu_percent"], "inferences": stages["swap"]["runs"],
            "faces": report["faces"], "hit_rate": cache["hit_rate"],
            "evictions": cache["evictions"], "saved_ms": cache["saved_ms"],
            "cache_bytes": cache["peak_bytes"], "peak_rss_bytes": report["peak_rss_bytes"],
            "latency_p95_ms": report["latency_ms"]["p95"], "others_share": report["others_share"],
            "stage_ms": {name: stage["ms_total"] / report["frames"]
                         for name, stage in stages.items()}}


def time_ffmpeg(clip, n_frames, *output):
    text = ffmpeg("-v", "info", "-benchmark", "-i", clip, *output)
    user, system, real = map(float, re.search(
        r"utime=([\d.]+)s stime=([\d.]+)s rtime=([\d.]+)s", text).groups())
    return {"fps": n_frames / real, "cpu_ms": 1e3 * (user + system) / n_frames}


def time_floor(clip, n_frames, folder, preset):
    return time_ffmpeg(clip, n_frames, "-c:v", "libx264", "-preset", preset, "-crf", CRF,
                       folder / "floor.mp4")


def measure_ours(session, clips):
    """One round of all workloads: name and cache to figures."""
    first, loop, held = clips["first"], clips["loop"], clips["held"]
    fast = "speed=ultrafast"
    reports = {
        ("first", "off"): session.run(first, fast, GAMMA, OFF),
        ("first", "on"): session.run(first, "cold", fast, GAMMA),
        ("rerender", "on"): session.run(first, fast, OTHER_GAMMA),
        ("rerender", "off"): session.run(first, fast, OTHER_GAMMA, OFF),
        ("veryfast", "on"): session.run(first, "cold", "speed=veryfast", GAMMA),
        ("serial", "off"): session.run(first, fast, GAMMA, OFF, "parallel=off"),
        ("one_core", "off"): session.run_on_one_core(first, fast, GAMMA, OFF),
        ("held", "off"): session.run(held, fast, GAMMA, OFF),
        ("held", "on"): session.run(held, "cold", fast, GAMMA),
        ("loop", "off"): session.run(loop, fast, GAMMA, OFF),
        ("loop", "on"): session.run(loop, "cold", fast, GAMMA),
    }
    budget = reports["loop", "on"]["cache"]["peak_bytes"] // SMALL_SHARE
    reports["small", "on"] = session.run(loop, "cold", fast, GAMMA, f"cache-size={budget}")
    results = {key: figures(report) for key, report in reports.items()}
    results["precision"] = reports["first", "on"]["model"]["precision"]
    return results


class Peer:
    """bench/peer_pipeline.py. Networks do not depend on the size of the frame: timed once a round."""

    def __init__(self, build, folder):
        self.build, self.raw, self.models = build, folder / "frame.raw", {}
        if subprocess.run(["/usr/bin/python3", "-c", "import cv2, numexpr, numpy"],
                          stderr=subprocess.DEVNULL).returncode != 0:
            fail("the peer comes with: apt-get install python3-opencv python3-numexpr "
                 "(or give --no-peer)")
        if not (build / "npm" / "node_modules" / "onnxruntime-node").exists():
            fail("the peer needs onnxruntime-node; `make demo` installs it (or give --no-peer)")

    def measure(self, clip, height, round_no):
        ffmpeg("-i", clip, "-frames:v", 1, "-f", "rawvideo", "-pix_fmt", "bgr24", self.raw)
        models = self.models.get(round_no)
        words = [self.build, self.raw, WIDTHS[height], height]
        done = subprocess.run(
            ["/usr/bin/python3", ROOT / "bench" / "peer_pipeline.py", *map(str, words),
             *(["--models", json.dumps(models)] if models else [])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            fail(done.stderr.strip())
        result = json.loads(done.stdout)
        self.models[round_no] = result["models"]
        return result["stages"]


def medians(rounds):
    """Of figures, nested as they come; of peaks of memory the least, for what earlier jobs left to
    be used again counts as well."""
    if isinstance(rounds[0], dict):
        return {key: min(x[key] for x in rounds) if key == "peak_rss_bytes"
                else medians([x[key] for x in rounds]) for key in rounds[0]}
    return statistics.median(rounds) if not isinstance(rounds[0], str) else rounds[0]


def measure_size(args, height, folder, peer):
    n = args.frames
    clips = make_clips(find_clip(args.build_dir, height), folder, n)
    session = Session(args.build_dir, args.model, folder, args.precision)
    rounds = []
    for i in range(args.rounds):
        print(f"{height}p, round {i + 1} of {args.rounds}, load {os.getloadavg()[0]:.2f}",
              file=sys.stderr)
        result = {"decode": time_ffmpeg(clips["first"], n, "-f", "null", "-"),
                  "floor": time_floor(clips["first"], n, folder, "ultrafast"),
                  "floor_veryfast": time_floor(clips["first"], n, folder, "veryfast")}
        result["ours"] = measure_ours(session, clips)
        if peer:
            result["peer"] = peer.measure(clips["first"], height, i)
        rounds.append(result)
    session.end()
    return medians(rounds)


def cpu_by_stage(result):
    """The processor time of a cold frame, by stage. Codecs' is ffmpeg's; the rest is shared out by
    the stages' wall times, which alone would count the waiting for a processor too."""
    cold = result["ours"]["first", "on"]
    codecs = {"decode": result["decode"]["cpu_ms"],
              "encode": max(0, result["floor"]["cpu_ms"] - result["decode"]["cpu_ms"])}
    walls = {name: ms for name, ms in cold["stage_ms"].items() if ms > 0 and name not in codecs}
    rest = max(0, cold["cpu_ms"] - sum(codecs.values()))
    shared = {name: ms / sum(walls.values()) * rest for name, ms in walls.items()}
    return {name: round(ms, 2) for name, ms in
            {"decode": codecs["decode"], **shared, "encode": codecs["encode"]}.items()}


def gain(result, workload):
    ours = result["ours"]
    return ours[workload, "on"]["fps"] / ours[workload, "off"]["fps"]


def peer_fps(result, n_cores):
    """DeepFaceLive's stages are processes: at best they keep every processor busy."""
    return 1e3 * n_cores / sum(result["peer"].values())


def summary_of(height, result):
    ours = result["ours"]
    return {f"cold_fps_{height}": ours["first", "on"]["fps"],
            f"cold_fps_{height}_veryfast": ours["veryfast", "on"]["fps"],
            f"cold_fps_{height}_cache_off": ours["first", "off"]["fps"],
            f"decode_fps_{height}": result["decode"]["fps"],
            f"floor_fps_{height}": result["floor"]["fps"],
            f"floor_fps_{height}_veryfast": result["floor_veryfast"]["fps"],
            f"rerender_fps_{height}": ours["rerender", "on"]["fps"],
            f"rerender_vs_floor_{height}":
                ours["rerender", "on"]["fps_after_opening"] / result["floor"]["fps"],
            f"peak_rss_bytes_{height}": ours["first", "on"]["peak_rss_bytes"]}


def summarise(sizes, loads):
    n_cores = len(os.sched_getaffinity(0))
    top = sizes[max(sizes)]
    ours = top["ours"]
    summary = {"cores": n_cores, "precision": ours["precision"], "load_average": loads,
               "others_share": max(figures["others_share"] for result in sizes.values()
                                   for figures in result["ours"].values()
                                   if isinstance(figures, dict))}
    for height, result in sizes.items():
        summary.update(summary_of(height, result))
        if "peer" in result:
            summary[f"peer_fps_{height}"] = peer_fps(result, n_cores)
    summary.update({
        "held_speedup": gain(top, "held"), "loop_speedup": gain(top, "loop"),
        "small_speedup": ours["small", "on"]["fps"] / ours["loop", "off"]["fps"],
        "rerender_speedup": gain(top, "rerender"),
        "rerender_vs_floor": summary[f"rerender_vs_floor_{max(sizes)}"],
        "rerender_cpu_vs_floor": top["floor"]["cpu_ms"] / ours["rerender", "on"]["cpu_ms_after_opening"],
        "parallel_speedup": ours["first", "off"]["fps"] / ours["serial", "off"]["fps"],
        "cores_speedup": ours["first", "off"]["fps"] / ours["one_core", "off"]["fps"],
        "latency_p95_ms": ours["first", "on"]["latency_p95_ms"],
        "cpu_ms_per_frame": cpu_by_stage(top),
        "peak_rss_bytes": summary[f"peak_rss_bytes_{max(sizes)}"]})
    cold_cpu_ms = ours["first", "on"]["cpu_ms"]
    summary.update({"cold_cpu_ms": cold_cpu_ms, "floor_cpu_ms": top["floor"]["cpu_ms"]})
    if "peer" in top:
        peer_cpu_ms = sum(top["peer"].values()) + top["floor"]["cpu_ms"]
        summary.update({
            "peer_cpu_ms_per_frame": top["peer"],
            "ratio_vs_peer":
                summary[f"cold_fps_{max(sizes)}"] / summary[f"peer_fps_{max(sizes)}"],
            "cpu_ratio_vs_peer": peer_cpu_ms / cold_cpu_ms})
    summary["workloads"] = {str(height): {
        f"{name}_{cache}": values for (name, cache), values in
        ((key, values) for key, values in result["ours"].items() if key != "precision")}
        for height, result in sizes.items()}
    return rounded(summary)


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(x) for key, x in value.items()}
    if isinstance(value, list):
        return [rounded(x) for x in value]
    return round(value, 3) if isinstance(value, float) else value


def print_workloads(summary):
    print(f"{'size':6}{'workload':10}{'cache':6}{'fps':>8}{'cpu ms':>8}{'cpu %':>7}{'inferred':>12}"
          f"{'hits':>6}{'evicted':>9}{'p95 ms':>8}{'RSS MB':>8}{'saved s':>9}")
    for height, workloads in summary["workloads"].items():
        for key, x in workloads.items():
            name, cache = key.rsplit("_", 1)
            inferred = f"{x['inferences']:.0f}/{x['faces']:.0f}"
            print(f"{height:6}{name:10}{cache:6}{x['fps']:8.1f}{x['cpu_ms']:8.1f}"
                  f"{x['cpu_percent']:7.0f}{inferred:>12}{x['hit_rate']:6.0%}{x['evictions']:9.0f}"
                  f"{x['latency_p95_ms']:8.0f}{x['peak_rss_bytes'] / 1e6:8.0f}"
                  f"{x['saved_ms'] / 1e3:9.1f}")


def print_summary(summary):
    print_workloads(summary)
    print()
    for key, value in summary.items():
        if key != "workloads":
            if isinstance(value, dict):
                value = "  ".join(f"{name} {x:g}" for name, x in value.items())
            print(f"{key:28}{value}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=60, help=f"of `first`, at most {MAX_FRAMES}")
    parser.add_argument("--sizes", default="720,1080", help="heights, of 720 and 1080")
    parser.add_argument("--no-peer", action="store_true", help="leave DeepFaceLive's way out")
    parser.add_argument("--precision", default="auto", help="auto, f32, bf16 or int8; the peer's is f32")
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--model", type=pathlib.Path,
                        help="in place of demo/bench.dfm; the peer runs that one all the same, so "
                             "with another there is none")
    args = parser.parse_args()
    args.no_peer |= args.model is not None
    args.model = args.model or args.build_dir / "demo" / "bench.dfm"
    heights = [int(word) for word in args.sizes.split(",")]
    if not set(heights) <= set(WIDTHS) or args.rounds < 1 or not 8 <= args.frames <= MAX_FRAMES:
        parser.error(f"sizes are of {list(WIDTHS)}, rounds from 1, frames 8 to {MAX_FRAMES}")

    loads, sizes = [os.getloadavg()[0]], {}
    with tempfile.TemporaryDirectory(prefix="memoface-bench-") as temporary:
        folder = pathlib.Path(temporary)
        peer = None if args.no_peer else Peer(args.build_dir, folder)
        for height in heights:
            sizes[height] = measure_size(args, height, folder, peer)
            loads.append(os.getloadavg()[0])
    summary = {"model": args.model.name, "frames": args.frames, "rounds": args.rounds,
               **summarise(sizes, loads)}
    if args.json:
        print(json.dumps(summary))
    else:
        print_summary(summary)


if __name__ == "__main__":
    main()
