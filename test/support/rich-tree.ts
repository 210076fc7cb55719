/** Trees with everything that a file system has: rich-tree.sh says what. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { missingTool, told } from "./tools.ts";

const SCRIPT = fileURLToPath(new URL("../../../test/support/rich-tree.sh", import.meta.url));
/** A digest is over all of it: 10 GB take several seconds. */
const HOLE = process.env["SLOW"] ? "10G" : "20M";
const TOOLS = ["bash", "mkfifo", "mknod", "perl", "setfattr", "setfacl", "setcap"];

/** For `skip`: why no such tree can be planted here. */
export const NO_RICH_TREE: string | false =
  process.platform === "linux" ? missingTool(...TOOLS) : "Linux only";

/**
 * Plants one in a directory.
 *
 * @param under - put in front: `setpriv`, say, whose user may write there.
 * @returns its path. Beside it there are other names of what is in it.
 */
export function richTree(directory: string, under: readonly string[] = []): string {
  const tree = join(directory, "tree");
  const outside = join(directory, "outside");
  told([...under, "mkdir", tree, outside]);
  told([...under, "bash", SCRIPT, tree, outside, HOLE]);
  return tree;
}
