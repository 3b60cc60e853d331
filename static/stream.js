// The endless grid: coming back by the browser's button finds every loaded page and the same place.
"use strict";

{
  const state = () => history.state?.grid ?? { pages: [], top: 0, at: "" };
  const note = (changes) =>
    history.replaceState({ ...history.state, grid: { ...state(), ...changes } }, "");
  const more = () => document.querySelector("#photos > .grid__more");
  let isRestoring = false;

  const restore = async ({ pages, top, at }) => {
    const texts = await Promise.all(
      pages.map((address) => fetch(address).then((answer) => (answer.ok ? answer.text() : ""))),
    );
    for (const text of texts) {
      const items = new DOMParser().parseFromString(text, "text/html").querySelectorAll("#photos > *");
      if (!items.length) break;
      more()?.replaceWith(...items);
    }
    scrollTo({ top, behavior: "instant" });
    if (at) document.querySelector(`#photos a[href="${CSS.escape(at)}"]`)?.focus({ preventScroll: true });
    htmx.process(document.getElementById("photos"));
    isRestoring = false;
  };

  // A page that was fetched quietly belongs to this place in the history from now on.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const item = detail.requestConfig?.elt;
    if (!item?.matches(".grid__more") || detail.xhr.status >= 400) return;
    note({ pages: [...state().pages, item.getAttribute("hx-get")] });
    if (!item.contains(document.activeElement)) return;
    // Who had the link in focus goes on at the first new photo.
    const last = item.previousElementSibling;
    document.addEventListener(
      "htmx:afterSettle",
      () => last?.nextElementSibling?.querySelector("a")?.focus({ preventScroll: true }),
      { once: true },
    );
  });

  // Noted while the page is still whole: when it is left, and when a photo is opened.
  const leave = () => isRestoring || note({ top: scrollY });
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", leave);
  document.addEventListener("click", (event) => {
    const tile = event.target.closest?.("#photos a");
    if (tile) note({ top: scrollY, at: tile.getAttribute("href") });
  });

  if (state().pages.length) {
    isRestoring = true;
    history.scrollRestoration = "manual";
    more()?.removeAttribute("hx-trigger");
    restore(state());
  }
}
