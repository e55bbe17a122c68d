"""Words of others in Markdown, shown as they are: a class may be called `<script>` or `*round*`."""

import re
from typing import Final

_SPECIAL: Final = re.compile(
    r"[\\`*\[<|~]"  # code, emphasis, links, HTML, cells of a table, and what takes the meaning from them
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis too, but not inside of a word
    r"|&(?=#?\w+;)"  # a character by its name or number
)


def plain(text: str) -> str:
    """A text on one line that is shown as it is, in a table too (GitHub Flavored Markdown 0.29)."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """The same as code; as plain text where code has no way to write it."""
    return plain(text) if set(text) & set("`\\|") or text != " ".join(text.split()) else f"`{text}`"
