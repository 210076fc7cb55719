/** The kinds of memory that a worker keeps its bytes in. */

type Limits = { initial: number; maximum: number; shared: boolean };
/** Not in the types of Node 20. */
type WithWasm = { WebAssembly: { Memory: new (limits: Limits) => { buffer: ArrayBuffer } } };
const { Memory } = (globalThis as unknown as WithWasm).WebAssembly;

/** One page each: shared memory, WASM memory, shared WASM memory. */
export function memories(): (ArrayBuffer | SharedArrayBuffer)[] {
  const page = { initial: 1, maximum: 1 };
  return [
    new SharedArrayBuffer(65536),
    new Memory({ ...page, shared: false }).buffer,
    new Memory({ ...page, shared: true }).buffer,
  ];
}
