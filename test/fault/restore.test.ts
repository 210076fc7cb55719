import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { VarveError } from "../../src/errors.ts";
import { CorruptError, NotFoundError, UnavailableError, UsageError } from "../../src/errors.ts";
import type { ContentChunk } from "../../src/format/content.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { Place } from "../../src/format/table.ts";
import type { Entry, FileEntry } from "../../src/format/tree.ts";
import type { RestoreTotals } from "../../src/restore/account.ts";
import { restore } from "../../src/restore/restore.ts";
import type { Writers } from "../../src/restore/writers.ts";
import { inlineWriters, threadWriters } from "../../src/restore/writers.ts";
import { flipped } from "../support/packets.ts";
import { randomBytes } from "../support/random.ts";
import type { RestoreOptions } from "../support/restore-task.ts";
import { restoreTask } from "../support/restore-task.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { CHUNK_KEY, COMMON, SEGMENT_BYTES, Shelf, symlink } from "../support/shelf.ts";

interface Options extends RestoreOptions {
  readonly writers?: Writers;
}

interface Outcome {
  readonly totals: RestoreTotals;
  readonly problems: string[];
}

async function restoreTo(
  to: string,
  shelf: Shelf,
  root: Entry,
  { writers, ...options }: Options = {},
): Promise<Outcome> {
  const means = await shelf.means();
  const problems: string[] = [];
  const { totals } = await restore(
    await restoreTask(root, to, means, options),
    means,
    writers ?? inlineWriters(means),
    { problem: ({ path }) => problems.push(path), progress() {}, kept() {} },
  );
  return { totals, problems };
}

/** Everything below a directory: path and content, or what it is. */
function treeOf(root: string): Record<string, string> {
  const names = readdirSync(root, { recursive: true }) as string[];
  return Object.fromEntries(
    names.sort().map((name) => {
      const path = join(root, name);
      const stats = lstatSync(path);
      if (stats.isSymbolicLink()) return [name, `-> ${readlinkSync(path)}`];
      return [name, stats.isDirectory() ? "directory" : readFileSync(path, "latin1")];
    }),
  );
}

