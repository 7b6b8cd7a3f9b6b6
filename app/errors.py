"""What services and the engine raise: each carries one sentence for a person. The doors turn them into answers."""

from http import HTTPStatus


class ProductError(Exception):
    """A request that cannot be met; `message` says what to do about it."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(ProductError):
    """What was sent makes no sense here (422)."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class NotAllowed(ProductError):
    """The member may not do this (403)."""

    status = HTTPStatus.FORBIDDEN


class NotFound(ProductError):
    """There is no such thing, or it is another member's: nobody is told which (404)."""

    status = HTTPStatus.NOT_FOUND


class Gone(ProductError):
    """It was good once, and is no longer (410)."""

    status = HTTPStatus.GONE


class Conflict(ProductError):
    """The thing's present state forbids it (409)."""

    status = HTTPStatus.CONFLICT


class TooMany(ProductError):
    """A limit or quota is used up (429)."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
