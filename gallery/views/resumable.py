"""Uploads in pieces: the tus protocol 1.0.0 for browsers (session) and programs (token) alike.

Each address answers as the protocol says; beyond it, GET tells in JSON what became of an upload,
and a finished creation carries the same in its body. Refusals have the shape of the API's.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import http_date
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery.answers import describe
from gallery.forms import WishesForm, usual_answers
from gallery.models import Upload, User
from gallery.services.batches import UploadOutcome, begin_batch
from gallery.services.images import StoredImage
from gallery.services.uploads import (
    append_piece,
    change_wishes,
    check_offset,
    forget_upload,
    open_upload,
    outcome_of,
    status_for,
)
from gallery.uploading import headers
from gallery.uploading.pieces import receive
from gallery.uploading.refusals import UploadRefused, malformed
from gallery.uploading.wishes import Wishes

MOST_HASHES = 500


class UnreadParser(BaseParser):
    """Leaves the body of a request to the view, whatever it is."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return nothing, and read nothing."""
        return {}


class UploadingView(APIView):
    """What all addresses of uploads have in common: who asks, and how a refusal looks."""

    permission_classes = (IsAuthenticated,)
    # A folder of small photos is thousands of requests; what a person may have under way is
    # limited where an upload begins.
    throttle_classes = ()

    @property
    def person(self) -> User:
        """Return who uploads."""
        return cast(User, self.request.user)

    def handle_exception(self, exc: Exception) -> Response:
        """Return the answer to a refused upload; everything else is refused as by the API."""
        if not isinstance(exc, UploadRefused):
            return super().handle_exception(exc)
        body = {"code": exc.code, "message": exc.message, "problems": exc.problems}
        return Response(body, exc.status)

    def wishes_in(self, answers: Any) -> Wishes:
        """Return the wishes in a mapping of answers; those left out are the person's usual ones."""
        if not isinstance(answers, dict) or not all(map(_is_plain, answers.values())):
            raise malformed("The wishes must be names with texts.")
        form = WishesForm({**usual_answers(self.person), **answers}, uploader=self.person)
        if not form.is_valid():
            problems = {name: [str(one) for one in found] for name, found in form.errors.items()}
            first = next(iter(problems.values()))[0]
            raise UploadRefused(HTTPStatus.UNPROCESSABLE_ENTITY, "wishes", first, problems)
        return form.wishes


def _is_plain(value: object) -> bool:
    """Return whether this is a number, or text that every database keeps."""
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    return isinstance(value, int)


class TusView(UploadingView):
    """The protocol's own rules: its version, and its headers on every answer."""

    parser_classes = (UnreadParser,)

    def get_permissions(self) -> list[BasePermission]:
        """Return that anybody may ask what the server can do."""
        return [] if self.request.method == "OPTIONS" else [IsAuthenticated()]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Return the request, by the method that a client meant which cannot send it."""
        meant = request.headers.get("X-HTTP-Method-Override")
        if meant and request.method == "POST":
            request.method = meant.upper()
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse other versions of the protocol (412); GET is none of its methods."""
        super().initial(request, *args, **kwargs)
        spoken = request.headers.get("Tus-Resumable")
        if request.method not in ("GET", "OPTIONS") and spoken != headers.VERSION:
            raise UploadRefused(
                HTTPStatus.PRECONDITION_FAILED,
                "version",
                f"Tus-Resumable must be {headers.VERSION}.",
            )

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Return the answer with the headers that every answer of the protocol carries."""
        response["Tus-Resumable"] = headers.VERSION
        response["Cache-Control"] = "no-store"
        if request.method == "OPTIONS" or response.status_code == HTTPStatus.PRECONDITION_FAILED:
            response["Tus-Version"] = headers.VERSION
        return super().finalize_response(request, response, *args, **kwargs)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Say what of the protocol is spoken here."""
        return Response(
            status=HTTPStatus.NO_CONTENT,
            headers={
                "Tus-Extension": ",".join(headers.EXTENSIONS),
                "Tus-Max-Size": str(settings.EYES_MAX_UPLOAD_BYTES),
                "Tus-Checksum-Algorithm": ",".join(headers.CHECKSUM_ALGORITHMS),
            },
        )

    def take_piece(self, upload: Upload, offset: int) -> Upload:
        """Return the upload with what the request carries, as far as it came, at its end."""
        if self.request.content_type != headers.PIECE_TYPE:
            raise UploadRefused(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "content_type",
                f"The content type of a piece is {headers.PIECE_TYPE}.",
            )
        checksum = headers.read_checksum(self.request.headers.get("Upload-Checksum"))
        announced = int(self.request.META.get("CONTENT_LENGTH") or 0)
        # Refused before it is received: nobody waits for bytes that are thrown away.
        check_offset(upload, offset, announced)
        piece, is_whole = receive(self.request._request, announced)
        if not is_whole and checksum is not None:
            raise malformed("The connection broke before the piece was whole.")
        return append_piece(upload=upload, offset=offset, piece=piece, checksum=checksum)


