import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Cache } from "../../src/cache/cache.ts";
import { surveyCache } from "../../src/cache/survey.ts";
import { AccessError, UnavailableError } from "../../src/errors.ts";
import { cacheDirectory, IDENTITY, idBytes, packOf, RUN } from "../support/cache.ts";

const CHILD = fileURLToPath(new URL("../support/cache-child.js", import.meta.url));
const CHUNKS = 3000;
const PAGE = 4096;

/** A closed cache with {@link CHUNKS} chunks, and with free pages. */
async function fill(directory: string): Promise<void> {
  const cache = await Cache.open(directory, IDENTITY);
  for (let n = 0; n < 6; n += 1) cache.packs.add(packOf(n, n * 500, 500));
  const packs = [6, 7].map((n) => packOf(n, n * 500, 500));
  await cache.packs.addIndexes([{ name: "index/1", tables: packs }]);
  cache.packs.remove(packs.map(({ pack }) => pack));
  await cache.close();
}

let template: string | undefined;

/** A copy of a filled cache: nobody vouches for it, but it is whole. */
async function filled(): Promise<{ directory: string; file: string }> {
  if (template === undefined) {
    template = cacheDirectory();
    await fill(template);
  }
  const directory = cacheDirectory();
  cpSync(template, directory, { recursive: true });
  return { directory, file: join(directory, "1", "data.mdb") };
}

/** Whether it is all there, or begun anew; anything between is believed, and wrong. */
async function assertRightOrFresh(directory: string): Promise<"right" | "fresh"> {
  const cache = await Cache.open(directory, IDENTITY);
  const found = Array.from({ length: CHUNKS }, (_, n) => n).filter((n) =>
    cache.chunks.locate(idBytes(n)),
  );
  assert.equal(found.length, cache.fresh ? 0 : CHUNKS);
  assert.equal(cache.segments.holds(RUN, 0, 0, CHUNKS - 1), !cache.fresh);
  assert.equal([...cache.packs.unindexed()].length, cache.fresh ? 0 : 6);
  // It can be written, and by the next one too.
  cache.packs.add(packOf(90, 9000, 10));
  await cache.close();
  const again = await Cache.open(directory, IDENTITY);
  assert.equal(again.fresh, false);
  assert.ok(again.chunks.locate(idBytes(9001)));
  await again.close();
  return cache.fresh ? "fresh" : "right";
}

/** Writes over a part of a file, as no careful program would; its time tells. */
function overwrite(file: string, at: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, at);
  closeSync(descriptor);
  touch(file);
}

/** Two writes within a tick of the clock look like one. */
function touch(file: string): void {
  utimesSync(file, new Date(), new Date(Date.now() + 1000));
}