async function refused<E extends VarveError>(
  kind: new (...args: never[]) => E,
  message: RegExp,
  action: Promise<unknown>,
): Promise<void> {
  await assert.rejects(action, (error: Error) => {
    assert.ok(error instanceof kind, error.stack);
    assert.match(error.message, message);
    return true;
  });
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

describe("restore", () => {
  it("brings back files, links and directories, on this thread and on others", async () => {
    const shelf = new Shelf();
    const big = [1, 2, 3].map((seed) => randomBytes(seed, 3 * SEGMENT_BYTES));
    const [a, b] = shelf.frame(Buffer.from("small a"), Buffer.from("small b")) as [
      ContentChunk,
      ContentChunk,
    ];
    const small = (name: string, chunk: ContentChunk): FileEntry => ({
      ...COMMON,
      type: "file",
      name: name as RawName,
      content: { size: chunk.size, depth: 0, chunks: [chunk] },
    });
    const inner = {
      ...shelf.directory("d", small("a", a), small("again", a), small("b", b), shelf.file("empty")),
      mode: 0o500,
    };
    const root = shelf.directory("", shelf.file("big", ...big), inner, symlink("l", "d/a"));
    shelf.close();
    const writers = threadWriters(2, { chunkIdKey: CHUNK_KEY, engine: "fastest" });
    try {
      for (const options of [{}, { writers }]) {
        const to = join(scratchDirectory(), "missing", "too");
        const { totals, problems } = await restoreTo(to, shelf, root, options);
        assert.deepEqual(treeOf(to), {
          big: text(Buffer.concat(big)),
          d: "directory",
          "d/a": "small a",
          "d/again": "small a",
          "d/b": "small b",
          "d/empty": "",
          l: "-> d/a",
        });
        assert.deepEqual(problems, []);
        const bytes = 9 * SEGMENT_BYTES + 21;
        assert.deepEqual(totals, { files: 5, directories: 2, others: 1, bytes, kept: 0 });
        for (const name of ["", "d", "d/a", "big", "l"]) {
          const { mtimeNs } = lstatSync(join(to, name), { bigint: true });
          assert.equal(mtimeNs, COMMON.mtime, name);
        }
        assert.equal(statSync(join(to, "d")).mode & 0o7777, 0o500);
        chmodSync(join(to, "d"), 0o700);
      }
    } finally {
      await writers.close();
    }
  });

  it("restores only what was asked for, and makes nothing else", async () => {
    const shelf = new Shelf();
    const x = shelf.directory("x", shelf.file("1", Buffer.from("1")), shelf.file("2"));
    const root = shelf.directory("", shelf.directory("empty"), shelf.directory("w"), x);
    shelf.close();
    const to = scratchDirectory();
    chmodSync(to, 0o750);
    const options = { patterns: ["x/1", "empty", "gone"] };
    await refused(NotFoundError, /nothing that matches gone$/, restoreTo(to, shelf, root, options));
    assert.deepEqual(treeOf(to), { empty: "directory", x: "directory", "x/1": "1" });
    assert.equal(statSync(to).mode & 0o777, 0o750, "it merely led there, and was there");
    assert.equal(statSync(join(to, "x")).mode & 0o777, 0o755, "it merely led there, and was made");
  });

  it("says when the ground is no directory, and follows a link that the user names", async () => {
    const shelf = new Shelf();
    const root = shelf.directory("", shelf.file("f", Buffer.from("f")));
    shelf.close();
    const scratch = scratchDirectory();
    writeFileSync(join(scratch, "file"), "");
    await refused(UsageError, /no directory/, restoreTo(join(scratch, "file"), shelf, root));
    mkdirSync(join(scratch, "real"));
    symlinkSync("real", join(scratch, "link"));
    await restoreTo(join(scratch, "link"), shelf, root);
    assert.deepEqual(treeOf(join(scratch, "real")), { f: "f" });
  });
});

describe("what is in the way", () => {
  /** A tree `d/f` and `l`, and a ground with other things. */
  function prepared(): { shelf: Shelf; root: Entry; to: string } {
    const shelf = new Shelf();
    const d = shelf.directory("d", shelf.file("f", Buffer.from("new")));
    const root = shelf.directory("", d, symlink("l", "d/f"));
    shelf.close();
    const to = scratchDirectory();
    writeFileSync(join(to, "other"), "other");
    return { shelf, root, to };
  }

  it("stops a restore, and stays as it is", async () => {
    const { shelf, root, to } = prepared();
    mkdirSync(join(to, "d"));
    writeFileSync(join(to, "d/f"), "old");
    await refused(UsageError, /d\/f is there already/, restoreTo(to, shelf, root));
    assert.deepEqual(treeOf(to), { d: "directory", "d/f": "old", other: "other" });
  });

  it("is replaced on request, and never written through", async () => {
    const { shelf, root, to } = prepared();
    mkdirSync(join(to, "d"));
    writeFileSync(join(to, "twin"), "old");
    linkSync(join(to, "twin"), join(to, "d/f"));
    symlinkSync("other", join(to, "l"));
    await restoreTo(to, shelf, root, { conflict: "overwrite" });
    assert.deepEqual(treeOf(to), {
      d: "directory",
      "d/f": "new",
      l: "-> d/f",
      other: "other",
      twin: "old",
    });
  });

  it("is not followed if it is a link where a directory belongs", async () => {
    const outside = scratchDirectory();
    const { shelf, root, to } = prepared();
    symlinkSync(outside, join(to, "d"));
    await refused(UsageError, /d is there already/, restoreTo(to, shelf, root));
    await restoreTo(to, shelf, root, { conflict: "overwrite" });
    assert.deepEqual(treeOf(outside), {});
    assert.equal(readFileSync(join(to, "d/f"), "utf8"), "new");
  });

  it("is never a directory that is removed for a file", async () => {
    const { shelf, root, to } = prepared();
    mkdirSync(join(to, "d/f"), { recursive: true });
    const overwrite = restoreTo(to, shelf, root, { conflict: "overwrite" });
    await refused(UsageError, /is a directory/, overwrite);
    assert.deepEqual(treeOf(to), { d: "directory", "d/f": "directory", other: "other" });
  });

  it("is overwritten in a directory that an earlier restore left read-only", async () => {
    const { shelf, root, to } = prepared();
    await restoreTo(to, shelf, root);
    chmodSync(join(to, "d"), 0o500);
    await restoreTo(to, shelf, root, { conflict: "overwrite" });
    assert.equal(statSync(join(to, "d")).mode & 0o777, 0o755);
  });
});

describe("damage", () => {
  const SIZE = 3 * SEGMENT_BYTES;
  const names = ["a", "b", "c", "d", "e", "f"];
  const content = (at: number): Uint8Array => randomBytes(at + 1, SIZE);

  /** Files of three segments each, the tree behind them on the tape. */
  function shelfOfFiles(): { shelf: Shelf; root: Entry; files: FileEntry[] } {
    const shelf = new Shelf();
    const files = names.map((name, at) => shelf.file(name, content(at)));
    const root = shelf.directory("", ...files);
    return { shelf: shelf.close(), root, files };
  }

  /** The numbers of the segments that a file's first chunk lies in. */
  function segmentsOf(shelf: Shelf, { content: { chunks } }: FileEntry): number[] {
    const { offset, length } = shelf.places.get(chunks[0]?.id as ContentChunk["id"]) as Place;
    const first = Math.floor(offset / SEGMENT_BYTES);
    const count = Math.floor((offset + length - 1) / SEGMENT_BYTES) - first + 1;
    return Array.from({ length: count }, (_, at) => first + at);
  }

  /** Those of the files that need one of the segments from `from` to `to`. */
  function needing(shelf: Shelf, files: FileEntry[], from: number, to: number): string[] {
    return files
      .filter((file) => segmentsOf(shelf, file).some((at) => at >= from && at <= to))
      .map(({ name }) => name);
  }

  async function expectOnly(lost: string[], to: string): Promise<void> {
    const kept = names.flatMap((name, at) =>
      lost.includes(name) ? [] : [[name, text(content(at))]],
    );
    assert.deepEqual(treeOf(to), Object.fromEntries(kept));
  }

  it("of one bit names the pack and the segment, and fails only what needs it", async () => {
    for (let number = 0; number < 17; number++) {
      const { shelf, root, files } = shelfOfFiles();
      const pack = `packs/h/000000000001-0000000000000001/${Math.floor(number / 4)}`;
      const bytes = shelf.packs.get(pack) as Uint8Array;
      const sealedSize = bytes.length / 4;
      shelf.packs.set(pack, flipped(bytes, 8 * ((number % 4) * sealedSize + 1000)));
      const to = scratchDirectory();
      const lost = needing(shelf, files, number, number);
      assert.ok(lost.length > 0);
      const message = new RegExp(`^the file "${lost[0]}".*${pack}, segment ${number} is damaged`);
      await refused(CorruptError, message, restoreTo(to, shelf, root));
      await expectOnly(lost, to);
    }
  });

  it("of a pack that is missing or too short fails only what needs it", async () => {
    for (const kind of ["missing", "short"] as const) {
      const { shelf, root, files } = shelfOfFiles();
      const pack = "packs/h/000000000001-0000000000000001/1";
      const bytes = shelf.packs.get(pack) as Uint8Array;
      if (kind === "missing") shelf.packs.delete(pack);
      else shelf.packs.set(pack, bytes.subarray(0, bytes.length / 2));
      const to = scratchDirectory();
      const lost = needing(shelf, files, kind === "missing" ? 4 : 6, 7);
      await refused(CorruptError, new RegExp(pack), restoreTo(to, shelf, root));
      await expectOnly(lost, to);
    }
  });

  it("leaves what was there, and nothing half-written of a file of many chunks", async () => {
    const shelf = new Shelf();
    const file = shelf.file("f", ...[1, 2, 3, 4].map((seed) => randomBytes(seed, SIZE)));
    const root = shelf.directory("", file);
    shelf.close();
    const pack = "packs/h/000000000001-0000000000000001/1";
    shelf.packs.set(pack, flipped(shelf.packs.get(pack) as Uint8Array, 9000));
    const to = scratchDirectory();
    writeFileSync(join(to, "f"), "old");
    await refused(CorruptError, /"f"/, restoreTo(to, shelf, root, { conflict: "overwrite" }));
    assert.deepEqual(treeOf(to), { f: "old" });
  });

  it("leaves nothing half-written when the target goes away", async () => {
    const shelf = new Shelf();
    const root = shelf.directory("", shelf.file("f", randomBytes(1, SIZE), randomBytes(2, SIZE)));
    shelf.close();
    const to = scratchDirectory();
    const writers: Writers = {
      width: 2,
      write: () => Promise.reject(new UnavailableError("gone")),
      close: async () => {},
    };
    await refused(UnavailableError, /gone/, restoreTo(to, shelf, root, { writers }));
    assert.deepEqual(treeOf(to), {});
  });
});

describe("an index that lies", () => {
  /** A file `f` whose place is changed, beside a sound `g`. */
  async function lie(
    change: (place: Place, shelf: Shelf) => Place,
    message: RegExp,
  ): Promise<void> {
    const shelf = new Shelf();
    const f = shelf.file("f", randomBytes(1, 2 * SEGMENT_BYTES));
    const root = shelf.directory("", f, shelf.file("g", Buffer.from("sound")));
    shelf.close();
    const { id } = f.content.chunks[0] as ContentChunk;
    shelf.places.set(id, change(shelf.places.get(id) as Place, shelf));
    const to = scratchDirectory();
    await refused(CorruptError, message, restoreTo(to, shelf, root));
    assert.equal(readFileSync(join(to, "g"), "utf8"), "sound");
    assert.ok(!existsSync(join(to, "f")));
  }

  it("about where a chunk lies is found out", async () => {
    await lie((place) => ({ ...place, offset: place.offset + 1 }), /zstd/);
    await lie((place) => ({ ...place, length: place.length - 1 }), /zstd|frame/);
    await lie((place) => ({ ...place, offset: 2 ** 40 }), /index does not say where/);
    await lie((place) => ({ ...place, within: 1 }), /too short for its chunks/);
    await lie((place) => ({ ...place, size: 10 }), /10 bytes where 8192 belong/);
    await lie((place) => ({ ...place, within: 2 ** 31 }), /a place that cannot be/);
    await lie((place) => ({ ...place, length: 0 }), /a place that cannot be/);
  });

  it("about what a chunk is is found out", async () => {
    const shelf = new Shelf();
    const [good, bad] = [
      shelf.file("f", randomBytes(1, 100)),
      shelf.file("g", randomBytes(2, 100)),
    ];
    const root = shelf.directory("", good);
    shelf.close();
    const [{ id }] = good.content.chunks as [ContentChunk];
    const [other] = bad.content.chunks as [ContentChunk];
    shelf.places.set(id, shelf.places.get(other.id) as Place);
    const to = scratchDirectory();
    await refused(CorruptError, /not the ones that were backed up/, restoreTo(to, shelf, root));
    assert.deepEqual(treeOf(to), {});
  });

  it("about segments is found out before memory is asked for", async () => {
    for (const [change, message] of [
      [{ sealedSize: 2 ** 24 }, /too many for one/],
      [{ pack: "../../etc/passwd" }, /index is wrong about it/],
      [{ offset: 2 ** 47 }, /it ends before/],
      [{ sealedSize: 1 }, /not the ones that were stored/],
      [{ sealedSize: 0 }, /not the ones that were stored/],
      [{ first: 1 }, /segment 0 .* index does not say/],
    ] as const) {
      const shelf = new Shelf();
      const f = shelf.file("f", randomBytes(1, SEGMENT_BYTES / 2));
      const filler = shelf.file("filler", randomBytes(2, 4 * SEGMENT_BYTES));
      const root = shelf.directory("", f, filler);
      shelf.close();
      const [stretch] = shelf.stretches;
      assert.ok(stretch);
      shelf.stretches[0] = { ...stretch, ...change };
      await refused(CorruptError, message, restoreTo(scratchDirectory(), shelf, root));
    }
  });
});

describe("a tree that lies", () => {
  it("about a link's target is found out", async () => {
    for (const target of ["", "a\0b"]) {
      const shelf = new Shelf();
      const root = shelf.directory("", symlink("l", target));
      shelf.close();
      const to = scratchDirectory();
      await refused(CorruptError, /the link ".*\/l" is damaged/, restoreTo(to, shelf, root));
      assert.deepEqual(treeOf(to), {});
    }
  });

  it("about a chunk that nobody knows fails the file", async () => {
    const shelf = new Shelf();
    const f = shelf.file("f", Buffer.from("f"));
    const root = shelf.directory("", f, shelf.file("g", Buffer.from("g")));
    shelf.close();
    shelf.places.delete((f.content.chunks[0] as ContentChunk).id);
    const to = scratchDirectory();
    await refused(CorruptError, /the index does not know it/, restoreTo(to, shelf, root));
    assert.deepEqual(treeOf(to), { g: "g" });
  });
});
