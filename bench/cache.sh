#!/bin/bash
# Measures the cache: operations beside RocksDB's caches, policies beside the clairvoyant bound.
#
#   bench/cache.sh [--json] [--quick] [--build-dir DIR]
#   bench/cache.sh --replay TRACE... [--policies A,B] [--sizes 256M,1G] [--json]
#
# See bench/cache.py --help. Expects what `tools/setup.sh --dev` installs and a build.
set -euo pipefail
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/cache.py" "$@"
