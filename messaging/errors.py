"""What services refuse, in words for the person who asked. Each API answers with it in the form of its own contract."""

from typing import ClassVar


class MessagingError(Exception):
    """A request that cannot be carried out. Nothing of it was kept.

    ``text`` says why, for people. ``status`` is the HTTP status, ``code`` a name for programs. ``field`` names the
    value that is wrong, where one is.
    """

    status: ClassVar[int] = 400
    code: str = "refused"

    def __init__(self, text: str, *, code: str = "", field: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.field = field
        if code:
            self.code = code


class Invalid(MessagingError):
    """A value is not of the form that it must have."""

    status = 422
    code = "invalid"


class NotFound(MessagingError):
    """There is no such thing, or the person may not know of it."""

    status = 404
    code = "not_found"


class Forbidden(MessagingError):
    """The person knows the thing and may not do this with it."""

    status = 403
    code = "forbidden"


class Conflict(MessagingError):
    """It cannot be done in the present state."""

    status = 409
    code = "conflict"
