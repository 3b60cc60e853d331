"""Other names and kinds in search, on pages, in autocomplete and over the API."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from gallery.models import User
from tagging.models import Tag
from tagging.services.curation import approve_tags, reject_tags
from tagging.services.merging import merge_tags
from tagging.services.vocabulary import add_alias, block_tag, rename_tag, set_parents
from tagging.services.votes import add_tag, cast_vote
from tests.tagging.api_client import program_of
from tests.tagging.cast import make_image, make_tag, suggest
from tests.tagging.test_tag_pages import found, search


@pytest.fixture
def heron(mona: User) -> Tag:
    """A tag that is also called “gray ardea”."""
    tag = make_tag("grey heron")
    add_alias(moderator=mona, tag=tag, name="gray ardea")
    return tag


class TestSearch:
    def test_any_name_finds_the_tag(self, client: Client, heron: Tag, alice: User) -> None:
        photo = make_image(alice)
        add_tag(person=alice, image=photo, name="grey heron")
        for question in ("gray ardea", "ardea", "heron", "Grey Heron"):
            assert search(client, question) == {photo.pk}
        assert search(client, "ardea stork") == set()

    def test_a_kind_finds_what_is_below_it_as_moderators_ordered_it(
        self, client: Client, alice: User, mona: User
    ) -> None:
        pug, robot = make_image(alice), make_image(alice)
        add_tag(person=alice, image=pug, name="pug")
        suggest(robot, "robot dog toy")
        assert search(client, "animal") == {pug.pk}
        assert search(client, "dog") == {pug.pk, robot.pk}
        set_parents(moderator=mona, tag=make_tag("pug"), parents=[make_tag("toy")])
        assert search(client, "animal") == set()
        assert search(client, "toy") == {pug.pk, robot.pk}
        set_parents(moderator=mona, tag=make_tag("toy"), parents=[make_tag("thing")])
        assert search(client, "thing") == {pug.pk}

    def test_a_kind_finds_what_is_below_it_by_its_other_names(
        self, client: Client, alice: User, mona: User
    ) -> None:
        photo = make_image(alice)
        add_tag(person=alice, image=photo, name="pug")
        rename_tag(moderator=mona, tag=make_tag("dog"), name="hound")
        assert search(client, "dog") == search(client, "hound") == {photo.pk}
        assert search(client, "animal") == {photo.pk}

    def test_a_rejected_kind_makes_what_is_below_it_false(
        self, client: Client, alice: User, bob: User, mona: User
    ) -> None:
        seen, said, approved, other = (make_image(alice) for _ in range(4))
        suggest(seen, "pug")
        add_tag(person=bob, image=said, name="pug")
        suggest(other, "pug")
        approve_tags(moderator=mona, image_tags=[add_tag(person=bob, image=approved, name="pug")])
        assert search(client, "pug") == {seen.pk, said.pk, approved.pk, other.pk}
        dog = make_tag("dog")
        for photo in (seen, said, approved):
            cast_vote(person=alice, image=photo, tag=dog, value="no")
        for question in ("pug", "dog", "animal"):
            assert search(client, question) == {approved.pk, other.pk}
        assert search(client, "pug", by="network") == {other.pk}
        # A rejected animal rules out the dog below it as well.
        row = add_tag(person=alice, image=other, name="animal")
        reject_tags(moderator=mona, image_tags=[row])
        assert search(client, "pug") == {approved.pk}


class TestPages:
    def test_the_page_of_another_name_leads_to_the_tag(
        self, client: Client, heron: Tag, mona: User
    ) -> None:
        response = client.get("/tags/gray-ardea/")
        assert (response.status_code, response["Location"]) == (302, "/tags/grey-heron/")
        page = client.get(heron.get_absolute_url()).content.decode()
        assert "Also called gray ardea." in page
        block_tag(moderator=mona, tag=heron)
        assert client.get("/tags/gray-ardea/").status_code == 404

    def test_a_renamed_tag_is_found_at_its_old_address(
        self, client: Client, alice: User, mona: User
    ) -> None:
        photo = make_image(alice)
        tag = add_tag(person=alice, image=photo, name="gray heron").tag
        rename_tag(moderator=mona, tag=tag, name="grey heron")
        response = client.get("/tags/gray-heron/", follow=True)
        assert response.redirect_chain == [("/tags/grey-heron/", 302)]
        assert found(client, "/tags/grey-heron/") == {photo.pk}

    def test_a_tag_page_names_what_stands_above_and_below(
        self, client: Client, alice: User
    ) -> None:
        for name in ("dog", "pug", "animal"):
            add_tag(person=alice, image=make_image(alice), name=name)
        page = client.get("/tags/dog/").content.decode()
        assert 'A kind of <a href="/tags/animal/">animal</a>.' in page
        assert 'Kinds: <a href="/tags/pug/">pug</a>.' in page

    def test_other_names_are_listed_nowhere_on_their_own(
        self, client: Client, heron: Tag, alice: User, mona: User
    ) -> None:
        add_tag(person=alice, image=make_image(alice), name="stork")
        merge_tags(moderator=mona, tag=make_tag("stork"), into=heron)
        names = [tag.name for tag in client.get(reverse("tagging:tags")).context["page"]]
        assert names == ["grey heron"]

    def test_autocomplete_says_what_another_name_means(
        self, client: Client, heron: Tag, mona: User
    ) -> None:
        def options(typed: str) -> str:
            return client.get(reverse("tagging:autocomplete"), {"q": typed}).content.decode()

        assert 'value="gray ardea" label="gray ardea → grey heron"' in options("gray")
        assert 'value="grey heron"' in options("grey")
        add_alias(moderator=mona, tag=heron, name="grey ardea")
        assert "ardea" not in options("grey"), "the tag itself is offered"
        block_tag(moderator=mona, tag=heron)
        assert options("gr").strip() == ""

    def test_a_version_that_learnt_the_old_name_knows_the_tag(
        self, client: Client, alice: User, mona: User
    ) -> None:
        from tagging.models import ModelVersion, Promotion

        tag = add_tag(person=alice, image=make_image(alice), name="zorgl").tag
        version = ModelVersion.objects.create(number=3, labels=["zorgl"], state="promoted")
        Promotion.objects.create(version=version)
        rename_tag(moderator=mona, tag=tag, name="zorgel")
        assert "Learnt here." in client.get("/tags/zorgel/").content.decode()

    def test_a_form_that_was_open_before_a_merge_still_counts(
        self, client: Client, alice: User, mona: User
    ) -> None:
        photo, stork, heron = make_image(alice), make_tag("stork"), make_tag("heron")
        merge_tags(moderator=mona, tag=stork, into=heron)
        client.force_login(alice)
        client.post(reverse("tagging:vote", args=[photo.pk]), {"tag": stork.pk, "value": "yes"})
        assert photo.image_tags.get().tag == heron
        client.force_login(mona)
        decision = {"tag": stork.pk, "kind": "approved"}
        client.post(reverse("tagging:decide", args=[photo.pk]), decision)
        assert photo.image_tags.get().state == "curated"


class TestApi:
    def test_a_tag_shows_its_names_and_what_is_above_it(self, heron: Tag, mona: User) -> None:
        set_parents(moderator=mona, tag=heron, parents=[make_tag("wader")])
        (told,) = program_of(None).get("/api/v1/tags/", {"starts": "grey"}).json()["results"]
        assert told == {
            "name": "grey heron",
            "slug": "grey-heron",
            "description": "",
            "page": "http://testserver/tags/grey-heron/",
            "aliases": ["gray ardea"],
            "parents": ["wader"],
            "never_show": False,
        }
        make_tag("pug")
        assert program_of(None).get("/api/v1/tags/pug/").json()["parents"] == ["dog"]

    def test_a_tag_is_found_by_any_of_its_names(self, heron: Tag, mona: User) -> None:
        client = program_of(None)
        for slug in ("grey-heron", "gray-ardea"):
            assert client.get(f"/api/v1/tags/{slug}/").json()["name"] == "grey heron"
        for name in ("Gray  Ardea", "grey heron"):
            (told,) = client.get("/api/v1/tags/", {"name": name}).json()["results"]
            assert told["slug"] == "grey-heron"
        for name in ("stork", "<b>"):
            assert client.get("/api/v1/tags/", {"name": name}).json()["results"] == []
        for slug in ("stork", "%00"):
            assert client.get(f"/api/v1/tags/{slug}/").status_code == 404
        block_tag(moderator=mona, tag=heron)
        assert client.get("/api/v1/tags/gray-ardea/").status_code == 404

    def test_voting_adding_and_filtering_take_any_name(self, heron: Tag, alice: User) -> None:
        photo, client = make_image(alice), program_of(alice)
        address = f"/api/v1/images/{photo.pk}"
        answer = client.post(f"{address}/tags/", {"tag": "gray ardea"}, format="json")
        assert answer.json()["tag"] == "grey heron"
        vote = {"tag": "gray ardea", "value": "no"}
        answer = client.post(f"{address}/vote/", vote, format="json").json()
        assert answer == {"tag": "grey heron", "value": "no", "state": "rejected"}
        client.post(f"{address}/vote/", {**vote, "value": "yes"}, format="json")
        for query in ({"tag": "gray-ardea"}, {"tag": "grey-heron"}, {"q": "ardea"}):
            results = client.get("/api/v1/images/", query).json()["results"]
            assert [one["id"] for one in results] == [photo.pk]
            assert results[0]["tags"] == ["grey heron"]
