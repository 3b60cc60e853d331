"""The tour goes on with what is one's own: putting photos right, taking everything along, leaving;
and with what a moderator does, and how all of it reads in German."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from playwright.sync_api import expect

from gallery.models import Comment, Image, User
from gallery.services.images import store_image
from tests.eyes.test_tour import Start, start
from tests.eyes.traveller import DAY_ON_THE_PHONE, NIGHT_ON_THE_PHONE, Look, Traveller, work
from tests.gallery.cast import store
from tests.gallery.own_cast import comment, empty_site, fill_account
from tests.tagging.network_cast import altered, bundled

__all__ = ["start"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.network,
    pytest.mark.django_db(transaction=True),
]


@DAY_ON_THE_PHONE
def test_ann_puts_her_photos_right(start: Start, alice: User, look: Look) -> None:
    original = bundled("chelsea.png")
    smaller = altered(original, lambda cat: cat.resize((300, 200)))
    for data, title in ((original, "Chelsea"), (smaller, "Chelsea, small")):
        store_image(
            owner=alice, data=data, name="p.jpg", title=title, visibility="public", teaches=True
        )
    for seed in range(4):
        store(alice, seed)
    work()

    ann = start(look)
    ann.be(alice)
    page = ann.go("/duplicates/")
    page.get_by_role("button", name="Merge into this one").first.click()
    expect(page.locator(".tags__last")).to_contain_text("was merged into")
    assert Image.objects.count() == 5
    ann.look_around()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Keep both")).to_be_visible()
    assert Image.objects.count() == 6
    ann.look_around()

    change_many(ann)
    delete_and_restore(ann)


def change_many(ann: Traveller) -> None:
    """Choose three photos by keyboard and give them a tag."""
    page = ann.go("/people/alice/")
    page.get_by_role("link", name="Select photos").click()
    expect(page.locator("#picked-count")).to_have_text("Nothing chosen")
    ann.look_around()
    boxes = page.locator(".pick__box")
    boxes.nth(0).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#picked-count")).to_have_text("3 photos chosen")
    ann.look_around()
    page.get_by_label("What to do with them").select_option("tag-add")
    page.get_by_label("Tag", exact=True).fill("holiday")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".message")).to_contain_text("3 photos changed.")
    assert Image.objects.filter(image_tags__tag__name="holiday").count() == 3


def delete_and_restore(ann: Traveller) -> None:
    """Delete photos by key and take it back; delete one again and find it in the trash."""
    page = ann.page
    tiles = page.locator(".tile")
    for undone in (True, False):
        page.locator(".pick__box").nth(0).focus()
        page.keyboard.press("Space")
        page.keyboard.press("Delete")
        expect(tiles).to_have_count(5)
        ann.look_around()
        if undone:
            page.get_by_role("button", name="Undo").click()
            expect(page.locator(".message")).to_contain_text("1 photo is back.")
            expect(tiles).to_have_count(6)
    ann.go("/trash/")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Restore chosen").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    ann.look_around()
    assert Image.objects.count() == 6


@NIGHT_ON_THE_PHONE
def test_ann_takes_everything_along_and_leaves_nothing_behind(
    start: Start, alice: User, bob: User, tmp_path: Path, settings: Any, look: Look
) -> None:
    fill_account(alice, bob)
    work()
    ann = start(look)
    ann.be(alice)
    ann.let_move("/takeout/")
    before = take_out(ann, tmp_path / "before.zip")

    page = ann.go("/leave/")
    page.get_by_label("Write your user name").fill("alice")
    page.get_by_label("Your password").fill("alice-secret-9")
    ann.look_around()
    page.get_by_role("button", name="Close my account").click()
    expect(page.get_by_role("link", name="Join", exact=True)).to_be_visible()
    ann.look_around()
    work()
    assert traces_of("alice", Path(settings.MEDIA_ROOT), kept={"bob"}) == []

    # Somewhere else, later.
    empty_site(settings, tmp_path / "elsewhere")
    ann.page.context.clear_cookies()
    ann.be(User.objects.create_user("alice", "alice@example.org", "alice-secret-9"))
    User.objects.create_user("bob")
    bring_in(ann, before)
    after = take_out(ann, tmp_path / "after.zip")
    call_command("compare_takeouts", str(before), str(after))


def take_out(ann: Traveller, target: Path) -> Path:
    """Have everything packed, and download it."""
    page = ann.go("/takeout/")
    page.get_by_role("button", name="Make a takeout").click()
    expect(page.get_by_text("waits for its turn")).to_be_visible()
    ann.look_around()
    assert "gallery.tasks.write_takeout" in work()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(target)
    ann.look_around()
    return target


def bring_in(ann: Traveller, takeout: Path) -> None:
    """Bring a takeout in, and wait for it on the page."""
    page = ann.go("/takeout/")
    page.get_by_label("The zip file of a takeout").set_input_files(str(takeout))
    page.get_by_role("button", name="Bring it in").click()
    expect(page.get_by_text("waits for its turn to be brought in")).to_be_visible()
    work()
    expect(page.get_by_role("heading", name="What is being brought in")).to_be_visible()
    expect(page.locator("#transfers progress")).to_have_count(0)
    ann.look_around()


def traces_of(name: str, media: Path, kept: set[str]) -> list[str]:
    """Return the rows and files that are left of a person, when only `kept` should be there."""
    people = set(User.objects.exclude(username__startswith="left-").values_list("username"))
    found = [f"account {one}" for (one,) in people if one not in kept]
    found += [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if getattr(field, "remote_field", None) and field.related_model is User
        if not field.auto_created and not field.many_to_many
        if model.objects.filter(**{f"{field.name}__username": name}).exists()  # type: ignore[attr-defined]
    ]
    known = {str(image.original_path) for image in Image.with_trash.all()}
    originals = media.glob("originals/**/*")
    found += [str(one) for one in originals if one.is_file() and str(one) not in known]
    return found


@DAY_ON_THE_PHONE
def test_a_moderator_steps_in(start: Start, alice: User, bob: User, mona: User, look: Look) -> None:
    image = store(alice, 1, title="A licence plate")
    comment(image, bob, "Buy my watches!")
    ann, moderator = start(look), start(look)
    ann.be(alice)
    moderator.be(mona)
    page = moderator.page
    page.goto("/admin/gallery/comment/")
    page.get_by_role("checkbox", name=re.compile("Select this object")).check()
    page.locator("select[name=action]").select_option("delete_selected")
    page.locator("button[name=index]").click()
    page.get_by_role("button", name=re.compile("Yes")).click()
    expect(page.locator(".messagelist")).to_contain_text("1 comment")
    assert not Comment.objects.exists()

    page.goto("/admin/gallery/image/")
    page.locator("input[name=_selected_action]").check()
    page.locator("select[name=action]").select_option("hide")
    page.locator("input[name=reason]").first.fill("It shows a licence plate.")
    page.locator("button[name=index]").click()
    expect(page.locator(".messagelist")).to_be_visible()
    assert not Image.objects.on_show().exists()

    there = ann.go(image.get_absolute_url())
    expect(
        there.get_by_text("A moderator hid this photo: It shows a licence plate.")
    ).to_be_visible()
    expect(there.get_by_role("heading", name="0 comments")).to_be_visible()
    ann.go("/")
    expect(there.locator(".tile")).to_have_count(0)


@NIGHT_ON_THE_PHONE
def test_the_site_speaks_german(start: Start, alice: User, look: Look) -> None:
    image = store(alice, 1, title="Ein Graureiher")
    ann = start(look)
    ann.be(alice)
    page = ann.go("/")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("link", name="Hochladen", exact=True)).to_be_visible()
    for address in ("/", "/upload/", "/search/", "/albums/", "/settings/", "/takeout/"):
        ann.go(address)
    ann.go(image.get_absolute_url())
    page.get_by_role("button", name="Gefällt mir").click()
    expect(page.locator(".like__count")).to_have_text("1 Herz")
