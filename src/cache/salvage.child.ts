/**
 * The process that salvage.ts starts: `salvage.child.js <from> <to>`. Its exit
 * status is its answer, and being killed by a signal is one of them.
 *
 * Every table is read once from end to end. Keys that do not ascend, a record
 * that does not match its checksum or a count that is not the table's: all are
 * damage, and a damaged cache is worth nothing.
 */

import { Environment, TABLES } from "./environment.ts";
import type { Table } from "./table.ts";
import { FIRST_KEY, isSound, valuePart } from "./table.ts";

const BATCH_RECORDS = 50_000;

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new TypeError("two directories are needed");

const source = new Environment(from, "read");
const target = new Environment(to, "write");
for (const name of TABLES) copyTable(source.table(name), target.table(name));
await target.close();
await source.close();

function copyTable(source: Table, copy: Table): void {
  let batch: [key: Buffer, value: Buffer][] = [];
  let count = 0;
  for (const entry of ascending(source)) {
    batch.push(entry);
    count += 1;
    if (batch.length < BATCH_RECORDS) continue;
    putAll(copy, batch);
    batch = [];
  }
  putAll(copy, batch);
  if (count !== source.size) throw new Error("records are missing");
}

function* ascending(table: Table): Generator<[key: Buffer, value: Buffer]> {
  let last: Buffer | undefined;
  for (const [key, record] of table.records({ start: FIRST_KEY })) {
    if (last !== undefined && Buffer.compare(last, key) >= 0) throw new Error("keys out of order");
    if (!isSound(key, record)) throw new Error("a record has rotted");
    yield [key, valuePart(record)];
    last = key;
  }
}

function putAll(table: Table, batch: readonly (readonly [Buffer, Buffer])[]): void {
  target.write(() => {
    for (const [key, value] of batch) table.put(key, value);
  });
}
