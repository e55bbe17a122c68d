from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.network_info_arithmetic import NetworkInfoArithmetic

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
    """

    base: str
    until: None | str
    multiply_adds: int
    parameters: int
    arithmetic: NetworkInfoArithmetic

    def to_dict(self) -> dict[str, Any]:
        base = self.base

        until: None | str
        until = self.until

        multiply_adds = self.multiply_adds

        parameters = self.parameters

        arithmetic = self.arithmetic.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "base": base,
                "until": until,
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

        multiply_adds = d.pop("multiply_adds")

        parameters = d.pop("parameters")

        arithmetic = NetworkInfoArithmetic(d.pop("arithmetic"))

        network_info = cls(
            base=base,
            until=until,
            multiply_adds=multiply_adds,
            parameters=parameters,
            arithmetic=arithmetic,
        )

        return network_info
