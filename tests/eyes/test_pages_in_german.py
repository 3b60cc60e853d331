"""The site in German: pages, numbers and dates, refusals of forms and of the API."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation

from gallery.imaging import UnreadablePhoto
from gallery.models import User
from gallery.problems import in_words
from tagging.models import ModelVersion, Suggestion, Tag, VersionState
from tagging.panel import certainty_in_words
from tagging.services.votes import add_tag
from tests.gallery.cast import store

GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.5"}


def read(client: Client, address: str) -> str:
    """Return the page at this address as a browser that wants German gets it."""
    answer = client.get(address, **GERMAN)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert answer["Content-Language"] == "de"
    return answer.content.decode()


def test_the_stream_speaks_german_to_visitors(db: None, client: Client) -> None:
    page = read(client, "/")
    assert '<html lang="de">' in page
    assert "Teile Fotos. Bring dem Netz das Sehen bei." in page
    assert "Noch keine Fotos" in page


def test_a_photo_page_says_in_german_who_said_what(alice: User, client: Client) -> None:
    image = store(alice)
    add_tag(person=alice, image=image, name="heron")
    version = ModelVersion.objects.bootstrap()
    boat = Tag.objects.create(name="boat", slug="boat")
    Suggestion.objects.create(
        image=image, tag=boat, version=version, score=0.93, source=Suggestion.Source.BOOTSTRAP
    )
    client.force_login(alice)
    page = read(client, image.get_absolute_url())
    assert "alice · bestätigt" in page
    assert "so gut wie sicher · 93" in page
    assert 'title="Von Anfang an bekannt"' in page
    assert "Du hast gesagt, dass „heron“ zu sehen ist." in page
    assert "Foto von alice" in page


def test_the_review_page_asks_in_german(alice: User, bob: User, client: Client) -> None:
    client.force_login(bob)
    assert "Keine Fragen mehr" in read(client, "/review/")
    image = store(alice)
    boat = Tag.objects.create(name="boat", slug="boat")
    version = ModelVersion.objects.bootstrap()
    Suggestion.objects.create(
        image=image, tag=boat, version=version, score=0.5, source=Suggestion.Source.BOOTSTRAP
    )
    page = read(client, "/review/")
    assert "Zeigt das <em>boat</em>?" in page
    assert "0 von 50 heute" in page
    assert 'data-not-saved="Das wurde nicht gespeichert.' in page


def test_a_tag_page_says_in_german_what_is_missing(alice: User, client: Client) -> None:
    add_tag(person=alice, image=store(alice), name="dirndl")
    page = read(client, "/tags/dirndl/")
    assert "Noch nicht gelernt." in page
    assert "und das Netz kann es lernen." in page


def test_a_model_card_writes_numbers_and_dates_in_german(db: None, client: Client) -> None:
    figures = {"present": 1234, "precision": 0.9, "recall": 0.75, "f1": 0.8125}
    version = ModelVersion.objects.create(
        number=1,
        backbone="efficientnet_lite0",
        state=VersionState.PROMOTED,
        labels=["cat"],
        pruned_at=datetime(2026, 5, 3, tzinfo=UTC),
        metrics={
            "macro_f1": 0.8125,
            "per_tag": {"cat": figures},
            "live": {"version": 0, "per_tag": {"cat": {"f1": 0.9}}},
        },
    )
    page = read(client, f"/models/{version.number}/")
    assert "81,2 %" in page
    assert "−8,8" in page
    assert "1.234" in page
    assert "3. Mai 2026" in page
    assert "War schon im Einsatz" in page


def test_a_refused_upload_is_explained_in_german(alice: User, client: Client) -> None:
    client.force_login(alice)
    form = {
        "photos": SimpleUploadedFile("notes.jpg", b"just a few words"),
        "visibility": "public",
        "teaches": "yes",
    }
    answer = client.post("/upload/", form, **GERMAN)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert "Das ist eine Textdatei, kein Foto." in answer.content.decode()


def test_numbers_in_refusals_follow_the_language() -> None:
    problem = UnreadablePhoto(
        "The file has %(size)s MB; the limit is %(limit)s MB.",
        "too_large",
        size="1,234.5",
        limit="40",
    )
    assert str(problem) == "The file has 1,234.5 MB; the limit is 40 MB."
    assert in_words(problem) == str(problem)
    with translation.override("de"):
        assert in_words(problem) == "Die Datei hat 1.234,5 MB; erlaubt sind 40 MB."
        assert certainty_in_words(0.5) == "vielleicht"


def test_the_api_keeps_its_codes_in_every_language(alice: User, client: Client) -> None:
    image = store(alice)
    client.force_login(alice)
    address = f"/api/v1/images/{image.pk}/vote/"
    body = {"tag": "unheard of", "value": "yes"}
    english = client.post(address, body, "application/json").json()
    german = client.post(address, body, "application/json", **GERMAN).json()  # type: ignore[arg-type]
    assert english["code"] == german["code"] == "unknown_tag"
    assert english["message"].startswith("There is no tag “unheard of” yet")
    assert german["message"].startswith("Das Schlagwort „unheard of“ gibt es noch nicht")


def test_english_dates_keep_the_order_of_day_and_month(db: None, client: Client) -> None:
    ModelVersion.objects.create(number=1, pruned_at=timezone.now().replace(2026, 5, 3))
    assert "3 May 2026" in client.get("/models/1/").content.decode()
