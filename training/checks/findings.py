"""What a check finds: one kind, the files it is about, and a sentence."""

from dataclasses import asdict, dataclass
from typing import Any, Final

KINDS: Final = {
    "corrupt": "files that cannot be read to their end",
    "leakage": "a person or photo on both sides of a split",
    "conflict": "what is or looks like one photo under two labels",
    "mislabelled": "labels that are probably wrong",
    "unused": "files and folders that are not used",
    "duplicate": "files that show one photo, or may do so",
    "tiny": "photos with too few pixels",
    "blurred": "photos out of focus",
    "dark": "photos that are too dark, too bright or without contrast",
    "outlier": "photos unlike all others",
    "shortcut": "a simple measure that gives the class away",
    "imbalance": "classes with too few photos or people",
}
"""Every kind of finding, the gravest first, and what it means."""

BY_NETWORK: Final = ("mislabelled", "outlier")
"""Kinds that a network is asked about."""
BY_HOLDING_OUT: Final = ("mislabelled", "shortcut")
"""Kinds that people are asked about who were not learned from."""

REMEDIES: Final = {
    "corrupt": "Save HEIC photos as JPEG; fetch other files again, or delete them.",
    "leakage": "Move everything of a person to one side, or divide the photos again with training split.",
    "conflict": "Look; where it is one photo, keep one file and delete the others.",
    "mislabelled": "Compare with the typical photos beside it; where the label is wrong, move the file.",
    "unused": "Put photos straight into class folders, move other files away, mend rows that name nothing.",
    "duplicate": "Where it is one photo, keep one file of the group; copies count it twice.",
    "tiny": "Cut them again from the original photos, or leave them out.",
    "blurred": "Leave them out, unless the photos you will ask about are like this too.",
    "dark": "Leave them out, unless the photos you will ask about are like this too.",
    "outlier": "Often a wrong crop or a picture of something else: look, then keep or delete.",
    "shortcut": "Collect photos in which this measure says nothing about the class.",
    "imbalance": "Photograph more for these classes (see the advice per class).",
}
"""What to do about each kind."""
GRAVE: Final = ("corrupt", "leakage", "conflict", "mislabelled")
"""Kinds that make results wrong; the others make them worse."""


@dataclass(frozen=True)
class Finding:
    """One thing to look at; `files` are paths below the data folder, the one to mend first."""

    kind: str
    detail: str
    files: tuple[str, ...] = ()
    score: float = 0.0
    """How sure the check is, in the check's own unit; larger is surer. Orders findings of one kind."""
    suggestion: str = ""
    """The label that fits better, where that is what was found."""

    def document(self) -> dict[str, Any]:
        """The finding as JSON data."""
        return {**asdict(self), "files": list(self.files), "score": round(self.score, 4)}
