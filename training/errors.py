"""What can go wrong in a way the user can mend."""

import zipfile
from typing import Final

DAMAGED: Final = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
"""What libraries raise for a file of arrays that is missing, cut off or of another kind."""


class TrainingError(Exception):
    """Base of all expected errors; the message says what was expected, what came and what to do."""
