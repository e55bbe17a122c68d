from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.estimate import Estimate
    from ..models.quality_classes import QualityClasses


T = TypeVar("T", bound="Quality")


@_attrs_define
class Quality:
    """How good a model is on people it did not learn from; the model card's numbers.

    Attributes:
        photos (int):
        people (int):
        accuracy (Estimate): A number with its 95 % interval over people; null where it is not defined.
        balanced_accuracy (Estimate): A number with its 95 % interval over people; null where it is not defined.
        calibration_error (Estimate): A number with its 95 % interval over people; null where it is not defined.
        coverage (float | None): Share of the photos that get a certain answer.
        accuracy_when_certain (float | None):
        classes (QualityClasses): By the label's id.
    """

    photos: int
    people: int
    accuracy: Estimate
    balanced_accuracy: Estimate
    calibration_error: Estimate
    coverage: float | None
    accuracy_when_certain: float | None
    classes: QualityClasses
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        photos = self.photos

        people = self.people

        accuracy = self.accuracy.to_dict()

        balanced_accuracy = self.balanced_accuracy.to_dict()

        calibration_error = self.calibration_error.to_dict()

        coverage: float | None
        coverage = self.coverage

        accuracy_when_certain: float | None
        accuracy_when_certain = self.accuracy_when_certain

        classes = self.classes.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "photos": photos,
                "people": people,
                "accuracy": accuracy,
                "balanced_accuracy": balanced_accuracy,
                "calibration_error": calibration_error,
                "coverage": coverage,
                "accuracy_when_certain": accuracy_when_certain,
                "classes": classes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.estimate import Estimate  # noqa: PLC0415
        from ..models.quality_classes import QualityClasses  # noqa: PLC0415

        d = dict(src_dict)
        photos = d.pop("photos")

        people = d.pop("people")

        accuracy = Estimate.from_dict(d.pop("accuracy"))

        balanced_accuracy = Estimate.from_dict(d.pop("balanced_accuracy"))

        calibration_error = Estimate.from_dict(d.pop("calibration_error"))

        def _parse_coverage(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        coverage = _parse_coverage(d.pop("coverage"))

        def _parse_accuracy_when_certain(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        accuracy_when_certain = _parse_accuracy_when_certain(d.pop("accuracy_when_certain"))

        classes = QualityClasses.from_dict(d.pop("classes"))

        quality = cls(
            photos=photos,
            people=people,
            accuracy=accuracy,
            balanced_accuracy=balanced_accuracy,
            calibration_error=calibration_error,
            coverage=coverage,
            accuracy_when_certain=accuracy_when_certain,
            classes=classes,
        )

        quality.additional_properties = d
        return quality

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
