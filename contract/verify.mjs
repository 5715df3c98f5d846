// Check evidence without any of edge-agent's code: Node 18 or later, no packages.
//   node verify.mjs KEYS.pem FILE_OR_FOLDER...
// KEYS.pem holds the public evidence keys that you trust. Checks envelope, signature, type, the digests
// of attachments that lie beside (attachments/<sha256>*), and the chain between the statements given.
// Does not check: the form of every field (schemas/statement.schema.json), receipts, whose key it is.
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

function open(envelope, keys) {
  check(envelope.length <= 95573, "envelope: too large");
  const { payload, payloadType, signatures } = JSON.parse(utf8(envelope));
  check((utf8(envelope).match(/"payload"\s*:/g) ?? []).length === 1, "envelope: one payload");
  check(typeof payloadType === "string" && signatures?.length > 0, "envelope: type and signatures");
  const body = base64(payload);
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${body.length} `), body]);
  const good = signatures.some((s) => keys.some((key) => verify(null, pae, key, base64(s.sig))));
  check(good, "signature: no trusted key made it");
  check(payloadType === TYPE, `type: ${payloadType} is no evidence`);
  return body;
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
const keys = readFileSync(keyFile, "utf8").match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g).map((pem) => createPublicKey(pem));
const walk = (path) => statSync(path).isFile() ? [path] : readdirSync(path).flatMap((name) => walk(join(path, name)));
const files = paths.flatMap((path) => statSync(path).isFile() ? [path] : walk(path).filter((name) => name.endsWith(".dsse.json") && !name.includes("receipt")));
const chain = new Map();
let bad = files.length === 0;
for (const file of files) {
  try {
    const body = open(readFileSync(file), keys), beside = attachmentsBeside(file), says = JSON.parse(utf8(body)), at = `${says.chain?.epoch} ${says.chain?.seq}`;
    check(says.schema === "evidence.v1", "schema: not evidence.v1");
    for (const a of says.attachments.filter((a) => beside[a.sha256])) check(sha256(readFileSync(beside[a.sha256])) === a.sha256, `attachment ${a.sha256}: damaged`);
    check(!chain.has(at) || chain.get(at).hash === sha256(body), "chain: two statements in one place");
    chain.set(at, { file, hash: sha256(body), prev: says.chain.prev, before: `${says.chain.epoch} ${says.chain.seq - 1}` });
    console.log(`good ${sha256(body)} ${file}: ${says.kind}, ${says.attachments.filter((a) => beside[a.sha256]).length} of ${says.attachments.length} attachments here`);
  } catch (error) { bad = true; console.log(`BAD ${file}: ${error.message}`); }
}
for (const link of chain.values())
  if (chain.has(link.before) && chain.get(link.before).hash !== link.prev) { bad = true; console.log(`BAD ${link.file}: chain: does not follow from the statement before`); }
process.exit(bad ? 1 : 0);
