"""Pictures of results. Matplotlib, which takes long to import, is only where something is drawn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

READABLE: Final = 25
"""Above this many classes the cells carry no text: nobody could read it."""


def plot_confusion(confusion: NDArray[np.int64], names: Sequence[str], title: str, path: Path) -> None:
    """Write a confusion matrix `[C, C]` (rows: truth) as PNG: counts, shares of each row, class names.

    A class whose name the font cannot draw is called by its number, from 1 in the order of `names`; letters
    of the title that it cannot draw are left out.
    """
    from matplotlib.figure import Figure

    names = [name if _can_draw(name) else f"class {number}" for number, name in enumerate(names, 1)]
    title = "".join(filter(_can_draw, title)).strip(" ,")
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(1.6 + 0.9 * len(names), 5, 24))
    figure = Figure(figsize=(side + 1.2, side), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = np.arange(len(names))
    # Names are the user's own: of two dollar signs Matplotlib would make a formula of what is between them.
    if len(names) > 4:
        axes.set_xticks(
            places, labels=names, parse_math=False, rotation=45, ha="right", rotation_mode="anchor"
        )
    else:
        axes.set_xticks(places, labels=names, parse_math=False)
    axes.set_yticks(places, labels=names, parse_math=False)
    axes.set(xlabel="answer", ylabel="truth")
    axes.set_title(title, parse_math=False)
    if len(names) <= READABLE:
        for (row, column), count in np.ndenumerate(confusion):
            share = shares[row, column]
            colour = "white" if share > 0.5 else "black"
            text = f"{count}\n{share:.0%}" if count else "0"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    figure.colorbar(image, ax=axes, label="share of the row", shrink=0.8)
    figure.savefig(path, dpi=120)


def _can_draw(text: str) -> bool:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties()))
    return all(font.get_char_index(ord(character)) for character in text)
