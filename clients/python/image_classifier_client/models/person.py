from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.person_regions_item import PersonRegionsItem

if TYPE_CHECKING:
    from ..models.person_probabilities import PersonProbabilities


T = TypeVar("T", bound="Person")


@_attrs_define
class Person:
    """The eyes of one face in one answer: what to tell the person.

    Attributes:
        face (int):
        regions (list[PersonRegionsItem]): The results this is made from: one eye or both.
        label (str): Id of the most probable class.
        title (str):
        description (str):
        tutorial_url (None | str):
        confidence (float):
        certain (bool): False where the confidence is under the model's threshold, or where no eye of the face is
            typical.
        probabilities (PersonProbabilities): Of every class, by id: the mean of the eyes.
    """

    face: int
    regions: list[PersonRegionsItem]
    label: str
    title: str
    description: str
    tutorial_url: None | str
    confidence: float
    certain: bool
    probabilities: PersonProbabilities
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        face = self.face

        regions = []
        for regions_item_data in self.regions:
            regions_item = regions_item_data.value
            regions.append(regions_item)

        label = self.label

        title = self.title

        description = self.description

        tutorial_url: None | str
        tutorial_url = self.tutorial_url

        confidence = self.confidence

        certain = self.certain

        probabilities = self.probabilities.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "face": face,
                "regions": regions,
                "label": label,
                "title": title,
                "description": description,
                "tutorial_url": tutorial_url,
                "confidence": confidence,
                "certain": certain,
                "probabilities": probabilities,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.person_probabilities import PersonProbabilities  # noqa: PLC0415

        d = dict(src_dict)
        face = d.pop("face")

        regions = []
        _regions = d.pop("regions")
        for regions_item_data in _regions:
            regions_item = PersonRegionsItem(regions_item_data)

            regions.append(regions_item)

        label = d.pop("label")

        title = d.pop("title")

        description = d.pop("description")

        def _parse_tutorial_url(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tutorial_url = _parse_tutorial_url(d.pop("tutorial_url"))

        confidence = d.pop("confidence")

        certain = d.pop("certain")

        probabilities = PersonProbabilities.from_dict(d.pop("probabilities"))

        person = cls(
            face=face,
            regions=regions,
            label=label,
            title=title,
            description=description,
            tutorial_url=tutorial_url,
            confidence=confidence,
            certain=certain,
            probabilities=probabilities,
        )

        person.additional_properties = d
        return person

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
