#!/usr/bin/python3
"""Writes DFMs in every way DeepFaceLab exports them, small in dims, into a folder.

    make_variants.py OUT_DIR

Between them: SAEHD df and liae with options none, u, d, ud, t, ut, udt and c; AMP, whose shapes
depend on the morph value; half-precision exports; a fixed and a free number of faces; both
spellings of depth-to-space; one with larger layers. Weights are random, from the file's name. A
half-precision export has a twin in OUT_DIR/f32, which computes the same in f32.
"""

import os
import pathlib
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import dfm_network  # noqa: E402
from onnx_writer import BATCH, Writer  # noqa: E402

DOC = "memoface test model: DeepFaceLab's layers, small, seeded random weights"
# Channel counts beside the vector widths that kernels like.
DIMS = {"e_dims": 8, "ae_dims": 20, "d_dims": 10, "d_mask_dims": 6}
OPTIONS = ("", "u", "d", "ud", "t", "ut", "udt", "c")


def saehd():
    for archi in ("df", "liae"):
        for i, options in enumerate(OPTIONS):
            # Both spellings of depth-to-space, and a side that is no power of two.
            yield (f"{archi}-{options or 'none'}",
                   {"archi": archi, "options": options, "size": 96 if "u" in options else 64,
                    "depth_to_space": i % 2 == (archi == "df")}, BATCH)


def amp():
    for name, more, batch in (("amp", {}, BATCH), ("amp-dts", {"depth_to_space": True}, 1),
                              ("amp-fp16", {"fp16": True}, BATCH)):
        yield name, {"archi": "amp", "size": 64, "inter_dims": 22, **more}, batch


def others():
    for archi, options in (("df", "udt"), ("liae", "ud"), ("liae", "c")):
        yield (f"{archi}-{options}-fp16",
               {"archi": archi, "options": options, "size": 64, "fp16": True}, BATCH)
    yield "df-d-one-face", {"archi": "df", "options": "d", "size": 64}, 1
    yield "liae-ud-one-face", {"archi": "liae", "options": "ud", "size": 64}, 1
    # Layers so large that oneDNN's products in bf16 gave some faces of a batch other bits.
    yield ("liae-d-large", {"archi": "liae", "options": "d", "size": 128, "e_dims": 32, "ae_dims": 64,
                            "d_dims": 16, "d_mask_dims": 8}, BATCH)


def write(path, network, batch):
    writer = Writer(path.stem, zlib.crc32(path.stem.encode()), batch)
    dfm_network.write(writer, dfm_network.Network(**{**DIMS, **network}))
    part = path.with_suffix(".part")
    writer.save(part, DOC)
    os.replace(part, path)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_variants.py OUT_DIR")
    out = pathlib.Path(sys.argv[1])
    (out / "f32").mkdir(parents=True, exist_ok=True)
    for name, network, batch in (*saehd(), *amp(), *others()):
        write(out / (name + ".dfm"), network, batch)
        if network.get("fp16"):
            write(out / "f32" / (name + ".dfm"), {**network, "fp16": False, "rounded": True}, batch)


if __name__ == "__main__":
    main()
