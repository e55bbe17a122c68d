"""Small files that make a decoder work, or hold memory, far beyond their pixels: refused before decoding."""

from typing import Final

from PIL import BmpImagePlugin, Image, TiffImagePlugin

from service.errors import CorruptImage, ImageTooLarge, UnsupportedFormat
from service.pictures import (
    av1_frames,
    avif_parts,
    avif_tables,
    gif_blocks,
    jpeg_scans,
    png_chunks,
    tiff_pieces,
    tiff_tags,
    webp_chunks,
)
from service.pictures.avif_boxes import is_avif

MAX_SCANNED: Final = 2_000_000_000
"""Pixels times scans of a progressive JPEG: about three seconds of work."""
MAX_PARTS: Final = 10_000
"""Parts that a file consists of. Cameras write a few dozen, and PNGs have chunks of 8 KB and more, so that
the largest upload has some 2,500."""
MAX_REPEATED: Final = 16
"""Segments of Exif, or of quantization tables, in a JPEG: cameras write one of the first and up to four of
the others. Pillow copies all Exif that it has for each more, and reads tables in Python: 20 MB cost 30 and 4
seconds."""
MAX_PACKED: Final = 100
"""Chunks of a PNG that may be packed: up to 0.3 seconds of unpacking. Programs write a handful."""
FRAMES_OF_PICTURE: Final = 4
"""Times the pixels of the largest AVIF that its coded pictures may have together: colours, opacity and a
thumbnail, or a frame of a video, which may be up to four times as large as its header tells."""
HELD_TWICE: Final = {"WEBP", "AVIF"}
"""Formats whose decoders hold twice the memory of the others, up to 16 bytes a pixel: half the pixels."""
JPEG: Final = {"JPEG", "MPO"}
"""Pillow's names; phones write JPEG files of several pictures, "MPO"."""

_PHOTOMETRIC: Final = TiffImagePlugin.PHOTOMETRIC_INTERPRETATION
_WHITE_IS_ZERO: Final = 0
_BITS: Final = TiffImagePlugin.BITSPERSAMPLE
_FORMAT: Final = TiffImagePlugin.SAMPLEFORMAT
_SIGNED: Final = 2
_RUN_LENGTHS: Final = {
    BmpImagePlugin.BmpImageFile.COMPRESSIONS["RLE8"],
    BmpImagePlugin.BmpImageFile.COMPRESSIONS["RLE4"],
}


def check_parts(data: bytes) -> int:
    """Refuse files of very many parts before Pillow steps over each of them in Python, or of parts that
    would be larger in memory than the file.

    Returns how many of them are scans of a JPEG, by their work. Raises CorruptImage.
    """
    scans = 0
    if data.startswith(jpeg_scans.START):
        found, kind = jpeg_scans.count(data, MAX_PARTS), "segments in a JPEG"
        scans, parts = found.scans, found.segments
        for what, number in (("Exif", found.exif), ("quantization tables", found.quantization)):
            if number > MAX_REPEATED:
                raise CorruptImage(
                    f"Expected at most {MAX_REPEATED} segments of {what}. Received: {number:,}."
                )
    elif data.startswith(png_chunks.START):
        chunks = png_chunks.count(data, MAX_PARTS)
        parts, kind = chunks.number, "chunks in a PNG"
        if parts < MAX_PARTS and chunks.packed > MAX_PACKED:
            raise CorruptImage(
                f"Expected at most {MAX_PACKED} texts and profiles in a PNG. Received: {chunks.packed:,}."
            )
    elif data.startswith(gif_blocks.START):
        parts, kind = gif_blocks.count(data, MAX_PARTS), "blocks before the picture of a GIF"
    elif webp_chunks.is_webp(data):
        parts, kind = webp_chunks.count(data, MAX_PARTS), "chunks in a WebP"
    elif data.startswith(tiff_tags.STARTS):
        tags = tiff_tags.measure(data, MAX_PARTS)
        parts, kind = tags.number, "tags in a TIFF"
        if parts < MAX_PARTS and tags.size > len(data):
            raise CorruptImage(
                f"Expected tags that fit into a TIFF of {len(data):,} bytes. Received: {tags.size:,} bytes."
            )
        tiff_tags.check_numbers(tags, "the tags of a TIFF")
    elif is_avif(data):
        _check_avif(data)
        return scans
    else:
        return scans
    if parts >= MAX_PARTS:
        raise CorruptImage(f"Expected fewer than {MAX_PARTS:,} {kind} file.")
    return scans


