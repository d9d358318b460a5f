#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Converts the face networks of the npm package @vladmandic/face-api to ONNX.

    convert_face_models.py FACE_API_DIR OUT_DIR

FACE_API_DIR is the installed package (the folder with package.json and model/). Each network of
the package is a JSON list of tensors beside one file of their values, most of them quantised to
8 bits as value = min + scale * byte. The layers themselves are not stored anywhere: they are
rebuilt here, layer by layer, from what the package's TypeScript sources describe.

Written to OUT_DIR (opset 12, float32, NCHW):

  ssd_mobilenetv1.onnx     image 1x3xHxW, RGB -1..1, H and W multiples of 32
                           -> boxes 1xNx4 (ty, tx, th, tw against the anchors), scores 1xN (0..1)
  tiny_face_detector.onnx  image 1x3xHxW, RGB (x - mean) / 255, H and W multiples of 32
                           -> cells 1x(H/32)x(W/32)x25 (5 anchors of tx, ty, tw, th, logit)
  face_landmark_68.onnx    face 1x3x112x112, RGB (x - mean) / 255 -> points 1x136 (x, y in 0..1)
  face_recognition.onnx    face 1x3x150x150, RGB (x - mean) / 255 -> descriptor 1x128

TensorFlow's SAME padding puts the odd pixel at the bottom and right. A 3x3 convolution of stride 2
over an even side therefore pads 0 before and 1 after, which is what the backbones do. The extra
layers of the SSD may meet odd sides (15 cells of 32 pixels make 480); there the padding is 0 and 2,
which gives the same numbers on even sides and ceil(n / 2) cells, still centred on their stride, on
odd ones. Likewise a 2x2 pooling pads 0 and 1.

The output depends on the package alone; a file that is already right is left untouched.
"""

import json
import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 12
IR_VERSION = 7

SSD_BATCH_NORM_EPSILON = 0.0010000000474974513
SSD_STRIDE_2_LAYERS = (2, 4, 6, 12)
LEAKY_SLOPE = 0.1


class Package:
    """The installed npm package."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "package.json"), encoding="utf-8") as file:
            about = json.load(file)
        self.source = "npm:{}@{}".format(about["name"], about["version"])
        self.license = about["license"]

    def weights(self, name):
        """Every tensor of one network by name, float32, in the package's HWIO order."""
        folder = os.path.join(self.folder, "model")
        with open(os.path.join(folder, name + "-weights_manifest.json"), encoding="utf-8") as file:
            groups = json.load(file)
        tensors = {}
        for group in groups:
            data = b""
            for path in group["paths"]:
                with open(os.path.join(folder, path), "rb") as file:
                    data += file.read()
            offset = 0
            for entry in group["weights"]:
                tensors[entry["name"]], offset = read_tensor(entry, data, offset)
            if offset != len(data):
                raise ValueError("{}: {} bytes of weights, {} expected".format(
                    name, len(data), offset))
        return tensors


def read_tensor(entry, data, offset):
    count = int(np.prod(entry["shape"], dtype=np.int64))
    packed = entry.get("quantization")
    dtype = np.dtype(packed["dtype"] if packed else entry["dtype"])
    values = np.frombuffer(data, dtype.newbyteorder("<"), count, offset)
    if packed:
        values = values.astype(np.float64) * packed["scale"] + packed["min"]
    return values.astype(np.float32).reshape(entry["shape"]), offset + count * dtype.itemsize


