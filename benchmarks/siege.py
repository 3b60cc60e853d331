"""A public site under attack, kept as a copy to which every attempt returns."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.library import add_photos, f1_per_tag, live_head, retrain
from benchmarks.material import Material, load_material

if TYPE_CHECKING:
    from gallery.models import Image, User
    from tagging.head import Head
    from tagging.models import ModelVersion
    from training.report import RetrainReport

PATCHES = ("astronaut", "camera", "chelsea", "coffee", "coins", "motorcycle_left", "rocket", "ihc")
UPLOADERS, VOTERS, ATTACKERS = 40, 12, 10
NEWCOMERS_EACH, HONEST_VOTES = 40, 4
GOLDS = 24
POISONED, FLOOD, STUFFED, DRIPS, DRIP = 24, 100, 60, 5, 16
HIDDEN = 200
ATTACKS = ("label flips", "flood", "near-duplicates", "slow drip", "no attack")


@dataclass(frozen=True)
class Attempt:
    """One retraining: how it ended, and what the candidate truly is against the version before."""

    size: int
    attack: str
    state: str
    went_live: bool
    change: float
    """Macro-F1 on hidden photos, candidate minus live, over the tags that both know."""
    poisoned: int
    """False labels among what moderators had approved by then."""


class Site:
    """A site with a live version, kept as a copy to which every attempt returns."""

    def __init__(self, folder: Path, size: int, photos: Path | None) -> None:
        self._folder, self._size = folder, size
        self._material, each = gather(photos, size)
        self._tags = self._material.tags
        self._random = np.random.default_rng(size)
        self._unused = {
            tag: list(self._material.rows(tag, taught=True)) for tag in range(len(self._tags))
        }
        self._truth: dict[str, str] = {}
        self._open(each)

    def attempt(self, number: int) -> Iterator[Attempt]:
        """Yield the outcome of so many retrainings, attacks taking turns."""
        done = 0
        while done < number:
            for attack in ATTACKS:
                self._restore()
                outcomes = list(self._try(attack))
                done += len(outcomes)
                yield from outcomes

    def _open(self, each: int) -> None:
        """Build the site: uploads, an operator's import, a first version, a crowd with golds."""
        from django.core.management import call_command

        from gallery.models import User
        from tagging.services.curation import curate_import
        from tagging.services.versions import promote_version

        call_command("flush", interactive=False, verbosity=0)
        self._remove_versions(but="")
        operator = User.objects.create_user("operator", is_staff=True)
        uploaders = [User.objects.create_user(f"uploader {number}") for number in range(UPLOADERS)]
        pairs = []
        for tag, name in enumerate(self._tags):
            images = self._upload(tag, each, uploaders, f"base {tag}")
            pairs += [(image.pk, name) for image in images]
        curate_import(world_name="base", pairs=pairs, actor=operator, curated=True)
        report = retrain()
        if not report.promoted:
            promote_version(version=_version(1), by=operator, enqueue_retag=False)
        for kind, count in (("voter", VOTERS), ("attacker", ATTACKERS)):
            for number in range(count):
                give_golds(User.objects.create_user(f"{kind} {number}"), self._tags)
        self._copy = self._folder / f"site-{self._size}"
        shutil.rmtree(self._copy, ignore_errors=True)
        self._copy.mkdir()
        _close_database()
        shutil.copy(self._folder / "eyes.sqlite3", self._copy / "eyes.sqlite3")
        shutil.copytree(self._folder / "models_store" / "1", self._copy / "1")
        self._kept_rows = {tag: list(rows) for tag, rows in self._unused.items()}

    def _restore(self) -> None:
        """Bring the site back to how it was before the first attempt."""
        from tagging import classifier

        _close_database()
        for name in ("eyes.sqlite3-wal", "eyes.sqlite3-shm"):
            (self._folder / name).unlink(missing_ok=True)
        shutil.copy(self._copy / "eyes.sqlite3", self._folder / "eyes.sqlite3")
        self._remove_versions(but="1")
        # A number that comes again is another version.
        classifier._held = None
        for tag, rows in self._kept_rows.items():
            self._unused[tag] = [int(row) for row in self._random.permutation(rows)]

    def _remove_versions(self, *, but: str) -> None:
        for published in (self._folder / "models_store").iterdir():
            if published.name.isdigit() and published.name != but:
                shutil.rmtree(published)

    def _try(self, attack: str) -> Iterator[Attempt]:
        """Yield the outcome of each retraining of one attack."""
        target, other = self._random.choice(len(self._tags), size=2, replace=False)
        rounds = DRIPS if attack == "slow drip" else 1
        for number in range(rounds):
            self._discuss_newcomers(f"{attack} {number}", int(target), int(other), attack)
            poisoned = self._moderate()
            before = live_head()
            report = retrain()
            yield self._judge(attack, before, report, poisoned)

    def _discuss_newcomers(self, name: str, target: int, other: int, attack: str) -> None:
        """Upload honest photos with honest votes; then let the attack begin."""
        from gallery.models import User

        people = _people("uploader")
        voters, attackers = _people("voter"), _people("attacker")
        each = NEWCOMERS_EACH if attack != "slow drip" else NEWCOMERS_EACH // 2
        for tag in range(len(self._tags)):
            images = self._upload(tag, each, people, f"{name} {tag}")
            wrong = (tag + 1) % len(self._tags)
            write_votes(images, self._tags[tag], "yes", self._some(voters, HONEST_VOTES))
            write_votes(
                images[: each // 2], self._tags[wrong], "no", self._some(voters, HONEST_VOTES)
            )
            if attack == "label flips" and tag in (target, other):
                swapped = other if tag == target else target
                vote(images[:POISONED], self._tags[tag], "no", attackers)
                vote(images[:POISONED], self._tags[swapped], "yes", attackers)
        liars = self._some(attackers, 4)
        if attack == "flood":
            flooder = User.objects.get(username="attacker 0")
            images = self._upload(other, FLOOD, [flooder], f"{name} flood")
            vote(images, self._tags[target], "yes", liars)
        elif attack == "near-duplicates":
            images = self._stuff(other, attackers, name)
            vote(images, self._tags[target], "yes", liars)
        elif attack == "slow drip":
            images = self._upload(other, DRIP, attackers, f"{name} drip")
            vote(images, self._tags[target], "yes", liars)
            vote(images, self._tags[other], "no", liars)

    def _upload(self, tag: int, count: int, owners: list[User], name: str) -> list[Image]:
        """Return new photos that truly show this tag, one per owner in turn."""
        rows = [self._unused[tag].pop() for _ in range(min(count, len(self._unused[tag])))]
        people = [owners[number % len(owners)] for number in range(len(rows))]
        images = add_photos(people, self._material.vectors[rows], name=name)
        self._truth.update((image.sha256, self._tags[tag]) for image in images)
        return images

    def _stuff(self, tag: int, owners: list[User], name: str) -> list[Image]:
        """Return copies of one photo that differ in the last bits, as recompression makes them."""
        from tagging.models import TwinGroup

        row = self._unused[tag].pop()
        noise = self._random.normal(0, 0.01, (STUFFED, self._material.vectors.shape[1]))
        copies = (self._material.vectors[row].astype(np.float32) + noise).astype(np.float16)
        people = [owners[number % len(owners)] for number in range(STUFFED)]
        group = TwinGroup.objects.create().pk
        images = add_photos(people, copies, name=f"{name} copies", group=group)
        self._truth.update((image.sha256, self._tags[tag]) for image in images)
        return images

    def _some(self, people: list[User], count: int) -> list[User]:
        return [people[place] for place in self._random.permutation(len(people))[:count]]

    def _moderate(self) -> int:
        """Let two days pass and the moderator approve all that was confirmed; return how many of
        the approved labels of newcomers are false."""
        from django.db.models import F

        from gallery.models import User
        from tagging.models import ImageTag, TagState, Vote
        from tagging.services.curation import approve_tags
        from tagging.services.settling import count_votes_of_age

        Vote.objects.filter(counted_at=None).update(created_at=F("created_at") - timedelta(days=3))
        is_more = True
        while is_more:
            _, is_more = count_votes_of_age()
        moderator = User.objects.get(username="operator")
        confirmed = ImageTag.objects.filter(state=TagState.CONFIRMED).select_related("image", "tag")
        approve_tags(moderator=moderator, image_tags=list(confirmed))
        decided = ImageTag.objects.filter(state__in=[TagState.CURATED, TagState.REJECTED])
        said = decided.values_list("image__sha256", "tag__name", "state")
        return sum(
            (state == TagState.CURATED) != (self._truth[sha256] == name)
            for sha256, name, state in said
        )

    def _judge(
        self, attack: str, before: Head | None, report: RetrainReport, poisoned: int
    ) -> Attempt:
        """Return what became of a run; let the moderator promote what the gate left to them."""
        from tagging.registry import check_version
        from tagging.services.versions import promote_version
        from training.models import RunState

        state, number = str(report.state), report.version
        if number is None or before is None:
            return Attempt(self._size, attack, state, False, 0.0, poisoned)
        version = _version(number)
        if state == RunState.AWAITING:
            promote_version(version=version, reason="The gate left it to moderators.",
                            enqueue_retag=False)  # fmt: skip
        head = check_version(version)
        change = self._true_f1(head, before) - self._true_f1(before, head)
        went_live = state in {RunState.AWAITING, RunState.PROMOTED}
        return Attempt(self._size, attack, state, went_live, change, poisoned)

    def _true_f1(self, head: Head | None, other: Head | None) -> float:
        """Return macro-F1 on hidden photos, over the tags that the other head knows as well."""
        assert head is not None and other is not None
        hidden = ~self._material.taught
        found = f1_per_tag(
            head, self._material.vectors[hidden], self._material.labels[hidden], self._tags
        )
        return float(np.mean([found[tag] for tag in found if tag in other.labels]))


def gather(photos: Path | None, size: int) -> tuple[Material, int]:
    """Return what a site of about so many test photos is made of, and how many photos of each tag
    it begins with; raises SystemExit where a folder of photos has too few."""
    from tagging.policy import PUBLIC

    tags = [path for path in photos.iterdir() if path.is_dir()] if photos else PATCHES
    each = round(size / PUBLIC.test_share / len(tags))
    hidden = HIDDEN // 2 if photos else HIDDEN
    material = load_material(photos, each=each + 3 * NEWCOMERS_EACH, hidden=hidden)
    if photos is None:
        return material.only(PATCHES), each
    fewest = min(len(material.rows(tag, taught=True)) for tag in range(len(tags)))
    if fewest < max(each, PUBLIC.learnable_photos) + NEWCOMERS_EACH:
        raise SystemExit(f"For {size} test photos there are too few of some tag in {photos}.")
    return material, each


def vote(images: list[Image], name: str, value: str, people: list[User]) -> None:
    """Let these people say this of these photos, as the page does."""
    from tagging.services.tags import find_or_create_tag
    from tagging.services.votes import cast_vote

    tag = find_or_create_tag(name=name)
    for image in images:
        for person in people:
            cast_vote(person=person, image=image, tag=tag, value=value)


def write_votes(images: list[Image], name: str, value: str, people: list[User]) -> None:
    """Write honest votes at once: they take effect when they come of age, as those cast do."""
    from tagging.models import Tag, Vote

    tag = Tag.objects.get(name=name)
    Vote.objects.bulk_create(
        Vote(image=image, tag=tag, person=person, value=value)
        for image in images
        for person in people
    )


def give_golds(person: User, names: tuple[str, ...]) -> None:
    """Let somebody have answered enough gold tasks, all of them rightly."""
    from tagging.models import ImageTag, ReviewKind, ReviewTask, Tag

    rows = ImageTag.objects.curated().order_by("pk")[:GOLDS]
    tags = list(Tag.objects.filter(name__in=names))
    tasks = []
    for number, row in enumerate(rows):
        is_there = number % 2 == 0
        tag_id = row.tag_id if is_there else next(t.pk for t in tags if t.pk != row.tag_id)
        truth = "yes" if is_there else "no"
        tasks.append(
            ReviewTask(person=person, image_id=row.image_id, tag_id=tag_id,
                       kind=ReviewKind.GOLD, truth=truth, value=truth)
        )  # fmt: skip
    ReviewTask.objects.bulk_create(tasks)


def _people(kind: str) -> list[User]:
    from gallery.models import User

    return list(User.objects.filter(username__startswith=f"{kind} ").order_by("pk"))


def _version(number: int) -> ModelVersion:
    from tagging.models import ModelVersion

    return ModelVersion.objects.get(number=number)


def _close_database() -> None:
    from django.db import connection, connections

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
