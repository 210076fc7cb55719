/**
 * The backup: scan -> reuse -> [ read -> cut -> identify -> claim -> compress
 * -> tape -> seal ] -> upload -> index -> commit.
 *
 * The bracket runs wherever the pool has it run; everything else is here, on
 * the main thread, in one loop that takes turns between walking on and taking
 * in what was read. Target, clock, randomness, sealing and cache are
 * arguments: a simulation runs the same code.
 */
import { setImmediate } from "node:timers/promises";
import type { Problem } from "../disk/walk.ts";
import { walk } from "../disk/walk.ts";
import { NotFoundError } from "../errors.ts";
import { runSequence } from "../format/names.ts";
import { displayName } from "../format/raw-name.ts";
import { Claims } from "../repository/claims.ts";
import { IndexWriter } from "../repository/index-objects.ts";
import type { Span } from "../repository/reach.ts";
import { Reach } from "../repository/reach.ts";
import type { Run } from "../repository/run.ts";
import { beginNext } from "../repository/run.ts";
import { refreshView } from "../repository/view.ts";
import { Checkpoint } from "./checkpoint.ts";
import type { Committed, Draft } from "./commit.ts";
import { commitDraft } from "./commit.ts";
import type { StreamJob } from "./content.ts";
import { EntryMaker } from "./entry.ts";
import { Gather } from "./gather.ts";
import { Milestones } from "./milestones.ts";
import type { Readers } from "./readers.ts";
import { openReaders } from "./readers.ts";
import { Reuse } from "./reuse.ts";
import { Scan } from "./scan.ts";
import { withStream } from "./stream.ts";
import type { BackupListener, BackupTask } from "./task.ts";
import { mustExist } from "./task.ts";
import type { BackupTools } from "./tools.ts";
import { TreeBuilder } from "./tree.ts";
import { drive, Uploader } from "./upload.ts";

/** Files that wait to be read, and entries that wait for them: what bounds memory. */
const MAX_PENDING = 1024;
const MAX_HELD = 16384;
/** So many entries are worth a look at which directories can go on. */
const SETTLE_AT = 1024;

/**
 * Makes one snapshot of one source. If a checkpoint comes first, it is incomplete, and whoever
 * calls again goes on from there: all that it holds is known.
 *
 * @returns what is said of it, once it is committed.
 * @throws {@link NotFoundError} if there is no source; what the stream throws if it is cut off.
 */
export async function backup(
  task: BackupTask,
  tools: BackupTools,
  listener: BackupListener,
): Promise<Committed> {
  const begun = tools.clock();
  mustExist(task);
  const { repository, cache, host, means, signer } = tools;
  const run = await beginNext(repository, host, { ...means, signer });
  const damages = await refreshView(repository, cache, host);
  const index = new IndexWriter(repository, run.name, signer);
  const draft = await withStream(task.stream, begun, async (stream) => {
    const session = await Session.open(task, tools, { run, index, listener });
    try {
      await session.read(stream);
    } finally {
      await session.close();
    }
    return session.draft(begun);
  });
  const committed = await commitDraft(draft, { run, index }, tools);
  return { ...committed, problems: [...damages, ...committed.problems] };
}

/** One run from its first file to its last. */
class Session {
  readonly #task: BackupTask;
  readonly #tools: BackupTools;
  readonly #work: Work;
  readonly #reuse: Reuse;
  readonly #scan: Scan;
  readonly #tree: TreeBuilder;
  readonly #gather: Gather;
  readonly #checkpoint: Checkpoint;
  readonly #milestones: Milestones;
  #isComplete = true;
  #problems = 0;

  static async open(task: BackupTask, tools: BackupTools, way: Way): Promise<Session> {
    const { repository, cache } = tools;
    const claims = new Claims();
    const reach = new Reach();
    const uploader = new Uploader(repository.target, { cache, claims }, (span) => reach.add(span));
    const store = uploader.store;
    const readers = await openReaders(way.run, task, { ...tools, claims, store });
    return new Session(task, tools, { ...way, reach, uploader, readers });
  }

