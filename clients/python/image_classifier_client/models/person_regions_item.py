from enum import StrEnum


class PersonRegionsItem(StrEnum):
    LEFT_EYE = "left_eye"
    RIGHT_EYE = "right_eye"
    WHOLE = "whole"

    def __str__(self) -> str:
        return str(self.value)
