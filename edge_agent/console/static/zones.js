// The zone editor: joins picture, panel and form, and asks the box what is to be said of the drawing.
"use strict";
(() => {
  const editor = document.getElementById("editor");
  if (!editor) return;
  const { Model, Stage, Panel, made } = globalThis.zoneEditor;
  const PAUSE_MS = 300;
  const by = (id) => document.getElementById(id);
  const words = JSON.parse(editor.dataset.words);
  const form = by("send");
  const kept = `zones-${editor.dataset.camera}`;
  const savedText = JSON.stringify(JSON.parse(editor.dataset.saved));
  const model = new Model(JSON.parse(form.drawing.value));
  const stage = new Stage(by("stage"), model, words);
  const panel = new Panel(by("shapes"), by("panel"), model, stage, words, { rules: JSON.parse(editor.dataset.rules), shops: JSON.parse(editor.dataset.shops) });
  let sending = false;
  let refused = Boolean(document.querySelector("main [role=alert]")); // then what is wrong is shown first

  // -- what the box says ---------------------------------------------------------------------------------

  let waiting, asked = 0;
  const ask = async () => {
    const number = ++asked;
    const body = new URLSearchParams({ csrf: form.csrf.value, drawing: model.text() });
    let told = { shapes: [], problems: [words.ed_offline] };
    try {
      const answer = await fetch(editor.dataset.check, { method: "POST", body });
      if ((answer.headers.get("content-type") ?? "").startsWith("application/json")) told = await answer.json();
    } catch { /* said above */ }
    if (number !== asked) return;
    stage.grid = told.shapes[model.chosen]?.grid ?? [];
    stage.told = told.shapes;
    stage.draw();
    panel.tell(told.shapes);
    const wrong = told.shapes.flatMap((one, index) => (one.hints.some((hint) => hint.level === "error") ? [index] : []));
    const lines = told.problems.map((text) => made("li", { class: "error" }, text));
    if (wrong.length) lines.push(made("li", { class: "error" }, `${words.ed_mend} ${wrong.map((index) => panel.name(model.shapes[index])).join(", ")}`));
    by("problems").replaceChildren(...(lines.length ? lines : [made("li", { class: "info" }, words.ed_fine)]));
    if (refused && wrong.length) model.choose(wrong[0]);
    refused = false;
    editor.dataset.checked = String(number);
  };
  const askSoon = () => {
    asked += 1; // an answer that is still to come is of what was drawn before
    clearTimeout(waiting);
    delete editor.dataset.checked;
    by("problems").replaceChildren(made("li", { class: "waiting" }, words.ed_checking));
    waiting = setTimeout(ask, PAUSE_MS);
  };

  // -- what is shown -------------------------------------------------------------------------------------

  const changed = () => JSON.stringify(JSON.parse(model.text())) !== savedText;
  const refresh = () => {
    form.drawing.value = model.text();
    by("undo").disabled = !model.past.length;
    by("redo").disabled = !model.future.length;
    const state = changed() ? words.ed_changed : words.ed_unchanged;
    if (by("saved-state").textContent !== state) by("saved-state").textContent = state; // else it is read out again
    by("saved-state").classList.toggle("warn", changed());
    stage.draw();
    panel.draw();
  };
  model.heard = (what) => {
    if (what === "chosen") stage.grid = stage.told?.[model.chosen]?.grid ?? [];
    if (!model.shape?.tape) stage.taping = false;
    if (what === "changed") {
      stage.grid = [];
      askSoon();
      try { sessionStorage.setItem(kept, model.text()); } catch { /* a full or forbidden memory: nothing is kept */ }
    }
    refresh();
  };
  stage.heard = (what) => {
    if (what !== "pen") return;
    const { pen, picking } = stage;
    const mode = picking || stage.taping;
    by("say").hidden = !pen && !mode;
    by("finish").hidden = Boolean(pen?.most) && pen.points.length > 0;
    by("cancel").hidden = mode;
    by("say").querySelector("span").textContent = picking ? words.ed_door_picking : stage.taping ? words.ed_tape_moving : pen ? { 0: words.ed_draw_ring, 2: words.ed_draw_line, 4: words.ed_draw_quad }[pen.most] : "";
  };

  // -- tools ---------------------------------------------------------------------------------------------

  const freeName = () => {
    const names = new Set(model.shapes.map((shape) => shape.name));
    for (let number = 1; ; number += 1) if (!names.has(`zone-${number}`)) return `zone-${number}`;
  };
  const zone = (polygon) => ({ kind: "zone", was: "", name: freeName(), rule: Object.keys(panel.rules).length === 1 ? Object.keys(panel.rules)[0] : "", shop: "", polygon, door: [], door_line: [], permitted: [], tape: null });
  by("new-zone")?.addEventListener("click", () => stage.pick(0, (points) => model.change(() => model.add(zone(points)))));
  by("new-mask")?.addEventListener("click", () => stage.pick(0, (points) => model.change(() => model.add({ kind: "mask", polygon: points }))));
  by("undo").addEventListener("click", () => model.undo());
  by("redo").addEventListener("click", () => model.redo());
  by("zoom-in").addEventListener("click", () => stage.zoom(1.5));
  by("zoom-out").addEventListener("click", () => stage.zoom(1 / 1.5));
  by("zoom-whole").addEventListener("click", () => stage.whole());
  by("finish").addEventListener("click", () => {
    if (stage.picking) panel.pickDoor(); else if (stage.taping) panel.moveTape(); else stage.finish();
  });
  by("cancel").addEventListener("click", () => { stage.cancel(); panel.draw(); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, select, textarea")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) model.redo(); else model.undo();
  });

  const picture = () => {
    const chosen = by("source").value;
    stage.show(`${chosen}?${Date.now()}`, () => { by("problems").replaceChildren(made("li", { class: "warning" }, words.ed_no_picture)); });
  };
  by("source").addEventListener("change", picture);
  by("fresh").addEventListener("click", picture);

  // -- nothing is lost -----------------------------------------------------------------------------------

  form.addEventListener("submit", () => { sending = true; form.drawing.value = model.text(); });
  addEventListener("beforeunload", (event) => { if (changed() && !sending) event.preventDefault(); });
  addEventListener("pageshow", () => { sending = false; });
  let left = null;
  try { left = sessionStorage.getItem(kept); } catch { /* none */ }
  if (left && left !== model.text() && left !== savedText) {
    by("restore").hidden = false;
    by("restore").querySelector("button").addEventListener("click", () => {
      by("restore").hidden = true;
      model.change(() => { model.shapes = JSON.parse(left).shapes; });
    });
  }

  refresh();
  picture();
  ask();
})();