class Graph:
    """A network under construction: every method adds one node and returns its output's name."""

    def __init__(self):
        self.nodes = []
        self.initializers = []

    def constant(self, values):
        name = "w{}".format(len(self.initializers))
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, op, inputs, **attributes):
        output = "{}_{}".format(op.lower(), len(self.nodes))
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def conv(self, x, filters, bias, stride=1, pads=(0, 0)):
        """`filters` is HWIO; `pads` are those before and after, the same in both directions."""
        before, after = pads
        return self.node(
            "Conv",
            [x, self.constant(filters.transpose(3, 2, 0, 1)), self.constant(bias)],
            kernel_shape=filters.shape[:2], strides=[stride, stride],
            pads=[before, before, after, after])

    def depthwise(self, x, filters, bias=None, stride=1):
        """3x3, one filter per channel (HWC1), SAME over even sides if the stride is 2."""
        before, after = (0, 1) if stride == 2 else (1, 1)
        inputs = [x, self.constant(filters.transpose(2, 3, 0, 1))]
        if bias is not None:
            inputs.append(self.constant(bias))
        return self.node(
            "Conv", inputs, group=filters.shape[2], kernel_shape=filters.shape[:2],
            strides=[stride, stride], pads=[before, before, after, after])

    def separable(self, x, weights, prefix, stride=1):
        x = self.depthwise(x, weights[prefix + "/depthwise_filter"], stride=stride)
        return self.conv(x, weights[prefix + "/pointwise_filter"], weights[prefix + "/bias"])

    def relu(self, x):
        return self.node("Relu", [x])

    def relu6(self, x):
        return self.node("Clip", [x, self.constant(np.float32(0)), self.constant(np.float32(6))])

    def leaky(self, x):
        return self.node("LeakyRelu", [x], alpha=LEAKY_SLOPE)

    def add(self, a, b):
        return self.node("Add", [a, b])

    def concat(self, inputs, axis):
        return self.node("Concat", inputs, axis=axis)

    def to_rows(self, x, shape):
        """Channels last, then one row per anchor."""
        x = self.node("Transpose", [x], perm=[0, 2, 3, 1])
        return self.node("Reshape", [x, self.constant(np.array(shape, np.int64))])

    def finish(self, package, kind, inputs, outputs):
        """`inputs` and `outputs` are (name, shape); outputs also say which value they name."""
        for value, name, _ in outputs:
            self.nodes.append(helper.make_node("Identity", [value], [name], name=name))
        graph = helper.make_graph(
            self.nodes, kind,
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for _, n, s in outputs],
            self.initializers)
        model = helper.make_model(
            graph, producer_name="memoface", opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        helper.set_model_props(model, {
            "memoface.kind": kind, "source": package.source, "license": package.license})
        onnx.checker.check_model(model)
        return model


def fold_batch_norm(weights, prefix):
    """A depthwise filter (HWC1) and the batch normalisation after it as one filter and a bias."""
    norm = {k: weights["{}/BatchNorm/{}".format(prefix, k)].astype(np.float64)
            for k in ("gamma", "beta", "moving_mean", "moving_variance")}
    scale = norm["gamma"] / np.sqrt(norm["moving_variance"] + SSD_BATCH_NORM_EPSILON)
    filters = weights[prefix + "/depthwise_weights"] * scale[:, np.newaxis]
    bias = norm["beta"] - norm["moving_mean"] * scale
    return filters.astype(np.float32), bias.astype(np.float32)


def ssd_conv(graph, x, weights, prefix, stride=1, pads=(0, 0)):
    return graph.relu6(graph.conv(
        x, weights[prefix + "/weights"], weights[prefix + "/convolution_bn_offset"], stride, pads))


def ssd_backbone(graph, x, weights):
    """MobileNet v1; returns its features at strides 16 and 32."""
    x = ssd_conv(graph, x, weights, "MobilenetV1/Conv2d_0_pointwise", 2, (0, 1))
    stride_16 = None
    for i in range(1, 14):
        prefix = "MobilenetV1/Conv2d_{}_".format(i)
        filters, bias = fold_batch_norm(weights, prefix + "depthwise")
        stride = 2 if i in SSD_STRIDE_2_LAYERS else 1
        x = graph.relu6(graph.depthwise(x, filters, bias, stride))
        x = ssd_conv(graph, x, weights, prefix + "pointwise")
        if i == 11:
            stride_16 = x
    return stride_16, x


def ssd_head(graph, x, weights, level):
    """Box codes and face scores of one level, a row per anchor. The class predictor has three
    classes, of which only the second, face, is ever read."""
    prefix = "Prediction/BoxPredictor_{}/".format(level)
    boxes = graph.conv(x, weights[prefix + "BoxEncodingPredictor/weights"],
                       weights[prefix + "BoxEncodingPredictor/biases"])
    logits = graph.conv(x, weights[prefix + "ClassPredictor/weights"][..., 1::3],
                        weights[prefix + "ClassPredictor/biases"][1::3])
    return graph.to_rows(boxes, (1, -1, 4)), graph.to_rows(logits, (1, -1))


def ssd_mobilenetv1(package):
    weights = package.weights("ssd_mobilenetv1_model")
    graph = Graph()
    stride_16, x = ssd_backbone(graph, "image", weights)
    levels = [stride_16, x]
    for i in range(0, 8, 2):
        prefix = "Prediction/Conv2d_{}_pointwise"
        x = ssd_conv(graph, x, weights, prefix.format(i))
        x = ssd_conv(graph, x, weights, prefix.format(i + 1), 2, (0, 2))
        levels.append(x)
    heads = [ssd_head(graph, level, weights, i) for i, level in enumerate(levels)]
    boxes = graph.concat([boxes for boxes, _ in heads], 1)
    scores = graph.node("Sigmoid", [graph.concat([logits for _, logits in heads], 1)])
    return graph.finish(package, "ssd-mobilenet", [("image", [1, 3, "height", "width"])],
                        [(boxes, "boxes", [1, "anchors", 4]), (scores, "scores", [1, "anchors"])])


def tiny_face_detector(package):
    weights = package.weights("tiny_face_detector_model")
    graph = Graph()
    x = graph.leaky(graph.conv("image", weights["conv0/filters"], weights["conv0/bias"]))
    for i in range(1, 6):
        x = graph.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 1, 1])
        x = graph.leaky(graph.separable(x, weights, "conv{}".format(i)))
    x = graph.node("MaxPool", [x], kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1])
    x = graph.conv(x, weights["conv8/filters"], weights["conv8/bias"])
    cells = graph.node("Transpose", [x], perm=[0, 2, 3, 1])
    return graph.finish(package, "tiny-face", [("image", [1, 3, "height", "width"])],
                        [(cells, "cells", [1, "rows", "columns", 25])])


