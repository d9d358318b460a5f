#!/usr/bin/python3
"""End-to-end tests: the program itself on small clips with a real face.

    run.py MEMOFACE DEMO.dfm [NAME …]

All of them run two modules at a time, for many of them wait more than they compute; those whose
outcome is a matter of speed then run alone. Named ones run in order. Closes with a line 'N passed,
N failed'.
"""

import concurrent.futures
import importlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from media import Lab  # noqa: E402

# The longest first, so that both ends are busy to the last.
BESIDE = ["dashboard", "keys", "mistakes", "exactness", "inputs", "settings", "browser", "containers",
          "disk", "piece", "help", "reports", "precision", "library"]
ALONE = ["bench", "advice"]
N_BESIDE = 2


def tests_of(module_name):
    module = importlib.import_module("e2e_" + module_name)
    return {name: function for name, function in vars(module).items() if name.startswith("test_")}


def run_one(name, function, memoface, model):
    folder = tempfile.mkdtemp(prefix="memoface-e2e-")
    kept = tempfile.mkdtemp(prefix="memoface-e2e-kept-")
    os.environ["XDG_CACHE_HOME"] = kept
    os.environ["XDG_CONFIG_HOME"] = kept  # nobody's own configuration
    start = time.monotonic()
    try:
        function(Lab(memoface, model, folder))
    except Exception:
        print(f"not ok - {name}")
        traceback.print_exc(file=sys.stdout)
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(kept, ignore_errors=True)
    print(f"ok - {name} ({time.monotonic() - start:.1f} s)", flush=True)
    return True


def run_named(names, memoface, model):
    """(passed, failed); a name that no test has is a failure."""
    known = {name: function for module in BESIDE + ALONE for name, function in tests_of(module).items()}
    for name in set(names) - set(known):
        print(f"not ok - {name}: no such test")
    results = [name in known and run_one(name, known[name], memoface, model) for name in names]
    return sum(results), len(results) - sum(results)


def run_module(module, memoface, model):
    names = list(tests_of(module))
    done = subprocess.run([sys.executable, __file__, memoface, model, *names], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    *printed, last = done.stdout.splitlines() or [""]
    print("\n".join(printed), flush=True)
    counts = re.fullmatch(r"(\d+) passed, (\d+) failed", last)
    if not counts:
        print(f"not ok - {module} ended with {done.returncode}: {last}")
        return 0, len(names)
    return int(counts[1]), int(counts[2])


def run_all(memoface, model):
    with concurrent.futures.ThreadPoolExecutor(N_BESIDE) as pool:
        counts = list(pool.map(lambda module: run_module(module, memoface, model), BESIDE))
    counts += [run_module(module, memoface, model) for module in ALONE]
    return map(sum, zip(*counts))


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: run.py MEMOFACE DEMO.dfm [NAME …]")
    for number in (signal.SIGHUP, signal.SIGQUIT):  # nohup's and a background job's children
        signal.signal(number, signal.SIG_DFL)       # would ignore them
    signal.signal(signal.SIGINT, signal.default_int_handler)
    files = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
    names = sys.argv[3:]
    passed, failed = run_named(names, *files) if names else run_all(*files)
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if passed and not failed else 1)


if __name__ == "__main__":
    main()
