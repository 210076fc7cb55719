/** `cache`: what this machine keeps of repositories, which may be lost at any time. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { filesBelow, sampleTree } from "../support/trees.ts";

const source = sampleTree();

async function backUp(machine: Machine, ...args: string[]): Promise<Record<string, unknown>> {
  const made = await machine.varve("backup", "--json", ...args, source);
  assert.equal(made.status, 0, made.err);
  return objectsOf(made).find(({ event }) => event === "snapshot") ?? {};
}

function only(ended: Ended): Record<string, unknown> {
  const [object, ...more] = objectsOf(ended);
  assert.equal(ended.status, 0, ended.err);
  assert.ok(object !== undefined && more.length === 0, ended.out);
  return object;
}

describe("cache", () => {
  const machine = new Machine();
  const caches = join(machine.home, ".cache/varve");
  let known: Record<string, unknown>;

  before(async () => {
    await backUp(machine);
    assert.equal((await machine.varve("init", "--no-passphrase", "other")).status, 0);
    await backUp(machine, "--to", "other");
    known = only(await machine.varve("cache", "info", machine.repository, "--json"));
  });

  it("info says where each is, and what is in it", async () => {
    const { directory, repository, host, bytes, lastUsed, chunks, packs, indexes } = known;
    assert.equal(directory, join(caches, String(repository), String(host)));
    const blocks = String(
      execFileSync("find", [String(directory), "-type", "f", "-printf", "%b "]),
    );
    assert.equal(
      bytes,
      512 *
        blocks
          .trim()
          .split(" ")
          .reduce((sum, n) => sum + Number(n), 0),
    );
    assert.ok(Math.abs(Date.now() - Number(lastUsed)) < 600_000);
    assert.equal(packs, filesBelow(join(machine.repository, "packs")).length);
    assert.equal(
      indexes,
      filesBelow(join(machine.repository, "index")).length - 1,
      "but the reach",
    );
    assert.ok(Number(chunks) >= 10, String(chunks));
    const { status, out } = await machine.varve("cache", "info");
    assert.equal(status, 0);
    assert.equal(out.trim().split("\n").length, 2);
    assert.match(
      out,
      new RegExp(`^${directory}  .* KiB  ${chunks} chunks, ${packs} packs?, `, "m"),
    );
  });

  it("info says which is in doubt, and leaves it so", async () => {
    const [data = ""] = filesBelow(String(known["directory"])).filter((path) => /mdb$/.test(path));
    utimesSync(data, 1, 1);
    for (let time = 0; time < 2; time += 1) {
      const { out } = await machine.varve("cache", "info", machine.repository);
      assert.match(out, /in doubt/);
    }
    assert.equal((await backUp(machine))["newBytes"], 0);
  });

  it("clear throws one away, and the next backup sends nothing again", async () => {
    const cleared = only(await machine.varve("cache", "clear", machine.repository, "--json"));
    assert.equal(cleared["directory"], known["directory"]);
    assert.ok(Number(cleared["bytes"]) > 0);
    const left = only(await machine.varve("cache", "info", "--json"));
    assert.notEqual(left["directory"], known["directory"]);
    const made = await backUp(machine);
    assert.deepEqual([made["newBytes"], made["files"]], [0, 8]);
  });

  it("rebuild fills it from the index, without the private key", async () => {
    const identities = join(machine.home, ".local/share/varve/identities");
    renameSync(identities, `${identities}.away`);
    const rebuilt = await machine.varve("cache", "rebuild");
    assert.equal(rebuilt.status, 0, rebuilt.err);
    assert.match(
      rebuilt.out,
      /^rebuilt .*: \d+ chunks, \d+ packs?, \d+ index objects, \d+\.\d s$/m,
    );
    const info = only(await machine.varve("cache", "info", machine.repository, "--json"));
    assert.ok(Number(info["chunks"]) >= Number(known["chunks"]));
    assert.ok(Number(info["indexes"]) > Number(known["indexes"]));
    const again = only(await machine.varve("cache", "rebuild", "--json"));
    const { chunks, packs, indexes } = info;
    assert.deepEqual(
      { ...again, milliseconds: 0 },
      {
        event: "rebuilt",
        directory: known["directory"],
        ...{ chunks, packs, indexes, milliseconds: 0 },
      },
    );
    const made = await backUp(machine);
    assert.equal(made["newBytes"], 0);
    renameSync(`${identities}.away`, identities);
  });

  it("clear throws all away, and then there is none", async () => {
    const cleared = await machine.varve("cache", "clear");
    assert.equal(cleared.status, 0);
    assert.equal(cleared.out.match(/^cleared .*: \S+ KiB freed$/gm)?.length, 2, cleared.out);
    const info = await machine.varve("cache", "info");
    assert.deepEqual(info, { status: 0, out: "", err: "no caches\n" });
    assert.deepEqual(await machine.varve("cache", "clear"), info);
    assert.equal((await machine.varve("restore", "--to", "out", "--verify")).status, 0);
  });
});

describe("cache, where there is none", { concurrency: 2 }, () => {
  it("makes none", async () => {
    const fresh = new Machine();
    for (const verb of ["info", "clear"]) {
      const { status, out, err } = await fresh.varve("cache", verb);
      assert.deepEqual([status, out, err], [0, "", "no caches\n"]);
    }
    assert.equal((await fresh.varve("cache", "rebuild")).status, 6);
    assert.equal((await fresh.varve("cache", "info", "nowhere")).status, 6);
    const alone = await fresh.varve("cache");
    assert.equal(alone.status, 2);
    assert.match(alone.err, /info, rebuild or clear/);
    assert.deepEqual(filesBelow(fresh.home), []);
  });

  it("is not rebuilt where it cannot be, and nothing else is thrown away", async () => {
    const machine = new Machine();
    await backUp(machine);
    const blocked = join(machine.home, "blocked");
    writeFileSync(blocked, "mine");
    const at = (place: string) => ({ variables: { VARVE_CACHE_DIR: place } });
    const rebuilt = await machine.run(["cache", "rebuild"], at(blocked));
    assert.equal(rebuilt.status, 4, rebuilt.err);
    assert.match(rebuilt.err, /VARVE_CACHE_DIR/);
    const photos = join(machine.home, "photos/2019");
    mkdirSync(join(photos, "1"), { recursive: true });
    writeFileSync(join(photos, "1", "data.mdb"), "mine");
    const cleared = await machine.run(["cache", "clear"], at(machine.home));
    assert.deepEqual([cleared.status, cleared.err], [0, "no caches\n"]);
    assert.ok(existsSync(join(photos, "1", "data.mdb")));
  });
});
