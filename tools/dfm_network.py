"""DeepFaceLab's networks as DFM graphs, with seeded random weights.

Which layers there are follows DeepFaceLab's core/leras/archis/DeepFakeArchi.py (df and liae),
models/Model_SAEHD/Model.py and models/Model_AMP/Model.py (what their exports run and in which order
the outputs stand). Weights are scaled by fan-in, so activations keep a variance near one and
outputs use the middle of the sigmoid.
"""

import dataclasses

import numpy as np
from onnx import TensorProto

import amp_morph


@dataclasses.dataclass(frozen=True)
class Network:
    """One model. Options (SAEHD): u pixel norm, d output of twice the size, t deeper, c x·cos x."""
    archi: str  # "df", "liae" or "amp"
    size: int = 224
    options: str = ""
    e_dims: int = 64
    ae_dims: int = 256
    inter_dims: int = 0  # amp: channels of an inter code
    d_dims: int = 64
    d_mask_dims: int = 22
    gain: float = 1.0  # of every convolution's weights, against what keeps values as large as they were
    fp16: bool = False  # convolutions in half precision between Casts, dense layers in f32
    rounded: bool = False  # the same weights as with fp16, all in f32
    depth_to_space: bool = False  # the operator, as exported on a GPU, or Reshape-Transpose-Reshape


def write(writer, network):
    shape = [network.size, network.size, 3]
    x = writer.to_nchw(writer.input("in_face:0", shape), "transpose")
    builders = {"df": _write_df, "liae": _write_liae, "amp": _write_amp}
    face, celeb_mask, source_mask = builders[network.archi](_Layers(writer, network), x)
    for value, output, channels in ((source_mask, "out_face_mask:0", 1),
                                    (face, "out_celeb_face:0", 3),
                                    (celeb_mask, "out_celeb_face_mask:0", 1)):
        writer.output(output, [network.size, network.size, channels])
        writer.to_nhwc(value, "transpose_" + output[:-2], output)


def _write_df(net, x):
    code = net.inter("inter", net.encoder(x), net.n.ae_dims)
    channels = net.n.ae_dims
    face = net.decode_face(code, channels, "decoder_src")
    celeb_mask = net.decode_mask(code, channels, "decoder_src/mask", "decoder_src")
    return face, celeb_mask, net.decode_mask(code, channels, "decoder_dst/mask", "decoder_dst")


def _write_liae(net, x):
    code = net.encoder(x)
    channels = net.n.ae_dims * 2
    inter_b = net.inter("inter_B", code, channels)
    inter_ab = net.inter("inter_AB", code, channels)
    own = net.w.op("Concat", [inter_b, inter_ab], "concat", axis=1)
    celeb = net.w.op("Concat", [inter_ab, inter_ab], "concat_1", axis=1)
    face = net.decode_face(celeb, channels * 2)
    celeb_mask = net.decode_mask(celeb, channels * 2, "decoder/celeb_mask")
    return face, celeb_mask, net.decode_mask(own, channels * 2, "decoder/source_mask")


