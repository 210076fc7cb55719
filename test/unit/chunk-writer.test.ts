import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KnownChunks } from "../../src/backup/chunk-writer.ts";
import { Uploader } from "../../src/backup/upload.ts";
import { decodeBase64 } from "../../src/format/fields.ts";
import type { PackTable, Place } from "../../src/format/table.ts";
import type { FullPack } from "../../src/pack/pack.ts";
import { Claims } from "../../src/repository/claims.ts";
import type { Span } from "../../src/repository/reach.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import type { Creation } from "../../src/target/target.ts";
import { bracketFor, RUN, run, tablesFrom } from "../support/brackets.ts";
import { randomBytes } from "../support/random.ts";

const place: Place = { run: RUN, tape: 9, offset: 5000, length: 4000, within: 0, size: 10 };

describe("a chunk", () => {
  it("is stored once, however often it comes", async () => {
    const { chunks, finish } = await bracketFor("content");
    const bytes = randomBytes(1, 100_000);
    const first = run(chunks.put(bytes));
    assert.equal(first.isNew, true);
    assert.deepEqual(first.span && { ...first.span, last: 0 }, {
      run: RUN,
      tape: 1,
      first: 0,
      last: 0,
    });
    assert.deepEqual(run(chunks.put(bytes)), { id: first.id, size: bytes.length, isNew: false });
    const tables = tablesFrom(finish());
    const stored = tables.flatMap(({ parts }) => parts.flatMap(({ frames }) => frames));
    assert.deepEqual(
      stored.flatMap((frame) => frame.chunks),
      [{ id: first.id, size: bytes.length }],
    );
  });

  it("that shares a frame has no place yet", async () => {
    const { chunks } = await bracketFor("content");
    const { span, isNew } = run(chunks.put(randomBytes(1, 1000)));
    assert.deepEqual([span, isNew], [undefined, true]);
  });

  it("that is known is not stored, and its claim ends", async () => {
    const claims = new Claims();
    const known: KnownChunks = { locate: () => place, refresh: () => {} };
    const { chunks, finish } = await bracketFor("content", { claims, known });
    const { span, isNew } = run(chunks.put(randomBytes(1, 1000)));
    assert.deepEqual([span, isNew], [{ run: RUN, tape: 9, first: 1, last: 2 }, false]);
    assert.equal(claims.count, 0);
    assert.deepEqual(tablesFrom(finish()), []);
  });

  it("is looked up in a fresh view whenever packs were committed", async () => {
    const claims = new Claims();
    const calls: string[] = [];
    const known: KnownChunks = {
      locate: () => void calls.push("locate"),
      refresh: () => void calls.push("refresh"),
    };
    const { chunks } = await bracketFor("content", { claims, known });
    run(chunks.put(randomBytes(1, 1000)));
    claims.settle([]);
    run(chunks.put(randomBytes(2, 1000)));
    run(chunks.put(randomBytes(3, 1000)));
    assert.deepEqual(calls, ["locate", "refresh", "locate", "locate"]);
  });
});

/** Full packs of one tape, each in a buffer of its own. */
async function packsOfOneTape(claims: Claims): Promise<FullPack[]> {
  const { chunks, finish } = await bracketFor("content", { claims });
  const packs: FullPack[] = [];
  const keep = ({ table, bytes }: FullPack) => packs.push({ table, bytes: bytes.slice() });
  for (let at = 0; at < 40; at++) run(chunks.put(randomBytes(at, 65_536)), keep);
  run(finish(), keep);
  assert.ok(packs.length >= 3);
  return packs;
}

/** A target on which creates are done when the test says so. */
class SlowTarget extends MemoryTarget {
  readonly waiting: (() => void)[] = [];

  override async create(name: string, bytes: Uint8Array): Promise<Creation> {
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    return super.create(name, bytes);
  }
}

describe("an uploader", () => {
  it("enters the packs of a tape in order, and ends claims after that", async () => {
    const claims = new Claims();
    const packs = await packsOfOneTape(claims);
    const claimed = claims.count;
    const entered: PackTable[] = [];
    const seen: number[] = [];
    const add = (table: PackTable) => {
      entered.push(table);
      seen.push(claims.count);
    };
    const spans: Span[] = [];
    const target = new SlowTarget();
    const cache = { packs: { add } } as unknown as ConstructorParameters<
      typeof Uploader
    >[1]["cache"];
    const uploader = new Uploader(target, { cache, claims }, (span) => spans.push(span));
    const storing = packs.map((pack) => uploader.store(pack));
    for (const finish of target.waiting.toReversed()) {
      assert.deepEqual(entered, []);
      finish();
      await new Promise(setImmediate);
    }
    await Promise.all(storing);
    assert.deepEqual(
      entered,
      packs.map(({ table }) => table),
    );
    assert.equal(seen[0], claimed, "claims end behind the cache's commit");
    assert.equal(claims.count, 0);
    assert.equal(spans.length >= packs.length, true);
    assert.deepEqual(uploader.totals, {
      packs: packs.length,
      bytes: packs.reduce((sum, { bytes }) => sum + bytes.length, 0),
    });
  });

  it("enters no pack behind one that could not be stored", async () => {
    const claims = new Claims();
    const packs = await packsOfOneTape(claims);
    const entered: PackTable[] = [];
    const add = (table: PackTable) => entered.push(table);
    const cache = { packs: { add } } as unknown as ConstructorParameters<
      typeof Uploader
    >[1]["cache"];
    const target = new MemoryTarget();
    const [first] = packs;
    await target.create(first?.table.pack ?? "", new Uint8Array(1));
    const uploader = new Uploader(target, { cache, claims }, () => {});
    const storing = await Promise.allSettled(packs.map((pack) => uploader.store(pack)));
    assert.ok(storing.every(({ status }) => status === "rejected"));
    assert.deepEqual(entered, []);
    const { frames } = first?.table.parts[0] ?? { frames: [] };
    const id = decodeBase64(frames[0]?.chunks[0]?.id);
    assert.ok(id !== undefined && !claims.claim(id), "its chunks are claimed still");
  });
});
