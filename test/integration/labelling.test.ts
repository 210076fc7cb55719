/** What `backup` is told about itself: its name, its time, how it hashes and how it compresses. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { logText } from "../support/text.ts";
import { fingerprintOf, noise, sampleTree } from "../support/trees.ts";
import { assertRefused, succeeded } from "../support/verdicts.ts";

function snapshotsIn(ended: Ended): Record<string, unknown>[] {
  return objectsOf(succeeded(ended)).filter(({ event }) => event === "snapshot");
}

async function listed(machine: Machine): Promise<Record<string, unknown>[]> {
  return objectsOf(succeeded(await machine.varve("snapshots", "--json")));
}

describe("backup --host", { concurrency: 2 }, () => {
  it("stores as another, whose latest is asked for by name; the next run is the machine's own", async () => {
    const machine = new Machine();
    const [own, other] = [sampleTree(), scratchDirectory()];
    writeFileSync(join(other, "of the other"), "");
    succeeded(await machine.varve("backup", own, "--host", "My Own"));
    succeeded(await machine.varve("backup", other, "--host", "other"));
    const before = fingerprintOf(join(machine.home, ".local/share/varve/hosts"));
    const preview = await machine.varve("backup", other, "--host", "other", "--dry-run");
    assert.match(succeeded(preview).out, /would read 0 files of 1/);
    succeeded(await machine.varve("backup", other, "--host", "other"));
    succeeded(await machine.varve("backup", own));
    // Each has a key, and keeps it.
    assert.equal(fingerprintOf(join(machine.home, ".local/share/varve/hosts")), before);
    const hosts = (await listed(machine)).map(({ host }) => host);
    assert.deepEqual(hosts, ["my-own", "other", "other", "my-own"]);
    assert.doesNotMatch(succeeded(await machine.varve("ls")).out, /of the other/);
    succeeded(await machine.varve("restore", "--host", "other", "--to", "out"));
    assert.deepEqual(readdirSync(join(machine.home, "out")), ["of the other"]);
  });

  it("takes the private key for a new name, and says so", async () => {
    const machine = new Machine();
    const target = join(machine.home, "target");
    succeeded(await machine.varve("key", "generate", "--no-passphrase", "key"));
    const key = join(machine.home, "key");
    succeeded(await machine.varve("init", target, "--recipient", `${key}.pub`, "--host", "own"));
    const args = ["backup", sampleTree(), "--to", target, "--host"];
    succeeded(await machine.varve(...args, "own"));
    const words = /not host other of it yet, which takes the private key once/;
    await assertRefused(
      machine,
      [...args, "other"],
      { status: 5, words },
      { VARVE_TARGET: target },
    );
    succeeded(await machine.run([...args, "other"], { variables: { VARVE_IDENTITY: key } }));
    succeeded(await machine.varve(...args, "other"));
  });

  it("refuses what cannot be a name", async () => {
    const machine = new Machine();
    const { status, err } = await machine.varve("backup", machine.home, "--host", "..");
    assert.deepEqual([status, /cannot be a host's name/.test(err)], [2, true], err);
    assert.ok(!existsSync(machine.repository), "something was made");
  });
});

describe("backup --time", { concurrency: 2 }, () => {
  it("is when each of its snapshots begins", async () => {
    const machine = new Machine({ TZ: "Asia/Kathmandu" });
    const sources = [sampleTree(), sampleTree()];
    succeeded(await machine.varve("backup", ...sources, "--time", "2020-01-02 03:04:05"));
    succeeded(await machine.varve("backup", sampleTree(), "--time", "@86400"));
    const begun = Date.parse("2020-01-02T03:04:05+05:45");
    const all = await listed(machine);
    assert.deepEqual(
      all.map((snapshot) => snapshot["begun"]),
      [86_400_000, begun, begun],
    );
    for (const { begun, ended } of all) {
      const took = Number(ended) - Number(begun);
      assert.ok(took >= 0 && took < 600_000, String(took));
    }
    assert.match((await machine.varve("snapshots")).out, /2020-01-01 21:19:05 /);
  });

  it("refuses what is no time, and stores nothing", async () => {
    const machine = new Machine();
    const { status, err } = await machine.varve("backup", machine.home, "--time", "yesterday");
    assert.deepEqual([status, /--time takes a time/.test(err)], [2, true], err);
    assert.ok(!existsSync(machine.repository), "something was made");
  });
});

describe("backup --file-digest", { concurrency: 2 }, () => {
  it("is what manifest prints, for the program that makes such hashes", async () => {
    const source = sampleTree();
    const machine = new Machine();
    // Of the published vectors, as b3sum prints it.
    const { cases } = JSON.parse(
      readFileSync(new URL("../../../test/vectors/blake3.json", import.meta.url), "utf8"),
    ) as { cases: { length: number; hash: string }[] };
    const vector = cases.find(({ length }) => length === 1025);
    writeFileSync(
      join(source, "vector"),
      Uint8Array.from({ length: 1025 }, (_, at) => at % 251),
    );
    succeeded(await machine.varve("backup", source, "--file-digest", "blake3"));
    const printed = succeeded(await machine.varve("manifest"));
    assert.ok(printed.out.includes(`${vector?.hash}  vector\n`), printed.out);
    const files = execFileSync("find", [source, "-type", "f", "-printf", "."]).length;
    assert.equal(printed.out.match(/^\\?[0-9a-f]{64} {2}./gm)?.length, files);
    if (spawnSync("b3sum", ["--version"]).error === undefined) {
      writeFileSync(join(machine.home, "sums"), (await machine.run(["manifest"])).out);
      execFileSync("b3sum", ["-c", "--quiet", join(machine.home, "sums")], { cwd: source });
    }
    // The same once more with another hash: all is read, and nothing is new.
    const again = snapshotsIn(await machine.varve("backup", source, "--json"));
    assert.equal(again[0]?.["newBytes"], 0);
    execFileSync("sha1sum", ["-c", "--quiet"], {
      cwd: source,
      input: await rawManifest(machine),
    });
  });

  it("none leaves manifest nothing to print, which it says; verify reads all the same", async () => {
    const source = sampleTree();
    const machine = new Machine();
    succeeded(await machine.varve("backup", source, "--file-digest", "none"));
    const none = await machine.varve("manifest");
    assert.deepEqual([none.status, none.out], [6, ""]);
    assert.match(none.err, /no file of the snapshot has a hash.*--file-digest; varve verify/);
    succeeded(await machine.varve("verify", source));
  });

  it("of several kinds in one snapshot are told apart, and none is left out in silence", async () => {
    const source = scratchDirectory();
    const machine = new Machine();
    const write = (name: string) => writeFileSync(join(source, name), name);
    // What has a hash and has not changed keeps it, if none is wanted.
    for (const [name, digest] of [
      ["one", "sha1"],
      ["two", "none"],
    ] as const) {
      write(name);
      succeeded(await machine.varve("backup", source, "--file-digest", digest));
    }
    const partly = await machine.varve("manifest", "-v");
    assert.equal(partly.status, 3);
    assert.match(partly.out, /^[0-9a-f]{40} {2}one\n$/);
    assert.match(partly.err, /^two has no hash$/m);
    assert.match(partly.err, /1 file without a hash left out/);
    const other = await machine.varve("manifest", "--file-digest", "blake3");
    assert.deepEqual([other.status, other.out], [6, ""]);
    assert.match(other.err, /no file of the snapshot has a blake3 hash/);
  });
});

/** The manifest byte for byte: names need be no text. */
async function rawManifest(machine: Machine): Promise<Buffer> {
  const path = join(machine.home, "manifest");
  const under = ["sh", "-c", `exec "$@" > ${path}`, "sh"];
  succeeded(await machine.run(["manifest"], { under }));
  return readFileSync(path);
}

describe("backup --compression", { concurrency: 2 }, () => {
  it("none is read as any other, and its chunks are known again by what compresses", async () => {
    const source = scratchDirectory();
    writeFileSync(join(source, "text"), logText(1, 600_000));
    writeFileSync(join(source, "noise"), noise(200_000));
    mkdirSync(join(source, "small"));
    for (let at = 0; at < 50; at += 1) writeFileSync(join(source, `small/${at}`), `small ${at}\n`);
    const machine = new Machine();
    const made = await machine.varve("backup", source, "--json", "--compression", "none");
    const stored = Number(snapshotsIn(made)[0]?.["storedBytes"]);
    assert.ok(stored > 800_000 && stored < 1_200_000, String(stored));
    succeeded(await machine.varve("restore", "--to", "out", "--verify"));
    assert.equal(fingerprintOf(join(machine.home, "out")), fingerprintOf(source));
    appendFileSync(join(source, "small/0"), "more");
    const again = await machine.varve("backup", source, "--json", "--force");
    assert.ok(Number(snapshotsIn(again)[0]?.["newBytes"]) < 1000, again.out);
  });
});
