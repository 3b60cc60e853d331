"""Telling people what they should know: written in bulk, counted on the row of each person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gallery.chunks import chunks
from gallery.mailing import mail_on_commit
from gallery.models import Image, Notice, NoticeKind, User
from gallery.notice_ways import language_of, ways_by_person
from gallery.plain_text import in_one_line

# Older notices speak of versions and weeks that nobody looks back at.
KEPT_FOR = timedelta(days=180)
LONGEST_TEXT = 500
# Likes of a photo that are told by mail alone make one mail in this time.
GATHERED_FOR = timedelta(days=1)


@transaction.atomic
def tell(
    *,
    texts: Mapping[int, str],
    url: str = "",
    kind: str = NoticeKind.LEARNING,
    actor: User | None = None,
) -> int:
    """Write one notice to each of these people, text by the id of the person; return how many.

    Who has been told of this address already is not told again, so that a job may run twice, and
    at the same moment as its twin: the rows of the people are locked first. People who are gone
    or may not log in any more are passed over, and so are the actor, whose own doing it is, and
    those who want to hear nothing of this kind. An over-long text is cut.
    """
    told = 0
    for some in chunks(sorted(texts)):
        reached = _hold(pk for pk in some if actor is None or pk != actor.pk)
        if url:
            before = Notice.objects.filter(person__in=reached, url=url)
            reached -= set(before.values_list("person_id", flat=True))
        told += _write(reached, texts, url, kind, actor)
    return told


def tell_in_words(
    *, people: Iterable[User], words: Callable[[], str], url: str, kind: str, actor: User
) -> int:
    """Tell these people the same, each in their own language; return how many were told.

    `words` is called once for each person, while their language is the active one.
    """
    texts = {}
    for person in people:
        with language_of(person):
            texts[person.pk] = words()
    return tell(texts=texts, url=url, kind=kind, actor=actor)


def _hold(people: Iterable[int]) -> set[int]:
    """Lock the rows of those who can be told anything, and return their ids."""
    rows = User.objects.filter(pk__in=list(people), is_active=True).order_by("pk")
    return set(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def _write(
    reached: Collection[int],
    texts: Mapping[int, str],
    url: str,
    kind: str,
    actor: User | None,
) -> int:
    """Write to people whose rows are held; what is for the mail alone counts as read at once."""
    ways, now = ways_by_person(reached, kind), timezone.now()
    wanted = [pk for pk in sorted(reached) if any(ways[pk])]
    written = Notice.objects.bulk_create(
        Notice(
            person_id=pk,
            kind=kind,
            actor=actor,
            text=in_one_line(texts[pk], LONGEST_TEXT),
            url=url,
            read_at=None if ways[pk].on_page else now,
        )
        for pk in wanted
    )
    on_page = [pk for pk in wanted if ways[pk].on_page]
    User.objects.filter(pk__in=on_page).update(unread_notices=F("unread_notices") + 1)
    for notice in written:
        if ways[notice.person_id].by_mail:
            mail_on_commit(notice)
    return len(written)


@transaction.atomic
def tell_of_like(*, image: Image, person: User) -> None:
    """Tell the owner that this person likes the photo: one notice for each photo, not each like.

    A notice that has not been read says it of all ("Ann and 3 others like …"). Who has been named
    and takes the like back and gives it again is not told of again.
    """
    if person.pk == image.owner_id or not _hold([image.owner_id]):
        return
    before = _of_likes(image)
    if before.filter(actor=person).exists():
        return
    text = _words_of_likes(image, person)
    is_open = Q(read_at=None)
    if not ways_by_person([image.owner_id], NoticeKind.LIKE)[image.owner_id].on_page:
        is_open = Q(created_at__gt=timezone.now() - GATHERED_FOR)
    if not before.filter(is_open).update(actor=person, text=text):
        url = image.get_absolute_url()
        _write([image.owner_id], {image.owner_id: text}, url, NoticeKind.LIKE, person)


@transaction.atomic
def take_back_like(*, image: Image) -> None:
    """Let an unread notice name only those who still like the photo; it goes with the last."""
    _hold([image.owner_id])
    told = _of_likes(image).filter(read_at=None)
    if not told.exists():
        return
    last = image.likes.exclude(person=image.owner_id).order_by("-pk").first()
    if last is None:
        _remove(told)
    else:
        told.update(actor=last.person, text=_words_of_likes(image, last.person))


@transaction.atomic
def take_back_comment(*, image_id: int, comment_id: int, actor_id: int | None) -> None:
    """Remove what was told of a comment that is gone, and count anew who had not read it."""
    about = Notice.objects.filter(_about([image_id]), url__endswith=f"#comment-{comment_id}")
    take_back(about.filter(kind=NoticeKind.COMMENT, actor=actor_id))


@transaction.atomic
def take_back_album(*, album_id: int, person_ids: Collection[int]) -> None:
    """Remove what these people were told of an album that is no longer shared with them."""
    address = reverse("gallery:album", args=[album_id])
    take_back(Notice.objects.filter(person__in=person_ids, url__startswith=address))


@transaction.atomic
def take_back_photos(*, image_ids: Collection[int], person_ids: Collection[int]) -> None:
    """Remove what these people were told of photos that go for good: words, names and links."""
    kinds = (NoticeKind.COMMENT, NoticeKind.LIKE)
    for people in chunks(sorted(person_ids)):
        told = Notice.objects.filter(person__in=people)
        take_back(told.filter(_about(image_ids), kind__in=kinds))


def _about(image_ids: Collection[int]) -> Q:
    """Return the condition that a notice leads to one of these photos.

    What stands behind the path does not count: the key came or went with the visibility.
    """
    about = Q(pk__in=[])
    for pk in image_ids:
        about |= Q(url__startswith=reverse("gallery:image", args=[pk]))
    return about


@transaction.atomic
def take_back(told: QuerySet[Notice]) -> int:
    """Delete these notices and return how many; what is unread is counted without them."""
    ids = list(told.order_by("person_id").values_list("pk", "person_id"))
    for some in chunks(ids):
        _hold(person for _pk, person in some)
        _remove(Notice.objects.filter(pk__in=[pk for pk, _person in some]))
    return len(ids)


def _remove(told: QuerySet[Notice]) -> None:
    """Delete notices of people whose rows are held."""
    unread = Counter(told.filter(read_at=None).values_list("person_id", flat=True))
    told.delete()
    for number in set(unread.values()):
        people = User.objects.filter(pk__in=[pk for pk, count in unread.items() if count == number])
        people.update(unread_notices=Greatest(F("unread_notices") - number, 0))


def _of_likes(image: Image) -> QuerySet[Notice]:
    return Notice.objects.filter(_about([image.pk]), person=image.owner_id, kind=NoticeKind.LIKE)


def _words_of_likes(image: Image, person: User) -> str:
    others = image.likes.exclude(person__in=[image.owner_id, person.pk]).count()
    with language_of(image.owner):
        words = {"name": person.username, "count": others, "photo": name_of(image)}
        if not others:
            return _("%(name)s likes %(photo)s") % words
        return (
            ngettext(
                "%(name)s and %(count)d other like %(photo)s",
                "%(name)s and %(count)d others like %(photo)s",
                others,
            )
            % words
        )


def name_of(image: Image) -> str:
    """Return what a notice calls one's own photo."""
    return _("“%(title)s”") % {"title": image.title} if image.title else _("your photo")


def tell_moderators(*, text: str, url: str = "") -> int:
    """Write the same notice to every moderator; return how many were told."""
    texts = dict.fromkeys(moderators().values_list("pk", flat=True), text)
    return tell(texts=texts, url=url, kind=NoticeKind.MODERATION)


def moderators() -> QuerySet[User]:
    """Return everybody who moderates."""
    return User.objects.filter(is_staff=True, is_active=True)


@transaction.atomic
def mark_read(*, person: User) -> int:
    """Mark all notices of this person as read; return how many were not.

    `tell` locks the person as well, so that a notice which is written in this moment is either
    read here and not counted, or counted and not read.
    """
    list(User.objects.filter(pk=person.pk).select_for_update(no_key=True))
    read = Notice.objects.filter(person=person, read_at=None).update(read_at=timezone.now())
    User.objects.filter(pk=person.pk).update(unread_notices=0)
    person.unread_notices = 0
    return read


def prune_notices() -> int:
    """Delete notices older than half a year and return how many there were."""
    return take_back(Notice.objects.filter(created_at__lt=timezone.now() - KEPT_FOR))
