"""Optional API keys."""

import hashlib
import hmac
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from service.errors import Unauthorized

_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="One of the operator's keys.")
_bearer = HTTPBearer(auto_error=False, description="The same keys as a bearer token.")


class ApiKeys:
    """A dependency that lets nobody pass without one of the keys; raises Unauthorized."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._digests = [_digest(key) for key in keys]

    async def __call__(
        self,
        header: Annotated[str | None, Security(_header)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> None:
        """Check `X-API-Key`, or else `Authorization: Bearer`."""
        given = header or (bearer.credentials if bearer else "")
        if not self.accepts(given):
            raise Unauthorized("Expected a valid key in X-API-Key or as a bearer token.")

    def accepts(self, key: str) -> bool:
        """Whether this is one of the keys, in a time that tells nothing about them."""
        digest = _digest(key)
        # Every key is compared, so that the time does not tell which one matched either.
        return sum(hmac.compare_digest(digest, known) for known in self._digests) > 0


def _digest(key: str) -> bytes:
    # Digests have one length: comparing them does not tell that of a key.
    return hashlib.sha256(key.encode()).digest()
