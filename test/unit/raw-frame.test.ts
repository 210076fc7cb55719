import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { frameContentSize } from "../../src/compression/frame-header.ts";
import { rawFrame } from "../../src/compression/raw-frame.ts";
import { randomBytes } from "../support/random.ts";
import { frameOf, RAW_BLOCK } from "../support/zstd-frames.ts";

const BLOCK = 128 * 1024;
const SIZES = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5];
const NO_COMMAND = spawnSync("zstd", ["--version"]).error ? "no zstd command here" : false;

describe("a raw frame", () => {
  it("is what the standard says: header, size, blocks", () => {
    const hello = rawFrame(Buffer.from("hello"));
    assert.deepEqual(hello, frameOf({ sizeBytes: 4, contentSize: 5, blocks: RAW_BLOCK }));
  });

  it("states its size, and is no longer than that and its blocks' headers", () => {
    for (const size of SIZES) {
      const frame = rawFrame(randomBytes(1, size));
      assert.equal(frameContentSize("it", frame), size);
      assert.equal(frame.length, 9 + size + 3 * Math.max(1, Math.ceil(size / BLOCK)));
    }
  });

  it("is read by the zstd command, alone and among others", { skip: NO_COMMAND }, () => {
    const contents = SIZES.map((size) => randomBytes(size % 7, size));
    const input = Buffer.concat(contents.map(rawFrame));
    const read = spawnSync("zstd", ["-dc"], { input, maxBuffer: 2 ** 24 });
    assert.equal(read.stderr.toString(), "");
    assert.ok(read.stdout.equals(Buffer.concat(contents)));
    for (const [at, content] of contents.entries()) {
      const alone = spawnSync("zstd", ["-dc"], { input: rawFrame(content), maxBuffer: 2 ** 24 });
      assert.ok(alone.stdout.equals(content), String(SIZES[at]));
    }
  });
});
