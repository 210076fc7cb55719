/**
 * A process of its own for test/fault/target.test.ts, to be killed or to run
 * on a strange disk: `node target-child.js <task> <directory>`.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { AccessError, UnavailableError } from "../../src/errors.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";

const KIB = 1024;
/** Creates in flight at once. */
const WIDTH = 4;

const tasks: Record<string, (target: DirectoryTarget) => Promise<void>> = {
  /** Creates until it is killed; an object is named for its digest, and told of when it is stored. */
  async create(target) {
    const work = async () => {
      for (;;) {
        const bytes = randomBytes(512 * KIB);
        const name = `packs/${createHash("sha256").update(bytes).digest("hex")}`;
        assert.equal(await target.create(name, bytes), "created");
        process.stdout.write(`${name}\n`);
      }
    };
    await Promise.all(Array.from({ length: WIDTH }, work));
  },

  /** On a disk of one MiB. */
  async full(target) {
    await target.create("a/small", new Uint8Array(100 * KIB));
    for (let i = 0; i < 3; i++) {
      await assert.rejects(target.create("a/big", new Uint8Array(2048 * KIB)), (error: Error) => {
        assert.ok(error instanceof UnavailableError);
        assert.match(error.message, /ENOSPC/);
        return true;
      });
    }
    assert.deepEqual(await listed(target), ["a/small 102400"]);
    // Only if the three halves gave their room back.
    assert.equal(await target.create("a/other", new Uint8Array(600 * KIB)), "created");
  },

  async "read-only"(target) {
    await assert.rejects(target.create("a/1", new Uint8Array(1)), (error: Error) => {
      assert.ok(error instanceof AccessError);
      assert.match(error.message, /EROFS/);
      return true;
    });
    assert.deepEqual(await listed(target), []);
  },
};

async function listed(target: DirectoryTarget): Promise<string[]> {
  const lines: string[] = [];
  for await (const info of target.list("")) lines.push(`${info.name} ${info.size}`);
  return lines;
}

const [task = "", directory = ""] = process.argv.slice(2);
await tasks[task]?.(await DirectoryTarget.open(directory));