def _check_avif(data: bytes) -> None:
    """Refuse an AVIF whose boxes, items or tables are too many for whoever opens it; raises CorruptImage."""
    try:
        avif_tables.check(data, MAX_PARTS)
        for _ in avif_parts.coded(data, MAX_PARTS):
            pass
    except ValueError as error:
        raise CorruptImage(str(error)) from None


def most_pixels(image: Image.Image, max_pixels: int) -> int:
    """How many of `max_pixels` a picture of this format may have."""
    return max_pixels // 2 if image.format in HELD_TWICE else max_pixels


def check_work(image: Image.Image, data: bytes, scans: int, max_pixels: int) -> None:
    """Refuse what would take a decoder long, or more memory than pictures of `max_pixels` may.

    Raises ImageTooLarge, CorruptImage or UnsupportedFormat, and ValueError for damaged data.
    """
    if image.format in JPEG:
        _check_scans(image, scans)
    elif isinstance(image, TiffImagePlugin.TiffImageFile):
        _check_values(image)
        tiff_pieces.check_memory(image, max_pixels)
        tiff_pieces.check_sizes(image, data)
        _check_scans(image, tiff_pieces.scans(image, data, MAX_PARTS))
    elif image.format == "AVIF":
        _check_frames(data, most_pixels(image, max_pixels))
    elif image.format == "BMP" and image.info.get("compression") in _RUN_LENGTHS:
        # Pillow unpacks them in Python: 0.4 MB keep the interpreter for eight seconds.
        raise UnsupportedFormat("Expected a BMP as it is. Received: run lengths (RLE); save it as PNG.")


def _check_values(image: TiffImagePlugin.TiffImageFile) -> None:
    """Refuse a TIFF whose numbers have no brightness of their own, or that Pillow shows as a negative."""
    negative = image.mode.startswith("I;16") and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    signed = _SIGNED in image.tag_v2.get(_FORMAT, ()) and 32 not in image.tag_v2.get(_BITS, ())
    if negative or signed or image.mode in ("I", "F"):
        deep = "signed numbers" if signed else "32 bits a channel"
        received = "16 bits from white to black" if negative else deep
        raise UnsupportedFormat(f"Expected a TIFF of 8 or 16 bits. Received: {received}; save it as PNG.")


def _check_scans(image: Image.Image, scans: int) -> None:
    most = max(1, MAX_SCANNED // (image.width * image.height))
    if scans > most:
        raise ImageTooLarge(
            f"Expected at most {most:,} scans in a JPEG of {image.width} x {image.height} pixels. "
            f"Received: {scans:,}."
        )


def _check_frames(data: bytes, max_pixels: int) -> None:
    """Refuse an AVIF by its coded pictures, which are scaled to the size that the file promises.

    One of 64 x 64 pixels may be made of thousands that have millions each.
    """
    told = bound = frames = parts = 0
    for coded in avif_parts.coded(data, MAX_PARTS):
        stream = av1_frames.measure(coded, MAX_PARTS)
        told, bound = max(told, stream.told), max(bound, stream.bound)
        frames, parts = frames + stream.frames, parts + 1 + stream.units
        if parts >= MAX_PARTS:
            raise CorruptImage(f"Expected fewer than {MAX_PARTS:,} parts in an AVIF file.")
    # Frames of one part may be made by the header of another.
    if told > max_pixels or frames * bound > FRAMES_OF_PICTURE * max_pixels:
        raise ImageTooLarge(
            f"Expected at most {max_pixels:,} pixels in the coded pictures of an AVIF. "
            f"Received: {frames:,} of up to {bound:,} pixels."
        )
