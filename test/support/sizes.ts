/** The sizes of a repository whose settings are the default ones. */
import type { ChunkSizes } from "../../src/chunker/sizes.ts";
import { contentSizes, treeSizes } from "../../src/chunker/sizes.ts";
import { DEFAULT_SIZES } from "../../src/format/settings.ts";

export const CONTENT_SIZES: ChunkSizes = contentSizes(DEFAULT_SIZES.chunk);
export const TREE_SIZES: ChunkSizes = treeSizes(DEFAULT_SIZES.chunk);
