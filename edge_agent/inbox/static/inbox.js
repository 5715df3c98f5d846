// Pictures large: without this file a click opens the picture itself.
"use strict";
(() => {
  const dialog = document.getElementById("zoom");
  const shots = [...document.querySelectorAll("a.shot")];
  if (!dialog || !shots.length) return;
  const field = dialog.querySelector(".zoom-field");
  const image = field.querySelector("img");
  const caption = dialog.querySelector("p");
  let number = 0;

  const show = (wanted) => {
    number = (wanted + shots.length) % shots.length;
    field.classList.remove("large");
    image.src = shots[number].href;
    image.alt = shots[number].dataset.name;
    caption.textContent = shots[number].dataset.name;
  };
  const enlarge = (event) => {
    const at = image.getBoundingClientRect();
    const x = (event.clientX - at.left) / at.width;
    const y = (event.clientY - at.top) / at.height;
    if (field.classList.toggle("large")) {
      field.scrollTo(x * image.width - field.clientWidth / 2, y * image.height - field.clientHeight / 2);
    }
  };

  shots.forEach((shot, index) => shot.addEventListener("click", (event) => {
    event.preventDefault();
    show(index);
    dialog.showModal();
  }));
  image.addEventListener("click", enlarge);
  dialog.querySelector(".zoom-previous").addEventListener("click", () => show(number - 1));
  dialog.querySelector(".zoom-next").addEventListener("click", () => show(number + 1));
  dialog.querySelector(".zoom-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(number - 1);
    if (event.key === "ArrowRight") show(number + 1);
  });
  dialog.addEventListener("close", () => { image.removeAttribute("src"); shots[number].focus(); });
})();
