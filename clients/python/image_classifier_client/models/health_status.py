from enum import StrEnum


class HealthStatus(StrEnum):
    READY = "ready"
    STOPPING = "stopping"

    def __str__(self) -> str:
        return str(self.value)
