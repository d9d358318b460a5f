#!/bin/bash
# Fuzzes what parses: the ONNX loader (from small models made of real ones), the HTTP handlers,
# configuration files, segments of the disk tier.
#
#   tools/fuzz.sh [SECONDS] [BUILD_DIR] [onnx|http|config|disk]
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

run() { # CORPUS SEEDS OPTIONS...: from what earlier runs found and from the seeds
    mkdir -p "$1" "$2"
    exec "$fuzz/tests/fuzz/fuzz_$target" "$1" "$2" -max_total_time="$seconds" -timeout=20 \
        -artifact_prefix="$fuzz/" -print_final_stats=1 "${@:3}"
}

case $target in
http)
    "$PYTHON" tests/fuzz/make_http_corpus.py "$fuzz/seeds-http"
    run "$fuzz/corpus-http" "$fuzz/seeds-http" -max_len=40000
    ;;
config)
    mkdir -p "$fuzz/seeds-config"
    printf 'preset = 16gb\npost-gamma-red = 1.1\nencoder = "libx264" # a word\n' \
        >"$fuzz/seeds-config/plain.conf"
    printf 'profile = night\n[night]\ncache-size = 4G\ntwo-pass\n' >"$fuzz/seeds-config/profile.conf"
    run "$fuzz/corpus-config" "$fuzz/seeds-config" -max_len=20000
    ;;
disk)
    run "$fuzz/corpus-disk" "$fuzz/seeds-disk"
    ;;
onnx)
    shopt -s nullglob
    "$PYTHON" tests/fuzz/make_corpus.py "$fuzz/seeds" "$build"/models/*.onnx
    # Compiling in parallel is no part of the target, and threads confuse the fuzzer's own counting.
    export OMP_NUM_THREADS=1
    run "$fuzz/corpus" "$fuzz/seeds" -rss_limit_mb=2048 -malloc_limit_mb=256 -verbosity=1
    ;;
esac
