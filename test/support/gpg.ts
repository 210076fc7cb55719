/** A GnuPG for tests, with a keyring, an agent and a pinentry that nobody else uses. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchDirectory } from "./scratch.ts";

/** Why tests that need gpg are skipped; false where there is one. */
export const NO_GPG: string | false =
  spawnSync("gpg", ["--version"]).status === 0 ? false : "gpg is not there";

/** How a gpg ended. Never `--output /dev/null`: where it fails, it removes what it was writing to. */
export interface GpgOutcome {
  readonly code: number | null;
  readonly out: Uint8Array;
  /** Its status lines, without their mark. */
  readonly status: readonly string[];
}

export interface GpgKey {
  readonly userId: string;
  /** As gpg names them; signing and certifying, or another use named behind it: `ed25519 cert`. */
  readonly algorithm?: string;
  /** For encryption, unless another use is named behind it: `ed25519 sign`. */
  readonly subkeys?: readonly string[];
  readonly passphrase?: string;
  /** When it is made, `20200101T000000`, and how long it holds: `1d`. */
  readonly at?: string;
  readonly expire?: string;
}

export class Gpg {
  readonly home: string;
  readonly #before: string | undefined = process.env["GNUPGHOME"];

  constructor() {
    // The agent's socket has a path of 107 bytes at most.
    this.home = scratchDirectory("/tmp");
    this.agent("");
  }

  /** Makes it the one that this process uses, until {@link end}. */
  use(): void {
    process.env["GNUPGHOME"] = this.home;
  }

