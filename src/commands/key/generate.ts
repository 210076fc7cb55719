/** `key generate`: makes a key pair for a repository that is to be made elsewhere. */
import { existsSync } from "node:fs";
import type { CommandModule } from "yargs";
import { writePrivate } from "../../config/private-file.ts";
import { UsageError } from "../../errors.ts";
import { makeKeyPair } from "../../seal/identity.ts";
import { neededPassphrase } from "../create.ts";
import type { OutputFlags } from "../output.ts";
import { Output } from "../output.ts";

interface GenerateFlags extends OutputFlags {
  file: string;
  "user-id": string;
  "no-passphrase": boolean;
}

export const generate: CommandModule<OutputFlags, GenerateFlags> = {
  command: "generate <file>",
  describe: "Make a key pair: FILE, and FILE.pub for init --recipient",
  builder: (cli) =>
    cli
      .positional("file", {
        type: "string",
        demandOption: true,
        describe: "The private key; its public half gets .pub behind its name",
      })
      .option("user-id", {
        type: "string",
        requiresArg: true,
        default: "varve",
        describe: "Whose it is",
      })
      .option("no-passphrase", {
        type: "boolean",
        default: false,
        describe: "Do not lock the private key",
      }),
  handler: async (flags) => {
    const output = new Output(flags);
    const { file } = flags;
    const publicFile = `${file}.pub`;
    for (const path of [file, publicFile]) {
      if (existsSync(path)) throw new UsageError(`${path} is there already: choose another name`);
    }
    const passphrase = flags.noPassphrase
      ? undefined
      : await neededPassphrase({ variables: process.env });
    const { privateKey, publicKey, fingerprint } = await makeKeyPair(flags.userId, passphrase);
    await writePrivate(file, privateKey);
    await writePrivate(publicFile, publicKey);
    const lock = passphrase === undefined ? "NOT locked by a passphrase" : "locked";
    output.result(
      { event: "generated", fingerprint, privateKey: file, publicKey: publicFile },
      `made key ${fingerprint}\nprivate key  ${file}, ${lock}\npublic key   ${publicFile}, for init --recipient`,
    );
  },
};
