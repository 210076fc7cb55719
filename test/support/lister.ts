/**
 * What is in a tree, as the system's own tools tell it: find, getfattr, stat
 * and sha256sum. Knows nothing of varve, nor of how Node sees files.
 */
import { missingTool, told } from "./tools.ts";

/** For `skip`: why trees cannot be listed here. */
export const NO_LISTER: string | false = missingTool("find", "getfattr", "stat", "sha256sum");

/** What the tools say of an entry. */
export interface Line {
  /** find's letter for it: `f`, `d`, `l`, `p`, `b`, `c`. */
  readonly type: string;
  /** In octal digits, four of them. */
  readonly mode: string;
  /** By number. */
  readonly owner: string;
  /** To the nanosecond. */
  readonly mtime: string;
  /** Size, content, target, device, which other name it is, extended attributes, and so on. */
  readonly facts: readonly string[];
}

/** By path; bytes are characters. */
export type Listing = ReadonlyMap<string, Line>;

/**
 * What else a list tells. `changes`: inodes, and when each was last changed in whatever way: two
 * lists of one tree are the same only if nobody has touched anything there.
 */
export type Detail = "changes";

const FIELDS = ["%P", "%y", "%m", "%U:%G", "%s", "%T@", "%l", "%D:%i", "%b", "%C@"];
const FORMAT = FIELDS.map((field) => `${field}\\0`).join("");
const BLOCK_BYTES = 512;
/** What has no block is all zeros: nobody has to read 10 GB of them. */
const HOLE_BYTES = 2 ** 20;
/** So many names are never longer than a path may be: what is deeper is asked for in its directory. */
const SHALLOW = 15;

/** Lists what is below a directory, and the directory itself, but for sockets: no restore makes them. */
export function listTree(root: string, detail?: Detail): Listing {
  const entries = entriesBelow(root).filter(({ line }) => line.type !== "s");
  const more = [contentsBelow(root, entries), devicesBelow(root), attributesBelow(root)];
  const firsts = new Map<string, string>();
  const lines = new Map<string, Line>();
  for (const { path, line, inode, ctime } of entries) {
    const first = firsts.get(inode) ?? path;
    firsts.set(inode, first);
    const others = [
      ...more.flatMap((found) => found.get(path) ?? []),
      ...(first === path ? [] : [`the same as ${shown(first)}`]),
      ...(detail === "changes" ? [`${inode} changed ${ctime}`] : []),
    ];
    lines.set(path, { ...line, facts: [...line.facts, ...others] });
  }
  return lines;
}

/** A list as texts, to be compared with those of another. */
export function linesOf(listing: Listing): string[] {
  return [...listing].map(
    ([path, { type, mode, owner, mtime, facts }]) =>
      `${shown(path)}: ${[type, mode, owner, mtime, ...facts].join(" ")}`,
  );
}

interface Listed {
  readonly path: string;
  readonly line: Line;
  /** It has nothing that could be read. */
  readonly isHole: boolean;
  readonly inode: string;
  readonly ctime: string;
}

/** In the order of the paths' bytes. */
function entriesBelow(root: string): Listed[] {
  const words = wordsOf(told(["find", ".", "-printf", FORMAT], { cwd: root }));
  const entries: Listed[] = [];
  for (let at = 0; at < words.length; at += FIELDS.length) {
    entries.push(listed(words.slice(at, at + FIELDS.length)));
  }
  return entries.sort(({ path: a }, { path: b }) => (a < b ? -1 : 1));
}

function listed(fields: readonly string[]): Listed {
  const [path = "", type = "", mode = "", owner = "", size, mtime = "", ...more] = fields;
  const [target = "", inode = "", blocks, ctime = ""] = more;
  const room = Number(blocks) * BLOCK_BYTES;
  const isHole = type === "f" && room === 0 && Number(size) > HOLE_BYTES;
  const facts = [
    ...(type === "f" ? [`${size} bytes${room < Number(size) ? " sparse" : ""}`] : []),
    ...(isHole ? ["nothing but a hole"] : []),
    ...(type === "l" ? [`-> ${shown(target)}`] : []),
  ];
  const line = { type, mode: mode.padStart(4, "0"), owner, mtime, facts };
  return { path, line, isHole, inode, ctime };
}

/** The extended attributes of each entry that has any, ACLs and capabilities among them. */
function attributesBelow(root: string): Map<string, string[]> {
  const getfattr = ["getfattr", "-d", "-m", "-", "-e", "hex", "-h", "--"];
  const paths = told(["find", ".", "-maxdepth", String(SHALLOW), "-print0"], { cwd: root });
  const found = new Map<string, string[]>();
  const text = told(["xargs", "-0", ...getfattr], { cwd: root, input: paths });
  for (const block of text.split("\n\n").slice(0, -1)) {
    const [name = "", ...attributes] = block.split("\n");
    const path = unquoted(name.slice("# file: ".length));
    found.set(path === "." ? "" : path, attributes.sort());
  }
  for (const [path, said] of deep(root, [], [...getfattr, "{}"])) {
    const [, ...attributes] = said.split("\n").slice(0, -2);
    if (attributes.length > 0) found.set(path, attributes.sort());
  }
  return found;
}

/** A hash over the content of each file. */
function contentsBelow(root: string, entries: readonly Listed[]): Map<string, string> {
  const sha256sum = ["sha256sum", "-z", "--"];
  const files = entries.filter(({ line, isHole }) => line.type === "f" && !isHole);
  const shallow = files.filter(({ path }) => path.split("/").length <= SHALLOW);
  const input = shallow.map(({ path }) => `./${path}\0`).join("");
  const found = new Map<string, string>();
  for (const said of wordsOf(told(["xargs", "-0", "-r", ...sha256sum], { cwd: root, input }))) {
    const [hash = "", ...path] = said.split("  ./");
    found.set(path.join("  ./"), hash);
  }
  const deepSum = ["sh", "-c", 'sha256sum < "$1"', "sh", "{}"];
  for (const [path, said] of deep(root, ["-type", "f"], deepSum)) {
    found.set(path, said.slice(0, said.indexOf(" ")));
  }
  return found;
}

/** Major and minor numbers, in hexadecimal. */
function devicesBelow(root: string): Map<string, string> {
  const stat = ["stat", "--printf=%n\\0device %t:%T\\0", "--", "{}", "+"];
  const devices = ["(", "-type", "b", "-o", "-type", "c", ")"];
  const words = wordsOf(told(["find", ".", ...devices, "-exec", ...stat], { cwd: root }));
  const found = new Map<string, string>();
  for (let at = 0; at < words.length; at += 2) {
    found.set(words[at]?.slice(2) ?? "", words[at + 1] ?? "");
  }
  return found;
}

/** What a program says of each deep entry, run in its directory. */
function deep(
  root: string,
  tests: readonly string[],
  program: readonly string[],
): [string, string][] {
  // find writes out what it has to say before it runs a program.
  const said = ["-printf", "\\0%P\\0", "-execdir", ...program, ";"];
  const command = ["find", ".", "-mindepth", String(SHALLOW + 1), ...tests, ...said];
  const words = told(command, { cwd: root }).split("\0");
  const found: [string, string][] = [];
  for (let at = 1; at < words.length; at += 2) found.push([words[at] ?? "", words[at + 1] ?? ""]);
  return found;
}

/** Each ends with a zero byte. */
function wordsOf(text: string): string[] {
  return text.split("\0").slice(0, -1);
}

/** getfattr writes what would break a line as octal digits. */
function unquoted(name: string): string {
  return name.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Safe to look at. */
function shown(path: string): string {
  return JSON.stringify(path);
}
