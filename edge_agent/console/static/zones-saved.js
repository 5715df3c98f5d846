// What was saved is not offered again as a drawing that was not.
"use strict";
try {
  sessionStorage.removeItem(`zones-${document.querySelector("[data-forget]").dataset.forget}`);
} catch { /* a browser that keeps nothing */ }
