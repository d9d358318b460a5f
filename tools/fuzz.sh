#!/bin/bash
# Fuzzes the ONNX loader, from small models made of real ones, or the HTTP handlers.
#
#   tools/fuzz.sh [SECONDS] [BUILD_DIR] [onnx|http]
#
# Builds BUILD_DIR/fuzz with clang, keeps the corpus in BUILD_DIR/fuzz/corpus* from run to run, and
# ends with exit code 0 after SECONDS (600) without a finding. A finding is left in BUILD_DIR/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-600}
build=${2:-build}
target=${3:-onnx}
fuzz=$build/fuzz
PYTHON=${PYTHON:-/usr/bin/python3}

if [ ! -f "$fuzz/build.ninja" ]; then
    CC=clang meson setup "$fuzz" -Dfuzz=true --buildtype debugoptimized >"$build/fuzz.log" || {
        tail -n 5 "$build/fuzz.log"
        exit 1
    }
fi
ninja -C "$fuzz" --quiet "tests/fuzz/fuzz_$target"
if [ "$target" = http ]; then
    "$PYTHON" tests/fuzz/make_http_corpus.py "$fuzz/seeds-http"
    mkdir -p "$fuzz/corpus-http"
    exec "$fuzz/tests/fuzz/fuzz_http" "$fuzz/corpus-http" "$fuzz/seeds-http" \
        -max_total_time="$seconds" -timeout=20 -max_len=40000 -artifact_prefix="$fuzz/" \
        -print_final_stats=1
fi
shopt -s nullglob
"$PYTHON" tests/fuzz/make_corpus.py "$fuzz/seeds" "$build"/models/*.onnx
mkdir -p "$fuzz/corpus"
# Compiling in parallel is no part of the target, and threads confuse the fuzzer's own counting.
OMP_NUM_THREADS=1 "$fuzz/tests/fuzz/fuzz_onnx" "$fuzz/corpus" "$fuzz/seeds" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=256 \
    -artifact_prefix="$fuzz/" -print_final_stats=1 -verbosity=1
