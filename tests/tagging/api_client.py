"""Somebody's program, talking to the API with a token."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from gallery.models import User


def program_of(person: User | None) -> APIClient:
    """Return a client that sends this person's token, or none."""
    client = APIClient()
    if person is not None:
        token, _ = Token.objects.get_or_create(user=person)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    return client


def as_file(data: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    """Return the bytes as a form sends them."""
    return SimpleUploadedFile(name, data)
