"""Every table of this room: what people say, what the network says, what photos contain."""

from tagging.models.content import Content, Embedding, EmbeddingSpace, TwinGroup
from tagging.models.finding import PhotoWord, SavedSearch, TwinChoice, TwinDecision
from tagging.models.history import (
    ClosedWorld,
    EventKind,
    FullyTagged,
    TagChange,
    TagChangeKind,
    TagEvent,
)
from tagging.models.network import ModelVersion, Promotion, Suggestion, VersionState
from tagging.models.people import Sighting
from tagging.models.review import ReviewCandidate, ReviewKind, ReviewTask, Stratum
from tagging.models.tags import Tag, TagQuerySet
from tagging.models.votes import ImageTag, ImageTagQuerySet, TagState, Vote, VoteValue
from tagging.models.waiting import NetworkState, TaggingRequest, TaggingWorker

__all__ = [
    "ClosedWorld",
    "Content",
    "Embedding",
    "EmbeddingSpace",
    "EventKind",
    "FullyTagged",
    "ImageTag",
    "ImageTagQuerySet",
    "ModelVersion",
    "NetworkState",
    "PhotoWord",
    "Promotion",
    "ReviewCandidate",
    "ReviewKind",
    "ReviewTask",
    "SavedSearch",
    "Sighting",
    "Stratum",
    "Suggestion",
    "Tag",
    "TagChange",
    "TagChangeKind",
    "TagEvent",
    "TagQuerySet",
    "TagState",
    "TaggingRequest",
    "TaggingWorker",
    "TwinChoice",
    "TwinDecision",
    "TwinGroup",
    "VersionState",
    "Vote",
    "VoteValue",
]
