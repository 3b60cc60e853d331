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
// Nor does it lie over a page that one comes back to.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    menu.open = false;
  });
});

// A message can be put away. Screen readers pass over what stands in a page from its beginning, so
// that it is said once more.
const messages = document.querySelector(".messages[role=status]");
if (messages) {
  const words = [...messages.querySelectorAll(".message > span")].map((span) => span.textContent);
  setTimeout(() => say(words.join(" ")), 300);
  messages.querySelectorAll(".message__close").forEach((button) => {
    button.hidden = false;
  });
  messages.addEventListener("click", (event) => {
    const button = event.target.closest(".message__close");
    if (!button) return;
    button.closest(".message").remove();
    if (!messages.children.length) messages.remove();
    document.getElementById("content").focus({ preventScroll: true });
  });
}

// Light or dark at once; the server remembers it for the pages to come.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const chosen = event.submitter;
  if (!("appearance" in form.dataset) || !chosen) return;
  event.preventDefault();
  const fields = new FormData(form, chosen);
  const root = document.documentElement;
  if (chosen.value === "system") root.removeAttribute("data-theme");
  else root.dataset.theme = chosen.value;
  document.querySelector("meta[name=color-scheme]").content =
    chosen.value === "system" ? "light dark" : chosen.value;
  const ground = getComputedStyle(document.body).backgroundColor;
  document.querySelectorAll("meta[name=theme-color]").forEach((meta) => {
    meta.content = ground;
  });
  document.querySelectorAll("[data-appearance] button").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.value === chosen.value));
  });
  fetch(form.action, { method: "POST", body: fields, redirect: "manual" })
    .then(() => say(chosen.dataset.announce))
    .catch(() => form.submit());
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
