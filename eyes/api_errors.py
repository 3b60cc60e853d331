"""One shape for every refusal of the API."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler


def answer_error(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Return `{"code", "message", "problems"}` for what the framework knows how to refuse.

    `code` is for programs and stays the same, `message` is for people, and `problems` says what
    is wrong in each field of a form. None lets an unexpected error surface as one.
    """
    response = exception_handler(problem, context)
    if response is None:
        return None
    if isinstance(problem, ValidationError):
        response.data = _describe_fields(problem.detail)
        return response
    detail = response.data.get("detail", "")
    code = getattr(detail, "code", "error")
    response.data = {"code": code, "message": str(detail), "problems": {}}
    return response


def _describe_fields(detail: Any) -> dict[str, Any]:
    """Return the body for wrong fields; the code is the problem's own where there is only one."""
    by_field = detail if isinstance(detail, dict) else {"": detail}
    errors = {field: _flatten(problems) for field, problems in by_field.items()}
    everything = [(field, error) for field, found in errors.items() for error in found]
    field, first = everything[0]
    named = field and field != "non_field_errors" and first.code in {"required", "null", "blank"}
    return {
        "code": first.code if len(everything) == 1 else "invalid",
        "message": f"{field}: {first}" if named else str(first),
        "problems": {field: [str(error) for error in found] for field, found in errors.items()},
    }


def _flatten(problems: Any) -> list[ErrorDetail]:
    """Return the single errors of a field, however deeply a serializer nested them."""
    if isinstance(problems, dict):
        return [error for nested in problems.values() for error in _flatten(nested)]
    if isinstance(problems, list | tuple):
        return [error for nested in problems for error in _flatten(nested)]
    return [problems]
