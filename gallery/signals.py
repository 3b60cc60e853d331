"""What this room announces. It knows nobody who listens; both are sent after the commit."""

from __future__ import annotations

from django.dispatch import Signal

# A photo and all its files are stored. Keyword argument: image_id.
image_published = Signal()
# A photo is gone. Keyword arguments: sha256 of its original bytes, image_id.
image_deleted = Signal()
# A new photo's file names what is on it. Keyword arguments: image_id, person_id of who uploaded it,
# keywords as they stand in the file.
image_keywords_found = Signal()
# Photos of a sample library were written, inside its transaction. Keyword arguments: subjects, what
# each shows by the id of the photo; people, who may have said things; random, NumPy's generator;
# vectors, whether embeddings are wanted.
sample_photos_made = Signal()
