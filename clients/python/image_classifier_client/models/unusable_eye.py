from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.unusable_eye_region import UnusableEyeRegion

if TYPE_CHECKING:
    from ..models.box import Box


T = TypeVar("T", bound="UnusableEye")


@_attrs_define
class UnusableEye:
    """An eye that was found but cannot be classified.

    Attributes:
        region (UnusableEyeRegion):
        face (int):
        box (Box): A square region in pixels of the upright photo; it may reach over the photo's border.
        code (str): `eye_closed` or `eye_hidden`.
        detail (str):
    """

    region: UnusableEyeRegion
    face: int
    box: Box
    code: str
    detail: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        region = self.region.value

        face = self.face

        box = self.box.to_dict()

        code = self.code

        detail = self.detail

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "region": region,
                "face": face,
                "box": box,
                "code": code,
                "detail": detail,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.box import Box  # noqa: PLC0415

        d = dict(src_dict)
        region = UnusableEyeRegion(d.pop("region"))

        face = d.pop("face")

        box = Box.from_dict(d.pop("box"))

        code = d.pop("code")

        detail = d.pop("detail")

        unusable_eye = cls(
            region=region,
            face=face,
            box=box,
            code=code,
            detail=detail,
        )

        unusable_eye.additional_properties = d
        return unusable_eye

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
