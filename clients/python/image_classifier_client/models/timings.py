from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Timings")


@_attrs_define
class Timings:
    """Milliseconds per stage.

    Attributes:
        decode (float):
        inference (float):
        total (float): All of them together: the work on this image, without waiting. Images that are classified
            together have
            equal parts of their inference.
        locate (float | Unset):  Default: 0.0.
    """

    decode: float
    inference: float
    total: float
    locate: float | Unset = 0.0
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        decode = self.decode

        inference = self.inference

        total = self.total

        locate = self.locate

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
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

        timings.additional_properties = d
        return timings

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
