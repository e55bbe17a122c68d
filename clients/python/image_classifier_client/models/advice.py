from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Advice")


@_attrs_define
class Advice:
    """What would make a better photo.

    Attributes:
        code (str): Stable: `eye_cut_off`, `face_too_small`, `too_dark`, `blurred`, `turned_away`, `tilted` or
            `untypical`;
            later versions may have more.
        value (float): What was measured, for each code in turn: the share of the eye in the picture, pixels between its
            corners, the mean level (0..255), the share of fine detail, degrees, degrees, typicality.
        bound (float): What it should have been.
        message (str): A sentence for the person who takes the photo.
    """

    code: str
    value: float
    bound: float
    message: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        code = self.code

        value = self.value

        bound = self.bound

        message = self.message

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "code": code,
                "value": value,
                "bound": bound,
                "message": message,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        code = d.pop("code")

        value = d.pop("value")

        bound = d.pop("bound")

        message = d.pop("message")

        advice = cls(
            code=code,
            value=value,
            bound=bound,
            message=message,
        )

        advice.additional_properties = d
        return advice

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
