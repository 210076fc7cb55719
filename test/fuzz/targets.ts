/** All fuzz targets. */
import { contents } from "./contents.ts";
import { indexCache } from "./index-cache.ts";
import { machine } from "./machine.ts";
import { openpgp } from "./openpgp.ts";
import { packs } from "./packs.ts";
import { records } from "./records.ts";
import type { FuzzTarget } from "./target.ts";

export const targets: readonly FuzzTarget[] = [
  ...records,
  ...packs,
  ...openpgp,
  ...contents,
  ...indexCache,
  ...machine,
];
