import assert from "node:assert/strict";
import { chmodSync, lstatSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { identityOf, signatureOf, TICK_MS, unseenFor } from "../../src/backup/signature.ts";
import { scratchDirectory } from "../support/scratch.ts";

const directory = scratchDirectory();
const path = join(directory, "file");

function sign(of = path): string {
  return signatureOf(lstatSync(of, { bigint: true }));
}

describe("a signature", () => {
  it("changes with content, mode and name, and its identity only with the file", async () => {
    writeFileSync(path, "one");
    const first = sign();
    for (const change of [
      () => writeFileSync(path, "four"),
      () => chmodSync(path, 0o600),
      () => renameSync(path, join(directory, "other")),
    ]) {
      const before = sign();
      await new Promise((resume) => setTimeout(resume, TICK_MS));
      change();
      const after = sign(change.toString().includes("rename") ? join(directory, "other") : path);
      assert.notEqual(after, before);
      assert.equal(identityOf(after), identityOf(first));
    }
    writeFileSync(path, "one");
    assert.notEqual(identityOf(sign()), identityOf(first));
  });
});

describe("the time in which a change does not show", () => {
  const now = 1_700_000_000_500;
  const at = (milliseconds: number) => BigInt(milliseconds) * 1_000_000n + 1000n;

  it("is over a tick after the last change", () => {
    assert.equal(unseenFor({ ctimeNs: at(now - TICK_MS - 1) }, now), 0);
    assert.equal(unseenFor({ ctimeNs: at(now - TICK_MS) }, now), 1);
    assert.equal(unseenFor({ ctimeNs: at(now - 5) }, now), TICK_MS - 4);
    assert.ok(unseenFor({ ctimeNs: at(now + 60_000) }, now) > 60_000);
  });

  it("is longer where the file system keeps whole seconds", () => {
    const second = 1_700_000_000_000;
    assert.equal(unseenFor({ ctimeNs: BigInt(second) * 1_000_000n }, now), 1500);
    assert.equal(unseenFor({ ctimeNs: BigInt(second - 2000) * 1_000_000n }, now), 0);
  });
});
