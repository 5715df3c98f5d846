// Every test vector, without any of edge-agent's code: Node 18 or later, no packages.
//   node vectors.mjs [FOLDER]
// Each good one must be accepted, each bad one refused by the check that index.json names. Written from the
// documents and not from the program, so that the two can disagree.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { check, form, strictJson } from "./form.mjs";

const TYPE = /^application\/vnd\.edge-agent\.(evidence|receipt|command)\.v1\+json$/;
const SCHEMA = { evidence: "statement", receipt: "receipt", command: "command" };
const folder = process.argv[2] ?? "vectors";
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

function base64(text) {
  check(typeof text === "string", "envelope: no base64 text");
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Buffer.from(standard, "base64");
  check(bytes.toString("base64") === standard, "base64: not the one encoding of its bytes");
  return bytes;
}

/** Ed25519, or P-256 with DER signatures; a key of another kind is nobody's. */
function keyFrom(material, purpose) {
  const key = createPublicKey(material);
  const hash = { ed25519: null, prime256v1: "sha256" }[key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType];
  return hash === undefined ? undefined : { purpose, id: sha256(key.export({ type: "spki", format: "der" })), made: (sig, bytes) => verify(hash, bytes, key, sig) };
}

// A key's file says what it may speak for: evidence.pem and evidence-next.pem for evidence. Certificates are no keys.
const pems = readdirSync(join(folder, "keys")).map((name) => [name, readFileSync(join(folder, "keys", name), "utf8")]);
const keys = pems.flatMap(([name, pem]) => pem.includes("BEGIN PUBLIC KEY") ? keyFrom(pem, name.replace(/[-.].*/, "")) ?? [] : []);

/** The key that takes over must have signed too, and be the one that is named. */
function checkRotation({ keyid, record }, sigs, pae) {
  const next = keyFrom({ key: Buffer.from(record.new_public_key_spki, "hex"), format: "der", type: "spki" }, "");
  check(next?.id === record.new_keyid && record.old_keyid === keyid && next.id !== keyid, "rotation: names other keys");
  check(sigs.some((sig) => next.made(sig, pae)), "rotation: the new key did not sign it");
}

/** Size, envelope, base64, signature, type, JSON, form: in this order. `wanted`: what may come where it is read. */
function read(file, wanted) {
  const envelope = readFileSync(join(folder, file));
  check(envelope.length <= 95573, "envelope: too large");
  const { payload, payloadType, signatures } = strictJson(envelope, "envelope");
  check(typeof payloadType === "string" && Array.isArray(signatures) && signatures.length > 0 && signatures.length <= 8, "envelope: type and 1 to 8 signatures");
  const body = base64(payload), sigs = signatures.map((s) => base64(s?.sig));
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${body.length} `), body]);
  const trusted = wanted === "command" ? keys.filter((key) => key.purpose === "command") : keys;
  const signers = trusted.filter((key) => sigs.some((sig) => key.made(sig, pae)));
  check(signers.length > 0, "signature: no trusted key made it");
  const purpose = TYPE.exec(payloadType)?.[1];
  check(purpose === wanted, `type: ${payloadType} does not belong here`);
  check(signers.some((key) => key.purpose === purpose), `type: this key may not speak for ${payloadType}`);
  const says = form(body, SCHEMA[purpose]);
  check(purpose !== "evidence" || signers.some((key) => key.id === says.keyid), "form: keyid inside is not the key that signed");
  if (says.record?.type === "key_rotation") checkRotation(says, sigs, pae);
  return { says, digest: sha256(body) };
}

let wrong = 0;
const say = (fine, line) => { wrong += !fine; console.log(`${fine ? "as it should be:" : "WRONG:"} ${line}`); };
const attempt = (file, wanted) => { try { return read(file, wanted); } catch (error) { return { check: error.message.split(":")[0], why: error.message }; } };

const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
for (const [wanted, list] of [["evidence", index], ["command", index.commands ?? { good: [], bad: [] }]]) {
  for (const { file, payload_sha256 } of list.good) {
    const found = attempt(file, file.includes("receipt") ? "receipt" : wanted);
    say(found.digest === payload_sha256, `good ${file} ${found.why ?? ""}`);
  }
  for (const entry of list.bad) {
    const found = attempt(entry.file, wanted);
    const failed = wanted === "command" && ["json", "form"].includes(found.check) ? "malformed" : found.check;
    // What depends on the box (its clock, its counters, who may ask what) is for the box to refuse.
    const ours = ["envelope", "base64", "signature", "type", "json", "form", "malformed", "rotation"].includes(entry.check);
    if (ours) say(failed === entry.check, `bad ${entry.file}: ${found.why ?? `accepted, not refused by ${entry.check}`}`);
    else console.log(`not checked here: ${entry.file}: ${entry.check}`);
  }
}
const links = index.chain.map((file) => [file, attempt(file, "evidence")]);
links.slice(1).forEach(([file, link], n) => say(link.says?.chain.prev === links[n][1].digest, `chain ${file}`));
for (const name of readdirSync(join(folder, "attachments"))) say(sha256(readFileSync(join(folder, "attachments", name))) === name, `attachment ${name.slice(0, 16)}`);
process.exit(wrong ? 1 : 0);
