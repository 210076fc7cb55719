/** Targets: packets, keys, messages and signatures, and what gpg says of them. */
import { readFileSync } from "node:fs";
import { readLiteral } from "../../src/seal/framing.ts";
import { GpgStatus, readListing } from "../../src/seal/gpg-status.ts";
import { readKeyText } from "../../src/seal/key-text.ts";
import { packetOpener } from "../../src/seal/packet.ts";
import { packetBounds } from "../../src/seal/packet-bounds.ts";
import { knownRecipient, readRecipients } from "../../src/seal/recipients.ts";
import { isVersion2, readSealed } from "../../src/seal/sealed-message.ts";
import { verifySignature } from "../../src/seal/signature.ts";
import { example, identityOf, privateBlock, publicBlock } from "../support/keys.ts";
import { keyFor, literalOf, plainOf, sealed, VERSIONS } from "../support/packets.ts";
import { seedFile } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";
import { OBJECT } from "./target.ts";

/** Before any of the keys expires. */
const NOW = new Date("2026-01-01");
const opener = packetOpener(...VERSIONS.map(keyFor));
const certificate = example("A.3");
const secretKey = example("A.4");
const identity = await identityOf(privateBlock(secretKey));
/** By the host whose key is among the seeds. */
const signedBytes = plainOf(100);
const hostKey = readFileSync(seedFile("armored keys", "valid-host"), "utf8");

const STATUS = [
  "[GNUPG:] ENC_TO 3EAAF52CA99FBA6A 1 0",
  "[GNUPG:] DECRYPTION_INFO 2 9 0",
  "[GNUPG:] ERROR pkdecrypt_failed 67108875",
  "[GNUPG:] FAILURE sign 67108949",
  "[GNUPG:] SIG_CREATED D 22 10 00 1795614994 38E880D68A8B009BD7DD879402372A9A5A4B89BB",
  "[GNUPG:] DECRYPTION_FAILED",
];
const LISTING = [
  "sec:u:255:22:79E44165F2F53BA1:1700000000:::u:::scESC:::+::ed25519:::0:",
  "fpr:::::::::38E880D68A8B009BD7DD879402372A9A5A4B89BB:",
  "ssb:u:255:18:3EAAF52CA99FBA6A:1700000000::::::e:::+::cv25519::",
];
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const joined = (lines: readonly string[]) => Buffer.from(`${lines.join("\n")}\n`);

export const openpgp: readonly FuzzTarget[] = [
  {
    name: "packet",
    examples: VERSIONS.map((version) => sealed(version, plainOf(100))),
    form: "bytes",
    run: (bytes) => opener.open(OBJECT, bytes),
  },
  {
    name: "literal packet",
    examples: [literalOf(0), literalOf(50), literalOf(300)],
    form: "bytes",
    run: (bytes) => readLiteral(OBJECT, bytes),
  },
  {
    name: "packet bounds",
    examples: [certificate, secretKey, example("A.8")],
    form: "bytes",
    run: (bytes) => packetBounds(bytes),
  },
  {
    name: "armored keys",
    examples: [Buffer.from(publicBlock(certificate))],
    form: "bytes",
    cost: "dear",
    run: (bytes) => readKeyText(textOf(bytes)),
  },
  {
    // The armor's own checks stand in the way of nearly every change.
    name: "public key",
    examples: [certificate],
    form: "bytes",
    cost: "dear",
    run: async (bytes) => {
      await readRecipients(publicBlock(bytes), NOW);
      return await knownRecipient(publicBlock(bytes));
    },
  },
  {
    name: "private key",
    examples: [secretKey],
    form: "bytes",
    cost: "dear",
    run: (bytes) => identityOf(privateBlock(bytes), "wrong"),
  },
  {
    name: "sealed message",
    examples: [example("A.8")],
    form: "bytes",
    cost: "dear",
    run: async (bytes) => {
      const version = await isVersion2(await readSealed(OBJECT, bytes));
      return { version, payload: await identity.open(OBJECT, bytes) };
    },
  },
  {
    name: "signature",
    examples: [readFileSync(seedFile("signature", "valid-host"))],
    form: "bytes",
    cost: "dear",
    run: (bytes) => verifySignature(hostKey, signedBytes, bytes),
  },
  {
    name: "status of gpg",
    examples: [joined(STATUS)],
    form: "bytes",
    run: (bytes) => {
      const status = new GpgStatus(textOf(bytes));
      return [status.isIntact, status.isSigned, status.keyProblem];
    },
  },
  {
    name: "listing of gpg",
    examples: [joined(LISTING)],
    form: "bytes",
    run: (bytes) => readListing(textOf(bytes)),
  },
];
