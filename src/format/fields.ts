/**
 * Reads the fields of stored JSON objects, which anybody may have written:
 * each accessor checks type and range before a value goes any further, and
 * complains in the name of the object that holds it.
 *
 * Unknown fields are let through, so that a later version may add some; a
 * field that changes the meaning of others needs a new format number.
 */
import { CorruptError } from "../errors.ts";

/**
 * With a length that 4 divides: the one spelling of some bytes, unused bits zero.
 * Groups of four would say it better, and overflow V8's stack from 10 MB on.
 */
const BASE64 = /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/;

export class Fields {
  /** The object's name, for error messages. */
  readonly name: string;
  readonly #values: Readonly<Record<string, unknown>>;

  /** @throws {@link CorruptError} if `value` is no JSON object. */
  constructor(name: string, value: unknown) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new CorruptError(name, "a JSON object was expected");
    }
    this.name = name;
    this.#values = value as Record<string, unknown>;
  }

  /** The names of all fields. */
  names(): string[] {
    return Object.keys(this.#values);
  }

  has(field: string): boolean {
    return Object.hasOwn(this.#values, field);
  }

  /** The raw value; `undefined` if the field is missing. */
  value(field: string): unknown {
    return this.has(field) ? this.#values[field] : undefined;
  }

  fail(field: string, expected: string): never {
    throw new CorruptError(this.name, `field "${field}" should be ${expected}`);
  }

  string(field: string): string {
    const value = this.value(field);
    return typeof value === "string" ? value : this.fail(field, "a string");
  }

  /** A string that is one of `choices`. */
  choice<T extends string>(field: string, choices: readonly T[]): T {
    const value = this.string(field);
    return choices.find((choice) => choice === value) ?? this.fail(field, choices.join(" or "));
  }

  /** A whole number between 0 and `max`, which is 2^53 - 1 if not given. */
  integer(field: string, max: number = Number.MAX_SAFE_INTEGER): number {
    return isInteger(this.value(field), max)
      ? (this.value(field) as number)
      : this.fail(field, `a whole number from 0 to ${max}`);
  }

  boolean(field: string): boolean {
    const value = this.value(field);
    return typeof value === "boolean" ? value : this.fail(field, "true or false");
  }

  /** Bytes in base64, `length` of them if that is given. */
  bytes(field: string, length?: number): Uint8Array {
    return (
      decodeBase64(this.value(field), length) ??
      this.fail(field, length === undefined ? "base64" : `${length} bytes in base64`)
    );
  }

  /** So many lower-case hexadecimal digits. */
  hex(field: string, digits: number): string {
    const text = this.string(field);
    return text.length === digits && /^[0-9a-f]*$/.test(text)
      ? text
      : this.fail(field, `${digits} hexadecimal digits`);
  }

  array(field: string): readonly unknown[] {
    const value = this.value(field);
    return Array.isArray(value) ? value : this.fail(field, "a list");
  }

  strings(field: string): readonly string[] {
    const values = this.array(field);
    return values.every((value) => typeof value === "string")
      ? values
      : this.fail(field, "a list of strings");
  }

  /** The objects of a list. */
  objects(field: string): readonly Fields[] {
    return this.array(field).map((value) => new Fields(`${this.name}, field "${field}"`, value));
  }

  object(field: string): Fields {
    return new Fields(`${this.name}, field "${field}"`, this.value(field));
  }
}

export function isInteger(value: unknown, max: number = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

/** Bytes from strict base64, or nothing if `value` is anything else or not `length` bytes. */
export function decodeBase64(value: unknown, length?: number): Uint8Array | undefined {
  if (typeof value !== "string") return undefined;
  if (length !== undefined && value.length !== Math.ceil(length / 3) * 4) return undefined;
  if (value.length % 4 !== 0 || !BASE64.test(value)) return undefined;
  const bytes = Buffer.from(value, "base64");
  return length === undefined || bytes.length === length ? bytes : undefined;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
