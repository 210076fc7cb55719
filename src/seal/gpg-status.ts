/**
 * What gpg says to programs: status lines and listings (doc/DETAILS of GnuPG).
 * They are in no language. What gpg says to people is, and may hold session
 * keys: nobody reads that.
 */

/** What stopped gpg from using a private key, by codes of libgpg-error. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [11, "the passphrase is wrong"],
  [17, "its secret is not there"],
  [54, "it has expired, or is not for signing"],
  [62, "nobody gave the passphrase in time"],
  [77, "there is no gpg-agent"],
  [85, "there is no pinentry that could ask for the passphrase"],
  [87, "the PIN is wrong"],
  [99, "no passphrase was given"],
  [112, "its smartcard is not there"],
  [119, "there is no scdaemon to ask its smartcard"],
  [130, "the PIN of its smartcard is blocked"],
  [177, "no passphrase was given"],
  [198, "no passphrase was given"],
]);
/** What a damaged session key gives: an algorithm, a sum, padding or data that are not what they should be. */
const DAMAGED: ReadonlySet<number> = new Set([4, 10, 12, 18, 79, 89, 152]);
/** Who reports, in bits 24 to 30 of a code. */
const PINENTRY = 5;

const PREFIX = "[GNUPG:] ";

/** The status lines of one gpg. */
export class GpgStatus {
  readonly #lines: readonly (readonly string[])[];

  constructor(text: string) {
    this.#lines = text
      .split("\n")
      .filter((line) => line.startsWith(PREFIX))
      .map((line) => line.slice(PREFIX.length).split(" "));
  }

  /** The arguments of each line with this keyword. */
  all(keyword: string): (readonly string[])[] {
    return this.#lines.filter(([first]) => first === keyword).map(([, ...rest]) => rest);
  }

  has(keyword: string): boolean {
    return this.all(keyword).length > 0;
  }

  /** Whether what gpg wrote is one plaintext whose integrity was protected, and holds. */
  get isIntact(): boolean {
    // A mode of AEAD protects by itself; the gpgs that have one say GOODMDC all the same.
    const isProtected = this.has("GOODMDC") || this.all("DECRYPTION_INFO").some(hasAead);
    const isDecrypted = this.has("DECRYPTION_OKAY") && !this.has("DECRYPTION_FAILED");
    return isDecrypted && isProtected && this.all("PLAINTEXT").length === 1;
  }

  /** Whether what gpg wrote is one signature over bytes as they are. */
  get isSigned(): boolean {
    const [made, ...others] = this.all("SIG_CREATED");
    return made?.[0] === "D" && made[3] === "00" && others.length === 0;
  }

  /** Why gpg could not use a private key; nothing if that is not what failed. */
  get keyProblem(): string | undefined {
    // It had the session key by then.
    if (this.has("DECRYPTION_INFO")) return undefined;
    const codes = [
      ...this.all("ERROR").filter(([where]) => where === "pkdecrypt_failed"),
      ...this.all("FAILURE").filter(([where]) => where === "sign"),
    ].map(([, code]) => Number(code));
    const code = codes.find((one) => !DAMAGED.has(one & 0xffff));
    if (code !== undefined) return reasonOf(code);
    if (codes.length > 0 || !this.has("DECRYPTION_FAILED")) return undefined;
    return this.has("NO_SECKEY")
      ? "it is sealed to other keys, or gpg has only the public half"
      : "gpg does not say why";
  }
}

function hasAead([, , mode]: readonly string[]): boolean {
  return mode !== undefined && mode !== "0";
}

function reasonOf(code: number): string {
  const reason = REASONS.get(code & 0xffff);
  if (reason !== undefined) return reason;
  return ((code >> 24) & 0x7f) === PINENTRY
    ? "pinentry cannot ask for the passphrase here: is there a terminal, or a display?"
    : `gpg's error ${code & 0xffff}`;
}

/** A key as `--with-colons` lists it. */
export interface ListedKey {
  /** Of the primary key, in hexadecimal, lower case. */
  readonly fingerprint: string;
  /** Whether the secret of a part that decrypts is there, or on a smartcard that gpg knows. */
  readonly decrypts: boolean;
}

/** The keys in a listing of public or private keys. */
export function readListing(text: string): ListedKey[] {
  const keys: { fingerprint: string; decrypts: boolean }[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(":");
    const [record] = fields;
    if (record === "pub" || record === "sec") keys.push({ fingerprint: "", decrypts: false });
    const key = keys.at(-1);
    if (key === undefined) continue;
    // The first is the primary key's.
    if (record === "fpr") key.fingerprint ||= (fields[9] ?? "").toLowerCase();
    if ((record === "sec" || record === "ssb") && holdsDecryption(fields)) key.decrypts = true;
  }
  return keys;
}

/** Field 12 is what a part is for; 15 says `+`, a card's number, or `#` where the secret is missing. */
function holdsDecryption(fields: readonly string[]): boolean {
  const place = fields[14] ?? "";
  return (fields[11] ?? "").includes("e") && place !== "" && place !== "#";
}
