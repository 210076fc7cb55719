/** `key export`: the private key as it is kept, for a copy elsewhere; or the public ones. */
import { existsSync } from "node:fs";
import type { CommandModule } from "yargs";
import { readPrivate, writePrivate } from "../../config/private-file.ts";
import { NotFoundError, UsageError } from "../../errors.ts";
import { storedIdentities } from "../../repository/key-messages.ts";
import type { Outline } from "../../repository/settings.ts";
import { readIdentity } from "../../seal/identity.ts";
import type { Target } from "../../target/target.ts";
import { knownOutline } from "../acquaintance.ts";
import type { Environment } from "../environment.ts";
import { reachTarget, readEnvironment } from "../environment.ts";
import { identityPath } from "../identities.ts";
import type { OutputFlags } from "../output.ts";
import { Output } from "../output.ts";

interface ExportFlags extends OutputFlags {
  target: string | undefined;
  out: string | undefined;
  public: boolean;
}

export const exportKey: CommandModule<OutputFlags, ExportFlags> = {
  command: "export [target]",
  describe: "Print the private key as it is kept: locked, if it has a passphrase",
  builder: (cli) =>
    cli
      .positional("target", { type: "string", describe: "The repository's target" })
      .option("out", { type: "string", requiresArg: true, describe: "A file instead" })
      .option("public", {
        type: "boolean",
        default: false,
        describe: "The public keys of all who can read",
      }),
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env, output);
    const target = await reachTarget(flags.target, environment);
    const outline = await knownOutline(target, environment);
    const text = flags.public
      ? outline.settings.recipients.map(({ key }) => key).join("\n")
      : await privateKey(target, outline, environment);
    if (flags.out === undefined) {
      // With -q too: it is what was asked for.
      console.log(flags.json ? JSON.stringify({ event: "key", armored: text }) : text.trimEnd());
      return;
    }
    if (existsSync(flags.out))
      throw new UsageError(`${flags.out} is there already: choose another name`);
    await writePrivate(flags.out, text);
    output.result({ event: "exported", file: flags.out }, `wrote ${flags.out}`);
  },
};

async function privateKey(
  target: Target,
  { settings, fingerprint }: Outline,
  environment: Environment,
): Promise<string> {
  const kept = await readPrivate(identityPath(environment, settings.repository));
  const readers = new Set(settings.recipients.map((recipient) => recipient.fingerprint));
  for (const text of [...(kept === undefined ? [] : [kept]), ...(await storedIdentities(target))]) {
    // Others may have been put there, or be left of what was tried.
    const identity = await readIdentity(text).catch(() => undefined);
    if (identity !== undefined && readers.has(identity.fingerprint)) return text;
  }
  throw new NotFoundError(
    `the private key of repository ${fingerprint} is kept neither here nor in ${target.location}: ` +
      "gpg --export-secret-keys, if gpg has it",
  );
}
