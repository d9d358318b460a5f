"""AMP's mix of two inter codes, as tf2onnx writes it.

DeepFaceLab takes the first int(inter_dims × morph) channels of one code and the rest of the other
(models/Model_AMP/Model.py, export_dfm), so shapes depend on the morph value. tf2onnx spells
morph_value[0] as Slice and Squeeze, tf.slice's sizes as Unsqueeze and Concat, and a size of -1 as
an addition of the greatest int32.
"""

import numpy as np
from onnx import TensorProto

INT32_MAX = np.iinfo(np.int32).max


def mix(writer, morph, source, target, channels, side):
    """The code of `channels` channels whose first come from `source`, the others from `target`."""
    n_first = _count(writer, morph, channels)
    n_rest = writer.op("Sub", [_int32(writer, "inter_dims", channels), n_first], "sub")
    begin = writer.constant("Slice/begin", np.zeros(4, np.int32))
    first = _slice(writer, "Slice", source, begin, _pack(writer, "Slice/size", -1, n_first, side))
    begin = _pack(writer, "Slice_1/begin", 0, n_first, 0)
    rest = _slice(writer, "Slice_1", target, begin, _pack(writer, "Slice_1/size", -1, n_rest, side))
    return writer.op("Concat", [first, rest], "concat", axis=1)


def _int32(writer, name, value):
    return writer.constant(name, np.array(value, np.int32))


def _count(writer, morph, channels):
    ends = writer.integers("strided_slice/ends", [1])
    x = writer.op("Slice", [morph, writer.integers("zero", [0]), ends, writer.integers("zero", [0])],
                  "strided_slice")
    x = writer.op("Squeeze", [x], "strided_slice__squeeze", axes=[0])
    factor = writer.constant("mul/x", np.array(channels, np.float32))
    return writer.cast(writer.op("Mul", [factor, x], "mul"), "Cast", TensorProto.INT32)


def _pack(writer, name, batch, n_channels, side):
    """[batch, n_channels, side, side] of int32, of which one is computed."""
    parts = [_int32(writer, f"{name}/{i}", value) for i, value in ((0, batch), (2, side))]
    parts = [parts[0], n_channels, parts[1], parts[1]]
    rows = [writer.op("Unsqueeze", [part], f"{name}__unsqueeze{i}", axes=[0])
            for i, part in enumerate(parts)]
    return writer.op("Concat", rows, name, axis=0)


def _slice(writer, name, x, begin, size):
    minus_one = writer.constant("minus_one", np.array([-1], np.int32))
    greatest = writer.constant("int_max", np.array([INT32_MAX], np.int32))
    is_open = writer.op("Equal", [minus_one, size], name + "__equal")
    is_open = writer.cast(is_open, name + "__cast", TensorProto.INT32)
    size = writer.op("Add", [writer.op("Mul", [greatest, is_open], name + "__mul"), size],
                     name + "__size")
    end = writer.op("Add", [size, begin], name + "__end")
    return writer.op("Slice", [x, begin, end], name)
