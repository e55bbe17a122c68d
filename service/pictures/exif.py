"""Exif, read for the orientation alone, and only where reading it costs little.

Pillow reads it in several places, some of them while a file is opened. So the one function that all of them
call looks at the tags first: 16 MB of fractions in a PNG or WebP kept the interpreter for five seconds.
"""

import re
import struct
from contextlib import suppress
from typing import Final

from PIL import ExifTags, Image

from service.errors import CorruptImage
from service.pictures import tiff_tags

MAX_TAGS: Final = 10_000
"""Tags of Exif; cameras write a few dozen."""

_XMP: Final = ("xmp", "XML:com.adobe.xmp")
_EXIF_AS_TEXT: Final = "Raw profile type exif"
"""Where ImageMagick leaves the Exif of a photo that it makes a PNG of."""
_HEADS: Final = re.compile(rb"\A(Exif\0\0){1,2}")
_UNREADABLE: Final = (SyntaxError, ValueError, TypeError, LookupError, OSError, struct.error)
"""What Pillow raises for Exif that is none. It says nothing about the pixels, which may be fine."""
_read = Image.Exif.load


def orientation_of(image: Image.Image) -> int:
    """EXIF's, 1 to 8. Raises CorruptImage for Exif that would be costly to read.

    Exif that cannot be read turns nothing. Neither do XMP and the text of a PNG, which Pillow would go by
    where there is no Exif: browsers do not, and would show another picture than the one that boxes are drawn
    on. A PNG is decoded, which raises whatever Pillow raises.
    """
    if image.format == "PNG":
        image.load()  # which reads what is behind the pixels, where many programs write it
        forget_texts(image)
    with suppress(*_UNREADABLE):
        found = image.getexif().get(ExifTags.Base.Orientation)
        if found is not None and found in range(1, 9):
            return int(found)
    return 1


def forget_texts(image: Image.Image) -> None:
    """Let Pillow know nothing of XMP, by which it would turn a TIFF behind our back, nor of Exif as text."""
    for name in (*_XMP, _EXIF_AS_TEXT):
        image.info.pop(name, None)


def _load(exif: Image.Exif, data: bytes) -> None:
    content = _HEADS.sub(b"", data)
    if content.startswith(tiff_tags.STARTS):
        tags = tiff_tags.measure(content, MAX_TAGS)
        if tags.number >= MAX_TAGS:
            raise CorruptImage(f"Expected fewer than {MAX_TAGS:,} tags in Exif.")
        tiff_tags.check_numbers(tags, "Exif")
    with suppress(*_UNREADABLE):
        _read(exif, data)


Image.Exif.load = _load  # type: ignore[assignment, method-assign]
