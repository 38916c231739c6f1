// What makes the pages handier; each of them can be read and sent without it.
"use strict";

// Pickers show what was picked at once.
for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// What grows to the right begins with what is newest.
for (const wide of document.querySelectorAll("[data-end]")) {
  wide.scrollLeft = wide.scrollWidth;
}
