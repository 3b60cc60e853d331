"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from training import views

app_name = "training"
urlpatterns = [
    path("models/", views.models, name="models"),
    path("models/progress/", views.progress, name="progress"),
    path("models/<int:number>/", views.model, name="model"),
]
