"""What this room announces. It knows nobody who listens; they are sent after the commit."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

# A photo and all its files are stored. Keyword argument: image_id.
image_published = Signal()
# Photos came back out of the trash, with all that was said of them. Keyword argument: image_ids.
image_restored = Signal()
# A photo is gone. Keyword arguments: sha256 of its original bytes, image_id.
image_deleted = Signal()
# A new photo's file names what is on it. Keyword arguments: image_id, person_id of who uploaded it,
# keywords as they stand in the file.
image_keywords_found = Signal()
# Photos of a sample library were written, inside its transaction. Keyword arguments: subjects, what
# each shows by the id of the photo; people, who may have said things; random, NumPy's generator;
# vectors, whether embeddings are wanted.
sample_photos_made = Signal()
# All of them are there. No arguments.
sample_library_made = Signal()

# A takeout is being written. Keyword argument: person. Whoever knows more of them returns files of
# JSON by name (dict[str, object]).
person_taken_out = Signal()
# The same of some photos. Keyword arguments: person, image_ids. Whoever knows more of them returns
# fields by id of the photo (dict[int, dict[str, object]]).
photos_taken_out = Signal()
# Photos of a takeout are in again. Keyword arguments: person, records (what the file says, by id of
# the photo). Inside the transaction; returns numbers by what they count (dict[str, int]).
photos_brought_in = Signal()
# The rest of a takeout is being read. Keyword arguments: person, files (JSON by name; whatever
# somebody may have written into it). Returns numbers as above.
person_brought_in = Signal()
# A person leaves for good. Keyword argument: person, still under their name. Sent inside the
# transaction that closes the account; whoever keeps more of theirs deletes it, or their name in it.
person_leaving = Signal()


def answers_to(signal: Signal, **keywords: Any) -> list[dict[Any, Any]]:
    """Send a signal that asks, and return what each room answered; what one raises is raised."""
    told: list[tuple[Any, Any]] = list(signal.send(sender=None, **keywords))
    return [answer for _receiver, answer in told if isinstance(answer, dict)]
