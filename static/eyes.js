// Small comforts on every page. Nothing here is needed: each page works without it.
"use strict";

const say = (words) => {
  document.getElementById("status").textContent = words;
};

// What was fetched quietly is told to screen readers.
document.addEventListener("htmx:afterRequest", (event) => {
  // The element that asked may be gone from the page by now, so the request is what knows it.
  const words = event.detail.requestConfig?.elt.dataset.announce;
  if (words && event.detail.successful) say(words);
});

// A menu closes by a click beside it and by Escape.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});

// Which list one came from, so that a photo's page knows what stands beside it.
document.addEventListener("click", (event) => {
  const grid = event.target.closest("a.tile")?.closest(".grid");
  if (!grid) return;
  const addresses = [...grid.querySelectorAll("a.tile")].map((tile) => tile.getAttribute("href"));
  try {
    window.sessionStorage.setItem("photos", JSON.stringify(addresses));
  } catch {
    // Storage may be full or forbidden; then the photo's owner leads on.
  }
});
