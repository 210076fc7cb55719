import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import type { FileEvent, FileJob, Reading } from "../../src/backup/content.ts";
import { storeFile } from "../../src/backup/content.ts";
import { signatureOf } from "../../src/backup/signature.ts";
import { libc } from "../../src/disk/libc.ts";
import { Fields } from "../../src/format/fields.ts";
import { decodeHoles, holeBytes } from "../../src/format/holes.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { bracketFor, run } from "../support/brackets.ts";
import { randomBytes } from "../support/random.ts";
import { closesAll, sparseFile } from "../support/rough.ts";
import { scratchDirectory } from "../support/scratch.ts";

const bracket = await bracketFor("content");

/** A file, as the walk saw it. */
function jobOf(path: string): FileJob {
  const stats = lstatSync(path, { bigint: true });
  const signature = signatureOf(stats);
  const [root, name] = [dirname(path), basename(path)].map(rawFromText) as [RawName, RawName];
  return { id: 7, root, path: name, size: Number(stats.size), signature };
}

function fileOf(content: Uint8Array): string {
  const path = join(scratchDirectory(), "file");
  writeFileSync(path, content);
  return path;
}

/** Stores a file. @param meanwhile - is called each time when all of the file has been read. */
function store(job: FileJob, meanwhile: (time: number) => void = () => {}): FileEvent[] {
  const events: FileEvent[] = [];
  let times = 0;
  const report = (event: FileEvent) => {
    events.push(event);
    if (event.kind === "chunks") meanwhile(++times);
  };
  run(storeFile(job, bracket, "sha1", report));
  return events;
}

/** What came of a file in the end, and how many bytes count. */
function outcome(events: readonly FileEvent[]): { kinds: string; size: number; reading?: Reading } {
  const last = events.at(-1);
  const counting = events.slice(events.findLastIndex(({ kind }) => kind === "restart") + 1);
  const chunks = counting.flatMap((event) => (event.kind === "chunks" ? event.chunks : []));
  return {
    kinds: events.map(({ kind }) => kind).join(" "),
    size: chunks.reduce((sum, { size }) => sum + size, 0),
    ...(last?.kind === "done" ? { reading: last.reading } : {}),
  };
}

const sha1 = (bytes: Uint8Array) => `sha1:${createHash("sha1").update(bytes).digest("hex")}`;
const content = randomBytes(1, 300_000);

