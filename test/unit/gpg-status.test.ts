import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GpgStatus, readListing } from "../../src/seal/gpg-status.ts";

const status = (...lines: string[]) =>
  new GpgStatus(lines.map((line) => `[GNUPG:] ${line}\n`).join(""));

/** Of one that opened a message. */
const opened = [
  "ENC_TO 3EAAF52CA99FBA6A 1 0",
  "BEGIN_DECRYPTION",
  "DECRYPTION_INFO 2 9 0",
  "PLAINTEXT 62 0 ",
  "DECRYPTION_OKAY",
  "GOODMDC",
  "END_DECRYPTION",
];
const without = (keyword: string) => opened.filter((line) => !line.startsWith(keyword));

describe("the status of a gpg", () => {
  it("says that a message is intact", () => {
    assert.ok(status(...opened).isIntact);
  });

  it("does not, where a sign of it is missing or there is another", () => {
    for (const keyword of ["DECRYPTION_OKAY", "GOODMDC", "PLAINTEXT"]) {
      assert.ok(!status(...without(keyword)).isIntact, keyword);
    }
    for (const line of ["PLAINTEXT 62 0 ", "DECRYPTION_FAILED"]) {
      assert.ok(!status(...opened, line).isIntact, line);
    }
    assert.ok(!new GpgStatus(opened.join("\n")).isIntact);
    assert.ok(!status().isIntact);
  });

  it("takes AEAD for protection", () => {
    const sealed = without("GOODMDC").filter((line) => !line.startsWith("DECRYPTION_INFO"));
    assert.ok(status(...sealed, "DECRYPTION_INFO 0 9 2").isIntact);
    assert.ok(!status(...sealed, "DECRYPTION_INFO 0 9 0").isIntact);
    assert.ok(!status(...sealed, "DECRYPTION_INFO 0 9").isIntact);
  });

  it("says that there is one signature over bytes", () => {
    const signed = "SIG_CREATED D 22 10 00 1795614994 38E880D68A8B009BD7DD879402372A9A5A4B89BB";
    assert.ok(status("BEGIN_SIGNING H10", signed).isSigned);
    for (const lines of [[], [signed, signed], [signed.replace(" 00 ", " 01 ")]]) {
      assert.ok(!status(...lines).isSigned);
    }
    assert.ok(!status(signed.replace(" D ", " S ")).isSigned);
  });

  it("says what stopped gpg from using a private key", () => {
    const failed = (...lines: string[]) => status(...lines, "DECRYPTION_FAILED").keyProblem;
    const problems: [string, RegExp][] = [
      ["ERROR pkdecrypt_failed 67108875", /the passphrase is wrong/],
      ["ERROR pkdecrypt_failed 83886179", /no passphrase was given/],
      ["ERROR pkdecrypt_failed 67108949", /no pinentry/],
      ["ERROR pkdecrypt_failed 83918950", /is there a terminal/],
      ["ERROR pkdecrypt_failed 100663408", /its smartcard is not there/],
      ["ERROR pkdecrypt_failed 67109000", /gpg's error 136/],
      ["FAILURE sign 67108875", /the passphrase is wrong/],
      ["NO_SECKEY 3EAAF52CA99FBA6A", /sealed to other keys/],
      ["BEGIN_DECRYPTION", /does not say why/],
    ];
    for (const [line, problem] of problems) assert.match(failed(line) ?? "", problem);
  });

  it("says so of none where the message is what was bad", () => {
    assert.equal(
      status("ERROR pkdecrypt_failed 33554450", "DECRYPTION_FAILED").keyProblem,
      undefined,
    );
    assert.equal(status("ERROR pkdecrypt_failed 16777226", "NO_SECKEY 00").keyProblem, undefined);
    assert.equal(status("DECRYPTION_INFO 2 9 0", "BADMDC").keyProblem, undefined);
    assert.equal(status("NODATA 3").keyProblem, undefined);
    assert.equal(status("ERROR keydb_search 33554445").keyProblem, undefined);
  });
});

describe("a listing of keys", () => {
  const primary = "FB81D182E0ED411D4D4E6D74D1BD5A84718B4DE4";
  const secondary = "2A41F6326F664980484EBDD03EAAF52CA99FBA6A";
  const listed = (place: string, uses = "e") =>
    readListing(
      [
        "tru::1:1795614421:0:3:1:5",
        "sec:u:3072:1:D1BD5A84718B4DE4:1795614385:::u:::scESC:::#:::23::0:",
        `fpr:::::::::${primary}:`,
        "uid:u::::1795614385::4E895540852A45DC3500F893FA0CAB86BF260554::One::::::::::0:",
        `ssb:u:3072:1:3EAAF52CA99FBA6A:1795614385::::::${uses}:::${place}:::23:`,
        `fpr:::::::::${secondary}:`,
      ].join("\n"),
    );
  const key = (decrypts: boolean) => [{ fingerprint: primary.toLowerCase(), decrypts }];

  it("has primary keys, and whether a part of them decrypts here", () => {
    assert.deepEqual(listed("+"), key(true));
    assert.deepEqual(listed("D2760001240102010006001122330000"), key(true));
    assert.deepEqual(listed("#"), key(false));
    assert.deepEqual(listed(""), key(false));
    assert.deepEqual(listed("+", "s"), key(false));
    assert.deepEqual(listed("+", "esa"), key(true));
  });

  it("may be of public keys, several or none", () => {
    const lines = ["pub:u:255:22:02372A9A5A4B89BB:1795614386:::u:::scESC:::::ed25519:::0:"];
    lines.push(`fpr:::::::::${primary}:`, lines[0] ?? "", `fpr:::::::::${secondary}:`);
    const found = readListing(lines.join("\n")).map(({ fingerprint }) => fingerprint);
    assert.deepEqual(found, [primary.toLowerCase(), secondary.toLowerCase()]);
    assert.deepEqual(readListing(""), []);
    assert.deepEqual(readListing("fpr:::::::::00:\n"), []);
  });
});
