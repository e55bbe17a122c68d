from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.health_status import HealthStatus

if TYPE_CHECKING:
    from ..models.model_reference import ModelReference


T = TypeVar("T", bound="Health")


@_attrs_define
class Health:
    """A short summary for people and probes.

    Attributes:
        status (HealthStatus):
        models (list[ModelReference]):
        rejected (list[ModelReference]): New versions found while running that could not be served; the logs say why.
        uptime_seconds (float):
    """

    status: HealthStatus
    models: list[ModelReference]
    rejected: list[ModelReference]
    uptime_seconds: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        status = self.status.value

        models = []
        for models_item_data in self.models:
            models_item = models_item_data.to_dict()
            models.append(models_item)

        rejected = []
        for rejected_item_data in self.rejected:
            rejected_item = rejected_item_data.to_dict()
            rejected.append(rejected_item)

        uptime_seconds = self.uptime_seconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "status": status,
                "models": models,
                "rejected": rejected,
                "uptime_seconds": uptime_seconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_reference import ModelReference  # noqa: PLC0415

        d = dict(src_dict)
        status = HealthStatus(d.pop("status"))

        models = []
        _models = d.pop("models")
        for models_item_data in _models:
            models_item = ModelReference.from_dict(models_item_data)

            models.append(models_item)

        rejected = []
        _rejected = d.pop("rejected")
        for rejected_item_data in _rejected:
            rejected_item = ModelReference.from_dict(rejected_item_data)

            rejected.append(rejected_item)

        uptime_seconds = d.pop("uptime_seconds")

        health = cls(
            status=status,
            models=models,
            rejected=rejected,
            uptime_seconds=uptime_seconds,
        )

        health.additional_properties = d
        return health

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
