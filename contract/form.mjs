// The rest of the checks: strict JSON, the JSON Schema, and what a schema cannot say. No packages.
import { readFileSync } from "node:fs";

export const check = (ok, what) => { if (!ok) throw new Error(what); };
const MOST_DEPTH = 16;

/** JSON with one meaning: UTF-8 without a mark, each key once, integers only, whole characters, 16 levels. */
export function strictJson(bytes, what) {
  let text;
  try { text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes); }
  catch { throw new Error(`${what}: not UTF-8`); }
  let at = 0;
  const fail = (why) => { throw new Error(`${what}: ${why} at ${at}`); };
  const space = () => { while (" \t\r\n".includes(text[at] ?? "x")) at += 1; };
  const take = (pattern) => { pattern.lastIndex = at; const found = pattern.exec(text); if (found) at = pattern.lastIndex; return found?.[0]; };
  const string = () => {
    const raw = take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y) ?? fail("no string");
    const value = JSON.parse(raw);
    return value.isWellFormed?.() ?? !/[\ud800-\udfff]/u.test(value) ? value : fail("half a character");
  };
  const value = (depth) => {
    if (depth > MOST_DEPTH) fail("too deep");
    space();
    const list = text[at] === "[";
    if (list || text[at] === "{") {
      const found = list ? [] : new Map(), end = list ? "]" : "}";
      at += 1;
      space();
      if (text[at] === end) { at += 1; return list ? found : {}; }
      for (;;) {
        if (list) found.push(value(depth + 1));
        else {
          space();
          const key = string();
          if (found.has(key)) fail(`key ${key} twice`);
          space();
          if (text[at++] !== ":") fail("no colon");
          found.set(key, value(depth + 1));
        }
        space();
        if (text[at] === end) { at += 1; return list ? found : Object.fromEntries(found); }
        if (text[at++] !== ",") fail("no comma");
      }
    }
    if (text[at] === '"') return string();
    const word = take(/true|false|null/y);
    if (word) return JSON.parse(word);
    const number = take(/-?(?:0|[1-9]\d*)(?:[.eE][-+.eE\d]*)?/y) ?? fail("no value");
    return /^-?\d{1,19}$/.test(number) && BigInt.asIntN(64, BigInt(number)) === BigInt(number) ? Number(number) : fail(`${number.slice(0, 24)} is no integer of 64 bits`);
  };
  const found = value(1);
  space();
  if (at !== text.length) fail("something behind the end");
  check(found !== null && typeof found === "object" && !Array.isArray(found), `${what}: no object`);
  return found;
}

/** The part of JSON Schema 2020-12 that our schemas use. Returns what is wrong, or nothing. */
export function misfit(schema, value, root = schema, where = "") {
  if (schema.$ref) return misfit(schema.$ref.split("/").slice(1).reduce((node, step) => node[step], root), value, root, where);
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
  if (schema.type && schema.type !== kind) return `${where}: ${kind}, not ${schema.type}`;
  if ("const" in schema && schema.const !== value) return `${where}: not ${schema.const}`;
  if (schema.enum && !schema.enum.includes(value)) return `${where}: not one of ${schema.enum}`;
  for (const choices of [schema.anyOf, schema.oneOf])
    if (choices && choices.every((choice) => misfit(choice, value, root, where))) return `${where}: fits none of its forms`;
  if (kind === "integer" && !(value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity))) return `${where}: out of range`;
  if (kind === "string" && ([...value].length > (schema.maxLength ?? Infinity) || [...value].length < (schema.minLength ?? 0))) return `${where}: length`;
  if (kind === "string" && schema.pattern && !new RegExp(schema.pattern, "u").test(value)) return `${where}: not of the form ${schema.pattern}`;
  if (kind === "array") {
    if (value.length > (schema.maxItems ?? Infinity) || value.length < (schema.minItems ?? 0)) return `${where}: ${value.length} items`;
    for (const [index, item] of value.entries()) {
      const wrong = misfit(schema.prefixItems?.[index] ?? schema.items ?? {}, item, root, `${where}.${index}`);
      if (wrong) return wrong;
    }
  }
  if (kind === "object") {
    for (const key of schema.required ?? []) if (!Object.hasOwn(value, key)) return `${where}.${key}: missing`;
    for (const [key, item] of Object.entries(value)) {
      const known = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties[key] : schema.additionalProperties ?? {};
      const wrong = known === false ? `${where}.${key}: unknown` : misfit(known === true ? {} : known, item, root, `${where}.${key}`);
      if (wrong) return wrong;
    }
  }
  return undefined;
}

