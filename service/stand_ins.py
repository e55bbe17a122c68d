"""What takes the place of modules and types, while libraries are imported that never use them here."""

import sys
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Self

import typing_extensions


class _Nothing:
    """What is imported from an absent module: a class to inherit from or to name a type, of no other use."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        raise ImportError(f"{cls.__name__}: this service is started without it")

    def __class_getitem__(cls, _: Any) -> type[Self]:
        return cls


class _Absent(ModuleType):
    """Takes a module's place while others are imported."""

    def __getattr__(self, name: str) -> type[_Nothing]:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (_Nothing,), {})


class _AnyDict(dict[str, Any]):
    """Takes the place of TypedDict: its classes make dictionaries too, and are of no other use."""

    def __new__(cls, **items: Any) -> dict[str, Any]:  # type: ignore[misc]
        return items

    def __init_subclass__(cls, **_: Any) -> None:
        """Whatever else a TypedDict says of itself, as `total`, is left."""


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """Let whoever imports these modules meanwhile get nothing, and whoever does so later the modules."""
    placed = {name: _Absent(name) for name in names if name not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[name]


@contextmanager
def unread_typed_dicts() -> Iterator[None]:
    """Let what modules that are imported meanwhile say of their dictionaries' items be read by nobody.

    TypedDict compiles the text of each item's type, for whoever asks for it while a program runs.
    """
    modules: tuple[ModuleType, ...] = (typing, typing_extensions)
    kept = [module.TypedDict for module in modules]
    for module in modules:
        vars(module)["TypedDict"] = _AnyDict
    try:
        yield
    finally:
        for module, own in zip(modules, kept, strict=True):
            vars(module)["TypedDict"] = own
