/** A host that holds a public key only, what it has stored, and what of that it can read itself. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as openpgp from "openpgp";
import { reachTarget } from "../../src/commands/environment.ts";
import { openAsHost } from "../../src/commands/session.ts";
import type { Enrolment } from "../../src/config/enrolment.ts";
import { readEnrolment } from "../../src/config/enrolment.ts";
import type { RunName } from "../../src/format/names.ts";
import { endName, indexName, runKeyName, runOfObject } from "../../src/format/names.ts";
import type { SnapshotEnd } from "../../src/format/run.ts";
import { decodeEnd } from "../../src/format/run.ts";
import { decodeSessionKey } from "../../src/format/secret.ts";
import { decodeSigned } from "../../src/format/signed.ts";
import { TRAILER_BYTES, tableRange } from "../../src/pack/pack.ts";
import { readIndex } from "../../src/repository/index-objects.ts";
import type { Repository } from "../../src/repository/repository.ts";
import { readIdentity } from "../../src/seal/identity.ts";
import { take } from "./attacker.ts";
import { Machine, objectsOf } from "./command.ts";
import type { Lock } from "./locks.ts";
import type { Find } from "./plunder.ts";
import { scratchDirectory } from "./scratch.ts";
import { noise } from "./trees.ts";
import { succeeded } from "./verdicts.ts";
import { environmentOf } from "./world.ts";

const MANY = 2 ** 28;

export interface Writer {
  readonly machine: Machine;
  /** What it backs up. */
  readonly tree: string;
  /** Where it has its temporary files. */
  readonly temporaries: string;
  /** The directory of the repository. */
  readonly store: string;
}

/** Makes a repository for the public half of a key, and a host of it that never sees the other. */
export async function makeWriter(privateKey: string): Promise<Writer> {
  const store = join(scratchDirectory(), "store");
  const temporaries = scratchDirectory();
  const machine = new Machine({ VARVE_TARGET: store, TMPDIR: temporaries });
  const key = await openpgp.readPrivateKey({ armoredKey: privateKey });
  const file = join(machine.home, "owner.pub");
  writeFileSync(file, key.toPublic().armor());
  const sizes = ["--chunk-size", "16k", "--segment-size", "4k", "--pack-size", "1m"];
  succeeded(await machine.varve("init", "--recipient", file, ...sizes));
  return { machine, tree: scratchDirectory(), temporaries, store };
}

/** One more run; what is new in it has the mark in its content. */
export async function backUpMarked(
  { machine, tree }: Writer,
  mark: string,
  day: number,
): Promise<RunName> {
  writeFileSync(join(tree, `text-${day}`), `${mark} ${day}\n`.repeat(500));
  writeFileSync(join(tree, `noise-${day}`), noise(50_000, day));
  const made = succeeded(await machine.varve("backup", "--json", tree));
  return objectsOf(made).find(({ event }) => event === "snapshot")?.["run"] as RunName;
}

/** What makes the machine a host: its secrets. */
export async function enrolmentOf(writer: Writer): Promise<Enrolment> {
  const { id } = await repositoryOf(writer);
  const { places } = await environmentOf(writer.machine);
  const enrolment = await readEnrolment(places, id);
  assert.ok(enrolment);
  return enrolment;
}

/** The first segment of content of a run, the first of its trees, and its manifest. */
export async function locksOf(writer: Writer, run: RunName): Promise<Lock[]> {
  const repository = await repositoryOf(writer);
  const { packets } = repository.settings;
  const index = await readIndex(repository, indexName(run, 0));
  assert.ok(index.holds === "places");
  const locks: Lock[] = [];
  for (const { pack, parts } of index.tables) {
    const [part] = parts;
    const size = part?.segments[0]?.sealedSize ?? 0;
    const sealed = take(writer.store, pack).subarray(0, size);
    locks.push({ name: `${part?.tape === 0 ? "tree" : "content"} of ${run}`, packets, sealed });
  }
  locks.sort((a, b) => (a.name < b.name ? -1 : 1));
  const { manifest } = endOf(writer, run);
  return [...locks, { name: `manifest of ${run}`, packets, sealed: manifest }];
}

/** The session key of a run, by its owner's private key. */
export async function sessionKeyOf(
  writer: Writer,
  run: RunName,
  privateKey: string,
): Promise<Uint8Array> {
  const { id: repository } = await repositoryOf(writer);
  const identity = await readIdentity(privateKey);
  assert.ok(!identity.locked);
  const name = runKeyName(run);
  const payload = await identity.open(name, take(writer.store, name));
  return decodeSessionKey(name, payload, { repository, run }).key;
}

/** What the host can read in the store, with the index key: its index, tables and summaries; and what is public. */
export async function legible(writer: Writer): Promise<Find[]> {
  const repository = await repositoryOf(writer);
  const finds: Find[] = [];
  for await (const { name, size } of repository.target.list("")) {
    const bytes = Buffer.from(await repository.target.read(name, MANY));
    const open = (document: Uint8Array) =>
      finds.push({
        where: `${name}, opened`,
        bytes: Buffer.from(repository.open(name, document, MANY)),
      });
    if (name.startsWith("index/")) open(bytes);
    if (name.endsWith("/end")) open(endOf(writer, runOfObject(name) as RunName).summary);
    if (name.startsWith("packs/")) {
      const [offset, length] = tableRange(name, size, bytes.subarray(-TRAILER_BYTES));
      open(bytes.subarray(offset, offset + length));
    } else finds.push({ where: name, bytes });
  }
  return finds;
}

function endOf({ store }: Writer, run: RunName): SnapshotEnd {
  const name = endName(run);
  const end = decodeEnd(name, decodeSigned(name, take(store, name)).body);
  assert.ok(end.verdict === "snapshot");
  return end;
}

async function repositoryOf({ machine }: Writer): Promise<Repository> {
  const environment = await environmentOf(machine);
  const target = await reachTarget(undefined, environment);
  return (await openAsHost(target, environment)).repository;
}
