"""Whether two takeouts say the same: one from before an import, and one from after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from gallery.takeout import ALBUMS, NOTICES, PROFILE
from gallery.takeout.reading import TakeoutFile, each_record
from gallery.takeout.records import FILE_FIELDS, PHOTO_FIELDS, PROFILE_FIELDS

# What an import brings back of a photo, field by field; the rest belongs to others.
_OF_PHOTO: Final = (*FILE_FIELDS, *PHOTO_FIELDS, "uploaded_at")
_OF_ALBUM: Final = ("title", "description", "visibility", "created_at", "cover")
_OF_COMMENT: Final = ("text", "written_at", "edited_at")


def differences(first: Path, second: Path) -> list[str]:
    """Return in sentences what one of two takeouts holds and the other does not; none for nothing.

    Compared is what is the person's own: photos with all their fields and bytes, their votes,
    comments, albums, searches, choices and profile. Raises NoTakeout, and DamagedFile for a file
    that is not what its manifest says.
    """
    with TakeoutFile(first) as one, TakeoutFile(second) as other:
        return [
            *_between("photo", _photos(one), _photos(other)),
            *_between("album", _albums(one), _albums(other)),
            *_between(
                "search",
                _named(one, "searches.json", "name"),
                _named(other, "searches.json", "name"),
            ),
            *_between("choice", _named(one, NOTICES, "kind"), _named(other, NOTICES, "kind")),
            *_between("profile", _profile(one), _profile(other)),
        ]


def _between(
    what: str, first: Mapping[str, dict[str, Any]], second: Mapping[str, dict[str, Any]]
) -> Iterator[str]:
    for key in sorted(first.keys() | second.keys()):
        if key not in first or key not in second:
            yield f"The {what} {key} is only in the {'first' if key in first else 'second'}."
            continue
        for field, value in first[key].items():
            if second[key].get(field) != value:
                yield f"{what} {key}: {field} is {value!r} and {second[key].get(field)!r}."


def _photos(takeout: TakeoutFile) -> dict[str, dict[str, Any]]:
    """Return what is said of each photo by its hash, and that its bytes are there."""
    found: dict[str, dict[str, Any]] = {}
    for name, record in each_record(takeout):
        if record is None:
            found[name] = {"readable": False}
            continue
        mine = [one for one in record["comments"] if one["is_mine"]]
        votes = {one["tag"]: one["my_vote"] for one in record.get("tags", []) if one["my_vote"]}
        data = takeout.read(record.get("file", ""), record["byte_size"])
        found[record["sha256"]] = {
            **{field: record[field] for field in _OF_PHOTO},
            "in_trash": record["in_trash_since"] is not None,
            "bytes": len(data),
            "votes": votes,
            "comments": [[one[field] for field in _OF_COMMENT] for one in mine],
        }
    return found


def _albums(takeout: TakeoutFile) -> dict[str, dict[str, Any]]:
    albums = takeout.read_json_or(ALBUMS, [])
    return {
        f"{album['title']} of {album['created_at']}": {
            **{field: album[field] for field in _OF_ALBUM},
            "photos": [place["sha256"] for place in album["photos"] if place["is_mine"]],
        }
        for album in albums
    }


def _named(takeout: TakeoutFile, name: str, key: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a list by their names, without when they were made."""
    rows = takeout.read_json_or(name, [])
    return {row[key]: {field: row[field] for field in row if field != "created_at"} for row in rows}


def _profile(takeout: TakeoutFile) -> dict[str, dict[str, Any]]:
    profile = takeout.read_json_or(PROFILE, {})
    fields = (*PROFILE_FIELDS, "first_name", "last_name")
    # What the pages are written in is chosen anew by whoever signs up.
    return {"of the person": {name: profile.get(name) for name in fields if name != "language"}}
