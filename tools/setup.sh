#!/bin/bash
# Installs what the project needs and makes its models; does nothing where nothing is missing.
#
#   tools/setup.sh [--dev] [--demo] [--build-dir DIR]
#
#   --dev   also the peers and checkers that tests, lint and benchmarks use
#   --demo  also the demo's inputs: clip, demo model and timing model
#
# Debian packages come through apt-get (with sudo when not root), npm packages go to DIR/npm,
# converted face models to DIR/models, the demo's inputs to DIR/demo. See docs/setup.md.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build
dev=no demo=no

PACKAGES=(build-essential pkg-config meson ninja-build
    libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libavfilter-dev libavdevice-dev
    libdnnl-dev libxxhash-dev libcmocka-dev libjansson-dev libmicrohttpd-dev
    ffmpeg python3-numpy python3-onnx python3-skimage)
DEV_PACKAGES=(git libonnx-testdata g++ librocksdb-dev clang-format cppcheck shellcheck
    chromium chromium-driver prometheus python3-opencv python3-numexpr)
FACE_API=@vladmandic/face-api@1.7.15
ONNX_RUNTIME=onnxruntime-node@1.30.0
# Debian's own interpreter: it is the one that sees Debian's python3-* packages.
PYTHON=${PYTHON:-/usr/bin/python3}

fail() {
    echo "setup: $*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    --dev) dev=yes ;;
    --demo) demo=yes ;;
    --build-dir)
        [ $# -gt 1 ] || fail "--build-dir needs a folder"
        mkdir -p "$2"
        build=$(cd "$2" && pwd)
        shift
        ;;
    *) fail "unknown argument '$1' (--dev, --demo, --build-dir DIR)" ;;
    esac
    shift
done
mkdir -p "$build"
log=$build/setup.log
: >"$log"

# Runs a command quietly; on failure says what failed and shows the end of its output.
quietly() {
    local what=$1
    shift
    "$@" >>"$log" 2>&1 || {
        tail -n 15 "$log" >&2
        fail "$what failed (whole output: $log)"
    }
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_packages() {
    local wanted=("${PACKAGES[@]}") package
    [ $dev = no ] || wanted+=("${DEV_PACKAGES[@]}")
    for package in "${wanted[@]}"; do
        is_installed "$package" || echo "$package"
    done
    # Node often comes from elsewhere, so the commands count, not the packages.
    command -v node >/dev/null || printf "%s\n" nodejs ca-certificates
    command -v npm >/dev/null || echo npm
}

install_packages() {
    local missing as_root=()
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "needs apt-get (Debian 12) to install: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "needs root or sudo to install: ${missing[*]}"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    echo "setup: installing ${missing[*]}"
    quietly "apt-get update" "${as_root[@]}" apt-get update -qq
    quietly "apt-get install ${missing[*]}" \
        "${as_root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}"
}

has_npm_package() { # NAME@VERSION
    local manifest=$build/npm/node_modules/${1%@*}/package.json
    [ -f "$manifest" ] && grep -q "\"version\": *\"${1##*@}\"" "$manifest"
}

install_npm() {
    local wanted=("$FACE_API") package complete=yes
    [ $dev = no ] || wanted+=("$ONNX_RUNTIME")
    for package in "${wanted[@]}"; do
        has_npm_package "$package" || complete=no
    done
    [ $complete = no ] || return 0
    # What is there already is named again, or npm would remove it.
    has_npm_package "$ONNX_RUNTIME" && [ $dev = no ] && wanted+=("$ONNX_RUNTIME")
    mkdir -p "$build/npm"
    [ -f "$build/npm/package.json" ] || echo '{ "private": true }' >"$build/npm/package.json"
    echo "setup: fetching ${wanted[*]}"
    quietly "npm install ${wanted[*]}" npm install --prefix "$build/npm" --ignore-scripts \
        --no-audit --no-fund --no-package-lock --no-save --loglevel=error "${wanted[@]}"
}

# once OUT "SOURCES" COMMAND...: runs COMMAND unless OUT was made by these very SOURCES before.
once() {
    local out=$1 sources=$2 stamp=$1.made-by digest
    shift 2
    # shellcheck disable=SC2086 # the sources are several words
    digest=$(cd "$root" && cat $sources | sha256sum)
    if [ -e "$out" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
        return 0
    fi
    echo "setup: making ${out#"$root"/}"
    mkdir -p "$(dirname "$out")"
    quietly "making $out" "$@"
    echo "$digest" >"$stamp"
}

make_models() {
    local face_api=$build/npm/node_modules/${FACE_API%@*}
    once "$build/models/ssd_mobilenetv1.onnx" "tools/convert_face_models.py tools/setup.sh" \
        "$PYTHON" "$root/tools/convert_face_models.py" "$face_api" "$build/models"
}

make_demo() {
    local dfm=$root/tools/make_dfm.py common="tools/make_dfm.py tools/onnx_writer.py"
    once "$build/demo/demo.dfm" "$common tools/dfm_demo.py" \
        "$PYTHON" "$dfm" --kind demo "$build/demo/demo.dfm"
    once "$build/demo/bench.dfm" "$common tools/dfm_bench.py tools/dfm_network.py" \
        "$PYTHON" "$dfm" --kind bench "$build/demo/bench.dfm"
    once "$build/demo/clip.mp4" tools/make_clip.py \
        "$PYTHON" "$root/tools/make_clip.py" "$build/demo/clip.mp4"
}

install_packages
for tool in meson ninja pkg-config ffmpeg node npm "$PYTHON"; do
    command -v "$tool" >/dev/null || fail "'$tool' is missing, although its package is installed"
done
install_npm
make_models
[ $demo = no ] || make_demo
