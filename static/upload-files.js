// Finds the files in what is dropped, pasted or chosen, whole folders too.
"use strict";

const inCalls = (call) => new Promise((resolve, reject) => call(resolve, reject));

// What cannot be read (somebody else's folder, a broken link) is passed over.
const collectEntry = async (entry, found) => {
  try {
    if (entry.isFile) {
      found.push(await inCalls((done, fail) => entry.file(done, fail)));
      return;
    }
    const reader = entry.createReader();
    // A folder is told a hundred files at a time; an empty answer is its end.
    let some;
    do {
      some = await inCalls((done, fail) => reader.readEntries(done, fail));
      for (const one of some) await collectEntry(one, found);
    } while (some.length);
  } catch {
    // Passed over.
  }
};

// Returns the files, and whether they come from a folder, where not all of them need be photos.
const filesDropped = async (transfer) => {
  // Both lists are empty once the event is over, so they are read before anything is waited for.
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return { files, isFolder: false };
  const found = [];
  for (const entry of entries) await collectEntry(entry, found);
  return { files: found, isFolder: true };
};

const isPhotoFile = (file, suffixes) => {
  const name = file.name.toLowerCase();
  if (name.startsWith(".")) return false;
  return file.type.startsWith("image/") || suffixes.some((suffix) => name.endsWith(suffix));
};

// Calls `choose` with files, however they come: from a picker, dropped, or pasted.
const listenForFiles = (drop, choose) => {
  for (const picker of drop.querySelectorAll("input[type=file]")) {
    const { needs } = picker.dataset;
    picker.closest("label").hidden = needs !== undefined && !(needs in picker);
    const take = () => {
      if (picker.files.length) choose([...picker.files], { isFolder: needs !== undefined });
      picker.value = "";
    };
    picker.addEventListener("change", take);
    // Somebody was quicker than this script.
    take();
  }
  // Entering a part of the page comes before leaving the one around it, so both are counted.
  let over = 0;
  const move = (change) => {
    over = change ? over + change : 0;
    drop.classList.toggle("drop--over", over > 0);
  };
  // Wherever on the page it is let go: a file must never replace the page. Of what comes under a
  // resting hand as the page moves, entering is all that is told before the files are let go.
  window.addEventListener("dragenter", (event) => {
    event.preventDefault();
    move(1);
  });
  window.addEventListener("dragleave", () => move(-1));
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", async (event) => {
    event.preventDefault();
    move(0);
    const { files, isFolder } = await filesDropped(event.dataTransfer);
    if (files.length) choose(files, { isFolder });
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) choose([...event.clipboardData.files]);
  });
};
