"""The networks that the service needs, opened while Python imports whatever will ask for them.

ONNX Runtime needs no Python for that, and takes half as long as the imports: begun first, it is done when
they are. So this module, and what it imports, does without the rest of the service.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from service.commas import split
from service.errors import InvalidBundle
from service.locator.document import networks, newest_locator
from service.machine import cpus
from service.networks.cost import is_light
from service.networks.folders import MODEL_FILE, check_files, newest, wanted_names
from service.networks.runtime import Runtime
from service.processes.shares import MOST_THREADS, Share
from service.settings import Settings


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


@contextmanager
def ahead(settings: Settings, sessions: Runtime) -> Iterator[None]:
    """Meanwhile the networks that the settings ask for are opened, one after the other, by a thread.

    Who asks `sessions` for one of them gets it, or the reason why there is none.
    """
    try:
        with ThreadPoolExecutor(1) as pool:
            with suppress(InvalidBundle):  # whoever loads it says so
                for running, path in _wanted(settings, sessions):
                    running.begin(path, is_light(path), pool)
            yield
    finally:
        sessions.begun.clear()


def _wanted(settings: Settings, sessions: Runtime) -> Iterator[tuple[Runtime, Path]]:
    locator = newest_locator(settings.models / settings.locator)
    if locator:
        check_files(locator)
        for path in networks(locator):
            yield sessions.single, path
    for name in wanted_names(settings.models, settings.model):
        folder = newest(settings.models, name)
        check_files(folder)
        yield sessions, folder / MODEL_FILE
