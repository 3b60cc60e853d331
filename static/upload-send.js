// Sends a file in pieces by the tus protocol, and goes on from where a broken connection stopped.
"use strict";

const PIECE = 4_000_000;
const MOST_HASHED = 200_000_000;
const LONGEST_HEADER = 4000;
const SILENCE = 120_000;
const MOST_TRIES = 8;
const LONGEST_PAUSE = 30;
const SESSION_ENDED = [401, 403];
// Somebody else writes to it, it goes on elsewhere, or the server is busy: worth another try.
const PASSING = [409, 423, 429, 502, 503, 504];

// A refusal by the server; status 0 is a connection that broke.
class Refusal extends Error {
  constructor(status, code = "", message = "") {
    super(message);
    Object.assign(this, { status, code });
  }

  get isPassing() {
    if (this.code === "too_many_unfinished") return false;
    return this.status === 0 || PASSING.includes(this.status);
  }
}

// Returns in words why a file did not arrive.
const reasonOf = (problem, words) => {
  if (!(problem instanceof Refusal)) return words.changed;
  if (SESSION_ENDED.includes(problem.status)) return words.session;
  if (problem.status === 0) return words.broken;
  if (problem.status === -2) return words.changed;
  return problem.message || words.server;
};

const ask = (method, address, { body = null, headers = {}, onProgress, owner = {} } = {}) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE);
    };
    request.open(method, address);
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const all = { "Tus-Resumable": "1.0.0", "X-CSRFToken": token, Accept: "application/json", ...headers };
    Object.entries(all).forEach(([name, value]) => request.setRequestHeader(name, value));
    request.upload.addEventListener("progress", (event) => {
      listen();
      onProgress?.(event.loaded);
    });
    request.addEventListener("loadend", () => {
      clearTimeout(silence);
      owner.abort = null;
      let told = null;
      try {
        told = JSON.parse(request.responseText);
      } catch {
        // An answer without a body, or a page of some proxy.
      }
      if (request.status >= 200 && request.status < 300) resolve({ told, header: (name) => request.getResponseHeader(name) });
      else reject(new Refusal(request.status, told?.code, told?.message));
    });
    owner.abort = () => request.abort();
    listen();
    request.send(body);
  });

const askJson = (address, told) =>
  ask("POST", address, { body: JSON.stringify(told), headers: { "Content-Type": "application/json" } });

// The SHA-256 in hexadecimal digits; "" for huge files, and on pages that are not secure.
const hashOf = async (file) => {
  if (!window.crypto?.subtle || file.size > MOST_HASHED) return "";
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

const encoded = (text) => btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));

const metadataOf = (told) =>
  Object.entries(told)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name} ${encoded(value)}`)
    .join(",");

const isReadable = (file) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(() => true, () => false);

const beginUpload = async (item, address, onProgress) => {
  const { file, sha256, wishes } = item;
  const named = { filename: file.name, sha256 };
  let metadata = metadataOf({ ...named, ...wishes });
  // What is too long for a header follows as soon as the upload has an address.
  const isLong = metadata.length > LONGEST_HEADER;
  if (isLong) metadata = metadataOf({ ...named, visibility: wishes.visibility, teaches: wishes.teaches });
  const headers = { "Upload-Length": String(file.size), "Upload-Metadata": metadata };
  // One request is enough for a small file. Without a hash it could not be found again if that broke.
  const isWhole = !isLong && sha256 && file.size <= PIECE;
  if (isWhole) headers["Content-Type"] = "application/offset+octet-stream";
  const answer = await ask("POST", address, { body: isWhole ? file : null, headers, onProgress, owner: item });
  item.address = answer.header("Location");
  item.offset = Number(answer.header("Upload-Offset"));
  item.sentWishes = isLong ? "" : JSON.stringify(wishes);
  return answer.told;
};

const sendWishes = async (item) => {
  while (item.sentWishes !== JSON.stringify(item.wishes)) {
    const sent = item.wishes;
    await askJson(`${item.address}wishes/`, sent);
    item.sentWishes = JSON.stringify(sent);
  }
};

const sendPiece = async (item, onProgress) => {
  const start = item.offset;
  const answer = await ask("PATCH", item.address, {
    body: item.file.slice(start, start + PIECE),
    headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(start) },
    onProgress: (loaded) => onProgress(start + loaded),
    owner: item,
  });
  item.offset = Number(answer.header("Upload-Offset"));
};

// Asks where to go on; an upload that is gone begins anew.
const findOffset = async (item) => {
  try {
    item.offset = Number((await ask("HEAD", item.address, { owner: item })).header("Upload-Offset"));
  } catch (refusal) {
    if (refusal.status !== 404 && refusal.status !== 410) throw refusal;
    item.address = "";
  }
};

// Asks whether the server has the file by now, or a part of it, though its answer never came.
const lookUp = async (item, places) => {
  const { told } = await askJson(places.begin, { sha256: [item.sha256], wishes: places.wishes() });
  const upload = told.uploads[item.sha256];
  if (upload) goOn(item, upload);
  return told.photos[item.sha256];
};

const goOn = (item, upload) => Object.assign(item, { address: upload.url, offset: upload.received, sentWishes: "" });

const deliverOnce = async (item, places, onProgress) => {
  if (item.isUnsure && item.address) await findOffset(item);
  else if (item.isUnsure && item.sha256) {
    const photo = await lookUp(item, places);
    if (photo) return photo;
  }
  item.isUnsure = true;
  if (!item.address) {
    const told = await beginUpload(item, places.files, onProgress);
    if (told?.url) {
      await sendWishes(item);
      return told;
    }
  }
  await sendWishes(item);
  while (item.offset < item.file.size) await sendPiece(item, onProgress);
  let { told } = await ask("GET", item.address, { owner: item });
  if (!told.url) {
    // All is there, but the server was stopped before it made a photo of it.
    await sendPiece(item, onProgress);
    ({ told } = await ask("GET", item.address, { owner: item }));
  }
  await sendWishes(item);
  return told;
};

// Waits, or until the connection is back.
const pause = (seconds) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    window.addEventListener("online", () => resolve(clearTimeout(timer)), { once: true });
  });

// Does something again after growing pauses, as long as only the connection is in the way.
const withRetries = async (attempt, { onPause = () => {}, hasGoneOn = () => false } = {}) => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (problem) {
      if (hasGoneOn()) tries = 0;
      if (!(problem instanceof Refusal) || !problem.isPassing || tries + 1 >= MOST_TRIES) throw problem;
      const seconds = problem.status === 409 || problem.status === 423 ? 1 : Math.min(2 ** tries, LONGEST_PAUSE);
      onPause(seconds);
      await pause(seconds);
    }
  }
};

// Returns what the file became, or throws a Refusal that no waiting will change.
const deliver = (item, places, { onProgress, onPause }) => {
  let last = item.offset;
  return withRetries(
    async () => {
      if (item.isCancelled) throw new Refusal(-1);
      if (!(await isReadable(item.file))) throw new Refusal(-2);
      return deliverOnce(item, places, onProgress);
    },
    {
      onPause,
      hasGoneOn: () => {
        const isFurther = item.offset > last;
        last = item.offset;
        return isFurther;
      },
    },
  );
};
