from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.classification_region import ClassificationRegion

if TYPE_CHECKING:
    from ..models.advice import Advice
    from ..models.box import Box
    from ..models.classification_probabilities import ClassificationProbabilities


T = TypeVar("T", bound="Classification")


@_attrs_define
class Classification:
    """The answer about one region of a photo.

    Attributes:
        region (ClassificationRegion): What was looked at; left and right are the person's own. `whole` is the middle
            square of the picture,
            or the one eye that `region=auto` found in a picture without a face: `box` says where.
        face (int | None): Index of the face, 0 being the largest; null where there is none.
        box (Box): A square region in pixels of the upright photo; it may reach over the photo's border.
        label (str): Id of the most probable class.
        title (str):
        description (str):
        tutorial_url (None | str):
        confidence (float): Calibrated probability of `label`.
        certain (bool): False where the confidence is under the model's threshold, or the region is untypical: say "not
            sure"
            instead of the label.
        probabilities (ClassificationProbabilities): Calibrated probability of every class, by id.
        typicality (float | None): How usual the region is for this model: the share of held-out training photos that
            are less usual; null
            for models that cannot tell. Under the model's bound `certain` is false, with the advice `untypical`.
        evidence (None | str): What spoke for `label`: a small PNG with an alpha channel as data URL, to lay over `box`.
            Null unless
            asked for with `evidence=true`, and for models without it.
        advice (list[Advice]):
    """

    region: ClassificationRegion
    face: int | None
    box: Box
    label: str
    title: str
    description: str
    tutorial_url: None | str
    confidence: float
    certain: bool
    probabilities: ClassificationProbabilities
    typicality: float | None
    evidence: None | str
    advice: list[Advice]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        region = self.region.value

        face: int | None
        face = self.face

        box = self.box.to_dict()

        label = self.label

        title = self.title

        description = self.description

        tutorial_url: None | str
        tutorial_url = self.tutorial_url

        confidence = self.confidence

        certain = self.certain

        probabilities = self.probabilities.to_dict()

        typicality: float | None
        typicality = self.typicality

        evidence: None | str
        evidence = self.evidence

        advice = []
        for advice_item_data in self.advice:
            advice_item = advice_item_data.to_dict()
            advice.append(advice_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "region": region,
                "face": face,
                "box": box,
                "label": label,
                "title": title,
                "description": description,
                "tutorial_url": tutorial_url,
                "confidence": confidence,
                "certain": certain,
                "probabilities": probabilities,
                "typicality": typicality,
                "evidence": evidence,
                "advice": advice,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.advice import Advice  # noqa: PLC0415
        from ..models.box import Box  # noqa: PLC0415
        from ..models.classification_probabilities import ClassificationProbabilities  # noqa: PLC0415

        d = dict(src_dict)
        region = ClassificationRegion(d.pop("region"))

        def _parse_face(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        face = _parse_face(d.pop("face"))

        box = Box.from_dict(d.pop("box"))

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

        probabilities = ClassificationProbabilities.from_dict(d.pop("probabilities"))

        def _parse_typicality(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        typicality = _parse_typicality(d.pop("typicality"))

        def _parse_evidence(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        evidence = _parse_evidence(d.pop("evidence"))

        advice = []
        _advice = d.pop("advice")
        for advice_item_data in _advice:
            advice_item = Advice.from_dict(advice_item_data)

            advice.append(advice_item)

        classification = cls(
            region=region,
            face=face,
            box=box,
            label=label,
            title=title,
            description=description,
            tutorial_url=tutorial_url,
            confidence=confidence,
            certain=certain,
            probabilities=probabilities,
            typicality=typicality,
            evidence=evidence,
            advice=advice,
        )

        classification.additional_properties = d
        return classification

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
