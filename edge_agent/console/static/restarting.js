// Waits until another run of the daemon answers, then opens the first page.
"use strict";
(() => {
  const { boot } = document.getElementById("restarting").dataset;
  const look = async () => {
    const answer = await fetch("/alive");
    if (answer.redirected || (answer.ok && (await answer.text()) !== boot)) location.replace("/");
  };
  setInterval(() => { look().catch(() => {}); }, 1000);
})();
