"""What a version would change, told before anybody sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import Image, User, Visibility
from tagging.models import (
    Embedding,
    ImageTag,
    ModelVersion,
    Suggestion,
    Tag,
    TagState,
    VersionState,
)
from tagging.previews import Preview
from tagging.services.embeddings import embed_images
from tagging.services.previews import PreviewRefused, preview_version, request_preview
from tagging.services.suggestions import retag_library
from tagging.services.tags import find_or_create_tag
from tagging.services.versions import promote_version
from tagging.tasks import preview_version as preview_job
from tagging.tasks import tag_image
from tests.tagging.network_cast import (
    altered,
    bundled,
    change_one_byte,
    constant_head,
    publish,
    upload,
)

pytestmark = [pytest.mark.network, pytest.mark.django_db]


@pytest.fixture
def coffee(alice: User, network_store: Path) -> Image:
    """A photo of Alice's that version 0 has tagged."""
    image = upload(alice, bundled("coffee.png"))
    tag_image(image.pk)
    return image


def shown_pairs() -> set[tuple[int, str]]:
    return set(Suggestion.objects.shown().values_list("image_id", "tag__name"))


def test_a_preview_says_what_re_tagging_then_does(
    coffee: Image, bob: User, network_store: Path
) -> None:
    cat = upload(bob, bundled("chelsea.png"))
    tag_image(cat.pk)
    version = publish(network_store, 1, constant_head(heron=0.95, coffee=0.01, stork=0.7))
    before = shown_pairs()
    preview = preview_version(version=version)
    promote_version(version=version, enqueue_retag=False)
    retag_library()
    after = shown_pairs()
    assert preview.gained == len(after - before) >= 2
    assert preview.lost == len(before - after) >= 1
    assert preview.per_tag["heron"] == [2, 0] and preview.per_tag["coffee"] == [0, 1]
    assert "stork" not in preview.per_tag, "offered is not shown"
    assert preview.photos == 2
    changes = preview.gained + preview.lost
    assert sum(preview.owners.values()) == changes
    assert preview.owners[str(bob.pk)] >= 1


def test_nothing_is_written_but_the_preview_itself(coffee: Image, network_store: Path) -> None:
    ImageTag.objects.create(image=coffee, tag=find_or_create_tag(name="cup"))
    version = publish(network_store, 1, constant_head(quetzal=0.95, coffee=0.01))
    tables = (Suggestion, Tag, ImageTag, Embedding, Image, ModelVersion)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    preview = preview_version(version=version)
    version.preview = {}
    version.save(update_fields=["preview"])
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before
    assert preview.per_tag["quetzal"] == [1, 0], "a word that nobody has said yet"


def test_of_what_people_said_nothing_comes_or_goes(
    coffee: Image, mona: User, network_store: Path
) -> None:
    for name, state in (
        ("heron", TagState.REJECTED),
        ("stork", TagState.CURATED),
        ("coffee", TagState.CONFIRMED),
    ):
        tag = find_or_create_tag(name=name)
        ImageTag.objects.create(image=coffee, tag=tag, state=state, decided_by=mona)
    version = publish(network_store, 1, constant_head(heron=0.99, stork=0.99, coffee=0.01))
    assert not {"heron", "stork", "coffee"} & preview_version(version=version).per_tag.keys()


def test_the_live_version_changes_nothing(coffee: Image, network_store: Path) -> None:
    version = publish(network_store, 1, constant_head(heron=0.95))
    promote_version(version=version, enqueue_retag=False)
    retag_library()
    preview = preview_version(version=version)
    assert preview.sentence == "No shown tag comes or goes on 1 photo, against version 1."


def test_photos_without_a_vector_are_counted_and_not_embedded(
    alice: User, network_store: Path
) -> None:
    upload(alice, bundled("coffee.png"))
    preview = preview_version(version=publish(network_store, 1, constant_head(heron=0.95)))
    assert (preview.looked_at, preview.unseen, preview.photos) == (0, 1, 0)
    assert not Embedding.objects.exists()


def test_an_empty_site_has_a_preview_too(db: None, network_store: Path) -> None:
    preview = preview_version(version=publish(network_store, 1, constant_head(heron=0.95)))
    assert preview.sentence == "No shown tag comes or goes on 0 photos, against version 0."


