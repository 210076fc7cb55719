import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attributesOf } from "../../src/backup/attributes.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { Xattr } from "../../src/format/xattrs.ts";

const xattr = (name: string, length: number): Xattr => ({
  name: name as RawName,
  value: new Uint8Array(length),
});

describe("the attributes of an entry", () => {
  it("are all that can be read", () => {
    const all = [xattr("user.a", 0), xattr("user.b", 65_536)];
    assert.deepEqual(
      attributesOf(0, () => all),
      { xattrs: all },
    );
  });

  it("are none, with the reason, if they cannot be read", () => {
    const { xattrs, problem } = attributesOf("/none/at/all" as RawName);
    assert.deepEqual(xattrs, []);
    assert.match(problem ?? "", /^stored without its extended attributes: ENOENT/);
  });

  it("are those that can be stored, with the number of the others", () => {
    const good = xattr("user.z", 5);
    for (const [odd, count] of [
      [[xattr("user.a", 65_537)], 1],
      [[xattr("n".repeat(256), 1), xattr("", 1)], 2],
    ] as const) {
      const { xattrs, problem } = attributesOf(0, () => [...odd, good]);
      assert.deepEqual(xattrs, [good]);
      assert.match(problem ?? "", new RegExp(`without ${count} of its`));
    }
    const many = Array.from({ length: 20 }, (_, at) => xattr(`user.${10 + at}`, 65_000));
    const { xattrs, problem } = attributesOf(0, () => [...many, good]);
    assert.equal(xattrs.length, 17);
    assert.equal(xattrs.at(-1), good);
    assert.match(problem ?? "", /without 4 of its/);
  });
});
