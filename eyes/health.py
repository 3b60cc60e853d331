"""Whether this process can serve: for load balancers and `manage.py up`."""

from __future__ import annotations

from dataclasses import asdict

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from tagging.presence import network_status


def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 when the database answers, 503 with the reason when it does not.

    `network` is what the tagging workers last said of theirs: "ready", "loading", "unloaded"
    (it loads with the next photo) or "not seen" where no worker is there. `queue` is how many
    photos wait. Neither changes the answer's code: a web process serves without them.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        tagging = network_status()
    except DatabaseError:
        return JsonResponse({"status": "database does not answer"}, status=503)
    return JsonResponse({"status": "ok", **asdict(tagging)})
