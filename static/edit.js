// Puts suggested words into their field. Without this script they can still be read and typed.
"use strict";

document.querySelectorAll("[data-fill]").forEach((button) => {
  const field = document.getElementById(button.dataset.fill);
  button.hidden = false;
  button.addEventListener("click", () => {
    const words = document.getElementById(`${field.id}-words`).textContent;
    field.value = field.value.trim() ? `${field.value.trim()} (${words})` : words;
    field.focus();
    say(button.dataset.said);
  });
});
