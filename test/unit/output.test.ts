import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { OutputFlags } from "../../src/commands/output.ts";
import {
  count,
  formatBytes,
  formatDuration,
  formatTime,
  Output,
  printable,
} from "../../src/commands/output.ts";
import { rawFromText } from "../../src/format/raw-name.ts";

const PLAIN: OutputFlags = { json: false, quiet: false, verbose: false, "no-progress": false };

/** What an output prints, as [stdout, stderr]. */
function printed(t: TestContext, flags: Partial<OutputFlags>, use: (output: Output) => void) {
  const lines = { log: [] as string[], error: [] as string[] };
  t.mock.method(console, "log", (line: string) => lines.log.push(line));
  t.mock.method(console, "error", (line: string) => lines.error.push(line));
  use(new Output({ ...PLAIN, ...flags }));
  t.mock.restoreAll();
  return [lines.log, lines.error];
}

const everything = (output: Output): void => {
  output.result({ a: 1 }, "result");
  output.result({ b: 2 });
  output.note("note");
  output.warn("warning");
  output.detail("detail");
  output.problem({ path: rawFromText("pa\u001bth"), message: "open 'pa\u001bth'" });
};
const PROBLEM = "pa\\u{1b}th: open 'pa\\u{1b}th'";

describe("an output", () => {
  it("prints results for people, and what they should know", (t) => {
    const lines = printed(t, {}, everything);
    assert.deepEqual(lines, [["result"], ["note", "warning", PROBLEM]]);
  });

  it("is quiet but for problems and warnings", (t) => {
    assert.deepEqual(printed(t, { quiet: true }, everything), [[], ["warning", PROBLEM]]);
  });

  it("says more if it is asked to", (t) => {
    assert.ok(printed(t, { verbose: true }, everything)[1]?.includes("detail"));
  });

  it("prints objects for programs, problems among them", (t) => {
    const [out = []] = printed(t, { json: true, quiet: true }, everything);
    assert.deepEqual(
      out.map((line) => JSON.parse(line) as unknown),
      [{ a: 1 }, { b: 2 }, { event: "problem", path: "pa\\u{1b}th", message: "open 'pa\u001bth'" }],
    );
  });

  it("counts problems, and shows the root as a dot", (t) => {
    let problems = 0;
    const [, err] = printed(t, {}, (output) => {
      output.problem({ path: rawFromText(""), message: "gone" });
      problems = output.problems;
    });
    assert.deepEqual([problems, err], [1, [".: gone"]]);
  });
});

describe("text for a terminal", () => {
  it("keeps its lines, and escapes what a terminal would obey", () => {
    const text = "a\nb\t\u001b[2J\u009b\u202e\u2028é漢\\";
    assert.equal(printable(text), "a\nb\\u{9}\\u{1b}[2J\\u{9b}\\u{202e}\\u{2028}é漢\\");
  });

  it("has times, whatever they are", () => {
    const times = [1795612345999, -1, 8.64e15, -8.64e15, 8.64e15 + 1000].map(formatTime);
    assert.deepEqual(times, [
      "2026-11-25 13:12:25",
      "1969-12-31 23:59:59",
      "+275760-09-13 00:00:00",
      "-271821-04-20 00:00:00",
      "@8640000000001",
    ]);
  });

  it("has sizes, durations and counts", () => {
    assert.deepEqual([0, 1023, 1024, 1536, 5 * 2 ** 40, 2 ** 60].map(formatBytes), [
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "5.0 TiB",
      "1024.0 PiB",
    ]);
    assert.deepEqual([0, 1234, 59_940, 200_000, 7_500_000].map(formatDuration), [
      "0.0 s",
      "1.2 s",
      "59.9 s",
      "3 min 20 s",
      "2 h 5 min",
    ]);
    assert.deepEqual([count(0, "file"), count(1, "file")], ["0 files", "1 file"]);
  });
});
