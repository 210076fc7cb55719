/**
 * Standard output for commands that print much: whoever reads it slowly slows
 * them down, and whoever stops reading ends them.
 *
 * Node's own stream to a file counts a short write as a whole one, so that a
 * disk that fills up would cut a file short without a word: files are written
 * here directly.
 */
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { fileFailure } from "../target/file-failure.ts";

/** Written at once: a call for each line takes as long as making the line. */
const ENOUGH_BYTES = 2 ** 15;

/**
 * Prints what comes, until nobody reads any more. If `pieces` fails, what came
 * before is printed.
 *
 * @returns whether all of it was read, as far as can be told.
 * @throws {@link UnavailableError} if it cannot be written, and what `pieces` throws.
 */
export async function print(pieces: AsyncIterable<string | Uint8Array>): Promise<boolean> {
  const enough = process.stdout.isTTY ? 0 : ENOUGH_BYTES;
  let waiting: Uint8Array[] = [];
  let size = 0;
  const flush = async () => {
    const [first, ...more] = waiting;
    waiting = [];
    size = 0;
    if (first === undefined) return true;
    // One large piece goes as it is, uncopied.
    return await put(more.length === 0 ? first : Buffer.concat([first, ...more]));
  };
  try {
    for await (const piece of pieces) {
      const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
      waiting.push(bytes);
      size += bytes.length;
      if (size >= enough && !(await flush())) return false;
    }
  } catch (error) {
    await flush();
    throw error;
  }
  return flush();
}

/** @returns whether anybody still reads. */
async function put(bytes: Uint8Array): Promise<boolean> {
  try {
    // Pipes, sockets and terminals.
    if (process.stdout instanceof Socket) await send(process.stdout, bytes);
    else writeWhole(bytes);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return false;
    throw fileFailure(error, "write to standard output");
  }
}

function send(stream: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const isTaken = stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    if (isTaken) resolve();
  });
}

function writeWhole(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(process.stdout.fd, bytes, at);
}
