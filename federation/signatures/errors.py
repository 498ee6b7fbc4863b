"""The one thing that can be wrong with a signature."""


class SignatureInvalid(Exception):
    """The request is not signed as it must be; `reason` is a fixed label for logs, never shown."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
