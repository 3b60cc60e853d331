// Choosing photos in a grid by mouse, finger and keyboard. Without it the boxes are boxes.
"use strict";

const part = (id) => document.getElementById(id);
const bar = part("bulk");
const grid = part("photos");
const deed = part("picked-deed");
const word = part("picked-word");
const words = part("picked-words").dataset;
const whole = bar.querySelector("[name=all]");
let anchor = null;

const boxes = () => [...grid.querySelectorAll(".pick__box")];
const itemOf = (node) => node.closest(".grid__item");
const boxOf = (node) => itemOf(node)?.querySelector(".pick__box");
const isAny = () => whole?.checked || boxes().some((box) => box.checked);

const show = () => {
  const number = boxes().filter((box) => box.checked).length;
  let text = number === 1 ? words.one : number ? words.many.replace("{n}", number) : words.none;
  if (whole?.checked) text = whole.parentElement.textContent.trim();
  const count = part("picked-count");
  if (!count.hidden && count.textContent !== text) say(text);
  count.textContent = text;
  count.hidden = false;
  word.required = deed.selectedOptions[0]?.hasAttribute("data-word") ?? false;
  word.hidden = !word.required;
};

const set = (some, value) => {
  some.forEach((box) => { box.checked = value; });
  show();
};

// With a range, everything from the box touched last up to this one is chosen.
const choose = (box, range, value) => {
  const all = boxes();
  const ends = [all.indexOf(anchor), all.indexOf(box)].sort((a, b) => a - b);
  if (range && ends[0] >= 0) return set(all.slice(ends[0], ends[1] + 1), true);
  anchor = box;
  return set([box], value);
};

// Above and below, the photo of the next row whose middle lies nearest.
const neighbour = (box, key) => {
  const all = boxes();
  const at = all.indexOf(box);
  const beside = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[key];
  if (beside !== undefined) return all[beside];
  const place = (one) => itemOf(one).getBoundingClientRect();
  const middle = (one) => place(one).left + place(one).width / 2;
  const isUp = key === "ArrowUp";
  const beyond = all.filter((one) => (isUp ? place(one).bottom <= place(box).top : place(one).top >= place(box).bottom));
  const first = beyond.at(isUp ? -1 : 0);
  const off = (one) => Math.abs(middle(one) - middle(box));
  return beyond.filter((one) => Math.abs(place(one).top - place(first).top) < 2).sort((a, b) => off(a) - off(b))[0];
};

grid.addEventListener("click", (event) => {
  const box = boxOf(event.target);
  if (!box) return;
  if (event.target === box) choose(box, event.shiftKey, box.checked);
  else if (event.shiftKey || event.target.closest(".tile")) {
    event.preventDefault();
    choose(box, event.shiftKey, !box.checked);
    box.focus();
  }
});

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.altKey || target.matches("input:not([type=checkbox]), textarea, select")) return;
  const box = boxOf(target);
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "a") {
    event.preventDefault();
    set(boxes(), true);
  } else if (key === "Escape" && !document.querySelector("details[open]")) {
    if (!isAny()) part("picked-out").click();
    set([...boxes(), whole].filter(Boolean), false);
  } else if (key === "Delete" && isAny()) {
    deed.value = "trash";
    show();
    bar.requestSubmit();
  } else if (box && /^(Arrow|Home$|End$)/.test(key)) {
    event.preventDefault();
    const next = neighbour(box, key);
    if (!next) return;
    if (event.shiftKey) {
      anchor ??= box;
      choose(next, true);
    }
    next.focus();
  }
});

// A server takes a thousand fields at most, so many photos travel as one.
bar.addEventListener("formdata", ({ formData }) => {
  formData.set("photos", formData.getAll("photo").join(","));
  formData.delete("photo");
});

[bar, grid].forEach((place) => place.addEventListener("change", show));
part("picked-keys").hidden = false;
show();
