/** `config`: where the config file is, and that nobody takes it for read. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Machine, objectsOf } from "../support/command.ts";

describe("config", { concurrency: 2 }, () => {
  const machine = new Machine();
  const standard = join(machine.home, ".config/varve/config");

  it("path says where the file is looked for, and whether it is there", async () => {
    const none = await machine.varve("config", "path");
    assert.deepEqual(none, { status: 0, out: `${standard}\n`, err: "there is none yet\n" });
    writeFileSync(join(machine.home, "mine"), "");
    const variables = { VARVE_CONFIG: "mine", XDG_CONFIG_HOME: "/x" };
    const named = await machine.run(["config", "path"], { variables });
    assert.deepEqual([named.out, named.err], [`${machine.home}/mine\n`, "it is there\n"]);
    const flag = await machine.run(["config", "path", "--config", "f", "--json"], { variables });
    assert.deepEqual(objectsOf(flag), [{ path: join(machine.home, "f"), exists: false }]);
  });

  it("is read by no other command yet, which says so", async () => {
    const variables = { VARVE_CONFIG: "mine" };
    for (const [args, options] of [
      [["backup", machine.home, "--config", "mine"], {}],
      [["cache", "info", "--config", "mine"], {}],
      [["backup", machine.home], { variables }],
    ] as const) {
      const { status, err } = await machine.run(args, options);
      assert.equal(status, 2);
      assert.match(err, /config files are not read by this version yet/);
    }
    assert.ok(!existsSync(machine.repository));
  });

  it("wants to know what of it", async () => {
    assert.equal((await machine.varve("config")).status, 2);
    assert.equal((await machine.varve("config", "path", "--config")).status, 2);
  });
});
