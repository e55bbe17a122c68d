from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="CropInfo")


@_attrs_define
class CropInfo:
    """The square around an eye that the model looks at; see the model card.

    Attributes:
        scale (float):
        centre (float):
    """

    scale: float
    centre: float

    def to_dict(self) -> dict[str, Any]:
        scale = self.scale

        centre = self.centre

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "scale": scale,
                "centre": centre,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        scale = d.pop("scale")

        centre = d.pop("centre")

        crop_info = cls(
            scale=scale,
            centre=centre,
        )

        return crop_info
