from enum import StrEnum


class ClassifyBatchFaces(StrEnum):
    ALL = "all"
    LARGEST = "largest"

    def __str__(self) -> str:
        return str(self.value)
