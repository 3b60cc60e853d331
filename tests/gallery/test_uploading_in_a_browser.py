"""The upload page in a real Chromium: folders, cut connections, known files, wishes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import Image, Licence, Upload, Visibility
from gallery.services.images import store_image
from gallery.services.uploads import append_piece, open_upload
from gallery.uploading.wishes import Wishes
from tests.conftest import draw_photo, encode
from tests.gallery.test_photos_in_a_browser import files_of, log_in
from tests.gallery.tus_client import sha256

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def press_upload(page: Page) -> None:
    page.locator("#send").click()


def test_of_a_folder_the_photos_are_taken_and_the_rest_is_left(
    page: Page, live_server: LiveServer, tmp_path: Path, complaints: list[str]
) -> None:
    person = log_in(page, live_server)
    folder = tmp_path / "holiday"
    (folder / "deeper").mkdir(parents=True)
    files_of(folder, good=2, bad=0)
    (folder / "deeper" / "third.png").write_bytes(encode(draw_photo(9), "PNG"))
    (folder / "notes.txt").write_text("Dear diary")
    (folder / ".hidden.jpg").write_bytes(b"x")

    page.set_input_files("#id_folder", str(folder))
    expect(page.locator("#status")).to_contain_text("left out because they are no photos: 2.")
    press_upload(page)

    expect(page.locator("#total")).to_have_text("3 of 3 photos are stored.")
    assert person.images.count() == 3
    assert complaints == []


def test_a_broken_connection_is_tried_again_by_itself(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    person = log_in(page, live_server)
    cut: list[str] = []

    def break_once(route: Route) -> None:
        if cut:
            route.continue_()
        else:
            cut.append(route.request.method)
            route.abort("connectionreset")

    page.route("**/upload/files/**", break_once)
    page.set_input_files("#id_photos", files_of(tmp_path, good=2, bad=0))
    press_upload(page)

    expect(page.get_by_text("The connection broke. Trying again in 1 s")).to_be_visible()
    expect(page.locator("#total")).to_have_text("2 of 2 photos are stored.")
    assert cut == ["POST"]
    assert person.images.count() == 2


def test_a_large_file_goes_on_where_an_earlier_visit_ended(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    person = log_in(page, live_server)
    data = encode(draw_photo(3)) + bytes(6_000_000)
    wishes = Wishes(visibility="private", licence="all-rights", teaches=False)
    upload = open_upload(owner=person, size=len(data), sha256=sha256(data), wishes=wishes)
    append_piece(upload=upload, offset=0, piece=data[:5_000_000])
    (tmp_path / "large.jpg").write_bytes(data)
    sent: list[tuple[str, str | None]] = []
    page.on(
        "request",
        lambda request: (
            sent.append((request.method, request.headers.get("upload-offset")))
            if "/upload/files/" in request.url
            else None
        ),
    )
    page.reload()
    expect(page.get_by_text("1 upload was cut off.")).to_be_visible()

    page.set_input_files("#id_photos", str(tmp_path / "large.jpg"))
    press_upload(page)
    page.wait_for_url(f"{live_server.url}/images/*/")

    image = Image.objects.get()
    assert image.original_path.read_bytes() == data
    # The answers of this visit hold, not those of the earlier one.
    assert image.visibility == "public"
    assert ("PATCH", "5000000") in sent
    assert ("PATCH", "0") not in sent
    assert Upload.objects.get().pk == upload.pk


def test_known_files_are_not_sent_again(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    person = log_in(page, live_server)
    paths = files_of(tmp_path, good=2, bad=0)
    for path in paths:
        store_image(
            owner=person,
            data=Path(path).read_bytes(),
            name="p.jpg",
            visibility="public",
            teaches=True,
            announce=False,
        )
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))

    page.set_input_files("#id_photos", paths)
    press_upload(page)

    expect(page.get_by_text("You already have it. Look at it")).to_have_count(2)
    assert not any("/upload/files/" in address for address in sent)


def test_one_photo_may_differ_from_the_rest(
    page: Page, live_server: LiveServer, tmp_path: Path, complaints: list[str]
) -> None:
    person = log_in(page, live_server)
    page.get_by_text("Only me").click()
    page.locator("#id_licence").select_option(Licence.BY_SA)
    page.set_input_files("#id_photos", files_of(tmp_path, good=2, bad=0))
    row = page.locator(".upload-row").first
    row.get_by_text("Details").click()
    row.get_by_label("Title").fill("Ein Graureiher " * 100)
    row.get_by_label("Description").fill("Grüße " * 333)
    row.get_by_label("Who may see it").select_option(Visibility.UNLISTED)
    press_upload(page)

    expect(page.locator("#total")).to_have_text("2 of 2 photos are stored.")
    special, other = person.images.order_by("-title")
    assert special.title == ("Ein Graureiher " * 100)[:200].strip()
    assert special.description == ("Grüße " * 333).strip()
    assert (special.visibility, special.licence) == ("unlisted", "by-sa")
    assert (other.title, other.visibility, other.licence) == ("", "private", "by-sa")
    person.refresh_from_db()
    assert (person.usual_visibility, person.usual_licence) == ("private", "by-sa")
    assert complaints == []


def test_five_thousand_files_make_few_rows(
    page: Page, live_server: LiveServer, complaints: list[str]
) -> None:
    log_in(page, live_server)
    expect(page.locator(".drop--alive")).to_be_visible()

    page.evaluate(
        """() => {
            const carried = new DataTransfer();
            for (let n = 0; n < 5000; n += 1) {
                carried.items.add(new File([`photo ${n}`], `${n}.jpg`, { type: "image/jpeg" }));
            }
            const picker = document.getElementById("id_photos");
            picker.files = carried.files;
            picker.dispatchEvent(new Event("change"));
        }"""
    )

    expect(page.locator("#total")).to_have_text("Photos to upload: 5000.")
    expect(page.locator("#send")).to_have_text("Upload 5000 photos")
    assert page.locator(".upload-row").count() < 200
    page.locator(".uploads__more").scroll_into_view_if_needed()
    expect(page.locator(".upload-row").nth(60)).to_be_attached()
    page.locator(".upload-row").first.get_by_role("button", name="Remove 0.jpg").click()
    expect(page.locator("#total")).to_have_text("Photos to upload: 4999.")
    assert complaints == []


def test_files_that_are_dropped_on_the_page_are_chosen(
    page: Page, live_server: LiveServer, complaints: list[str]
) -> None:
    log_in(page, live_server)
    expect(page.locator(".drop--alive")).to_be_visible()
    carried = page.evaluate_handle(
        """() => {
            const carried = new DataTransfer();
            carried.items.add(new File(["x"], "dropped.jpg", { type: "image/jpeg" }));
            return carried;
        }"""
    )

    page.locator("h1").dispatch_event("drop", {"dataTransfer": carried})
    expect(page.locator(".upload-row__name")).to_have_text(["dropped.jpg"])

    assert complaints == []


def test_a_pause_lets_the_files_under_way_arrive_and_keeps_the_rest(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    person = log_in(page, live_server)
    held: list[Route] = []
    is_open: list[bool] = []
    page.route(
        "**/upload/files/",
        lambda route: route.continue_() if is_open else held.append(route),
    )
    page.set_input_files("#id_photos", files_of(tmp_path, good=5, bad=0))
    press_upload(page)
    expect(page.locator(".upload-row progress:visible")).to_have_count(3)
    page.get_by_role("button", name="Pause").click()
    is_open.append(True)
    for route in held:
        route.continue_()

    expect(page.get_by_role("button", name="Upload 2 photos")).to_be_enabled()
    assert person.images.count() == 3
    press_upload(page)
    expect(page.locator("#total")).to_have_text("5 of 5 photos are stored.")


def test_a_session_that_ends_half_way_is_said_so(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    person = log_in(page, live_server)

    def end_session(route: Route) -> None:
        page.context.clear_cookies(name="sessionid")
        route.continue_(headers={**route.request.headers, "cookie": ""})

    page.route("**/upload/files/", end_session)
    page.set_input_files("#id_photos", files_of(tmp_path, good=4, bad=0))
    press_upload(page)

    expect(page.locator("#problem")).to_have_text(
        "Your session has ended. Please load the page again."
    )
    expect(page.locator("#send")).to_be_enabled()
    assert person.images.count() == 0


def test_a_folder_that_is_dropped_is_looked_through(
    page: Page, live_server: LiveServer, tmp_path: Path, complaints: list[str]
) -> None:
    log_in(page, live_server)
    expect(page.locator(".drop--alive")).to_be_visible()
    folder = tmp_path / "holiday"
    (folder / "deeper" / "deepest").mkdir(parents=True)
    # More than the hundred that a browser tells of at a time.
    for number in range(130):
        (folder / "deeper" / f"{number}.jpg").write_bytes(b"x")
    (folder / "deeper" / "deepest" / "last.heic").write_bytes(b"x")
    (folder / "notes.txt").write_text("Dear diary")
    place = {"x": 100, "y": 300}
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    protocol = page.context.new_cdp_session(page)

    for kind in ("dragEnter", "dragOver"):
        protocol.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})
    expect(page.locator("#drop")).to_have_class("drop drop--alive drop--over")
    protocol.send("Input.dispatchDragEvent", {"type": "drop", "data": data, **place})

    expect(page.locator("#total")).to_have_text("Photos to upload: 131.")
    expect(page.locator("#status")).to_contain_text("left out because they are no photos: 1.")
    expect(page.locator("#drop")).to_have_class("drop drop--alive")
    assert complaints == []


def test_files_are_not_lost_where_something_else_comes_under_the_hand_that_lets_go(
    page: Page, live_server: LiveServer, tmp_path: Path, complaints: list[str]
) -> None:
    log_in(page, live_server)
    # Without the fade from one page to the next, the points lie on what one sees there.
    page.goto(f"{live_server.url}/upload/")
    expect(page.locator(".drop--alive")).to_be_visible()
    (tmp_path / "dropped.jpg").write_bytes(b"x")
    data = {"items": [], "files": [str(tmp_path / "dropped.jpg")], "dragOperationsMask": 1}
    protocol = page.context.new_cdp_session(page)
    heading, words = (page.locator(one).bounding_box() for one in ("h1", ".drop__words"))
    assert heading is not None
    assert words is not None

    for kind, place in (("dragEnter", heading), ("dragOver", heading), ("drop", words)):
        point = {"x": place["x"] + 5, "y": place["y"] + 5}
        protocol.send("Input.dispatchDragEvent", {"type": kind, "data": data, **point})

    expect(page.locator(".upload-row__name")).to_have_text(["dropped.jpg"])
    expect(page.locator("#drop")).to_have_class("drop drop--alive")
    assert complaints == []
