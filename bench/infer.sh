#!/bin/bash
# Inference beside ONNX Runtime: each precision and mode in turn with the peer, medians.
#
#   bench/infer.sh MODEL.dfm [--json] [--runs N] [--profile] [--build-dir DIR]
#
# --json prints one JSON line, of the precision that is fastest here and with the others inside;
# --profile adds the time of each operator. ONEDNN_MAX_CPU_ISA=AVX2 or AVX512_CORE limits our side;
# ONNX Runtime has no such switch and always uses all the CPU has.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
exec node "$root/bench/infer.mjs" "$@"
