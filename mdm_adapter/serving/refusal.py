"""What a client is told when it cannot have what it asked for."""


class Refusal(ValueError):
    """One line for the client, and the HTTP status that it goes with."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
