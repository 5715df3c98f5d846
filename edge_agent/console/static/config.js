// Line numbers beside the text, and the way from a problem to its line. Without this file both are in the list.
"use strict";
(() => {
  const text = document.getElementById("text");
  const numbers = document.querySelector(".numbers");
  let count = 0;
  const number = () => {
    const lines = text.value.split("\n").length;
    if (lines !== count) {
      count = lines;
      numbers.textContent = Array.from({ length: lines }, (_, line) => line + 1).join("\n");
    }
    numbers.scrollTop = text.scrollTop;
  };
  text.addEventListener("input", number);
  text.addEventListener("scroll", () => { numbers.scrollTop = text.scrollTop; });
  number();
  document.querySelectorAll(".to-line").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    const lines = text.value.split("\n");
    const line = Number(link.dataset.line);
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + lines[line - 1].length);
    text.scrollTop = (text.scrollHeight / lines.length) * Math.max(0, line - 8);
  }));
})();