describe("a file that", () => {
  it("stays as it is, is read once", () => {
    const job = jobOf(fileOf(content));
    const { kinds, size, reading } = outcome(store(job));
    assert.deepEqual([kinds, size], ["chunks done", content.length]);
    assert.deepEqual(reading, {
      ...{ digest: sha1(content), signature: job.signature, torn: false },
      ...{ isRecent: false, xattrs: [], holes: [] },
    });
  });

  it("is empty, has no chunks", () => {
    assert.equal(outcome(store(jobOf(fileOf(new Uint8Array(0))))).kinds, "done");
  });

  it("grew or shrank before it was opened, is read as it is, and so is what goes with it", () => {
    for (const change of [(path: string) => appendFileSync(path, content), truncateSync]) {
      const path = fileOf(content);
      const job = jobOf(path);
      change(path);
      chmodSync(path, 0o640);
      const now = jobOf(path);
      const { kinds, size, reading } = outcome(store(job));
      assert.deepEqual([kinds, size], [now.size > 0 ? "chunks done" : "done", now.size]);
      assert.equal(reading?.signature, now.signature);
      assert.equal(reading?.torn, false);
      assert.equal(reading?.looks?.mode, 0o640);
      assert.equal(reading?.looks?.mtime, lstatSync(path, { bigint: true }).mtimeNs);
    }
  });

  it("changes while it is read, is read again", () => {
    for (const [change, length] of [
      [(path: string) => appendFileSync(path, "more"), content.length + 4],
      [(path: string) => truncateSync(path, 1000), 1000],
      [(path: string) => writeFileSync(path, randomBytes(2, 1000)), 1000],
    ] as const) {
      const path = fileOf(content);
      const { kinds, size, reading } = outcome(
        store(jobOf(path), (time) => {
          if (time === 1) change(path);
        }),
      );
      assert.deepEqual([kinds, size], ["chunks restart chunks done", length]);
      assert.equal(reading?.signature, jobOf(path).signature);
      assert.equal(reading?.torn, false);
    }
  });

  it("changes each time it is read, is stored as it was read last, and marked", () => {
    const path = fileOf(content);
    const { kinds, size, reading } = outcome(
      store(jobOf(path), () => appendFileSync(path, "more")),
    );
    assert.deepEqual([kinds, size], ["chunks restart chunks done", content.length + 4]);
    assert.equal(reading?.torn, true);
    assert.equal(reading?.digest, sha1(Buffer.concat([content, Buffer.from("more")])));
  });

  it("was replaced before it was opened, is read as it is now", () => {
    const path = fileOf(content);
    const job = jobOf(path);
    const other = fileOf(randomBytes(3, 500));
    renameSync(other, path);
    const { size, reading } = outcome(closesAll(() => store(job)));
    assert.equal(size, 500);
    assert.equal(reading?.signature, jobOf(path).signature);
    assert.ok(reading?.looks);
  });

  it("is in a directory that was swapped for a link, is not read behind the link", () => {
    const root = scratchDirectory();
    const elsewhere = scratchDirectory();
    writeFileSync(join(elsewhere, "file"), "secret");
    for (const [swapped, below] of [
      ["a", ""],
      ["b", "/deep"],
    ] as const) {
      mkdirSync(join(root, swapped + below), { recursive: true });
      if (below !== "") mkdirSync(join(elsewhere, below));
      if (below !== "") writeFileSync(join(elsewhere, below, "file"), "secret");
      const path = join(root, swapped + below, "file");
      writeFileSync(path, content);
      const stats = lstatSync(path, { bigint: true });
      const job: FileJob = {
        ...{ id: 7, root: rawFromText(root), path: rawFromText(`${swapped}${below}/file`) },
        ...{ size: content.length, signature: signatureOf(stats) },
      };
      renameSync(join(root, swapped), join(root, `was-${swapped}`));
      symlinkSync(elsewhere, join(root, swapped));
      const [event, ...others] = closesAll(() => store(job));
      assert.ok(event?.kind === "failed" && /ENOTDIR|ELOOP/.test(event.message), event?.kind);
      assert.deepEqual(others, []);
      // And with another directory in its place it is the file there.
      rmSync(join(root, swapped));
      mkdirSync(join(root, swapped + below), { recursive: true });
      writeFileSync(path, "other");
      assert.equal(outcome(store(job)).reading?.digest, sha1(Buffer.from("other")));
    }
  });

  it("is replaced while it is read, is stored as it was when it was opened", () => {
    const path = fileOf(content);
    const other = fileOf(randomBytes(3, 500));
    const { size, reading } = outcome(
      store(jobOf(path), (time) => {
        if (time === 1) renameSync(other, path);
      }),
    );
    assert.equal(size, content.length);
    assert.equal(reading?.digest, sha1(content));
    assert.notEqual(reading?.signature, jobOf(path).signature, "the next run reads the new one");
  });

  it("is something else by the time it is opened, is reported and not waited for", () => {
    const replacements: [RegExp, (path: string) => void][] = [
      [/^cannot open it: ENOENT/, () => {}],
      [/^cannot open it: E(LOOP|NOTDIR)/, (path) => symlinkSync("/etc/passwd", path)],
      [/no file any more/, (path) => mkdirSync(path)],
      [/no file any more/, (path) => void spawnSync("mkfifo", [path])],
    ];
    for (const [expected, replace] of replacements) {
      const path = fileOf(content);
      const job = jobOf(path);
      rmSync(path);
      replace(path);
      const [event, ...others] = store(job);
      assert.ok(event?.kind === "failed" && expected.test(event.message), JSON.stringify(event));
      assert.deepEqual(others, []);
    }
  });

  it("has become a device that never ends, is not read", (t) => {
    const path = fileOf(content);
    const job = jobOf(path);
    rmSync(path);
    if (spawnSync("mknod", [path, "c", "1", "5"]).status !== 0) {
      t.skip("devices can be made by root only");
      return;
    }
    const [event] = store(job);
    // Where file systems are mounted without devices it cannot even be opened.
    assert.equal(event?.kind, "failed");
  });

  it("may not be read, is reported", (t) => {
    const path = fileOf(content);
    chmodSync(path, 0);
    if (process.getuid?.() === 0) {
      t.skip("root may read anything");
      return;
    }
    const [event] = store(jobOf(path));
    assert.ok(event?.kind === "failed" && /EACCES/.test(event.message));
  });
});

