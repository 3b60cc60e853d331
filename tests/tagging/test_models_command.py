"""`manage.py models` and the admin's page of versions."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from gallery.models import User
from tagging.models import ModelVersion, Promotion
from tagging.registry import live_version, serving_version
from tests.tagging.network_cast import change_one_byte, constant_head, publish

pytestmark = [pytest.mark.network, pytest.mark.django_db]

LIST = "admin:tagging_modelversion_changelist"
PROMOTE = "admin:tagging_modelversion_promote"
ROLL_BACK = "admin:tagging_modelversion_rollback"


def models(*arguments: str) -> str:
    """Return what the command prints."""
    out = io.StringIO()
    call_command("models", *arguments, stdout=out)
    return out.getvalue()


def test_the_list_begins_with_version_0(db: None) -> None:
    header, row = models("list").splitlines()
    assert header.split() == ["number", "live", "state", "backbone", "macro-F1", "tags", "created"]
    assert row.split()[:4] == ["0", "*", "promoted", "efficientnet_lite0"]


def test_promote_and_rollback_move_the_mark(network_store: Path) -> None:
    publish(network_store, 1, constant_head(heron=0.95, stork=0.5))
    assert "Version 1 is live;" in models("promote", "1")
    assert models("list").splitlines()[1].split()[:6] == [
        "1", "*", "promoted", "efficientnet_lite0", "0.500", "2"
    ]  # fmt: skip
    assert "Version 0 is live;" in models("rollback")
    assert live_version().number == 0
    with pytest.raises(CommandError, match="nothing was live before"):
        models("rollback")


def test_what_cannot_go_live_is_refused_with_its_reason(network_store: Path) -> None:
    publish(network_store, 1, constant_head(heron=0.95))
    change_one_byte(network_store / "1" / "head.npz")
    with pytest.raises(CommandError, match=r"head\.npz was changed"):
        models("promote", "1")
    assert "Version 1: head.npz was changed" in models("list")
    with pytest.raises(CommandError, match=r"no version 7\. There are: 0, 1"):
        models("list") and models("promote", "7")


def test_preview_tells_what_would_change_and_changes_nothing(network_store: Path) -> None:
    publish(network_store, 1, constant_head(heron=0.95))
    assert models("preview", "1") == (
        "Version 1: No shown tag comes or goes on 0 photos, against version 0.\n"
    )
    assert live_version().number == 0
    change_one_byte(network_store / "1" / "head.npz")
    with pytest.raises(CommandError, match=r"cannot be tried out: head\.npz was changed"):
        models("preview", "1")


def test_prune_removes_old_files_and_the_list_says_so(network_store: Path) -> None:
    for number in range(1, 7):
        publish(network_store, number, constant_head(heron=0.95))
    assert models("prune") == "Removed the files of version 1.\n"
    assert models("prune") == "No version had to be pruned.\n"
    listed = models("list")
    assert "Version 1: files removed on " in listed
    assert listed.splitlines()[6].split()[:2] == ["1", "pruned"]
    with pytest.raises(CommandError, match="files were removed"):
        models("promote", "1")


def test_a_reason_is_kept_with_the_promotion(network_store: Path) -> None:
    publish(network_store, 1, constant_head(heron=0.95))
    models("promote", "1", "--reason", "It knows herons.")
    assert Promotion.objects.get().reason == "It knows herons."


def test_a_moderator_promotes_and_rolls_back_in_the_admin(
    client: Client, network_store: Path
) -> None:
    moderator = User.objects.create_user("max", password="max-secret-9", is_staff=True)
    client.force_login(moderator)
    version = publish(network_store, 1, constant_head(heron=0.95))
    page = client.get(reverse("admin:tagging_modelversion_change", args=[version.pk]))
    assert "Make version 1 the live one" in page.content.decode()
    answer = client.post(reverse(PROMOTE, args=[version.pk]), follow=True)
    assert "Version 1 is live" in answer.content.decode()
    assert Promotion.objects.get().by == moderator
    page = client.get(reverse("admin:tagging_modelversion_change", args=[version.pk]))
    assert "Make version 1" not in page.content.decode()
    client.post(reverse(ROLL_BACK))
    assert live_version().number == 0


def test_the_admin_shows_why_a_version_was_refused(
    client: Client, mona: User, network_store: Path
) -> None:
    client.force_login(mona)
    version = publish(network_store, 1, constant_head(heron=0.95))
    change_one_byte(network_store / "1" / "golden.npz")
    answer = client.post(reverse(PROMOTE, args=[version.pk]), follow=True).content.decode()
    assert "cannot go live" in answer
    assert "golden.npz was changed after it was published." in answer
    assert "Damaged: refused to load" in answer


def test_command_and_admin_say_who_serves_while_the_live_version_is_damaged(
    client: Client, mona: User, network_store: Path
) -> None:
    for number in (1, 2):
        publish(network_store, number, constant_head(heron=0.95))
        models("promote", str(number))
    assert "serves" not in models("list")
    change_one_byte(network_store / "2" / "head.npz")
    assert serving_version().version.number == 1
    assert "Version 1 serves instead of the live one." in models("list")
    client.force_login(mona)
    page = client.get(reverse(LIST)).content.decode()
    assert "The live version is damaged and refused; version 1 serves." in page
    assert "head.npz was changed after it was published." in page


def test_nobody_else_may_swap_and_a_link_alone_swaps_nothing(
    client: Client, alice: User, mona: User, network_store: Path
) -> None:
    version = publish(network_store, 1, constant_head(heron=0.95))
    addresses = [reverse(PROMOTE, args=[version.pk]), reverse(ROLL_BACK)]
    client.force_login(alice)
    assert [client.post(address).status_code for address in addresses] == [302, 302]
    client.force_login(mona)
    assert [client.get(address).status_code for address in addresses] == [405, 405]
    assert not Promotion.objects.exists()


@pytest.mark.parametrize("number", ["²", "99999999999999999999", "none"])
def test_an_address_that_names_no_version_leads_away(
    client: Client, mona: User, number: str
) -> None:
    client.force_login(mona)
    page = client.get(f"/admin/tagging/modelversion/{number}/change/")
    assert page.status_code == 302


def test_a_version_cannot_be_edited_or_deleted_by_hand(
    client: Client, mona: User, network_store: Path
) -> None:
    client.force_login(mona)
    version = publish(network_store, 1, constant_head(heron=0.95))
    for name in ("change", "delete"):
        address = reverse(f"admin:tagging_modelversion_{name}", args=[version.pk])
        assert client.post(address, {"number": 9}).status_code == 403
    assert client.get(reverse("admin:tagging_modelversion_add")).status_code == 403
    assert ModelVersion.objects.filter(number=1).exists()
    assert client.get(reverse(LIST)).status_code == 200
