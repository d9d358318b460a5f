#!/bin/bash
# Inference beside ONNX Runtime: each precision and mode in turn with the peer, medians.
#
#   bench/infer.sh MODEL.dfm [--json] [--runs N] [--precisions f32,bf16,int8] [--profile] [--build-dir DIR]
#
# --json prints one JSON line, of the precision that is fastest here (int8 apart) and with the
# others inside; --profile adds the time of each operator. ONEDNN_MAX_CPU_ISA=AVX2 or AVX512_CORE limits both sides:
# ONNX Runtime has no such switch, so it is shown a smaller CPU (bench/cpu_limit.c). Where the
# machine cannot do that, ours alone is limited, and the output says so.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
limiter=$root/build/bench/libcpu-limit.so
case ${ONEDNN_MAX_CPU_ISA:-} in
AVX2 | AVX512_CORE) [ ! -e "$limiter" ] || export LD_PRELOAD=$limiter CPU_LIMIT=$ONEDNN_MAX_CPU_ISA ;;
esac
exec node "$root/bench/infer.mjs" "$@"
