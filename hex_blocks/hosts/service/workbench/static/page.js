"use strict";

// Enhancements of pages that also work without JavaScript: show a job's progress, copy code, check JSON fields.
(() => {
  const following = document.querySelector("[data-events]");
  if (following && "EventSource" in window) {
    const source = new EventSource(following.dataset.events);
    const message = following.querySelector("[data-message]");
    const status = following.querySelector("[data-status]");
    const percent = following.querySelector("[data-percent]");
    source.addEventListener("progress", (event) => {
      const progress = JSON.parse(event.data);
      message.textContent = progress.message;
      status.textContent = progress.status || "";
      if (typeof progress.percent === "number") percent.value = progress.percent;
    });
    for (const end of ["result", "problem"]) {
      source.addEventListener(end, () => {
        source.close();
        window.location.replace(window.location.pathname);
      });
    }
  }

  for (const code of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain copy";
    button.textContent = code.dataset.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = code.dataset.copied;
      window.setTimeout(() => { button.textContent = code.dataset.copy; }, 2000);
    });
    code.before(button);
  }

  for (const field of document.querySelectorAll("textarea[data-json]")) {
    field.addEventListener("input", () => {
      let fault = "";
      if (field.value.trim()) {
        try {
          JSON.parse(field.value);
        } catch (error) {
          fault = error.message;
        }
      }
      field.setCustomValidity(fault);
    });
  }
})();