const STREET = { recheck: "recheck", inspection: "inspection" };
const CASES = ["wim", "anpr", "composite", "storefront", "recheck", "inspection"];
const CASE_PHASES = ["confirmed", "ongoing", "reopened"];

/** What a statement may not say although each part fits: see docs/evidence.md, docs/statement.md. */
function contradictions(s) {
  const seen = s.storefront, pictures = new Set([...s.attachments.map((a) => a.sha256), ...s.missing]);
  const originals = new Set([...s.attachments.filter((a) => a.parent === null).map((a) => a.sha256), ...s.missing]);
  const copy = (role) => role === "derived" || /_(marked|shared)$/.test(role);
  return [
    [CASES.includes(s.kind) ? s.record === null && s.legal !== null : s.record?.type === s.kind, "kind and record"],
    [!["wim", "composite"].includes(s.kind) || (s.measurement !== null && s.recognition !== null), "a weighing without its parts"],
    [["storefront", "recheck", "inspection"].includes(s.kind) === (seen !== null), "kind and storefront"],
    [!seen || (STREET[seen.phase] ?? "storefront") === s.kind, "kind and phase"],
    [!seen || !CASE_PHASES.includes(seen.phase) || seen.finding === "present", "a case of what is not present"],
    [!seen || seen.phase !== "cleared" || seen.finding === "absent", "cleared without being seen absent"],
    [!seen || seen.finding !== "present" || seen.items.length > 0, "present without an item"],
    [!seen || !["confirmed", "reopened"].includes(seen.phase) || seen.dwell_ms >= seen.stay_ms, "less time than the rule asks for"],
    [!seen || seen.phase !== "confirmed" || (seen.first_seen_monotonic_us !== null && seen.confirmed_monotonic_us !== null), "confirmed without its times"],
    [!seen || seen.detections.every((d) => pictures.has(d.sha256)), "a detection in no picture"],
    [!s.recognition || (s.recognition.plate !== null) === (s.recognition.status === "matched"), "a plate without a match"],
    [s.attachments.every((a) => copy(a.role) === (a.parent !== null)), "copies have parents, originals none"],
    [s.attachments.every((a) => !a.role.endsWith("_shared") || a.privacy_mask), "a shared copy that is not masked"],
    [s.attachments.every((a) => a.parent === null || originals.has(a.parent)), "a copy without its original"],
    [(s.chain.seq === 0) === (s.kind === "genesis") && (s.chain.seq === 0) === (s.chain.prev === null) && (s.chain.seq === 0) === (s.chain.store_genesis === null), "seq 0 and genesis"],
    [s.record?.type !== "commissioning" || pictures.has(s.record.report_sha256), "a commissioning without its report"],
    [s.record?.type !== "commissioning" || s.record.test_receipted <= s.record.test_crossings, "more tests receipted than made"],
    [s.record?.outcome !== "accepted" || (s.record.checks_fault === 0 && s.record.test_receipted > 0), "accepted with a fault, or without a receipted test"],
    [s.record?.outcome !== "accepted_with_remarks" || s.record.remarks.trim() !== "", "remarks that are not given"],
    [s.record?.type !== "coverage" || (s.record.end_monotonic_us > s.record.start_monotonic_us
      && s.record.parts.every((p) => p.watched_ms <= Math.ceil((s.record.end_monotonic_us - s.record.start_monotonic_us) / 1000))), "more watched than its period"],
  ].filter(([fine]) => !fine).map(([, what]) => what);
}

const schemas = {};
const schema = (name) => (schemas[name] ??= JSON.parse(readFileSync(new URL(`schemas/${name}.schema.json`, import.meta.url), "utf8")));

/** The signed payload as data, fully checked; `name` is statement, receipt, ... */
export function form(payload, name) {
  const says = strictJson(payload, "json");
  const wrong = misfit(schema(name), says);
  check(!wrong, `form: ${wrong}`);
  const contrary = name === "statement" ? contradictions(says) : [];
  const days = (says.expires_utc_us - says.not_before_utc_us) / 86_400_000_000; // NaN where it is no command
  if (name === "command" && !(days > 0 && days <= 7)) contrary.push("a command is valid for seven days at most");
  check(contrary.length === 0, `form: ${contrary[0]}`);
  return says;
}
