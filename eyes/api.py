"""The API, put together from what each room offers."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import DefaultRouter

from eyes.api_token import TokenView
from gallery import conversation_api as conversation
from gallery.api_sharing import register as register_sharing
from gallery.views.resumable import UploadsView, UploadView
from tagging.api.urls import register

router = DefaultRouter()
# There is only JSON; an address that ends in `.json` would break views that know no format.
router.include_format_suffixes = False
register(router)
register_sharing(router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("token/", TokenView.as_view(), name="api-token"),
    # Uploads in pieces, by the tus protocol; the upload page uses the same views.
    path("uploads/", UploadsView.as_view(), name="uploads"),
    path("uploads/<uuid:pk>/", UploadView.as_view(), name="upload"),
    path("images/<int:pk>/like/", conversation.LikeView.as_view(), name="api-like"),
    path("images/<int:pk>/comments/", conversation.CommentsView.as_view(), name="api-comments"),
    path("comments/<int:pk>/", conversation.CommentView.as_view(), name="api-comment"),
    path("people/<str:username>/", conversation.PersonView.as_view(), name="api-person"),
    path("people/<str:username>/follow/", conversation.FollowView.as_view(), name="api-follow"),
    path("", include(router.urls)),
]
