import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { promises as timers } from "node:timers";
import fc from "fast-check";
import { AccessError, NotFoundError, UnavailableError } from "../../src/errors.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import { SettledTarget } from "../../src/target/retry.ts";
import type { Fault, Schedule } from "../support/faults.ts";
import {
  always,
  bitFlip,
  FaultyTarget,
  faultsAt,
  lostReply,
  notDone,
  tornWrite,
} from "../support/faults.ts";

const NAME = "runs/a/1/end";
const OURS = new Uint8Array([1, 2, 3]);
const THEIRS = new Uint8Array([1, 2, 4]);

/** Three attempts in all, over a store that `schedule` spoils. */
function settledOver(schedule: Schedule) {
  const store = new MemoryTarget();
  const faulty = new FaultyTarget(store, schedule);
  return { store, faulty, target: new SettledTarget(faulty, [0, 0]) };
}

describe("a create whose reply is unknown", () => {
  it("was ours if our bytes are there", async () => {
    const { target } = settledOver(faultsAt({ 1: lostReply }));
    assert.equal(await target.create(NAME, OURS), "created");
    assert.deepEqual(await target.read(NAME, 3), OURS);
  });

  it("is done at last if it was not", async () => {
    const { store, target } = settledOver(faultsAt({ 1: notDone, 2: notDone }));
    assert.equal(await target.create(NAME, OURS), "created");
    assert.deepEqual(await store.read(NAME, 3), OURS);
  });

  it("was not ours if other bytes are there, shorter or longer ones too", async () => {
    for (const theirs of [THEIRS, OURS.slice(0, 2), new Uint8Array(4), new Uint8Array(0)]) {
      for (const fault of [lostReply, notDone]) {
        const { store, target } = settledOver(faultsAt({ 1: fault }));
        await store.create(NAME, theirs);
        assert.equal(await target.create(NAME, OURS), "exists");
      }
    }
  });

  it("is not doubted at the first attempt, even where the bytes are equal", async () => {
    const { store, faulty, target } = settledOver(() => undefined);
    await store.create(NAME, OURS);
    assert.equal(await target.create(NAME, OURS), "exists");
    assert.equal(faulty.count("read"), 0);
  });

  it("is not ours if it does not read back as ours", async () => {
    for (const fault of [tornWrite, { ...bitFlip, ...lostReply }]) {
      const { target } = settledOver(faultsAt({ 1: fault }));
      assert.equal(await target.create(NAME, OURS), "exists");
    }
    const removed = settledOver((call) =>
      call.operation === "read"
        ? { before: () => removed.store.remove([NAME]) }
        : faultsAt({ 1: lostReply })(call),
    );
    assert.equal(await removed.target.create(NAME, OURS), "exists");
  });

  it("stays unknown when nothing answers, or it cannot be read back", async () => {
    for (const schedule of [always("create", lostReply), always("create", notDone)]) {
      const { faulty, target } = settledOver(schedule);
      await assert.rejects(target.create(NAME, OURS), UnavailableError);
      assert.equal(faulty.count("create"), 3);
    }
    const { target } = settledOver((call) =>
      call.operation === "read" || call.number === 1 ? lostReply : undefined,
    );
    await assert.rejects(target.create(NAME, OURS), UnavailableError);
  });

  it("has at most one winner among rivals, and whoever is told so has won", async () => {
    const fault = fc.constantFrom<Fault | undefined>(undefined, lostReply, notDone);
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 24 }), async (faults) => {
        const { store, target } = settledOver((call) => faults[call.number - 1]);
        const rivals = [OURS, THEIRS, new Uint8Array(0)];
        const replies = await Promise.allSettled(rivals.map((bytes) => target.create(NAME, bytes)));
        const stored = await store.read(NAME, 9).catch(() => undefined);
        for (const [i, reply] of replies.entries()) {
          if (reply.status === "rejected") assert.ok(reply.reason instanceof UnavailableError);
          else if (reply.value === "created") assert.deepEqual(stored, rivals[i]);
          else assert.notDeepEqual(stored, rivals[i]);
        }
      }),
      { numRuns: process.env["SLOW"] ? 5000 : 300 },
    );
  });
});

describe("asking again", () => {
  it("reads and removes as often as there are delays, and no more", async () => {
    const twice = [lostReply, notDone, undefined];
    const { store, target } = settledOver((call) => twice[(call.number - 1) % 3]);
    await store.create(NAME, OURS);
    assert.deepEqual(await target.read(NAME, 3), OURS);
    assert.deepEqual(await target.readRange(NAME, 1, 1), OURS.slice(1, 2));
    await target.remove([NAME]);
    await assert.rejects(store.read(NAME, 3), NotFoundError);

    const dead = settledOver(() => notDone);
    await assert.rejects(dead.target.read(NAME, 3), UnavailableError);
    assert.equal(dead.faulty.log.length, 3);
  });

  it("does not repeat what will not get better", async () => {
    const { faulty, target } = settledOver(() => undefined);
    await assert.rejects(target.read(NAME, 3), NotFoundError);
    assert.equal(faulty.log.length, 1);
    const denied = settledOver(() => ({
      before: () => {
        throw new AccessError("denied");
      },
    }));
    await assert.rejects(denied.target.create(NAME, OURS), AccessError);
    assert.equal(denied.faulty.log.length, 1);
  });

  it("waits as long as it is told", async (t) => {
    const waited: unknown[] = [];
    t.mock.method(timers, "setTimeout", async (delay: number) => {
      waited.push(delay);
    });
    const faulty = new FaultyTarget(new MemoryTarget(), always("read", notDone));
    const target = new SettledTarget(faulty, [100, 0, 1000]);
    await assert.rejects(target.read(NAME, 3), UnavailableError);
    assert.deepEqual(waited, [100, 1000]);
    assert.equal(faulty.log.length, 4);
  });

  it("goes on with a list where it broke off", async () => {
    const { store, faulty, target } = settledOver(always("list", lostReply));
    const expected = Array.from({ length: 9 }, (_, i) => `a/${i}`);
    for (const name of expected) await store.create(name, OURS);
    const names: string[] = [];
    await assert.rejects(async () => {
      for await (const info of target.list("a/", "a/0")) names.push(info.name);
    }, UnavailableError);
    // Half of what is left each time: 4, 2, 1. Then two attempts more, that yield nothing.
    assert.deepEqual(names, expected.slice(1, -1));
    assert.equal(faulty.count("list"), 5);
  });

  it("lists all that is there, once, however often it breaks off", async () => {
    const { store, target } = settledOver((call) =>
      call.number % 3 === 0 ? undefined : lostReply,
    );
    const expected = Array.from({ length: 9 }, (_, i) => `a/${i}`);
    for (const name of expected) await store.create(name, OURS);
    const names: string[] = [];
    for await (const info of target.list("a/")) names.push(info.name);
    assert.deepEqual(names, expected);
  });

  it("has the address of what it wraps", () => {
    assert.equal(settledOver(() => undefined).target.location, "memory:");
  });
});
