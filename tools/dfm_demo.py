"""The demo model: a DFM by contract that turns the aligned face into a bronze statue.

Nothing is trained. Fixed convolutions take the picture's luma, even out its large-scale light,
raise its relief as if lit from the upper left, and colour the result with a piecewise-linear
bronze ramp. Both masks are one soft egg over the face as DeepFaceLive's alignment places it
(coverage 2.2).
"""

import numpy as np

LUMA_BGR = (0.114, 0.587, 0.299)
# Tone 0..1 to bronze (R, G, B): blackened recesses, brown, copper, gold, a pale glint.
RAMP = (
    (0.00, (0.045, 0.035, 0.032)),
    (0.20, (0.165, 0.100, 0.068)),
    (0.42, (0.460, 0.272, 0.146)),
    (0.62, (0.690, 0.452, 0.244)),
    (0.80, (0.850, 0.665, 0.430)),
    (1.00, (1.000, 0.950, 0.820)),
)
ALPHA = 0.1  # slope of LeakyRelu, as DFM models have it

# Crop coordinates 0..1. A point u of the template's unit square lies at 0.5 + (u - (0.5, 0.42))/2.2:
# brows at y 0.32, corners of the mouth at 0.66, chin near 0.80, temples at x 0.23 and 0.77.
FACE_CENTER = (0.498, 0.548)
FACE_RADII = (0.278, 0.328)
FACE_TAPER = 0.16  # how much narrower the chin's end is, and wider the brow's
FACE_SOFT = 0.08  # width of the edge, in crop sides


def write(writer, size):
    x = writer.to_nchw(writer.input("in_face:0", [size, size, 3]), "transpose")
    luma = _conv(writer, x, "luma", np.array(LUMA_BGR).reshape(1, 3, 1, 1))
    tone = _relief(writer, luma, size)
    face = _bronze(writer, tone)
    mask = _mask(writer, luma, size)
    for value, output, channels in ((mask, "out_face_mask:0", 1), (face, "out_celeb_face:0", 3),
                                    (mask, "out_celeb_face_mask:0", 1)):
        writer.output(output, [size, size, channels])
        writer.to_nhwc(value, "transpose_" + output[:-2], output)


def _conv(writer, x, name, weight, bias=None):
    bias = np.zeros(len(weight)) if bias is None else np.array(bias)
    return writer.conv(x, name, weight.astype(np.float32), bias.astype(np.float32))


def _gaussian(sigma, radius):
    t = np.arange(-radius, radius + 1)
    g = np.exp(-0.5 * (t / sigma) ** 2)
    return g / g.sum()


def _blur(writer, x, name, sigma):
    g = _gaussian(sigma, int(np.ceil(2.5 * sigma)))
    x = _conv(writer, x, name + "_x", g.reshape(1, 1, 1, -1))
    return _conv(writer, x, name + "_y", g.reshape(1, 1, -1, 1))


def _relief(writer, luma, size):
    """Tone = compressed large-scale light + detail + emboss of the smoothed picture."""
    unit = size / 224
    smooth = _blur(writer, luma, "smooth", 1.0 * unit)
    light = _blur(writer, luma, "light", 14.0 * unit)
    g = _gaussian(2.0 * unit, int(np.ceil(5 * unit)))
    slope = np.gradient(g)
    # Derivative of a gaussian along (1, 1): what faces the upper left is lit.
    emboss = _conv(writer, luma, "emboss",
                   (np.outer(g, slope) + np.outer(slope, g))[None, None] * np.sqrt(0.5))
    parts = writer.op("Concat", [smooth, light, emboss], "parts", axis=1)
    mix = np.array([1.75, -1.15, 4.2]).reshape(1, 3, 1, 1)
    return _conv(writer, parts, "tone", mix, [0.11])


def _bronze(writer, tone):
    """Piecewise-linear ramp: leaky hinges at the knots, mixed so that each knot gets its colour."""
    knots = np.array([t for t, _ in RAMP])
    colors = np.array([rgb[::-1] for _, rgb in RAMP])
    starts = knots[:-1]
    x = _conv(writer, tone, "hinges", np.ones((len(starts), 1, 1, 1)), -starts)
    x = writer.leaky_relu(x, "hinges/LeakyRelu", ALPHA)
    at_knots = knots[:, None] - starts[None, :]
    at_knots = np.where(at_knots > 0, at_knots, ALPHA * at_knots)
    system = np.hstack([at_knots, np.ones((len(knots), 1))])
    solution = np.linalg.solve(system, colors)
    x = _conv(writer, x, "ramp", solution[:-1].T[:, :, None, None], solution[-1])
    low = writer.constant("zero", np.array(0, np.float32))
    high = writer.constant("one", np.array(1, np.float32))
    return writer.op("Clip", [x, low, high], "Clip")


def _mask(writer, luma, size):
    """The egg, broadcast over the batch by adding it to an all-zero image of the right size."""
    at = (np.arange(size) + 0.5) / size
    dy = (at[:, None] - FACE_CENTER[1]) / FACE_RADII[1]
    dx = (at[None, :] - FACE_CENTER[0]) / (FACE_RADII[0] * (1 - FACE_TAPER * np.clip(dy, -1, 1)))
    outside = (np.hypot(dx, dy) - 1) * min(FACE_RADII)
    t = np.clip(0.5 - outside / FACE_SOFT, 0, 1)
    egg = (t * t * (3 - 2 * t)).astype(np.float32)
    zero = _conv(writer, luma, "zero_image", np.zeros((1, 1, 1, 1)))
    return writer.op("Add", [zero, writer.constant("egg", egg[None, None])], "mask")
