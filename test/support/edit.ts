/** Does to a tree on disk what edits say; what cannot be done is passed over. */
import { lstatSync, renameSync, rmSync } from "node:fs";
import type { Edit } from "./plants.ts";
import { plantAt, survey } from "./tree.ts";

export function edit(root: string, { at, ...what }: Edit): void {
  const all = [...survey(root).keys()];
  const chosen = all[at % all.length] ?? "";
  const path = pathTo(root, chosen);
  const isDirectory = lstatSync(path).isDirectory();
  switch (what.kind) {
    case "add":
      if (isDirectory && !all.includes(below(chosen, what.name))) {
        plantAt(pathTo(root, below(chosen, what.name)), what.plant);
      }
      return;
    case "replace":
      if (chosen === "") return;
      rmSync(path, { recursive: true });
      plantAt(path, what.plant);
      return;
    case "rename": {
      const to = below(chosen.slice(0, Math.max(chosen.lastIndexOf("/"), 0)), what.name);
      if (chosen !== "" && !all.includes(to)) renameSync(path, pathTo(root, to));
      return;
    }
    case "remove":
      if (chosen !== "") rmSync(path, { recursive: true });
  }
}

function below(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

function pathTo(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(root), Buffer.from(path === "" ? "" : `/${path}`, "latin1")]);
}
