import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { libc } from "../../src/disk/libc.ts";
import { outputOf } from "../../src/disk/program.ts";
import { readsOn } from "../../src/disk/stream.ts";
import { NotFoundError, UnavailableError, UsageError } from "../../src/errors.ts";
import { isRunning } from "../support/processes.ts";
import { scratchDirectory } from "../support/scratch.ts";

/** All that a shell's command prints, and how it ended. */
async function outcomeOf(program: string, ...args: string[]): Promise<[string, unknown]> {
  const stream = outputOf(program, args).open();
  let text = "";
  const into = Buffer.alloc(100);
  const read = readsOn(stream.descriptor, () => {});
  for (let count = read(into); count > 0; count = read(into)) {
    text += into.toString("utf8", 0, count);
  }
  const failure = await stream.ended().catch((error: unknown) => error);
  stream.close();
  return [text, failure];
}

const descriptors = () => readdirSync("/proc/self/fd").length;

describe("a program's output", { skip: libc() === undefined && "no pipes here" }, () => {
  it("is read to its end, with its arguments as they are", async () => {
    const before = descriptors();
    assert.deepEqual(await outcomeOf("printf", "%s|", "a b", "", "$x"), ["a b||$x|", undefined]);
    assert.equal(descriptors(), before);
  });

  for (const [how, script, words] of [
    ["fails", "echo secret; exit 3", /^sh failed \(exit status 3\): nothing was committed$/],
    ["is killed", "echo secret; kill -9 $$", /^sh failed \(SIGKILL\): nothing was committed$/],
    ["fails long after its output ended", "echo secret; exec >&-; sleep 0.3; exit 1", /status 1/],
  ] as const) {
    it(`does not count if it ${how}`, async () => {
      const [text, failure] = await outcomeOf("sh", "-c", script);
      assert.equal(text, "secret\n");
      assert.ok(failure instanceof UnavailableError);
      assert.match(failure.message, words);
      assert.doesNotMatch(failure.message, /secret|sleep/);
    });
  }

  it("is none of a program that is not there, or cannot be run", async () => {
    const before = descriptors();
    const [, missing] = await outcomeOf("no-such-program", "secret");
    assert.ok(missing instanceof NotFoundError);
    assert.equal(missing.message, "there is no program no-such-program: nothing was committed");
    const path = join(scratchDirectory(), "file");
    writeFileSync(path, "");
    const [, refused] = await outcomeOf(path);
    assert.ok(refused instanceof UsageError && /EACCES/.test(refused.message));
    // More than any system takes.
    assert.throws(() => outputOf("true", ["x".repeat(2 ** 24)]).open(), /^UsageError: .*E2BIG/);
    assert.equal(descriptors(), before);
  });

  it("is ended when nobody wants it any more", async () => {
    const file = join(scratchDirectory(), "pid");
    const stream = outputOf("sh", ["-c", `echo $$ > ${file}; echo; exec sleep 1000`]).open();
    readsOn(stream.descriptor, () => {})(Buffer.alloc(1));
    const pid = Number(readFileSync(file, "utf8"));
    assert.ok(isRunning(pid));
    const listeners = process.listenerCount("exit");
    stream.close();
    assert.equal(process.listenerCount("exit"), listeners - 1);
    while (isRunning(pid)) await setTimeout(5);
  });
});
