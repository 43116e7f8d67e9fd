"use strict";

// What pages do beyond what they do without script: follow a job, copy code, tell of JSON that is not.
(() => {
  const following = document.querySelector("[data-events]");
  if (following && "EventSource" in window) {
    const source = new EventSource(following.dataset.events);
    const message = following.querySelector("[data-message]");
    const status = following.querySelector("[data-status]");
    const percent = following.querySelector("[data-percent]");
    source.addEventListener("progress", (event) => {
      const told = JSON.parse(event.data);
      message.textContent = told.message;
      status.textContent = told.status || "";
      if (typeof told.percent === "number") percent.value = told.percent;
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
