/**
 * What does it cost to seal and to open a segment in packets of each version,
 * against OpenPGP.js doing the same, and against the floor of the ciphers and
 * hashes alone?
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import * as openpgp from "openpgp";
import type { PacketVersion } from "../src/format/secret.ts";
import { packetOpener, packetSealer } from "../src/seal/packet.ts";
import { compare } from "./compare.ts";

const SEGMENT = 64 * 1024;
const PER_ROUND = 100;

const key = randomBytes(32);
const segment = randomBytes(SEGMENT);
const into = new Uint8Array(SEGMENT + 100);

/** The least that node:crypto can do for a packet of this version. */
const floors: Readonly<Record<PacketVersion, readonly [name: string, run: () => void]>> = {
  1: [
    "CFB and SHA-1",
    () => {
      createHash("sha1").update(segment).digest();
      into.set(createCipheriv("aes-256-cfb", key, segment.subarray(0, 16)).update(segment));
    },
  ],
  2: [
    "GCM",
    () => {
      const cipher = createCipheriv("aes-256-gcm", key, segment.subarray(0, 12));
      into.set(cipher.update(segment));
      cipher.final();
    },
  ],
};

for (const packets of [2, 1] as const) {
  const sealer = packetSealer({ packets, key }, randomBytes);
  const opener = packetOpener({ packets, key });
  const packet = new Uint8Array(sealer.sealedSize(SEGMENT));
  sealer.seal(segment, packet);
  const sessionKey: openpgp.SessionKey = { data: key, algorithm: "aes256" };
  if (packets === 2) sessionKey.aeadAlgorithm = "gcm";

  const encryptElsewhere = async () => {
    const message = await openpgp.createMessage({ binary: segment });
    return openpgp.encrypt({ message, sessionKey, format: "binary" });
  };
  const decryptElsewhere = async () => {
    const message = await openpgp.readMessage({ binaryMessage: packet });
    const opened = await openpgp.decrypt({ message, sessionKeys: sessionKey, format: "binary" });
    return opened.data;
  };

  if (!segment.equals(opener.open("packet", packet))) throw new Error("varve opens other bytes");
  if (!segment.equals(await decryptElsewhere())) throw new Error("OpenPGP.js opens other bytes");

  console.log(`packets of version ${packets}, ${SEGMENT / 1024} KiB each`);
  const [floor, run] = floors[packets];
  await compare(SEGMENT * PER_ROUND, {
    [floor]: repeated(run),
    "varve seals": repeated(() => sealer.seal(segment, into)),
    "varve opens": repeated(() => opener.open("packet", packet)),
    "OpenPGP.js seals": repeated(encryptElsewhere),
    "OpenPGP.js opens": repeated(decryptElsewhere),
  });
}

/** As a round of it: many segments, one after the other. */
function repeated(run: () => unknown): () => Promise<void> {
  return async () => {
    for (let turn = 0; turn < PER_ROUND; turn++) await run();
  };
}
