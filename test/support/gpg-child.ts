/** Opens a message as gpg's identity: for tests that need a terminal. */
import { readFileSync } from "node:fs";
import { gpgIdentity } from "../../src/seal/gpg.ts";

const [, , fingerprint = "", file = ""] = process.argv;
const identity = gpgIdentity({ fingerprint, armored: "" });
const opened = await identity.open(file, readFileSync(file));
console.log(`opened ${opened.length} bytes`);
