/**
 * The only place that runs gpg: keys from its keyring, and identities whose
 * private half stays with gpg-agent or a smartcard.
 *
 * gpg writes out what it decrypts before it knows whether that was changed:
 * everything is held back until its status lines say that it is whole. No
 * secret is ever an argument, for all users see those; what gpg prints for
 * people is thrown away, for it may hold session keys. gpg never gets to ask a
 * network for anything.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { isatty } from "node:tty";
import { AccessError, CorruptError, NotFoundError, UsageError } from "../errors.ts";
import { GpgStatus, readListing } from "./gpg-status.ts";
import type { Identity } from "./identity.ts";
import type { Recipient } from "./recipients.ts";
import { isVersion2, MAX_PAYLOAD, readSealed } from "./sealed-message.ts";
import { verifySignature } from "./signature.ts";

/** There are lines for each packet of a message, and it may be hostile. */
const MAX_STATUS = 2 ** 20;
/** Of the keys that a selector may mean: a letter means all that have it. */
const MAX_NAMED = 10;

/** Not `--quiet`: the status lines would not say why a private key could not be used. */
const OPTIONS = [
  "--batch",
  "--no-tty",
  "--utf8-strings",
  "--no-auto-key-retrieve",
  "--no-auto-key-locate",
  "--disable-dirmngr",
  "--no-auto-check-trustdb",
  ...["--status-fd", "3"],
];
const WITH_PASSPHRASE = ["--pinentry-mode", "loopback", "--passphrase-fd", "4"];
/** Over bytes as they are, whatever gpg.conf says, and with a hash that every reader takes. */
const SIGN = ["--no-armor", "--no-textmode", "--digest-algo", "SHA512", "--detach-sign"];
const EXPORT = ["--armor", "--export-options", "export-minimal", "--export"];

/**
 * The armored public key that `selector` names in gpg's keyring.
 *
 * @param selector - a fingerprint, a key id, an address or a part of a user id.
 * @throws {@link NotFoundError} if the keyring has no such key.
 * @throws {@link UsageError} if it has several, or there is no gpg.
 */
export async function exportKeys(selector: string): Promise<string> {
  // An empty one would stand for every key.
  if (!/^\P{Cc}{1,500}$/u.test(selector)) throw new UsageError("this names no key of gpg's");
  const { output: listing } = await gpg(["--with-colons", "--list-keys", "--", selector]);
  const [found, ...others] = readListing(asText(listing));
  if (found === undefined) throw new NotFoundError(`gpg has no public key ${selector}`);
  if (others.length > 0) {
    const some = [found, ...others].slice(0, MAX_NAMED).map(({ fingerprint }) => fingerprint);
    throw new UsageError(
      `gpg has several keys ${selector}: name one by its fingerprint, of ${some.join(", ")}`,
    );
  }
  const { output } = await gpg([...EXPORT, "--", found.fingerprint]);
  return asText(output);
}

/**
 * Which of these keys gpg can decrypt with, itself or by a smartcard that it
 * knows. None where there is no gpg.
 *
 * @param fingerprints - of primary keys, in lower-case hex.
 */
export async function secretKeys(fingerprints: readonly string[]): Promise<string[]> {
  // gpg has no keys of version 6; and where none is named it lists all.
  const named = fingerprints.filter((fingerprint) => fingerprint.length === 40);
  if (named.length === 0 || !isInUse()) return [];
  const outcome = await run(["--with-colons", "--list-secret-keys", "--", ...named]);
  if (outcome === undefined) return [];
  const able = new Set<string>();
  for (const { fingerprint, decrypts } of readListing(asText(outcome.output))) {
    if (decrypts) able.add(fingerprint);
  }
  return named.filter((fingerprint) => able.has(fingerprint));
}

/** Whether anybody here has used gpg. Where nobody has, it would make a directory and start an agent. */
function isInUse(): boolean {
  return existsSync(process.env["GNUPGHOME"] || join(homedir(), ".gnupg"));
}

/**
 * The identity of a recipient whose private half gpg has. Each message that is
 * opened, and each signature, takes one gpg.
 *
 * @param passphrase - for gpg-agent; without one it asks by itself.
 */