  private constructor(task: BackupTask, tools: BackupTools, work: Work) {
    const needs = ({ span }: { readonly span?: Span }): void => {
      if (span !== undefined) work.reach.add(span);
    };
    const problem = (problem: Problem): void => {
      this.#problems += 1;
      work.listener.problem(problem);
    };
    const { source, reading, digest, checkpoint } = task;
    this.#reuse = new Reuse(tools.cache, source, {
      reading,
      digest,
      segmentSize: tools.repository.settings.sizes.segment,
      generation: runSequence(work.run.name),
    });
    this.#checkpoint = new Checkpoint(checkpoint, tools.clock, work.uploader.totals);
    this.#milestones = new Milestones(
      { ...work, cache: tools.cache, reuse: this.#reuse, trees: work.readers.trees },
      tools.repository.settings.sizes.pack,
    );
    this.#task = task;
    this.#tools = tools;
    this.#work = work;
    this.#tree = new TreeBuilder(work.readers.trees, needs);
    const entries = new EntryMaker();
    this.#gather = new Gather(
      source,
      { store: work.readers.trees, entries },
      {
        needs,
        problem,
        stored: (directory, name, file) => this.#reuse.remember(directory, name, file),
      },
    );
    this.#scan = new Scan(
      source,
      { reuse: this.#reuse, tree: this.#tree, gather: this.#gather, entries },
      { problem, needs: (span) => work.reach.add(span) },
    );
  }

  /** Takes the stream, or walks the source; stores all of it, or what there is of it at the checkpoint. */
  async read(stream: StreamJob | undefined): Promise<void> {
    const { readers, uploader } = this.#work;
    if (this.#task.reading === "every file") this.#reuse.forget();
    if (stream === undefined) await this.#walk();
    else readers.pool.submit([this.#scan.takeStream(stream)]);
    while (readers.pool.pending > 0) {
      if (this.#checkpoint.isDue) this.#leaveQueue();
      await this.#takeEvents();
    }
    await drive(this.#tree.settle(), uploader.store);
    await readers.pool.finish();
    await drive(readers.trees.finish(), uploader.store);
    // What the walk has not come to is not gone: the next run counts on what is known of it.
    if (this.#isComplete) this.#reuse.finish();
    else this.#reuse.save();
    this.#tell();
  }

  async #walk(): Promise<void> {
    const { readers, uploader, listener } = this.#work;
    const { source, filter } = this.#task;
    const exclusion = filter.exclusion((leftOut) => listener.leftOut?.(leftOut));
    for (const step of walk(source, exclusion)) {
      // Leaving costs nothing, and may be all that is left to do.
      if (step.kind !== "leave" && this.#checkpoint.isDue) {
        this.#isComplete = false;
        this.#leaveQueue();
        this.#tree.unwind();
        return;
      }
      readers.pool.submit(this.#scan.take(step));
      if (this.#tree.held > SETTLE_AT) await drive(this.#tree.settle(), uploader.store);
      // Lets the readers' messages in: the walk itself never waits.
      if (step.kind === "entries") await setImmediate();
      while (this.#isFull && !this.#checkpoint.isDue) await this.#takeEvents();
    }
  }

  /** What is being read is read to its end; what waits for that is left to another run. */
  #leaveQueue(): void {
    const left = this.#work.readers.pool.withdraw();
    for (const job of left) this.#gather.withdraw(job);
    if (left.length > 0) this.#isComplete = false;
  }

  get #isFull(): boolean {
    return this.#work.readers.pool.pending > MAX_PENDING || this.#tree.held > MAX_HELD;
  }

  close(): Promise<void> {
    return this.#work.readers.pool.close();
  }

  /** What there is to commit, once everything was read. */
  draft(begun: number): Draft {
    const { source, tags, excludes } = this.#task;
    const { host, clock } = this.#tools;
    const { root } = this.#tree;
    if (root === undefined) {
      throw new NotFoundError(`nothing of ${displayName(source)} could be read`);
    }
    const totals = {
      ...this.#gather.totals,
      directories: this.#scan.directories,
      others: this.#scan.others,
      storedBytes: this.#work.uploader.totals.bytes,
      problems: this.#problems,
    };
    const ended = clock();
    const complete = this.#isComplete;
    const summary = { host, source, begun, ended, tags, complete, totals };
    return { summary, manifest: { source, excludes, root }, reach: this.#work.reach };
  }

  async #takeEvents(): Promise<void> {
    const { readers, uploader } = this.#work;
    for (const event of await readers.pool.take()) {
      readers.pool.submit(await drive(this.#gather.take(event), uploader.store));
    }
    await drive(this.#tree.settle(), uploader.store);
    await this.#milestones.pass(this.#gather.totals.bytes);
    this.#tell();
  }

  #tell(): void {
    const { files, bytes, newBytes } = this.#gather.totals;
    const storedBytes = this.#work.uploader.totals.bytes;
    const read = bytes + this.#gather.bytesUnderWay;
    this.#work.listener.progress({ files, bytes: read, newBytes, storedBytes });
  }
}

/** Whose run it is, and who hears of it. */
interface Way {
  readonly run: Run;
  readonly index: IndexWriter;
  readonly listener: BackupListener;
}

interface Work extends Way {
  readonly reach: Reach;
  readonly uploader: Uploader;
  readonly readers: Readers;
}
