// Likes, follows and comments without a reload: where the focus goes, and refusals that are shown.
"use strict";

// Refusals that come as words to be read in the place of what was asked for.
const SHOWN = [404, 409, 429];

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  const isPage = xhr.response.includes("<html");
  if (!SHOWN.includes(xhr.status) || isPage || !target.closest("#conversation")) return;
  event.detail.shouldSwap = true;
  // Where the whole photo is gone, the words stand below what was said instead of in its place.
  if (xhr.status !== 404 || target.id !== "conversation") return;
  event.detail.target = target.querySelector("#comments");
  event.detail.swapOverride = "beforeend";
});

// The element that was used is another one after the swap, and the keyboard must not lose it.
document.addEventListener("htmx:afterSettle", () => {
  const wanted = document.querySelector("[data-focus]");
  if (!wanted) return;
  wanted.removeAttribute("data-focus");
  wanted.focus({ preventScroll: wanted.tagName === "H2" });
});

// Control or Command with Enter sends what is being written.
document.addEventListener("keydown", (event) => {
  const isSend = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if (isSend && event.target.matches("#conversation textarea")) event.target.form.requestSubmit();
});
