/**
 * Holes: stretches of a file that read as zeros and take no room. They are no
 * part of its content, which is the data between them, end to end; so whoever
 * reads a file has to know both, and both have to fit together.
 */
import type { Content } from "./content.ts";
import type { Fields } from "./fields.ts";
import { isInteger } from "./fields.ts";

/** `[offset, length]`, ascending, none empty, none touching the next. */
export type Holes = readonly (readonly [offset: number, length: number])[];

/** What a list may have. */
export const MAX_HOLES = 65536;

/** The bytes in all of them. */
export function holeBytes(holes: Holes): number {
  return holes.reduce((sum, [, length]) => sum + length, 0);
}

/** A file's size: its content and its holes. */
export function fileSize(file: { readonly content: Content; readonly holes?: Holes }): number {
  return file.content.size + holeBytes(file.holes ?? []);
}

const ZEROS = new Uint8Array(65536);

/** So many zeros, in pieces of one block that all share: nobody may write to it. */
export function* zeros(length: number): Generator<Uint8Array> {
  for (let rest = length; rest > 0; rest -= ZEROS.length) {
    yield rest < ZEROS.length ? ZEROS.subarray(0, rest) : ZEROS;
  }
}

/**
 * Reads the holes of a file with so much content.
 *
 * @throws {@link CorruptError} in the line's name if they cannot be those of such a file.
 */
export function decodeHoles(line: Fields, content: Pick<Content, "size">): Holes {
  const list = line.array("holes");
  if (list.length > MAX_HOLES) line.fail("holes", `a list of ${MAX_HOLES} at most`);
  let end = 0;
  let skipped = 0;
  return list.map((item, at) => {
    const [offset, length] = Array.isArray(item) && item.length === 2 ? item : [];
    const isHole = isInteger(offset) && isInteger(length) && length > 0;
    if (!isHole) return line.fail("holes", "[offset, length] each");
    if (at > 0 && offset <= end) line.fail("holes", "apart and in order");
    if (offset - skipped > content.size) line.fail("holes", "inside the file");
    end = offset + length;
    skipped += length;
    if (!isInteger(end) || !isInteger(content.size + skipped))
      line.fail("holes", "of a size that there is");
    return [offset, length] as const;
  });
}
