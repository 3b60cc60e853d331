// The endless grid: the back button finds every page that was loaded, and the same place in it.
"use strict";

{
  const state = () => history.state?.grid ?? { pages: [], top: 0, at: "" };
  const note = (changes) =>
    history.replaceState({ ...history.state, grid: { ...state(), ...changes } }, "");
  const grid = document.getElementById("photos");
  const more = () => grid.querySelector(".grid__more");
  const { pages, top, at } = state();
  let isRestoring = pages.length > 0;

  const fetchItems = async (address) => {
    const page = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html");
    return [...page.querySelectorAll("#photos > *")];
  };

  const restore = async () => {
    history.scrollRestoration = "manual";
    more()?.removeAttribute("hx-trigger");
    for (const items of await Promise.all(pages.map(fetchItems))) {
      if (items.length) more()?.replaceWith(...items);
    }
    const links = [...grid.querySelectorAll("a")];
    links.find((link) => link.getAttribute("href") === at)?.focus({ preventScroll: true });
    scrollTo({ top, behavior: "instant" });
    htmx.process(grid);
    isRestoring = false;
  };

  // A page that was fetched quietly belongs to this place in the history from now on.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const item = detail.requestConfig?.elt;
    if (!item?.matches(".grid__more") || !detail.shouldSwap) return;
    note({ pages: [...state().pages, item.getAttribute("hx-get")] });
    if (!item.contains(document.activeElement)) return;
    // Who was at the link goes on at the first new photo.
    const last = item.previousElementSibling;
    const go = () => last?.nextElementSibling?.querySelector("a")?.focus({ preventScroll: true });
    document.addEventListener("htmx:afterSettle", go, { once: true });
  });

  const noteTop = () => isRestoring || note({ top: scrollY });
  document.addEventListener("scrollend", noteTop);
  document.addEventListener("visibilitychange", noteTop);
  grid.addEventListener("click", ({ target }) => {
    const link = target.closest("a");
    if (link) note({ top: scrollY, at: link.getAttribute("href") });
  });

  if (isRestoring) restore();
}
