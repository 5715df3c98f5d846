// The picture with the shapes over it: pointers, touch, keys, zoom. Everything is drawn in the picture's pixels.
"use strict";
(() => {
  const { rings } = globalThis.zoneEditor;
  const SVG = "http://www.w3.org/2000/svg";
  const CLICK = 6, NEAR = 10, GRAB = 22, MOST_ZOOM = 12; // screen pixels; times

  const element = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent?.append(made);
    return made;
  };

  class Stage {
    constructor(svg, model, words) {
      Object.assign(this, { svg, model, words, width: 1920, height: 1080, view: null, pen: null, picking: false, taping: false });
      this.pointers = new Map();
      this.grid = [];
      this.heard = () => {};
      this.image = element("image", { width: this.width, height: this.height, preserveAspectRatio: "none" }, svg);
      this.layer = element("g", {}, svg);
      for (const [name, act] of Object.entries({
        pointerdown: "down", pointermove: "moved", pointerup: "up", pointercancel: "up", wheel: "wheel",
      })) svg.addEventListener(name, (event) => this[act](event), { passive: false });
      svg.addEventListener("keydown", (event) => this.key(event));
      svg.addEventListener("focusin", (event) => this.focused(event.target));
      new ResizeObserver(() => this.draw()).observe(svg);
      this.whole();
    }

    // -- the picture ---------------------------------------------------------------------------------

    show(address, failed) {
      const picture = new Image();
      picture.onload = () => {
        const other = picture.naturalWidth !== this.width || picture.naturalHeight !== this.height;
        Object.assign(this, { width: picture.naturalWidth, height: picture.naturalHeight });
        this.image.setAttribute("width", this.width);
        this.image.setAttribute("height", this.height);
        this.image.setAttribute("href", address);
        this.svg.dataset.loaded = address;
        if (other) this.whole(); else this.draw();
      };
      picture.onerror = failed;
      picture.src = address;
    }

    whole() {
      this.view = { x: 0, y: 0, w: this.width, h: this.height };
      this.draw();
    }

    zoom(times, at = { x: this.view.x + this.view.w / 2, y: this.view.y + this.view.h / 2 }) {
      const w = Math.min(this.width, Math.max(this.width / MOST_ZOOM, this.view.w / times));
      const factor = w / this.view.w;
      this.look(at.x - (at.x - this.view.x) * factor, at.y - (at.y - this.view.y) * factor, w);
    }

    look(x, y, w) {
      const h = (w * this.height) / this.width;
      this.view = { x: Math.min(this.width - w, Math.max(0, x)), y: Math.min(this.height - h, Math.max(0, y)), w, h };
      this.draw();
    }

    // Picture pixels a screen pixel.
    get scale() { return this.view.w / (this.svg.clientWidth || this.view.w); }

    at(event) {
      const box = this.svg.getBoundingClientRect();
      return {
        x: this.view.x + ((event.clientX - box.left) / box.width) * this.view.w,
        y: this.view.y + ((event.clientY - box.top) / box.height) * this.view.h,
      };
    }

    // -- drawing -------------------------------------------------------------------------------------

    px(points) { return points.map(([x, y]) => `${(x * this.width).toFixed(2)},${(y * this.height).toFixed(2)}`).join(" "); }

    draw() {
      const { svg, model } = this;
      svg.setAttribute("viewBox", `${this.view.x} ${this.view.y} ${this.view.w} ${this.view.h}`);
      const held = document.activeElement?.dataset?.key;
      this.layer.replaceChildren();
      model.shapes.forEach((shape, index) => { if (index !== model.chosen) this.outline(shape, index); });
      if (model.shape) this.outline(model.shape, model.chosen);
      if (this.pen) this.unfinished(); else if (model.shape) this.handles(model.shape);
      if (held) this.layer.querySelector(`[data-key="${held}"]`)?.focus({ preventScroll: true });
    }

    outline(shape, index) {
      const chosen = index === this.model.chosen;
      const group = element("g", { class: `shape ${shape.kind}${chosen ? " chosen" : ""}`, "data-shape": index }, this.layer);
      if (shape.polygon.length) element("polygon", { points: this.px(shape.polygon), class: "body" }, group);
      for (const strip of shape.permitted ?? []) element("polygon", { points: this.px(strip), class: "permitted" }, group);
      if (chosen && !this.pen) for (const [x0, y0, x1, y1] of this.grid) {
        element("polyline", { points: this.px([[x0, y0], [x1, y1]]), class: "metre" }, group);
      }
      if (shape.line?.length) element("polyline", { points: this.px(shape.line), class: "reading" }, group);
      if (shape.tape) element("polygon", { points: this.px(shape.tape.quad), class: "tape" }, group);
      const corners = shape.polygon.length;
      for (const edge of shape.door ?? []) {
        if (edge < corners) element("polyline", { points: this.px([shape.polygon[edge], shape.polygon[(edge + 1) % corners]]), class: "door" }, group);
      }
      if (shape.door_line?.length) element("polyline", { points: this.px(shape.door_line), class: "door elsewhere" }, group);
      this.label(shape, group);
      if (chosen && this.picking) this.edges(shape, group);
    }

    label(shape, group) {
      const name = shape.name ?? shape.lane ?? this.words.ed_mask;
      if (!shape.polygon.length) return;
      const top = shape.polygon.reduce((a, b) => (b[1] < a[1] ? b : a));
      const size = 15 * this.scale;
      const said = element("text", { x: top[0] * this.width, y: Math.max(size * 1.2, top[1] * this.height - 12 * this.scale), "font-size": size, "stroke-width": 4 * this.scale, "text-anchor": top[0] > 0.8 ? "end" : "start" }, group);
      said.textContent = name;
    }

    edges(shape, group) {
      shape.polygon.forEach((point, edge) => {
        const next = shape.polygon[(edge + 1) % shape.polygon.length];
        element("polyline", { points: this.px([point, next]), class: "pick", "data-edge": edge, "stroke-width": GRAB * this.scale }, group);
      });
    }

    handles(shape) {
      const names = { quad: "ABCD" };
      for (const ring of rings(shape)) {
        if ((ring.name === "quad") !== this.taping) continue;
        if (!ring.fixed && !this.picking) ring.points.forEach((point, k) => {
          const next = ring.points[(k + 1) % ring.points.length];
          const [x, y] = [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2];
          this.dot("middle", x, y, 5, { "data-middle": k });
        });
        ring.points.forEach(([x, y], k) => {
          const name = names[ring.name]?.[k] ?? k + 1;
          const key = `${ring.name}-${k}`;
          const chosen = this.model.ring === ring.name && this.model.corner === k;
          this.dot(`corner ${ring.name}${chosen ? " chosen" : ""}`, x, y, 8, {
            "data-ring": ring.name, "data-corner": k, "data-key": key, tabindex: 0, role: "button",
            "aria-label": `${this.words.ed_corner} ${name}: ${x.toFixed(4)}, ${y.toFixed(4)}`,
          });
          if (ring.name === "quad") {
            const letter = element("text", { x: x * this.width + 10 * this.scale, y: y * this.height - 10 * this.scale, "font-size": 15 * this.scale, "stroke-width": 4 * this.scale, class: "letter" }, this.layer);
            letter.textContent = name;
          }
        });
      }
    }

    dot(kind, x, y, radius, attributes) {
      const place = { cx: x * this.width, cy: y * this.height };
      const group = element("g", { class: `dot ${kind}`, ...attributes }, this.layer);
      element("circle", { ...place, r: GRAB * this.scale * (kind === "middle" ? 0.6 : 1), class: "grab" }, group);
      element("circle", { ...place, r: radius * this.scale, class: "seen" }, group);
    }

    unfinished() {
      const { points } = this.pen;
      element("polyline", { points: this.px(points), class: "unfinished" }, this.layer);
      points.forEach(([x, y], k) => this.dot(k ? "corner" : "corner first", x, y, 8, {}));
    }

    // -- a new outline, corner by corner ---------------------------------------------------------------

    // `most`: it ends by itself with so many points; 0: when it is closed.
    pick(most, done) {
      Object.assign(this, { picking: false, taping: false });
      this.pen = { points: [], most, done };
      this.svg.focus({ preventScroll: true });
      this.draw();
      this.heard("pen");
      this.svg.scrollIntoView({ block: "nearest" }); // on a phone the button is far below the picture
    }

    pen_point(point) {
      const { points, most } = this.pen;
      const near = (a) => Math.hypot((a[0] - point[0]) * this.width, (a[1] - point[1]) * this.height) < GRAB * this.scale;
      if (!most && points.length >= 3 && near(points[0])) return this.finish();
      points.push(point);
      if (most && points.length === most) return this.finish();
      return this.draw();
    }

    finish() {
      const { pen } = this;
      if (!pen) return;
      if (!pen.points.length) pen.points = this.proposal(pen.most);
      if (pen.points.length < (pen.most || 3)) return;
      this.pen = null;
      pen.done(pen.points);
      this.heard("pen");
      this.draw();
    }

    cancel() {
      Object.assign(this, { pen: null, picking: false, taping: false });
      this.heard("pen");
      this.draw();
    }

    // For those who draw by keyboard: something in the middle, to be moved corner by corner.
    proposal(most) {
      const { x, y, w, h } = this.view;
      const at = (dx, dy) => [(x + w * dx) / this.width, (y + h * dy) / this.height];
      return most === 2 ? [at(0.35, 0.6), at(0.65, 0.6)] : [at(0.35, 0.4), at(0.65, 0.4), at(0.65, 0.7), at(0.35, 0.7)];
    }

    // -- pointers --------------------------------------------------------------------------------------

    down(event) {
      if (event.button > 0) return;
      event.preventDefault();
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      this.svg.setPointerCapture(event.pointerId);
      if (this.pointers.size > 1) return this.pinch();
      const from = this.at(event);
      const found = event.target.closest?.("[data-corner], [data-middle], [data-edge]");
      this.drag = { from, moved: false, view: { ...this.view }, ...this.taken(event.target, found) };
      if (this.drag.corner === undefined || this.pen) this.svg.focus({ preventScroll: true });
      return undefined;
    }

    taken(target, found) {
      const { model } = this;
      if (this.pen) return {};
      if (found?.dataset.edge !== undefined) return { edge: Number(found.dataset.edge) };
      if (found?.dataset.middle !== undefined) return { middle: Number(found.dataset.middle) };
      if (found?.dataset.corner !== undefined) {
        const [ring, corner] = [found.dataset.ring, Number(found.dataset.corner)];
        model.choose(model.chosen, ring, corner);
        this.layer.querySelector(`[data-key="${ring}-${corner}"]`)?.focus({ preventScroll: true });
        model.begin();
        return { ring, corner };
      }
      const shape = target.closest?.("[data-shape]");
      if (!shape) return {};
      const index = Number(shape.dataset.shape);
      if (index !== model.chosen) return { select: index };
      model.begin();
      return { start: Object.fromEntries(rings(model.shape).map((one) => [one.name, one.points.map((p) => [...p])])) };
    }

    moved(event) {
      if (!this.pointers.has(event.pointerId)) return;
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (this.gesture) return this.pinched();
      const { drag, model } = this;
      if (!drag) return;
      const at = this.at(event);
      const [dx, dy] = [at.x - drag.from.x, at.y - drag.from.y];
      if (!drag.moved && Math.hypot(dx, dy) < CLICK * this.scale) return;
      drag.moved = true;
      if (drag.middle !== undefined) {
        model.begin();
        model.insert(drag.middle, [at.x / this.width, at.y / this.height]);
        Object.assign(drag, { ring: "polygon", corner: drag.middle + 1, middle: undefined });
        Object.assign(model, { ring: "polygon", corner: drag.corner });
      }
      if (drag.corner !== undefined) {
        const [x, y] = event.altKey ? [at.x / this.width, at.y / this.height] : this.snapped(at, drag);
        model.move(drag.ring, drag.corner, x, y);
      } else if (drag.start) model.moveAll(drag.start, dx / this.width, dy / this.height);
      else if (this.view.w < this.width) return this.look(this.view.x - dx, this.view.y - dy, this.view.w);
      this.draw();
      this.heard("moving");
    }

    // A corner near another one is meant to be that one: neighbours share their border.
    snapped(at, drag) {
      const near = [];
      this.model.shapes.forEach((shape, index) => rings(shape).forEach((ring) => ring.points.forEach(([x, y], k) => {
        if (index === this.model.chosen && ring.name === drag.ring) return;
        near.push([Math.hypot(x * this.width - at.x, y * this.height - at.y), x, y]);
      })));
      near.sort((a, b) => a[0] - b[0]);
      return near.length && near[0][0] < NEAR * this.scale ? near[0].slice(1) : [at.x / this.width, at.y / this.height];
    }

    up(event) {
      if (!this.pointers.delete(event.pointerId)) return;
      if (this.gesture) {
        if (!this.pointers.size) this.gesture = null;
        return;
      }
      const { drag, model } = this;
      this.drag = null;
      if (!drag) return;
      if (drag.moved || event.type === "pointercancel") return model.end();
      model.end();
      if (this.pen) this.pen_point([drag.from.x / this.width, drag.from.y / this.height]);
      else if (drag.edge !== undefined) model.change(() => model.toggleDoor(drag.edge));
      else if (drag.middle !== undefined) this.split(drag.middle);
      else if (drag.select !== undefined) model.choose(drag.select);
    }

    split(edge) {
      const { model } = this;
      const { polygon } = model.shape;
      const [a, b] = [polygon[edge], polygon[(edge + 1) % polygon.length]];
      model.change(() => model.insert(edge, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]));
      model.choose(model.chosen, "polygon", edge + 1);
      this.layer.querySelector(`[data-key="polygon-${edge + 1}"]`)?.focus({ preventScroll: true });
    }

    // Two fingers: as far apart as they were, and where they were, on the picture.
    pinch() {
      if (this.drag) { this.model.end(); this.drag = null; }
      const [a, b] = [...this.pointers.values()];
      const box = this.svg.getBoundingClientRect();
      const middle = { clientX: (a.x + b.x) / 2, clientY: (a.y + b.y) / 2 };
      this.gesture = { apart: Math.hypot(a.x - b.x, a.y - b.y) || 1, w: this.view.w, at: this.at(middle), box };
    }

    pinched() {
      if (this.pointers.size < 2) return;
      const [a, b] = [...this.pointers.values()];
      const { apart, w, at, box } = this.gesture;
      const wide = Math.min(this.width, Math.max(this.width / MOST_ZOOM, (w * apart) / (Math.hypot(a.x - b.x, a.y - b.y) || 1)));
      const high = (wide * this.height) / this.width;
      this.look(at.x - (((a.x + b.x) / 2 - box.left) / box.width) * wide, at.y - (((a.y + b.y) / 2 - box.top) / box.height) * high, wide);
    }

    wheel(event) {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8, this.at(event));
    }

    // -- keys ------------------------------------------------------------------------------------------

    focused(target) {
      const found = target.closest?.("[data-key]");
      if (!found || (this.model.ring === found.dataset.ring && this.model.corner === Number(found.dataset.corner))) return;
      this.model.choose(this.model.chosen, found.dataset.ring, Number(found.dataset.corner));
    }

    key(event) {
      if (this.pen) return this.penKey(event);
      const { model } = this;
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === "Escape") return this.cancel();
      if (model.corner < 0 || !model.shape) return undefined;
      const ring = rings(model.shape).find((one) => one.name === model.ring);
      const point = ring?.points[model.corner];
      if (!point) return undefined;
      if (step) {
        event.preventDefault();
        const far = event.shiftKey ? 10 : 1;
        model.change(() => model.move(model.ring, model.corner, point[0] + (step[0] * far) / this.width, point[1] + (step[1] * far) / this.height));
      } else if (!ring.fixed && event.key === "Insert") {
        event.preventDefault();
        this.split(model.corner);
      } else if (!ring.fixed && (event.key === "Delete" || event.key === "Backspace")) {
        event.preventDefault();
        const corner = model.corner;
        model.change(() => model.remove(corner));
        model.choose(model.chosen, "polygon", Math.min(corner, model.shape.polygon.length - 1));
        this.layer.querySelector(`[data-key="polygon-${model.corner}"]`)?.focus({ preventScroll: true });
      }
      return undefined;
    }

    penKey(event) {
      if (event.key === "Escape") this.cancel();
      else if (event.key === "Enter") this.finish();
      else if (event.key === "Backspace") { this.pen.points.pop(); this.draw(); }
      else return;
      event.preventDefault();
    }
  }

  globalThis.zoneEditor.Stage = Stage;
})();
