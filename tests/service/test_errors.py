import re

from service import errors
from service.errors import ServiceError
from service.http import problems


def subclasses(parent: type[ServiceError]) -> list[type[ServiceError]]:
    return [parent] + [leaf for child in parent.__subclasses__() for leaf in subclasses(child)]


def test_every_error_has_its_own_code_and_a_status() -> None:
    codes = [error.code for error in subclasses(ServiceError)]
    assert len(set(codes)) == len(codes)
    assert set(codes) == set(problems.STATUS)


def drawing(parent: type[Exception], margin: str = "") -> list[str]:
    """The classes of the module below another one, as a tree; ServiceError has its own."""
    classes = [one for one in vars(errors).values() if isinstance(one, type) and one is not ServiceError]
    children = [one for one in classes if one.__base__ is parent]
    lines = []
    for child in children:
        branch, further = ("└── ", "    ") if child is children[-1] else ("├── ", "│   ")
        lines += [f"{margin}{branch}{child.__name__}", *drawing(child, margin + further)]
    return lines


def test_the_drawing_at_the_top_is_of_all_errors() -> None:
    assert errors.__doc__ is not None
    drawn = [re.sub(r"(?<=\w)  .*", "", line) for line in errors.__doc__.splitlines()]  # without its remarks
    wanted = ["ServiceError", *drawing(ServiceError), "", "Exception", *drawing(Exception)]
    start = drawn.index(wanted[0])
    assert drawn[start : start + len(wanted)] == wanted


def test_not_ready_is_503() -> None:
    assert problems.STATUS["not_ready"] == 503
