"""Why a file is not accepted."""


class Refused(Exception):
    """The file is not accepted. ``code`` is for programs, the text for the person who sent it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
