import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { FileDigestName } from "../../src/digest/digest.ts";
import { loadDigests } from "../../src/digest/digest.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { DirectoryEntry, Entry, FileEntry } from "../../src/format/tree.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { restore } from "../../src/restore/restore.ts";
import { Selection } from "../../src/restore/selection.ts";
import type { VerifyTask } from "../../src/restore/verify.ts";
import { verify } from "../../src/restore/verify.ts";
import { inlineWriters } from "../../src/restore/writers.ts";
import { randomBytes } from "../support/random.ts";
import { restoreTask } from "../support/restore-task.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { CHUNK_KEY, Shelf, symlink } from "../support/shelf.ts";

const digests = await loadDigests(CHUNK_KEY, "fastest");
const PIECES = [randomBytes(1, 5000), randomBytes(2, 5000)];

/** A file of two chunks with this digest of its content. */
function digested(shelf: Shelf, name: FileDigestName): FileEntry {
  const hash = digests.file(name);
  for (const piece of PIECES) hash.update(piece);
  const digest = hash.finish();
  return { ...shelf.file(name, ...PIECES), ...(digest === undefined ? {} : { digest }) };
}

interface Restored {
  readonly shelf: Shelf;
  readonly root: Entry;
  readonly to: string;
}

async function restored(): Promise<Restored> {
  const shelf = new Shelf();
  const inner: DirectoryEntry = shelf.directory("d", shelf.file("f", Buffer.from("f")));
  const files = (["blake3", "none", "sha1"] as const).map((name) => digested(shelf, name));
  const [blake3, none, sha1] = files as [FileEntry, FileEntry, FileEntry];
  const root = shelf.directory("", blake3, inner, symlink("l", "d"), none, sha1);
  shelf.close();
  const to = scratchDirectory();
  const means = await shelf.means();
  await restore(await restoreTask(root, to, means), means, inlineWriters(means), {
    problem: () => assert.fail(),
    progress() {},
    kept: () => assert.fail(),
  });
  return { shelf, root, to };
}

async function differences(
  { shelf, root, to }: Restored,
  extras: VerifyTask["extras"] = "tell",
): Promise<string[]> {
  const selection = new Selection([], "/s" as RawName);
  const task = { root, selection, directory: rawFromText(to), extras };
  const found: string[] = [];
  const chunks = new ChunkSource(await shelf.means());
  const totals = await verify(task, chunks, digests, ({ path, message }) =>
    found.push(`${path}: ${message}`),
  );
  assert.equal(totals.differences, found.length);
  return found;
}

/** Changes a restored tree; the differences are these. */
async function changed(change: (to: string) => void, ...expected: RegExp[]): Promise<void> {
  const tree = await restored();
  change(tree.to);
  const found = await differences(tree);
  assert.equal(found.length, expected.length, found.join("\n"));
  for (const [at, message] of expected.entries()) assert.match(found[at] ?? "", message);
}

describe("verify", () => {
  it("finds nothing in what was just restored", async () => {
    assert.deepEqual(await differences(await restored()), []);
  });

  for (const name of ["blake3", "sha1", "none"]) {
    it(`finds a byte that changed, more and fewer bytes: ${name}`, async () => {
      const is = (message: string) => new RegExp(`^${name}: .*${message}`);
      const other = Buffer.concat(PIECES);
      other[7000] = (other[7000] ?? 0) ^ 1;
      await changed(
        (to) => writeFileSync(join(to, name), other),
        is(name === "none" ? "differs between byte 5000 and byte 10000" : "content is"),
      );
      await changed((to) => appendFileSync(join(to, name), "x"), is("bytes"));
      await changed((to) => truncateSync(join(to, name), 4000), is("bytes"));
    });
  }

  it("finds what is missing, and what is too much unless it is told not to", async () => {
    const add = (to: string) => {
      unlinkSync(join(to, "d/f"));
      writeFileSync(join(to, "d/g"), "");
      mkdirSync(join(to, "e"));
    };
    await changed(add, /^d\/f: it is missing/, /^d\/g: it is not in/, /^e: it is not in/);
    const tree = await restored();
    add(tree.to);
    assert.deepEqual(await differences(tree, "ignore"), ["d/f: it is missing"]);
  });

  it("finds what is something else, and does not wait for a pipe", async () => {
    await changed((to) => {
      unlinkSync(join(to, "sha1"));
      execFileSync("mkfifo", [join(to, "sha1")]);
    }, /^sha1: it is a fifo instead of a file/);
    await changed((to) => {
      unlinkSync(join(to, "l"));
      symlinkSync("e", join(to, "l"));
    }, /^l: it points elsewhere/);
  });

  it("does not follow a link in a directory's place", async () => {
    await changed(
      (to) => {
        rmSync(join(to, "d"), { recursive: true });
        symlinkSync(".", join(to, "d"));
        writeFileSync(join(to, "f"), "f");
      },
      /^d: it is a symlink instead of a directory/,
      /^d\/f: it is missing/,
      /^f: it is not in the snapshot/,
    );
  });

  it("tells what cannot be looked at, and goes on", async () => {
    const tree = await restored();
    const long = "n".repeat(300);
    const root = tree.shelf.directory("", tree.shelf.file(long));
    tree.shelf.stretches.length = 0;
    tree.shelf.close();
    const [found] = await differences({ ...tree, root }, "ignore");
    assert.match(found ?? "", /^n+: cannot compare it: ENAMETOOLONG/);
  });
});
