/** What a hostile store, or a hostile host, makes of honest lines. */
import fc from "fast-check";

/** JSON texts, put in place of a value: wrong types, and numbers that would cost memory or precision. */
const JUNK = [
  ...["null", "true", "false", "0", "-1", "1.5", "1e999", "9007199254740993", "4294967296"],
  ...['""', '"x"', '"../../etc"', '"AA=="', '"9:00"', '"\\ud800"', "[]", "{}", "[[]]", "[null]"],
  ...["[{}]", "[[1,2,3]]", "[[9007199254740991,9007199254740991]]", '["a",["b"]]'],
];
const MARK = "\uffffhere\uffff";

/** A copy of these lines with one value, anywhere inside, replaced by junk or left out. */
export function spoiled(lines: Uint8Array): fc.Arbitrary<Uint8Array> {
  const values = Buffer.from(lines)
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);
  const spots = values.reduce((sum: number, value) => sum + count(value), 0);
  return fc
    .tuple(fc.nat(Math.max(0, spots - 1)), fc.option(fc.constantFrom(...JUNK)))
    .map(([spot, junk]) => {
      let left = spot;
      const replace = (value: unknown): unknown => {
        if (left-- === 0) return junk === null ? undefined : MARK;
        if (Array.isArray(value)) return value.map(replace);
        if (typeof value !== "object" || value === null) return value;
        return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, replace(v)]));
      };
      const text = values
        .map((value) => JSON.stringify(replace(value)) ?? "")
        .map((line) => `${line.replace(JSON.stringify(MARK), junk ?? "")}\n`);
      return Buffer.from(text.join(""));
    });
}

function count(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, inner) => sum + count(inner), 1);
}

/** These lines with one of them twice, left out, or behind another. */
export function shuffled(lines: Uint8Array): fc.Arbitrary<Uint8Array> {
  const all = Buffer.from(lines).toString().split("\n").slice(0, -1);
  return fc
    .array(fc.constantFrom(...all), { maxLength: all.length + 1 })
    .map((some) => Buffer.from(some.map((line) => `${line}\n`).join("")));
}
