"""A dataset of a small site, frozen as a hash: a change of its bytes is a decision, not a slip."""

from __future__ import annotations

import pytest

from gallery.models import User
from tagging.models import Content, TwinGroup
from tagging.policy import COMMUNITY
from tagging.services.curation import reject_tags
from tagging.services.marks import mark_fully_tagged
from tagging.services.votes import add_tag
from tests.training.classroom import BACKBONE, add_photo, teach_world, vector_for
from training.snapshot import take_snapshot

pytestmark = pytest.mark.django_db

KNOWN = "0fc1e1c6c4863de0fe9958878c7450deffb332e2afe2eb460a5766e6c381e5af"


def test_what_a_family_taught_freezes_to_the_bytes_it_always_did(
    alice: User, bob: User, mona: User
) -> None:
    photos = teach_world(alice, ["lamp", "chair"], each=30)
    teach_world(bob, ["oak", "elm"], world="trees")
    teach_world(bob, ["heron"], each=4, world="birds")
    twins = [image.sha256 for image in photos["lamp"][:5]]
    Content.objects.filter(sha256__in=twins).update(group=TwinGroup.objects.create())
    rejected = add_tag(person=bob, image=photos["chair"][3], name="oak", source="page")
    reject_tags(moderator=mona, image_tags=[rejected])
    add_tag(person=bob, image=photos["chair"][4], name="lamp", source="page")
    streets = [add_photo(bob, f"street {n}", vector_for("street", n)) for n in range(9)]
    add_tag(person=bob, image=streets[0], name="elm", source="page")
    mark_fully_tagged(moderator=mona, image_ids=[image.pk for image in streets])
    taken = take_snapshot(COMMUNITY, BACKBONE)
    assert taken.missing == {"heron": "4 of 20 curated photos"}
    assert taken.manifest.sha256 == KNOWN
