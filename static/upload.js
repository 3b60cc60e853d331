// Sends photos one by one, each with its own progress and its own error. Without this script the
// form sends them together, and the page that follows says the same.
"use strict";

const AT_ONCE = 2;
const form = document.getElementById("upload");
const drop = document.getElementById("drop");
const picker = form.querySelector("input[type=file]");
const rows = document.getElementById("uploads");
const done = document.getElementById("done");
const status = document.getElementById("status");
const button = form.querySelector("button[type=submit]");
const largest = Number(form.dataset.largest);
let chosen = [];

drop.classList.add("drop--alive");
picker.required = false;

const element = (name, className, text = "") => {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
};

const addRow = (file) => {
  const row = element("li", "upload-row");
  const photo = element("img", "upload-row__photo");
  photo.alt = "";
  photo.src = URL.createObjectURL(file);
  photo.addEventListener("load", () => URL.revokeObjectURL(photo.src), { once: true });
  // A picture that the browser cannot show (HEIC in most) leaves its place empty.
  photo.addEventListener("error", () => photo.classList.add("upload-row__photo--blank"));
  const state = element("span", "upload-row__state", "Ready to upload");
  row.append(photo, element("span", "upload-row__name", file.name), state);
  rows.append(row);
  rows.hidden = false;
  return { file, row, state, photo, settled: false };
};

const choose = (files) => {
  for (const file of files) chosen.push(addRow(file));
  const count = chosen.filter((item) => !item.settled).length;
  button.textContent = count > 1 ? `Upload ${count} photos` : "Upload";
  status.textContent = `${count} chosen.`;
};

const fail = (item, words) => {
  item.settled = true;
  item.row.classList.add("upload-row--bad");
  item.state.textContent = words;
};

const succeed = (item, stored) => {
  item.settled = true;
  item.url = stored.url;
  item.photo.classList.remove("upload-row__photo--blank");
  item.photo.src = stored.thumbnail;
  const link = element("a", "", stored.is_new ? "Stored. Look at it" : "You already have it. Look at it");
  link.href = stored.url;
  item.state.replaceChildren(link);
};

const answer = (item, request) => {
  const body = request.response;
  const file = body && body.files && body.files[0];
  if (file && file.url) succeed(item, file);
  else if (file) fail(item, file.error);
  else if (body && body.errors) fail(item, Object.values(body.errors).flat().join(" "));
  else if (request.status === 413) fail(item, "The file is too large.");
  else if (request.status === 403 || request.responseURL.includes("/accounts/login/")) fail(item, "Your session has ended. Please load the page again.");
  else fail(item, "Something broke on our side. Please try again.");
};

const send = (item) =>
  new Promise((resolve) => {
    if (item.file.size > largest) {
      const size = (item.file.size / 1e6).toFixed(1);
      fail(item, `The file has ${size} MB; the limit is ${largest / 1e6} MB.`);
      resolve();
      return;
    }
    const data = new FormData(form);
    data.set(picker.name, item.file);
    const bar = element("progress", "meter");
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", item.file.name);
    item.state.textContent = "Uploading";
    item.row.append(bar);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
      if (event.loaded === event.total) item.state.textContent = "Preparing";
    });
    request.addEventListener("load", () => answer(item, request));
    request.addEventListener("error", () => fail(item, "The connection broke. Please try again."));
    request.addEventListener("loadend", () => {
      bar.remove();
      resolve();
    });
    request.send(data);
  });

const sendAll = async () => {
  const waiting = chosen.filter((item) => !item.settled);
  const work = async () => {
    while (waiting.length) await send(waiting.shift());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
};

const finish = () => {
  const stored = chosen.filter((item) => item.url);
  // One photo alone, and it went well: its page is what the person wants to see.
  if (chosen.length === 1 && stored.length === 1) {
    window.location.assign(stored[0].url);
    return;
  }
  status.textContent = `${stored.length} of ${chosen.length} photos are stored.`;
  button.textContent = "Upload";
  button.disabled = false;
  done.hidden = stored.length === 0;
  if (!done.hidden) done.focus();
};

picker.addEventListener("change", () => {
  choose(picker.files);
  picker.value = "";
});
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, () => drop.classList.add("drop--over"));
}
for (const name of ["dragleave", "drop"]) {
  drop.addEventListener(name, () => drop.classList.remove("drop--over"));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!chosen.some((item) => !item.settled)) {
    status.textContent = "Please choose at least one photo.";
    picker.focus();
    return;
  }
  button.disabled = true;
  await sendAll();
  finish();
});
