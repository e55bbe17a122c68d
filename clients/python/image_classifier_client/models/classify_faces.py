from enum import StrEnum


class ClassifyFaces(StrEnum):
    ALL = "all"
    LARGEST = "largest"

    def __str__(self) -> str:
        return str(self.value)
