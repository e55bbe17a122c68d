"""How large a picture may be where nothing else is set."""

from typing import Final

DEFAULT_MAX_PIXELS: Final = 50_000_000
DEFAULT_MAX_SIDE: Final = 20_000
