#!/usr/bin/python3
"""Writes small models for the fuzzer of the ONNX loader, made from real ones.

    make_corpus.py OUT_DIR [MODEL ...]

DFMs of every kind with two channels where real ones have dozens, then each MODEL (the face models)
cut into runs of nodes whose weights are small enough to keep; a cut's inputs are values that the
whole model computes. ONNX's node tests complete the corpus where Debian has them installed.
"""

import pathlib
import shutil
import sys

import onnx

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "onnx")]
import dfm_network  # noqa: E402
import make_variants  # noqa: E402
from onnx_writer import Writer  # noqa: E402

DIMS = {"size": 32, "e_dims": 1, "ae_dims": 2, "d_dims": 1, "d_mask_dims": 1}
CUT_NODES = 6
MAX_BYTES = 12000  # mutations of larger files are slow and rarely meet anything of interest
NODE_TESTS = pathlib.Path("/usr/share/libonnx-testdata/data/node")


def write_variants(out):
    for name, network, batch in (*make_variants.saehd(), *make_variants.amp(),
                                 *make_variants.others()):
        dims = {**DIMS, "inter_dims": 4} if network["archi"] == "amp" else DIMS
        writer = Writer(name, 1, batch)
        dfm_network.write(writer, dfm_network.Network(**{**network, **dims}))
        writer.save(out / (name + ".onnx"), "")


def cut(model, first, out):
    """Nodes first … first + CUT_NODES, with the weights they need; None where those are large."""
    nodes = model.graph.node[first:first + CUT_NODES]
    made = {name for node in nodes for name in node.output}
    read = {name for node in nodes for name in node.input if name} - made
    weights = [tensor for tensor in model.graph.initializer if tensor.name in read]
    known = {value.name: value for value in (*model.graph.value_info, *model.graph.input)}
    inputs = [known[name] for name in sorted(read - {tensor.name for tensor in weights})
              if name in known]
    outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in nodes[-1].output]
    graph = onnx.helper.make_graph(nodes, "cut", inputs, outputs, weights)
    small = onnx.helper.make_model(graph, opset_imports=model.opset_import).SerializeToString()
    if len(small) <= MAX_BYTES:
        out.write_bytes(small)


def write_cuts(path, out):
    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    for first in range(0, len(model.graph.node), CUT_NODES // 2):
        cut(model, first, out / f"{path.stem}-{first}.onnx")


def copy_node_tests(out):
    for path in NODE_TESTS.glob("test_*/model.onnx"):
        if path.stat().st_size <= MAX_BYTES:
            shutil.copy(path, out / (path.parent.name + ".onnx"))


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: make_corpus.py OUT_DIR [MODEL ...]")
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    write_variants(out)
    for name in sys.argv[2:]:
        write_cuts(pathlib.Path(name), out)
    copy_node_tests(out)


if __name__ == "__main__":
    main()
