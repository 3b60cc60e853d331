"""What can be wrong with a question, and where. Pure: the words stand in `messages`."""

from __future__ import annotations


class QuestionError(ValueError):
    """The question cannot be understood; `start` and `end` say which part of it is why.

    `code` names what is wrong and `values` the pieces its sentence needs.
    """

    def __init__(self, code: str, start: int, end: int, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.start = start
        self.end = end
        self.values = values
