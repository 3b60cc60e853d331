"""Leaving for good: the account closes at once, and a job deletes what was shared.

What stays is an empty row without a name. It holds the votes together that one person gave: they
taught the network about photos of others, and whose they were can no longer be said.
"""

from __future__ import annotations

from typing import Final

from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django_q.tasks import async_task
from rest_framework.authtoken.models import Token

from gallery.chunks import chunks
from gallery.clusters import LONG_JOBS
from gallery.models import (
    Album,
    AlbumMember,
    Comment,
    Follow,
    Image,
    Like,
    Notice,
    NoticeChoice,
    NoticeKind,
    ShareLink,
    Takeout,
    TakeoutImport,
    Upload,
    User,
)
from gallery.notices import take_back
from gallery.services.people import forget_avatar_on_commit
from gallery.services.trash import empty_trash
from gallery.signals import person_leaving

# What a name of a person who left begins with; nobody else may be called so.
LEFT: Final = "left-"
# Everything of a person that goes with one statement each, by the field that names them.
_OWNED: Final[tuple[tuple[type[Model], str], ...]] = (
    *((ShareLink, "created_by"), (Album, "owner"), (AlbumMember, "person")),
    *((Notice, "person"), (NoticeChoice, "person")),
    *((Follow, "follower"), (Follow, "followed")),
    *((Token, "user"), (EmailAddress, "user")),
)
# Those whose rows take a file along, which only a deletion one by one does.
_WITH_FILES: Final[tuple[tuple[type[Model], str], ...]] = (
    (Upload, "owner"),
    (Takeout, "person"),
    (TakeoutImport, "person"),
)


class MayNotLeave(ValueError):
    """Raised where somebody has to stay; the message says why."""


@transaction.atomic
def close_account(*, person: User) -> User:
    """Close a person's account for good and return the empty row that stays.

    At once: nobody can log in, no session or token holds, no page of theirs opens, their photos
    are gone for everybody, and no name or address is left on the row. A job deletes the rest.
    Raises MayNotLeave for the last superuser, without whom nobody could moderate.
    """
    person = User.objects.select_for_update().get(pk=person.pk)
    refuse_last_superuser(person)
    if person.left_at is None:
        person.left_at = timezone.now()
    Image.objects.filter(owner=person).update(deleted_at=person.left_at)
    person_leaving.send(sender=User, person=person)
    folder, former_name = person.avatar_folder, person.username
    _scrub(person)
    _scrub_log(person, former_name)
    Token.objects.filter(user=person).delete()
    EmailAddress.objects.filter(user=person).delete()
    # Nothing more comes in: jobs that find no row of theirs stop.
    _delete_with_files(person)
    forget_avatar_on_commit(folder)
    pk = person.pk
    job = "gallery.tasks.delete_what_was_left"
    transaction.on_commit(lambda: async_task(job, pk, cluster=LONG_JOBS) and None)
    return person


def refuse_last_superuser(person: User) -> None:
    """Raise MayNotLeave where this is the only superuser there is."""
    if not (person.is_superuser and person.is_active):
        return
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=person.pk)
    if not others.exists():
        raise MayNotLeave(
            _("The last superuser cannot leave: nobody could look after the site. Name another.")
        )


def _scrub(person: User) -> None:
    """Take everything off the row that says who it was."""
    person.username = _name_of_nobody(person)
    person.email = person.first_name = person.last_name = person.bio = person.language = ""
    person.avatar_folder = None
    person.is_active = person.is_staff = person.is_superuser = False
    person.unread_notices, person.last_login = 0, None
    person.date_joined = person.left_at or person.date_joined
    person.set_unusable_password()
    nobody = User()
    person.offers_photos = nobody.offers_photos
    person.usual_visibility, person.usual_licence = nobody.usual_visibility, nobody.usual_licence
    person.save()
    person.groups.clear()
    person.user_permissions.clear()


def _name_of_nobody(person: User) -> str:
    """Return the name of the empty row; somebody may have called themselves so in time."""
    name = f"{LEFT}{person.pk}"
    is_taken = User.objects.filter(username=name).exclude(pk=person.pk).exists()
    return f"{name}-{get_random_string(8)}" if is_taken else name


def _scrub_log(person: User, former_name: str) -> None:
    """Take the former name out of what moderators' log says of the person."""
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(person.pk)
    )
    about.update(object_repr=person.username)
    about.filter(change_message__contains=former_name).update(change_message="")


