#!/usr/bin/python3
"""Writes a generated DFM model: `demo` (a bronze statue, to look at) or `bench` (a public model's
layer shapes with random weights, for timing). Neither is trained on anyone."""

import argparse
import os

import dfm_bench
import dfm_demo
from onnx_writer import Writer

DOCS = {
    "demo": "memoface demo model: generated, not trained; paints the aligned face in bronze",
    "bench": "memoface timing model: SAEHD liae-ud layer shapes, seeded random weights",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", metavar="OUT", help="the .dfm file to write")
    parser.add_argument("--kind", choices=sorted(DOCS), required=True)
    parser.add_argument("--size", type=int, choices=(224, 320), default=224,
                        help="side of the face, pixels (default 224)")
    parser.add_argument("--seed", type=int, default=1, help="of bench's weights (default 1)")
    args = parser.parse_args()

    writer = Writer("memoface_" + args.kind, args.seed)
    kinds = {"demo": dfm_demo, "bench": dfm_bench}
    kinds[args.kind].write(writer, args.size)
    # Written whole or not at all, so that an interrupted set-up starts over.
    part = args.out + ".part"
    writer.save(part, DOCS[args.kind])
    os.replace(part, args.out)


if __name__ == "__main__":
    main()
