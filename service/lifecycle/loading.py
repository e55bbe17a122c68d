"""The predictor that the settings ask for: models and the eye locator, loaded and verified.

Knows nothing of the web framework, which takes as long to import as the models take to load: `python -m
service` does both at the same time.
"""

from concurrent.futures import ThreadPoolExecutor

from service.answering.predictor import Predictor
from service.errors import InvalidBundle
from service.lifecycle.opening import runtime
from service.locator import bundle as locator_bundle
from service.locator.document import newest_locator
from service.locator.eyes import EyeLocator
from service.networks.models import ModelStore
from service.networks.runtime import Runtime
from service.processes.shares import Share
from service.settings import Settings


def load_predictor(settings: Settings, sessions: Runtime | None = None) -> Predictor:
    """Load and verify every model that the settings ask for; raises InvalidBundle.

    `sessions` run as the settings say for a process by itself, unless they are given.
    """
    sessions = sessions or runtime(settings, Share())
    # ONNX Runtime needs no Python while it loads, so that each of them has a CPU of its own.
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(_load_locator, settings, sessions)
        models = ModelStore.load(settings.models, settings.model, sessions)
        locator = loading.result()
    if locator is None and any(model.metadata.crop for model in models):
        raise InvalidBundle(
            f"{settings.models / settings.locator}: expected the eye locator, which a model needs. "
            "Received: nothing there."
        )
    return Predictor(models, settings, locator)


def _load_locator(settings: Settings, sessions: Runtime) -> EyeLocator | None:
    folder = newest_locator(settings.models / settings.locator)
    return locator_bundle.load(folder, sessions) if folder else None
