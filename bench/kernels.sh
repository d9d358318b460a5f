#!/bin/bash
# Pixel kernels at each CPU level beside OpenCV's: same operation, same data, one thread, by turns.
#
#   bench/kernels.sh [--json] [--only NAME,…] [--rounds N] [--build-dir DIR]
#
# See bench/kernels.py --help. Expects a build, and python3-opencv for the peer.
set -euo pipefail
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/kernels.py" "$@"
