"""The predictor that the settings ask for: models and the eye locator, loaded and verified.

Knows nothing of the web framework, which takes as long to import as the models take to load: `python -m
service` does both at the same time.
"""

from service import bundle, cpus, locator_bundle
from service.errors import InvalidBundle
from service.eyes import EyeLocator
from service.models import ModelStore
from service.predictor import Predictor
from service.runtime import Runtime
from service.sessions import DOCUMENT as LOCATOR_FILE
from service.settings import Settings, split


def load_predictor(settings: Settings) -> Predictor:
    """Load and verify every model that the settings ask for; raises InvalidBundle."""
    sessions = runtime(settings)
    models = ModelStore.load(settings.models, settings.model, sessions)
    return Predictor(models, settings, _load_locator(settings, models, sessions))


def runtime(settings: Settings) -> Runtime:
    """What ONNX Runtime's sessions run on."""
    threads = settings.threads or cpus.available()
    providers = split(settings.providers)
    return Runtime.available(threads, providers, adaptive=not settings.threads, at_once=settings.at_once)


def _load_locator(settings: Settings, models: ModelStore, sessions: Runtime) -> EyeLocator | None:
    folder = settings.models / settings.locator
    versions = bundle.versions(folder, LOCATOR_FILE)
    if versions:
        return locator_bundle.load(folder / str(versions[-1]), sessions)
    if any(model.metadata.crop for model in models):
        raise InvalidBundle(
            f"{folder}: expected the eye locator, which a model needs. Received: nothing there."
        )
    return None
