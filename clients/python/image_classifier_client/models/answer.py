from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

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
        people (list[Person]): One answer for each face with a usable eye; empty where no face was found.
        unusable (list[UnusableEye]):
        request_id (str):
        milliseconds (Timings): Milliseconds per stage.
    """

    model: ModelReference
    image: ImageSize
    results: list[Classification]
    people: list[Person]
    unusable: list[UnusableEye]
    request_id: str
    milliseconds: Timings
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model = self.model.to_dict()

        image = self.image.to_dict()

        results = []
        for results_item_data in self.results:
            results_item = results_item_data.to_dict()
            results.append(results_item)

        people = []
        for people_item_data in self.people:
            people_item = people_item_data.to_dict()
            people.append(people_item)

        unusable = []
        for unusable_item_data in self.unusable:
            unusable_item = unusable_item_data.to_dict()
            unusable.append(unusable_item)

        request_id = self.request_id

        milliseconds = self.milliseconds.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model": model,
                "image": image,
                "results": results,
                "people": people,
                "unusable": unusable,
                "request_id": request_id,
                "milliseconds": milliseconds,
            }
        )

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

        people = []
        _people = d.pop("people")
        for people_item_data in _people:
            people_item = Person.from_dict(people_item_data)

            people.append(people_item)

        unusable = []
        _unusable = d.pop("unusable")
        for unusable_item_data in _unusable:
            unusable_item = UnusableEye.from_dict(unusable_item_data)

            unusable.append(unusable_item)

        request_id = d.pop("request_id")

        milliseconds = Timings.from_dict(d.pop("milliseconds"))

        answer = cls(
            model=model,
            image=image,
            results=results,
            people=people,
            unusable=unusable,
            request_id=request_id,
            milliseconds=milliseconds,
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
