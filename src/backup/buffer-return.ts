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
    this.#post(buffer, [buffer.buffer as ArrayBuffer]);
  }

  /** Tells the worker that there will be no more. */
  stop(): void {
    this.#post(undefined, []);
  }

  #post(message: Uint8Array | undefined, transfer: ArrayBuffer[]): void {
    this.#port.postMessage(message, transfer);
    Atomics.add(this.#posted, 0, 1);
    Atomics.notify(this.#posted, 0);
  }
}

/**
 * The worker's end: sleeps until a buffer is there.
 *
 * @returns nothing if the run is being stopped.
 */
export function receiveBuffer(port: MessagePort, posted: Int32Array): Uint8Array | undefined {
  for (;;) {
    // Read before the port is looked at: whatever is posted after that ends the wait.
    const seen = Atomics.load(posted, 0);
    const received = receiveMessageOnPort(port) as { message: Uint8Array | undefined } | undefined;
    if (received !== undefined) return received.message;
    Atomics.wait(posted, 0, seen);
  }
}
