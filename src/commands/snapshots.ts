/** `snapshots`: lists what can be restored. Needs no private key on a host. */
import { resolve } from "node:path";
import type { CommandModule } from "yargs";
import { CorruptError, UsageError } from "../errors.ts";
import { hostName } from "../format/names.ts";
import { displayName, rawFromText } from "../format/raw-name.ts";
import { followChain } from "../repository/chain.ts";
import { readHistory, readHosts } from "../repository/history.ts";
import type { Snapshot } from "../repository/snapshots.ts";
import { openSnapshots, snapshotId } from "../repository/snapshots.ts";
import { superseded } from "../repository/superseded.ts";
import type { Environment } from "./environment.ts";
import { reachTarget, readEnvironment } from "./environment.ts";
import { rememberedOf, reviewChain } from "./memory.ts";
import type { OutputFlags } from "./output.ts";
import { count, formatBytes, formatTime, Output } from "./output.ts";
import type { Membership } from "./session.ts";
import { openAsMember } from "./session.ts";

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
      .option("source", {
        type: "string",
        requiresArg: true,
        describe: "Only of this path or stream",
      })
      .option("tag", { type: "string", requiresArg: true, describe: "Only with this tag" })
      .option("last", { type: "number", requiresArg: true, describe: "Only the newest so many" }),
  handler: async (flags) => {
    const output = new Output(flags);
    const { last } = flags;
    if (last !== undefined && !(Number.isInteger(last) && last > 0)) {
      throw new UsageError("--last should be a whole number from 1 on");
    }
    const host = flags.host === undefined ? undefined : hostName(flags.host);
    const environment = await readEnvironment(process.env, output);
    const target = await reachTarget(flags.target, environment);
    const member = await openAsMember(target, environment);
    const found: Snapshot[] = [];
    const hosts = host === undefined ? await hostsOf(member) : [host];
    for (const name of hosts) found.push(...(await read(name, member, { environment, output })));
    list(
      found.filter((snapshot) => isWanted(snapshot, flags)),
      last,
      output,
    );
    if (output.damages > 0) {
      throw new CorruptError(target.location, `${count(output.damages, "snapshot")} told above`);
    }
  },
};

/** Hosts that have snapshots, and those whose snapshots this machine has seen. */
async function hostsOf({ repository, pin }: Membership): Promise<string[]> {
  const hosts = new Set([...(await readHosts(repository.target)), ...Object.keys(pin.heads)]);
  return [...hosts].sort();
}

/** The snapshots of a host, but for those that others make up for; tells what is wrong with them. */
async function read(
  host: string,
  { repository, pin }: Membership,
  { environment, output }: { readonly environment: Environment; readonly output: Output },
): Promise<Snapshot[]> {
  const history = await readHistory(repository.target, host);
  const chain = await followChain(repository, history, rememberedOf(pin, host));
  await reviewChain(chain, repository, { environment, output });
  const all = openSnapshots(repository, chain, (problem) => output.damage(problem));
  const gone = superseded(all.map(({ summary }) => summary));
  return all.filter(({ summary }) => !gone.has(summary.run));
}

function list(found: Snapshot[], last: number | undefined, output: Output): void {
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
}

function isWanted({ summary }: Snapshot, { source, tag }: SnapshotsFlags): boolean {
  // A path; or the name of a stream, as it is.
  const named = source === undefined ? [] : [resolve(source), source].map(rawFromText);
  const isOfSource = source === undefined || named.includes(summary.source);
  return isOfSource && (tag === undefined || summary.tags.includes(tag));
}
