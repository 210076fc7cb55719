import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
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
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { bracketFor, run } from "../support/brackets.ts";
import { randomBytes } from "../support/random.ts";
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
      [/^cannot open it: ELOOP/, (path) => symlinkSync("/etc/passwd", path)],
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
