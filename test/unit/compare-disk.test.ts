import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadDigests } from "../../src/digest/digest.ts";
import { metadataOf } from "../../src/disk/stats.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { Entry } from "../../src/format/tree.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { compareDisk } from "../../src/restore/compare-disk.ts";
import { Selection } from "../../src/restore/selection.ts";
import { unprivileged } from "../support/broken-files.ts";
import { randomBytes } from "../support/random.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { CHUNK_KEY, Shelf, symlink } from "../support/shelf.ts";

const IS_ROOT = process.getuid?.() === 0;
const digests = await loadDigests(CHUNK_KEY, "fastest");
const PIECES = [randomBytes(1, 5000), randomBytes(2, 5000)];
const LATER = 1_700_000_000;

interface Compared {
  readonly differences: string[];
  readonly problems: string[];
}

async function compared(shelf: Shelf, root: Entry, path: string): Promise<Compared> {
  const chunks = new ChunkSource(await shelf.close().means());
  const problems: string[] = [];
  const disk = {
    path: rawFromText(path),
    digests,
    problem: ({ path, message }: { path: string; message: string }) =>
      problems.push(`${path}: ${message}`),
  };
  const differences: string[] = [];
  const selection = new Selection([], "/s" as RawName);
  for await (const { modifier, path } of compareDisk({ root, chunks }, disk, selection)) {
    differences.push(`${modifier} ${path || "."}`);
  }
  return { differences, problems };
}

/** The entry, as if it had been stored from what is on disk: with its metadata. */
function asOn<E extends Entry>(path: string, entry: E): E {
  return { ...entry, ...metadataOf(lstatSync(path, { bigint: true })) };
}

/** A directory on disk, and one that is stored of it. */
interface Scene {
  readonly shelf: Shelf;
  readonly root: string;
  /** Writes a file, and stores it. */
  file(name: string, ...pieces: readonly Uint8Array[]): Entry;
  /** Compares with a snapshot of these. */
  compare(...entries: readonly Entry[]): Promise<Compared>;
}

function scene(): Scene {
  const shelf = new Shelf();
  const root = scratchDirectory();
  return {
    shelf,
    root,
    file(name, ...pieces) {
      writeFileSync(join(root, name), Buffer.concat(pieces));
      return asOn(join(root, name), shelf.file(name, ...pieces));
    },
    compare: (...entries) => compared(shelf, asOn(root, shelf.directory("", ...entries)), root),
  };
}

const nothing: Compared = { differences: [], problems: [] };

