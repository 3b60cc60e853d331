"""The tags of a photo as people meet them: read, vote, add, undo, with htmx and without."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from gallery.models import Image, User
from tagging.models import Content, Embedding, ImageTag, Tag, TagEvent, TwinGroup, Vote
from tagging.services.curation import approve_tags, reject_tags
from tagging.services.votes import add_tag, cast_vote
from tests.tagging.cast import make_image, make_tag, suggest

HTMX = {"HX-Request": "true"}


@pytest.fixture
def photo(alice: User) -> Image:
    return make_image(alice, title="A pond")


@pytest.fixture
def as_bob(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


@pytest.fixture
def as_mona(mona: User) -> Client:
    client = Client()
    client.force_login(mona)
    return client


def vote_url(photo: Image) -> str:
    return reverse("tagging:vote", args=[photo.pk])


def add_url(photo: Image) -> str:
    return reverse("tagging:add", args=[photo.pk])


def panel_of(client: Client, photo: Image, **query: object) -> str:
    """Return the panel's own page as this visitor sees it."""
    response = client.get(reverse("tagging:panel", args=[photo.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def test_suggestions_stand_apart_with_words_and_numbers(as_bob: Client, photo: Image) -> None:
    suggest(photo, "heron", 0.934)
    suggest(photo, "stork", 0.64, is_shown=False)
    cast_vote(person=photo.owner, image=photo, tag=make_tag("pond"), value="yes")
    page = panel_of(as_bob, photo)
    assert "almost certain · 93\u202f%" in page
    assert "perhaps · 64\u202f%" in page
    assert page.count("chip--machine") == page.count("chip--maybe") == 1
    assert page.count("chip--person") == 1
    assert "alice · confirmed" in page
    assert "version 0" in page


def test_a_score_is_never_printed_as_certainty_itself(as_bob: Client, photo: Image) -> None:
    suggest(photo, "heron", 0.9999)
    assert "almost certain · 99\u202f%" in panel_of(as_bob, photo)


def test_a_visitor_reads_and_is_offered_to_log_in(client: Client, photo: Image) -> None:
    suggest(photo, "heron")
    page = panel_of(client, photo)
    assert "heron" in page
    assert "Log in" in page
    assert vote_url(photo) not in page
    assert add_url(photo) not in page


@pytest.mark.django_db
def test_a_visitors_vote_leads_to_logging_in(client: Client, photo: Image) -> None:
    data = {"tag": make_tag("heron").pk, "value": "yes"}
    plain = client.post(vote_url(photo), data)
    assert plain.status_code == 302
    assert plain.url == f"{reverse('account_login')}?next={photo.get_absolute_url()}"
    quiet = client.post(vote_url(photo), data, headers=HTMX)
    assert quiet["HX-Redirect"] == plain.url
    assert not Vote.objects.exists()


def test_a_plain_form_votes_and_comes_back_to_the_photo(as_bob: Client, photo: Image) -> None:
    tag = suggest(photo, "heron").tag
    response = as_bob.post(vote_url(photo), {"tag": tag.pk, "value": "yes"})
    assert response.status_code == 302
    assert response.url == f"{photo.get_absolute_url()}#tags-panel"
    assert ImageTag.objects.get().state == "pending"
    page = panel_of(as_bob, photo)
    assert "You said “heron” is here." in page
    assert "chip--machine" not in page


def test_htmx_gets_the_changed_part_and_an_announcement(as_bob: Client, photo: Image) -> None:
    tag = suggest(photo, "heron").tag
    response = as_bob.post(vote_url(photo), {"tag": tag.pk, "value": "no"}, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in page
    assert "Not here: 1" in page
    assert '<div id="status" hx-swap-oob="innerHTML">You said “heron” is not here.</div>' in page
    assert ImageTag.objects.get().state == "rejected"


def test_pressing_ones_own_vote_again_takes_it_back(as_bob: Client, photo: Image) -> None:
    tag = make_tag("heron")
    as_bob.post(vote_url(photo), {"tag": tag.pk, "value": "yes"})
    assert 'value="withdraw"' in panel_of(as_bob, photo)
    as_bob.post(vote_url(photo), {"tag": tag.pk, "value": "withdraw"})
    assert not ImageTag.objects.exists()
    assert "You took back your vote on “heron”." in panel_of(as_bob, photo)


def test_a_rejection_stays_rejected_and_can_be_found_again(as_bob: Client, photo: Image) -> None:
    tag = suggest(photo, "heron").tag
    as_bob.post(vote_url(photo), {"tag": tag.pk, "value": "no"})
    page = panel_of(as_bob, photo)
    assert "Not here: 1" in page
    assert "The network thinks" not in page
    as_bob.post(vote_url(photo), {"tag": tag.pk, "value": "yes"})
    assert ImageTag.objects.get().state == "pending"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_everything_is_undone_by_its_button(
    as_bob: Client, photo: Image, headers: dict[str, str]
) -> None:
    suggestion = suggest(photo, "heron")
    as_bob.post(vote_url(photo), {"tag": suggestion.tag_id, "value": "no"}, headers=headers)
    as_bob.post(add_url(photo), {"name": "pond"}, headers=headers)
    for _ in range(2):
        event = TagEvent.objects.not_undone().latest_first()[0]
        undo = reverse("tagging:undo", args=[event.pk])
        assert undo in panel_of(as_bob, photo)
        response = as_bob.post(undo, headers=headers)
        assert response.status_code == (200 if headers else 302)
    page = panel_of(as_bob, photo)
    assert ">Undo<" not in page
    assert "chip--machine" in page
    assert not ImageTag.objects.exists()


def test_undoing_somebody_elses_change_is_forbidden(
    as_bob: Client, as_mona: Client, alice: User, photo: Image
) -> None:
    event = cast_vote(person=alice, image=photo, tag=make_tag("pond"), value="yes")
    assert event is not None
    address = reverse("tagging:undo", args=[event.pk])
    assert as_bob.post(address).status_code == 403
    assert Vote.objects.current().exists()
    assert as_mona.post(address).status_code == 302
    assert not Vote.objects.current().exists()


def test_undoing_twice_is_told_and_changes_nothing(as_bob: Client, photo: Image) -> None:
    as_bob.post(add_url(photo), {"name": "pond"})
    address = reverse("tagging:undo", args=[TagEvent.objects.get().pk])
    assert as_bob.post(address).status_code == 302
    again = as_bob.post(address)
    assert again.status_code == 400
    assert "undone already" in again.content.decode()
    assert TagEvent.objects.count() == 2


@pytest.mark.parametrize(
    "name", ["Graureiher", "🦀", "猫", "T-Shirt", "%2e%2e", "c#", 'it\'s 50% "off" & more']
)
def test_a_new_tag_in_any_script_gets_a_working_address(
    as_bob: Client, photo: Image, name: str
) -> None:
    response = as_bob.post(add_url(photo), {"name": f"  {name} "})
    assert response.status_code == 302
    tag = Tag.objects.get()
    assert tag.name == name.lower()
    page = as_bob.get(tag.get_absolute_url())
    assert page.status_code == 200
    assert photo.get_absolute_url() in page.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "at least one letter"),
        ("   ", "at least one letter"),
        ("x" * 65, "65 characters"),
        ("<img src=x onerror=alert(1)>", "plain words"),
        ("bell\x07", "control"),
        ("nul\x00", "control"),
    ],
)
def test_an_impossible_tag_is_refused_beside_the_input(
    as_bob: Client, photo: Image, name: str, reason: str, headers: dict[str, str]
) -> None:
    response = as_bob.post(add_url(photo), {"name": name}, headers=headers)
    page = response.content.decode()
    assert response.status_code == (422 if headers else 400)
    assert reason in page
    assert 'aria-invalid="true"' in page
    assert "<img src=x" not in page
    assert not Tag.objects.exists()
    assert not TagEvent.objects.exists()


def test_a_deleted_photo_answers_every_deed_with_not_found(
    as_bob: Client, as_mona: Client, photo: Image, bob: User
) -> None:
    row = add_tag(person=bob, image=photo, name="cat")
    event = TagEvent.objects.get()
    Image.objects.filter(pk=photo.pk).delete()
    data = {"tag": row.tag.pk, "value": "yes", "name": "dog", "kind": "approved", "fully": "yes"}
    for deed in ("vote", "add", "decide", "mark"):
        for client in (as_bob, as_mona):
            address = reverse(f"tagging:{deed}", args=[photo.pk])
            assert client.post(address, data).status_code == 404
    assert as_bob.post(reverse("tagging:undo", args=[event.pk])).status_code == 404
    assert not Vote.objects.exists()


def test_a_blocked_tag_is_refused_with_its_reason(as_bob: Client, photo: Image) -> None:
    tag = make_tag("rude")
    Tag.objects.update(is_blocked=True)
    for response in (
        as_bob.post(vote_url(photo), {"tag": tag.pk, "value": "yes"}),
        as_bob.post(add_url(photo), {"name": "Rude"}),
    ):
        assert response.status_code == 400
        assert "“rude” is blocked" in response.content.decode()
    assert not Vote.objects.exists()
    assert as_bob.get(tag.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("fields", [{"visibility": "private"}, {"hidden_at": timezone.now()}])
def test_a_photo_one_may_not_see_takes_no_word_and_tells_nothing(
    as_bob: Client, client: Client, alice: User, fields: dict[str, object]
) -> None:
    photo = make_image(alice, **fields)
    event = cast_vote(person=alice, image=photo, tag=make_tag("secret"), value="yes")
    assert event is not None
    for visitor in (as_bob, client):
        data = {"tag": event.tag_id, "value": "yes", "name": "x"}
        for address in (vote_url(photo), add_url(photo), reverse("tagging:undo", args=[event.pk])):
            assert visitor.post(address, data).status_code == 404
        assert visitor.get(reverse("tagging:panel", args=[photo.pk])).status_code == 404
    assert Vote.objects.count() == 1


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"tag": "x", "value": "yes"},
        {"tag": "999", "value": "yes"},
        {"value": "yes"},
        {"tag": "9" * 40, "value": "yes"},
        {"tag": "\x00", "value": "yes"},
    ],
)
def test_an_incomplete_vote_is_refused(as_bob: Client, photo: Image, data: dict[str, str]) -> None:
    response = as_bob.post(vote_url(photo), data)
    assert response.status_code == 400
    assert "came in incomplete" in response.content.decode()


