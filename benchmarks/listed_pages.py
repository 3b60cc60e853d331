"""The pages that everybody opens, for the benchmark of pages and for the budgets of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.urls import NoReverseMatch, reverse

if TYPE_CHECKING:
    from gallery.models import Album, Image, User
    from tagging.models import Tag


@dataclass(frozen=True)
class ListedPage:
    """One page: a name, the name of its address, what the address needs, and who opens it."""

    name: str
    view: str
    needs: tuple[str, ...] = ()
    query: str = ""
    is_personal: bool = False
    """Whether it is for people who are logged in alone."""

    def address(self, subjects: Mapping[str, str]) -> str:
        """Return the address about these subjects, "" where the site has no such page."""
        try:
            path = reverse(self.view, args=[subjects[need] for need in self.needs])
        except NoReverseMatch:
            return ""
        return path + self.query.format_map(subjects)


PAGES: Final = (
    ListedPage("stream", "gallery:stream"),
    ListedPage("photo", "gallery:image", ("photo",)),
    ListedPage("profile", "gallery:profile", ("person",)),
    ListedPage("tag, by people", "tagging:tag", ("tag",), "?by=people"),
    ListedPage("tag, by the network", "tagging:tag", ("tag",), "?by=network"),
    ListedPage("tags", "tagging:tags"),
    ListedPage("search, one word", "tagging:search", (), "?q={word}"),
    ListedPage("search, two words", "tagging:search", (), "?q={word}+{other_word}"),
    ListedPage("search, nothing found", "tagging:search", (), "?q=there-is-no-such-word"),
    ListedPage("explore", "tagging:explore"),
    ListedPage("album", "gallery:album", ("album",)),
    ListedPage("models", "training:models"),
    ListedPage("albums", "gallery:albums", is_personal=True),
    ListedPage("feed", "gallery:feed", is_personal=True),
    ListedPage("notices", "gallery:notices", is_personal=True),
    ListedPage("review", "tagging:review", is_personal=True),
    ListedPage("review by tag", "tagging:review_grid", is_personal=True),
    ListedPage("review grid", "tagging:review_grid", (), "?tag={tag}", is_personal=True),
    ListedPage("upload", "gallery:upload", is_personal=True),
    ListedPage("trash", "gallery:trash", is_personal=True),
    ListedPage("saved searches", "tagging:saved_searches", is_personal=True),
    ListedPage("photos over the API", "api-image-list"),
)


def subjects_of(
    photo: Image, person: User, tag: Tag, other_tag: Tag, album: Album
) -> dict[str, str]:
    """Return what the addresses of pages are made of, about these rows."""
    return {
        "photo": str(photo.pk),
        "person": person.username,
        "tag": tag.slug,
        "word": tag.name,
        "other_word": other_tag.name,
        "album": str(album.pk),
    }