function garbage(length: number, seed: number): Uint8Array {
  let state = seed;
  return new Uint8Array(length).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

test("a truncated cache is begun anew", async () => {
  for (const size of [0, 100, PAGE, 3 * PAGE + 17, -PAGE, -1, 0.5]) {
    const { directory, file } = await filled();
    const whole = statSync(file).size;
    const length = size < 0 ? whole + size : size === 0.5 ? whole >> 1 : size;
    truncateSync(file, length);
    touch(file);
    // Of the last page nothing may be in use.
    assert.ok((await assertRightOrFresh(directory)) === "fresh" || size < 0, `size ${length}`);
  }
});

test("a cache that is not one at all is begun anew", async () => {
  const { directory, file } = await filled();
  writeFileSync(file, garbage(50_000, 1));
  assert.equal(await assertRightOrFresh(directory), "fresh");
});

test("a cache with pages of garbage or zeros, wherever, is right or begun anew", async () => {
  const outcomes = new Set<string>();
  const pages = statSync((await filled()).file).size / PAGE;
  const rounds = process.env["SLOW"] ? pages : 8;
  for (let round = 0; round < rounds; round += 1) {
    const { directory, file } = await filled();
    const page = Math.floor(((round + 0.5) * pages) / rounds);
    overwrite(file, page * PAGE, round % 3 === 0 ? new Uint8Array(PAGE) : garbage(PAGE, round));
    outcomes.add(await assertRightOrFresh(directory));
  }
  assert.ok(outcomes.has("fresh"));
});

test("a bit that rots unseen is not believed, and ends the cache", async () => {
  const { directory, file } = await filled();
  const bytes = readFileSync(file);
  const at = bytes.lastIndexOf(idBytes(1234));
  overwrite(file, at + 32 + 10, Uint8Array.of((bytes[at + 32 + 10] ?? 0) ^ 1));
  const cache = await openVouched(directory, file);
  assert.equal(cache.fresh, false);
  assert.equal(cache.chunks.locate(idBytes(1234)), undefined);
  assert.ok(cache.chunks.locate(idBytes(1235)));
  await cache.close();
  const next = await Cache.open(directory, IDENTITY);
  assert.equal(next.fresh, true);
  await next.close();
});

/** Opens it with this process vouching for it. */
async function openVouched(directory: string, file: string): Promise<Cache> {
  const stat = readFileSync(`/proc/${process.pid}/stat`, "utf8");
  const began = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  writeFileSync(join(file, "..", `user-${process.pid}-0`), `${boot} ${began}`);
  return await Cache.open(directory, IDENTITY);
}

test("a cache without its lock file, or with one of garbage, is right", async () => {
  for (const damage of [
    (lock: string) => rmSync(lock),
    (lock: string) => writeFileSync(lock, garbage(9000, 3)),
  ]) {
    const { directory, file } = await filled();
    damage(`${file}-lock`);
    assert.equal(await assertRightOrFresh(directory), "right");
  }
});

test("a cache that was closed is opened as it is, one that was written since is copied", async () => {
  const directory = cacheDirectory();
  await fill(directory);
  const closed = await Cache.open(directory, IDENTITY);
  assert.equal(closed.path, join(directory, "1"));
  await closed.close();
  touch(join(closed.path, "data.mdb"));
  const copy = await Cache.open(directory, IDENTITY);
  assert.equal(copy.path, join(directory, "2"));
  assert.ok(copy.chunks.locate(idBytes(1)));
  await copy.close();
});

test("a foreign cache is begun anew, whatever makes it foreign", async () => {
  for (const other of [
    { ...IDENTITY, repository: "another" },
    { ...IDENTITY, host: "bob" },
    { ...IDENTITY, segmentSize: 2 * IDENTITY.segmentSize },
  ]) {
    const { directory } = await filled();
    const cache = await Cache.open(directory, other);
    assert.equal(cache.fresh, true);
    assert.equal(cache.chunks.locate(idBytes(1)), undefined);
    await cache.close();
    // There is one cache in a directory, and it is the last one's.
    assert.equal(readdirSync(directory).length, 1);
  }
});

test("a process killed amid its writes leaves all that it told of", async () => {
  for (const packs of [1, 7, 30]) {
    const directory = cacheDirectory();
    const child = spawn(process.execPath, [CHILD, "add", directory]);
    const exit = once(child, "exit");
    let told = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      told = Number(line);
      if (told === packs) child.kill("SIGKILL");
    }
    await exit;
    const cache = await Cache.open(directory, IDENTITY);
    assert.equal(cache.fresh, false);
    assert.ok(cache.segments.holds(RUN, 0, 0, told * 64 - 1));
    for (let n = 0; n < told * 64; n += 1) assert.ok(cache.chunks.locate(idBytes(n)));
    assert.ok([...cache.packs.unindexed()].length >= told);
    assert.notEqual(cache.path, join(directory, "1"));
    await cache.close();
  }
});

test("a process that died leaves nothing behind that a later one trips over", async () => {
  const directory = cacheDirectory();
  await run("vanish", directory).catch(() => {});
  const cache = await Cache.open(directory, IDENTITY);
  assert.ok(cache.chunks.locate(idBytes(1)));
  await cache.close();
  assert.deepEqual(readdirSync(directory), ["2"]);
  assert.deepEqual(readdirSync(cache.path).sort(), ["clean", "data.mdb", "data.mdb-lock"]);
});

