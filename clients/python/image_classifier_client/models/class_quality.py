from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.estimate import Estimate


T = TypeVar("T", bound="ClassQuality")


@_attrs_define
class ClassQuality:
    """One class: the share of its answers that is right (precision), of its photos found (recall).

    Attributes:
        photos (int):
        precision (Estimate): A number with its 95 % interval over people; null where it is not defined.
        recall (Estimate): A number with its 95 % interval over people; null where it is not defined.
        f1 (Estimate): A number with its 95 % interval over people; null where it is not defined.
    """

    photos: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        photos = self.photos

        precision = self.precision.to_dict()

        recall = self.recall.to_dict()

        f1 = self.f1.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "photos": photos,
                "precision": precision,
                "recall": recall,
                "f1": f1,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.estimate import Estimate  # noqa: PLC0415

        d = dict(src_dict)
        photos = d.pop("photos")

        precision = Estimate.from_dict(d.pop("precision"))

        recall = Estimate.from_dict(d.pop("recall"))

        f1 = Estimate.from_dict(d.pop("f1"))

        class_quality = cls(
            photos=photos,
            precision=precision,
            recall=recall,
            f1=f1,
        )

        class_quality.additional_properties = d
        return class_quality

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
