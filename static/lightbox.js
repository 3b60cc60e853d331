// The large view of a photo page, and the way from it to its neighbours: those of the list one came
// from, else the owner's. Every neighbour is read from its own page, which decides who may see it.
// Without this script the photo is a link to its largest file, and the neighbours are links.
"use strict";

(() => {
  const dialog = document.getElementById("lightbox");
  const opener = document.querySelector("[data-lightbox]");
  const linkTo = (side, page = document) => page.getElementById(`${side}-photo`);
  if (!dialog || !opener || !linkTo("next")) return;

  const frame = document.getElementById("lightbox-frame");
  const stand = document.getElementById("lightbox-photo");
  const caption = document.getElementById("lightbox-caption");
  const button = (act) => dialog.querySelector(`[data-act="${act}"]`);
  const here = window.location.pathname;
  const pages = new Map();
  let shown = window.location.href;
  let around = {};
  let turn = 0;

  const remember = (key, value) => {
    try {
      if (value === undefined) return window.sessionStorage.getItem(key);
      if (value === null) window.sessionStorage.removeItem(key);
      else window.sessionStorage.setItem(key, value);
    } catch {
      // Storage may be forbidden; then the owner's photos are the neighbours.
    }
    return null;
  };

  const pathOf = (address) => new URL(address, window.location.href).pathname;
  const listed = JSON.parse(remember("photos") ?? "[]");

  // What stands before and after an address, in the list one came from or by its page's own links.
  const neighbours = (address, page) => {
    const place = listed.findIndex((one) => pathOf(one) === pathOf(address));
    if (place >= 0 && listed.length > 1) {
      return { previous: listed[place - 1], next: listed[place + 1], words: `${place + 1} / ${listed.length}` };
    }
    const to = (side) => linkTo(side, page)?.getAttribute("href");
    return { previous: to("previous"), next: to("next"), words: "" };
  };

  const load = (address) => {
    if (pathOf(address) === here) return Promise.resolve(document);
    if (!pages.has(address)) {
      const page = fetch(address)
        .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
        .then((text) => new DOMParser().parseFromString(text, "text/html"));
      // What failed is asked for again the next time.
      page.catch(() => pages.delete(address));
      pages.set(address, page);
    }
    return pages.get(address);
  };

  const stretch = (part, sizes) => {
    part.querySelectorAll("[sizes]").forEach((source) => {
      source.sizes = sizes;
    });
  };

  const picture = (page) => {
    const copy = document.importNode(page.querySelector("[data-lightbox] picture"), true);
    const photo = copy.querySelector("img");
    // As on the page: a small photo is enlarged a little at most, and a tiny one not at all.
    const width = Number(photo.getAttribute("width"));
    stretch(copy, `min(100vw, ${width < 400 ? width : Math.max(width, 960)}px)`);
    photo.className = "lightbox__img";
    const fill = page.querySelector("[data-lightbox] .tint path")?.getAttribute("fill");
    if (fill) photo.style.backgroundColor = fill;
    photo.addEventListener("load", () => photo.style.removeProperty("background-color"), { once: true });
    return copy;
  };

  // A picture is fetched as soon as it is made, whether or not it is shown.
  const prepare = (page) => navigator.connection?.saveData || picture(page);

  const zoom = (isLarge) => {
    frame.classList.toggle("lightbox__frame--zoomed", isLarge);
    button("zoom").setAttribute("aria-pressed", String(isLarge));
    if (!isLarge) return;
    stretch(stand, "220vw");
    stand.scrollTo((stand.scrollWidth - stand.clientWidth) / 2, (stand.scrollHeight - stand.clientHeight) / 2);
  };

  const show = async (address) => {
    const mine = ++turn;
    try {
      const page = await load(address);
      // Somebody may have gone on meanwhile, or closed the view.
      if (mine !== turn || !dialog.open) return;
      zoom(false);
      shown = address;
      around = neighbours(address, page);
      stand.replaceChildren(picture(page));
      caption.textContent = [page.querySelector("h1").textContent.trim(), around.words].filter(Boolean).join(" · ");
      for (const side of ["previous", "next"]) {
        button(side).setAttribute("aria-disabled", String(!around[side]));
        if (around[side]) load(around[side]).then(prepare).catch(() => {});
      }
    } catch {
      if (mine === turn) caption.textContent = dialog.dataset.failed;
    }
  };

  const step = (side) => {
    if (around[side]) show(around[side]);
  };

  const open = () => {
    dialog.showModal();
    window.history.pushState({ lightbox: true }, "");
    show(here);
  };

  const full = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else frame.requestFullscreen?.().catch(() => {});
  };

  const acts = {
    previous: () => step("previous"),
    next: () => step("next"),
    zoom: () => zoom(!frame.classList.contains("lightbox__frame--zoomed")),
    full,
    close: () => dialog.close(),
  };

  opener.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  dialog.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act) acts[act]();
    else if (event.target === stand) dialog.close();
  });
  stand.addEventListener("dblclick", acts.zoom);

  // The browser's own way back closes the view; who went on in it arrives at that photo's page.
  window.addEventListener("popstate", () => dialog.open && dialog.close());
  dialog.addEventListener("close", () => {
    turn += 1;
    stand.replaceChildren();
    if (document.fullscreenElement) document.exitFullscreen();
    const left = window.history.state?.lightbox;
    if (left && pathOf(shown) !== here) {
      remember("focus", "photo");
      window.location.replace(shown);
    } else if (left) window.history.back();
    shown = window.location.href;
  });
  document.addEventListener("fullscreenchange", () => {
    button("full").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
  });
  button("full").hidden = !document.fullscreenEnabled;

  const KEYS = { ArrowLeft: "previous", ArrowRight: "next", f: "full" };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable], details[open]")) return;
    const act = KEYS[event.key];
    const isZoomed = frame.classList.contains("lightbox__frame--zoomed");
    if (!dialog.open) {
      const link = linkTo(act);
      if (link && !link.hidden) link.click();
    } else if (event.key === "+" || event.key === "-") zoom(event.key === "+");
    // Arrows move through what is larger than the screen.
    else if (act && (act === "full" || !isZoomed)) acts[act]();
  });

  let began = null;
  frame.addEventListener("touchstart", ({ touches }) => {
    began = touches.length === 1 ? { x: touches[0].clientX, y: touches[0].clientY } : null;
  }, { passive: true });
  frame.addEventListener("touchend", ({ changedTouches, touches }) => {
    if (!began || touches.length || frame.classList.contains("lightbox__frame--zoomed")) return;
    const x = changedTouches[0].clientX - began.x;
    const y = changedTouches[0].clientY - began.y;
    if (Math.abs(x) > 48 && Math.abs(x) > 2 * Math.abs(y)) step(x > 0 ? "previous" : "next");
    else if (y > 96 && y > 2 * Math.abs(x)) dialog.close();
  }, { passive: true });

  // The links of the page itself lead through the list one came from, too.
  around = neighbours(here, document);
  for (const [side, rel] of [["previous", "prev"], ["next", "next"]]) {
    const link = linkTo(side);
    link.hidden = !around[side];
    if (around[side]) Object.assign(link, { href: around[side], rel });
  }
  if (remember("focus")) {
    remember("focus", null);
    opener.focus({ preventScroll: true });
  }
})();
