"""Multipart uploads, read into memory and never to disk."""

from typing import Final

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.errors import InvalidRequest, TooManyImages

MAX_FIELDS: Final = 16
_MAX_FIELD_BYTES: Final = 4096


class _InMemoryParser(MultiPartParser):
    # Starlette moves larger parts to a temporary file; photos of people must not touch a disk. The body limit
    # bounds the memory instead.
    spool_max_size = 1 << 62


async def read_images(request: Request, field: str, most: int) -> list[bytes]:
    """The files uploaded under `field`, in order.

    Raises InvalidRequest for anything but one multipart form with at least one such file, and TooManyImages
    for more than `most`.
    """
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise InvalidRequest(
            f"Expected multipart/form-data with the file field {field!r}. Received: {content_type[:100]!r}."
        )
    charset = parse_options_header(content_type)[1].get(b"charset", b"utf-8")
    if charset.lower() not in (b"utf-8", b"utf8"):
        # Python looks every other name up, and remembers for ever those that it does not know.
        raise InvalidRequest(f"Expected a form in UTF-8. Received: {charset[:40].decode('latin-1')!r}.")
    parser = _InMemoryParser(
        request.headers,
        request.stream(),
        max_files=most + 1,
        max_fields=MAX_FIELDS,
        max_part_size=_MAX_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise TooManyImages(f"Expected at most {most} images. Received: more.") from None
        raise InvalidRequest(f"The multipart body cannot be read: {error.message}") from None
    try:
        return [await file.read() for file in _files(form.multi_items(), field, most)]
    finally:
        await form.close()


def _files(items: list[tuple[str, str | UploadFile]], field: str, most: int) -> list[UploadFile]:
    files = [value for name, value in items if name == field and isinstance(value, UploadFile)]
    others = sorted(
        {name[:50] for name, value in items if name != field or not isinstance(value, UploadFile)}
    )
    if others or not files:
        received = f"other fields {others}" if others else "no file"
        raise InvalidRequest(f"Expected files in the field {field!r} and nothing else. Received: {received}.")
    if len(files) > most:
        raise TooManyImages(f"Expected at most {most} in the field {field!r}. Received: {len(files)}.")
    return files