def test_examples_are_photos_that_strangers_may_see(
    coffee: Image, alice: User, network_store: Path
) -> None:
    secret = upload(alice, bundled("chelsea.png"))
    secret.visibility = Visibility.PRIVATE
    secret.save()
    tag_image(secret.pk)
    version = publish(network_store, 1, constant_head(heron=0.95))
    preview = preview_version(version=version)
    assert preview.photos == 2
    assert [example.photo for example in preview.examples] == [coffee.pk]
    assert preview.examples[0].gained == ["heron"]
    version.refresh_from_db()
    assert Preview.from_json(version.preview) == preview


def test_a_damaged_or_pruned_version_is_refused_with_its_reason(
    coffee: Image, network_store: Path
) -> None:
    damaged = publish(network_store, 1, constant_head(heron=0.95))
    change_one_byte(network_store / "1" / "head.npz")
    with pytest.raises(PreviewRefused, match=r"Version 1 cannot be tried out: head\.npz was"):
        preview_version(version=damaged)
    damaged.refresh_from_db()
    assert "head.npz was changed" in damaged.preview["problem"]
    assert damaged.state == VersionState.CANDIDATE, "only a load for serving marks it"
    pruned = publish(network_store, 2, constant_head(heron=0.95))
    pruned.pruned_at = pruned.created_at
    pruned.save()
    with pytest.raises(PreviewRefused, match="were removed"):
        request_preview(version=pruned)
    assert "Its files were removed" in preview_job(pruned.pk)
    assert preview_job(99_999) == "Version with id 99999 is gone."


def test_the_number_of_queries_does_not_grow_with_the_photos(
    alice: User, network_store: Path
) -> None:
    version = publish(network_store, 1, constant_head(heron=0.95))
    preview_version(version=version)
    counts = []
    for turns in (2, 6):
        for turn in range(turns):
            upload(alice, altered(bundled("coffee.png"), lambda one, t=turn: one.rotate(t * 25)))
        embed_images(image_ids=list(Image.objects.values_list("pk", flat=True)))
        with CaptureQueriesContext(connection) as queries:
            preview_version(version=version)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_moderator_sees_the_preview_beside_the_button_that_promotes(
    coffee: Image,
    mona: User,
    client: Client,
    network_store: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    version = publish(network_store, 1, constant_head(heron=0.95, coffee=0.01))
    address = f"/admin/tagging/modelversion/{version.pk}/change/"
    client.force_login(mona)
    assertContains(client.get(address), "Nobody has looked yet")
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post(f"/admin/tagging/modelversion/{version.pk}/preview/", follow=True)
    assertContains(page, "A worker is computing it")
    assert [job.func() for job in OrmQ.objects.all()] == ["tagging.tasks.preview_version"]
    sentence = preview_job(version.pk)
    assert "tags on 1 photo, against version 0." in sentence
    page = client.get(address)
    assertContains(page, sentence)
    assertContains(page, f'href="/images/{coffee.pk}/"')
    assertContains(page, "Make version 1 the live one")
    promote_version(version=publish(network_store, 2, constant_head(stork=0.95)))
    assertContains(client.get(address), "Version 2 has gone live since")


def test_a_pruned_version_offers_no_buttons(mona: User, client: Client, db: None) -> None:
    version = ModelVersion.objects.create(number=3, pruned_at="2026-01-02T03:04:05Z")
    client.force_login(mona)
    page = client.get(f"/admin/tagging/modelversion/{version.pk}/change/")
    assertContains(page, "Its files were removed on 2 Jan 2026")
    assertNotContains(page, "Make version 3 the live one")
    page = client.post(f"/admin/tagging/modelversion/{version.pk}/preview/", follow=True)
    assertContains(page, "The files of version 3 were removed.")


def test_nobody_else_asks_for_a_preview(alice: User, mona: User, client: Client) -> None:
    version = ModelVersion.objects.create(number=3)
    address = f"/admin/tagging/modelversion/{version.pk}/preview/"
    client.force_login(alice)
    assert client.post(address).status_code == 302
    client.force_login(mona)
    assert client.get(address).status_code == 405
    assert not OrmQ.objects.exists()
