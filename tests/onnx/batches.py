#!/usr/bin/python3
"""Writes small DFMs of every export's kind and has `batches` look at them.

    batches.py BATCHES MAKE_VARIANTS
"""

import pathlib
import subprocess
import sys
import tempfile


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: batches.py BATCHES MAKE_VARIANTS")
    batches, make_variants = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, make_variants, folder], check=True)
        models = sorted(map(str, pathlib.Path(folder).glob("*.dfm")))
        sys.exit(subprocess.run([batches, *models]).returncode)


if __name__ == "__main__":
    main()
