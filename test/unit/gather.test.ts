import assert from "node:assert/strict";
import { linkSync, lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { FileEvent, FileJob, Reading } from "../../src/backup/content.ts";
import { storeFile } from "../../src/backup/content.ts";
import { EntryMaker } from "../../src/backup/entry.ts";
import type { FileName } from "../../src/backup/gather.ts";
import { Gather } from "../../src/backup/gather.ts";
import { Slot } from "../../src/backup/tree.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { FileEntry } from "../../src/format/tree.ts";
import { bracketFor, run } from "../support/brackets.ts";
import { scratchDirectory } from "../support/scratch.ts";

const bracket = await bracketFor("content");
const store = await bracketFor("trees");

/** One file with these names, and who gathers what comes of it. */
class Linked {
  readonly root: string = scratchDirectory();
  readonly problems: string[] = [];
  readonly remembered: string[] = [];
  readonly gather: Gather;

  constructor(...names: readonly string[]) {
    const [first = "", ...others] = names;
    writeFileSync(join(this.root, first), "content");
    for (const name of others) linkSync(join(this.root, first), join(this.root, name));
    this.gather = new Gather(
      rawFromText(this.root),
      { store, entries: new EntryMaker() },
      {
        needs: () => {},
        stored: (_, name) => this.remembered.push(name),
        problem: ({ path, message }) => this.problems.push(`${path}: ${message}`),
      },
    );
  }

  name(name: string): FileName {
    const stats = lstatSync(join(this.root, name), { bigint: true });
    const found = { name: name as RawName, path: name as RawName, stats };
    return { directory: "" as RawName, found, slot: new Slot() };
  }

  /** @returns what has to be read after all. */
  read(job: FileJob | undefined, change: (event: FileEvent) => FileEvent = (event) => event) {
    assert.ok(job !== undefined);
    const jobs: FileJob[] = [];
    const events: FileEvent[] = [];
    run(storeFile(job, bracket, "sha1", (event) => events.push(change(event))));
    for (const event of events) jobs.push(...run(this.gather.take(event)));
    return jobs;
  }
}

function fileIn({ slot }: FileName): FileEntry {
  assert.ok(slot.isFilled && slot.entry?.type === "file");
  return slot.entry;
}

const failing = (event: FileEvent): FileEvent =>
  event.kind === "done" ? { kind: "failed", id: event.id, message: "it fails" } : event;

/** The last event, with a reading that is a little different. */
function reading(change: (reading: Reading) => Partial<Reading>) {
  return (event: FileEvent): FileEvent =>
    event.kind === "done"
      ? { ...event, reading: { ...event.reading, ...change(event.reading) } }
      : event;
}

describe("a file with several names", () => {
  it("is read once: under way, and when it is done", () => {
    const linked = new Linked("a", "b", "c");
    const [a, b, c] = ["a", "b", "c"].map((name) => linked.name(name)) as [
      ...[FileName, FileName, FileName],
    ];
    const job = linked.gather.open(a);
    assert.equal(linked.gather.open(b), undefined);
    assert.equal(b.slot.isFilled, false);
    assert.deepEqual(linked.read(job), []);
    assert.equal(linked.gather.open(c), undefined);
    const [one, two, three] = [a, b, c].map(fileIn);
    assert.equal(one?.links, 3);
    assert.deepEqual({ ...two, name: "a" }, one);
    assert.deepEqual({ ...three, name: "a" }, one);
    assert.deepEqual(linked.remembered, ["a", "b", "c"]);
    assert.deepEqual(linked.gather.totals, { files: 3, bytes: 21, newBytes: 7 });
    // All names were met: nothing of it is kept.
    assert.ok(linked.gather.open(linked.name("a")) !== undefined);
  });

  it("that cannot be read by one name is read by the next, and each is told", () => {
    const linked = new Linked("a", "b", "c");
    const names = ["a", "b", "c"].map((name) => linked.name(name));
    const [job] = names.map((name) => linked.gather.open(name));
    const [second, ...none] = linked.read(job, failing);
    assert.deepEqual([second?.path, none.length], ["b", 0]);
    const [third] = linked.read(second, failing);
    assert.deepEqual(linked.read(third), []);
    assert.deepEqual(linked.problems, ["a: it fails", "b: it fails"]);
    assert.deepEqual(
      names.map(({ slot }) => [slot.isFilled, slot.entry?.name]),
      [
        [true, undefined],
        [true, undefined],
        [true, "c"],
      ],
    );
  });

  it("that was replaced under one name is read by the next, and is not the other file", () => {
    const linked = new Linked("a", "b");
    const [a, b] = ["a", "b"].map((name) => linked.name(name)) as [FileName, FileName];
    const job = linked.gather.open(a);
    linked.gather.open(b);
    const [again] = linked.read(
      job,
      reading(({ signature }) => ({ signature: `${signature.slice(0, 24)}${"x".repeat(16)}` })),
    );
    assert.equal(again?.path, "b");
    assert.deepEqual(linked.read(again), []);
    assert.equal(fileIn(b).links, 2);
  });

  it("that was torn, or read too soon, is remembered under none of them", () => {
    for (const change of [{ torn: true }, { isRecent: true }, { problem: "no attributes" }]) {
      const linked = new Linked("a", "b");
      const [a, b] = ["a", "b"].map((name) => linked.name(name)) as [FileName, FileName];
      const job = linked.gather.open(a);
      linked.gather.open(b);
      linked.read(
        job,
        reading(() => change),
      );
      assert.deepEqual(linked.remembered, []);
      assert.equal(fileIn(b).torn, change.torn);
      assert.equal(fileIn(b).link === undefined, change.torn === true);
      assert.equal(linked.problems.length, change.isRecent ? 0 : 2);
    }
  });

  it("that waits for one that is withdrawn is left out with it", () => {
    const linked = new Linked("a", "b");
    const [a, b] = ["a", "b"].map((name) => linked.name(name)) as [FileName, FileName];
    const job = linked.gather.open(a);
    linked.gather.open(b);
    linked.gather.withdraw(job as FileJob);
    assert.deepEqual([a.slot.isFilled, b.slot.isFilled], [true, true]);
    assert.deepEqual([a.slot.entry, b.slot.entry], [undefined, undefined]);
    assert.ok(linked.gather.open(linked.name("b")) !== undefined);
  });
});
