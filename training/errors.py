"""What can go wrong in a way the user can mend."""


class TrainingError(Exception):
    """Base of all expected errors; the message says what was expected, what came and what to do."""
