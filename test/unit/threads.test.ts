import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { CorruptError, UnavailableError, VarveError } from "../../src/errors.ts";
import { endThreads, Thread } from "../../src/threads.ts";
import type { OddData, OddRequest, Thrown } from "../support/odd-thread.ts";

const FILE = new URL("../support/odd-thread.js", import.meta.url);

/** A thread, what it has answered, and why it failed. */
class Watched {
  readonly thread: Thread<OddData, OddRequest, string>;
  readonly replies: string[] = [];
  readonly failures: unknown[] = [];
  #wake: () => void = () => {};

  constructor(ready: OddData["ready"] = "at once") {
    const told =
      <T>(list: T[]) =>
      (item: T) => {
        list.push(item);
        this.#wake();
      };
    this.thread = new Thread(
      FILE,
      { data: { ready }, youngMegabytes: 2 },
      { reply: told(this.replies), failed: told(this.failures) },
    );
  }

  /** What it says next. */
  async next(): Promise<void> {
    const before = this.replies.length + this.failures.length;
    while (this.replies.length + this.failures.length === before) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async failure(): Promise<unknown> {
    await this.next();
    assert.equal(this.failures.length, 1);
    return this.failures[0];
  }
}

describe("a thread", () => {
  it("answers requests in their order, and says no more once it has ended", async () => {
    const watched = new Watched();
    for (const text of ["a", "b"]) watched.thread.post({ do: "echo", text });
    while (watched.replies.length < 2) await watched.next();
    await watched.thread.end();
    watched.thread.post({ do: "echo", text: "c" });
    await watched.thread.end();
    assert.deepEqual([watched.replies, watched.failures], [["a", "b"], []]);
  });

  it("fails with the class, the status and the stack of what was thrown in it", async () => {
    const statuses: [Thrown, number][] = [
      ["usage", 2],
      ["unavailable", 4],
      ["access", 5],
      ["missing", 6],
      ["corrupt", 7],
    ];
    for (const [what, status] of statuses) {
      const watched = new Watched();
      watched.thread.post({ do: "throw", what });
      const error = await watched.failure();
      assert.ok(error instanceof VarveError, what);
      assert.equal(error.exitCode, status);
      assert.match(error.stack ?? "", /odd-thread/);
      const message = what === "corrupt" ? "packs/x is damaged: it is rotten" : what;
      assert.equal(error.message, message);
      if (what === "corrupt")
        assert.ok(error instanceof CorruptError && error.object === "packs/x");
      await watched.thread.end();
    }
  });

  it("fails with a fault of ours where anything else is thrown, or it cannot get ready", async () => {
    for (const [what, message] of [
      ["fault", "a fault"],
      ["text", "no error at all"],
    ] as const) {
      const watched = new Watched();
      watched.thread.post({ do: "throw", what });
      const error = await watched.failure();
      assert.ok(error instanceof Error && !(error instanceof VarveError));
      assert.equal(error.message, message);
    }
    const error = await new Watched("never: it throws").failure();
    assert.ok(error instanceof VarveError && error.exitCode === 5);
  });

  it("fails if it leaves, or has no memory left", async () => {
    const left = new Watched();
    left.thread.post({ do: "leave" });
    assert.match(String(await left.failure()), /ended before its work/);
    setFlagsFromString("--max-old-space-size=32");
    const hungry = new Watched();
    hungry.thread.post({ do: "eat memory" });
    const error = await hungry.failure();
    setFlagsFromString("--max-old-space-size=0");
    assert.ok(error instanceof UnavailableError, String(error));
    assert.match(error.message, /out of memory.*--workers/);
    await hungry.thread.end();
  });

  it("comes to an end in the middle of its work, and that is no failure", async () => {
    const all = [new Watched(), new Watched()];
    for (const { thread } of all) thread.post({ do: "loop" });
    for (const { thread } of all) thread.post({ do: "echo", text: "never" });
    await Promise.all(all.map((watched) => watched.next()));
    await endThreads();
    for (const { replies, failures } of all) {
      assert.deepEqual([replies, failures], [["looping"], []]);
    }
  });

  it("comes to an end before it has begun", async () => {
    for (let time = 0; time < 5; time += 1) {
      const watched = new Watched();
      await watched.thread.end();
      assert.deepEqual(watched.failures, []);
    }
  });
});
