import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { readEnrolment, writeEnrolment } from "../../src/config/enrolment.ts";
import { givenPassphrase } from "../../src/config/passphrase.ts";
import { placesOf } from "../../src/config/places.ts";
import { readPrivate, writePrivate } from "../../src/config/private-file.ts";
import { AccessError, CorruptError, UnavailableError, UsageError } from "../../src/errors.ts";
import { scratchDirectory } from "../support/scratch.ts";

describe("places", () => {
  it("are the XDG directories, below HOME by default", () => {
    const { defaultTarget, isEmbedded, hosts, cache } = placesOf({ HOME: "/h" });
    assert.deepEqual(
      [defaultTarget, isEmbedded, hosts, cache],
      ["/h/.local/share/varve/default", true, "/h/.local/share/varve/hosts", "/h/.cache/varve"],
    );
    const variables = { HOME: "/h", XDG_DATA_HOME: "/d", XDG_CACHE_HOME: "not/absolute" };
    assert.equal(placesOf(variables).identities, "/d/varve/identities");
    assert.equal(placesOf(variables).cache, "/h/.cache/varve");
  });

  it("are overruled by varve's own variables, unless those are empty", () => {
    const named = placesOf({ HOME: "/h", VARVE_TARGET: "/t", VARVE_CACHE_DIR: "/c" });
    assert.deepEqual([named.defaultTarget, named.isEmbedded, named.cache], ["/t", false, "/c"]);
    const empty = placesOf({ HOME: "/h", VARVE_TARGET: "", VARVE_CACHE_DIR: "", VARVE_CONFIG: "" });
    assert.deepEqual(empty, placesOf({ HOME: "/h" }));
  });

  it("have one config file: the flag's, else the variable's, else the XDG directory's", () => {
    const variables = { HOME: "/h", XDG_CONFIG_HOME: "/x", VARVE_CONFIG: "/v" };
    assert.equal(placesOf(variables, "/f").config, "/f");
    assert.equal(placesOf(variables).config, "/v");
    assert.equal(placesOf({ ...variables, VARVE_CONFIG: "v" }).config, join(process.cwd(), "v"));
    assert.equal(placesOf({ HOME: "/h", XDG_CONFIG_HOME: "/x" }).config, "/x/varve/config");
    assert.equal(placesOf({ HOME: "/h" }).config, "/h/.config/varve/config");
  });
});

describe("a passphrase that was given", () => {
  it("is the variable's, else the file's or the command's first line", async () => {
    const file = join(scratchDirectory(), "file");
    writeFileSync(file, "from a file\r\nmore\n");
    const command = { VARVE_PASSPHRASE_COMMAND: "echo from a command; echo more" };
    const both = { ...command, VARVE_PASSPHRASE_FILE: file };
    assert.equal(
      await givenPassphrase({ ...both, VARVE_PASSPHRASE: " as it is\n" }),
      " as it is\n",
    );
    assert.equal(await givenPassphrase(both), "from a file");
    assert.equal(await givenPassphrase(command), "from a command");
    assert.equal(await givenPassphrase({}), undefined);
  });

  for (const [variable, value] of [
    ["VARVE_PASSPHRASE_FILE", "/proc/nowhere"],
    ["VARVE_PASSPHRASE_FILE", "/dev/null"],
    ["VARVE_PASSPHRASE_COMMAND", "printf secr%s et; false"],
    ["VARVE_PASSPHRASE_COMMAND", "true"],
  ] as const) {
    it(`is refused from ${variable}="${value}", and what there was of it is not told`, async () => {
      const variables = { [variable]: value };
      await assert.rejects(givenPassphrase(variables), (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, new RegExp(variable));
        assert.ok(!error.message.includes("secret"));
        return true;
      });
    });
  }
});

describe("a private file", () => {
  it("is its owner's alone, and replaced whole", async () => {
    const directory = join(scratchDirectory(), "made");
    const path = join(directory, "file");
    assert.equal(await readPrivate(path), undefined);
    await writePrivate(path, "first");
    await writePrivate(path, "second");
    assert.equal(await readPrivate(path), "second");
    assert.deepEqual(
      [statSync(path).mode & 0o777, statSync(directory).mode & 0o777],
      [0o600, 0o700],
    );
    assert.deepEqual(readdirSync(directory), ["file"]);
  });

  it("stays as it was if it cannot be written", async () => {
    const directory = scratchDirectory();
    mkdirSync(join(directory, "taken"));
    await assert.rejects(writePrivate(join(directory, "taken"), "x"), UnavailableError);
    assert.deepEqual(readdirSync(directory), ["taken"]);
    await assert.rejects(readPrivate(join(directory, "taken")), AccessError);
  });
});

describe("an enrolment", () => {
  const repository = "0".repeat(32);
  const enrolment = {
    ...{ repository, host: "web-1", secret: new Uint8Array(32).fill(5) },
    signingKey: "-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
  };

  it("is kept as it is", async () => {
    const places = placesOf({ HOME: scratchDirectory() });
    assert.equal(await readEnrolment(places, repository), undefined);
    await writeEnrolment(places, enrolment);
    const read = await readEnrolment(places, repository);
    assert.deepEqual({ ...read, secret: new Uint8Array(read?.secret ?? []) }, enrolment);
  });

  it("is one for each name that the machine has", async () => {
    const places = placesOf({ HOME: scratchDirectory() });
    const other = { ...enrolment, host: "db.1", signingKey: "another" };
    await writeEnrolment(places, enrolment);
    assert.equal((await readEnrolment(places, repository, "web-1"))?.host, "web-1");
    assert.equal(await readEnrolment(places, repository, "db.1"), undefined);
    await writeEnrolment(places, other, "named");
    assert.equal((await readEnrolment(places, repository, "db.1"))?.signingKey, "another");
    assert.equal((await readEnrolment(places, repository))?.host, "web-1");
    const path = join(places.hosts, `${repository}.db.1.json`);
    writeFileSync(path, readFileSync(path, "utf8").replace("db.1", "db.2"));
    await assert.rejects(readEnrolment(places, repository, "db.1"), CorruptError);
  });

  it("is refused if it is torn or another's, and its secret is not told", async () => {
    const places = placesOf({ HOME: scratchDirectory() });
    await writeEnrolment(places, enrolment);
    const path = join(places.hosts, `${repository}.json`);
    const text = readFileSync(path, "utf8");
    for (const damaged of [
      "",
      text.slice(0, -20),
      text.replace("BQUF", 'B"UF'),
      text.replace(/0{32}/, "1".repeat(32)),
    ]) {
      writeFileSync(path, damaged);
      await assert.rejects(readEnrolment(places, repository), (error: Error) => {
        assert.ok(error instanceof CorruptError);
        assert.ok(!inspect(error).includes("BQUF"));
        return true;
      });
    }
  });
});
