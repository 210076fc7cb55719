/** Arbitrary trees: what people, programs and attackers put into file systems, in small. */
import fc from "fast-check";
import { randomBytes } from "./random.ts";
import { logText } from "./text.ts";
import type { Plant } from "./tree.ts";

/** Of the chunks of {@link SMALL} sizes: where cuts are forced, and frames begin to be shared. */
const EDGES = [4096, 16_384, 65_536];

const sizes: fc.Arbitrary<number> = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 100 }),
  fc
    .tuple(fc.constantFrom(...EDGES), fc.integer({ min: -1, max: 1 }))
    .map(([edge, by]) => edge + by),
  fc.integer({ min: 1, max: 300_000 }),
);

/** Few seeds: many files begin alike, or are copies. */
const seeds = fc.integer({ min: 0, max: 3 });

/** Counterexamples say no more of it. */
function shown(bytes: Uint8Array): Uint8Array {
  const text = `${bytes.length} bytes, ${Buffer.from(bytes.subarray(0, 8)).toString("hex")}...`;
  return Object.assign(bytes, { [fc.toStringMethod]: () => text });
}

const contents: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.tuple(seeds, sizes).map(([seed, size]) => shown(randomBytes(seed, size))),
  fc.tuple(seeds, sizes).map(([seed, size]) => shown(logText(seed, size))),
  sizes.map((size) => shown(new Uint8Array(size))),
  // The same piece several times over.
  fc
    .tuple(seeds, fc.integer({ min: 1, max: 4 }))
    .map(([seed, times]) =>
      shown(Buffer.concat(new Array<Uint8Array>(times).fill(randomBytes(seed, 70_000)))),
    ),
);

const ODD = [
  "new\nline",
  "back\\slash",
  "-rf",
  " ",
  "...",
  "caf\xc3\xa9",
  "\xff\xfe",
  "*?[a]",
  "x".repeat(255),
];

/** Any bytes but `/` and 0; `.` and `..` are taken. */
const rawNames = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .map((bytes) => Buffer.from(bytes).toString("latin1").replaceAll(/[/\0]/g, "_"))
  .filter((name) => name !== "." && name !== "..");

export const names: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("a", "b", "c", "d", "e"),
  fc.constantFrom(...ODD),
  rawNames,
);

/** Seconds, to the microsecond; before 1970 as well. */
const times = fc.integer({ min: -1e14, max: 4e15 }).map((microseconds) => microseconds / 1e6);

const files: fc.Arbitrary<Plant> = fc.record({
  type: fc.constant("file" as const),
  mode: fc.constantFrom(0o644, 0o600, 0o755, 0o400),
  mtime: times,
  content: contents,
});

const symlinks: fc.Arbitrary<Plant> = fc.record({
  type: fc.constant("symlink" as const),
  target: fc.oneof(names, fc.constantFrom("../a", "/nowhere/at/all", "a/")),
  mtime: times,
});

const { directories } = fc.letrec<{ plants: Plant; directories: Plant }>((tie) => ({
  plants: fc.oneof({ maxDepth: 3, withCrossShrink: true }, files, symlinks, tie("directories")),
  directories: fc.record({
    type: fc.constant("directory" as const),
    mode: fc.constantFrom(0o755, 0o700, 0o1777),
    mtime: times,
    entries: fc.uniqueArray(fc.tuple(names, tie("plants")), {
      selector: ([name]) => name,
      maxLength: 6,
    }),
  }) as fc.Arbitrary<Plant>,
}));

/** A directory and all below it. */
export const trees: fc.Arbitrary<Plant> = directories;

/** One thing that a person does to a tree; `at` chooses where. */
export type Edit =
  | ({ readonly kind: "add" | "replace"; readonly at: number; readonly name: string } & {
      readonly plant: Plant;
    })
  | { readonly kind: "rename"; readonly at: number; readonly name: string }
  | { readonly kind: "remove"; readonly at: number };

const at = fc.nat();

export const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("add" as const, "replace" as const),
    at,
    name: names,
    plant: fc.oneof(files, symlinks, directories),
  }),
  fc.record({ kind: fc.constant("rename" as const), at, name: names }),
  fc.record({ kind: fc.constant("remove" as const), at }),
);
