from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Timings")


@_attrs_define
class Timings:
    """Milliseconds per stage.

    Attributes:
        decode (float):
        locate (float):  Default: 0.0.
        inference (float):
        total (float): All of them together: the work on this image, without waiting. Images that are classified
            together have
            equal parts of their inference.
    """

    decode: float
    inference: float
    total: float
    locate: float = 0.0
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        decode = self.decode

        locate = self.locate

        inference = self.inference

        total = self.total

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "decode": decode,
                "locate": locate,
                "inference": inference,
                "total": total,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        decode = d.pop("decode")

        locate = d.pop("locate")

        inference = d.pop("inference")

        total = d.pop("total")

        timings = cls(
            decode=decode,
            locate=locate,
            inference=inference,
            total=total,
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
