// What is drawn over the picture, and every step back and forth. Points are [x, y], 0 to 1.
"use strict";
(() => {
  const KEPT = 200;
  const share = (value) => Math.min(1, Math.max(0, value));

  // The outlines of a shape that can be changed corner by corner.
  const rings = (shape) => {
    const found = [];
    if (shape.polygon) found.push({ name: "polygon", points: shape.polygon, closed: true, least: 3 });
    if (shape.line?.length) found.push({ name: "line", points: shape.line, closed: false, least: 2, fixed: true });
    if (shape.tape) found.push({ name: "quad", points: shape.tape.quad, closed: true, least: 4, fixed: true });
    return found;
  };

  class Model {
    constructor(drawing) {
      this.shapes = drawing.shapes;
      this.chosen = this.shapes.length ? 0 : -1;
      this.ring = "polygon";
      this.corner = -1;
      this.past = [];
      this.future = [];
      this.heard = () => {};
    }

    get shape() { return this.shapes[this.chosen]; }

    text() { return JSON.stringify({ shapes: this.shapes }); }

    choose(shape, ring = "polygon", corner = -1) {
      Object.assign(this, { chosen: shape, ring, corner });
      this.heard("chosen");
    }

    // One step that can be undone: `begin`, any number of changes, `end`.
    begin() { this.before ??= this.text(); }

    end() {
      const before = this.before;
      this.before = undefined;
      if (before === undefined || before === this.text()) return;
      this.past.push(before);
      if (this.past.length > KEPT) this.past.shift();
      this.future = [];
      this.heard("changed");
    }

    change(act) {
      this.begin();
      act();
      this.end();
    }

    undo() { this.step(this.past, this.future); }
    redo() { this.step(this.future, this.past); }

    step(from, to) {
      if (!from.length) return;
      to.push(this.text());
      this.shapes = JSON.parse(from.pop()).shapes;
      this.chosen = Math.min(this.chosen, this.shapes.length - 1);
      const ring = this.shape && rings(this.shape).find((one) => one.name === this.ring);
      if (!ring || this.corner >= ring.points.length) this.corner = -1;
      this.heard("changed");
    }

    points(ring) { return ring === "quad" ? this.shape.tape.quad : this.shape[ring]; }

    move(ring, corner, x, y) {
      this.points(ring)[corner] = [share(x), share(y)];
    }

    // The shape as a whole, never out of the picture.
    moveAll(start, dx, dy) {
      const all = Object.values(start).flat();
      const fit = (by, axis) => Math.min(
        1 - Math.max(...all.map((p) => p[axis])), Math.max(-Math.min(...all.map((p) => p[axis])), by));
      const [x, y] = [fit(dx, 0), fit(dy, 1)];
      for (const [ring, points] of Object.entries(start)) {
        points.forEach((p, k) => this.move(ring, k, p[0] + x, p[1] + y));
      }
    }

    insert(after, point) {
      const shape = this.shape;
      shape.polygon.splice(after + 1, 0, point);
      if (shape.door) {
        const parts = shape.door.flatMap((edge) => (edge === after ? [edge, edge + 1] : [edge > after ? edge + 1 : edge]));
        shape.door = parts.sort((a, b) => a - b);
      }
    }

    remove(corner) {
      const shape = this.shape;
      if (shape.polygon.length <= 3) return false;
      const last = shape.polygon.length - 1;
      const before = corner === 0 ? last : corner - 1;
      if (shape.door) {
        const both = shape.door.includes(before) && shape.door.includes(corner);
        const kept = shape.door.filter((edge) => edge !== corner && (edge !== before || both));
        shape.door = kept.map((edge) => (edge > corner ? edge - 1 : edge)).sort((a, b) => a - b);
      }
      shape.polygon.splice(corner, 1);
      return true;
    }

    toggleDoor(edge) {
      const shape = this.shape;
      shape.door = shape.door.includes(edge) ? shape.door.filter((one) => one !== edge) : [...shape.door, edge].sort((a, b) => a - b);
      shape.door_line = [];
    }

    add(shape) {
      this.shapes.push(shape);
      Object.assign(this, { chosen: this.shapes.length - 1, ring: "polygon", corner: -1 });
    }

    drop() {
      this.shapes.splice(this.chosen, 1);
      this.chosen = Math.min(this.chosen, this.shapes.length - 1);
      this.corner = -1;
    }
  }

  globalThis.zoneEditor = { Model, rings };
})();
