/**
 * Changes JSON lines as JSON: what comes out is still JSON, mostly, and says
 * what nobody would say.
 */
import type { Chance } from "./chance.ts";

/** Where a value stands that can be put in its place: texts, for JSON.stringify writes no `1e999`. */
const MARK = "\uffffhere\uffff";

const NUMBERS = [
  ...["0", "-0", "-1", "1", "0.5", "1e21", "1e999", "-1e999", "4096", "65535", "65536"],
  ...["16777217", "67108864", "67108865", "2147483647", "2147483648", "4294967295", "4294967296"],
  ...["281474976710655", "281474976710656", "8640000000000001", "9007199254740991"],
  ...["9007199254740992", "9007199254740993", "18446744073709551616"],
];
const VALUES = [
  ...["null", "true", "false", "[]", "{}", '""', "[[]]", "[null]", "[{}]", '{"":{}}'],
  ...["[0,0]", "[[0,0]]", "[9007199254740991,9007199254740991]", '["",1]', "[[[[]]]]"],
];
const TEXTS = [
  ...["", ".", "..", "/", "a/b", "../../etc", "\0", "\ud800", "\u202e", "\x1b[2J", "\n", "é"],
  ...["AA==", "AB==", "A", "=", "9:00", "sha1:", "0".repeat(40), "f".repeat(64), "F".repeat(64)],
  ...["packs/a/0000000001-0011223344556677/00000000", "a/0000000001-0011223344556677"],
  ...["__proto__", "constructor", "toString", "-1.000000000", "9999999999999999999.999999999"],
];
const FIELDS = ["__proto__", "constructor", "varve", "size", "depth", "name", "nameBytes", "x"];
/** Far deeper than a stack goes. */
const DEEP = 50_000;

type Lines = readonly string[];
type LinesMutation = (lines: Lines, chance: Chance, other: Lines) => Lines;

const mutations: readonly LinesMutation[] = [
  changeValue,
  changeValue,
  changeValue,
  changeValue,
  (lines, chance) => lines.toSpliced(chance.number(lines.length), 1),
  (lines, chance) => {
    const line = chance.pick(lines);
    const times = 1 + chance.size(7);
    return lines.toSpliced(chance.number(lines.length), 0, ...Array<string>(times).fill(line));
  },
  (lines, chance, other) =>
    lines.toSpliced(chance.number(lines.length + 1), chance.number(2), chance.pick(other)),
  (lines, chance) => {
    const [at, to] = [chance.number(lines.length), chance.number(lines.length)];
    return lines.with(at, lines[to] ?? "").with(to, lines[at] ?? "");
  },
  (lines, chance) => lines.with(chance.number(lines.length), " ".repeat(chance.size(16))),
];

export function mutateLines(bytes: Uint8Array, chance: Chance, other: Uint8Array): Buffer {
  const lines = linesIn(bytes);
  if (lines.length === 0) return Buffer.from(`${anyValue(chance)}\n`);
  const changed = chance.pick(mutations)(lines, chance, linesIn(other));
  return Buffer.from(changed.map((line) => `${line}\n`).join(""));
}

function linesIn(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString().split("\n").slice(0, -1);
}

/** One value anywhere in a line becomes another, goes, or comes twice; or a field gets another name. */
function changeValue(lines: Lines, chance: Chance): Lines {
  const at = chance.number(lines.length);
  const value = parsed(lines[at] ?? "");
  const spots = spotsIn(value);
  const spot = chance.pick(spots);
  if (spot === undefined) return lines.with(at, anyValue(chance));
  const junk = changeSpot(spot, chance, spots);
  return lines.with(
    at,
    JSON.stringify(value).replaceAll(JSON.stringify(MARK), () => junk),
  );
}

/** Nothing of what is no JSON, or so deep already that no stack can write it. */
function parsed(line: string): unknown {
  try {
    return line.includes("[".repeat(DEEP)) ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Where a value stands. */
interface Spot {
  readonly in: Record<string, unknown> | unknown[];
  readonly key: string;
}

/** Looks for them without a stack: values may be as deep as we made them. */
function spotsIn(value: unknown): Spot[] {
  const spots: Spot[] = [];
  const open = [value];
  for (let inner = open.pop(); inner !== undefined; inner = open.pop()) {
    if (typeof inner !== "object" || inner === null) continue;
    for (const [key, child] of Object.entries(inner)) {
      spots.push({ in: inner as Spot["in"], key });
      open.push(child);
    }
    // Of a thousand deep ones the first are as good as any.
    if (spots.length > 10_000) break;
  }
  return spots;
}

/** @returns the text for {@link MARK}, if one was left. */
function changeSpot(spot: Spot, chance: Chance, spots: readonly Spot[]): string {
  const holder = spot.in as Record<string, unknown>;
  const other = chance.pick(spots);
  const before = holder[spot.key];
  holder[spot.key] = MARK;
  switch (chance.number(8)) {
    case 0:
      delete holder[spot.key];
      return "";
    case 1:
      Object.defineProperty(holder, chance.pick(FIELDS), { value: before, enumerable: true });
      return JSON.stringify(before) ?? "0";
    case 2:
      holder[spot.key] = structuredClone((other.in as Record<string, unknown>)[other.key]);
      return "0";
    case 3:
      if (Array.isArray(before)) holder[spot.key] = Array(chance.size(8)).fill(before[0] ?? 0);
      return JSON.stringify(before) ?? "0";
    case 4:
      return near(before, chance);
    default:
      return anyValue(chance);
  }
}

/** What is like this value, but not quite. */
function near(value: unknown, chance: Chance): string {
  if (typeof value === "number") return String(value + chance.pick([-1, 1, 0.5, 2 ** 32]));
  if (typeof value !== "string") return `[${JSON.stringify(value) ?? ""}]`;
  const at = chance.number(value.length + 1);
  const piece = chance.pick([...TEXTS, String(chance.number(10)).repeat(1 + chance.size(12))]);
  return JSON.stringify(value.slice(0, at) + piece + value.slice(at + chance.number(2)));
}

function anyValue(chance: Chance): string {
  switch (chance.number(16)) {
    case 0:
      return "[".repeat(DEEP) + "]".repeat(DEEP);
    case 1:
      return `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`;
    case 2:
      return JSON.stringify(chance.pick(TEXTS).repeat(1 + chance.size(10)));
    case 3:
    case 4:
    case 5:
      return JSON.stringify(chance.pick(TEXTS));
    case 6:
    case 7:
    case 8:
      return chance.pick(VALUES);
    default:
      return chance.pick(NUMBERS);
  }
}
