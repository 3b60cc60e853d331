// Uploads what was chosen, several files at once: known ones are not sent, cut ones go on. Without
// this script the form sends its files together, and the page that follows says the same.
"use strict";

const AT_ONCE = 3;
const FIRST_GROUP = 6;
const LARGEST_GROUP = 60;
const GROUP_BYTES = 300_000_000;
const SECONDS_BETWEEN_WORDS = 15;

const form = document.getElementById("upload");
const drop = document.getElementById("drop");
const button = document.getElementById("send");
const total = document.getElementById("total");
const meter = document.getElementById("total-meter");
const done = document.getElementById("done");
const complaint = document.getElementById("problem");
const words = JSON.parse(document.getElementById("upload-words").textContent);
const largest = Number(form.dataset.largest);
const suffixes = form.dataset.suffixes.split(" ");
const batch = document.getElementById("batch");
const WISHES = ["title", "description", "alt", "album", "new_album", "visibility", "licence", "teaches"];

const items = new Map();
let waiting = [];
let ready = [];
let preparing = null;
// Files are under way (isActive), and more are to follow (isRunning): a pause lies in between.
let isActive = false;
let isRunning = false;
let groupSize = FIRST_GROUP;
let lastSaid = 0;

const batchWishes = () => {
  const told = new FormData(form);
  return Object.fromEntries(WISHES.map((name) => [name, told.get(name) ?? ""]));
};

// What one photo is to have differently; an album of its own stands against any name of a new one.
const mergedWishes = (item) => {
  const own = Object.fromEntries(Object.entries(item.own).filter(([, value]) => value !== ""));
  return { ...item.batch, ...(own.album ? { new_album: "" } : {}), ...own };
};

const places = { files: form.dataset.files, begin: form.dataset.begin, wishes: batchWishes };

const set = (item, state, sentence, more = {}) => {
  Object.assign(item, { state, words: sentence }, more);
  showState(item);
};

const fail = (item, sentence, isHopeless = false) => {
  set(item, "failed", sentence, { isHopeless });
  rows.showFirst(item);
};

const succeed = (item, stored) => {
  set(item, "stored", stored.is_new ? words.stored : words.known, { stored, share: 1 });
};

// Counted anew each time: a few thousand additions are less than one picture on the screen.
const showTotal = () => {
  const all = [...items.values()];
  const count = (state) => all.filter((item) => item.state === state).length;
  const told = { count: all.length, stored: count("stored"), failed: count("failed") };
  const open = all.length - told.stored - told.failed;
  total.textContent = fill(told.failed ? words.totalFailed : words.total, told);
  if (!isActive && open === all.length) total.textContent = all.length ? fill(words.chosen, told) : "";
  const bytes = all.reduce((sum, item) => sum + item.file.size, 0);
  const sent = all.reduce((sum, item) => sum + item.file.size * (item.state === "failed" ? 1 : item.share), 0);
  meter.hidden = !isActive;
  meter.value = bytes ? sent / bytes : 0;
  const again = all.filter((item) => item.state === "failed" && !item.isHopeless).length;
  button.disabled = isActive && !isRunning;
  button.hidden = all.length > 0 && !open && !again;
  if (isActive) button.textContent = words.pause;
  else if (open > 1) button.textContent = fill(words.uploadMany, { count: open });
  else button.textContent = open || !again ? words.upload : words.retry;
  if (isRunning && Date.now() - lastSaid > 1000 * SECONDS_BETWEEN_WORDS) {
    lastSaid = Date.now();
    say(total.textContent);
  }
};

let totalTimer = null;
const showTotalSoon = () => {
  totalTimer ??= setTimeout(() => {
    totalTimer = null;
    showTotal();
  }, 200);
};

const choose = (files, { isFolder = false } = {}) => {
  const photos = isFolder ? files.filter((file) => isPhotoFile(file, suffixes)) : files;
  const added = [];
  for (const file of photos) {
    const key = `${file.webkitRelativePath || file.name}/${file.size}/${file.lastModified}`;
    if (items.has(key)) continue;
    const item = { key, file, own: {}, state: "waiting", words: words.waiting, share: 0, offset: 0, sha256: "" };
    items.set(key, item);
    added.push(item);
  }
  waiting.push(...added);
  rows.add(added);
  showTotal();
  const leftOut = files.length - photos.length;
  say([fill(words.chosen, { count: items.size }), leftOut ? fill(words.leftOut, { count: leftOut }) : ""].join(" "));
};

const isAllowed = (item) => {
  if (item.file.size <= largest) return true;
  const told = { size: (item.file.size / 1e6).toFixed(1), limit: largest / 1e6 };
  fail(item, fill(words.tooLarge, told), true);
  return false;
};

const nextGroup = () => {
  const group = [];
  let bytes = 0;
  while (waiting.length && group.length < groupSize && bytes < GROUP_BYTES) {
    const item = waiting.shift();
    if (!isAllowed(item)) continue;
    bytes += item.file.size;
    group.push(item);
  }
  groupSize = Math.min(2 * groupSize, LARGEST_GROUP);
  return group;
};

