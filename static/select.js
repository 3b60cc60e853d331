// Choosing photos in a grid by mouse, finger and keyboard. Without it the boxes are boxes.
"use strict";

const bar = document.getElementById("bulk");
const grid = document.getElementById("photos");
const deed = document.getElementById("picked-deed");
const word = document.getElementById("picked-word");
const words = document.getElementById("picked-words").dataset;
const whole = bar.querySelector("[name=all]");
let anchor = null;

const boxes = () => [...grid.querySelectorAll(".pick__box")];
const chosen = () => boxes().filter((box) => box.checked);
const boxOf = (node) => node.closest?.(".grid__item")?.querySelector(".pick__box");

const show = () => {
  const number = chosen().length;
  const text = whole?.checked
    ? whole.parentElement.textContent.trim()
    : number ? (number === 1 ? words.one : words.many.replace("{n}", number)) : words.none;
  const count = document.getElementById("picked-count");
  if (count.textContent && count.textContent !== text) say(text);
  count.textContent = text;
  const needsWord = deed.selectedOptions[0]?.hasAttribute("data-word") ?? false;
  word.hidden = !needsWord;
  word.required = needsWord;
};

// Chooses everything from the last one touched to this one.
const choose = (box, { range = false, value = !box.checked } = {}) => {
  const all = boxes();
  const from = range ? all.indexOf(anchor) : -1;
  const to = all.indexOf(box);
  if (from < 0) box.checked = value;
  else all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => { one.checked = value; });
  if (!range || from < 0) anchor = box;
  show();
};

// The photo above or below is the one whose middle lies nearest in the next row.
const neighbour = (box, key) => {
  const all = boxes();
  const at = all.indexOf(box);
  if (key === "ArrowLeft") return all[at - 1];
  if (key === "ArrowRight") return all[at + 1];
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  const place = (one) => one.closest(".grid__item").getBoundingClientRect();
  const here = place(box);
  const isBeyond = (one) => (key === "ArrowUp" ? place(one).bottom <= here.top : place(one).top >= here.bottom);
  const beyond = all.filter(isBeyond);
  const row = place((key === "ArrowUp" ? beyond.at(-1) : beyond[0]) ?? box).top;
  const middle = here.left + here.width / 2;
  const distance = (one) => Math.abs(place(one).left + place(one).width / 2 - middle);
  return beyond.filter((one) => Math.abs(place(one).top - row) < 2).sort((a, b) => distance(a) - distance(b))[0];
};

grid.addEventListener("click", (event) => {
  const box = boxOf(event.target);
  if (!box || event.target.closest(".grid__more")) return;
  // A label passes its click on to its box, which then counts.
  if (event.target.closest(".pick") && event.target !== box) {
    if (event.shiftKey) { event.preventDefault(); choose(box, { range: true, value: true }); }
    return;
  }
  if (event.target === box) choose(box, { range: event.shiftKey, value: box.checked });
  else { event.preventDefault(); choose(box, { range: event.shiftKey, value: event.shiftKey || !box.checked }); box.focus(); }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not(.pick__box):not([type=checkbox]), textarea, select");
  if (typing || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
    event.preventDefault();
    boxes().forEach((box) => { box.checked = true; });
    show();
  } else if (event.key === "Escape") {
    if (document.querySelector("details[open]")) return;
    if (!chosen().length && !whole?.checked) document.getElementById("picked-out").click();
    boxes().forEach((box) => { box.checked = false; });
    if (whole) whole.checked = false;
    show();
  } else if (event.key === "Delete" && (chosen().length || whole?.checked)) {
    deed.value = "trash";
    show();
    bar.requestSubmit();
  } else if (/^(Arrow|Home|End)/.test(event.key) && boxOf(event.target)) {
    const box = boxOf(event.target);
    const next = neighbour(box, event.key);
    event.preventDefault();
    if (!next) return;
    if (event.shiftKey) { if (!anchor) anchor = box; choose(next, { range: true, value: true }); }
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
});

// A server takes a thousand fields at most, so many photos travel as one.
bar.addEventListener("formdata", ({ formData }) => {
  formData.set("photos", formData.getAll("photo").join(","));
  formData.delete("photo");
});

bar.addEventListener("change", show);
grid.addEventListener("change", show);
document.getElementById("picked-count").hidden = false;
document.getElementById("picked-keys").hidden = false;
show();
