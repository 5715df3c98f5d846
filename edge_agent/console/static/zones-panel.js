// The list of shapes, and everything of the chosen one that is said in words and numbers.
"use strict";
(() => {
  const { rings } = globalThis.zoneEditor;

  const made = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (typeof value === "boolean") element.toggleAttribute(key, value);
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };

  class Panel {
    constructor(list, panel, model, stage, words, names) {
      Object.assign(this, { list, panel, model, stage, words, ...names, told: [] });
    }

    draw() {
      const held = document.activeElement?.id;
      const inside = this.panel.contains(document.activeElement) || this.list.contains(document.activeElement);
      this.list.replaceChildren(...this.model.shapes.map((shape, index) => this.entry(shape, index)));
      this.panel.replaceChildren(...this.details());
      this.tell(this.told);
      if (inside && held) document.getElementById(held)?.focus({ preventScroll: true });
    }

    name(shape) {
      return `${this.words[`ed_${shape.kind}`]} ${shape.name ?? shape.lane ?? ""}`.trim();
    }

    entry(shape, index) {
      const shop = shape.shop ? ` · ${this.shops[shape.shop] ?? shape.shop}` : "";
      return made("li", {}, made("button", {
        type: "button", class: "plain", id: `shape-${index}`, "aria-pressed": String(index === this.model.chosen),
        onclick: () => this.model.choose(index),
      }, `${this.name(shape)}${shop} `, made("span", { class: "mark", "aria-hidden": "true" })));
    }

    details() {
      const { model, words } = this;
      const { shape } = model;
      if (!shape) return [made("p", { class: "soft" }, words.ed_nothing)];
      const parts = { zone: () => this.zone(shape), mask: () => [made("p", { class: "small soft" }, words.ed_mask_text)], view: () => this.view(shape) }[shape.kind]();
      return [
        made("h2", { id: "panel-title" }, this.name(shape)),
        made("ul", { class: "hints", id: "hints", role: "status" }),
        ...parts,
        ...rings(shape).filter((ring) => ring.points.length).map((ring) => this.table(shape, ring)),
        ...(shape.kind === "view" ? [] : [made("p", {}, made("button", { type: "button", class: "bad", id: "remove", onclick: () => model.change(() => model.drop()) }, words.ed_remove))]),
      ];
    }

    // -- a zone ----------------------------------------------------------------------------------------

    zone(shape) {
      const { words } = this;
      return [
        this.field("name", words.ed_name, made("input", { value: shape.name, maxlength: "64", autocomplete: "off", spellcheck: "false" }), (input) => { shape.name = input.value.trim(); }),
        this.choice("rule", words.ed_rule, words.ed_choose, this.rules, shape),
        this.choice("shop", words.ed_shop, words.ed_nobody, this.shops, shape),
        made("h3", {}, words.ed_door_short),
        made("p", { class: "small soft" }, words.ed_door_help),
        made("button", { type: "button", class: "plain", id: "pick-door", "aria-pressed": String(this.stage.picking), onclick: () => this.pickDoor() }, this.stage.picking ? words.ed_done : words.ed_door_pick),
        ...this.tape(shape),
      ];
    }

    pickDoor() {
      Object.assign(this.stage, { picking: !this.stage.picking, taping: false });
      this.modeChanged();
    }

    // The four points lie over the zone's own corners: one or the other can be taken hold of.
    moveTape() {
      Object.assign(this.stage, { taping: !this.stage.taping, picking: false });
      this.modeChanged();
    }

    modeChanged() {
      this.stage.draw();
      this.stage.heard("pen");
      this.draw();
      if (this.stage.picking || this.stage.taping) this.stage.svg.scrollIntoView({ block: "nearest" });
    }

    field(id, label, input, put) {
      input.id = `field-${id}`;
      input.addEventListener("change", () => this.model.change(() => put(input)));
      return made("p", { class: "field" }, made("label", { for: input.id }, label), input);
    }

    choice(key, label, none, names, shape) {
      const known = shape[key] && !(shape[key] in names) ? { ...names, [shape[key]]: shape[key] } : names;
      const options = [["", none], ...Object.entries(known).map(([id, name]) => [id, name === id ? id : `${name} (${id})`])];
      const select = made("select", {}, ...options.map(([id, name]) => made("option", { value: id, selected: shape[key] === id }, name)));
      return this.field(key, label, select, (input) => { shape[key] = input.value; });
    }

    tape(shape) {
      const { words, model } = this;
      const head = [made("h3", {}, words.ed_tape), made("p", { class: "small soft" }, words.ed_tape_help)];
      const put = (quad) => model.change(() => { shape.tape = { quad, sides_mm: [0, 0, 0, 0], diagonal_mm: 0, other_diagonal_mm: 0 }; });
      if (!shape.tape) {
        const own = shape.polygon.length === 4 ? [made("button", { type: "button", class: "plain", id: "tape-own", onclick: () => put(shape.polygon.map((p) => [...p])) }, words.ed_tape_take)] : [];
        return [...head, made("p", { class: "buttons" }, made("button", { type: "button", class: "plain", id: "tape-place", onclick: () => this.stage.pick(4, put) }, words.ed_tape_place), ...own)];
      }
      const lengths = [
        ...["AB", "BC", "CD", "DA"].map((name, k) => [name, () => shape.tape.sides_mm[k], (mm) => { shape.tape.sides_mm[k] = mm; }]),
        ["AC", () => shape.tape.diagonal_mm, (mm) => { shape.tape.diagonal_mm = mm; }],
        [words.ed_tape_other, () => shape.tape.other_diagonal_mm, (mm) => { shape.tape.other_diagonal_mm = mm; }],
      ];
      const inputs = lengths.map(([name, get, set], k) => this.field(`tape-${k}`, `${name} mm`,
        made("input", { type: "number", min: "0", max: "150000", step: "1", inputmode: "numeric", value: get() || "" }),
        (input) => set(Math.max(0, Math.round(Number(input.value) || 0)))));
      return [...head, made("div", { class: "lengths" }, ...inputs), made("p", { class: "small", id: "measured", role: "status" }),
        made("p", { class: "buttons" }, made("button", { type: "button", class: "plain", id: "tape-move", "aria-pressed": String(this.stage.taping), onclick: () => this.moveTape() }, this.stage.taping ? words.ed_done : words.ed_tape_move),
          made("button", { type: "button", class: "plain", id: "tape-remove", onclick: () => { this.stage.taping = false; model.change(() => { shape.tape = null; }); } }, words.ed_tape_remove))];
    }

    // -- a lane ----------------------------------------------------------------------------------------

    view(shape) {
      const { words, model, stage } = this;
      const button = (id, text, act) => made("button", { type: "button", class: "plain", id, onclick: act }, text);
      const lane = shape.polygon.length
        ? button("lane-remove", words.ed_lane_remove, () => model.change(() => { shape.polygon = []; shape.line = []; }))
        : button("lane-draw", words.ed_lane_draw, () => stage.pick(0, (points) => model.change(() => { shape.polygon = points; })));
      const line = shape.line.length
        ? button("line-remove", words.ed_reading_remove, () => model.change(() => { shape.line = []; }))
        : button("line-draw", words.ed_reading_draw, () => stage.pick(2, (points) => model.change(() => { shape.line = points; })));
      return [made("p", {}, lane), made("h3", {}, words.ed_reading), made("p", { class: "small soft" }, words.ed_reading_help), made("p", {}, line)];
    }

    // -- corners as numbers ------------------------------------------------------------------------------

    table(shape, ring) {
      const { words, model } = this;
      const doors = shape.kind === "zone" && ring.name === "polygon";
      const titles = { polygon: words.ed_corners, line: words.ed_reading, quad: words.ed_tape };
      const head = made("tr", {}, ...["", "x", "y", ...(doors ? [words.ed_door_short] : [])].map((text) => made("th", { scope: "col" }, text)));
      const rows = ring.points.map((point, k) => {
        const name = ring.name === "quad" ? "ABCD"[k] : String(k + 1);
        const number = (axis) => made("td", {}, made("input", {
          type: "number", min: "0", max: "1", step: "0.0001", id: `${ring.name}-${k}-${axis}`, value: Number(point[axis].toFixed(4)),
          "aria-label": `${words.ed_corner} ${name} ${"xy"[axis]}`,
          onfocus: () => this.shown(ring.name, k),
          onchange: (event) => this.typed(ring.name, k, axis, event.target),
        }));
        const door = doors ? [made("td", {}, made("input", {
          type: "checkbox", id: `door-${k}`, checked: shape.door.includes(k), "aria-label": `${name}: ${words.ed_door}`,
          onchange: () => model.change(() => model.toggleDoor(k)),
        }))] : [];
        return made("tr", {}, made("th", { scope: "row" }, name), number(0), number(1), ...door);
      });
      const more = ring.fixed ? [] : [made("p", {}, made("button", { type: "button", class: "plain", id: "add-corner", onclick: () => this.stage.split(ring.points.length - 1) }, words.ed_add))];
      return made("details", { class: "corners", id: `table-${ring.name}`, open: this.open?.has(ring.name) ?? false, ontoggle: (event) => this.folded(ring.name, event.target.open) },
        made("summary", {}, titles[ring.name]), made("table", {}, made("thead", {}, head), made("tbody", {}, ...rows)), ...more);
    }

    shown(ring, corner) {
      Object.assign(this.model, { ring, corner });
      Object.assign(this.stage, { taping: ring === "quad", picking: false });
      this.stage.draw();
    }

    folded(name, open) {
      this.open ??= new Set();
      if (open) this.open.add(name); else this.open.delete(name);
    }

    typed(ring, corner, axis, input) {
      const value = Number(input.value);
      if (!input.value || !(value >= 0 && value <= 1)) { input.setCustomValidity("0–1"); input.reportValidity(); return; }
      input.setCustomValidity("");
      const point = [...this.model.points(ring)[corner]];
      point[axis] = value;
      this.model.change(() => this.model.move(ring, corner, ...point));
    }

    // What the box said of each shape.
    tell(told) {
      this.told = told;
      this.model.shapes.forEach((_, index) => {
        const levels = (told[index]?.hints ?? []).map((hint) => hint.level);
        const mark = this.list.querySelector(`#shape-${index} .mark`);
        if (mark) mark.textContent = levels.includes("error") ? "✗" : levels.includes("warning") ? "!" : "";
      });
      const said = told[this.model.chosen];
      this.panel.querySelector("#hints")?.replaceChildren(...(said?.hints ?? []).map((hint) => made("li", { class: hint.level }, hint.text)));
      const measured = this.panel.querySelector("#measured");
      if (measured) measured.textContent = said?.measured ?? "";
    }
  }

  globalThis.zoneEditor.Panel = Panel;
  globalThis.zoneEditor.made = made;
})();
