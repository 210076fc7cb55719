/** A dry run: what a backup would read. Nothing is opened, and nothing is stored. */
import type { Filter, LeftOut } from "../disk/filter.ts";
import type { Found, Problem } from "../disk/walk.ts";
import { walk } from "../disk/walk.ts";
import type { RawName } from "../format/raw-name.ts";
import { rawFromText } from "../format/raw-name.ts";
import { refreshView } from "../repository/view.ts";
import type { Visit } from "./reuse.ts";
import { Reuse } from "./reuse.ts";
import type { BackupTask } from "./task.ts";
import { mustExist } from "./task.ts";
import type { BackupTools } from "./tools.ts";

export interface Preview {
  files: number;
  bytes: number;
  /** Files that would be read, and their bytes. */
  changedFiles: number;
  changedBytes: number;
}

export interface PreviewListener {
  problem(problem: Problem): void;
  /** A file that would be read. */
  changed(file: Found): void;
  /** Something that the filter has left out. */
  leftOut?(leftOut: LeftOut): void;
}

/** @throws {@link NotFoundError} if there is no source. */
export async function preview(
  task: Pick<BackupTask, "source" | "filter" | "reading" | "digest">,
  tools: Pick<BackupTools, "repository" | "cache" | "host">,
  listener: PreviewListener,
): Promise<Preview> {
  mustExist(task);
  const { repository, cache, host } = tools;
  for (const { object, message } of await refreshView(repository, cache, host)) {
    listener.problem({ path: rawFromText(object), message });
  }
  const segmentSize = repository.settings.sizes.segment;
  const reuse = new Reuse(cache, task.source, { ...task, segmentSize, generation: 0 });
  const totals: Preview = { files: 0, bytes: 0, changedFiles: 0, changedBytes: 0 };
  for (const { file, isKnown } of files(task, reuse, listener)) {
    const size = Number(file.stats.size);
    totals.files += 1;
    totals.bytes += size;
    if (isKnown) continue;
    totals.changedFiles += 1;
    totals.changedBytes += size;
    listener.changed(file);
  }
  return totals;
}

function* files(
  { source, filter }: { readonly source: RawName; readonly filter: Filter },
  reuse: Reuse,
  listener: PreviewListener,
): Generator<{ readonly file: Found; readonly isKnown: boolean }> {
  const visits: Visit[] = [];
  const exclusion = filter.exclusion((leftOut) => listener.leftOut?.(leftOut));
  for (const step of walk(source, exclusion)) {
    switch (step.kind) {
      case "problem":
        listener.problem(step.problem);
        break;
      case "enter":
        visits.push({ path: step.directory.path, after: undefined });
        break;
      case "leave":
        visits.pop();
        break;
      case "entries":
        yield* known(reuse, visits.at(-1) ?? rootVisit(), step.entries);
    }
  }
}

function* known(
  reuse: Reuse,
  visit: Visit,
  entries: readonly Found[],
): Generator<{ readonly file: Found; readonly isKnown: boolean }> {
  const records = reuse.lookUp(visit, entries);
  for (const [at, file] of entries.entries()) {
    if (file.stats.isFile()) yield { file, isKnown: records[at] !== undefined };
  }
}

/** A source that is a file is in no directory. */
function rootVisit(): Visit {
  return { path: "" as RawName, after: undefined };
}
