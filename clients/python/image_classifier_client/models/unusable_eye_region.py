from enum import StrEnum


class UnusableEyeRegion(StrEnum):
    LEFT_EYE = "left_eye"
    RIGHT_EYE = "right_eye"

    def __str__(self) -> str:
        return str(self.value)
