// Photos of an album are put in order: by dragging them, or with the arrows below each one.
"use strict";

const list = document.getElementById("arrange");
const problem = document.getElementById("arrange-problem");
const EDGE = 72; // So near the top or bottom of the window, in pixels, dragging scrolls the page.
let dragged = null;
let home = null; // What followed the dragged photo before.
let sent = Promise.resolve();

const complain = (words) => {
  problem.textContent = words;
  problem.hidden = !words;
  if (words) problem.scrollIntoView({ block: "nearest" });
};

const post = async (item, to, beside) => {
  const body = new URLSearchParams({ image: item.dataset.image, to, beside: beside.dataset.image });
  const headers = { Accept: "text/plain", "X-CSRFToken": list.dataset.token };
  const answer = await fetch(list.dataset.url, { method: "POST", headers, body });
  if (answer.status === 204) return "";
  const isOurs = answer.headers.get("Content-Type")?.startsWith("text/plain");
  return isOurs ? answer.text() : list.dataset.lost;
};

// Names the neighbour it has now; answers go by one after the other, as they were asked for.
const keep = (item, back) => {
  const before = item.previousElementSibling;
  const to = before ? "after" : "before";
  const beside = before ?? item.nextElementSibling;
  sent = sent.then(async () => {
    const words = await post(item, to, beside).catch(() => list.dataset.lost);
    complain(words);
    if (words) list.insertBefore(item, back?.parentNode === list ? back : null);
    else {
      const number = [...list.children].indexOf(item) + 1;
      say(list.dataset.moved.replace("%1", number).replace("%2", list.children.length));
    }
  });
};

const drop = (isKept) => {
  if (!dragged) return;
  const [item, back] = [dragged, home];
  dragged = null;
  item.classList.remove("arrange__item--dragged");
  list.classList.remove("arrange--dragging");
  if (!isKept) list.insertBefore(item, back);
  else if (item.nextElementSibling !== back) keep(item, back);
};

list?.querySelectorAll(".arrange__frame").forEach((frame) => {
  const grip = document.createElement("span");
  grip.className = "arrange__grip";
  grip.setAttribute("aria-hidden", "true");
  grip.textContent = "⠿";
  frame.append(grip);
});

list?.addEventListener("submit", (event) => {
  const to = event.submitter?.value;
  const item = event.target.closest("li");
  const beside = to === "earlier" ? item.previousElementSibling : item.nextElementSibling;
  // Beyond the ends of this page the form itself goes.
  if (event.submitter?.name !== "to" || !beside) return;
  event.preventDefault();
  const back = item.nextElementSibling;
  beside[to === "earlier" ? "before" : "after"](item);
  event.submitter.focus();
  keep(item, back);
});

list?.addEventListener("pointerdown", (event) => {
  const place = event.pointerType === "mouse" ? ".arrange__frame" : ".arrange__grip";
  if (event.button || !event.target.closest(place)) return;
  event.preventDefault();
  dragged = event.target.closest("li");
  home = dragged.nextElementSibling;
  list.setPointerCapture(event.pointerId);
  list.classList.add("arrange--dragging");
  dragged.classList.add("arrange__item--dragged");
});

list?.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  const { clientX, clientY } = event;
  const under = document.elementFromPoint(clientX, clientY)?.closest(".arrange__item");
  if (under && under !== dragged) {
    const { left, width } = under.getBoundingClientRect();
    under[clientX > left + width / 2 ? "after" : "before"](dragged);
  }
  if (clientY < EDGE) scrollBy(0, -EDGE / 4);
  if (clientY > innerHeight - EDGE) scrollBy(0, EDGE / 4);
});

list?.addEventListener("pointerup", () => drop(true));
list?.addEventListener("pointercancel", () => drop(false));
document.addEventListener("keydown", (event) => event.key === "Escape" && drop(false));
