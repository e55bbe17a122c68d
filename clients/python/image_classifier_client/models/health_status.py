from enum import StrEnum


class HealthStatus(StrEnum):
    READY = "ready"
    STARTING = "starting"
    STOPPING = "stopping"

    def __str__(self) -> str:
        return str(self.value)
