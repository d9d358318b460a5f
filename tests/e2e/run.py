#!/usr/bin/python3
"""End-to-end tests: the program itself on small clips with a real face.

    run.py MEMOFACE DEMO.dfm [NAME …]

Closes with a line 'N passed, N failed'.
"""

import importlib
import os
import pathlib
import shutil
import sys
import tempfile
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from media import Lab  # noqa: E402

MODULES = ["exactness", "disk", "containers", "mistakes", "precision", "reports", "advice", "settings",
           "inputs", "keys", "help", "library", "bench", "dashboard", "browser"]


def collect(names):
    for module_name in MODULES:
        module = importlib.import_module("e2e_" + module_name)
        for name, function in list(vars(module).items()):
            if name.startswith("test_") and (not names or name in names):
                yield name, function


def run_one(name, function, memoface, model):
    folder = tempfile.mkdtemp(prefix="memoface-e2e-")
    kept = tempfile.mkdtemp(prefix="memoface-e2e-kept-")
    os.environ["XDG_CACHE_HOME"] = kept
    os.environ["XDG_CONFIG_HOME"] = kept  # nobody's own configuration
    try:
        function(Lab(memoface, model, folder))
    except Exception:
        print(f"not ok - {name}")
        traceback.print_exc(file=sys.stdout)
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(kept, ignore_errors=True)
    print(f"ok - {name}", flush=True)
    return True


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: run.py MEMOFACE DEMO.dfm [NAME …]")
    memoface, model = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
    results = [run_one(name, function, memoface, model)
               for name, function in collect(sys.argv[3:])]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