test("a killed process that nobody has buried vouches for nothing", async () => {
  const directory = cacheDirectory();
  // A shell that starts it and goes on as something that asks for no exit status.
  const script = '"$0" "$1" vanish "$2" & exec sleep 60';
  const parent = spawn("sh", ["-c", script, process.execPath, CHILD, directory]);
  const states = () =>
    readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8")
      .trim()
      .split(" ")
      .map((pid) => / ([A-Z]) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
  while (!existsSync(join(directory, "1")) || states()[0] !== "Z") await setTimeout(5);
  const cache = await Cache.open(directory, IDENTITY);
  assert.ok(cache.chunks.locate(idBytes(1)));
  assert.equal(cache.path, join(directory, "2"));
  await cache.close();
  parent.kill();
});

test("two processes at once share one cache, and neither ends the other's", async () => {
  const directory = cacheDirectory();
  const mine = await Cache.open(directory, IDENTITY);
  const child = spawn(process.execPath, [CHILD, "add", directory]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (let n = 0; n < 10; n += 1) {
    await lines.next();
    mine.putState("turn", Uint8Array.of(n));
  }
  assert.ok(mine.chunks.locate(idBytes(0)));
  assert.ok(mine.segments.holds(RUN, 0, 0, 10 * 64 - 1));
  child.kill("SIGKILL");
  await once(child, "exit");
  // Vouched for by the one that lives.
  const third = await Cache.open(directory, IDENTITY);
  assert.equal(third.path, mine.path);
  assert.deepEqual([...(third.getState("turn") ?? [])], [9]);
  await third.close();
  mine.packs.add(packOf(900, 90_000, 4));
  await mine.close();
  const after = await Cache.open(directory, IDENTITY);
  assert.ok(after.chunks.locate(idBytes(90_001)));
  assert.equal(after.path, mine.path);
  await after.close();
});

test("a cache discarded while it is open goes on working for whoever has it", async () => {
  const { directory } = await filled();
  const cache = await Cache.open(directory, IDENTITY);
  await Cache.discard(directory);
  const other = await Cache.open(directory, IDENTITY);
  assert.equal(other.fresh, true);
  cache.packs.add(packOf(90, 9000, 10));
  assert.ok(cache.chunks.locate(idBytes(9001)));
  assert.equal(other.chunks.locate(idBytes(9001)), undefined);
  await cache.close();
  await other.close();
  assert.equal(existsSync(cache.path), false);
});

test("a survey of what another process writes harms neither, nor does discarding it", async () => {
  const directory = cacheDirectory();
  const child = spawn(process.execPath, [CHILD, "add", directory]);
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let told = 0;
  for (let round = 0; round < 20; round += 1) {
    told = Number((await lines.next()).value);
    const { known } = (await surveyCache(directory)) ?? {};
    assert.ok(known !== undefined && known.packs >= told, `${known?.packs} of ${told}`);
    assert.ok(known.chunks >= told * 64);
  }
  await Cache.discard(directory);
  assert.equal(await surveyCache(directory), undefined);
  // It goes on as if nothing had happened.
  for (const end = told + 20; told < end; ) told = Number((await lines.next()).value);
  child.kill("SIGKILL");
  await exit;
  const cache = await Cache.open(directory, IDENTITY);
  assert.equal(cache.fresh, true);
  assert.equal(cache.path, join(directory, "2"));
  await cache.close();
});

test("a full disk is told of, and leaves nothing half entered", async () => {
  const directory = cacheDirectory();
  // No disk, but as small: 512 blocks of 512 or 1024 bytes a file.
  const shell = 'ulimit -f 512; trap "" XFSZ; exec "$@"';
  const told = await new Promise<string>((resolve, reject) => {
    execFile(
      "bash",
      ["-c", shell, "-", process.execPath, CHILD, "fill", directory],
      (error, out) => (error ? reject(error) : resolve(out)),
    );
  });
  const { message, held, more } = JSON.parse(told);
  assert.match(message, /cannot be written.*VARVE_CACHE_DIR/);
  assert.ok(message.includes(directory));
  assert.deepEqual({ held, more }, { held: true, more: false });
  const cache = await Cache.open(directory, IDENTITY);
  assert.equal(cache.fresh, false);
  await cache.close();
});

test("a directory that cannot be written is told of by name", async () => {
  const parent = cacheDirectory();
  const file = join(parent, "file");
  writeFileSync(file, "");
  const named =
    (Problem: typeof AccessError | typeof UnavailableError, place: string) => (error: unknown) => {
      assert.ok(error instanceof Problem);
      assert.ok(error.message.includes(place) && error.message.includes("VARVE_CACHE_DIR"));
      return true;
    };
  const below = join(file, "cache");
  await assert.rejects(Cache.open(below, IDENTITY), named(UnavailableError, below));
  // A file system that takes no directories, even from root.
  if (existsSync("/sys")) {
    await assert.rejects(Cache.open("/sys/varve", IDENTITY), named(AccessError, "/sys/varve"));
  }
  if (process.getuid?.() === 0) return;
  chmodSync(parent, 0o500);
  await assert.rejects(Cache.open(join(parent, "cache"), IDENTITY), named(AccessError, parent));
});

function run(task: string, directory: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [CHILD, task, directory], (error, out) =>
      error ? reject(error) : resolve(out),
    );
  });
}
