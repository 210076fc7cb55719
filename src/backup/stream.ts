/**
 * Stores what can be read once only: no second reading, no holes, and nothing
 * that a later run could know it by. What it has in common with others of its
 * kind is found chunk by chunk.
 */
import type { StreamSource } from "../disk/stream.ts";
import { readsOn } from "../disk/stream.ts";
import type { Packing } from "../pack/pack.ts";
import type { FileJob, Means, StreamJob } from "./content.ts";
import { storeAll, storeFile } from "./content.ts";
import type { Looks } from "./entry.ts";
import { Unreadable, WindowReader } from "./window-reader.ts";

/** What a job of any kind is done with. */
export interface JobMeans extends Means {
  /** Called wherever it may take long; what it throws ends the job. */
  readonly mayGoOn: () => void;
}

/** Does a job, of whichever kind. */
export function storeJob(job: FileJob, means: JobMeans): Packing<void> {
  const { bracket, digest, report } = means;
  if (job.stream !== undefined) return storeStream(job, job.stream, means);
  return storeFile(job, bracket, digest, report);
}

/**
 * Opens a stream as late as can be, and closes it whatever comes of it.
 *
 * @param time - of the file that it becomes, in milliseconds.
 * @param use - is given nothing if the task has none.
 * @throws what the stream throws if whoever wrote it failed in the end.
 */
export async function withStream<T>(
  source: StreamSource | undefined,
  time: number,
  use: (stream: StreamJob | undefined) => Promise<T>,
): Promise<T> {
  if (source === undefined) return await use(undefined);
  const stream = source.open();
  try {
    const result = await use({ descriptor: stream.descriptor, looks: looksAt(time) });
    await stream.ended();
    return result;
  } finally {
    stream.close();
  }
}

/** Nobody else's, for what it holds may be anything. */
function looksAt(time: number): Looks {
  const { uid = 0, gid = 0 } = { uid: process.getuid?.(), gid: process.getgid?.() };
  return { mode: 0o600, uid, gid, mtime: BigInt(time) * NANOSECONDS_A_MILLISECOND };
}

const NANOSECONDS_A_MILLISECOND = 1_000_000n;
const ENDLESS = { size: Number.POSITIVE_INFINITY, holes: [] };

function* storeStream(
  { id, signature }: FileJob,
  { descriptor, looks }: StreamJob,
  { bracket, digest, report, mayGoOn }: JobMeans,
): Packing<void> {
  const hash = bracket.digests.file(digest);
  const reader = new WindowReader(readsOn(descriptor, mayGoOn), bracket.chunker.window, ENDLESS);
  const onlooker = { data: (bytes: Uint8Array) => hash.update(bytes), hole: () => {} };
  try {
    yield* storeAll(reader, onlooker, id, { bracket, report });
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    report({ kind: "failed", id, message: error.message });
    return;
  }
  const found = { xattrs: [], holes: [], digest: hash.finish(), signature, looks };
  report({ kind: "done", id, reading: { ...found, torn: false, isRecent: true } });
}