def test_deeds_are_not_done_by_following_a_link(as_bob: Client, photo: Image) -> None:
    for address in (vote_url(photo), add_url(photo), reverse("tagging:decide", args=[photo.pk])):
        assert as_bob.get(address).status_code == 405


def test_only_moderators_decide_on_the_page(
    as_bob: Client, as_mona: Client, photo: Image, bob: User
) -> None:
    row = add_tag(person=bob, image=photo, name="pond")
    address = reverse("tagging:decide", args=[photo.pk])
    data = {"tag": row.tag_id, "kind": "approved"}
    assert as_bob.post(address, data).status_code == 403
    assert "Approve" not in panel_of(as_bob, photo)
    assert "Approve" in panel_of(as_mona, photo)
    assert as_mona.post(address, data).status_code == 302
    row.refresh_from_db()
    assert row.state == "curated"
    assert "Reopen" in panel_of(as_mona, photo)


def test_a_vote_against_a_moderators_word_is_kept_and_told(
    as_bob: Client, photo: Image, mona: User, bob: User
) -> None:
    row = add_tag(person=bob, image=photo, name="pond")
    reject_tags(moderator=mona, image_tags=[row])
    as_bob.post(vote_url(photo), {"tag": row.tag_id, "value": "no"})
    response = as_bob.post(vote_url(photo), {"tag": row.tag_id, "value": "yes"}, headers=HTMX)
    assert "A moderator decided otherwise" in response.content.decode()
    row.refresh_from_db()
    assert row.state == "rejected"


