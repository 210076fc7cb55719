/**
 * What does it cost to seal and to open a segment, against OpenPGP.js doing the
 * same, and against the floor of AES-256-GCM alone?
 */
import { createCipheriv, randomBytes } from "node:crypto";
import * as openpgp from "openpgp";
import { packetOpener, packetSealer } from "../src/seal/packet.ts";

const SEGMENT = 64 * 1024;
const ROUNDS = 9;
const PER_ROUND = 100;

const key = randomBytes(32);
const segment = randomBytes(SEGMENT);
const sealer = packetSealer(key, randomBytes);
const opener = packetOpener(key);
const packet = new Uint8Array(sealer.sealedSize(SEGMENT));
const into = new Uint8Array(packet.length);
sealer.seal(segment, packet);
const sessionKey: openpgp.SessionKey = {
  data: key,
  algorithm: "aes256",
  aeadAlgorithm: "gcm",
};

async function encryptElsewhere(): Promise<Uint8Array> {
  const message = await openpgp.createMessage({ binary: segment });
  return openpgp.encrypt({ message, sessionKey, format: "binary" });
}

async function decryptElsewhere(): Promise<Uint8Array> {
  const message = await openpgp.readMessage({ binaryMessage: packet });
  const opened = await openpgp.decrypt({ message, sessionKeys: sessionKey, format: "binary" });
  return opened.data;
}

function gcmAlone(): void {
  const cipher = createCipheriv("aes-256-gcm", key, segment.subarray(0, 12));
  into.set(cipher.update(segment));
  cipher.final();
}

if (!segment.equals(opener.open("packet", packet))) throw new Error("varve does not open its own");
if (!segment.equals(await decryptElsewhere())) throw new Error("OpenPGP.js does not open varve's");

const variants: Record<string, () => unknown> = {
  "seal, varve": () => sealer.seal(segment, into),
  "seal, OpenPGP.js": encryptElsewhere,
  "open, varve": () => opener.open("packet", packet),
  "open, OpenPGP.js": decryptElsewhere,
  "AES-256-GCM alone": gcmAlone,
};

const times = new Map<string, number[]>(Object.keys(variants).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, run] of Object.entries(variants)) {
    const start = performance.now();
    for (let turn = 0; turn < PER_ROUND; turn++) await run();
    const perMegabyte = ((performance.now() - start) / (PER_ROUND * SEGMENT)) * 1e6;
    // The first round only warms up.
    if (round > 0) times.get(name)?.push(perMegabyte);
  }
}

console.log(`ms/MB in packets of ${SEGMENT} bytes: median (best..worst) of ${ROUNDS} rounds`);
for (const [name, measured] of times) {
  measured.sort((one, other) => one - other);
  const [median, best, worst] = [ROUNDS >> 1, 0, -1].map((at) => measured.at(at)?.toFixed(2));
  console.log(`${name}: ${median} (${best}..${worst})`);
}
