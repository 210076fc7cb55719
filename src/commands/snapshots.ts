/** `snapshots`: lists what can be restored. Needs no private key on a host. */
import { resolve } from "node:path";
import type { CommandModule } from "yargs";
import { UsageError } from "../errors.ts";
import { hostName } from "../format/names.ts";
import { displayName, rawFromText } from "../format/raw-name.ts";
import type { Snapshot } from "../repository/snapshots.ts";
import { readSnapshots, snapshotId } from "../repository/snapshots.ts";
import type { OutputFlags } from "./output.ts";
import { count, formatBytes, formatTime, Output } from "./output.ts";
import { openAsHost, reachTarget, readEnvironment } from "./session.ts";

interface SnapshotsFlags extends OutputFlags {
  target: string | undefined;
  host: string | undefined;
  source: string | undefined;
  tag: string | undefined;
  last: number | undefined;
}

export const snapshots: CommandModule<OutputFlags, SnapshotsFlags> = {
  command: "snapshots [target]",
  describe: "List the snapshots of a repository",
  builder: (cli) =>
    cli
      .positional("target", { type: "string", describe: "The repository's target" })
      .option("host", { type: "string", requiresArg: true, describe: "Only this host's" })
      .option("source", { type: "string", requiresArg: true, describe: "Only of this path" })
      .option("tag", { type: "string", requiresArg: true, describe: "Only with this tag" })
      .option("last", { type: "number", requiresArg: true, describe: "Only the newest so many" }),
  handler: async (flags) => {
    const output = new Output(flags);
    const { last } = flags;
    if (last !== undefined && !(Number.isInteger(last) && last > 0)) {
      throw new UsageError("--last should be a whole number from 1 on");
    }
    const host = flags.host === undefined ? undefined : hostName(flags.host);
    const environment = await readEnvironment(process.env);
    const repository = await openAsHost(await reachTarget(flags.target, environment), environment);
    const found: Snapshot[] = [];
    for await (const snapshot of readSnapshots(repository, host)) {
      if (isWanted(snapshot, flags)) found.push(snapshot);
    }
    found.sort((a, b) => a.summary.begun - b.summary.begun);
    for (const { summary } of last === undefined ? found : found.slice(-last)) {
      const { run, host, source, begun, tags, complete, totals } = summary;
      output.result(
        { id: snapshotId(run), ...summary, source: displayName(source) },
        [
          snapshotId(run),
          formatTime(begun),
          host,
          displayName(source),
          `${count(totals.files, "file")}, ${formatBytes(totals.bytes)}`,
          ...(complete ? [] : ["incomplete"]),
          ...tags.map((tag) => `[${tag}]`),
        ].join("  "),
      );
    }
    if (found.length === 0) output.note("no snapshots");
  },
};

function isWanted({ summary }: Snapshot, { source, tag }: SnapshotsFlags): boolean {
  const isOfSource = source === undefined || summary.source === rawFromText(resolve(source));
  return isOfSource && (tag === undefined || summary.tags.includes(tag));
}
