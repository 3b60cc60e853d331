"""Somebody who goes through the site in a real Chromium, and what every page there owes them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from django_q.models import OrmQ
from playwright.sync_api import Browser, ConsoleMessage, Page

from gallery.models import User
from tests.conftest import be_in_browser
from tests.eyes.test_accessibility import OPTIONS

# What moves of a page by itself while it loads; below 0.1 Chromium's own measure calls it good.
MOST_SHIFT: Final = 0.05
# The admin is Django's own.
NOT_OURS: Final = "/admin/"

# Tells of every document: its title, how wide it became, and what shifted without being asked to.
WATCH = """() => {
  if (window !== window.top || window.watched) return;
  window.watched = true;
  const tell = (kind, what) => window.tellTraveller(
    `${location.pathname} ${performance.timeOrigin}`, kind, what);
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    if (entry.hadRecentInput) return;
    const moved = entry.sources.map(({ node, previousRect, currentRect }) =>
      `${node?.id || node?.className || node?.nodeName} by ${currentRect.y - previousRect.y}`);
    tell("shift", `${entry.value} ${moved.join(", ")}`);
  })).observe({ type: "layout-shift", buffered: true });
  addEventListener("load", () => {
    tell("title", document.title);
    tell("width", document.documentElement.scrollWidth);
  });
}"""


@dataclass(frozen=True)
class Look:
    """A screen and the colours it asks for."""

    screen: str
    scheme: str

    @property
    def is_phone(self) -> bool:
        return self.screen == "phone"

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in CSS pixels."""
        return (390, 844) if self.is_phone else (1280, 900)

    def __str__(self) -> str:
        return f"{self.screen}-{self.scheme}"


# Each chapter is read on a phone and on a desktop, by day and by night.
DAY_ON_THE_PHONE = pytest.mark.parametrize(
    "look", [Look("phone", "light"), Look("desktop", "dark")], ids=str
)
NIGHT_ON_THE_PHONE = pytest.mark.parametrize(
    "look", [Look("phone", "dark"), Look("desktop", "light")], ids=str
)


@dataclass
class Traveller:
    """One person's browser. `complaints` grows with everything that a page got wrong."""

    browser: Browser
    site: str
    look: Look
    page: Page = field(init=False)
    complaints: list[str] = field(default_factory=list)
    shifts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    expected: list[str] = field(default_factory=list)
    moving: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        width, height = self.look.size
        context = self.browser.new_context(
            base_url=self.site,
            viewport={"width": width, "height": height},
            color_scheme="dark" if self.look.scheme == "dark" else "light",
            reduced_motion="reduce",
            has_touch=self.look.is_phone,
            is_mobile=self.look.is_phone,
            locale="en-GB",
        )
        context.set_default_timeout(15_000)
        self.page = context.new_page()
        self.page.expose_function("tellTraveller", self._note)
        self.page.add_init_script(f"({WATCH})()")
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("console", self._hear)

    def _note(self, document: str, kind: str, what: str | int) -> None:
        address = document.partition(" ")[0]
        if address.startswith(NOT_OURS):
            return
        if kind == "shift":
            self.shifts[document].append(str(what))
        elif kind == "title" and not str(what).partition(" · ")[0].strip():
            self.complaints.append(f"{address} has no title")
        elif kind == "width" and int(what) > self.look.size[0]:
            self.complaints.append(f"{address} is {what} pixels wide")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in self.expected):
            self.complaints.append(f"{self.page.url}: {message.text} {message.location['url']}")

    def expect_error(self, part: str) -> None:
        """Let the browser's console mention from now on what the story brings about itself."""
        self.expected.append(part)

    def let_move(self, address: str) -> None:
        """Let a page move while one looks: one that shows by itself what a job has done."""
        self.moving.add(address)

    def be(self, person: User) -> None:
        """Be logged in from now on."""
        be_in_browser(self.page, person, self.site)

    def go(self, address: str) -> Page:
        """Open a page and look at it."""
        self.page.goto(address)
        self.look_around()
        return self.page

    def look_around(self) -> None:
        """Let axe look at the page as it stands now, and measure it again."""
        self.page.wait_for_load_state("load")
        for violation in Axe().run(self.page, options=OPTIONS).response["violations"]:
            for node in violation["nodes"]:
                place = " ".join(map(str, node["target"]))
                self.complaints.append(f"{self.page.url}: {violation['id']} at {place}")
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > self.look.size[0]:
            self.complaints.append(f"{self.page.url} is {wide} pixels wide now")

    def arrive(self) -> list[str]:
        """Return what was wrong on the way."""
        moved = [
            f"{document.partition(' ')[0]} shifts: {shifts}"
            for document, shifts in self.shifts.items()
            if document.partition(" ")[0] not in self.moving
            if sum(float(shift.partition(" ")[0]) for shift in shifts) > MOST_SHIFT
        ]
        return [f"{self.look} {line}" for line in dict.fromkeys([*self.complaints, *moved])]


def work() -> list[str]:
    """Do every job that waits, in the order it was asked for; return the names of what was done."""
    done = []
    while (job := OrmQ.objects.order_by("pk").first()) is not None:
        task = job.task
        job.delete()
        room, _, name = task["func"].rpartition(".")
        getattr(import_module(room), name)(*task["args"], **task.get("kwargs", {}))
        done.append(task["func"])
    return done


def swipe(page: Page, *, to_left: bool) -> None:
    """Draw one finger across the middle of the screen."""
    protocol = page.context.new_cdp_session(page)
    xs = (300, 200, 90) if to_left else (90, 200, 300)
    for kind, x in zip(("touchStart", "touchMove", "touchMove"), xs, strict=True):
        protocol.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": 420}]}
        )
    protocol.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
