// The review page at the speed of thought: the next question is on the screen before the last
// answer is stored. Without this script the same forms work one page at a time.
"use strict";

(() => {
  const KEYS = { y: "yes", 1: "yes", n: "no", 2: "no", u: "unsure", 3: "unsure" };
  const page = document.querySelector(".review-page");

  // --- Keys, on both pages; they can be switched off, for people who speak to their computer.

  const useKeys = () => localStorage.getItem("review-keys") !== "off";
  const showKeySwitch = () => {
    const box = document.getElementById("review-keys");
    if (!box) return;
    box.checked = useKeys();
    box.closest("label").hidden = false;
  };
  document.addEventListener("change", (event) => {
    if (event.target.id === "review-keys") {
      localStorage.setItem("review-keys", event.target.checked ? "on" : "off");
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || !useKeys()) return;
    if (event.target.closest("input[type='text'], input[type='search'], textarea, select")) return;
    const key = event.key.toLowerCase();
    if (key === "z") {
      const form = document.getElementById("review-undo");
      if (!form || form.hidden) return;
      event.preventDefault();
      form.requestSubmit();
    } else if (KEYS[key]) {
      const form = document.getElementById("review-answers");
      if (!form || form.hidden) return;
      event.preventDefault();
      form.requestSubmit(form.querySelector(`[value="${KEYS[key]}"]`));
    }
  });
  showKeySwitch();

  // --- The grid: say what saving would mean.

  const picks = document.getElementById("picks");
  if (picks) {
    const all = picks.querySelectorAll(".pick__box").length;
    const sum = document.getElementById("picks-sum");
    const count = () => {
      const refused = picks.querySelectorAll(".pick__box:checked").length;
      sum.textContent = (refused ? sum.dataset.some : sum.dataset.none)
        .replace("[all]", all)
        .replace("[refused]", refused)
        .replace("[confirmed]", all - refused);
    };
    picks.addEventListener("change", count);
    count();
  }
  if (!page) return;

  // --- One by one. Answers are sent one after the other, in the order they were given.

  const find = (selector) => page.querySelector(selector);
  const shown = () => find(".card:not([hidden])");
  const question = () => find(".card:not([hidden]) h1, .empty h1")?.textContent ?? "";
  let sending = Promise.resolve();
  let unsent = 0;
  const answered = new Set();

  const send = async (form, fields) => {
    const response = await fetch(form.action, {
      method: "POST",
      body: fields,
      headers: { "HX-Request": "true" },
    });
    const elsewhere = response.headers.get("HX-Redirect");
    if (elsewhere) return location.assign(elsewhere);
    // Logged out meanwhile: the page itself knows where to go.
    if (response.redirected) return location.reload();
    if (!response.ok && response.status !== 422) throw new Error(response.statusText);
    const text = await response.text();
    return new DOMParser().parseFromString(text, "text/html").getElementById("review");
  };

  // Show the answer bar or the card's own field, and keep the focus where the person works.
  const settle = () => {
    const bar = find("#review-answers");
    const card = shown();
    if (!bar || !card) return;
    const wantsWord = card.dataset.asks === "word";
    const focus = document.activeElement;
    const hadFocus = focus === document.body || bar.contains(focus);
    bar.elements.task.value = card.dataset.task;
    bar.hidden = wantsWord;
    if (!wantsWord || !hadFocus) return;
    // On a phone the keyboard would hide the very photo that wants a word.
    const field = card.querySelector("input[type='text']");
    const target = matchMedia("(hover: hover)").matches ? field : card.querySelector("h1");
    target.focus({ preventScroll: true });
  };

  const replaceAll = (fresh, words) => {
    const focused = document.activeElement.closest("#review-answers button")?.value;
    find("#review").replaceWith(fresh);
    if (window.htmx) window.htmx.process(fresh);
    showKeySwitch();
    settle();
    const again = focused && fresh.querySelector(`#review-answers [value="${focused}"]`);
    if (again) again.focus({ preventScroll: true });
    say([words, question()].filter(Boolean).join(" "));
  };

  // Take what is new from the server's answer and leave the question on the screen alone.
  const merge = (fresh) => {
    const cards = find("#review-cards");
    const isBehind = !shown();
    const added = [...fresh.querySelectorAll(".card")].filter(
      (card) => !answered.has(card.dataset.task) && !find(`[data-task="${card.dataset.task}"]`),
    );
    if (!cards || (isBehind && !added.length)) {
      if (!unsent) replaceAll(fresh, fresh.dataset.said);
      return;
    }
    for (const card of added) {
      card.hidden = true;
      cards.append(card);
      if (window.htmx) window.htmx.process(card);
    }
    for (const id of ["review-day", "review-undo", "review-news"]) {
      const part = fresh.querySelector(`#${id}`);
      if (part && !find(`#${id}`).contains(document.activeElement)) find(`#${id}`).replaceWith(part);
    }
    if (isBehind) next();
    if (fresh.dataset.said) say(`${fresh.dataset.said} ${question()}`);
  };

  const next = () => {
    const card = find(".card[hidden]");
    if (!card) return;
    card.hidden = false;
    settle();
    say(question());
  };

  const answer = (form, submitter) => {
    const card = shown();
    if (!card) return;
    const fields = new FormData(form, submitter);
    answered.add(card.dataset.task);
    card.remove();
    next();
    const address = submitter?.hasAttribute("formaction") ? { action: submitter.formAction } : form;
    unsent += 1;
    sending = sending.then(async () => {
      try {
        const fresh = await send(address, fields);
        unsent -= 1;
        if (fresh) merge(fresh);
      } catch {
        unsent -= 1;
        answered.delete(card.dataset.task);
        const current = shown();
        if (current) current.hidden = true;
        card.hidden = false;
        find("#review-cards").prepend(card);
        settle();
        warn(find("#review").dataset.notSaved);
      }
    });
  };

  // A word may be refused, so its card stays until the server has taken it.
  const nameIt = (form) => {
    const fields = new FormData(form);
    sending = sending.then(async () => {
      try {
        const fresh = await send(form, fields);
        if (fresh) replaceAll(fresh, fresh.dataset.said);
      } catch {
        warn(find("#review").dataset.notSaved);
      }
    });
  };

  const undo = (form) => {
    const fields = new FormData(form);
    sending = sending.then(async () => {
      try {
        const fresh = await send(form, fields);
        if (!fresh) return;
        fresh.querySelectorAll(".card").forEach((card) => answered.delete(card.dataset.task));
        replaceAll(fresh, fresh.dataset.said);
      } catch {
        warn(find("#review").dataset.notSaved);
      }
    });
  };

  const warn = (words) => {
    const note = document.createElement("p");
    note.className = "note note--warning";
    note.setAttribute("role", "alert");
    note.textContent = words;
    find("#review-news").replaceChildren(note);
  };

  page.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id === "review-undo") undo(form);
    else if (form.classList.contains("card__word") && !event.submitter?.hasAttribute("formaction")) nameIt(form);
    else answer(form, event.submitter);
    event.preventDefault();
  });
})();
