import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { it } from "node:test";
import { NotFoundError, UsageError } from "../../src/errors.ts";
import { createTarget, openTarget } from "../../src/target/location.ts";
import { SettledTarget } from "../../src/target/retry.ts";
import { scratchDirectory } from "../support/scratch.ts";

it("takes a path for a directory, absolute or relative", async () => {
  const path = scratchDirectory();
  for (const address of [path, relative(process.cwd(), path), `${path}/`]) {
    const target = await openTarget(address);
    assert.equal(target.location, address);
    await target.create("a", new Uint8Array(1));
    assert.equal((await (await openTarget(path)).read("a", 1)).length, 1);
    await target.remove(["a"]);
  }
});

it("does not mistake a colon or a slash in a path for a scheme", async () => {
  const parent = scratchDirectory();
  for (const name of ["host:backup", "a:", "~"]) {
    mkdirSync(join(parent, name));
    await openTarget(join(parent, name));
  }
});

it("settles replies that got lost, of whatever target", async () => {
  const path = scratchDirectory();
  for (const open of [openTarget, createTarget])
    assert.ok((await open(path)) instanceof SettledTarget);
});

it("makes a directory only when told to", async () => {
  const path = join(scratchDirectory(), "new");
  await assert.rejects(openTarget(path), NotFoundError);
  await createTarget(path);
  await openTarget(path);
});

it("refuses addresses that it does not know, S3 by name", async () => {
  for (const open of [openTarget, createTarget]) {
    await assert.rejects(open("s3://bucket/prefix"), /S3 is not supported yet/);
    await assert.rejects(open("S3://bucket"), UsageError);
    await assert.rejects(open("sftp://host/path"), /sftp/);
    await assert.rejects(open("file:///tmp"), UsageError);
    await assert.rejects(open(""), UsageError);
  }
});
