/**
 * A repository with people around it, on real keys: its owner, who has the
 * private key; a host that has none; and mallory, a host of the same
 * repository who can do with the store whatever he likes.
 *
 * Made once in a test file; each scenario spoils a copy of its own.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../src/commands/environment.ts";
import { reachTarget, readEnvironment } from "../../src/commands/environment.ts";
import { openAsHost } from "../../src/commands/session.ts";
import { readEnrolment } from "../../src/config/enrolment.ts";
import type { RunName } from "../../src/format/names.ts";
import { readOutline } from "../../src/repository/settings.ts";
import type { Signer } from "../../src/seal/signature.ts";
import { readSigner } from "../../src/seal/signature.ts";
import { Machine, objectsOf } from "./command.ts";
import { scratchDirectory } from "./scratch.ts";
import { filesBelow, fingerprintOf, noise } from "./trees.ts";
import { assertTells, succeeded } from "./verdicts.ts";

/** So small that a little content fills segments and packs. */
const SIZES = ["--chunk-size", "16k", "--segment-size", "4k", "--pack-size", "1m"];

export interface World {
  /** The directory of the repository, at which all of them look. */
  readonly target: string;
  /** Made the repository, is a keeper of it, and has the private key. */
  readonly owner: Machine;
  /** Backs up as `web-1`, without a private key. */
  readonly web: Machine;
  /** Is enrolled as `mallory`, and no keeper. */
  readonly mallory: Machine;
}

/** Makes a repository and its hosts. Nothing is backed up yet. */
export async function makeWorld(): Promise<World> {
  const target = join(scratchDirectory(), "target");
  const machines = () => new Machine({ VARVE_TARGET: target });
  const world = { target, owner: machines(), web: machines(), mallory: machines() };
  succeeded(await world.owner.varve("init", "--no-passphrase", ...SIZES));
  await enrol(world.mallory, "mallory", keyOf(world.owner));
  await enrol(world.web, "web-1", keyOf(world.owner));
  mkdirSync(treeOf(world.web));
  change(world, 0);
  return world;
}

/** The same once more at another address. */
export function copyWorld(world: World): World {
  const target = join(scratchDirectory(), "target");
  cpSync(world.target, target, { recursive: true });
  const copyOf = ({ home }: Machine): Machine => {
    const machine = new Machine({ VARVE_TARGET: target });
    cpSync(home, machine.home, { recursive: true });
    const pins = join(machine.home, ".local/share/varve/pins");
    for (const path of filesBelow(pins)) {
      writeFileSync(path, readFileSync(path, "utf8").replaceAll(world.target, target));
    }
    return machine;
  };
  const { owner, web, mallory } = world;
  return { target, owner: copyOf(owner), web: copyOf(web), mallory: copyOf(mallory) };
}

/** What `web` backs up. */
export function treeOf({ home }: Machine): string {
  return join(home, "tree");
}

/** Changes the tree of `web`, in another way for each number: some 100 KB are new. */
export function change({ web }: World, number: number): void {
  writeFileSync(join(treeOf(web), `file-${number}`), noise(100_000, number));
}

/**
 * One more snapshot, of another tree.
 *
 * @param damages - what is told on the way.
 * @returns its run, and a hash over the tree.
 */
export async function backUpAnew(
  world: World,
  number: number,
  ...damages: readonly string[]
): Promise<Layer> {
  change(world, number);
  const tree = treeOf(world.web);
  const made = await world.web.varve("backup", "--json", tree);
  if (damages.length === 0) succeeded(made);
  else assertTells(made, ...damages);
  const run = objectsOf(made).find(({ event }) => event === "snapshot")?.["run"];
  return { run: run as RunName, fingerprint: fingerprintOf(tree) };
}

export interface Layer {
  readonly run: RunName;
  /** Of the tree that was backed up. */
  readonly fingerprint: string;
}

/** The file of the private key that a machine keeps. */
export function keyOf({ home }: Machine): string {
  const identities = join(home, ".local/share/varve/identities");
  const [name = ""] = readdirSync(identities);
  return join(identities, name);
}

/** The process of a command on a machine, under another host's name if one is given. */
export async function environmentOf(
  { variables }: Machine,
  host?: string,
  identity?: string,
): Promise<Environment> {
  const all = identity === undefined ? variables : { ...variables, VARVE_IDENTITY: identity };
  const environment = await readEnvironment(all, { note: () => {} });
  return host === undefined ? environment : { ...environment, host };
}

/** Makes a machine a host under this name: the program itself would take the system's. */
export async function enrol(machine: Machine, host: string, identity: string): Promise<void> {
  const environment = await environmentOf(machine, host, identity);
  await openAsHost(await reachTarget(undefined, environment), environment);
}

/** The key that a machine signs with. */
export async function signerOf(machine: Machine): Promise<Signer> {
  const environment = await environmentOf(machine);
  const { settings } = await readOutline(await reachTarget(undefined, environment));
  const enrolment = await readEnrolment(environment.places, settings.repository);
  assert.ok(enrolment);
  return await readSigner(enrolment.signingKey);
}