export function gpgIdentity(
  { fingerprint, armored }: Pick<Recipient, "fingerprint" | "armored">,
  passphrase?: string,
): Identity {
  // It would end where the line does, and not be the one that was meant.
  if (passphrase?.includes("\n")) throw new UsageError("a passphrase for gpg is a single line");
  return {
    locked: false,
    fingerprint,
    publicKey: armored,
    async open(name, message) {
      const sealed = await readSealed(name, message);
      const { code, output, status } = await gpg(["--decrypt"], { input: message, passphrase });
      if (output === undefined) throw new CorruptError(name, "it unfolds to more than 64 MiB");
      if (code === 0 && status.isIntact) return output;
      const isUnknown = !status.has("DECRYPTION_INFO") && (await isVersion2(sealed));
      const problem = status.keyProblem ?? (isUnknown ? "it knows no SEIPDv2" : undefined);
      if (problem === undefined) throw new CorruptError(name, "changed since it was sealed");
      throw new AccessError(`gpg cannot open ${name} with the key ${fingerprint}: ${problem}`);
    },
    async sign(bytes) {
      const { code, output, status } = await gpg(["--local-user", fingerprint, ...SIGN], {
        input: bytes,
        passphrase,
      });
      if (code !== 0 || output === undefined || !status.isSigned) {
        const problem = status.keyProblem ?? "it does not sign as told to";
        throw new AccessError(`gpg cannot sign with the key ${fingerprint}: ${problem}`);
      }
      // By a subkey that came later, perhaps: nobody else could check that.
      if (await verifySignature(armored, bytes, output)) return output;
      throw new AccessError(
        `gpg signed with a part of the key ${fingerprint} that the repository does not know`,
      );
    },
  };
}

interface Given {
  readonly input?: Uint8Array;
  readonly passphrase?: string | undefined;
}

/** How a gpg ended. */
interface Outcome {
  readonly code: number | null;
  /** Nothing if there was more than {@link MAX_PAYLOAD} of it. */
  readonly output: Uint8Array | undefined;
  readonly status: GpgStatus;
}

/** @throws {@link UsageError} if there is no gpg. */
async function gpg(command: readonly string[], given: Given = {}): Promise<Outcome> {
  const outcome = await run(command, given);
  if (outcome === undefined) throw new UsageError("there is no gpg program: install GnuPG");
  return outcome;
}

/** @returns nothing if there is no gpg. */
async function run(
  command: readonly string[],
  { input = new Uint8Array(), passphrase }: Given = {},
): Promise<Outcome | undefined> {
  const withPassphrase = passphrase === undefined ? [] : WITH_PASSPHRASE;
  const child = spawn("gpg", [...OPTIONS, ...withPassphrase, ...command], {
    stdio: ["pipe", "pipe", "ignore", "pipe", passphrase === undefined ? "ignore" : "pipe"],
    env: environment(),
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "EACCES") return undefined;
    throw error;
  }
  const stop = () => child.kill("SIGKILL");
  const [inputPipe, outputPipe, , statusPipe, passphrasePipe] = child.stdio;
  feed(inputPipe as Writable, input);
  if (passphrase !== undefined) feed(passphrasePipe as Writable, `${passphrase}\n`);
  const [output, status, [code]] = await Promise.all([
    collect(outputPipe as Readable, MAX_PAYLOAD, stop),
    collect(statusPipe as Readable, MAX_STATUS, stop),
    once(child, "close"),
  ]);
  return { code, output, status: new GpgStatus(asText(status)) };
}

/** Of what is ASCII. */
function asText(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("latin1");
}

/** gpg may have ended before it has read everything: its status tells why. */
function feed(pipe: Writable, bytes: Uint8Array | string): void {
  pipe.on("error", () => {});
  pipe.end(bytes);
}

/** All that a pipe gives; nothing, after `stop`, if that is more than `limit` bytes. */
async function collect(
  pipe: Readable,
  limit: number,
  stop: () => void,
): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pipe as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > limit) {
      stop();
      return undefined;
    }
    pieces.push(piece);
  }
  // Memory of its own, which can be transferred and whose `slice` copies.
  return new Uint8Array(Buffer.concat(pieces));
}

/** gpg-agent stays behind when we have gone: our own secrets are not for it. */
function environment(): NodeJS.ProcessEnv {
  const variables = Object.entries(process.env).filter(([name]) => !/^(VARVE|AWS)_/.test(name));
  return { GPG_TTY: terminal(), ...Object.fromEntries(variables) };
}

/** For a pinentry that asks on the terminal. */
function terminal(): string | undefined {
  const descriptor = [0, 2].find((one) => isatty(one));
  try {
    return descriptor === undefined ? undefined : readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}
