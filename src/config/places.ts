/** Where varve keeps things on this machine: the XDG base directories, and the variables that overrule them. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Places {
  /** The repository that is used where none is named. */
  readonly defaultTarget: string;
  /** Whether the user named it, or it is the embedded one, which is made on first use. */
  readonly isEmbedded: boolean;
  /** What makes this machine a host of a repository. */
  readonly hosts: string;
  /** What is remembered of repositories. */
  readonly pins: string;
  /** Private keys that are kept out of their repositories. */
  readonly identities: string;
  readonly cache: string;
  /** The config file, which need not be there. */
  readonly config: string;
}

/** @param config - the config file, if a flag names it. */
export function placesOf(variables: Variables, config?: string): Places {
  const data = join(xdg(variables, "XDG_DATA_HOME", ".local/share"), "varve");
  const cache = join(xdg(variables, "XDG_CACHE_HOME", ".cache"), "varve");
  const named = variables["VARVE_TARGET"];
  const ownCache = variables["VARVE_CACHE_DIR"];
  const ownConfig = config || variables["VARVE_CONFIG"];
  return {
    defaultTarget: named || join(data, "default"),
    isEmbedded: !named,
    hosts: join(data, "hosts"),
    pins: join(data, "pins"),
    identities: join(data, "identities"),
    cache: ownCache ? resolve(ownCache) : cache,
    config: ownConfig
      ? resolve(ownConfig)
      : join(xdg(variables, "XDG_CONFIG_HOME", ".config"), "varve", "config"),
  };
}

/** The specification says to ignore relative paths. */
function xdg(variables: Variables, name: string, fallback: string): string {
  const value = variables[name];
  return value?.startsWith("/") ? value : join(variables["HOME"] || homedir(), fallback);
}
