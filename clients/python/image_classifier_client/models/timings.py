from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Timings")


@_attrs_define
class Timings:
    """Milliseconds per stage.

    Attributes:
        decode (float):
        inference (float):
        total (float): From the first byte of work on this image to its answer, waiting excluded.
        locate (float | Unset):  Default: 0.0.
    """

    decode: float
    inference: float
    total: float
    locate: float | Unset = 0.0

    def to_dict(self) -> dict[str, Any]:
        decode = self.decode

        inference = self.inference

        total = self.total

        locate = self.locate

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "decode": decode,
                "inference": inference,
                "total": total,
            }
        )
        if locate is not UNSET:
            field_dict["locate"] = locate

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        decode = d.pop("decode")

        inference = d.pop("inference")

        total = d.pop("total")

        locate = d.pop("locate", UNSET)

        timings = cls(
            decode=decode,
            inference=inference,
            total=total,
            locate=locate,
        )

        return timings
