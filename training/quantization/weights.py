"""int8 weights that give the same sums on any CPU.

A CPU without VNNI multiplies uint8 activations by int8 weights in pairs of neighbours and adds each pair in
16 bits, saturating (`vpmaddubsw`): 255 * 127 + 255 * 127 does not fit, and the answer silently differs from
that of a newer CPU. The usual remedy, 7 bits for all weights, doubles the rounding error. Here a channel's
scale grows only as far as its own largest pair of neighbours asks for, which on VGG16 is 1.2 to 1.9 times.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]

LEVELS: Final = 127
PAIR_LIMIT: Final = 128
"""Largest sum of two neighbouring weights of one sign: 255 * 128 = 32,640 fits 16 bits."""


def output_rows(weights: Weights, axis: int) -> Weights:
    """The weights with the output channels first: `[outputs, ...]`."""
    return np.moveaxis(weights, axis, 0)


def safe_scales(rows: Weights) -> Weights:
    """Scale of each output channel `[outputs]` for int8 weights `[outputs, ...]`.

    The rounded weights stay within -127..127, and two neighbours of one sign within 128 together, in the
    order of the file (`[inputs, height, width]`) and in that of the kernels (`[height, width, inputs]`).
    """
    flat = rows.reshape(len(rows), -1)
    needed = np.abs(flat).max(axis=1)
    for order in (flat, np.moveaxis(rows, 1, -1).reshape(len(rows), -1) if rows.ndim > 2 else flat):
        for part in (np.maximum(order, 0), np.maximum(-order, 0)):
            if part.shape[1] > 1:
                needed = np.maximum(needed, (part[:, 1:] + part[:, :-1]).max(axis=1))
    # Rounding adds at most half a level to each of the two: 127 of real weights stay under 128 of levels.
    return np.where(needed > 0, needed / LEVELS, 1).astype(np.float32)


def rounded(rows: Weights, scales: Weights) -> Weights:
    """The weights as int8 levels of their scale stand for them."""
    shaped = scales.reshape(-1, *[1] * (rows.ndim - 1))
    levels = np.clip(np.rint(rows / shaped), -LEVELS, LEVELS)
    values: Weights = (levels * shaped).astype(np.float32)
    return values


def bias_shift(rows: Weights, scales: Weights, means: Weights) -> Weights:
    """What rounding takes from each output on average `[outputs]`, to be added to the bias.

    `means` `[inputs]` are the mean activations of the input channels (Nagel et al., "Data-Free Quantization
    Through Weight Equalization and Bias Correction", ICCV 2019, with measured means).
    """
    lost = (rows - rounded(rows, scales)).reshape(*rows.shape[:2], -1).sum(axis=2)
    shift: Weights = (lost @ means).astype(np.float32)
    return shift
