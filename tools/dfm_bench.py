"""A DFM of a public model's exact layer shapes with seeded random weights: for timing only.

The network is DeepFaceLab's SAEHD, architecture liae-ud (core/leras/archis/DeepFakeArchi.py and
models/Model_SAEHD/Model.py say which layers there are), with e_dims 64, ae_dims 256, d_dims 64,
d_mask_dims 22, as its export writes it: one encoder, two inters (each gives ae_dims*2 channels), one
decoder run on AB+AB (celeb face and its mask) and on B+AB (source mask alone). An export runs with
DeepFaceLab's CPU configuration, where depth_to_space is spelled Reshape, Transpose, Reshape.
At 224 that makes 503 MB of f32 weights and 61 GFLOP a face.

Weights are scaled by fan-in, so activations keep a variance near one and outputs use the
middle of the sigmoid.
"""

import numpy as np

E_DIMS, AE_DIMS, D_DIMS, D_MASK_DIMS = 64, 256, 64, 22
N_DOWNSCALES = 4
INTER_CHANNELS = AE_DIMS * 2  # liae; a df inter gives AE_DIMS
LOWEST_STRIDE = 32  # of the dense layers' output, with option d


def write(writer, size):
    x = writer.to_nchw(writer.input("in_face:0", [size, size, 3]), "transpose")
    z, z_channels = _encoder(writer, x, size)
    inter_b = _inter(writer, "inter_B", z, z_channels, size)
    inter_ab = _inter(writer, "inter_AB", z, z_channels, size)
    own = writer.op("Concat", [inter_b, inter_ab], "concat", axis=1)
    celeb = writer.op("Concat", [inter_ab, inter_ab], "concat_1", axis=1)

    face = _decode_face(writer, celeb)
    celeb_mask = _decode_mask(writer, celeb, "decoder/celeb_mask")
    source_mask = _decode_mask(writer, own, "decoder/source_mask")

    for value, output, channels in ((source_mask, "out_face_mask:0", 1),
                                    (face, "out_celeb_face:0", 3),
                                    (celeb_mask, "out_celeb_face_mask:0", 1)):
        writer.output(output, [size, size, channels])
        writer.to_nhwc(value, "transpose_" + output[:-2], output)


def _normal(writer, shape, std):
    return writer.rng.standard_normal(shape, np.float32) * np.float32(std)


def _conv(writer, x, name, c_in, c_out, k, stride=1, gain=2.0, scope=None):
    """Random convolution; the same name gives the same weights."""
    key = (name, c_in, c_out, k)
    weights = writer.__dict__.setdefault("weights", {})
    if key not in weights:
        std = np.sqrt(gain / (c_in * k * k))
        weights[key] = (_normal(writer, (c_out, c_in, k, k), std), _normal(writer, c_out, 0.05))
    return writer.conv(x, name, *weights[key], stride=stride, scope=scope)


