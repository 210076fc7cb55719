/** The part of the WebAssembly interface in use here; lib "dom", which has it all, is not let in. */
declare namespace WebAssembly {
  class Memory {
    /** @param limits - in pages of 64 KiB. */
    constructor(limits: { initial: number; maximum: number });
    readonly buffer: ArrayBuffer;
  }

  class Module {
    constructor(bytes: Uint8Array);
  }

  class Instance {
    constructor(module: Module, imports: { env: { memory: Memory } });
    readonly exports: object;
  }
}
