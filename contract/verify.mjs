// Check evidence without any of edge-agent's code: Node 18 or later, no packages.
//   node verify.mjs KEYS.pem FILE_OR_FOLDER...
// KEYS.pem holds the public evidence keys that you trust; a key that took over from one of them by a
// rotation among the files is trusted too. Checks envelope, signature, type, the digests of attachments
// that lie beside (attachments/<sha256>*), rotations, and the chain between the statements given.
// Does not check: the form of every field (schemas/statement.schema.json), receipts, certificates, SM2.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const TYPE = "application/vnd.edge-agent.evidence.v1+json";
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const check = (ok, what) => { if (!ok) throw new Error(what); };
const utf8 = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

function base64(text) {
  const standard = String(text).replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Buffer.from(standard, "base64");
  check(bytes.toString("base64") === standard, "base64: not the one encoding of its bytes");
  return bytes;
}

function known(key) { // Ed25519, or ECDSA P-256 with SHA-256 and DER signatures
  const ed25519 = key.asymmetricKeyType === "ed25519", p256 = key.asymmetricKeyDetails?.namedCurve === "prime256v1";
  check(ed25519 || p256, "key: neither Ed25519 nor P-256");
  return { id: sha256(key.export({ type: "spki", format: "der" })), made: (sig, data) => verify(ed25519 ? null : "sha256", data, key, sig) };
}

function open(envelope, keys) {
  check(envelope.length <= 95573, "envelope: too large");
  const { payload, payloadType, signatures } = JSON.parse(utf8(envelope));
  check((utf8(envelope).match(/"payload"\s*:/g) ?? []).length === 1, "envelope: one payload");
  check(typeof payloadType === "string" && signatures?.length > 0, "envelope: type and signatures");
  const body = base64(payload), sigs = signatures.map((s) => base64(s.sig));
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${body.length} `), body]);
  const signers = [...keys.values()].filter((key) => sigs.some((sig) => key.made(sig, pae)));
  check(signers.length > 0, "signature: no trusted key made it");
  check(payloadType === TYPE, `type: ${payloadType} is no evidence`);
  const says = JSON.parse(utf8(body)), record = says.record;
  check(signers.some((key) => key.id === says.keyid), "keyid inside is not the key that signed");
  if (record?.type !== "key_rotation") return { body, says };
  const next = known(createPublicKey({ key: Buffer.from(record.new_public_key_spki, "hex"), format: "der", type: "spki" }));
  check(next.id === record.new_keyid && record.old_keyid === says.keyid && next.id !== says.keyid, "key rotation: names other keys");
  check(sigs.some((sig) => next.made(sig, pae)), "key rotation: the new key did not sign it");
  return { body, says, next };
}

function attachmentsBeside(file) {
  const found = {};
  for (const folder of [join(dirname(file), "attachments"), join(dirname(file), "..", "attachments")]) {
    try { for (const name of readdirSync(folder)) found[name.slice(0, 64)] = join(folder, name); } catch { /* none here */ }
  }
  return found;
}

const [keyFile, ...paths] = process.argv.slice(2);
if (!keyFile || !paths.length) { console.error("usage: node verify.mjs KEYS.pem FILE_OR_FOLDER..."); process.exit(2); }
const pems = readFileSync(keyFile, "utf8").match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g);
const keys = new Map(pems.map((pem) => known(createPublicKey(pem))).map((key) => [key.id, key]));
const walk = (path) => statSync(path).isFile() ? [path] : readdirSync(path).flatMap((name) => walk(join(path, name)));
const files = paths.flatMap((path) => statSync(path).isFile() ? [path] : walk(path).filter((name) => name.endsWith(".dsse.json") && !name.includes("receipt")));
const chain = new Map();
let bad = files.length === 0;
const complain = (file, what) => { bad = true; console.log(`BAD ${file}: ${what}`); };

function look(file) {
  const { body, says, next } = open(readFileSync(file), keys), beside = attachmentsBeside(file), at = `${says.chain?.epoch} ${says.chain?.seq}`;
  if (next) keys.set(next.id, next);
  check(says.schema === "evidence.v1", "schema: not evidence.v1");
  for (const a of says.attachments.filter((a) => beside[a.sha256])) check(sha256(readFileSync(beside[a.sha256])) === a.sha256, `attachment ${a.sha256}: damaged`);
  check(!chain.has(at) || chain.get(at).hash === sha256(body), "chain: two statements in one place");
  chain.set(at, { file, hash: sha256(body), prev: says.chain.prev, epoch: says.chain.epoch, seq: says.chain.seq, key: says.keyid, rotates: Boolean(next) });
  console.log(`good ${sha256(body)} ${file}: ${says.kind}, ${says.attachments.filter((a) => beside[a.sha256]).length} of ${says.attachments.length} attachments here`);
}

for (let waiting = files, trusted = -1; waiting.length; ) { // again, as long as rotations among them bring new keys
  const last = trusted === keys.size;
  trusted = keys.size;
  waiting = waiting.filter((file) => {
    try { look(file); } catch (error) { if (last) complain(file, error.message); return !last; }
    return false;
  });
}
const links = [...chain.values()], rotations = links.filter((link) => link.rotates);
for (const link of links) {
  const before = chain.get(`${link.epoch} ${link.seq - 1}`);
  if (before && before.hash !== link.prev) complain(link.file, "chain: does not follow from the statement before");
  if (rotations.some((other) => other.epoch === link.epoch && other.seq < link.seq && other.key === link.key))
    complain(link.file, "chain: its key was rotated away before it");
}
process.exit(bad ? 1 : 0);