  /** Ends the agent: nothing else would. */
  end(): void {
    spawnSync("gpgconf", ["--homedir", this.home, "--kill", "all"]);
    if (this.#before === undefined) delete process.env["GNUPGHOME"];
    else process.env["GNUPGHOME"] = this.#before;
  }

  run(args: readonly string[], input: Uint8Array | string = ""): GpgOutcome {
    const command = ["--homedir", this.home, "--batch", "--no-tty", "--status-fd", "2", ...args];
    const { status, stdout, stderr } = spawnSync("gpg", command, { input, maxBuffer: 2 ** 27 });
    const lines = stderr.toString().split("\n");
    return {
      code: status,
      out: new Uint8Array(stdout),
      status: lines.filter((line) => line.startsWith("[GNUPG:] ")).map((line) => line.slice(9)),
    };
  }

  /** @returns the fingerprint, lower-case hex. */
  makeKey(key: GpgKey): string {
    const { userId, subkeys = ["cv25519"], expire = "never" } = key;
    const [algorithm = "ed25519", use = "cert,sign"] = key.algorithm?.split(" ") ?? [];
    const options = [...byPassphrase(key.passphrase), ...(key.at ? clock(key.at) : [])];
    const made = this.run([
      ...options,
      ...["--quick-generate-key", userId, algorithm, use, expire],
    ]);
    const fingerprint = argumentOf(made, "KEY_CREATED", 2);
    for (const subkey of subkeys) this.addSubkey(fingerprint, { ...key, algorithm: subkey });
    return fingerprint.toLowerCase();
  }

  /** @returns the subkey's fingerprint. */
  addSubkey(fingerprint: string, key: Partial<GpgKey>): string {
    const [algorithm = "cv25519", use = "encr"] = key.algorithm?.split(" ") ?? [];
    const options = [...byPassphrase(key.passphrase), ...(key.at ? clock(key.at) : [])];
    const made = this.run([
      ...options,
      ...["--quick-add-key", fingerprint, algorithm, use, key.expire ?? "never"],
    ]);
    return argumentOf(made, "KEY_CREATED", 2).toLowerCase();
  }

  publicKey(...fingerprints: readonly string[]): string {
    return this.#exported(["--export", "--armor", ...fingerprints]);
  }

  secretKey(fingerprint: string, passphrase?: string): string {
    const command = ["--export-secret-keys", "--armor", fingerprint];
    return this.#exported([...byPassphrase(passphrase), ...command]);
  }

  /** Without the secret of the primary key, in whose place gpg puts a mark. */
  secretSubkeys(fingerprint: string, passphrase?: string): string {
    const command = ["--export-secret-subkeys", "--armor", fingerprint];
    return this.#exported([...byPassphrase(passphrase), ...command]);
  }

  /** Revokes a key by the certificate that gpg made with it. */
  revoke(fingerprint: string): void {
    const path = join(this.home, "openpgp-revocs.d", `${fingerprint.toUpperCase()}.rev`);
    const certificate = readFileSync(path, "latin1").replace(/^:(?=-----)/m, "");
    argumentOf(this.run(["--import"], certificate), "IMPORT_RES", 1);
  }

  import(armored: string): void {
    argumentOf(this.run(["--import"], armored), "IMPORT_OK", 1);
  }

  /**
   * Has a pinentry give this passphrase whenever the agent asks; without one, it
   * is cancelled. The agent forgets what it knew.
   *
   * @returns how often it was asked so far.
   */
  pinentry(passphrase?: string): () => number {
    const [program, asked] = [join(this.home, "pinentry"), join(this.home, "asked")];
    const answer =
      passphrase === undefined
        ? "ERR 83886179 Operation cancelled <Pinentry>"
        : `D ${passphrase}\nOK`;
    const script = [
      "#!/bin/sh",
      'echo "OK ready"',
      "while read -r line; do case $line in",
      `GETPIN*) echo asked >> '${asked}'; printf '%s\\n' '${answer}' ;;`,
      "BYE*) echo OK; exit 0 ;;",
      "*) echo OK ;;",
      "esac; done",
    ];
    writeFileSync(program, `${script.join("\n")}\n`, { mode: 0o700 });
    writeFileSync(asked, "");
    this.agent(`pinentry-program ${program}`);
    return () => readFileSync(asked, "latin1").split("\n").length - 1;
  }

  /** Puts a mark in place of a subkey's secret, as if it had gone to a smartcard. */
  moveToCard(fingerprint: string, subkey: number): void {
    const listing = this.run(["--with-colons", "--with-keygrip", "-K", fingerprint]).out;
    const grips =
      Buffer.from(listing)
        .toString("latin1")
        .match(/^grp:+[0-9A-F]+/gm) ?? [];
    const grip = grips[subkey + 1]?.replaceAll(/^grp:+/g, "");
    const ask = ["--homedir", this.home, `READKEY ${grip}`, "/bye"];
    const said = spawnSync("gpg-connect-agent", ask).stdout.toString("latin1");
    const data = said
      .replaceAll(/^D |^OK\n|\n/gm, "")
      .replaceAll(/%([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    const [, numbers] = /^\(10:public-key(.*)\)\)$/s.exec(data) ?? [];
    if (numbers === undefined) throw new Error(`the agent has no key ${grip}`);
    const serial = Buffer.from("D2760001240102010006001122330000", "hex").toString("latin1");
    const mark = `(8:shadowed5:t1-v1(16:${serial}9:OPENPGP.2))`;
    const path = join(this.home, "private-keys-v1.d", `${grip}.key`);
    writeFileSync(path, `(20:shadowed-private-key${numbers}${mark}))`, "latin1");
    this.agent("");
  }

  /** Gives the agent this configuration, and has it forget what it knew. */
  agent(configuration: string): void {
    // It would find out for two seconds how often to hash a passphrase.
    const lines = ["s2k-count 65536", configuration];
    writeFileSync(join(this.home, "gpg-agent.conf"), lines.map((line) => `${line}\n`).join(""));
    spawnSync("gpgconf", ["--homedir", this.home, "--reload", "gpg-agent"]);
  }

  /** Ends the agent, and returns when it has ended. */
  stopAgent(): void {
    spawnSync("gpgconf", ["--homedir", this.home, "--kill", "gpg-agent"]);
    const ask = ["--homedir", this.home, "--no-autostart", "GETINFO pid", "/bye"];
    while (spawnSync("gpg-connect-agent", ask).stdout.length > 0);
  }

  #exported(args: readonly string[]): string {
    const { code, out } = this.run(args);
    if (code !== 0 || out.length === 0) throw new Error("gpg exported nothing");
    return Buffer.from(out).toString("latin1");
  }
}

function byPassphrase(passphrase = ""): string[] {
  return ["--pinentry-mode", "loopback", "--passphrase", passphrase];
}

function clock(time: string): string[] {
  return ["--faked-system-time", `${time}!`];
}

/** An argument of a status line that has to be there. */
function argumentOf({ status }: GpgOutcome, keyword: string, at: number): string {
  const line = status.map((one) => one.split(" ")).find(([first]) => first === keyword);
  const argument = line?.[at];
  if (argument === undefined) throw new Error(`gpg says no ${keyword}: ${status.join("; ")}`);
  return argument;
}

/** Programs that are found before all others while `use` runs. */
export async function withPrograms<T>(
  programs: Readonly<Record<string, string>>,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = scratchDirectory("/tmp");
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(directory, name), script, { mode: 0o700 });
  }
  return withVariables({ PATH: `${directory}:${process.env["PATH"]}` }, () => use(directory));
}

/** Variables that this process has while `use` runs. */
export async function withVariables<T>(
  variables: Readonly<Record<string, string | undefined>>,
  use: () => Promise<T>,
): Promise<T> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  setVariables(Object.entries(variables));
  try {
    return await use();
  } finally {
    setVariables(before);
  }
}

/** Where no program is found. */
export function withoutGpg<T>(use: () => Promise<T>): Promise<T> {
  return withVariables({ PATH: "/nonexistent" }, use);
}

function setVariables(variables: readonly (readonly [string, string | undefined])[]): void {
  for (const [name, value] of variables) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** The arguments of every gpg that is started while `use` runs. */
export async function startedGpgs(use: () => Promise<unknown>): Promise<string[]> {
  const real = spawnSync("sh", ["-c", "command -v gpg"]).stdout.toString().trim();
  const script = `#!/bin/sh\necho "$*" >> "$(dirname "$0")/log"\nexec ${real} "$@"\n`;
  return withPrograms({ gpg: script }, async (directory) => {
    const log = join(directory, "log");
    writeFileSync(log, "");
    await use();
    return readFileSync(log, "utf8").split("\n").slice(0, -1);
  });
}