def test_a_page_without_an_answer_yet_asks_again_by_itself(client: Client, photo: Image) -> None:
    address = reverse("tagging:panel", args=[photo.pk])
    page = panel_of(client, photo)
    assert "The network is looking…" in page
    assert f'hx-get="{address}?look=1"' in page
    answer = client.get(address, {"look": 1}, headers=HTMX).content.decode()
    assert f'hx-get="{address}?look=2"' in answer
    assert 'id="status"' not in answer
    suggest(photo, "heron")
    answer = client.get(address, {"look": 2}, headers=HTMX).content.decode()
    assert "hx-get" not in answer
    assert "The network suggests: heron." in answer
    assert "Nobody has named anything" not in answer


def test_a_waiting_page_gives_up_in_the_end(client: Client, photo: Image) -> None:
    address = reverse("tagging:panel", args=[photo.pk])
    answer = client.get(address, {"look": 60}, headers=HTMX).content.decode()
    assert "hx-get" not in answer
    assert "Look again" in answer


@pytest.mark.parametrize("look", ["x", "-1", "99999", "²"])
def test_a_made_up_look_is_not_found(client: Client, photo: Image, look: str) -> None:
    address = reverse("tagging:panel", args=[photo.pk])
    assert client.get(address, {"look": look}).status_code == 404


