"""The admin: its first page and every list open, with something in them."""

from __future__ import annotations

from django.contrib import admin
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from gallery.models import Album, Comment, ShareLink, User
from tests.eyes.every_page import furnish


def test_the_first_page_and_every_list_open(
    alice: User, bob: User, mona: User, client: Client
) -> None:
    cache.clear()
    furnish(alice, bob)
    client.force_login(mona)
    assert client.get("/admin/").status_code == 200
    registered = [model._meta for model in admin.site._registry]
    lists = [reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist") for meta in registered]
    seen = {address: client.get(address).status_code for address in lists}
    # What moderators may not see, such as groups of rights, is refused and does not break.
    assert set(seen.values()) <= {200, 403}, seen
    for model in (Album, Comment, ShareLink):
        shown = client.get(reverse(f"admin:gallery_{model.__name__.lower()}_changelist"))
        assert shown.context["cl"].result_count == model._default_manager.count() > 0
