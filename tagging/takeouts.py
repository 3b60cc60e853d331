"""What this room adds to a takeout, and what it brings in again from one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from gallery.models import User
from gallery.takeout import told
from tagging.chunks import chunks
from tagging.models import ImageTag, SavedSearch, Vote, VoteValue
from tagging.names import LONGEST_NAME, TagNameError, normalise_tag_name
from tagging.services import saved_searches
from tagging.services.ballots import Pair
from tagging.services.many_votes import cast_many
from tagging.services.tags import find_or_create_tags
from tagging.services.word_lock import keep_words

VOTES = "votes.json"
SEARCHES = "searches.json"


def tags_of_photos(person: User, image_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the field `tags` of these photos: every tag with its state and one's own vote."""
    mine: dict[Pair, str] = {}
    states: dict[Pair, tuple[str, str]] = {}
    for ids in chunks(image_ids):
        votes = Vote.objects.current().filter(person=person, image__in=ids)
        for image, tag, name, value in votes.values_list("image", "tag", "tag__name", "value"):
            mine[image, tag] = value
            states.setdefault((image, tag), (name, ""))
        rows = ImageTag.objects.filter(image__in=ids)
        for image, tag, name, state in rows.values_list("image", "tag", "tag__name", "state"):
            states[image, tag] = (name, state)
    told_of: defaultdict[int, list[dict[str, str]]] = defaultdict(list)
    for pair, (name, state) in sorted(states.items(), key=lambda item: (item[0][0], item[1])):
        entry = {"tag": name, "state": state, "my_vote": mine.get(pair, "")}
        told_of[pair[0]].append(entry)
    return {pk: {"tags": told_of[pk]} for pk in image_ids}


def rest_of_person(person: User) -> dict[str, object]:
    """Return the files of what the person said elsewhere and of the searches they keep."""
    votes = Vote.objects.current().filter(person=person).exclude(image__owner=person)
    rows = votes.filter(image__deleted_at=None).order_by("pk")
    fields = rows.values_list(
        "image_id", "image__owner__username", "tag__name", "value", "created_at"
    )
    searches = SavedSearch.objects.filter(person=person)
    return {
        VOTES: [
            {"photo": f"/images/{pk}/", "owner": owner, "tag": tag, "vote": value, "at": at}
            for pk, owner, tag, value, at in fields
        ],
        SEARCHES: list(searches.values("name", "address", "created_at")),
    }


def bring_in_tags(person: User, records: Mapping[int, Mapping[str, Any]]) -> dict[str, int]:
    """Cast the person's own votes on their photos anew; return numbers for the report.

    They count as votes do here: what the state was there was said by other people, and by other
    rules. Tags that are impossible or blocked here are counted, and so are those of others.
    """
    numbers: Counter[str] = Counter()
    wanted: dict[tuple[int, str], str] = {}
    for image_id, record in records.items():
        for one in told.items(record, "tags"):
            value = told.choice(one, "my_vote", VoteValue.values, "")
            if not value:
                numbers["others_tags"] += bool(one.get("state"))
                continue
            try:
                name = normalise_tag_name(told.text(one, "tag", LONGEST_NAME + 1))
            except TagNameError:
                numbers["tags_refused"] += 1
            else:
                wanted[image_id, name] = value
    keep_words()
    tags = find_or_create_tags(names={name for _, name in wanted}, created_by=person)
    votes: dict[Pair, str] = {}
    for (image_id, name), value in wanted.items():
        if tags[name].is_blocked:
            numbers["tags_refused"] += 1
        else:
            votes.setdefault((image_id, tags[name].pk), value)
    spoken = set(
        Vote.objects.filter(person=person, image__in=records).values_list("image_id", "tag_id")
    )
    # What the person has said of it here since is their later word.
    fresh = {pair: value for pair, value in votes.items() if pair not in spoken}
    numbers["tags"] += cast_many(person=person, votes=fresh, source="import")
    return dict(numbers)


def bring_in_searches(person: User, files: Mapping[str, Any]) -> dict[str, int]:
    """Keep the searches again under their names; return how many were new.

    What is kept here under a name stays, and no more are kept than may be.
    """
    fresh = 0
    for one in told.items(files, SEARCHES)[: saved_searches.MOST]:
        name = told.text(one, "name", saved_searches.LONGEST_NAME).strip()
        address = told.text(one, "address", saved_searches.LONGEST_ADDRESS)
        if name:
            with suppress(saved_searches.SavedSearchError):
                fresh += saved_searches.bring_in_search(person=person, name=name, address=address)
    return {"searches": fresh}
