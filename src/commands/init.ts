/** `init`: makes a repository. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { CommandModule } from "yargs";
import { UsageError } from "../errors.ts";
import { DEFAULT_SIZES } from "../format/settings.ts";
import { createTarget } from "../target/location.ts";
import type { KeyKeeping } from "./create.ts";
import { makeRepository, newPassphrase } from "./create.ts";
import type { OutputFlags } from "./output.ts";
import { Output } from "./output.ts";
import { readEnvironment } from "./session.ts";
import { parseSize } from "./size.ts";

interface InitFlags extends OutputFlags {
  target: string | undefined;
  /** False after `--no-passphrase`. */
  passphrase: boolean;
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
      .option("passphrase", {
        type: "boolean",
        default: true,
        describe: "Lock the private key; --no-passphrase leaves it bare",
      })
      .option("keep-identity", {
        choices: ["in", "out"] as const,
        describe: "Keep the locked private key in the repository, or on this machine",
      })
      .option("chunk-size", { type: "string", describe: "Average chunk [1m]" })
      .option("segment-size", { type: "string", describe: "Sealed pieces [64k]" })
      .option("pack-size", { type: "string", describe: "Objects [16m]" }),
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env);
    const address = flags.target ?? environment.places.defaultTarget;
    const sizes = {
      chunk: parseSize("--chunk-size", flags.chunkSize, DEFAULT_SIZES.chunk),
      segment: parseSize("--segment-size", flags.segmentSize, DEFAULT_SIZES.segment),
      pack: parseSize("--pack-size", flags.packSize, DEFAULT_SIZES.pack),
    };
    const passphrase = flags.passphrase ? await newPassphrase(environment) : undefined;
    if (flags.passphrase && passphrase === undefined) {
      throw new UsageError(
        "no passphrase for the private key, and no terminal to ask on: set VARVE_PASSPHRASE, " +
          "VARVE_PASSPHRASE_FILE or VARVE_PASSPHRASE_COMMAND, or say --no-passphrase",
      );
    }
    const keep = flags.keepIdentity ?? (passphrase === undefined ? "out" : "in");
    if (flags.target === undefined) await mkdir(dirname(address), { recursive: true, mode: 0o700 });
    const target = await createTarget(address);
    const made = await makeRepository({ target, sizes, passphrase, keep }, environment);
    const { settings, fingerprint } = made.unlocked;
    output.result(
      {
        event: "created",
        target: target.location,
        repository: settings.repository,
        fingerprint,
        identity: made.identity,
      },
      [
        `made repository ${settings.repository} in ${target.location}`,
        `fingerprint  ${fingerprint}`,
        `private key  ${made.identity}`,
        "Keep a copy of the private key and the fingerprint elsewhere: without the key nothing can be restored.",
      ].join("\n"),
    );
  },
};
