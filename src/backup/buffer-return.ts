/**
 * The way back for pack buffers. A worker is synchronous inside, so it cannot
 * wait for a message as others do: it sleeps on shared memory until the main
 * thread has posted one. That is the back-pressure on readers when the target
 * is slower than they are.
 */
import type { MessagePort } from "node:worker_threads";
import { receiveMessageOnPort } from "node:worker_threads";

/** The main thread's end. */
export class BufferSender {
  readonly #port: MessagePort;
  readonly #posted: Int32Array;

  constructor(port: MessagePort, posted: Int32Array) {
    this.#port = port;
    this.#posted = posted;
  }

  /** Gives a buffer back; it is transferred, not copied. */
  send(buffer: Uint8Array): void {
    this.#port.postMessage(buffer, [buffer.buffer as ArrayBuffer]);
    Atomics.add(this.#posted, 0, 1);
    Atomics.notify(this.#posted, 0);
  }
}

/** So often a worker that sleeps looks whether anybody still wants it, in milliseconds. */
const LOOK_MS = 100;

/**
 * The worker's end: sleeps until a buffer is there.
 *
 * @param mayGoOn - is called now and then meanwhile; what it throws ends the wait.
 */
export function receiveBuffer(
  port: MessagePort,
  posted: Int32Array,
  mayGoOn: () => void,
): Uint8Array {
  for (;;) {
    // Read before the port is looked at: whatever is posted after that ends the wait.
    const seen = Atomics.load(posted, 0);
    const received = receiveMessageOnPort(port) as { message: Uint8Array } | undefined;
    if (received !== undefined) return received.message;
    mayGoOn();
    Atomics.wait(posted, 0, seen, LOOK_MS);
  }
}
