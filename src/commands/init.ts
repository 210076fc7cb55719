/** `init`: makes a repository. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { CommandModule } from "yargs";
import { UsageError } from "../errors.ts";
import type { Sizes } from "../format/settings.ts";
import { checkSizes, DEFAULT_SIZES } from "../format/settings.ts";
import { createTarget } from "../target/location.ts";
import type { PrunableTarget } from "../target/target.ts";
import type { KeyKeeping, Made, NewRecipients, NewRepository } from "./create.ts";
import {
  makeOwnRepository,
  makeRepositoryFor,
  neededPassphrase,
  refuseRepository,
} from "./create.ts";
import type { Environment } from "./environment.ts";
import { readEnvironment } from "./environment.ts";
import type { OutputFlags } from "./output.ts";
import { Output } from "./output.ts";
import { findRecipients, signersAmong } from "./recipients.ts";
import { parseSize } from "./size.ts";

interface InitFlags extends OutputFlags {
  target: string | undefined;
  recipient: string[] | undefined;
  "no-passphrase": boolean;
  "keep-identity": KeyKeeping | undefined;
  "chunk-size": string | undefined;
  "segment-size": string | undefined;
  "pack-size": string | undefined;
  host: string | undefined;
}

export const init: CommandModule<OutputFlags, InitFlags> = {
  command: "init [target]",
  describe: "Make a repository, for keys that exist or with a key pair of its own",
  builder: (cli) =>
    cli
      .positional("target", {
        type: "string",
        describe: "A directory; by default the embedded one",
      })
      .option("recipient", {
        type: "string",
        array: true,
        nargs: 1,
        describe: "Who can read: a file with a public key, or a key in gpg's keyring",
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
      .option("pack-size", { type: "string", requiresArg: true, describe: "Objects [16m]" })
      .option("host", {
        type: "string",
        requiresArg: true,
        describe: "The name of this machine in it, instead of its own",
      }),
  handler: async (flags) => {
    const output = new Output(flags);
    const sizes = sizesOf(flags);
    const environment = await readEnvironment(process.env, output, { host: flags.host });
    const given = await recipientsOf(flags, environment);
    const target = await newTarget(flags.target, environment);
    // Before anybody is asked for a passphrase, and before a key is made.
    await refuseRepository(target);
    const made =
      given === undefined
        ? await makeOwn(flags, { target, sizes }, environment)
        : await makeRepositoryFor({ target, sizes }, given, environment);
    output.result(made.event, made.text);
  },
};

function sizesOf(flags: InitFlags): Sizes {
  const sizes = {
    chunk: parseSize("--chunk-size", flags["chunk-size"], DEFAULT_SIZES.chunk),
    segment: parseSize("--segment-size", flags["segment-size"], DEFAULT_SIZES.segment),
    pack: parseSize("--pack-size", flags["pack-size"], DEFAULT_SIZES.pack),
  };
  checkSizes(sizes);
  return sizes;
}

async function newTarget(
  address: string | undefined,
  { places }: Environment,
): Promise<PrunableTarget> {
  if (address === undefined && places.isEmbedded) {
    await mkdir(dirname(places.defaultTarget), { recursive: true, mode: 0o700 });
  }
  return await createTarget(address ?? places.defaultTarget);
}

/** @throws {@link UsageError} if keys are given, and flags that are for a new one. */
async function recipientsOf(
  flags: InitFlags,
  environment: Environment,
): Promise<NewRecipients | undefined> {
  if (flags.recipient === undefined) return undefined;
  if (flags["no-passphrase"] || flags["keep-identity"] !== undefined) {
    throw new UsageError(
      "--recipient makes no key pair: leave out --no-passphrase and --keep-identity",
    );
  }
  const recipients = await findRecipients(flags.recipient);
  return { recipients, signers: await signersAmong(recipients, environment) };
}

async function makeOwn(
  flags: InitFlags,
  wanted: NewRepository,
  environment: Environment,
): Promise<Made> {
  const passphrase = flags["no-passphrase"] ? undefined : await neededPassphrase(environment);
  const keep = flags["keep-identity"] ?? (passphrase === undefined ? "out" : "in");
  return await makeOwnRepository(wanted, { passphrase, keep }, environment);
}
