/**
 * What does it cost to seal and to open a segment, against OpenPGP.js doing the
 * same, and against the floor of AES-256-GCM alone?
 */
import { createCipheriv, randomBytes } from "node:crypto";
import * as openpgp from "openpgp";
import { packetOpener, packetSealer } from "../src/seal/packet.ts";
import { compare } from "./compare.ts";

const SEGMENT = 64 * 1024;
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

/** As a round of it: many segments, one after the other. */
function repeated(run: () => unknown): () => Promise<void> {
  return async () => {
    for (let turn = 0; turn < PER_ROUND; turn++) await run();
  };
}

console.log(`in packets of ${SEGMENT / 1024} KiB`);
await compare(SEGMENT * PER_ROUND, {
  "AES-256-GCM": repeated(gcmAlone),
  "varve seals": repeated(() => sealer.seal(segment, into)),
  "varve opens": repeated(() => opener.open("packet", packet)),
  "OpenPGP.js seals": repeated(encryptElsewhere),
  "OpenPGP.js opens": repeated(decryptElsewhere),
});
