from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.classification import Classification
    from ..models.image_size import ImageSize
    from ..models.model_reference import ModelReference
    from ..models.person import Person
    from ..models.timings import Timings
    from ..models.unusable_eye import UnusableEye


T = TypeVar("T", bound="Answer")


@_attrs_define
class Answer:
    """The answer about one photo.

    Attributes:
        model (ModelReference): Which model answered.
        image (ImageSize): Size of the upright photo in pixels.
        results (list[Classification]):
        request_id (str):
        milliseconds (Timings): Milliseconds per stage.
        people (list[Person] | Unset): One answer for each face with a usable eye; empty where no face was found.
        unusable (list[UnusableEye] | Unset):
    """

    model: ModelReference
    image: ImageSize
    results: list[Classification]
    request_id: str
    milliseconds: Timings
    people: list[Person] | Unset = UNSET
    unusable: list[UnusableEye] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model = self.model.to_dict()

        image = self.image.to_dict()

        results = []
        for results_item_data in self.results:
            results_item = results_item_data.to_dict()
            results.append(results_item)

        request_id = self.request_id

        milliseconds = self.milliseconds.to_dict()

        people: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.people, Unset):
            people = []
            for people_item_data in self.people:
                people_item = people_item_data.to_dict()
                people.append(people_item)

        unusable: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.unusable, Unset):
            unusable = []
            for unusable_item_data in self.unusable:
                unusable_item = unusable_item_data.to_dict()
                unusable.append(unusable_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model": model,
                "image": image,
                "results": results,
                "request_id": request_id,
                "milliseconds": milliseconds,
            }
        )
        if people is not UNSET:
            field_dict["people"] = people
        if unusable is not UNSET:
            field_dict["unusable"] = unusable

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.classification import Classification  # noqa: PLC0415
        from ..models.image_size import ImageSize  # noqa: PLC0415
        from ..models.model_reference import ModelReference  # noqa: PLC0415
        from ..models.person import Person  # noqa: PLC0415
        from ..models.timings import Timings  # noqa: PLC0415
        from ..models.unusable_eye import UnusableEye  # noqa: PLC0415

        d = dict(src_dict)
        model = ModelReference.from_dict(d.pop("model"))

        image = ImageSize.from_dict(d.pop("image"))

        results = []
        _results = d.pop("results")
        for results_item_data in _results:
            results_item = Classification.from_dict(results_item_data)

            results.append(results_item)

        request_id = d.pop("request_id")

        milliseconds = Timings.from_dict(d.pop("milliseconds"))

        _people = d.pop("people", UNSET)
        people: list[Person] | Unset = UNSET
        if _people is not UNSET:
            people = []
            for people_item_data in _people:
                people_item = Person.from_dict(people_item_data)

                people.append(people_item)

        _unusable = d.pop("unusable", UNSET)
        unusable: list[UnusableEye] | Unset = UNSET
        if _unusable is not UNSET:
            unusable = []
            for unusable_item_data in _unusable:
                unusable_item = UnusableEye.from_dict(unusable_item_data)

                unusable.append(unusable_item)

        answer = cls(
            model=model,
            image=image,
            results=results,
            request_id=request_id,
            milliseconds=milliseconds,
            people=people,
            unusable=unusable,
        )

        answer.additional_properties = d
        return answer

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
