#!/bin/bash
# Compiles BUILD/asan with AddressSanitizer and UndefinedBehaviorSanitizer, beside BUILD's models.
set -euo pipefail

build=${1:-build}
asan=$build/asan
mkdir -p "$asan"
for made in demo models npm; do
    ln -sfn "../$made" "$asan/$made"
done
if [ ! -f "$asan/build.ninja" ]; then
    meson setup "$asan" --buildtype debugoptimized -Db_sanitize=address,undefined \
        -Dwerror="${WERROR:-false}" -Dc_args=-fno-sanitize-recover=undefined >"$asan/configure.log" || {
        tail -n 5 "$asan/configure.log"
        exit 1
    }
fi
ninja -C "$asan" --quiet
