"""The web client: the files of `service/web/`, held in memory and sent with strict security headers."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

FOLDER: Final = Path(__file__).parents[1] / "web"

_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    # Photos that the user picked are blobs; the style sheet's icons and the evidence maps are data URLs.
    "img-src": "'self' blob: data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
SECURITY_HEADERS: Final = {
    "content-security-policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}
"""Of the page and its files, besides those of every answer (`service.http.middleware`)."""
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_COMPRESSIBLE: Final = {".css", ".html", ".js", ".svg"}
_REFUSED: Final = re.compile(r"q=0(\.0*)?")
"""The weight of an encoding that a client does not want, in lower case."""
_MOST_ENTRIES: Final = 100
"""Of a list in a head that are read: 30,000 of them in 60 KB took the event loop 0.02 seconds."""
_WORKER: Final = "sw.js"
_KEPT: Final = b"web-files"
"""What the worker calls its copies of the files, as it is written."""


@dataclass(frozen=True)
class Asset:
    """One file, ready to be sent as it is or compressed."""

    body: bytes
    etag: str
    media_type: str
    compressible: bool

    @classmethod
    def of(cls, body: bytes, suffix: str) -> "Asset":
        """A file of a known type, by the suffix of its name."""
        return cls(
            body=body,
            # Weak: the same tag stands for the plain and the compressed bytes.
            etag=f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
            media_type=_MEDIA_TYPES[suffix],
            compressible=suffix in _COMPRESSIBLE,
        )

    @cached_property
    def gzipped(self) -> bytes:
        """The file compressed, once somebody asks for it: a start does without."""
        return gzip.compress(self.body, mtime=0)

    def response(self, request: Request) -> Response:
        """The file, or 304 where the client holds it already."""
        # Names carry no version, so a browser asks each time and mostly gets a 304.
        headers = {
            **SECURITY_HEADERS,
            "cache-control": "no-cache",
            "etag": self.etag,
            "vary": "accept-encoding",
        }
        if self._is_known(_entries(request, "if-none-match")):
            return Response(status_code=304, headers=headers)
        if self.compressible and _takes_gzip(request):
            headers["content-encoding"] = "gzip"
            return Response(self.gzipped, headers=headers, media_type=self.media_type)
        return Response(self.body, headers=headers, media_type=self.media_type)

    def _is_known(self, if_none_match: list[str]) -> bool:
        tags = {tag.strip().removeprefix("W/") for tag in if_none_match}
        return "*" in tags or self.etag.removeprefix("W/") in tags


def _takes_gzip(request: Request) -> bool:
    """Whether the client accepts gzip, by its name or as any encoding (RFC 9110, 12.5.3)."""
    wanted: dict[str, bool] = {}
    for entry in _entries(request, "accept-encoding"):
        name, _, weight = entry.lower().partition(";")
        wanted[name.strip()] = not _REFUSED.fullmatch(weight.strip())
    return wanted.get("gzip", wanted.get("*", False))


def _entries(request: Request, field: str) -> list[str]:
    """The first entries of a list, which may be in several lines (RFC 9110, 5.3)."""
    return ",".join(request.headers.getlist(field)).split(",", _MOST_ENTRIES)[:_MOST_ENTRIES]


def read_assets(folder: Path = FOLDER) -> dict[str, Asset]:
    """Every file of a known type under `folder`, by its path relative to it."""
    assets = {
        path.relative_to(folder).as_posix(): Asset.of(path.read_bytes(), path.suffix)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _MEDIA_TYPES
    }
    if _WORKER in assets:
        assets[_WORKER] = _stamped(assets)
    return assets


def _stamped(assets: dict[str, Asset]) -> Asset:
    """The worker with a name for what it keeps that changes with any file: browsers then take the new one."""
    tags = "".join(asset.etag for asset in assets.values())
    name = b"web-" + hashlib.sha256(tags.encode()).hexdigest()[:16].encode()
    return Asset.of(assets[_WORKER].body.replace(_KEPT, name), Path(_WORKER).suffix)


def create_router(folder: Path = FOLDER) -> APIRouter:
    """Routes for the page at `/`, its files under `/web/`, and the service worker at `/sw.js`.

    The worker is at the root because it may only control pages beside or under its own address.
    """
    assets = read_assets(folder)
    router = APIRouter(include_in_schema=False)

    async def page(request: Request) -> Response:
        return assets["index.html"].response(request)

    async def worker(request: Request) -> Response:
        return assets[_WORKER].response(request)

    async def file(request: Request, name: str) -> Response:
        if name not in assets:
            raise HTTPException(404, "There is no such file.")
        return assets[name].response(request)

    router.add_api_route("/", page, methods=["GET", "HEAD"])
    router.add_api_route("/sw.js", worker, methods=["GET", "HEAD"])
    router.add_api_route("/web/{name:path}", file, methods=["GET", "HEAD"])
    return router


router = create_router()
"""Of the page that is shipped: made before processes are forked, and once for all."""