def test_a_photo_the_network_recognises_nothing_on_says_so(client: Client, photo: Image) -> None:
    content = Content.objects.create(
        sha256=photo.sha256, dhash=photo.dhash, group=TwinGroup.objects.create()
    )
    Embedding.objects.create(content=content, backbone="efficientnet_lite0", vector=b"")
    assert "is looking" in panel_of(client, photo)
    Image.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert "does not recognise anything it knows here" in panel_of(client, photo)


def test_conflicting_decisions_on_the_same_bytes_are_shown_to_moderators(
    as_bob: Client, as_mona: Client, alice: User, bob: User, mona: User
) -> None:
    first, second = make_image(alice, sha256="a" * 64), make_image(bob, sha256="a" * 64)
    approve_tags(moderator=mona, image_tags=[add_tag(person=alice, image=first, name="heron")])
    assert "says otherwise" not in panel_of(as_mona, first)
    reject_tags(moderator=mona, image_tags=[add_tag(person=bob, image=second, name="heron")])
    assert "bob’s upload says otherwise" in panel_of(as_mona, first)
    assert "alice’s upload says otherwise" in panel_of(as_mona, second)
    assert "says otherwise" not in panel_of(as_bob, first)


def test_autocomplete_offers_usable_tags_the_shortest_first(client: Client, db: None) -> None:
    for name in ("heron nest", "heron", "hen", "hero"):
        make_tag(name)
    make_tag("herbs")
    Tag.objects.filter(name="herbs").update(is_blocked=True)
    page = client.get(reverse("tagging:autocomplete"), {"q": " HER"}).content.decode()
    assert page.index('"hero"') < page.index('"heron"') < page.index('"heron nest"')
    assert '"hen"' not in page
    assert "herbs" not in page
    for typed in ("", "   ", "<b>", "x" * 70):
        assert client.get(reverse("tagging:autocomplete"), {"q": typed}).content == b""


def test_a_full_panel_takes_no_more_queries_than_a_small_one(
    as_mona: Client, photo: Image, mona: User, bob: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            panel_of(as_mona, photo)
        return len(captured)

    for name in ("pond", "reed"):
        add_tag(person=bob, image=photo, name=name)
        suggest(photo, f"{name} bird")
    few = queries()
    for number in range(20):
        add_tag(person=bob, image=photo, name=f"thing {number}")
        suggest(photo, f"sight {number}")
    assert queries() == few
