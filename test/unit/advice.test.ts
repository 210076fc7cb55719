/** What messages advise can be done: every flag and command that they name is there. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import type { CommandModule } from "yargs";

const SOURCES = fileURLToPath(new URL("../../../src", import.meta.url));
const COMMANDS = fileURLToPath(new URL("../../src/commands", import.meta.url));
/** What another program is told. */
const OTHERS = /\bgpg(?: --[a-z-]+)+/g;
const FLAG = /--[a-z][a-z-]*/g;
/** A command line in a message: up to the end of what can belong to it. */
const LINE = /\bvarve ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)((?: (?:--[a-z-]+|[A-Z]+))*)/g;

/** Flags by the command's name; a command of commands has the names of both. */
type Flags = ReadonlyMap<string, ReadonlySet<string>>;

/** Takes in what a builder declares, whatever else it does. */
function declared(module: CommandModule): { flags: Set<string>; commands: CommandModule[] } {
  const flags = new Set<string>();
  const commands: CommandModule[] = [];
  const recorder: object = new Proxy(
    {},
    {
      get: (_, method) => (first: unknown, more?: { alias?: string }) => {
        if (method === "option") flags.add(`--${String(first)}`);
        if (method === "option" && more?.alias !== undefined) flags.add(`-${more.alias}`);
        if (method === "command") commands.push(first as CommandModule);
        return recorder;
      },
    },
  );
  if (typeof module.builder === "function") module.builder(recorder as never);
  return { flags, commands };
}

function nameOf({ command }: CommandModule): string {
  return String(command).split(" ")[0] ?? "";
}

async function flagsOfAll(): Promise<Flags> {
  const all = new Map<string, ReadonlySet<string>>();
  const take = (module: CommandModule, prefix: string) => {
    const { flags, commands } = declared(module);
    all.set(prefix + nameOf(module), flags);
    for (const inner of commands) take(inner, `${prefix}${nameOf(module)} `);
  };
  for (const file of readdirSync(COMMANDS).filter((name) => name.endsWith(".js"))) {
    const exported = (await import(pathToFileURL(join(COMMANDS, file)).href)) as object;
    for (const module of Object.values(exported)) if (isCommand(module)) take(module, "");
  }
  return all;
}

function isCommand(value: unknown): value is CommandModule {
  return typeof value === "object" && value !== null && "command" in value && "handler" in value;
}

/** Texts of a source file that people may read: strings with a space in them. Not imports, not comments. */
function textsOf(path: string): string[] {
  const texts: string[] = [];
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    else if (ts.isTemplateExpression(node)) {
      const spans = node.templateSpans.map(({ literal }) => literal.text);
      texts.push([node.head.text, ...spans].join("…"));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return texts.filter((text) => text.includes(" ")).map((text) => text.replaceAll(OTHERS, ""));
}

describe("messages", () => {
  const texts = new Map<string, string[]>();
  for (const name of readdirSync(SOURCES, { recursive: true }).map(String)) {
    if (name.endsWith(".ts")) texts.set(name, textsOf(join(SOURCES, name)));
  }
  const globals = new Set(
    [...readFileSync(join(SOURCES, "cli.ts"), "utf8").matchAll(/\.option\("([a-z-]+)"/g)].map(
      ([, flag]) => `--${flag}`,
    ),
  );
  globals.add("--help");

  /** Every match, with where it stands. */
  function* found(pattern: RegExp): Generator<{ match: RegExpMatchArray; where: string }> {
    for (const [file, all] of texts) {
      for (const text of all) {
        for (const match of text.matchAll(pattern)) yield { match, where: `${file}: ${text}` };
      }
    }
  }

  it("name flags that some command has", async () => {
    const flags = await flagsOfAll();
    const known = new Set([...globals, ...[...flags.values()].flatMap((own) => [...own])]);
    const named = [...found(FLAG)];
    assert.ok(named.length > 20, `only ${named.length} flags were found`);
    for (const { match, where } of named) assert.ok(known.has(match[0]), `${match[0]} in ${where}`);
  });

  it("name command lines that there are", async () => {
    const flags = await flagsOfAll();
    let named = 0;
    for (const { match, where } of found(LINE)) {
      const [, words = "", behind = ""] = match;
      const command = commandIn(words, flags);
      // Prose has no flags behind it.
      if (behind !== "") assert.ok(command, `no such command in ${where}`);
      if (command === undefined) continue;
      named += 1;
      for (const [flag] of behind.matchAll(FLAG)) {
        const isKnown = globals.has(flag) || flags.get(command)?.has(flag);
        assert.ok(isKnown, `${command} has no ${flag}, in ${where}`);
      }
    }
    assert.ok(named > 10, `only ${named} command lines were found`);
  });
});

/** The longest command that the words begin with. */
function commandIn(words: string, flags: Flags): string | undefined {
  const parts = words.split(" ");
  const names = parts.map((_, at) => parts.slice(0, parts.length - at).join(" "));
  return names.find((name) => flags.has(name));
}
