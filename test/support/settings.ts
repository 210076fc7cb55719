/** A chain of settings in a target, as those who may write it, and those who may not. */

import type { Settings } from "../../src/format/settings.ts";
import { encodeSettings } from "../../src/format/settings.ts";
import type { Outline, SettingsChange } from "../../src/repository/settings.ts";
import { changeSettings, readOutline, signedLink } from "../../src/repository/settings.ts";
import { signLines } from "../../src/repository/signatures.ts";
import type { Signer } from "../../src/seal/signature.ts";
import type { WritableTarget } from "../../src/target/target.ts";
import { signer } from "./site.ts";

/** Somebody whom no settings name. */
export const stranger: Signer = { ...signer, fingerprint: "9".repeat(40) };

/** Adds settings that are signed as told; with nobody to sign, they are bare. */
export async function extend(
  target: WritableTarget,
  change: SettingsChange,
  signers: readonly Signer[] = [signer],
): Promise<Outline> {
  const verify = async () => true;
  return await changeSettings(target, await readOutline(target), change, { signers, verify });
}

/** Settings as somebody would plant them, whatever they say. */
export async function plant(
  target: WritableTarget,
  settings: Settings,
  signers: readonly Signer[],
): Promise<void> {
  const { object } = await signedLink(settings, []);
  await target.create(object, await signLines(encodeSettings(settings), signers));
}
