"""What a process that reads strangers' pictures and documents says of an input that is no use."""

from __future__ import annotations


class Refusal(Exception):
    """An input that is no use, or an output that cannot be made of it; a code and a message for people."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
