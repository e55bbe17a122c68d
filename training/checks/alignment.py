"""Lay one small picture over another: turned, scaled and shifted, whatever their brightness and contrast.

Inverse-compositional image alignment (Baker and Matthews, "Lucas-Kanade 20 Years On", IJCV 2004) on
normalised grey values, for many pairs at once. A similarity transform is one complex line `w(z) = turn z +
shift`, with `z = x + i y` in units of half the picture and the origin in its middle.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.float32]
"""Grey values `[N, S, S]`."""
Complex = NDArray[np.complex64]
"""One number per pair, `[N]`."""

STEPS: Final = 6
FARTHEST: Final = 0.4
"""Steps that would turn, scale or shift by more than this are not taken."""
DAMPING: Final = 3.0
"""Keeps the step small where a picture has no structure; for 32 x 32 pixels of unit variance."""
PROMISING: Final = 0.9
"""Likeness at half the resolution below which a pair is not looked at again."""
CLIPPED: Final = 0.985
"""Share of a picture's brightest value above which its pixels may be overexposed and say nothing."""


def likeness(first: Pictures, second: Pictures) -> NDArray[np.float32]:
    """Correlation of each aligned pair, `[N]`, -1..1; 0 where the pair does not overlap by more than half."""
    turn, shift = np.ones(len(first), np.complex64), np.zeros(len(first), np.complex64)
    coarse_first, coarse_second = _halved(first), _halved(second)
    turn, shift = _align(coarse_first, coarse_second, turn, shift)
    rough = _correlation(coarse_first, coarse_second, turn, shift, blur=0.5)
    kept = np.flatnonzero(rough > PROMISING)
    result = np.zeros(len(first), np.float32)
    if len(kept):
        a, b = first[kept], second[kept]
        turn, shift = _align(a, b, turn[kept], shift[kept])
        result[kept] = _correlation(a, b, turn, shift, blur=0.7)
    return result


def _halved(pictures: Pictures) -> Pictures:
    count, side, _ = pictures.shape
    halved: Pictures = pictures.reshape(count, side // 2, 2, side // 2, 2).mean(axis=(2, 4))
    return halved


def _align(first: Pictures, second: Pictures, turn: Complex, shift: Complex) -> tuple[Complex, Complex]:
    """Better transforms from `first` to `second`, by Gauss-Newton steps on the slightly blurred pictures."""
    target = _normalised(_flat(_blurred(first, 1.0)))
    moving = _blurred(second, 1.0)
    slopes = _steepest_descent(target.reshape(first.shape))
    damping = DAMPING * target.shape[1] / 1024 * np.eye(4, dtype=np.float32)
    inverse = np.linalg.inv(np.einsum("npk,npl->nkl", slopes, slopes) + damping)
    for _ in range(STEPS):
        moved, inside = _warp(moving, turn, shift)
        error = _normalised(moved, inside) - _normalised(target, inside)
        step = np.einsum("nkl,nl->nk", inverse, np.einsum("npk,np->nk", slopes, error))
        better_turn = turn / (1 + step[:, 0] + 1j * step[:, 1])
        better_shift = shift - better_turn * (step[:, 2] + 1j * step[:, 3])
        near = (abs(better_turn - 1) < FARTHEST) & (abs(better_shift) < FARTHEST)
        turn = np.where(near, better_turn, turn).astype(np.complex64)
        shift = np.where(near, better_shift, shift).astype(np.complex64)
    return turn, shift


def _steepest_descent(target: Pictures) -> NDArray[np.float32]:
    """How each pixel changes as the picture scales, turns and shifts: `[N, P, 4]`."""
    side = target.shape[1]
    points = _points(side)
    down, right = (_flat(np.asarray(slope)) * ((side - 1) / 2) for slope in np.gradient(target, axis=(1, 2)))
    x, y = points.real, points.imag
    return np.stack([right * x + down * y, down * x - right * y, right, down], axis=2)


def _correlation(
    first: Pictures, second: Pictures, turn: Complex, shift: Complex, blur: float
) -> NDArray[np.float32]:
    still = _flat(_blurred(first, blur))
    moved, inside = _warp(_blurred(second, blur), turn, shift)
    inside &= still < CLIPPED * still.max(axis=1, keepdims=True)
    inside &= moved < CLIPPED * moved.max(axis=1, keepdims=True)
    share = inside.mean(axis=1)
    product = _normalised(still, inside) * _normalised(moved, inside)
    return np.where(share > 0.5, product.mean(axis=1) / np.maximum(share, 1e-6), 0).astype(np.float32)


def _warp(pictures: Pictures, turn: Complex, shift: Complex) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Bilinear samples `[N, P]` of the transformed pictures, and which of them lie inside."""
    side = pictures.shape[1]
    centre = (side - 1) / 2
    target = turn[:, None] * _points(side) + shift[:, None]
    x, y = target.real * centre + centre, target.imag * centre + centre
    inside = (x >= 0) & (x <= side - 1) & (y >= 0) & (y <= side - 1)
    x, y = np.clip(x, 0, side - 1.001), np.clip(y, 0, side - 1.001)
    column, row = x.astype(np.int32), y.astype(np.int32)
    across, down = x - column, y - row
    flat, corner = _flat(pictures), row * side + column

    def at(offset: int) -> NDArray[np.float32]:
        return np.take_along_axis(flat, corner + offset, axis=1)

    upper = at(0) + (at(1) - at(0)) * across
    lower = at(side) + (at(side + 1) - at(side)) * across
    return (upper + (lower - upper) * down).astype(np.float32), inside


def _points(side: int) -> Complex:
    """The pixels of a picture as complex numbers, -1..1."""
    y, x = np.mgrid[0:side, 0:side]
    centre = (side - 1) / 2
    points: Complex = ((x - centre + 1j * (y - centre)) / centre).ravel().astype(np.complex64)
    return points


def _normalised(values: NDArray[np.float32], inside: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Mean 0 and variance 1 over the pixels inside, which are all by default; 0 outside."""
    mask = np.ones(values.shape, np.float32) if inside is None else inside.astype(np.float32)
    count = mask.sum(axis=1, keepdims=True) + 1e-6
    centred = (values - (values * mask).sum(axis=1, keepdims=True) / count) * mask
    deviation = np.sqrt((centred * centred).sum(axis=1, keepdims=True) / count) + 1e-3
    result: NDArray[np.float32] = centred / deviation
    return result


def _blurred(pictures: Pictures, sigma: float) -> Pictures:
    from scipy.ndimage import gaussian_filter  # here, as it takes long

    result: Pictures = gaussian_filter(pictures, (0, sigma, sigma))
    return result


def _flat(pictures: Pictures) -> NDArray[np.float32]:
    return pictures.reshape(len(pictures), -1)
