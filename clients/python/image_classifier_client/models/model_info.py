from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.crop_info import CropInfo
    from ..models.label_info import LabelInfo
    from ..models.model_info_dataset import ModelInfoDataset
    from ..models.model_info_metrics import ModelInfoMetrics
    from ..models.network_info import NetworkInfo
    from ..models.quality import Quality


T = TypeVar("T", bound="ModelInfo")


@_attrs_define
class ModelInfo:
    """What is loaded under one name.

    Attributes:
        name (str):
        version (int):
        description (str):
        default (bool): True for the model that answers where none is named.
        labels (list[LabelInfo]):
        input_size (int):
        crop (CropInfo | None):
        threshold (float):
        evidence (bool): Whether `evidence=true` gets a map. Default: False.
        typicality_bound (float | None): Typicality under which no answer is certain; null for a model that cannot tell.
        quality (None | Quality): Null where the model does not say.
        metrics (ModelInfoMetrics):
        dataset (ModelInfoDataset):
        licence (str):
        sha256 (str):
        network (NetworkInfo | None): Null for a bundle from before this was known.
        providers (list[str]): Execution providers of ONNX Runtime that compute it, the best first.
    """

    name: str
    version: int
    description: str
    default: bool
    labels: list[LabelInfo]
    input_size: int
    crop: CropInfo | None
    threshold: float
    typicality_bound: float | None
    quality: None | Quality
    metrics: ModelInfoMetrics
    dataset: ModelInfoDataset
    licence: str
    sha256: str
    network: NetworkInfo | None
    providers: list[str]
    evidence: bool = False
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.crop_info import CropInfo  # noqa: PLC0415
        from ..models.network_info import NetworkInfo  # noqa: PLC0415
        from ..models.quality import Quality  # noqa: PLC0415

        name = self.name

        version = self.version

        description = self.description

        default = self.default

        labels = []
        for labels_item_data in self.labels:
            labels_item = labels_item_data.to_dict()
            labels.append(labels_item)

        input_size = self.input_size

        crop: dict[str, Any] | None
        if isinstance(self.crop, CropInfo):
            crop = self.crop.to_dict()
        else:
            crop = self.crop

        threshold = self.threshold

        evidence = self.evidence

        typicality_bound: float | None
        typicality_bound = self.typicality_bound

        quality: dict[str, Any] | None
        if isinstance(self.quality, Quality):
            quality = self.quality.to_dict()
        else:
            quality = self.quality

        metrics = self.metrics.to_dict()

        dataset = self.dataset.to_dict()

        licence = self.licence

        sha256 = self.sha256

        network: dict[str, Any] | None
        if isinstance(self.network, NetworkInfo):
            network = self.network.to_dict()
        else:
            network = self.network

        providers = self.providers

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "version": version,
                "description": description,
                "default": default,
                "labels": labels,
                "input_size": input_size,
                "crop": crop,
                "threshold": threshold,
                "evidence": evidence,
                "typicality_bound": typicality_bound,
                "quality": quality,
                "metrics": metrics,
                "dataset": dataset,
                "licence": licence,
                "sha256": sha256,
                "network": network,
                "providers": providers,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.crop_info import CropInfo  # noqa: PLC0415
        from ..models.label_info import LabelInfo  # noqa: PLC0415
        from ..models.model_info_dataset import ModelInfoDataset  # noqa: PLC0415
        from ..models.model_info_metrics import ModelInfoMetrics  # noqa: PLC0415
        from ..models.network_info import NetworkInfo  # noqa: PLC0415
        from ..models.quality import Quality  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        version = d.pop("version")

        description = d.pop("description")

        default = d.pop("default")

        labels = []
        _labels = d.pop("labels")
        for labels_item_data in _labels:
            labels_item = LabelInfo.from_dict(labels_item_data)

            labels.append(labels_item)

        input_size = d.pop("input_size")

        def _parse_crop(data: object) -> CropInfo | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                crop_type_0 = CropInfo.from_dict(data)

                return crop_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CropInfo | None, data)

        crop = _parse_crop(d.pop("crop"))

        threshold = d.pop("threshold")

        evidence = d.pop("evidence")

        def _parse_typicality_bound(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        typicality_bound = _parse_typicality_bound(d.pop("typicality_bound"))

        def _parse_quality(data: object) -> None | Quality:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                quality_type_0 = Quality.from_dict(data)

                return quality_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Quality, data)

        quality = _parse_quality(d.pop("quality"))

        metrics = ModelInfoMetrics.from_dict(d.pop("metrics"))

        dataset = ModelInfoDataset.from_dict(d.pop("dataset"))

        licence = d.pop("licence")

        sha256 = d.pop("sha256")

        def _parse_network(data: object) -> NetworkInfo | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                network_type_0 = NetworkInfo.from_dict(data)

                return network_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(NetworkInfo | None, data)

        network = _parse_network(d.pop("network"))

        providers = cast(list[str], d.pop("providers"))

        model_info = cls(
            name=name,
            version=version,
            description=description,
            default=default,
            labels=labels,
            input_size=input_size,
            crop=crop,
            threshold=threshold,
            evidence=evidence,
            typicality_bound=typicality_bound,
            quality=quality,
            metrics=metrics,
            dataset=dataset,
            licence=licence,
            sha256=sha256,
            network=network,
            providers=providers,
        )

        model_info.additional_properties = d
        return model_info

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
