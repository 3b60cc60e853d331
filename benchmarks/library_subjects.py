"""What a large library is asked about: popular and rare photos, people, tags and albums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.listed_pages import PAGES, ListedPage, subjects_of

if TYPE_CHECKING:
    from gallery.models import User

# So many different photos, people and tags are asked about in turn, the most popular among them.
SUBJECTS: Final = 20
# The most tags stand below these words of the first day.
KINDS: Final = ("animal", "dog", "bird", "vehicle", "food")
# Words that stand in titles and are no tag.
WRITTEN: Final = ("misty", "golden", "quiet", "lonely", "windy")
# The same questions as the budgets know, asked in a way that only a large library makes hard.
QUESTIONS: Final = (
    ListedPage("tag, rare", "tagging:tag", ("rare",)),
    ListedPage(
        "search, fields",
        "tagging:search",
        (),
        "?q=tag:{word}+-tag:{other_word}+by:{person}+after:2020",
    ),
    ListedPage("search, a kind", "tagging:search", (), "?q={kind}"),
    ListedPage("search, a word of titles", "tagging:search", (), "?q={written}"),
    ListedPage("search, most liked", "tagging:search", (), "?q={word}&sort=likes"),
    ListedPage("feed of the newest", "gallery:newest_feed"),
    ListedPage("feed of a person", "gallery:person_feed", ("person",)),
)
# Forms and lists of a few rows, which are as long however large the library is.
SHORT: Final = frozenset(
    {"models", "notices", "review by tag", "saved searches", "upload", "trash"}
)


def asked_pages() -> tuple[ListedPage, ...]:
    """Return every page that is measured."""
    return (*(page for page in PAGES if page.name not in SHORT), *QUESTIONS)


def busiest_person() -> User:
    """Return who has the most photos: whatever is their own is longest."""
    from django.db.models import Count

    from gallery.models import User

    return User.objects.annotate(n=Count("images")).order_by("-n")[0]


def choose_subjects() -> list[dict[str, str]]:
    """Return what each request is about."""
    from django.db.models import Count

    from gallery.models import Album, Image, User, Visibility
    from tagging.models import Tag

    on_show = Image.objects.on_show()
    photos = [*on_show.order_by("-like_count")[:SUBJECTS:2], *on_show.newest()[: SUBJECTS // 2]]
    people = list(User.objects.annotate(n=Count("images")).order_by("-n")[:SUBJECTS])
    # In a question a name of two words would be two words.
    used = Tag.objects.usable().filter(photos_by_people__gt=0).exclude(name__contains=" ")
    tags = list(used.order_by("-photos_by_people")[:SUBJECTS])
    rare = list(used.order_by("photos_by_people", "pk")[:SUBJECTS])
    public = Album.objects.filter(visibility=Visibility.PUBLIC)
    albums = list(public.annotate(n=Count("photos")).order_by("-n")[:SUBJECTS])
    return [
        subjects_of(
            photos[place % len(photos)],
            people[place % len(people)],
            tags[place % len(tags)],
            tags[(place + 1) % len(tags)],
            albums[place % len(albums)],
        )
        | {
            "rare": rare[place % len(rare)].slug,
            "kind": KINDS[place % len(KINDS)],
            "written": WRITTEN[place % len(WRITTEN)],
        }
        for place in range(SUBJECTS)
    ]
