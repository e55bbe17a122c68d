from service import errors
from service.errors import ServiceError
from service.http import problems


def subclasses(parent: type[ServiceError]) -> list[type[ServiceError]]:
    return [parent] + [leaf for child in parent.__subclasses__() for leaf in subclasses(child)]


def test_every_error_has_its_own_code_and_a_status() -> None:
    codes = [error.code for error in subclasses(ServiceError)]
    assert len(set(codes)) == len(codes)
    assert set(codes) == set(problems.STATUS)


def test_every_error_is_in_the_drawing_at_the_top() -> None:
    assert errors.__doc__ is not None
    for error in subclasses(ServiceError):
        assert error.__name__ in errors.__doc__


def test_not_ready_is_503() -> None:
    assert problems.STATUS["not_ready"] == 503
