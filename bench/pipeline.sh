#!/bin/bash
# The whole program on named workloads at 720p and 1080p, caches off and on, beside its floor (decode
# and encode alone) and a model of DeepFaceLive's CPU pipeline, in one run.
#
#   bench/pipeline.sh [--json] [--rounds N] [--frames N] [--sizes 720,1080] [--no-peer]
#                     [--model FILE.dfm] [--precision NAME] [--build-dir DIR]
#
# See bench/pipeline.py --help and docs/bench-pipeline.md. Expects what `make demo` prepares.
set -euo pipefail
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/pipeline.py" "$@"
