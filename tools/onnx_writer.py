"""Writes ONNX graphs the way tf2onnx writes DeepFaceLab's.

Every spatial convolution is an explicit zero Pad, a Conv without padding attributes and an Add of a
1xCx1x1 bias; sizes of reshapes are int64 constants; the batch dimension is free. Values are named
by the node that makes them. A seeded generator supplies weights, so a file depends on its
arguments alone.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 12
# The newest file format that goes with opset 12.
IR_VERSION = 7
BATCH = "unk__1"


class Writer:
    def __init__(self, name, seed=0, batch=BATCH):
        """`batch`: name of the free dimension, or the number of faces a fixed one takes."""
        self.name, self.batch = name, batch
        self.rng = np.random.default_rng(seed)
        self.nodes, self.initializers = [], []
        self.inputs, self.outputs = [], []
        self._constants = set()

    # ---- values ----

    def input(self, name, shape, batched=True):
        self.inputs.append(_value(name, [self.batch, *shape] if batched else shape))
        return name

    def output(self, name, shape):
        self.outputs.append(_value(name, [self.batch, *shape]))
        return name

    def constant(self, name, array):
        """A named constant; asking again for the same name shares it."""
        if name not in self._constants:
            self._constants.add(name)
            self.initializers.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def integers(self, name, values):
        return self.constant(name, np.array(values, np.int64))

    def op(self, kind, inputs, name, output=None, **attributes):
        """Appends a node named `name` with one output and returns that output's name."""
        output = output or name + ":0"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, **attributes))
        return output

    # ---- layers ----

    def conv(self, x, name, weight, bias, stride=1, scope=None):
        """`weight`: OxIxKxK, `bias`: O, of x's type. `scope` names this use when weights are shared."""
        scope = scope or name
        kh, kw = weight.shape[2:]
        pads = [0, 0, kh // 2, kw // 2] * 2
        x = self.op("Pad", [x, self.integers(f"pads_{kh}x{kw}", pads)], scope + "/Pad")
        kernel = self.constant(name + "/weight", weight)
        x = self.op("Conv", [x, kernel], scope + "/Conv2D", kernel_shape=[kh, kw],
                    strides=[stride, stride], dilations=[1, 1], group=1)
        bias = self.constant(name + "/bias", bias.reshape(1, -1, 1, 1))
        return self.op("Add", [x, bias], scope + "/Add")

    def cast(self, x, name, to):
        return self.op("Cast", [x], name, to=to)

    def leaky_relu(self, x, name, alpha):
        return self.op("LeakyRelu", [x], name, alpha=alpha)

    def reshape(self, x, name, shape):
        key = "shape_" + "_".join(str(s) for s in shape)
        return self.op("Reshape", [x, self.integers(key, shape)], name)

    def to_nchw(self, x, name):
        return self.op("Transpose", [x], name, perm=[0, 3, 1, 2])

    def to_nhwc(self, x, name, output):
        return self.op("Transpose", [x], name, output=output, perm=[0, 2, 3, 1])

    def save(self, path, doc):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs,
                                  initializer=self.initializers, doc_string=doc)
        model = helper.make_model(graph, producer_name="memoface make_dfm", ir_version=IR_VERSION,
                                  opset_imports=[helper.make_opsetid("", OPSET)])
        onnx.checker.check_model(model, full_check=True)
        with open(path, "wb") as f:
            f.write(model.SerializeToString(deterministic=True))


def _value(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
