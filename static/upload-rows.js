// The list of chosen files: rows are made as one scrolls, pictures as they come into view.
"use strict";

const ROWS_AT_ONCE = 40;
const LARGEST_DRAWN = 40_000_000;

// Puts what is told into a sentence of the page; a name may hold what `replace` itself would read.
const fill = (sentence, told) => sentence.replace(/\{(\w+)\}/g, (_, name) => told[name]);

// The row of a file: its picture, name, state, and the wishes for it alone.
const makeRow = (item, words, acts) => {
  const row = document.getElementById("upload-row").content.firstElementChild.cloneNode(true);
  const part = (name) => row.querySelector(`[data-part=${name}]`);
  const remove = part("remove");
  const retry = part("retry");
  part("name").textContent = item.file.name;
  remove.setAttribute("aria-label", fill(words.removeName, { name: item.file.name }));
  retry.setAttribute("aria-label", fill(words.retryName, { name: item.file.name }));
  part("bar").setAttribute("aria-label", item.file.name);
  remove.addEventListener("click", () => acts.remove(item));
  retry.addEventListener("click", () => acts.retry(item));
  const details = part("details");
  details.addEventListener("toggle", () => {
    if (details.querySelector("[data-wish]")) return;
    details.append(document.getElementById("photo-wishes").content.cloneNode(true));
    for (const field of details.querySelectorAll("[data-wish]")) {
      field.value = item.own[field.dataset.wish] ?? "";
      // Every letter counts at once, so that a photo that is sent next has it.
      field.addEventListener("input", () => acts.wish(item, field.dataset.wish, field.value));
      field.addEventListener("change", () => acts.wished(item));
    }
  });
  return row;
};

const showState = (item) => {
  const { row } = item;
  if (!row) return;
  const part = (name) => row.querySelector(`[data-part=${name}]`);
  row.classList.toggle("upload-row--bad", item.state === "failed");
  row.classList.toggle("upload-row--good", item.state === "stored");
  part("bar").hidden = item.state !== "sending";
  part("bar").value = item.share ?? 0;
  part("retry").hidden = item.state !== "failed" || item.isHopeless;
  part("remove").hidden = item.state === "stored";
  // Of a photo that was there before, nothing is changed here; its own page can do that.
  const isOver = item.state === "stored" && !(part("details").open && item.address);
  part("details").hidden = isOver || (item.state === "failed" && item.isHopeless);
  const state = part("state");
  if (!item.stored) {
    state.textContent = item.words;
    return;
  }
  const link = document.createElement("a");
  link.href = item.stored.url;
  link.textContent = item.words;
  state.replaceChildren(link);
  // A photo that the browser cannot draw (HEIC in most) is there now as one that it can.
  if (!item.isDrawn) part("photo").replaceWith(thumbnailOf(item));
  item.isDrawn = true;
};

const thumbnailOf = (item) => {
  const photo = document.createElement("img");
  Object.assign(photo, { alt: "", width: 56, height: 56, loading: "lazy", src: item.stored.thumbnail });
  photo.className = "upload-row__photo";
  return photo;
};

// Small copies are drawn one after another: a phone has no room for many large pictures at once.
const drawOn = async (canvas, file) => {
  const small = await createImageBitmap(file, { resizeWidth: canvas.width, resizeQuality: "medium" });
  const scale = Math.max(canvas.width / small.width, canvas.height / small.height);
  const [width, height] = [small.width * scale, small.height * scale];
  const brush = canvas.getContext("2d");
  brush.drawImage(small, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  small.close();
};

class UploadRows {
  constructor(list, words, acts) {
    Object.assign(this, { list, words, acts, items: [], made: 0, drawing: Promise.resolve() });
    this.ending = list.querySelector("[data-part=more]");
    new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.make(), {
      rootMargin: "600px",
    }).observe(this.ending);
    this.inView = new IntersectionObserver((seen) => seen.forEach((one) => one.isIntersecting && this.draw(one.target)));
  }

  add(items) {
    this.items.push(...items);
    this.list.hidden = this.items.length === 0;
    if (this.made < ROWS_AT_ONCE) this.make();
    this.ending.hidden = this.made >= this.items.length;
  }

  make() {
    const next = this.items.slice(this.made, this.made + ROWS_AT_ONCE);
    this.made += next.length;
    for (const item of next) if (!item.row) this.place(item, () => this.ending.before(item.row));
    this.ending.hidden = this.made >= this.items.length;
  }

  place(item, put) {
    item.row = makeRow(item, this.words, this.acts);
    item.row.item = item;
    put();
    showState(item);
    this.inView.observe(item.row);
  }

  // What went wrong is seen at once, however long the list.
  showFirst(item) {
    if (!item.row) this.place(item, () => this.list.prepend(item.row));
    showState(item);
  }

  remove(item) {
    const place = this.items.indexOf(item);
    if (place < this.made) this.made -= 1;
    this.items.splice(place, 1);
    item.row?.remove();
    this.list.hidden = this.items.length === 0;
  }

  draw(row) {
    this.inView.unobserve(row);
    const { item } = row;
    if (item.isDrawn || item.file.size > LARGEST_DRAWN) return;
    this.drawing = this.drawing
      .then(() => drawOn(row.querySelector("canvas"), item.file))
      .then(() => { item.isDrawn = true; })
      .catch(() => {});
  }
}
