#!/usr/bin/python3
"""Checks the cache simulator against simulations written independently of it.

    test_sim.py CACHE_SIM MAKE_TRACES.py

LRU and FIFO by an ordered dictionary, Belady's MIN by looking ahead; and that no policy saves more
than the bound.
"""

import collections
import importlib.util
import json
import pathlib
import random
import subprocess
import sys
import tempfile

SIZE = 1000


def reference(demands, budget, moves_on_hit):
    """Hits, misses, evictions of LRU (moves_on_hit) or FIFO, oldest first."""
    resident, used = collections.OrderedDict(), 0
    hits = misses = evictions = 0
    for key, size in demands:
        if key in resident:
            hits += 1
            if moves_on_hit:
                resident.move_to_end(key)
            continue
        misses += 1
        if size > budget:
            continue
        while used + size > budget:
            used -= resident.popitem(last=False)[1]
            evictions += 1
        resident[key] = size
        used += size
    return hits, misses, evictions


def belady_hits(demands, n_slots):
    """The most hits with room for n_slots equal entries: whoever is needed last goes, or never comes."""
    next_use, later = [0] * len(demands), {}
    for i in range(len(demands) - 1, -1, -1):
        next_use[i] = later.get(demands[i], len(demands) + 1)
        later[demands[i]] = i
    resident, hits = {}, 0
    for i, key in enumerate(demands):
        hits += key in resident
        resident[key] = next_use[i]
        if len(resident) > n_slots:
            del resident[max(resident, key=resident.get)]
    return hits


def run(*args):
    return subprocess.run([sys.argv[1], *map(str, args)], check=True, capture_output=True,
                          text=True).stdout


def flat_demands(dice):
    sizes = [dice.choice((1, 100, 250, 4000)) * dice.randint(1, 9) for _ in range(600)]
    weights = [1 / (i + 1) ** dice.choice((0.4, 1.0)) for i in range(600)]
    keys = dice.choices(range(600), weights, k=6000)
    if dice.random() < 0.5:  # with a scan in its middle
        keys[3000:3000] = list(range(600)) * 2
    return [(key, sizes[key]) for key in keys]


def check_counts(folder):
    dice, path = random.Random(3), folder / "flat.txt"
    for _ in range(8):
        demands = flat_demands(dice)
        path.write_text("".join(f"{key} {size} 10\n" for key, size in demands))
        for budget in (5000, 60000, 400000, 10 ** 9):
            for policy in ("lru", "fifo"):
                got = tuple(map(int, run("--flat", "--policies", policy, "--sizes", budget,
                                         path).split()))
                expected = reference(demands, budget, policy == "lru")
                assert got == expected, (policy, budget, got, expected)


def write_frames(path, demands):
    """A trace without faces: one stage, equal costs and sizes."""
    lines = ["memoface-trace 1"]
    lines += [f"result detect {key + 1:016x} 100 {SIZE}" for key in sorted(set(demands))]
    lines += [f"frame 0 {key + 1:016x} 0 0" for key in demands]
    path.write_text("\n".join(lines) + "\n")


def check_belady(folder):
    dice, path = random.Random(4), folder / "frames.trace"
    for _ in range(4):
        demands = dice.choices(range(200), [1 / (i + 3) for i in range(200)], k=2400)
        write_frames(path, demands)
        for n_slots in (5, 40, 100):
            # The bound may share an entry's room with the next from one frame to the next.
            size = json.loads(run("--policies", "fifo", "--sizes", n_slots * SIZE, path))["sizes"]
            bound = next(iter(size.values()))["bound_ms"] * 10
            best = belady_hits(demands, n_slots)
            assert best <= bound + 1e-6 <= best * 1.1 + 20, (n_slots, best, bound)


def check_bound(folder, make_traces):
    spec = importlib.util.spec_from_file_location("make_traces", make_traces)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make_synthetic(folder, 250)
    for name in module.SYNTHETIC:
        trace = folder / f"{name}.trace"
        told = json.loads(run("--sizes", "8M,32M,64M,8G", trace))
        for size, figures in told["sizes"].items():
            for policy, saved in figures["policies"].items():
                assert saved["saved_ms"] <= figures["bound_ms"] * (1 + 1e-9), (name, size, policy)
        everything = figures["bound_ms"]
        for policy, saved in figures["policies"].items():
            assert abs(saved["saved_ms"] - everything) < 0.002 * everything, (name, policy, saved)


def check_mistakes(folder):
    path = folder / "wrong.trace"
    for text in ("", "not a trace\n", "memoface-trace 1\nframe x\n", "memoface-trace 1\nface 1 2\n"):
        path.write_text(text)
        done = subprocess.run([sys.argv[1], str(path)], capture_output=True, text=True)
        assert done.returncode == 1 and "not a line of a trace" in done.stderr, (text, done)


def main():
    with tempfile.TemporaryDirectory(prefix="memoface-sim-") as temporary:
        folder = pathlib.Path(temporary)
        check_counts(folder)
        check_belady(folder)
        check_bound(folder, sys.argv[2])
        check_mistakes(folder)
    print("the simulator agrees")


if __name__ == "__main__":
    main()
