"""Everything the service can refuse, and why.

ServiceError
├── UnusableImage               the upload is no picture we can use
│   ├── EmptyFile
│   ├── UnsupportedFormat
│   ├── CorruptImage
│   ├── ImageTooLarge
│   └── NoEyesFound
├── InvalidRequest              the request does not fit the API
│   ├── TooManyImages
│   ├── BodyTooLarge
│   └── RequestTimeout
├── Unauthorized
├── UnknownModel
├── NotReady
├── Overloaded
├── DeadlineExceeded
├── InternalError
└── InvalidBundle               a model folder that cannot be served (stops the start)

Exception                       what stops the start too, but is nothing that a client could be told
├── CannotTrace
├── CannotListen
├── CannotFork
├── TooFewDescriptors
└── TooFewThreads

A class's `code` is stable and part of the API; its HTTP status is in `service/http/problems.py`.
"""

from typing import ClassVar


class ServiceError(Exception):
    """Base of all expected errors; the message is shown to the client."""

    code: ClassVar[str] = "service_error"
    title: ClassVar[str] = "The request could not be answered"


class UnusableImage(ServiceError):
    """The upload is no picture the service can use."""

    code = "unusable_image"
    title = "The picture cannot be used"


class EmptyFile(UnusableImage):
    """The upload holds no bytes."""

    code = "empty_file"
    title = "The file is empty"


class UnsupportedFormat(UnusableImage):
    """The bytes are in no supported picture format, whatever the file name says."""

    code = "unsupported_format"
    title = "The file is no supported picture"


class CorruptImage(UnusableImage):
    """A supported format, but truncated or damaged."""

    code = "corrupt_image"
    title = "The picture is damaged"


class ImageTooLarge(UnusableImage):
    """More pixels than the service decodes."""

    code = "image_too_large"
    title = "The picture has too many pixels"


class NoEyesFound(UnusableImage):
    """`region=auto` or `region=eyes` found no eye in the picture."""

    code = "no_eyes_found"
    title = "No eye was found in the picture"


class InvalidRequest(ServiceError):
    """The request does not fit the API."""

    code = "invalid_request"
    title = "The request is not valid"


class TooManyImages(InvalidRequest):
    """More images than one request may hold."""

    code = "too_many_images"
    title = "Too many images"


class BodyTooLarge(InvalidRequest):
    """The request's body exceeds the limit."""

    code = "body_too_large"
    title = "The request is too large"


class RequestTimeout(InvalidRequest):
    """The request's body did not arrive in time."""

    code = "request_timeout"
    title = "The request took too long to arrive"


class Unauthorized(ServiceError):
    """An API key is required, and none or an unknown one was given."""

    code = "unauthorized"
    title = "An API key is required"


class UnknownModel(ServiceError):
    """No model of that name is loaded."""

    code = "unknown_model"
    title = "There is no such model"


class NotReady(ServiceError):
    """The service cannot answer at the moment."""

    code = "not_ready"
    title = "The service is not ready"


class Overloaded(ServiceError):
    """Too many requests are waiting already."""

    code = "overloaded"
    title = "The service is overloaded"


class DeadlineExceeded(ServiceError):
    """The answer was not there in time."""

    code = "deadline_exceeded"
    title = "The answer took too long"


class InternalError(ServiceError):
    """Something unexpected; the logs know more, by the request id."""

    code = "internal_error"
    title = "Something went wrong on our side"

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side; the request id finds it in the logs.")


class InvalidBundle(ServiceError):
    """A model folder that cannot be served."""

    code = "invalid_bundle"
    title = "The model bundle is not valid"


class CannotTrace(Exception):
    """Packages are missing or `OTEL_*` variables do not fit (stops the start; no client ever sees it)."""


class CannotListen(Exception):
    """Nobody can listen on this host or port (stops the start; no client ever sees it)."""


class CannotFork(Exception):
    """The system has no room for the processes of the service (stops the start; no client ever sees it)."""


class TooFewDescriptors(Exception):
    """The system lets the service open too few files (stops the start; no client ever sees it)."""


class TooFewThreads(Exception):
    """The system lets the service start too few threads (stops the start; no client ever sees it)."""