def _scrub_log_of_photos(image_ids: list[int]) -> None:
    """Take the titles of deleted photos out of moderators' log."""
    kind = ContentType.objects.get_for_model(Image)
    for some in chunks(image_ids):
        keys = [str(pk) for pk in some]
        about = LogEntry.objects.filter(content_type=kind, object_id__in=keys)
        about.update(object_repr=_("A photo of somebody who left"))


def _close_sessions(person_id: int) -> None:
    """Delete the sessions of a person. Each is opened to see whose it is, as Django keeps them.

    The unusable password has made them void already; this leaves nothing of them either.
    """
    for session in Session.objects.filter(expire_date__gte=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(person_id):
            session.delete()


def delete_what_was_left(*, person_id: int) -> str:
    """Delete what somebody who left had here, and return in words how much.

    Photos go first, a few per transaction, each with files, vectors, suggestions, tags and what
    was said below it; then everything else. Running it again finds what was left.
    """
    person = User.objects.filter(pk=person_id).exclude(left_at=None).first()
    if person is None:
        return f"Person {person_id} has not left."
    Image.objects.filter(owner=person).update(deleted_at=person.left_at)
    mine = Image.with_trash.filter(owner=person)
    _scrub_log_of_photos(list(mine.values_list("pk", flat=True)))
    _delete_notices_about(person)
    photos = empty_trash(images=mine)
    _delete_words(person)
    _close_sessions(person.pk)
    return f"Person {person_id} is gone, with {photos} photos."


@transaction.atomic
def _delete_words(person: User) -> None:
    """Delete likes, comments and all else; the counts of others' photos follow."""
    for mine in (Like.objects.filter(person=person), Comment.objects.filter(author=person)):
        touched = sorted(set(mine.values_list("image_id", flat=True)))
        mine.delete()
        _count_anew(touched)
    for model, field in _OWNED:
        model._default_manager.filter(**{field: person}).delete()
    take_back(Notice.objects.filter(actor=person))
    _delete_with_files(person)


@transaction.atomic
def _delete_notices_about(person: User) -> None:
    """Delete what others were told of the person's photos and albums: it tells names and titles.

    Only the address of a notice says what it is about; those of these kinds are read once.
    """
    photos, albums = Image.with_trash.filter(owner=person), Album.objects.filter(owner=person)
    places = {reverse("gallery:image", args=[pk]) for pk in _ids(photos)}
    places |= {reverse("gallery:album", args=[pk]) for pk in _ids(albums)}
    kinds = [NoticeKind.COMMENT, NoticeKind.ALBUM]
    told = Notice.objects.filter(kind__in=kinds).order_by("person_id").values_list("pk", "url")
    about = [pk for pk, url in told.iterator() if _place_of(url) in places]
    for some in chunks(about):
        take_back(Notice.objects.filter(pk__in=some))


def _ids(rows: QuerySet[Image] | QuerySet[Album]) -> list[int]:
    return list(rows.values_list("pk", flat=True))


def _place_of(url: str) -> str:
    """Return the address of the page without its key and its part."""
    return url.partition("#")[0].partition("?")[0]


def _delete_with_files(person: User) -> None:
    """Delete uploads on their way, takeouts and imports, each with its file."""
    for model, field in _WITH_FILES:
        for row in model._default_manager.filter(**{field: person}):
            row.delete()


def _count_anew(image_ids: list[int]) -> None:
    for some in chunks(image_ids):
        touched = Image.with_trash.filter(pk__in=some)
        touched.update(like_count=_number_of(Like), comment_count=_number_of(Comment))


def _number_of(model: type[Like | Comment]) -> Coalesce:
    rows = model._default_manager.filter(image=OuterRef("pk")).order_by().values("image")
    return Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0)


def finish_leavings() -> int:
    """Delete what is left of people whose job was killed; return how many there were. Daily."""
    ids: set[int] = set()
    for rows, field in (
        (Image.with_trash.all(), "owner"),
        (Comment.objects.all(), "author"),
        (Like.objects.all(), "person"),
    ):
        of_left = rows.order_by().exclude(**{f"{field}__left_at": None})
        ids.update(of_left.values_list(field, flat=True).distinct())
    for pk in sorted(ids):
        delete_what_was_left(person_id=pk)
    return len(ids)