@extend_schema(exclude=True)
class UploadsView(TusView):
    """Where uploads begin."""

    def post(self, request: Request) -> Response:
        """Begin an upload; the first bytes, or all of them, may come along."""
        size = headers.read_count(request.headers.get("Upload-Length"), "Upload-Length")
        told = headers.read_metadata(request.headers.get("Upload-Metadata", ""))
        upload = open_upload(
            owner=self.person,
            size=size,
            name=told.pop("filename", ""),
            sha256=headers.read_sha256(told.pop("sha256", "")),
            wishes=self.wishes_in(told),
        )
        if request.content_type == headers.PIECE_TYPE:
            upload = self.take_piece(upload, 0)
        outcome = settled_outcome(upload)
        place = {"Location": f"{request.path}{upload.pk}/", **progress_of(upload)}
        return Response(outcome and describe(outcome), HTTPStatus.CREATED, headers=place)


@extend_schema(exclude=True)
class UploadView(TusView):
    """One upload; somebody else's does not exist."""

    def get(self, request: Request, pk: UUID) -> Response:
        """Return what became of the upload, or how far it is."""
        upload = own_upload_or_404(self.person, pk)
        outcome = settled_outcome(upload)
        far = {"name": upload.name, "received": upload.received, "size": upload.size}
        return Response(describe(outcome) if outcome else far)

    def head(self, request: Request, pk: UUID) -> Response:
        """Say where the upload goes on; 410 where it no longer does."""
        upload = own_upload_or_404(self.person, pk)
        check_offset(upload, upload.received, 0)
        return Response(headers={"Upload-Length": str(upload.size), **progress_of(upload)})

    def patch(self, request: Request, pk: UUID) -> Response:
        """Take the next piece; the last one makes the upload a photo, or says why it is none."""
        upload = own_upload_or_404(self.person, pk)
        offset = headers.read_count(request.headers.get("Upload-Offset"), "Upload-Offset")
        upload = self.take_piece(upload, offset)
        settled_outcome(upload)
        return Response(status=HTTPStatus.NO_CONTENT, headers=progress_of(upload))

    def delete(self, request: Request, pk: UUID) -> Response:
        """Give the upload up."""
        forget_upload(upload=own_upload_or_404(self.person, pk))
        return Response(status=HTTPStatus.NO_CONTENT)


@extend_schema(exclude=True)
class WishesView(UploadingView):
    """What is wished for one upload, changed while it arrives or just after."""

    parser_classes = (JSONParser,)

    def post(self, request: Request, pk: UUID) -> Response:
        """Let these wishes hold."""
        upload = own_upload_or_404(self.person, pk)
        change_wishes(upload=upload, wishes=self.wishes_in(request.data))
        return Response(status=HTTPStatus.NO_CONTENT)


@extend_schema(exclude=True)
class BatchView(UploadingView):
    """What a script asks once before it sends many files."""

    parser_classes = (JSONParser,)

    def post(self, request: Request) -> Response:
        """Say which files are here already and which go on; remember the answers.

        The body is `{"sha256": [up to 500], "wishes": {...}}`.
        """
        asked = request.data if isinstance(request.data, dict) else {}
        hashes = asked.get("sha256")
        if not isinstance(hashes, list) or not all(map(headers.is_sha256, hashes)):
            raise malformed("sha256 must be a list of hashes of 64 hexadecimal digits.")
        if len(hashes) > MOST_HASHES:
            raise malformed(f"Ask for {MOST_HASHES} files at once at most.")
        wishes = self.wishes_in(asked.get("wishes", {}))
        batch = begin_batch(person=self.person, hashes=hashes, wishes=wishes)
        return Response(
            {
                "photos": {
                    sha256: describe(UploadOutcome(image.original_name, StoredImage(image, False)))
                    for sha256, image in batch.photos.items()
                },
                "uploads": {
                    sha256: {
                        "url": reverse("gallery:upload_file", args=[upload.pk]),
                        "received": upload.received,
                    }
                    for sha256, upload in batch.uploads.items()
                },
            }
        )


def own_upload_or_404(person: User, pk: UUID) -> Upload:
    """Return one's own upload; anybody else's does not exist."""
    mine = Upload.objects.filter(owner=person).select_related("owner", "image")
    return get_object_or_404(mine, pk=pk)


def settled_outcome(upload: Upload) -> UploadOutcome | None:
    """Return the photo that the upload has become, None while it is under way.

    Raises UploadRefused with the reason where it cannot become one.
    """
    outcome = outcome_of(upload)
    if outcome is not None and outcome.stored is None:
        raise UploadRefused(status_for(outcome.code), outcome.code, outcome.problem)
    return outcome


def progress_of(upload: Upload) -> dict[str, str]:
    """Return the headers that say how far the upload is and how long it is kept."""
    return {
        "Upload-Offset": str(upload.received),
        "Upload-Expires": http_date(upload.expires_at.timestamp()),
    }
