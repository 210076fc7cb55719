import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, constants, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { FileEvent } from "../../src/backup/content.ts";
import { storeJob, withStream } from "../../src/backup/stream.ts";
import { libc } from "../../src/disk/libc.ts";
import { readsOn } from "../../src/disk/stream.ts";
import { UnavailableError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { bracketFor, run } from "../support/brackets.ts";
import { randomBytes } from "../support/random.ts";
import { scratchDirectory } from "../support/scratch.ts";

const bracket = await bracketFor("content");
const mayGoOn = () => {};
const NAME = "" as RawName;
const JOB = { id: 7, root: NAME, path: NAME, size: 0, signature: "" };
const LOOKS = { mode: 0o600, uid: 1, gid: 2, mtime: 3n };

/** Stores what an open file gives from where it stands. */
function store(descriptor: number): FileEvent[] {
  const events: FileEvent[] = [];
  const stream = { descriptor, looks: LOOKS };
  const report = (event: FileEvent) => events.push(event);
  run(storeJob({ ...JOB, stream }, { bracket, digest: "sha1", report, mayGoOn }));
  return events;
}

/** A FIFO that does not end, for this process could write to it as well; reading does not block. */
function fifo(): { path: string; reading: number } {
  const path = join(scratchDirectory(), "fifo");
  libc()?.makeNode(path as RawName, 0o010600, [0, 0]);
  return { path, reading: openSync(path, constants.O_RDWR | constants.O_NONBLOCK) };
}

describe("a stream that is stored", () => {
  it("is read once, from where it stands, and never taken for known", () => {
    const content = randomBytes(1, 300_000);
    const path = join(scratchDirectory(), "file");
    writeFileSync(path, content);
    const descriptor = openSync(path, "r");
    readsOn(descriptor, mayGoOn)(new Uint8Array(1000));
    const events = store(descriptor);
    closeSync(descriptor);
    const chunks = events.flatMap((event) => (event.kind === "chunks" ? event.chunks : []));
    assert.equal(
      chunks.reduce((sum, { size }) => sum + size, 0),
      content.length - 1000,
    );
    const digest = createHash("sha1").update(content.subarray(1000)).digest("hex");
    assert.deepEqual(events.at(-1), {
      kind: "done",
      id: 7,
      reading: {
        ...{ xattrs: [], holes: [], digest: `sha1:${digest}`, signature: "", looks: LOOKS },
        ...{ torn: false, isRecent: true },
      },
    });
  });

  it("is none if it cannot be read", () => {
    const descriptor = openSync(scratchDirectory(), "r");
    const [event] = store(descriptor);
    closeSync(descriptor);
    assert.ok(event?.kind === "failed" && /^cannot read it: EISDIR/.test(event.message));
  });
});

describe("reading on", () => {
  for (const [how, system] of [
    ["with poll(2)", libc()],
    ["without", undefined],
  ] as const) {
    it(`waits for who writes slowly, ${how}, though the descriptor does not block`, () => {
      const { path, reading } = fifo();
      spawn("sh", ["-c", `sleep 0.2; printf one > ${path}`]);
      const into = Buffer.alloc(10);
      assert.equal(into.toString("utf8", 0, readsOn(reading, mayGoOn, system)(into)), "one");
      closeSync(reading);
    });
  }

  it("ends, whoever may write some day, as soon as nobody wants it", () => {
    const { reading } = fifo();
    let asked = 0;
    const enough = () => {
      asked += 1;
      if (asked === 3) throw new RangeError("enough");
    };
    const stream = { descriptor: reading, looks: LOOKS };
    const report = () => assert.fail("nothing came of it");
    const step = storeJob({ ...JOB, stream }, { bracket, digest: "sha1", report, mayGoOn: enough });
    assert.throws(() => run(step), /^RangeError: enough$/);
    closeSync(reading);
  });

  it("tries again where somebody else was faster", () => {
    const { reading } = fifo();
    let asked = 0;
    const system = {
      awaitInput: () => {
        asked += 1;
        // The first time it lies, as it may seem to.
        if (asked === 2) writeSync(reading, "two");
        return asked !== 3;
      },
    };
    const into = Buffer.alloc(10);
    assert.equal(into.toString("utf8", 0, readsOn(reading, mayGoOn, system)(into)), "two");
    assert.equal(asked, 2);
    closeSync(reading);
  });
});

describe("a task's stream", () => {
  const log: string[] = [];
  const sourceOf = (failure?: Error) => ({
    open: () => ({
      descriptor: 5,
      ended: async () => {
        log.push("ended");
        if (failure !== undefined) throw failure;
      },
      close: () => void log.push("closed"),
    }),
  });
  const use = async () => void log.push("used");

  for (const [what, source, used, order] of [
    ["that ends well", sourceOf(), use, "used ended closed"],
    ["whose writer failed", sourceOf(new UnavailableError("it failed")), use, "used ended closed"],
    [
      "that is not wanted to its end",
      sourceOf(),
      () => Promise.reject(new UnavailableError("it failed")),
      "closed",
    ],
  ] as const) {
    it(`${what}, is closed, and its use counts only if all went well`, async () => {
      log.length = 0;
      const result = withStream(source, 0, used);
      if (what === "that ends well") await result;
      else await assert.rejects(result, /it failed/);
      assert.equal(log.join(" "), order);
    });
  }

  it("gives a file that is its owner's alone, of the run's time", async () => {
    const stream = await withStream(sourceOf(), 1_700_000_000_123, async (given) => given);
    assert.deepEqual(stream, {
      descriptor: 5,
      looks: {
        ...{ mode: 0o600, uid: process.getuid?.(), gid: process.getgid?.() },
        mtime: 1_700_000_000_123_000_000n,
      },
    });
    assert.equal(await withStream(undefined, 0, async (given) => given), undefined);
  });
});
