"""The type of NumPy's arrays, without what only type checkers read of it: that takes 12 ms of a start."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray
else:
    from numpy import ndarray as NDArray  # noqa: N812

__all__ = ["NDArray"]
