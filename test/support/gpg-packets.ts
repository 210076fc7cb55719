/**
 * Packets by gpg. It is given session keys through a descriptor, never as an
 * argument, and needs neither keys nor an agent: what it opens, it opens under a
 * session key; what it seals goes to a key that OpenPGP.js holds.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PrivateKey } from "openpgp";
import { decryptSessionKeys, generateKey, readMessage } from "openpgp";
import { scratchDirectory } from "./scratch.ts";

export const NO_GPG: string | false =
  spawnSync("gpg", ["--version"]).status === 0 ? false : "gpg is not there";

const home = scratchDirectory();
const ALWAYS = ["--batch", "--no-tty", "--no-autostart", "--homedir", home];

/** What gpg finds in `packet`, and vouches for. */
export function openedByGpg(packet: Uint8Array, key: Uint8Array): Uint8Array {
  const file = join(home, "packet.gpg");
  writeFileSync(file, packet);
  const session = ["--override-session-key-fd", "0", "--status-fd", "3"];
  const { status, stdout, stderr, output } = spawnSync(
    "gpg",
    [...ALWAYS, ...session, "--output", "-", "--decrypt", file],
    {
      input: `9:${Buffer.from(key).toString("hex")}\n`,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      maxBuffer: 2 ** 26,
    },
  );
  // gpg writes out before it knows whether the packet is whole.
  const said = String(output[3]);
  assert.equal(status, 0, String(stderr));
  assert.match(said, /^\[GNUPG:\] DECRYPTION_OKAY$/m);
  assert.match(said, /^\[GNUPG:\] GOODMDC$/m);
  return new Uint8Array(stdout);
}

export interface GpgPacket {
  readonly packet: Uint8Array;
  /** The session key that gpg drew for it. */
  readonly key: Uint8Array;
}

/** The SEIPDv1 packet in which gpg seals `plain`, with these further options. */
export async function sealedByGpg(
  plain: Uint8Array,
  ...options: readonly string[]
): Promise<GpgPacket> {
  const recipient = await recipientKey();
  const [keyFile, file, sealed] = ["key.asc", "plain", "message.gpg"].map((n) => join(home, n));
  assert.ok(keyFile !== undefined && file !== undefined && sealed !== undefined);
  writeFileSync(keyFile, recipient.toPublic().armor());
  writeFileSync(file, plain);
  const to = ["--trust-model", "always", "--cipher-algo", "AES256", "--recipient-file", keyFile];
  const { status, stderr } = spawnSync("gpg", [
    ...[...ALWAYS, ...to, "--yes", "--output", sealed],
    ...[...options, "--encrypt", file],
  ]);
  assert.equal(status, 0, String(stderr));

  const bytes = new Uint8Array(readFileSync(sealed));
  const message = await readMessage({ binaryMessage: bytes });
  const [session] = await decryptSessionKeys({ message, decryptionKeys: recipient });
  assert.equal(session?.algorithm, "aes256");
  // In front stands the session key: a packet of the legacy format with one octet of length.
  assert.equal(bytes[0], 0x84);
  return { packet: bytes.subarray(2 + (bytes[1] ?? 0)), key: session.data };
}

let made: Promise<PrivateKey> | undefined;

/** A key of version 4, which gpg takes. */
function recipientKey(): Promise<PrivateKey> {
  made ??= generateKey({ userIDs: { name: "gpg" }, format: "object" }).then(
    ({ privateKey }) => privateKey,
  );
  return made;
}
