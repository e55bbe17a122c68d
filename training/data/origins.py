"""The photo that a crop was cut from: two faces of one photo share its light, its place and its camera."""

from typing import Final

from training.data.dataset import Photo

ORIGINS: Final = ("photo", "source_file")
"""Columns of `labels.csv` that may name the photo a crop was cut from; `training crop` writes the first."""


def origin(photo: Photo) -> str:
    """The photo that a crop was cut from, as far as its row says; empty where it does not."""
    file = next((photo.attributes[column] for column in ORIGINS if photo.attributes.get(column)), "")
    return f"{photo.attributes.get('source', '')} {file}".strip() if file else ""
