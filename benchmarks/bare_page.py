"""The addresses of the site, and one page with nothing in it to measure the others by."""

from __future__ import annotations

from django.urls import path
from django.views.generic import TemplateView

from eyes.urls import urlpatterns as site

urlpatterns = [path("bare/", TemplateView.as_view(template_name="base.html")), *site]
