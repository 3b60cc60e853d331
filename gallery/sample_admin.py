"""One button above the admin's list of photos, while there are sample photos to remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from gallery.models import Image
from gallery.samples import remove_samples

if TYPE_CHECKING:
    ImageModelAdmin = admin.ModelAdmin[Image]
else:
    ImageModelAdmin = admin.ModelAdmin


class SampleRemoval(ImageModelAdmin):
    """Mixed into the admin of photos: the button's page, and whether there is need of one."""

    change_list_template = "admin/gallery/image/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        """Return the usual addresses and the button's, which must stand before `<path:pk>/`."""
        address = path(
            "remove-samples/",
            self.admin_site.admin_view(self.remove_samples_view),
            name="gallery_image_remove_samples",
        )
        return [address, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse | HttpResponse:
        """Return the list, with the number of sample photos for the button."""
        samples = Image.objects.filter(is_sample=True).count()
        return super().changelist_view(request, {**(extra_context or {}), "samples": samples})

    def remove_samples_view(self, request: HttpRequest) -> HttpResponse:
        """Remove the sample photos; asked for by the button alone."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        messages.success(request, f"Removed {remove_samples()} sample photos.")
        return redirect("admin:gallery_image_changelist")
