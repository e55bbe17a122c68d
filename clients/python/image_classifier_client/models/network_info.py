from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.network_info_arithmetic import NetworkInfoArithmetic

T = TypeVar("T", bound="NetworkInfo")


@_attrs_define
class NetworkInfo:
    """Which network a model is, and what one answer costs.

    Attributes:
        base (str): `vgg16`, or `other` for a network that is not built on it.
        until (None | str): The last layer of the base, in the names of Keras Applications.
        channels (list[int] | None): Of the base's convolutions; VGG16 itself begins with 64, 64, 128, 128. Null where
            that is not known.
        multiply_adds (int): Per picture.
        parameters (int):
        arithmetic (NetworkInfoArithmetic): What the large layers compute in.
    """

    base: str
    until: None | str
    channels: list[int] | None
    multiply_adds: int
    parameters: int
    arithmetic: NetworkInfoArithmetic
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        base = self.base

        until: None | str
        until = self.until

        channels: list[int] | None
        if isinstance(self.channels, list):
            channels = self.channels

        else:
            channels = self.channels

        multiply_adds = self.multiply_adds

        parameters = self.parameters

        arithmetic = self.arithmetic.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "base": base,
                "until": until,
                "channels": channels,
                "multiply_adds": multiply_adds,
                "parameters": parameters,
                "arithmetic": arithmetic,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        base = d.pop("base")

        def _parse_until(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        until = _parse_until(d.pop("until"))

        def _parse_channels(data: object) -> list[int] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                channels_type_0 = cast(list[int], data)

                return channels_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None, data)

        channels = _parse_channels(d.pop("channels"))

        multiply_adds = d.pop("multiply_adds")

        parameters = d.pop("parameters")

        arithmetic = NetworkInfoArithmetic(d.pop("arithmetic"))

        network_info = cls(
            base=base,
            until=until,
            channels=channels,
            multiply_adds=multiply_adds,
            parameters=parameters,
            arithmetic=arithmetic,
        )

        network_info.additional_properties = d
        return network_info

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
