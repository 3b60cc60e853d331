"""The bootstrap vocabulary: what eyes says about a photo before anybody has taught it anything.

The table (`imagenet.csv`, `tags.csv`, `never_show.txt`) is data, made by hand and reviewed by eye.
"""

from tagging.vocabulary.picking import PickedTag
from tagging.vocabulary.probabilities import class_probabilities
from tagging.vocabulary.reading import (
    BrokenVocabulary,
    load_vocabulary,
    read_vocabulary,
    reword_vocabulary,
)
from tagging.vocabulary.table import Vocabulary

__all__ = [
    "BrokenVocabulary",
    "PickedTag",
    "Vocabulary",
    "class_probabilities",
    "load_vocabulary",
    "read_vocabulary",
    "reword_vocabulary",
]
