/** Makes bytes that nearly are what they should be: one to four changes to an example. */
import type { Chance } from "./chance.ts";
import { mutateLines } from "./mutate-lines.ts";

type Mutation = (bytes: Buffer, chance: Chance, other: Uint8Array) => Buffer;

/** In every size, the numbers at which readers go wrong. */
const EXTREMES: readonly Buffer[] = [
  ...["00", "01", "7f", "80", "bf", "c0", "df", "e0", "fe", "ff", "0a", "22", "7b", "5d"],
  ...["0000", "7fff", "8000", "ffff", "00000000", "00000001", "7fffffff", "80000000", "ffffffff"],
  ...["ffffff7f", "01000000", "00001000", "0000000000000000", "ffffffffffffffff"],
  ...["ffffffffffff1f00", "0000000000002000", "001fffffffffffff", "0000000000000080"],
].map((hex) => Buffer.from(hex, "hex"));
/** No mutant is longer: a parser that needs more to fail is for a test of its own. */
const MAX_BYTES = 2 ** 18;

const mutations: readonly Mutation[] = [
  function flip(bytes, chance) {
    const at = chance.number(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.number(8));
    return bytes;
  },
  function set(bytes, chance) {
    bytes[chance.number(bytes.length)] = chance.number(256);
    return bytes;
  },
  function overwrite(bytes, chance) {
    // Half of them in front, where headers are.
    const room = chance.pick([16, bytes.length]);
    chance.pick(EXTREMES).copy(bytes, chance.number(Math.min(room, bytes.length)));
    return bytes;
  },
  function insert(bytes, chance) {
    return put(bytes, chance.number(bytes.length + 1), chance.pick(EXTREMES));
  },
  function truncate(bytes, chance) {
    return bytes.subarray(0, chance.number(bytes.length));
  },
  function cut(bytes, chance) {
    const at = chance.number(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chance.size(8))]);
  },
  function duplicate(bytes, chance) {
    const at = chance.number(bytes.length);
    const piece = bytes.subarray(at, at + 1 + chance.size(10));
    const times = 1 + chance.size(6);
    return put(bytes, chance.number(bytes.length + 1), Buffer.concat(Array(times).fill(piece)));
  },
  function splice(bytes, chance, other) {
    const at = chance.number(other.length + 1);
    const piece = other.subarray(at, at + 1 + chance.size(12));
    const to = chance.number(bytes.length + 1);
    return chance.number(2) === 0
      ? put(bytes, to, piece)
      : Buffer.concat([bytes.subarray(0, to), piece]);
  },
  function append(bytes, chance) {
    return Buffer.concat([bytes, Buffer.alloc(1 + chance.size(12), chance.number(256))]);
  },
];

/** A mutant of one of `examples`, in memory of its own. */
export function mutant(
  examples: readonly Uint8Array[],
  form: "lines" | "bytes",
  chance: Chance,
): Uint8Array {
  let bytes: Buffer = Buffer.from(chance.pick(examples));
  for (let left = 1 + chance.number(4); left > 0; left--) {
    const other = chance.pick(examples);
    // Most changes of single bytes end in no JSON at all, and try nothing behind its parser.
    if (form === "lines" && chance.number(8) > 0) bytes = mutateLines(bytes, chance, other);
    else if (bytes.length === 0) bytes = Buffer.from(chance.pick(EXTREMES));
    else bytes = Buffer.from(chance.pick(mutations)(bytes, chance, other));
  }
  return new Uint8Array(bytes.subarray(0, MAX_BYTES));
}

function put(bytes: Buffer, at: number, piece: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}
