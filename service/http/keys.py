"""Optional API keys."""

import hashlib
import hmac
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from service.errors import Unauthorized


class _Place(SecurityBase):
    """A header that may hold a key, described as OpenAPI writes it down.

    FastAPI's own classes describe it by a model, for which they import all of OpenAPI's.
    """

    def __init__(self, header: str, scheme_name: str, **described: str) -> None:
        self.header = header
        self.scheme_name = scheme_name
        self.model: Any = described

    async def __call__(self, request: Request) -> str:
        """What the header says, or nothing."""
        return request.headers.get(self.header, "")


_header = _Place(
    "X-API-Key",
    "APIKeyHeader",
    **{"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "One of the operator's keys."},
)
_authorization = _Place(
    "Authorization",
    "HTTPBearer",
    type="http",
    scheme="bearer",
    description="The same keys as a bearer token.",
)


class ApiKeys:
    """A dependency that lets nobody pass without one of the keys; raises Unauthorized."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._digests = [_digest(key) for key in keys]

    async def __call__(
        self,
        header: Annotated[str, Security(_header)],
        authorization: Annotated[str, Security(_authorization)],
    ) -> None:
        """Check `X-API-Key`, or else `Authorization: Bearer`."""
        scheme, token = get_authorization_scheme_param(authorization)
        if not self.accepts(header or (token if scheme.lower() == "bearer" else "")):
            raise Unauthorized("Expected a valid key in X-API-Key or as a bearer token.")

    def accepts(self, key: str) -> bool:
        """Whether this is one of the keys, in a time that tells nothing about them."""
        digest = _digest(key)
        # Every key is compared, so that the time does not tell which one matched either.
        return sum(hmac.compare_digest(digest, known) for known in self._digests) > 0


def _digest(key: str) -> bytes:
    # Digests have one length: comparing them does not tell that of a key.
    return hashlib.sha256(key.encode()).digest()
