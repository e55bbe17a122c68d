"""Answers questions about photos under load; what the HTTP layer delegates to, and free of HTTP itself."""

import asyncio
import logging

from service.answering.predictor import Asked, Predictor
from service.answering.prepared import Question
from service.answering.workers import Turn, Workers
from service.errors import InternalError, ServiceError
from service.metrics import Metrics
from service.schemas import Answer

_logger = logging.getLogger(__name__)


class DataPlane:
    """The predictor behind its waiting room, counted."""

    def __init__(self, predictor: Predictor, workers: Workers, metrics: Metrics) -> None:
        self.predictor = predictor
        self.workers = workers
        self._metrics = metrics

    def check(self, question: Question, batch: bool = False) -> None:
        """Refuse early, before a body is read; raises Overloaded or UnknownModel."""
        self.workers.check_room(batch)
        self.predictor.models.get(question.model)

    async def classify(self, image: bytes, question: Question) -> Answer:
        """Answer one question about one encoded photo; raises a ServiceError."""
        with self.workers.admit() as turn:
            return await self._classify(turn, image, question)

    async def classify_batch(self, images: list[bytes], question: Question) -> list[Answer | ServiceError]:
        """Answer, or the error, for each photo, in order; raises Overloaded where the batch has no place."""
        with self.workers.admit(batch=True) as turn:
            return await asyncio.gather(*(self._settle(turn, image, question) for image in images))

    async def _classify(self, turn: Turn, image: bytes, question: Question) -> Answer:
        try:
            answer: Answer = await turn.run(Asked(image, question))
        except ServiceError as error:
            self._metrics.refused(error)
            raise
        except Exception:
            self._metrics.refused(InternalError())
            raise
        self._metrics.answered(answer)
        return answer

    async def _settle(self, turn: Turn, image: bytes, question: Question) -> Answer | ServiceError:
        try:
            return await self._classify(turn, image, question)
        except ServiceError as error:
            return error
        except Exception:  # one poisoned image must not fail its neighbours
            _logger.exception("unexpected error in a batch", extra={"request_id": question.request_id})
            return InternalError()
