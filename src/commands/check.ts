/** `check`: whether everything that snapshots need is there. Needs no private key on a host. */
import type { CommandModule } from "yargs";
import { Cache } from "../cache/cache.ts";
import { CorruptError } from "../errors.ts";
import { check as checkRepository } from "../upkeep/check.ts";
import { reachTarget, readEnvironment } from "./environment.ts";
import { rememberedOf } from "./memory.ts";
import type { OutputFlags } from "./output.ts";
import { count, formatBytes, Output } from "./output.ts";
import { openAsMember } from "./session.ts";

interface CheckFlags extends OutputFlags {
  target: string | undefined;
}

export const check: CommandModule<OutputFlags, CheckFlags> = {
  command: "check [target]",
  describe: "Check that all that snapshots need is there",
  builder: (cli) =>
    cli.positional("target", { type: "string", describe: "The repository's target" }),
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env, output);
    const target = await reachTarget(flags.target, environment);
    const { repository, pin } = await openAsMember(target, environment);
    const segmentSize = repository.settings.sizes.segment;
    const totals = await checkRepository(
      {
        repository,
        verify: environment.means.sealing.verify,
        memory: (host) => rememberedOf(pin, host),
        seenHosts: Object.keys(pin.heads),
        emptyCache: (host) => Cache.temporary({ repository: repository.id, host, segmentSize }),
      },
      (damage) => output.damage(damage),
    );
    const { snapshots, packs, bytes } = totals;
    const text =
      `checked ${count(snapshots, "snapshot")}, which need ${count(packs, "pack")}, ` +
      `${formatBytes(bytes)}: all is there`;
    output.result(
      { event: "checked", ...totals, damages: output.damages },
      output.damages > 0 ? undefined : text,
    );
    if (output.damages > 0) {
      throw new CorruptError(target.location, `${count(output.damages, "damage")} told above`);
    }
  },
};
