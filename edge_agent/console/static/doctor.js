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
    const status = field.querySelector("[role=status]"), words = field.dataset.words.replace("%", over);
    if (status.textContent !== words) status.textContent = words; // else it would be read out again
    if (!running) location.replace("/doctor");
  };
  setInterval(() => { look().catch(() => {}); }, 700);
})();
