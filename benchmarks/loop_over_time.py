"""Twelve rounds of uploads, votes and retraining with a growing vocabulary: what is forgotten?

Each round a few people upload photos, some with a tag nobody used before; others vote (one answer
in twenty is wrong); a moderator approves what was confirmed; the site retrains by its own rules.
After each round the live version is asked about photos that the site has never seen, and so is the
one before it: both about the same photos, since a wider vocabulary makes every tag harder. Run with

    python -m benchmarks.loop_over_time [FOLDER] [--plot FILE.svg]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.library import add_photos, f1_per_tag, live_head, retrain, top1
from benchmarks.material import Material, load_material
from benchmarks.setting import fresh_installation

if TYPE_CHECKING:
    from gallery.models import Image, User
    from tagging.head import Head

ROUNDS, PEOPLE = 12, 12
EACH, HIDDEN = 330, 100
# Of every word in use so many photos come per round; a new word begins with more.
PER_ROUND, FIRST_TIME = 20, 30
WRONG_ANSWERS = 0.05
# A forgotten tag is one that the version before knew, and that has lost so much F1 since.
FORGOTTEN = 0.10


@dataclass
class Round:
    """What stood after one round: F1 on hidden photos per tag that is known."""

    number: int
    photos: int
    state: str
    top1: float
    macro_f1: float
    known: dict[str, float] = field(default_factory=dict)
    change: dict[str, float] = field(default_factory=dict)
    """F1 of tags that the version before knew as well, minus what that has on the same photos."""


def main() -> None:
    """Print a row per round and the tags that were forgotten; write the plot if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--plot", type=Path)
    wishes = parser.parse_args()
    with fresh_installation():
        material = load_material(wishes.folder, each=EACH, hidden=HIDDEN)
        rounds = play(material)
    print(
        "| round | photos | tags known | run | top-1 | macro-F1 | known tags: mean change, worst |"
    )
    print("|---:|---:|---:|---|---:|---:|---:|")
    for each in rounds:
        changes = list(each.change.values())
        told = f"{np.mean(changes):+.1%}, {min(changes):+.1%}" if changes else "–"
        print(
            f"| {each.number} | {each.photos} | {len(each.known)} | {each.state} | "
            f"{each.top1:.1%} | {each.macro_f1:.1%} | {told} |"
        )
    lost = forgotten(rounds)
    print(f"\nForgotten (F1 falls by more than {100 * FORGOTTEN:.0f} points): {lost or 'none'}.")
    if wishes.plot:
        draw(rounds, wishes.plot)


def play(material: Material) -> list[Round]:
    """Return what stood after each round on a site of its own."""
    from gallery.models import Image, User

    random = np.random.default_rng(12)
    people = [User.objects.create_user(f"person {number}") for number in range(PEOPLE)]
    moderator = User.objects.create_user("moderator", is_staff=True)
    unused = {tag: list(material.rows(tag, taught=True)) for tag in range(len(material.tags))}
    first, rounds = max(2, len(material.tags) // 4), []
    for number in range(1, ROUNDS + 1):
        before = live_head()
        in_use = min(len(material.tags), first + number - 1)
        for tag in range(in_use):
            is_new = tag == in_use - 1 or number == 1
            rows = [unused[tag].pop() for _ in range(FIRST_TIME if is_new else PER_ROUND)
                    if unused[tag]]  # fmt: skip
            owners = [people[each] for each in random.integers(PEOPLE, size=len(rows))]
            images = add_photos(owners, material.vectors[rows], name=f"{number} {tag}")
            discuss(images, tag, in_use, material.tags, people, random)
        approve(moderator)
        report = retrain()
        rounds.append(look_back(number, Image.objects.count(), str(report.state), material, before))
    return rounds


def discuss(
    images: list[Image],
    tag: int,
    in_use: int,
    tags: tuple[str, ...],
    people: list[User],
    random: np.random.Generator,
) -> None:
    """Let the owner name what each photo shows, and two others say what it does not show."""
    from tagging.services.tags import find_or_create_tag
    from tagging.services.votes import add_tag, cast_vote

    for image in images:
        add_tag(person=image.owner, image=image, name=tags[tag])
        asked = random.permutation([other for other in range(in_use) if other != tag])[:2]
        for other in asked:
            value = "yes" if random.random() < WRONG_ANSWERS else "no"
            person = people[int(random.integers(len(people)))]
            word = find_or_create_tag(name=tags[other])
            cast_vote(person=person, image=image, tag=word, value=value)


def approve(moderator: User) -> None:
    """Let the moderator approve what people confirmed."""
    from tagging.models import ImageTag, TagState
    from tagging.services.curation import approve_tags

    confirmed = list(ImageTag.objects.filter(state=TagState.CONFIRMED))
    approve_tags(moderator=moderator, image_tags=confirmed)


def look_back(
    number: int, photos: int, state: str, material: Material, before: Head | None
) -> Round:
    """Return how the live version does on the hidden photos of the tags it knows, and how it
    compares with the one before it."""
    head = live_head()
    if head is None:
        return Round(number, photos, state, 0.0, 0.0)
    known = [material.tags.index(label) for label in head.labels]
    rows = np.concatenate([material.rows(tag, taught=False) for tag in known])
    vectors, labels = material.vectors[rows], material.labels[rows]
    f1 = f1_per_tag(head, vectors, labels, material.tags)
    f1_before = f1_per_tag(before, vectors, labels, material.tags) if before else {}
    return Round(
        number,
        photos,
        state,
        top1=top1(head, vectors, labels, material.tags),
        macro_f1=float(np.mean(list(f1.values()))),
        known=f1,
        change={tag: f1.get(tag, 0.0) - old for tag, old in f1_before.items()},
    )


def forgotten(rounds: list[Round]) -> str:
    """Return in words which tag lost too much in which round."""
    return ", ".join(
        f"{tag} in round {each.number} ({change:+.1%})"
        for each in rounds
        for tag, change in each.change.items()
        if change < -FORGOTTEN
    )


def draw(rounds: list[Round], path: Path) -> None:
    """Write accuracy and the size of the vocabulary per round as an SVG."""
    from benchmarks.plots import open_axes, save

    figure, axes = open_axes("round", "on photos the site has never seen")
    numbers = [each.number for each in rounds]
    axes.plot(numbers, [each.top1 for each in rounds], marker="o", label="top-1 of known tags")
    axes.plot(numbers, [each.macro_f1 for each in rounds], marker="s", label="macro-F1")
    axes.set_ylim(0, 1)
    words = axes.twinx()
    words.step(
        numbers, [len(each.known) for each in rounds], where="mid", color="0.6", label="tags"
    )
    words.set_ylabel("tags known")
    words.set_ylim(0)
    axes.legend(loc="lower right")
    save(figure, path)


if __name__ == "__main__":
    main()