const hashGroup = async (group) => {
  for (const item of group) {
    try {
      set(item, "looking", words.looking);
      item.sha256 ||= await hashOf(item.file);
    } catch {
      fail(item, words.changed, true);
    }
  }
  return group.filter((item) => item.state === "looking");
};

// Asks once for many files; those that are here already are done, the rest may be sent.
const prepare = async (group) => {
  const hashed = await hashGroup(group);
  if (!hashed.length) return;
  const shared = batchWishes();
  const asked = { sha256: hashed.map((item) => item.sha256).filter(Boolean), wishes: shared };
  try {
    const { told } = await withRetries(() => askJson(places.begin, asked));
    for (const item of hashed) {
      Object.assign(item, { batch: shared, wishes: mergedWishes({ ...item, batch: shared }) });
      const known = told.photos[item.sha256];
      if (known) {
        succeed(item, known);
        continue;
      }
      if (told.uploads[item.sha256]) goOn(item, told.uploads[item.sha256]);
      set(item, "waiting", words.waiting);
      ready.push(item);
    }
  } catch (problem) {
    stop(reasonOf(problem, words));
    for (const item of hashed) set(item, "waiting", words.waiting);
    waiting = [...hashed, ...waiting];
  }
  showTotalSoon();
};

// Keeps a few files ready, so that one is sent while others are looked at.
const nextReady = async () => {
  while (isRunning) {
    if (!preparing && ready.length < 2 * AT_ONCE && waiting.length) {
      preparing = prepare(nextGroup()).finally(() => { preparing = null; });
    }
    if (ready.length) return ready.shift();
    if (!preparing) return null;
    await preparing;
  }
  return null;
};

const complain = (sentence) => {
  complaint.textContent = sentence;
  complaint.hidden = !sentence;
};

const stop = (sentence) => {
  isRunning = false;
  complain(sentence);
};

const send = async (item) => {
  const onProgress = (bytes) => {
    const share = Math.min(bytes / item.file.size, 1);
    const percent = Math.floor(100 * share);
    set(item, "sending", share < 1 ? fill(words.uploading, { percent }) : words.preparing, { share });
    showTotalSoon();
  };
  const onPause = (seconds) => set(item, "sending", fill(words.again, { seconds }));
  onProgress(item.offset);
  try {
    succeed(item, await deliver(item, places, { onProgress, onPause }));
  } catch (problem) {
    if (!items.has(item.key)) return;
    const isHopeless = problem.status === -2 || problem.status === 413 || (problem.status === 422 && problem.code !== "wishes");
    fail(item, reasonOf(problem, words), isHopeless);
    // Every other file would fail in the same way, so the rest waits for a new start.
    if (SESSION_ENDED.includes(problem.status) || problem.status === 0) stop(reasonOf(problem, words));
  }
  showTotalSoon();
};

const work = async () => {
  for (let item = await nextReady(); item; item = await nextReady()) {
    if (items.has(item.key)) await send(item);
  }
};

const finish = () => {
  const all = [...items.values()];
  const stored = all.filter((item) => item.stored);
  waiting = [...ready, ...waiting];
  ready = [];
  isActive = isRunning = false;
  const wasOnButton = document.activeElement === button;
  showTotal();
  say(total.textContent);
  done.hidden = stored.length === 0;
  if (wasOnButton && button.hidden) done.focus();
  // One photo alone, and it went well: its page is what the person wants to see.
  if (all.length === 1 && stored.length === 1) window.location.assign(stored[0].stored.url);
};

const start = async () => {
  stop("");
  isActive = isRunning = true;
  lastSaid = Date.now();
  batch.open = false;
  showTotal();
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  finish();
};

const acts = {
  remove: (item) => {
    const next = item.row.nextElementSibling?.querySelector("[data-part=remove]:not([hidden])");
    (next ?? drop.querySelector("input")).focus();
    items.delete(item.key);
    waiting = waiting.filter((one) => one !== item);
    rows.remove(item);
    item.isCancelled = true;
    item.abort?.();
    if (item.address) ask("DELETE", item.address).catch(() => {});
    showTotal();
  },
  retry: (item) => {
    set(item, "waiting", words.waiting);
    waiting.push(item);
    if (!isActive) start();
  },
  wish: (item, name, value) => {
    item.own[name] = value;
    if (item.batch) item.wishes = mergedWishes(item);
  },
  wished: (item) => {
    if (item.state !== "stored" || !item.address) return;
    sendWishes(item).catch((problem) => say(fill(words.notSaved, { reason: reasonOf(problem, words) })));
  },
};
const rows = new UploadRows(document.getElementById("uploads"), words, acts);

drop.classList.add("drop--alive");
listenForFiles(drop, choose);
window.addEventListener("beforeunload", (event) => {
  if (isActive) event.preventDefault();
});

// Enter in the details of one photo is no wish to begin.
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input[data-wish]")) event.preventDefault();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (isActive) {
    stop("");
    showTotal();
    return;
  }
  // What failed for a reason that may have passed is tried again with the rest.
  for (const item of items.values()) {
    if (item.state === "failed" && !item.isHopeless) acts.retry(item);
  }
  if (isActive) return;
  if (waiting.length) {
    start();
    return;
  }
  say(words.chooseOne);
  complain(words.chooseOne);
  drop.querySelector("input").focus();
});
