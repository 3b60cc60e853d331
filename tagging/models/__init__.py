"""Every table of this room: what people say, what the network says, what photos contain."""

from tagging.models.content import Content, Embedding, TwinGroup
from tagging.models.history import ClosedWorld, EventKind, FullyTagged, TagEvent
from tagging.models.network import ModelVersion, Promotion, Suggestion, VersionState
from tagging.models.tags import (
    ImageTag,
    ImageTagQuerySet,
    Tag,
    TagState,
    Vote,
    VoteValue,
)

__all__ = [
    "ClosedWorld",
    "Content",
    "Embedding",
    "EventKind",
    "FullyTagged",
    "ImageTag",
    "ImageTagQuerySet",
    "ModelVersion",
    "Promotion",
    "Suggestion",
    "Tag",
    "TagEvent",
    "TagState",
    "TwinGroup",
    "VersionState",
    "Vote",
    "VoteValue",
]
