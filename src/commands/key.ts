/** `key`: who can read a repository, who may write to it, and the keys themselves. */
import type { CommandModule } from "yargs";
import { accept } from "./key/accept.ts";
import { exportKey } from "./key/export.ts";
import { generate } from "./key/generate.ts";
import { list } from "./key/list.ts";
import { addRecipient, removeRecipient } from "./key/recipients.ts";
import type { OutputFlags } from "./output.ts";

export const key: CommandModule<OutputFlags, OutputFlags> = {
  command: "key",
  describe: "Show, make and change keys",
  builder: (cli) =>
    cli
      .command(list)
      .command(generate)
      .command(exportKey)
      .command(accept)
      .command(addRecipient)
      .command(removeRecipient)
      .demandCommand(1, "say what to do with keys: varve key --help lists it"),
  // yargs runs one of the commands above, or says that none was named.
  handler: () => {},
};