def _write_amp(net, x):
    morph = net.w.input("morph_value:0", [1], batched=False)
    code = net.encoder(x)
    source, target = (net.inter_amp(name, code) for name in ("inter_src", "inter_dst"))
    channels = net.n.inter_dims
    celeb = amp_morph.mix(net.w, morph, source, target, channels, net.n.size // 32)
    celeb, own = net.half_in(celeb, "decoder"), net.half_in(target, "decoder_1")
    face = net.decode_face(celeb, channels)
    celeb_mask = net.decode_mask(celeb, channels, "decoder/celeb_mask")
    return face, celeb_mask, net.decode_mask(own, channels, "decoder/source_mask")


class _Layers:
    """The parts of one network, written by `w`; asking for a layer twice shares its weights."""

    def __init__(self, writer, network):
        self.w, self.n = writer, network
        self.is_amp = network.archi == "amp"
        self.is_deep = self.is_amp or "t" in network.options
        self.doubles = self.is_amp or "d" in network.options
        self.lowest = network.size // (32 if self.doubles else 16)  # side of the dense output
        self.conv_dtype = np.float16 if network.fp16 else np.float32
        self.weights = {}

    # ---- precision ----

    def half_in(self, x, scope):
        return self.w.cast(x, scope + "/Cast", TensorProto.FLOAT16) if self.n.fp16 else x

    def half_out(self, x, scope):
        return self.w.cast(x, scope + "/Cast_1", TensorProto.FLOAT) if self.n.fp16 else x

    # ---- layers ----

    def normal(self, shape, std):
        return self.w.rng.standard_normal(shape, np.float32) * np.float32(std)

    def conv_values(self, values):
        return (values.astype(np.float16) if self.n.rounded else values).astype(self.conv_dtype)

    def conv(self, x, name, c_in, c_out, k, stride=1, gain=2.0, scope=None):
        """`gain` suits LeakyReLU, which halves the mean square. x·cos x is the identity for small x
        and wild for large ones: a random network with larger weights multiplies every rounding."""
        gain *= self.n.gain / 2 if "c" in self.n.options else self.n.gain
        key = (name, c_in, c_out, k)
        if key not in self.weights:
            std = np.sqrt(gain / (c_in * k * k))
            self.weights[key] = (self.conv_values(self.normal((c_out, c_in, k, k), std)),
                                 self.conv_values(self.normal(c_out, 0.05)))
        return self.w.conv(x, name, *self.weights[key], stride=stride, scope=scope)

    def activation(self, x, scope, alpha, suffix=""):
        if "c" not in self.n.options:
            return self.w.leaky_relu(x, f"{scope}/LeakyRelu{suffix}", alpha)
        cosine = self.w.op("Cos", [x], f"{scope}/Cos{suffix}")
        return self.w.op("Mul", [x, cosine], f"{scope}/mul{suffix}")

    def downscale(self, x, name, c_in, c_out, gain=2.0):
        x = self.conv(x, name + "/conv1", c_in, c_out, 5, stride=2, gain=gain)
        return self.activation(x, name, 0.1)

    def upscale(self, x, name, c_in, c_out, side, scope=None):
        scope = scope or name
        x = self.conv(x, name + "/conv1", c_in, c_out * 4, 3, scope=scope + "/conv1")
        return self.depth_to_space(self.activation(x, scope, 0.1), scope, c_out, side)

    def depth_to_space(self, x, scope, c_out, side):
        if self.n.depth_to_space:
            return self.w.op("DepthToSpace", [x], scope + "/DepthToSpace", blocksize=2, mode="DCR")
        x = self.w.reshape(x, scope + "/Reshape", [-1, 2, 2, c_out, side, side])
        x = self.w.op("Transpose", [x], scope + "/transpose", perm=[0, 3, 4, 1, 5, 2])
        return self.w.reshape(x, scope + "/Reshape_1", [-1, c_out, side * 2, side * 2])

    def residual(self, x, name, channels):
        y = self.conv(x, name + "/conv1", channels, channels, 3)
        y = self.activation(y, name, 0.2)
        y = self.conv(y, name + "/conv2", channels, channels, 3, gain=0.5)
        return self.activation(self.w.op("Add", [x, y], name + "/add"), name, 0.2, "_1")

    def dense(self, x, name, n_in, n_out):
        weight = self.w.constant(name + "/weight",
                                 self.normal((n_in, n_out), np.sqrt(1 / n_in)))
        bias = self.w.constant(name + "/bias", self.normal((1, n_out), 0.05))
        return self.w.op("Add", [self.w.op("MatMul", [x, weight], name + "/MatMul"), bias],
                         name + "/Add")

    def pixel_norm(self, x):
        """Option u: x / sqrt(mean(x²) + 1e-6)."""
        dtype = np.float32 if self.is_amp else self.conv_dtype
        square = self.w.op("Mul", [x, x], "encoder/Square")
        mean = self.w.op("ReduceMean", [square], "encoder/Mean", axes=[-1], keepdims=1)
        epsilon = self.w.constant("encoder/epsilon", np.array(1e-6, dtype))
        total = self.w.op("Add", [mean, epsilon], "encoder/add")
        root = self.w.op("Sqrt", [total], "encoder/Rsqrt__sqrt")
        return self.w.op("Mul", [x, self.w.op("Reciprocal", [root], "encoder/Rsqrt")],
                         "encoder/mul")

    # ---- parts ----

    def encoder(self, x):
        """The flat code, normalised by pixel with option u; of AMP, behind its dense layer."""
        x = self.half_in(x, "encoder")
        x, channels = self.encoder_deep(x) if self.is_deep else self.encoder_plain(x)
        self.n_code = channels * (self.n.size // (32 if self.is_deep else 16)) ** 2
        if self.is_amp:
            x = self.half_out(x, "encoder")
        x = self.w.reshape(x, "encoder/Reshape", [-1, self.n_code])
        if self.is_amp or "u" in self.n.options:
            x = self.pixel_norm(x)
        if self.is_amp:
            return self.dense(x, "encoder/dense1", self.n_code, self.n.ae_dims)
        return self.half_out(x, "encoder")

    def encoder_plain(self, x):
        channels = 3
        for i in range(4):
            c_out = self.n.e_dims * min(2**i, 8)
            # The first layer sees pixels in 0..1, whose mean square is about a third.
            x = self.downscale(x, f"encoder/down1/downs_{i}", channels, c_out,
                               gain=6.0 if i == 0 else 2.0)
            channels = c_out
        return x, channels

    def encoder_deep(self, x):
        channels = 3
        for i, factor in enumerate((1, 2, 4, 8, 8)):
            c_out = self.n.e_dims * factor
            x = self.downscale(x, f"encoder/down{i + 1}", channels, c_out,
                               gain=6.0 if i == 0 else 2.0)
            if i in (0, 4):
                x = self.residual(x, f"encoder/res{i + 1}", c_out)
            channels = c_out
        return x, channels

    def inter(self, name, code, channels):
        side = self.lowest
        x = self.dense(code, name + "/dense1", self.n_code, self.n.ae_dims)
        x = self.dense(x, name + "/dense2", self.n.ae_dims, side * side * channels)
        x = self.w.reshape(x, name + "/Reshape", [-1, channels, side, side])
        x = self.half_in(x, name)
        return x if self.is_deep else self.upscale(x, name + "/upscale1", channels, channels, side)

    def inter_amp(self, name, code):
        side, channels = self.lowest, self.n.inter_dims
        x = self.dense(code, name + "/dense2", self.n.ae_dims, side * side * channels)
        return self.w.reshape(x, name + "/Reshape", [-1, channels, side, side])

    def decoder_side(self):
        return self.lowest * (1 if self.is_deep else 2)

    def factors(self):
        """Channels of the decoder's upscales, in d_dims."""
        return (8, 8, 4, 2) if self.is_deep else (8, 4, 2)

    def decode_face(self, z, channels, scope="decoder"):
        x, side = z, self.decoder_side()
        for i, factor in enumerate(self.factors()):
            c_out = self.n.d_dims * factor
            x = self.upscale(x, f"{scope}/upscale{i}", channels, c_out, side)
            x = self.residual(x, f"{scope}/res{i}", c_out)
            channels, side = c_out, side * 2
        # Doubling: four convolutions are the four phases of an output twice as large.
        kernels = (("", 1), ("1", 3), ("2", 3), ("3", 3)) if self.doubles else (("", 1),)
        phases = [self.conv(x, f"{scope}/out_conv{suffix}", channels, 3, k, gain=0.2)
                  for suffix, k in kernels]
        x = phases[0]
        if self.doubles:
            x = self.w.op("Concat", phases, scope + "/concat", axis=1)
            x = self.depth_to_space(x, scope, 3, side)
        return self.half_out(self.w.op("Sigmoid", [x], scope + "/Sigmoid"), scope)

    def decode_mask(self, z, channels, scope, weights="decoder"):
        x, side = z, self.decoder_side()
        for i, factor in enumerate(self.factors() + ((1,) if self.doubles else ())):
            c_out, name = self.n.d_mask_dims * factor, f"upscalem{i}"
            x = self.upscale(x, f"{weights}/{name}", channels, c_out, side, f"{scope}/{name}")
            channels, side = c_out, side * 2
        x = self.conv(x, weights + "/out_convm", channels, 1, 1, gain=1.0,
                      scope=scope + "/out_convm")
        return self.half_out(self.w.op("Sigmoid", [x], scope + "/Sigmoid"), scope)
