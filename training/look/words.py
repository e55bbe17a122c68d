"""What the steps of a network do, in words for people who have never seen one."""

import re
from collections.abc import Sequence
from typing import Final

from training.look.inside import Layer

CONVOLUTION: Final = (
    "{count} small filters slide over what came before. Each looks for one pattern in every {window} patch "
    "and draws a map of where it found it; what speaks against the pattern counts as nothing."
)
POOL: Final = (
    "Of every {window} values only the largest is kept: the maps shrink, the exact place matters less, and "
    "the filters behind see more of the picture at once."
)
BLOCKS: Final = {
    "block1": "Edges, dots and colours: what every picture is made of. Many maps still look like the photo.",
    "block2": "Corners, lines and simple textures, put together from the edges of block 1.",
    "block3": "Finer textures and small shapes, such as hairs, folds and rims.",
    "block4": "Parts of things: arcs, corners, round shapes. The photo can hardly be made out any more.",
    "block5": "Whole patterns. A bright square says that something was found there, not what it looked like.",
}
HEAD: Final = (
    "From here on the network was trained on the classes of this model: it learns which patterns speak for "
    "which class."
)


def title(group: str) -> str:
    """`block1` is "Block 1", `run2_block3` is "Network 2, block 3"."""
    run, _, own = group.rpartition("_")
    words = re.sub(r"(\d+)", r" \1", own)
    return f"{network(run)}, {words}" if run else words.capitalize()


def network(run: str) -> str:
    """`run2` is "Network 2"."""
    return f"Network {run.removeprefix('run')}"


def about(group: str, based_on_vgg16: bool) -> str:
    """What a group of layers is for; the words on VGG16's blocks are true of VGG16 only."""
    if group.startswith("block") and based_on_vgg16:
        return BLOCKS.get(group, "")
    return HEAD if group.startswith("head") else ""


def describe(layer: Layer, before: Sequence[Layer], heads: int = 1) -> str:
    """One or two sentences about a step behind others; short where it has been described already."""
    window = " x ".join(map(str, layer.step.window))
    if layer.is_map and any(one.step.kind == layer.step.kind for one in before):
        if layer.step.kind == "pool":
            return f"largest of {window}"
        apart = f" of {layer.step.lanes} heads; each sees only the maps of its own head"
        return f"{layer.values.shape[0]} filters" + (apart if layer.step.lanes > 1 else "")
    return _describe(layer, before[-1] if before else None, heads, window)


def _describe(layer: Layer, before: Layer | None, heads: int, window: str) -> str:
    step, count = layer.step, layer.values.shape[0] if layer.values.ndim else 1
    if step.kind == "conv":
        return CONVOLUTION.format(count=count, window=window)
    if step.kind == "pool":
        return POOL.format(window=window)
    if step.kind == "row":
        return "All values of all maps are laid out in one row."
    if step.kind == "dense":
        mean = f": the mean of {heads} heads" if heads > 1 and step.group.endswith("heads") else ""
        return f"Every one of {count} values is a weighted sum of everything before it{mean}."
    if step.kind == "softmax":
        return f"The {count} scores become probabilities: none below 0, together 100 %."
    if before is not None and before.is_map:
        return "Every map becomes one number, its mean: how much of its pattern there is, wherever it is."
    return f"{heads} heads have answered, each on its own; their mean counts." if heads > 1 else "The mean."


def shape(layer: Layer) -> str:
    """`64 maps of 160 x 160`, or `256 values`."""
    if layer.values.ndim == 3:
        count, height, width = layer.values.shape
        return f"{count} maps of {width} x {height}"
    return f"{layer.values.size} value{'s' if layer.values.size != 1 else ''}"


def others(count: int) -> str:
    """About the heads besides the first."""
    again = "The same steps once more" if count == 1 else f"The same steps {count} times more"
    return f"{again}: a head of its own, which began from other random weights and errs in other places."


def another(run: str) -> str:
    """About a network `run2` that is averaged with the first one."""
    return (
        f"{network(run)} looks at the same picture. It shares what was locked for both; "
        "from there on it has layers and heads of its own, and errs in other places."
    )


def heads(layers: Sequence[Layer]) -> int:
    """How many heads answer side by side."""
    own = [layer.step for layer in layers if layer.step.group.startswith("head")]
    return max((len({step.group for step in own}), *(step.lanes for step in own), 1))
