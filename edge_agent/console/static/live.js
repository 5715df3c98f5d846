// The live page: asks the box for its figures, draws traces, keeps pictures fresh. A hidden page asks for nothing.
"use strict";
(() => {
  const STATE_MS = 2000, TRACE_MS = 500, PICTURE_MS = 1000, RETRY_MS = 3000, SHOWN_MS = 20000, KEPT_MS = 10000;
  const COLOURS = ["#2f6fb0", "#c4682b", "#4f8f4f", "#7a5fa0"];
  const SVG = "http://www.w3.org/2000/svg";
  const byId = (id) => document.getElementById(id);
  const contact = byId("contact");

  const tell = (text) => { contact.hidden = !text; contact.textContent = text || ""; };
  // A session that has ended leads to the login page.
  const ask = async (address) => {
    const answer = await fetch(address, { headers: { accept: "application/json" } });
    if (answer.redirected) { location.reload(); throw new Error("logged out"); }
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  };
  const wait = (ms) => new Promise((go) => { setTimeout(go, ms); });
  const shown = () => new Promise((go) => {
    if (!document.hidden) { go(); return; }
    tell(contact.dataset.paused);
    document.addEventListener("visibilitychange", () => { tell(""); go(); }, { once: true });
  });
  // One question after the other, never two at once.
  const repeat = async (ms, what) => {
    for (;;) {
      await shown();
      try { await what(); await wait(ms); } catch { await wait(RETRY_MS); }
    }
  };
  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  // -- words ---------------------------------------------------------------------------------------
  const TONES = { ok: "good", degraded: "warn", fault: "bad" };
  const fill = (table, rows, cells) => {
    if (!table) return;
    const labels = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    table.tBodies[0].replaceChildren(...rows.map((row) => {
      const line = element("tr");
      line.append(...cells(row).map(([text, chip, kind], number) => {
        const cell = element("td", chip === undefined ? text : undefined, kind);
        if (chip !== undefined) cell.append(element("span", text, `chip ${chip}`));
        cell.dataset.label = labels[number];
        return cell;
      }));
      return line;
    }));
  };
  const zones = new Map();
  let boxes = {};
  const say = (state) => {
    const level = byId("level");
    if (level.textContent !== state.level_text) level.textContent = state.level_text;
    level.className = `chip ${TONES[state.level]}`;
    byId("unwell").replaceChildren(...state.unwell.map((part) => {
      const line = element("li");
      const detail = element("span", ` ${part.detail}`, "soft small");
      line.append(element("b", part.part), `${byId("unwell").dataset.colon}${part.state}`, detail);
      return line;
    }));
    byId("clock").textContent = state.clock;
    byId("chain").textContent = state.chain;
    fill(byId("crossings"), state.crossings, (row) => [
      [row.time, undefined, "t"], [row.lane], [row.axles], [row.gross, undefined, "t"], [row.speed], [row.flags],
      [row.verdict, row.tone], [row.use], [row.plate],
    ]);
    const none = byId("no-crossings");
    if (none) none.hidden = state.crossings.length > 0;
    fill(byId("zones"), state.zones, (row) => [
      [row.shop], [row.zone], [row.state_text, row.tone], [row.finding], [row.dwell, undefined, "t"],
      [row.asked, undefined, "t"], [row.looked, undefined, "t"],
    ]);
    zones.clear();
    state.zones.forEach((row) => zones.set(row.zone, row.state));
    boxes = state.boxes;
    document.querySelectorAll("figure.camera").forEach(draw);
  };
  const refresh = async () => {
    try { say(await (await ask("/live/state")).json()); tell(""); }
    catch (error) { tell(contact.dataset.lost); throw error; }
  };

  // -- traces --------------------------------------------------------------------------------------
  const lanes = new Map();
  let after = 0;
  const take = ({ now_ms: now, lanes: given }) => {
    let newest = after;
    for (const [name, lane] of Object.entries(given)) {
      const held = lanes.get(name) || { points: [] };
      const first = lane.points.length ? lane.points[0][0] : Infinity;
      held.points = held.points.filter(([at]) => at < first && at > now - SHOWN_MS).concat(lane.points);
      if (lane.points.length) newest = Math.max(newest, lane.points[lane.points.length - 1][0]);
      if (held.passage !== lane.passage) passed(name);
      lanes.set(name, { ...lane, points: held.points, now });
    }
    after = newest;
    document.querySelectorAll("canvas.live-trace").forEach(paint);
  };
  const paint = (canvas) => {
    const lane = lanes.get(canvas.dataset.lane);
    if (!lane) return;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(wide * ratio)) { canvas.width = Math.round(wide * ratio); canvas.height = Math.round(high * ratio); }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, wide, high);
    pen.font = "12px system-ui, sans-serif";
    const tonnes = (kg, sensor) => (kg - (lane.zero[sensor] ?? 0)) / 1000;
    const top = Math.max(1, ...lane.points.flatMap(([, ...loads]) => loads.map(tonnes))) * 1.15;
    const [left, foot] = [40, 20];
    const x = (at) => left + (1 - (lane.now - at) / SHOWN_MS) * (wide - left - 8);
    const y = (load) => high - foot - (load / top) * (high - foot - 18);
    const step = [0.2, 0.5, 1, 2, 5, 10, 20, 50].find((size) => top / size <= 5) || 100;
    pen.fillStyle = "#46535f"; pen.strokeStyle = "#e1e7ec"; pen.lineWidth = 1;
    for (let load = 0; load <= top; load += step) {
      pen.beginPath(); pen.moveTo(left, y(load)); pen.lineTo(wide - 8, y(load)); pen.stroke();
      pen.textAlign = "right"; pen.fillText(`${+load.toFixed(1)} t`, left - 4, y(load) + 4);
    }
    pen.textAlign = "center";
    for (let ago = 20; ago >= 0; ago -= 5) pen.fillText(ago ? `−${ago} s` : "0 s", Math.min(x(lane.now - ago * 1000), wide - 18), high - 4);
    lane.sensors.forEach((_, sensor) => {
      pen.strokeStyle = COLOURS[sensor % COLOURS.length]; pen.lineWidth = 1.6; pen.beginPath();
      lane.points.forEach((point, number) => {
        const place = [x(point[0]), y(tonnes(point[sensor + 1], sensor))];
        if (number) pen.lineTo(...place); else pen.moveTo(...place);
      });
      pen.stroke();
    });
    pen.strokeStyle = "#444"; pen.fillStyle = "#17212b"; pen.setLineDash([3, 4]);
    let written = -Infinity;
    for (const [at, load] of lane.axles) {
      if (at < lane.now - SHOWN_MS) continue;
      pen.beginPath(); pen.moveTo(x(at), 16); pen.lineTo(x(at), high - foot); pen.stroke();
      if (x(at) - written > 28) { pen.fillText(String(load), x(at), 12); written = x(at); }
    }
    pen.setLineDash([]);
    const words = document.querySelector(`.loads[data-lane="${CSS.escape(canvas.dataset.lane)}"]`);
    const last = lane.points[lane.points.length - 1];
    words.replaceChildren(words.dataset.now, ...lane.sensors.flatMap((name, sensor) => [
      element("span", "", `swatch s${sensor % COLOURS.length}`),
      ` ${name} ${last ? `${tonnes(last[sensor + 1], sensor).toFixed(2)} t` : "–"} `,
    ]));
  };

  // -- the last vehicle ------------------------------------------------------------------------------
  const passed = async (lane) => {
    const details = document.querySelector(`details.passage[data-lane="${CSS.escape(lane)}"]`);
    if (!details || !details.open) return;
    const field = details.querySelector("div");
    const answer = await ask(`/live/passage/${encodeURIComponent(lane)}`);
    if (answer.status === 204) { field.textContent = details.dataset.none; return; }
    const drawing = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
    field.replaceChildren(document.importNode(drawing, true));
  };
  document.querySelectorAll("details.passage").forEach((details) => {
    details.addEventListener("toggle", () => { passed(details.dataset.lane).catch(() => {}); });
  });

  // -- cameras ---------------------------------------------------------------------------------------
  const shape = (name, kind, set) => {
    const made = document.createElementNS(SVG, name);
    made.setAttribute("class", kind);
    Object.entries(set).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };
  const label = (text, x, y) => { const made = shape("text", "", { x: x + 4, y: Math.max(y, 22) }); made.textContent = text; return made; };
  const draw = (figure) => {
    const overlay = figure.querySelector("svg");
    const image = figure.querySelector("img");
    if (!image.naturalWidth || image.hidden) { overlay.replaceChildren(); return; }
    const high = Math.round(1000 * image.naturalHeight / image.naturalWidth);
    overlay.setAttribute("viewBox", `0 0 1000 ${high}`);
    const place = ([x, y]) => [x, y * high / 1000];
    const drawn = [];
    for (const { kind, name, points } of JSON.parse(figure.dataset.shapes)) {
      const line = kind === "door" || kind === "line";
      const state = kind === "zone" ? zones.get(name) || "" : "";
      drawn.push(shape(line ? "polyline" : "polygon", `${kind} ${state}`, { points: points.map(place).map(String).join(" ") }));
      if (kind === "zone" || kind === "lane") drawn.push(label(name, ...place(points[0])));
    }
    for (const { label: what, role, box: [x0, y0, x1, y1] } of boxes[figure.dataset.camera] || []) {
      const [[left, top], [right, foot]] = [place([x0, y0]), place([x1, y1])];
      drawn.push(shape("rect", role, { x: left, y: top, width: right - left, height: foot - top }), label(what, left, top - 4));
    }
    overlay.replaceChildren(...drawn);
  };
  const inSight = new Set();
  const sight = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting) inSight.add(entry.target); else inSight.delete(entry.target);
  }));
  const look = async (figure) => {
    const image = figure.querySelector("img");
    const none = figure.querySelector(".none");
    if (!figure.querySelector(".watch").checked) { image.hidden = true; none.textContent = ""; draw(figure); return; }
    if (!inSight.has(figure)) return;
    const fresh = new Image();
    fresh.src = `/live/camera/${encodeURIComponent(figure.dataset.camera)}?at=${Date.now()}`;
    try { await fresh.decode(); } catch {
      if (Date.now() - (figure.shownAt ?? 0) > KEPT_MS) { image.hidden = true; none.textContent = figure.dataset.none; draw(figure); }
      throw new Error("none");
    }
    figure.shownAt = Date.now();
    none.textContent = "";
    fresh.alt = image.alt;
    image.replaceWith(fresh);
    draw(figure);
  };

  repeat(STATE_MS, refresh);
  if (document.querySelector("canvas.live-trace")) repeat(TRACE_MS, async () => take(await (await ask(`/live/traces?after=${after}`)).json()));
  document.querySelectorAll("figure.camera").forEach((figure) => {
    sight.observe(figure);
    repeat(PICTURE_MS, () => look(figure));
  });
})();
