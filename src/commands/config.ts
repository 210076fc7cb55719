/** `config`: about the config file. */
import { existsSync } from "node:fs";
import type { CommandModule } from "yargs";
import { placesOf } from "../config/places.ts";
import type { OutputFlags } from "./output.ts";
import { Output } from "./output.ts";

interface ConfigFlags extends OutputFlags {
  config: string | undefined;
}

const path: CommandModule<OutputFlags, ConfigFlags> = {
  command: "path",
  describe: "Print where the config file is looked for",
  handler: (flags) => {
    const output = new Output(flags);
    const { config } = placesOf(process.env, flags.config);
    const exists = existsSync(config);
    output.result({ path: config, exists }, config);
    output.note(exists ? "it is there" : "there is none yet");
  },
};

export const config: CommandModule<OutputFlags, OutputFlags> = {
  command: "config",
  describe: "About the config file",
  builder: (cli) => cli.command(path).demandCommand(1, "say what: varve config path"),
  handler: () => {},
};
