#!/bin/sh
# Run by `meson install`: puts the converted face models where the installed command looks for them.
set -eu
target=$MESON_INSTALL_DESTDIR_PREFIX/share/memoface/models
for model in "$MESON_BUILD_ROOT"/models/*.onnx; do
    [ -f "$model" ] || continue
    mkdir -p "$target"
    install -m 644 "$model" "$target/"
done
