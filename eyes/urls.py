"""Every address of the site, room by room."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from eyes.design import design
from eyes.health import healthz
from eyes.language import choose_language
from eyes.manifest import manifest

handler400 = "eyes.errors.bad_request"
handler500 = "eyes.errors.server_error"

urlpatterns = [
    path("", include("gallery.urls")),
    path("", include("tagging.urls")),
    path("", include("training.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("eyes.api")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("language/setlang/", choose_language, name="set_language"),
    path("healthz", healthz, name="healthz"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("design/", design, name="design"),
]