describe("a comparison with the disk", () => {
  for (const name of ["sha1", "blake3", "none"] as const) {
    it(`reads a file whose time alone differs: ${name}`, async () => {
      const { root, file, compare } = scene();
      const hash = digests.file(name);
      for (const piece of PIECES) hash.update(piece);
      const digest = hash.finish();
      const stored = {
        ...file("f", ...PIECES),
        ...(digest === undefined ? {} : { digest }),
      } as Entry;
      assert.deepEqual(await compare(stored), nothing);
      lutimesSync(join(root, "f"), LATER, LATER);
      assert.deepEqual((await compare(stored)).differences, ["U f"]);
      const other = Buffer.concat(PIECES);
      other[7000] = (other[7000] ?? 0) ^ 1;
      writeFileSync(join(root, "f"), other);
      assert.deepEqual((await compare(stored)).differences, ["M f"]);
    });
  }

  it("does not read a file of the same size and time, or of another size", async () => {
    const { root, shelf, file, compare } = scene();
    const stored = file("f", Buffer.from("1234"));
    const { mtimeMs } = lstatSync(join(root, "f"));
    shelf.places.clear();
    writeFileSync(join(root, "f"), "12345");
    lutimesSync(join(root, "f"), mtimeMs / 1000, mtimeMs / 1000);
    assert.deepEqual((await compare(stored)).differences, ["M f"]);
    writeFileSync(join(root, "f"), "abcd");
    lutimesSync(join(root, "f"), LATER, LATER);
    const sameTime = { ...stored, mtime: BigInt(LATER) * 1_000_000_000n };
    assert.deepEqual((await compare(sameTime)).differences, []);
  });

  it("counts holes as bytes of the file", async () => {
    const { root, shelf, file, compare } = scene();
    const data = Buffer.from("data");
    file("f", Buffer.concat([data, Buffer.alloc(4096)]));
    const stored = asOn(join(root, "f"), { ...shelf.file("f", data), holes: [[4, 4096]] as const });
    assert.deepEqual(await compare(stored), nothing);
  });

  it("compares links, pipes and devices, and does not wait for a pipe", async () => {
    const { root, file, compare } = scene();
    symlinkSync("a", join(root, "l"));
    execFileSync("mkfifo", [join(root, "p")]);
    const link = asOn(join(root, "l"), symlink("l", "a"));
    const pipe: Entry = {
      ...link,
      ...asOn(join(root, "p"), link),
      name: "p" as RawName,
      type: "fifo",
    };
    assert.deepEqual(await compare(link, pipe), nothing);
    assert.deepEqual((await compare({ ...link, target: "b" as RawName }, pipe)).differences, [
      "M l",
    ]);
    const stored = file("f", Buffer.from("1"));
    rmSync(join(root, "f"));
    execFileSync("mkfifo", [join(root, "f")]);
    assert.deepEqual((await compare(stored, link, pipe)).differences, ["T f"]);
    if (!IS_ROOT) return;
    execFileSync("mknod", [join(root, "z"), "c", "1", "5"]);
    const device = (minor: number): Entry => {
      return {
        ...asOn(join(root, "z"), link),
        name: "z" as RawName,
        type: "character",
        device: [1, minor],
      };
    };
    rmSync(join(root, "f"));
    assert.deepEqual(await compare(link, pipe, device(5)), nothing);
    assert.deepEqual((await compare(link, pipe, device(3))).differences, ["M z"]);
  });

  it("tells modes and owners as metadata", async () => {
    const { root, file, compare } = scene();
    const stored = file("f", Buffer.from("1"));
    chmodSync(join(root, "f"), 0o4755);
    assert.deepEqual((await compare(stored)).differences, ["U f"]);
    if (!IS_ROOT) return;
    chmodSync(join(root, "f"), stored.mode);
    chownSync(join(root, "f"), 12345, stored.gid);
    assert.deepEqual((await compare(stored)).differences, ["U f"]);
  });

  it("lists what is in a directory that is on one side only, and follows no link", async () => {
    const { root, shelf, file, compare } = scene();
    const stored = shelf.directory("d", shelf.file("f"));
    mkdirSync(join(root, "e"));
    writeFileSync(join(root, "e/g"), "");
    assert.deepEqual((await compare(stored)).differences, ["- d", "- d/f", "+ e", "+ e/g"]);
    symlinkSync("e", join(root, "d"));
    const f = file("f");
    assert.deepEqual((await compare(stored, f)).differences, ["T d", "- d/f", "+ e", "+ e/g"]);
  });

  it("is one with the file where that is all that was backed up", async () => {
    const { root, shelf, file } = scene();
    const stored = file("f", Buffer.from("1"));
    assert.deepEqual(await compared(shelf, stored, join(root, "f")), nothing);
    const elsewhere = join(root, "g");
    writeFileSync(elsewhere, "22");
    assert.deepEqual((await compared(shelf, stored, elsewhere)).differences, ["M f"]);
    const onDirectory = await compared(shelf, stored, root);
    assert.deepEqual(onDirectory.differences, ["T .", "+ f", "+ g"]);
  });

  it("stands at the end of a link that leads to a directory, as a backup does", async () => {
    const { root, shelf, file } = scene();
    const stored = asOn(root, shelf.directory("", file("f", Buffer.from("1"))));
    const link = join(scratchDirectory(), "link");
    symlinkSync(root, link);
    assert.deepEqual(await compared(shelf, { ...stored, ...asOn(root, stored) }, link), nothing);
  });

  it("tells what it cannot look at, and takes it neither for gone nor for the same", async (t) => {
    const { root, shelf, file } = scene();
    chmodSync(root, 0o755);
    const inner = (name: string) => shelf.directory(name, shelf.file("x"));
    for (const [name, mode] of [
      ["closed", 0o000],
      ["blind", 0o444],
    ] as const) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, "x"), "");
      chmodSync(join(root, name), mode);
    }
    const secret = file("secret", Buffer.from("1"));
    lutimesSync(join(root, "secret"), LATER, LATER);
    chmodSync(join(root, "secret"), 0o000);
    const entries = [
      asOn(join(root, "blind"), inner("blind")),
      asOn(join(root, "closed"), inner("closed")),
      secret,
    ];
    const snapshot = asOn(root, shelf.directory("", ...entries));
    let found: Compared | undefined;
    const isBound = await unprivileged(async () => {
      found = await compared(shelf, snapshot, root);
    });
    for (const name of ["closed", "blind"]) chmodSync(join(root, name), 0o755);
    if (!isBound) return t.skip("no user here is bound by permissions");
    assert.deepEqual(found?.differences, []);
    assert.deepEqual(
      found?.problems.map((text) => text.replace(/: EACCES.*/, "")),
      ["blind/x: cannot look at it", "closed: cannot list it", "secret: cannot compare it"],
    );
  });
});
