"""Rows that point at a tag, moved to another one and back, whichever room they belong to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeAlias, cast

from django.apps import apps
from django.core import serializers
from django.db import models
from django.db.models import Exists, ForeignKey, OuterRef, Q, UniqueConstraint

from tagging.chunks import QUERY_SIZE, chunks
from tagging.models import Suggestion, Tag, TagChange

Record: TypeAlias = dict[str, Any]
"""A row as JSON keeps it."""


def pointers() -> Iterator[ForeignKey[Any, Any]]:
    """Return every column that points at a tag and belongs to what is said with it.

    Rooms that come later are among them. Left out are links between tags themselves and to closed
    worlds, the history of the words, and suggestions, which are asked for anew.
    """
    for relation in Tag._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel):
            continue
        model = relation.related_model
        if model not in (TagChange, Suggestion) and not model._meta.auto_created:
            yield relation.field


def name_of(pointer: ForeignKey[Any, Any]) -> str:
    """Return the name under which books keep a pointer: for instance tagging.vote.tag."""
    return f"{pointer.model._meta.label_lower}.{pointer.name}"


def pointer_of(name: str) -> ForeignKey[Any, Any]:
    """Return the pointer that `name_of` named."""
    app, model, column = name.split(".")
    return cast("ForeignKey[Any, Any]", apps.get_model(app, model)._meta.get_field(column))


def move_rows(pointer: ForeignKey[Any, Any], source: Tag, target: Tag) -> Record:
    """Let every row that points at the source point at the target; return what is needed to undo.

    A row beside which the target has one of its own already, where there may be only one, is
    dropped; `dropped` keeps it whole.
    """
    rows = pointer.model._base_manager.filter(**{pointer.name: source})
    superfluous = rows.filter(_has_twin(pointer, target))
    dropped = as_records(superfluous)
    delete_rows(pointer.model, [record["pk"] for record in dropped])
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    rows.update(**{pointer.name: target})
    return {"ids": ids, "dropped": dropped}


def move_back(
    pointer: ForeignKey[Any, Any],
    moved: Record,
    source: Tag,
    target: Tag,
    kept_photos: Collection[int],
) -> None:
    """Let rows point at the source again that still point at the target.

    Those of `kept_photos` (ids) stay.
    """
    model = pointer.model
    has_photo = any(field.name == "image" for field in model._meta.fields)
    for ids in chunks(moved["ids"]):
        rows = model._base_manager.filter(pk__in=ids, **{pointer.name: target})
        if has_photo:
            found = dict(rows.values_list("pk", "image_id"))
            free = [pk for pk, image_id in found.items() if image_id not in kept_photos]
            rows = model._base_manager.filter(pk__in=free)
        rows.update(**{pointer.name: source})
    restore_rows(moved["dropped"], kept_photos)


def as_records(rows: models.QuerySet[Any]) -> list[Record]:
    """Return whole rows as JSON keeps them, moments to the microsecond."""
    python = serializers.serialize("python", rows.order_by("pk"))
    records: list[Record] = json.loads(json.dumps(python, default=str))
    return records


def restore_rows(records: Sequence[Record], kept_photos: Collection[int]) -> None:
    """Write rows of `as_records` again, but for those of `kept_photos` and of what is gone."""
    wanted = [one for one in records if one["fields"].get("image") not in kept_photos]
    rows: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for restored in serializers.deserialize("python", wanted):
        rows[type(restored.object)].append(restored.object)
    for model, restored_rows in rows.items():
        _insert(model, _with_what_they_need(model, restored_rows))


def delete_rows(model: type[models.Model], ids: Iterable[int]) -> None:
    """Delete these rows of a table."""
    for part in chunks(list(ids)):
        model._base_manager.filter(pk__in=part).delete()


def _has_twin(pointer: ForeignKey[Any, Any], target: Tag) -> Q:
    """Return which rows would stand twice, by the table's own constraints, with that target."""
    has_twin = Q(pk__in=[])
    for constraint in pointer.model._meta.constraints:
        if not isinstance(constraint, UniqueConstraint) or pointer.name not in constraint.fields:
            continue
        same = {name: OuterRef(name) for name in constraint.fields if name != pointer.name}
        twins = pointer.model._base_manager.filter(**same, **{pointer.name: target})
        condition = constraint.condition or Q()
        has_twin |= Q(condition, Exists(twins.filter(condition)))
    return has_twin


def _insert(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """Insert the rows with the moments they carry, which Django would set to now."""
    names = [
        field.name
        for field in model._meta.fields
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    ]
    moments = [[getattr(row, name) for name in names] for row in rows]
    model._base_manager.bulk_create(rows, batch_size=QUERY_SIZE)
    for row, told in zip(rows, moments, strict=True):
        for name, moment in zip(names, told, strict=True):
            setattr(row, name, moment)
    if names:
        model._base_manager.bulk_update(rows, names, batch_size=QUERY_SIZE)


def _with_what_they_need(
    model: type[models.Model], rows: Sequence[models.Model]
) -> list[models.Model]:
    """Return the rows whose photo, person and so on are still there.

    What a row can do without is forgotten on it where it is gone.
    """
    possible = list(rows)
    for field in model._meta.fields:
        if not isinstance(field, ForeignKey):
            continue
        keys = {getattr(row, field.attname) for row in possible} - {None}
        there = _existing(field.related_model, sorted(keys))
        for row in possible:
            if field.null and getattr(row, field.attname) not in there:
                setattr(row, field.attname, None)
        possible = [row for row in possible if field.null or getattr(row, field.attname) in there]
    return possible


def _existing(model: type[models.Model], keys: Sequence[int]) -> set[int]:
    """Return those of these ids that there are."""
    found: set[int] = set()
    for part in chunks(keys):
        found.update(model._base_manager.filter(pk__in=part).values_list("pk", flat=True))
    return found
