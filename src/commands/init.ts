/** `init`: makes a repository. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { CommandModule } from "yargs";
import { UsageError } from "../errors.ts";
import { checkSizes, DEFAULT_SIZES } from "../format/settings.ts";
import { createTarget } from "../target/location.ts";
import type { KeyKeeping } from "./create.ts";
import { makeRepository, newPassphrase, refuseRepository } from "./create.ts";
import type { OutputFlags } from "./output.ts";
import { Output } from "./output.ts";
import type { Environment } from "./session.ts";
import { readEnvironment } from "./session.ts";
import { parseSize } from "./size.ts";

interface InitFlags extends OutputFlags {
  target: string | undefined;
  "no-passphrase": boolean;
  "keep-identity": KeyKeeping | undefined;
  "chunk-size": string | undefined;
  "segment-size": string | undefined;
  "pack-size": string | undefined;
}

export const init: CommandModule<OutputFlags, InitFlags> = {
  command: "init [target]",
  describe: "Make a repository, with a key pair of its own",
  builder: (cli) =>
    cli
      .positional("target", {
        type: "string",
        describe: "A directory; by default the embedded one",
      })
      .option("no-passphrase", {
        type: "boolean",
        default: false,
        describe: "Do not lock the private key",
      })
      .option("keep-identity", {
        choices: ["in", "out"] as const,
        describe: "Keep the locked private key in the repository, or on this machine",
      })
      .option("chunk-size", { type: "string", requiresArg: true, describe: "Average chunk [1m]" })
      .option("segment-size", {
        type: "string",
        requiresArg: true,
        describe: "Sealed pieces [64k]",
      })
      .option("pack-size", { type: "string", requiresArg: true, describe: "Objects [16m]" }),
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env);
    const address = flags.target ?? environment.places.defaultTarget;
    const sizes = {
      chunk: parseSize("--chunk-size", flags.chunkSize, DEFAULT_SIZES.chunk),
      segment: parseSize("--segment-size", flags.segmentSize, DEFAULT_SIZES.segment),
      pack: parseSize("--pack-size", flags.packSize, DEFAULT_SIZES.pack),
    };
    checkSizes(sizes);
    const isNamed = flags.target !== undefined || !environment.places.isEmbedded;
    if (!isNamed) await mkdir(dirname(address), { recursive: true, mode: 0o700 });
    const target = await createTarget(address);
    // Before anybody is asked for a passphrase, and before a key is made.
    await refuseRepository(target);
    const passphrase = flags.noPassphrase ? undefined : await neededPassphrase(environment);
    const keep = flags.keepIdentity ?? (passphrase === undefined ? "out" : "in");
    const made = await makeRepository({ target, sizes, passphrase, keep }, environment);
    output.result(made.event, made.text);
  },
};

/** @throws {@link UsageError} if there is none, and nobody to ask. */
async function neededPassphrase(environment: Environment): Promise<string> {
  const passphrase = await newPassphrase(environment);
  if (passphrase !== undefined) return passphrase;
  throw new UsageError(
    "no passphrase for the private key, and no terminal to ask on: set VARVE_PASSPHRASE, " +
      "VARVE_PASSPHRASE_FILE or VARVE_PASSPHRASE_COMMAND, or say --no-passphrase",
  );
}