def dense_block(graph, x, weights, prefix):
    """Four convolutions, each fed the rectified sum of all before it; halves the sides."""
    first = prefix + "/conv0"
    if first + "/filters" in weights:
        total = graph.conv(x, weights[first + "/filters"], weights[first + "/bias"], 2, (0, 1))
    else:
        total = graph.separable(x, weights, first, 2)
    total = x = graph.relu(total)
    for i in range(1, 4):
        total = graph.add(total, graph.separable(x, weights, "{}/conv{}".format(prefix, i)))
        x = graph.relu(total)
    return x


def face_landmark_68(package):
    weights = package.weights("face_landmark_68_model")
    graph = Graph()
    x = "face"
    for i in range(4):
        x = dense_block(graph, x, weights, "dense{}".format(i))
    x = graph.node("AveragePool", [x], kernel_shape=[7, 7], strides=[2, 2])
    x = graph.node("Flatten", [x], axis=1)
    points = graph.node("Gemm", [x, graph.constant(weights["fc/weights"]),
                                 graph.constant(weights["fc/bias"])])
    return graph.finish(package, "face-api-68", [("face", [1, 3, 112, 112])],
                        [(points, "points", [1, 136])])


def scaled_conv(graph, x, weights, prefix, stride=1, pads=(1, 1)):
    """A convolution and the per-channel scale and shift after it, folded."""
    scale = weights[prefix + "/scale/weights"].astype(np.float64)
    filters = weights[prefix + "/conv/filters"] * scale
    bias = weights[prefix + "/conv/bias"] * scale + weights[prefix + "/scale/biases"]
    return graph.conv(x, filters.astype(np.float32), bias.astype(np.float32), stride, pads)


def residual(graph, x, weights, prefix):
    y = graph.relu(scaled_conv(graph, x, weights, prefix + "/conv1"))
    return graph.relu(graph.add(scaled_conv(graph, y, weights, prefix + "/conv2"), x))


def residual_down(graph, x, side, weights, prefix):
    """Halves the sides. Where the convolution comes out one short of the pooled shortcut, zeros
    are added below and right of it; where it has more channels, the shortcut gets zero channels."""
    filters = weights[prefix + "/conv1/conv/filters"]
    y = graph.relu(scaled_conv(graph, x, weights, prefix + "/conv1", 2, (0, 0)))
    y = scaled_conv(graph, y, weights, prefix + "/conv2")
    shortcut = graph.node("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    short = side // 2 - ((side - 3) // 2 + 1)
    if short:
        y = graph.node("Pad", [y, graph.constant(np.array([0] * 6 + [short] * 2, np.int64))])
    more = filters.shape[3] - filters.shape[2]
    if more:
        pads = np.array([0] * 5 + [more, 0, 0], np.int64)
        shortcut = graph.node("Pad", [shortcut, graph.constant(pads)])
    return graph.relu(graph.add(shortcut, y)), side // 2


def face_recognition(package):
    weights = package.weights("face_recognition_model")
    graph = Graph()
    x = graph.relu(scaled_conv(graph, "face", weights, "conv32_down", 2, (0, 0)))
    x = graph.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])
    side = 35  # 150 -> 72 -> 35
    for name, count in (("conv32", 3), ("conv64", 3), ("conv128", 2), ("conv256", 2)):
        if name != "conv32":
            x, side = residual_down(graph, x, side, weights, name + "_down")
        for i in range(1, count + 1):
            x = residual(graph, x, weights, "{}_{}".format(name, i))
    x, side = residual_down(graph, x, side, weights, "conv256_down_out")
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])], axis=1)
    descriptor = graph.node("MatMul", [x, graph.constant(weights["fc"])])
    return graph.finish(package, "face-api-descriptor", [("face", [1, 3, 150, 150])],
                        [(descriptor, "descriptor", [1, 128])])


def write_if_changed(path, data):
    """Atomically; returns whether anything was written."""
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return False
    except FileNotFoundError:
        pass
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
    return True


def main(arguments):
    if len(arguments) != 3:
        sys.exit("usage: convert_face_models.py FACE_API_DIR OUT_DIR")
    try:
        package = Package(arguments[1])
        os.makedirs(arguments[2], exist_ok=True)
        for build in (ssd_mobilenetv1, tiny_face_detector, face_landmark_68, face_recognition):
            path = os.path.join(os.path.abspath(arguments[2]), build.__name__ + ".onnx")
            written = write_if_changed(path, build(package).SerializeToString())
            print("{}: {}".format(path, "written" if written else "up to date"))
    except (OSError, KeyError, ValueError) as error:
        sys.exit("convert_face_models.py: {}: not the face-api package this was written for: {}"
                 .format(arguments[1], error))


if __name__ == "__main__":
    main(sys.argv)
