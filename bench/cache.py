#!/usr/bin/python3
"""The cache's benchmark: operations beside RocksDB's caches, policies beside the clairvoyant bound.

--json prints one object:

    hit_ns_1t                 a hit on one thread, 100,000 entries: look up, reference, release
    ops_ratio_hcc_1t, _2t, _4t   operations a second over RocksDB's HyperClockCache, by threads;
    ops_ratio_lru_2t          over its LRUCache; the lower of 95/5 and 50/50 get/insert
    calls_ratio_hcc_1t, …     the same where what misses put back counts too: a cache that hits less
                              does more of that
    overhead_bytes_per_entry  what the budget is charged beyond an entry's bytes
    saved_vs_clairvoyant      {WORKLOAD{SIZE{POLICY}}}: saved over what no policy can exceed
    shrink_rss_ms             2 GB to 512 MB, until the resident set has followed
    disk_read_mbps, disk_write_mbps   of the disk tier
    disk_rerender             the demo clip with another post-gamma, from disk in a new session
                              beside RAM: inferences, cpu_ratio, fps_ratio (1: as fast)

What cannot be measured here (no librocksdb-dev, no disk tier) is left out and named on stderr.
The workloads are synthetic traces (make_traces.py); docs/trace.md explains replay and bound.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
WORKLOADS = ["rerender", "loop", "scrub", "held", "model", "mix"]
SIZES = "256M,512M,1G,2G,4G"
POLICIES = "smart,lru,s3fifo,sieve"


def note(text):
    print(f"note: {text}", file=sys.stderr)


def nice_size(size):
    size = int(size)
    for unit, name in ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")):
        if size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)


def simulate(build, traces, policies, sizes):
    done = subprocess.run([build / "bench" / "cache-sim", "--policies", policies, "--sizes", sizes,
                           *traces], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def shares(told):
    """SIZE{POLICY} of what the simulator told."""
    return {nice_size(size): {name: round(policy["share"], 4)
                              for name, policy in figures["policies"].items()}
            for size, figures in told["sizes"].items()}


def quarter_of_need(trace):
    """The `small` workload's size: a quarter of all the results of `loop`."""
    sizes = {}
    for line in trace.read_text().splitlines():
        if line.startswith("result "):
            _, _, key, _, size = line.split()
            sizes[key] = int(size)
    return sum(sizes.values()) // 4 >> 20 << 20


def run_workloads(build, n_frames):
    saved = {}
    with tempfile.TemporaryDirectory(prefix="memoface-traces-") as folder:
        subprocess.run([sys.executable, HERE / "make_traces.py", folder, "--frames", str(n_frames)],
                       check=True)
        for name in WORKLOADS:
            trace = pathlib.Path(folder) / f"{name}.trace"
            saved[name] = shares(simulate(build, [trace], POLICIES, SIZES))
        loop = pathlib.Path(folder) / "loop.trace"
        saved["small"] = shares(simulate(build, [loop], POLICIES, str(quarter_of_need(loop))))
    return saved


def print_saved(saved):
    print("\nsaved, as a share of the clairvoyant bound")
    for name, by_size in saved.items():
        for size, by_policy in by_size.items():
            print(f"  {name:9}{size:>7}  " + "  ".join(f"{policy} {share:7.1%}"
                                                     for policy, share in by_policy.items()))


def ratio(mixes, kind, n_threads, peer):
    """The lower of both mixes; None without the peer."""
    ratios = [mix[peer][f"{kind}_ratio"] for mix in mixes
              if mix["threads"] == n_threads and peer in mix]
    return min(ratios) if ratios else None


