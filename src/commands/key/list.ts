/** `key list`: who can read a repository, and who may write to it. Needs no key at all. */
import type { CommandModule } from "yargs";
import { knownRecipient } from "../../seal/recipients.ts";
import { knownOutline } from "../acquaintance.ts";
import { reachTarget, readEnvironment } from "../environment.ts";
import type { OutputFlags } from "../output.ts";
import { Output } from "../output.ts";

interface ListFlags extends OutputFlags {
  target: string | undefined;
}

export const list: CommandModule<OutputFlags, ListFlags> = {
  command: "list [target]",
  describe: "List who can read, who may write, and the fingerprint",
  builder: (cli) =>
    cli.positional("target", { type: "string", describe: "The repository's target" }),
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env, output);
    const target = await reachTarget(flags.target, environment);
    const { settings, fingerprint, chain } = await knownOutline(target, environment);
    const { repository, n, packets, recipients, hosts } = settings;
    const by = chain.at(-1)?.lines.signatures.map((signature) => signature.by) ?? [];
    output.result(
      { event: "repository", repository, fingerprint, settings: n, packets, signedBy: by },
      `repository   ${repository}\nfingerprint  ${fingerprint}\n` +
        `settings     ${n}, packets of version ${packets}, signed by ${by.join(", ")}`,
    );
    for (const { fingerprint, key } of recipients) {
      const { userIds } = await knownRecipient(key);
      output.result(
        { event: "recipient", fingerprint, userIds },
        `recipient    ${fingerprint}  ${userIds.join(", ")}`,
      );
    }
    for (const { name, fingerprint, keeper } of hosts) {
      output.result(
        { event: "host", name, fingerprint, keeper },
        `${keeper ? "keeper" : "host  "}       ${fingerprint}  ${name}`,
      );
    }
  },
};
