#!/usr/bin/python3
"""Runs the tests of build folders and closes with one line, 'N passed, N failed'.

    run_tests.py [BUILD_DIR ...] [-- MESON TEST ARGUMENTS]

Nothing is compiled here.
Counts the cases inside a program where it reports them: a closing 'N passed, N failed' of its own,
TAP, or cmocka's summary; any other program counts as one. A program that ends badly without a
failed case (a crash, a timeout) is one failure more. Skipped programs are named, not counted.
"""

import json
import pathlib
import re
import subprocess
import sys

OWN = re.compile(r"^(\d+) passed, (\d+) failed", re.M)
TAP = re.compile(r"^(ok|not ok)\b(.*)$", re.M)
CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test\(s\)", re.M)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (\d+) test\(s\)", re.M)


def count_cases(output):
    """(passed, failed) as the program tells it, or None if it does not."""
    own = OWN.findall(output)
    if own:
        return int(own[-1][0]), int(own[-1][1])
    cases = [verdict for verdict, rest in TAP.findall(output) if "# SKIP" not in rest.upper()]
    if cases:
        return cases.count("ok"), cases.count("not ok")
    passed, failed = CMOCKA_PASSED.findall(output), CMOCKA_FAILED.findall(output)
    if passed or failed:
        return sum(map(int, passed)), sum(map(int, failed))
    return None


def count_program(record):
    result = record["result"]
    if result == "SKIP":
        print(f"skipped: {record['name']}")
        return 0, 0
    good = result in ("OK", "EXPECTEDFAIL")
    output = record.get("stdout", "") + "\n" + record.get("stderr", "")
    passed, failed = count_cases(output) or (int(good), int(not good))
    if not good and failed == 0:
        failed = 1
    return passed, failed


def run(build_dir, arguments):
    log = pathlib.Path(build_dir, "meson-logs", "testlog.json")
    log.unlink(missing_ok=True)
    code = subprocess.run(["meson", "test", "-C", build_dir, "--no-rebuild",
                           "--print-errorlogs", *arguments]).returncode
    if not log.exists():
        return 0, 1
    counts = [count_program(json.loads(line)) for line in log.read_text().splitlines() if line]
    passed, failed = (sum(column) for column in zip(*counts)) if counts else (0, 0)
    # Whatever meson calls a failure must not be lost in the counting.
    return passed, failed or int(code != 0 or not counts)


def main():
    arguments = sys.argv[1:]
    at = arguments.index("--") if "--" in arguments else len(arguments)
    results = [run(folder, arguments[at + 1:]) for folder in arguments[:at] or ["build"]]
    passed, failed = (sum(column) for column in zip(*results))
    sys.stdout.flush()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
