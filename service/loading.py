"""The predictor that the settings ask for: models and the eye locator, loaded and verified.

Knows nothing of the web framework, which takes as long to import as the models take to load: `python -m
service` does both at the same time.
"""

from concurrent.futures import ThreadPoolExecutor

from service import bundle, cpus, locator_bundle
from service.errors import InvalidBundle
from service.eyes import EyeLocator
from service.models import ModelStore
from service.predictor import Predictor
from service.runtime import Runtime
from service.sessions import DOCUMENT as LOCATOR_FILE
from service.settings import Settings, split
from service.shares import MOST_THREADS, Share


def load_predictor(settings: Settings, share: Share | None = None) -> Predictor:
    """Load and verify every model that the settings ask for; raises InvalidBundle."""
    sessions = runtime(settings, share or Share())
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


def runtime(settings: Settings, share: Share) -> Runtime:
    """What ONNX Runtime's sessions run on."""
    together, available = share.processes > 1, cpus.available()
    return Runtime.available(
        settings.threads or (min(available, MOST_THREADS) if together else available),
        split(settings.providers),
        adaptive=not settings.threads,
        at_once=settings.at_once,
        others=share.others_busy if together else None,
    )


def _load_locator(settings: Settings, sessions: Runtime) -> EyeLocator | None:
    folder = settings.models / settings.locator
    versions = bundle.versions(folder, LOCATOR_FILE)
    return locator_bundle.load(folder / str(versions[-1]), sessions) if versions else None