def run_ops(build, seconds, rounds):
    done = subprocess.run([build / "bench" / "cache-ops", "--seconds", str(seconds), "--rounds",
                           str(rounds)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def print_ops(ops):
    print("a hit, one thread: " + ", ".join(f"{name} {ns:.0f} ns"
                                           for name, ns in ops["hit_ns"].items()))
    print(f"overhead {ops['overhead_bytes_per_entry']:.0f} bytes an entry; "
          f"2 GB to 512 MB in {ops['shrink_rss_ms']:.0f} ms")
    print("operations a second (share of gets that hit, ratio of operations, of calls)")
    for mix in ops["mixes"]:
        peers = "  ".join(f"{name} {figures['ops_per_s'] / 1e6:5.2f} M ({figures['hit_rate']:.0%}, "
                          f"{figures['ops_ratio']:.2f}, {figures['calls_ratio']:.2f})"
                          for name, figures in mix.items() if isinstance(figures, dict))
        print(f"  {mix['threads']} threads, {mix['insert_percent']:2} % inserts:  {peers}")


def run_disk(build):
    """Megabytes a second; None where there is no disk tier to measure."""
    program = build / "bench" / "cache-disk"
    if not program.exists():
        note("no disk_read_mbps, disk_write_mbps: this build has no disk tier")
        return None
    with tempfile.TemporaryDirectory(prefix="cache-disk-", dir=build) as folder:
        done = subprocess.run([program, f"{folder}/tier"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        note("no disk_read_mbps, disk_write_mbps: the measurement failed")
        return None
    return json.loads(done.stdout)


def run_rerender(build, rounds):
    clip, model = build / "demo" / "clip.mp4", build / "demo" / "demo.dfm"
    if not clip.exists() or not model.exists():
        note("no disk_rerender: 'make demo' has not been run")
        return None
    with tempfile.TemporaryDirectory(prefix="memoface-disk-") as folder:
        done = subprocess.run([build / "bench" / "bench-disk-rerender", clip, model, folder,
                               str(rounds)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, env={"MEMOFACE_MODELS": str(build / "models"), **os.environ})
    if done.returncode != 0:
        note("no disk_rerender: the measurement failed")
        return None
    return json.loads(done.stdout)


def summarise(ops, saved, disk, rerender):
    figures = {"hit_ns_1t": ops["hit_ns"]["memoface"]}
    hcc, lru = "HyperClockCache", "LRUCache"
    for name, kind, n_threads, peer in (("ops_ratio_hcc_1t", "ops", 1, hcc),
                                        ("ops_ratio_hcc_2t", "ops", 2, hcc),
                                        ("ops_ratio_hcc_4t", "ops", 4, hcc),
                                        ("ops_ratio_lru_2t", "ops", 2, lru),
                                        ("calls_ratio_hcc_1t", "calls", 1, hcc),
                                        ("calls_ratio_hcc_2t", "calls", 2, hcc),
                                        ("calls_ratio_hcc_4t", "calls", 4, hcc)):
        figures[name] = ratio(ops["mixes"], kind, n_threads, peer)
        if figures[name] is None:
            note(f"no {name}: built without librocksdb-dev")
    figures["overhead_bytes_per_entry"] = ops["overhead_bytes_per_entry"]
    figures["saved_vs_clairvoyant"] = saved
    figures["shrink_rss_ms"] = ops["shrink_rss_ms"]
    if disk:
        figures["disk_read_mbps"] = disk["read_mbps"]
        figures["disk_write_mbps"] = disk["write_mbps"]
    figures["disk_rerender"] = rerender
    return {name: figure for name, figure in figures.items() if figure is not None}


def replay(args):
    told = simulate(args.build_dir, args.replay, args.policies, args.sizes)
    if args.json:
        print(json.dumps(told))
        return
    print(f"{told['frames']} frames, {told['faces']} faces; without a cache "
          f"{told['all_ms'] / 1000:.1f} s")
    for size, figures in told["sizes"].items():
        print(f"{nice_size(size):>7}: at most {figures['bound_ms'] / 1000:.1f} s saved; " + ", ".join(
            f"{name} {policy['saved_ms'] / 1000:.1f} s ({policy['share']:.1%})"
            for name, policy in figures["policies"].items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="rougher, in half a minute")
    parser.add_argument("--build-dir", type=pathlib.Path, default=HERE.parent / "build")
    parser.add_argument("--replay", nargs="+", metavar="TRACE", help="replay these instead")
    parser.add_argument("--policies", default=POLICIES)
    parser.add_argument("--sizes", default=SIZES)
    args = parser.parse_args()
    args.build_dir = args.build_dir.resolve()
    if args.replay:
        replay(args)
        return
    ops = run_ops(args.build_dir, 0.1 if args.quick else 0.5, 3 if args.quick else 7)
    if not args.json:
        print_ops(ops)
    disk = run_disk(args.build_dir)
    if disk and not args.json:
        print(f"disk tier: writes {disk['write_mbps']:.0f}, reads {disk['read_mbps']:.0f} MB/s")
    rerender = None if args.quick else run_rerender(args.build_dir, 3)
    if rerender and not args.json:
        print(f"rerender from disk: {rerender['inferences']} inferences, "
              f"{rerender['fps_ratio']:.1%} of the speed from RAM, "
              f"{1 / rerender['cpu_ratio'] - 1:+.1%} CPU time")
    saved = run_workloads(args.build_dir, 4000)
    if args.json:
        print(json.dumps(summarise(ops, saved, disk, rerender), indent=2))
    else:
        print_saved(saved)


if __name__ == "__main__":
    main()
