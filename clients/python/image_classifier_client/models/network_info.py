from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.network_info_arithmetic import NetworkInfoArithmetic
from ..types import UNSET, Unset

T = TypeVar("T", bound="NetworkInfo")


@_attrs_define
class NetworkInfo:
    """Which network a model is, and what one answer costs.

    Attributes:
        base (str): `vgg16`, or `other` for a network that is not built on it.
        until (None | str): The last layer of the base, in the names of Keras Applications.
        multiply_adds (int): Per picture.
        parameters (int):
        arithmetic (NetworkInfoArithmetic): What the large layers compute in.
        channels (list[int] | None | Unset): Of the base's convolutions; VGG16 itself begins with 64, 64, 128, 128. Null
            where that is not known.
    """

    base: str
    until: None | str
    multiply_adds: int
    parameters: int
    arithmetic: NetworkInfoArithmetic
    channels: list[int] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        base = self.base

        until: None | str
        until = self.until

        multiply_adds = self.multiply_adds

        parameters = self.parameters

        arithmetic = self.arithmetic.value

        channels: list[int] | None | Unset
        if isinstance(self.channels, Unset):
            channels = UNSET
        elif isinstance(self.channels, list):
            channels = self.channels

        else:
            channels = self.channels

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "base": base,
                "until": until,
                "multiply_adds": multiply_adds,
                "parameters": parameters,
                "arithmetic": arithmetic,
            }
        )
        if channels is not UNSET:
            field_dict["channels"] = channels

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

        multiply_adds = d.pop("multiply_adds")

        parameters = d.pop("parameters")

        arithmetic = NetworkInfoArithmetic(d.pop("arithmetic"))

        def _parse_channels(data: object) -> list[int] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                channels_type_0 = cast(list[int], data)

                return channels_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None | Unset, data)

        channels = _parse_channels(d.pop("channels", UNSET))

        network_info = cls(
            base=base,
            until=until,
            multiply_adds=multiply_adds,
            parameters=parameters,
            arithmetic=arithmetic,
            channels=channels,
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
