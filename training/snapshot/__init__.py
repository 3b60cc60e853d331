"""What is known at this moment: from rows of people's decisions to an immutable dataset."""

from training.snapshot.learnable import (
    WITHOUT_NEGATIVES,
    NothingToLearn,
    learnable_candidates,
    never_shown_names,
    was_short_of_photos,
)
from training.snapshot.storing import load_embeddings, store_snapshot
from training.snapshot.taking import Snapshot, images_to_embed, take_snapshot
from training.snapshot.taught import memorised_by, taught_by

__all__ = [
    "WITHOUT_NEGATIVES",
    "NothingToLearn",
    "Snapshot",
    "images_to_embed",
    "learnable_candidates",
    "load_embeddings",
    "memorised_by",
    "never_shown_names",
    "store_snapshot",
    "take_snapshot",
    "taught_by",
    "was_short_of_photos",
]
