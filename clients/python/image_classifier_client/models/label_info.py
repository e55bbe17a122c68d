from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="LabelInfo")


@_attrs_define
class LabelInfo:
    """One class of a model.

    Attributes:
        id (str):
        title (str):
        description (str):
        search (str):
        tutorial_url (None | str):
    """

    id: str
    title: str
    description: str
    search: str
    tutorial_url: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        title = self.title

        description = self.description

        search = self.search

        tutorial_url: None | str
        tutorial_url = self.tutorial_url

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "title": title,
                "description": description,
                "search": search,
                "tutorial_url": tutorial_url,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        title = d.pop("title")

        description = d.pop("description")

        search = d.pop("search")

        def _parse_tutorial_url(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tutorial_url = _parse_tutorial_url(d.pop("tutorial_url"))

        label_info = cls(
            id=id,
            title=title,
            description=description,
            search=search,
            tutorial_url=tutorial_url,
        )

        label_info.additional_properties = d
        return label_info

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
