/**
 * The door to assembly/gear.ts: compiles it once a thread and gives each
 * caller an instance with a memory of its own, of a size that never changes.
 */
import { readFileSync } from "node:fs";

/** `debug` checks its assertions; tests run on both. */
export type Build = "release" | "debug";

/** @see cut, in assembly/gear.ts. `from` and `to` are addresses. */
export type Cut = (from: number, to: number, min: number, average: number, max: number) => number;

/** One instance. */
export interface Kernel {
  /** Its memory, but for the table: the address of `window[i]` is `window.byteOffset + i`. */
  readonly window: Uint8Array;
  readonly cut: Cut;
  /** The definition, which `cut` outruns. For tests and benches. */
  readonly cutPlain: Cut;
}

interface Exports {
  readonly table: { readonly value: number };
  readonly window: { readonly value: number };
  readonly cut: Cut;
  readonly cutPlain: Cut;
}

const PAGE_BYTES = 65536;
/** Below the window: the table, and the little around it. */
const LOW_BYTES = PAGE_BYTES;
const TABLE_ENTRIES = 256;
const MAX_WINDOW_BYTES = 2 ** 30;

const modules = new Map<Build, WebAssembly.Module>();

/**
 * Makes an instance.
 *
 * @param table - 256 entries, one per byte value. Copied.
 * @throws RangeError if the table has another length, or the window is empty or over 1 GiB.
 */
export function createKernel(build: Build, table: Uint32Array, windowBytes: number): Kernel {
  if (table.length !== TABLE_ENTRIES) {
    throw new RangeError(`a Gear table has ${TABLE_ENTRIES} entries, not ${table.length}`);
  }
  if (!Number.isInteger(windowBytes) || windowBytes < 1 || windowBytes > MAX_WINDOW_BYTES) {
    throw new RangeError(`a window of ${windowBytes} bytes: have 1 to ${MAX_WINDOW_BYTES}`);
  }
  const pages = Math.ceil((LOW_BYTES + windowBytes) / PAGE_BYTES);
  // With nowhere to grow, the views on this memory can never be detached.
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(compiled(build), { env: { memory } });
  const { table: tableAddress, window, cut, cutPlain } = instance.exports as unknown as Exports;

  const entries = new DataView(memory.buffer, tableAddress.value);
  for (const [value, entry] of table.entries()) entries.setUint32(4 * value, entry, true);
  return { window: new Uint8Array(memory.buffer, window.value, windowBytes), cut, cutPlain };
}

function compiled(build: Build): WebAssembly.Module {
  let module = modules.get(build);
  if (module === undefined) {
    const file = new URL(`../../assembly/${build}.wasm`, import.meta.url);
    module = new WebAssembly.Module(readFileSync(file));
    modules.set(build, module);
  }
  return module;
}
