/** `init`, and who can read a repository afterwards: from which machine, with which key and passphrase. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { Machine, objectsOf } from "../support/command.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { NO_TERMINAL, onTerminal } from "../support/terminal.ts";

const PASSPHRASE = "correct horse";
const source = scratchDirectory();
writeFileSync(join(source, "file"), "content\n");

function isBrought(to: string): void {
  assert.ok(existsSync(join(to, "file")));
}

describe("init", { concurrency: 2 }, () => {
  it("refuses without a passphrase and without a terminal, and makes nothing", async () => {
    const machine = new Machine();
    const { status, err } = await machine.varve("init");
    assert.equal(status, 2);
    assert.match(err, /VARVE_PASSPHRASE.*--no-passphrase/);
    assert.ok(!existsSync(join(machine.home, ".local/share/varve/identities")));
  });

  it("refuses sizes that are none, before it makes a key", async () => {
    const machine = new Machine();
    for (const [flag, size] of [
      ["--chunk-size", "3m"],
      ["--segment-size", "many"],
      ["--pack-size", "1k"],
    ] as const) {
      const { status, err } = await machine.varve("init", "--no-passphrase", "t", flag, size);
      assert.equal(status, 2);
      assert.match(err, new RegExp(flag));
    }
    assert.deepEqual(readdirSync(machine.home), []);
  });

  it("takes sizes, and refuses a target that holds a repository", async () => {
    const machine = new Machine();
    const init = ["init", "--no-passphrase", "t"];
    const made = await machine.varve(...init, "--chunk-size", "64k", "--segment-size", "4KiB");
    assert.equal(made.status, 0, made.err);
    assert.match(made.out, /NOT locked/);
    const identities = join(machine.home, ".local/share/varve/identities");
    assert.equal(readdirSync(identities).length, 1);
    const again = await machine.varve(...init);
    assert.equal(again.status, 2);
    assert.match(again.err, /holds a repository already/);
    assert.equal(readdirSync(identities).length, 1);
  });

  it("keeps no bare key in the repository", async () => {
    const machine = new Machine();
    const refused = await machine.varve("init", "t", "--no-passphrase", "--keep-identity", "in");
    assert.equal(refused.status, 2);
    assert.match(refused.err, /--keep-identity out/);
  });

  it("asks twice on a terminal, and shows nothing of it", { skip: NO_TERMINAL }, async () => {
    const machine = new Machine();
    const { out, status } = await onTerminal(
      machine,
      ["init", "t"],
      [
        ["private key: ", `${PASSPHRASE}\r`],
        ["once more: ", `${PASSPHRASE}\r`],
      ],
    );
    assert.equal(status, 0, out);
    assert.match(out, /locked by its passphrase/);
    assert.ok(!out.includes(PASSPHRASE));
    assert.ok(existsSync(join(machine.home, "t/keys/00000000.asc")));
  });

  it("refuses two that differ", { skip: NO_TERMINAL }, async () => {
    const { out, status } = await onTerminal(
      new Machine(),
      ["init", "t"],
      [
        ["private key: ", `${PASSPHRASE}\r`],
        ["once more: ", "something else\r"],
      ],
    );
    assert.equal(status, 2);
    assert.match(out, /differ/);
  });

  for (const [name, key] of [
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ] as const) {
    it(`ends at ${name} where it asks`, { skip: NO_TERMINAL }, async () => {
      const ended = await onTerminal(new Machine(), ["init", "t"], [["private key: ", key]]);
      assert.equal(ended.status, 130, ended.out);
    });
  }
});

describe("a private key that is kept in the repository, locked", () => {
  const target = join(scratchDirectory(), "target");
  const owner = new Machine({ VARVE_TARGET: target });
  const other = new Machine({ VARVE_TARGET: target });

  before(async () => {
    const file = join(owner.home, "passphrase");
    writeFileSync(file, `${PASSPHRASE}\n`);
    const variables = { VARVE_PASSPHRASE_FILE: file };
    assert.equal((await owner.run(["init"], { variables })).status, 0);
    assert.equal((await owner.varve("backup", source)).status, 0);
  });

  it("takes no passphrase to back up and to list", async () => {
    assert.equal((await owner.varve("snapshots")).status, 0);
  });

  it("opens with the passphrase, on any machine, also one that a command prints", async () => {
    const variables = { VARVE_PASSPHRASE_COMMAND: `echo asked >&2; echo '${PASSPHRASE}'` };
    const args = ["restore", "--to", "out", "-v"];
    const { status, err, out } = await other.run(args, { variables });
    assert.equal(status, 0, err);
    assert.match(err, /asked/);
    assert.ok(!(err + out).includes(PASSPHRASE));
    isBrought(join(other.home, "out"));
  });

  it("stays shut to a wrong passphrase", async () => {
    const variables = { VARVE_PASSPHRASE: "wrong one" };
    const { status, err } = await owner.run(["restore", "--to", "no", "-v"], { variables });
    assert.equal(status, 5);
    assert.match(err, /does not unlock/);
    assert.ok(!err.includes("wrong one"));
    assert.ok(!existsSync(join(owner.home, "no")));
  });

  it("asks for it, or says how to give it", async () => {
    const { status, err } = await owner.varve("restore", "--to", "no");
    assert.equal(status, 2);
    assert.match(err, /VARVE_PASSPHRASE_FILE/);
  });
});

describe("a private key that is kept out of the repository", () => {
  const target = join(scratchDirectory(), "target");
  const owner = new Machine();
  const other = new Machine();
  let key: string;

  before(async () => {
    const [made] = objectsOf(await owner.varve("init", "--no-passphrase", "--json", target));
    key = String(made?.["identity"]);
    assert.equal((await owner.varve("backup", "--to", target, source)).status, 0);
  });

  it("is all that another machine needs", async () => {
    const refused = await other.varve("backup", "--to", target, source);
    assert.equal(refused.status, 5);
    assert.match(refused.err, /VARVE_IDENTITY/);
    const variables = { VARVE_IDENTITY: key };
    const args = ["restore", "--from", target, "--to", "out"];
    const { status, err } = await other.run(args, { variables });
    assert.equal(status, 0, err);
    isBrought(join(other.home, "out"));
  });

  it("makes a machine a host, once and for all", async () => {
    rmSync(join(owner.home, ".local/share/varve/hosts"), { recursive: true });
    assert.equal((await owner.varve("backup", "--to", target, source)).status, 0);
    assert.equal(readdirSync(join(owner.home, ".local/share/varve/hosts")).length, 1);
    rmSync(key);
    assert.equal((await owner.varve("backup", "--to", target, source)).status, 0);
    const restore = await owner.varve("restore", "--from", target, "--to", "no");
    assert.equal(restore.status, 5);
  });

  it("is missed by name", async () => {
    const variables = { VARVE_IDENTITY: "nowhere" };
    const { status, err } = await other.run(["snapshots", target], { variables });
    assert.equal(status, 6);
    assert.match(err, /nowhere/);
  });
});

describe("another repository in the place of one", () => {
  const owner = new Machine();
  const target = join(scratchDirectory(), "target");

  before(async () => {
    assert.equal((await owner.varve("init", "--no-passphrase", target)).status, 0);
  });

  it("is refused by its fingerprint", async () => {
    const settings = "settings/00000000";
    const forged = `${target}-forged`;
    cpSync(target, forged, { recursive: true });
    // The same id, and no signature that could tell yet: another size makes it another repository.
    const text = readFileSync(join(target, settings), "utf8");
    writeFileSync(join(forged, settings), text.replace('"pack":16777216', '"pack":33554432'));
    const { status, err } = await owner.varve("backup", "--to", forged, source);
    assert.equal(status, 5);
    assert.match(err, /fingerprint/);
  });

  it("is refused if it brings its own key, which is not locked", async () => {
    const bait = `${target}-bait`;
    const attacker = new Machine();
    const [made] = objectsOf(await attacker.varve("init", "--no-passphrase", "--json", bait));
    cpSync(String(made?.["identity"]), join(bait, "keys/00000000.asc"));
    const { status, err } = await owner.varve("backup", "--to", bait, source);
    assert.equal(status, 5);
    assert.match(err, /not locked/);
  });
});
