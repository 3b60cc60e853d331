"""Users, photos, and what people do with them. This room knows nothing of tags or networks."""

from gallery.models.albums import Album, AlbumMember, AlbumPhoto, AlbumPhotoQuerySet, AlbumQuerySet
from gallery.models.conversation import Comment, CommentQuerySet, Like
from gallery.models.images import (
    Colour,
    Image,
    ImageQuerySet,
    Licence,
    Visibility,
    image_directory,
)
from gallery.models.milestones import Milestone
from gallery.models.notices import Notice, NoticeChoice, NoticeKind
from gallery.models.people import Follow, User, Viewer
from gallery.models.sharing import ShareLink, ShareLinkQuerySet
from gallery.models.transfers import Takeout, TakeoutImport, TransferState
from gallery.models.uploads import Upload, UploadQuerySet

__all__ = [
    "Album",
    "AlbumMember",
    "AlbumPhoto",
    "AlbumPhotoQuerySet",
    "AlbumQuerySet",
    "Colour",
    "Comment",
    "CommentQuerySet",
    "Follow",
    "Image",
    "ImageQuerySet",
    "Licence",
    "Like",
    "Milestone",
    "Notice",
    "NoticeChoice",
    "NoticeKind",
    "ShareLink",
    "ShareLinkQuerySet",
    "Takeout",
    "TakeoutImport",
    "TransferState",
    "Upload",
    "UploadQuerySet",
    "User",
    "Viewer",
    "Visibility",
    "image_directory",
]