describe("a file with holes", { skip: process.platform !== "linux" && "Linux only" }, () => {
  const MIB = 2 ** 20;
  const head = randomBytes(4, 5000);
  const tail = randomBytes(5, 100_000);

  it("is its data, and the digest that of the whole", () => {
    const path = join(scratchDirectory(), "sparse");
    sparseFile(path, 3 * MIB + 5, { 0: head, [2 * MIB]: tail });
    const { kinds, size, reading } = outcome(store(jobOf(path)));
    assert.equal(kinds, "chunks done");
    const { holes = [], digest } = reading ?? {};
    assert.equal(digest, sha1(readFileSync(path)));
    assert.equal(size + holeBytes(holes), 3 * MIB + 5);
    assert.ok(size < 120_000, `${size} bytes of data`);
    assert.equal(holes.length, 2);
  });

  it("may be nothing but a hole, and then costs nothing", () => {
    const path = join(scratchDirectory(), "hole");
    sparseFile(path, 2 * MIB);
    const { kinds, reading } = outcome(store(jobOf(path)));
    assert.equal(kinds, "done");
    assert.deepEqual(reading?.holes, [[0, 2 * MIB]]);
    assert.equal(reading?.digest, sha1(new Uint8Array(2 * MIB)));
  });

  it("has no digest where holes would keep it busy for years", (t) => {
    const path = join(scratchDirectory(), "vast");
    try {
      sparseFile(path, 2 ** 43, { 0: head });
    } catch {
      t.skip("this file system has no such files");
      return;
    }
    const { reading } = outcome(store(jobOf(path)));
    assert.equal(reading?.digest, undefined);
    assert.equal(reading?.holes.length, 1);
  });

  it("is as it was read last, if it changes each time: holes and data fit together", () => {
    const path = join(scratchDirectory(), "torn");
    for (const change of [
      (at: number) => truncateSync(path, MIB - at),
      (at: number) => truncateSync(path, 4 * MIB + at),
      (at: number) => sparseFile(path, 3 * MIB, { [at * MIB]: tail }),
    ]) {
      sparseFile(path, 3 * MIB, { 0: head, [2 * MIB]: tail });
      // A chunk is told of behind all of the data, with holes in front of it and behind.
      const { size, reading } = outcome(store(jobOf(path), change));
      assert.equal(reading?.torn, true);
      const { holes = [], digest } = reading ?? {};
      assert.doesNotThrow(() => decodeHoles(new Fields("x", { holes }), { size }));
      assert.match(digest ?? "", /^sha1:/);
    }
  });
});

describe("the attributes of a file", { skip: process.platform !== "linux" && "Linux only" }, () => {
  it("are read with it, and an attribute that is set meanwhile is a change", () => {
    const path = fileOf(content);
    const value = Buffer.from("value");
    const set = (name: string) => libc()?.setXattr(rawFromText(path), name as RawName, value);
    set("user.b");
    const { kinds, reading } = outcome(
      store(jobOf(path), (time) => {
        if (time === 1) set("user.a");
      }),
    );
    assert.equal(kinds, "chunks restart chunks done");
    assert.deepEqual(reading?.xattrs, [
      { name: "user.a", value },
      { name: "user.b", value },
    ]);
  });
});

describe("a file that changes within a tick of the clock", () => {
  it("is not read before a change would show", () => {
    for (let turn = 0; turn < 10; turn++) {
      const path = fileOf(content);
      const other = randomBytes(turn, content.length);
      const { kinds, reading } = outcome(
        store(jobOf(path), (time) => {
          if (time === 1) writeFileSync(path, other);
        }),
      );
      assert.equal(kinds, "chunks restart chunks done");
      assert.equal(reading?.digest, sha1(other));
    }
  });

  it("is marked as recent where that takes too long to wait for", () => {
    const path = fileOf(content);
    const job = jobOf(path);
    const now = Date.now;
    try {
      // As if the file server's clock were ahead.
      Date.now = () => now() - 60_000;
      assert.equal(outcome(store(job)).reading?.isRecent, true);
    } finally {
      Date.now = now;
    }
  });
});
