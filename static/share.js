// The address of a share link goes to the clipboard; where that is refused it is selected instead.
"use strict";

document.querySelectorAll("[data-copy]").forEach((button) => {
  const address = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(address.value);
      say(button.dataset.copied);
      button.textContent = button.dataset.copied;
    } catch {
      address.focus();
      address.select();
      say(button.dataset.failed);
    }
  });
});
