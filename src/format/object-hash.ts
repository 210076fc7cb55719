/** SHA-256 in hex, as records name objects, as settings are chained, and as fingerprints are. */
import { createHash } from "node:crypto";

export function objectHashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
