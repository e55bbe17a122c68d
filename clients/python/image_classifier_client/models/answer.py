from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.classification import Classification
    from ..models.image_size import ImageSize
    from ..models.model_reference import ModelReference
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
        unusable (list[UnusableEye] | Unset):
    """

    model: ModelReference
    image: ImageSize
    results: list[Classification]
    request_id: str
    milliseconds: Timings
    unusable: list[UnusableEye] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        model = self.model.to_dict()

        image = self.image.to_dict()

        results = []
        for results_item_data in self.results:
            results_item = results_item_data.to_dict()
            results.append(results_item)

        request_id = self.request_id

        milliseconds = self.milliseconds.to_dict()

        unusable: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.unusable, Unset):
            unusable = []
            for unusable_item_data in self.unusable:
                unusable_item = unusable_item_data.to_dict()
                unusable.append(unusable_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
                "image": image,
                "results": results,
                "request_id": request_id,
                "milliseconds": milliseconds,
            }
        )
        if unusable is not UNSET:
            field_dict["unusable"] = unusable

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.classification import Classification  # noqa: PLC0415
        from ..models.image_size import ImageSize  # noqa: PLC0415
        from ..models.model_reference import ModelReference  # noqa: PLC0415
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
            unusable=unusable,
        )

        return answer
