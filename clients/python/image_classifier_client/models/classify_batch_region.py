from enum import StrEnum


class ClassifyBatchRegion(StrEnum):
    AUTO = "auto"
    EYES = "eyes"
    WHOLE = "whole"

    def __str__(self) -> str:
        return str(self.value)