def _encoder(writer, x, size):
    channels = 3
    for i in range(N_DOWNSCALES):
        name, c_out = f"encoder/down1/downs_{i}", E_DIMS * min(2**i, 8)
        # The first layer sees pixels in 0..1, whose mean square is about a third.
        x = _conv(writer, x, name + "/conv1", channels, c_out, 5, stride=2,
                  gain=6.0 if i == 0 else 2.0)
        x = writer.leaky_relu(x, name + "/LeakyRelu", 0.1)
        channels = c_out
    n = channels * (size // 2**N_DOWNSCALES) ** 2
    x = writer.reshape(x, "encoder/Reshape", [-1, n])
    return _pixel_norm(writer, x), n


def _pixel_norm(writer, x):
    """Option u: x / sqrt(mean(x^2) + 1e-6)."""
    square = writer.op("Mul", [x, x], "encoder/Square")
    mean = writer.op("ReduceMean", [square], "encoder/Mean", axes=[-1], keepdims=1)
    epsilon = writer.constant("encoder/epsilon", np.array(1e-6, np.float32))
    total = writer.op("Add", [mean, epsilon], "encoder/add")
    root = writer.op("Sqrt", [total], "encoder/Rsqrt__sqrt")
    return writer.op("Mul", [x, writer.op("Reciprocal", [root], "encoder/Rsqrt")], "encoder/mul")


def _dense(writer, x, name, n_in, n_out):
    weight = writer.constant(name + "/weight", _normal(writer, (n_in, n_out), np.sqrt(1 / n_in)))
    bias = writer.constant(name + "/bias", _normal(writer, (1, n_out), 0.05))
    return writer.op("Add", [writer.op("MatMul", [x, weight], name + "/MatMul"), bias],
                     name + "/Add")


def _inter(writer, name, z, n_in, size):
    side, channels = size // LOWEST_STRIDE, INTER_CHANNELS
    x = _dense(writer, z, name + "/dense1", n_in, AE_DIMS)
    x = _dense(writer, x, name + "/dense2", AE_DIMS, side * side * channels)
    x = writer.reshape(x, name + "/Reshape", [-1, channels, side, side])
    return _upscale(writer, x, name + "/upscale1", channels, channels, side)


def _depth_to_space(writer, x, scope, c_out, side):
    x = writer.reshape(x, scope + "/Reshape", [-1, 2, 2, c_out, side, side])
    x = writer.op("Transpose", [x], scope + "/transpose", perm=[0, 3, 4, 1, 5, 2])
    return writer.reshape(x, scope + "/Reshape_1", [-1, c_out, side * 2, side * 2])


def _upscale(writer, x, name, c_in, c_out, side, scope=None):
    scope = scope or name
    x = _conv(writer, x, name + "/conv1", c_in, c_out * 4, 3, scope=scope + "/conv1")
    x = writer.leaky_relu(x, scope + "/LeakyRelu", 0.1)
    return _depth_to_space(writer, x, scope, c_out, side)


def _residual(writer, x, name, channels):
    y = _conv(writer, x, name + "/conv1", channels, channels, 3)
    y = writer.leaky_relu(y, name + "/LeakyRelu", 0.2)
    y = _conv(writer, y, name + "/conv2", channels, channels, 3, gain=0.5)
    return writer.leaky_relu(writer.op("Add", [x, y], name + "/add"), name + "/LeakyRelu_1", 0.2)


def _decoder_side(writer):
    """Side of the decoder's input."""
    size = writer.inputs[0].type.tensor_type.shape.dim[1].dim_value
    return size // LOWEST_STRIDE * 2


def _decode_face(writer, z):
    x, channels, side = z, INTER_CHANNELS * 2, _decoder_side(writer)
    for i, factor in enumerate((8, 4, 2)):
        c_out = D_DIMS * factor
        x = _upscale(writer, x, f"decoder/upscale{i}", channels, c_out, side)
        x = _residual(writer, x, f"decoder/res{i}", c_out)
        channels, side = c_out, side * 2
    # Option d: four convolutions are the four phases of an output twice as large.
    phases = [_conv(writer, x, "decoder/out_conv" + suffix, channels, 3, k, gain=0.2)
              for suffix, k in (("", 1), ("1", 3), ("2", 3), ("3", 3))]
    x = writer.op("Concat", phases, "decoder/concat", axis=1)
    x = _depth_to_space(writer, x, "decoder", 3, side)
    return writer.op("Sigmoid", [x], "decoder/Sigmoid")


def _decode_mask(writer, z, scope):
    x, channels, side = z, INTER_CHANNELS * 2, _decoder_side(writer)
    for i, factor in enumerate((8, 4, 2, 1)):
        c_out, name = D_MASK_DIMS * factor, f"upscalem{i}"
        x = _upscale(writer, x, "decoder/" + name, channels, c_out, side, f"{scope}/{name}")
        channels, side = c_out, side * 2
    x = _conv(writer, x, "decoder/out_convm", channels, 1, 1, gain=1.0, scope=scope + "/out_convm")
    return writer.op("Sigmoid", [x], scope + "/Sigmoid")
