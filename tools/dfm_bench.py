"""A DFM of a public model's exact layer shapes with seeded random weights: for timing only.

The network is SAEHD, architecture liae-ud, with e_dims 64, ae_dims 256, d_dims 64, d_mask_dims 22,
as its export writes it: one encoder, two inters (each gives ae_dims*2 channels), one decoder run on
AB+AB (celeb face and its mask) and on B+AB (source mask alone). An export runs with DeepFaceLab's
CPU configuration, where depth_to_space is spelled Reshape, Transpose, Reshape.
At 224 that makes 503 MB of f32 weights and 61 GFLOP a face.
"""

import dfm_network


def write(writer, size):
    dfm_network.write(writer, dfm_network.Network("liae", size, "ud"))
