"""A tour of the site in a real Chromium, as people live it, on the phone and on the desktop, by day
and by night: sharing photos, finding them, putting them into albums, talking about them.

On every page of the way there is a title, nothing wider than the screen, nothing that shifts,
nothing in the console, and nothing that axe complains of. Jobs are done when the story needs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from PIL import ExifTags
from PIL import Image as PillowImage
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from gallery.models import Album, Follow, Image, Like, ShareLink, User
from tagging.services.votes import add_tag
from tests.eyes.traveller import (
    DAY_ON_THE_PHONE,
    NIGHT_ON_THE_PHONE,
    Look,
    Traveller,
    swipe,
    work,
)
from tests.gallery.cast import store
from tests.gallery.test_albums_in_a_browser import drag, order_of, order_on
from tests.tagging.network_cast import bundled_path

pytestmark = [
    pytest.mark.browser,
    pytest.mark.network,
    pytest.mark.django_db(transaction=True),
]
Start = Callable[[Look], Traveller]
Gps = ExifTags.GPS


@pytest.fixture
def start(
    browser: Browser, live_server: LiveServer, network_store: Path, settings: Settings
) -> Iterator[Start]:
    """A maker of people who go through the site; none of them may have met anything wrong."""
    settings.EYES_ADDRESS = live_server.url
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    cache.clear()
    under_way: list[Traveller] = []

    def begin(look: Look) -> Traveller:
        under_way.append(Traveller(browser, live_server.url, look))
        return under_way[-1]

    yield begin
    wrong = [line for traveller in under_way for line in traveller.arrive()]
    assert wrong == [], "\n".join(wrong)


def holiday(folder: Path) -> Path:
    """Write a folder with two photos, one of them taken somewhere, a broken one and a letter."""
    folder.mkdir()
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Canon", "Canon EOS R5"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[Gps.GPSLatitudeRef], place[Gps.GPSLongitudeRef] = "N", "E"
    place[Gps.GPSLatitude], place[Gps.GPSLongitude] = (52.0, 31.0, 12.0), (13.0, 24.0, 18.0)
    with PillowImage.open(bundled_path("chelsea.png")) as cat:
        cat.convert("RGB").resize((1000, 665)).save(folder / "cat.jpg", exif=exif)
    with PillowImage.open(bundled_path("coffee.png")) as coffee:
        coffee.convert("RGB").save(folder / "coffee.jpg")
    (folder / "broken.jpg").write_text("Dear diary")
    (folder / "letter.txt").write_text("Dear grandmother")
    return folder


@DAY_ON_THE_PHONE
def test_ann_joins_and_shares_a_folder_of_photos(start: Start, tmp_path: Path, look: Look) -> None:
    ann = start(look)
    page = ann.go("/")
    page.get_by_role("link", name="Join", exact=True).click()
    ann.look_around()
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Email").fill("ann@example.org")
    page.get_by_label("Password").fill("a-walk-on-gravel-9")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("link", name="Upload", exact=True)).to_be_visible()
    assert [letter.to for letter in mail.outbox] == [["ann@example.org"]]

    introduce_herself(ann)
    upload(ann, holiday(tmp_path / "holiday"))
    assert "gallery.tasks.make_renditions" in work()

    page.get_by_role("link", name="See your photos").click()
    expect(page.locator(".tile")).to_have_count(2)
    ann.look_around()
    page.get_by_role("link", name="Asleep on the sofa").click()
    expect(page.get_by_text("Canon EOS R5")).to_be_visible()
    expect(page.locator("dd", has_text="52.52")).to_contain_text("only you see this")
    expect(page.get_by_role("link", name="CC BY 4.0")).to_be_visible()
    correct_tags(ann)
    ann.look_around()
    look_closely(ann)

    stranger = start(look)
    cat = Image.objects.get(title="Asleep on the sofa")
    there = stranger.go(cat.get_absolute_url())
    expect(there.get_by_text("Canon EOS R5")).to_be_visible()
    expect(there.locator(".facts")).not_to_contain_text("52.5")
    expect(there.locator(".stage__photo")).to_have_attribute("alt", "A tabby cat lies on a sofa")


def introduce_herself(ann: Traveller) -> None:
    """Give herself a picture and a few words."""
    page = ann.go("/settings/")
    page.get_by_label("Picture").set_input_files(str(bundled_path("astronaut.png")))
    page.get_by_label("About you").fill("Cats and coffee. https://example.org/ann")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".settings__avatar img")).to_be_visible()
    page.get_by_role("link", name="See your profile").click()
    expect(page.get_by_text("Cats and coffee.")).to_be_visible()
    expect(page.get_by_role("heading", name="Your photos will stand here")).to_be_visible()
    ann.look_around()


def upload(ann: Traveller, folder: Path) -> None:
    """Upload a folder over a line that breaks once."""
    cut: list[str] = []

    def break_once(route: Route) -> None:
        if cut:
            route.continue_()
        else:
            cut.append(route.request.method)
            route.abort("connectionreset")

    page = ann.page
    page.get_by_role("link", name="Upload", exact=True).click()
    ann.look_around()
    ann.expect_error("net::ERR_CONNECTION_RESET")
    # What a broken photo is refused with.
    ann.expect_error("status of 422")
    page.route("**/upload/files/**", break_once)
    page.locator("#id_licence").select_option("by")
    page.set_input_files("#id_folder", str(folder))
    expect(page.locator("#status")).to_contain_text("left out because they are no photos: 1.")
    row = page.locator(".upload-row", has_text="cat.jpg")
    row.get_by_text("Details").click()
    row.get_by_label("Title").fill("Asleep on the sofa")
    row.get_by_label("What is to be seen").fill("A tabby cat lies on a sofa")
    ann.look_around()
    page.locator("#send").click()
    expect(page.get_by_text("This is a text file, not a photo.")).to_be_visible()
    expect(page.get_by_text("Stored. Look at it")).to_have_count(2)
    expect(page.locator("#status")).to_have_text("2 of 3 photos are stored, 1 failed.")
    assert cut == ["POST"]
    ann.look_around()


def correct_tags(ann: Traveller) -> None:
    """Confirm what the network says, add a word of her own, and take a wrong one back."""
    page = ann.page
    people = page.get_by_role("list", name="Tags by people")
    page.get_by_role("button", name="Confirm “cat”").click()
    expect(people.get_by_role("link")).to_have_text(["cat"])
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    for word in ("whiskers", "dog"):
        page.get_by_label("Add a tag").fill(word)
        page.get_by_label("Add a tag").press("Enter")
        expect(people.get_by_role("link", name=word)).to_be_visible()
        # The answer empties the field; what is typed before it would go with it.
        expect(page.get_by_label("Add a tag")).to_have_value("")
        expect(page.get_by_label("Add a tag")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(people.get_by_role("link")).to_have_text(["cat", "whiskers"])


def look_closely(ann: Traveller) -> None:
    """See a photo large, go to the next one by key or finger and come out at its page."""
    page, caption = ann.page, ann.page.locator("#lightbox-caption")
    page.get_by_role("link", name="Enlarge").press("Enter")
    expect(caption).to_contain_text("Asleep on the sofa")
    ann.look_around()
    words = caption.inner_text()
    is_first = "1 / 2" in words
    if ann.look.is_phone:
        swipe(page, to_left=is_first)
    else:
        page.keyboard.press("ArrowRight" if is_first else "ArrowLeft")
    expect(caption).not_to_have_text(words)
    page.keyboard.press("Escape")
    coffee = Image.objects.exclude(title="Asleep on the sofa").get()
    expect(page).to_have_url(re.compile(rf"/images/{coffee.pk}/$"))
    expect(page.locator("[data-lightbox]")).to_be_focused()


@NIGHT_ON_THE_PHONE
def test_ann_finds_photos_and_comes_back_to_where_she_was(
    start: Start, alice: User, bob: User, look: Look
) -> None:
    photos = [store(alice, seed, title=f"Photo {seed}") for seed in range(65)]
    for number in (3, 4, 5):
        add_tag(person=alice, image=photos[number], name="grey heron")
    add_tag(person=alice, image=photos[4], name="boat")
    add_tag(person=bob, image=store(bob, 99), name="grey heron")
    assert "tagging.tasks.tag_image" not in work()
    count_tags()

    ann = start(look)
    ann.be(alice)
    ask(ann)
    page = ann.go("/")
    scroll_and_return(page)

    page.get_by_role("link", name="Explore").first.click()
    ann.look_around()
    page.get_by_role("link", name="grey heron").first.click()
    expect(page.get_by_role("heading", name="grey heron")).to_be_visible()
    ann.look_around()


def ask(ann: Traveller) -> None:
    """Ask with completions, with a mistake, and keep the question."""
    page = ann.go("/search/")
    box = page.get_by_label("What are you looking for?")
    box.press_sequentially("by:alice -tag:boat tag:gre")
    offered = page.locator("#search-completions option")
    question = 'by:alice -tag:boat tag:"grey heron"'
    expect(offered).to_have_count(1)
    expect(offered).to_have_attribute("value", question)
    # What a question with a mistake is answered with.
    ann.expect_error("status of 422")
    box.fill(f"({question}")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    ann.look_around()
    box.fill(question)
    box.press("Enter")
    expect(page.locator("#photos .tile")).to_have_count(2)
    ann.look_around()
    page.get_by_text("Save this search").click()
    page.get_by_label("Name").fill("Herons without a boat")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".message")).to_contain_text("saved as “Herons without a boat”.")
    ann.go("/search/saved/")
    page.get_by_role("link", name="Herons without a boat").click()
    expect(page.locator("#photos .tile")).to_have_count(2)


def scroll_and_return(page: Page) -> None:
    """Go far down the stream, open a photo and come back to it."""
    tiles = page.locator("#photos .tile")
    expect(tiles).to_have_count(30)
    page.locator(".grid__more").scroll_into_view_if_needed()
    expect(tiles).to_have_count(60)
    tile = tiles.nth(50)
    tile.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    before, address = page.evaluate("scrollY"), tile.get_attribute("href")
    tile.click()
    page.wait_for_url(f"**{address}")
    page.go_back()
    expect(page.locator(f'#photos a[href="{address}"]')).to_be_focused()
    assert abs(page.evaluate("scrollY") - before) < 5


@DAY_ON_THE_PHONE
def test_an_album_is_made_put_in_order_and_shared(
    start: Start, alice: User, bob: User, look: Look
) -> None:
    for seed, title in enumerate("DCBA"):
        store(alice, seed, title=title, visibility="private")
    ann, ben, stranger = start(look), start(look), start(look)
    ann.be(alice)
    ben.be(bob)
    page = ann.go("/albums/")
    page.get_by_role("link", name="Make the first one").click()
    page.get_by_label("Title").fill("By the lake")
    ann.look_around()
    page.get_by_role("button", name="Make album").click()
    for title in "ABCD":
        page.get_by_label(title, exact=True).check()
    ann.look_around()
    page.get_by_role("button", name="Add the chosen photos").click()
    expect(page.locator(".tile")).to_have_count(4)
    album = Album.objects.get()
    put_in_order(ann, album)

    address = share(ann, album)
    there = ben.go("/albums/")
    there.get_by_role("link", name=re.compile("Shared with you")).click()
    there.get_by_role("link", name=re.compile("By the lake")).click()
    expect(there.locator(".tile")).to_have_count(4)
    ben.look_around()

    there = stranger.go(address)
    there.get_by_label("Password").fill("reed")
    there.get_by_role("button", name="Open").click()
    expect(there.locator(".tile")).to_have_count(4)
    stranger.look_around()
    there.locator(".tile").first.click()
    expect(there.locator(".stage__photo")).to_be_visible()
    stranger.look_around()

    # The page that the stranger has open asks for tags, and for the next photo, in vain.
    for part in ("status of 410", "status of 404", "Error Code 404"):
        stranger.expect_error(part)
    page.reload()
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator("#links").get_by_text("Revoked", exact=True)).to_be_visible()
    ann.look_around()
    there.go_back()
    there.reload()
    expect(there.get_by_role("heading", name="This link is closed")).to_be_visible()
    stranger.look_around()


def put_in_order(ann: Traveller, album: Album) -> None:
    """Move the first photo back by keyboard, and the last one to the front by dragging it."""
    page = ann.go(f"/albums/{album.pk}/arrange/")
    first = order_on(page)[0]
    wanted = order_on(page)[1] + first + order_on(page)[2:]
    page.get_by_role("button", name=f"Move “{first}” later").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("Moved: now photo 2 of 4 on this page.")
    assert order_on(page) == order_of(album) == wanted
    frames = page.locator(".arrange__frame")
    drag(page, frames.nth(3), frames.nth(0), to_right=False)
    expect(page.locator("#status")).to_have_text("Moved: now photo 1 of 4 on this page.")
    assert order_on(page) == order_of(album) == wanted[3] + wanted[:3]


def share(ann: Traveller, album: Album) -> str:
    """Share the album with Ben and by a link with a password and an end; return the link."""
    page = ann.go(f"/albums/{album.pk}/share/")
    page.get_by_label("User name").fill("bob")
    page.get_by_role("button", name="Share with this person").click()
    expect(page.locator(".member")).to_contain_text("bob")
    page.get_by_text("A day", exact=True).click()
    page.get_by_label("Password").fill("reed")
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator(".link")).to_contain_text("with a password")
    ann.look_around()
    link = ShareLink.objects.get()
    assert link.expires_at is not None
    return link.get_absolute_url()


@NIGHT_ON_THE_PHONE
def test_ben_follows_ann_and_they_talk(start: Start, alice: User, bob: User, look: Look) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    store(alice, 1, title="For everybody")
    quiet = store(alice, 2, title="For those who follow", visibility="followers")
    ann, ben = start(look), start(look)
    ann.be(alice)
    ben.be(bob)
    page = ann.go("/settings/notices/")
    page.get_by_label(re.compile("comment.*by mail", re.IGNORECASE)).first.check()
    page.get_by_role("button", name="Save").click()

    there = ben.go("/people/alice/")
    expect(there.get_by_role("link", name="For those who follow")).to_have_count(0)
    there.get_by_role("button", name="Follow").press("Enter")
    expect(there.get_by_role("button", name="Following")).to_be_focused()
    ben.go("/feed/")
    there.get_by_role("link", name="For those who follow").first.click()
    ben.look_around()
    like_and_comment(there)
    ben.look_around()
    assert (Follow.objects.count(), Like.objects.get().image) == (1, quiet)
    work()
    assert any("A fine hill." in str(letter.body) for letter in mail.outbox)

    page.goto("/")
    expect(page.get_by_role("link", name=re.compile("Notices"))).to_contain_text("3")
    ann.go("/notices/")
    expect(page.locator(".notice--new")).to_have_count(3)
    page.locator(".notice a", has_text="The finest hill").or_(
        page.locator(".notice a", has_text="A fine hill")
    ).first.click()
    answer(ann)
    there.reload()
    expect(there.get_by_label("Write a comment")).to_have_count(0)
    ben.look_around()


def like_and_comment(page: Page) -> None:
    """Like, write and correct oneself by the keyboard alone."""
    heart = page.get_by_role("button", name="Like")
    heart.press("Enter")
    expect(heart).to_have_attribute("aria-pressed", "true")
    # The answer brings its own focus a moment later; typing before it would be cut short.
    expect(heart).to_be_focused()
    page.get_by_label("Write a comment").focus()
    page.keyboard.type("A fine hill.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="1 comment")).to_be_focused()
    page.get_by_role("button", name="Edit your comment").press("Enter")
    words = page.locator(".comment textarea")
    expect(words).to_be_focused()
    words.press("Control+a")
    page.keyboard.type("The finest hill.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".comment__text")).to_have_text("The finest hill.")


def answer(ann: Traveller) -> None:
    """Write something, take it back, delete what another wrote and close the conversation."""
    page = ann.page
    page.on("dialog", lambda dialog: dialog.accept())
    expect(page.locator(".comment__text")).to_have_text("The finest hill.")
    page.get_by_label("Write a comment").fill("Thank you!")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="2 comments")).to_be_focused()
    page.get_by_role("button", name="Delete the comment by alice").click()
    expect(page.get_by_role("heading", name="1 comment")).to_be_focused()
    page.get_by_role("button", name="Delete the comment by bob").click()
    expect(page.get_by_role("heading", name="0 comments")).to_be_focused()
    page.get_by_role("button", name="Close comments").click()
    expect(page.get_by_role("button", name="Open comments")).to_be_visible()
    ann.look_around()


def count_tags() -> None:
    """Do what the clock does every few minutes, for the page that shows tags as pictures."""
    from tagging.tasks import count_tags

    count_tags()
