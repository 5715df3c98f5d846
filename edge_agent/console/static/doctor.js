// Shows how far the examination is, and its result when it is over.
"use strict";
(() => {
  const field = document.getElementById("progress");
  if (!field) return;
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch("/doctor/progress");
    if (answer.redirected || !answer.ok) { location.reload(); return; }
    const { running, over } = await answer.json();
    field.querySelector("progress").value = over;
    field.querySelector("[role=status]").textContent = field.dataset.words.replace("%", over);
    if (!running) location.replace("/doctor");
  };
  setInterval(() => { look().catch(() => {}); }, 700);
})();
