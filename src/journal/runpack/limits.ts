/** Bounds on a runpack, for writing and reading alike: what we write, we and the Go tool can read back. */

const MIB = 1024 * 1024;

/** Longest entry; the Go tool's own limit. */
export const MAX_ENTRY_BYTES: number = 100 * MIB;
/** Longest manifest. */
export const MAX_MANIFEST_BYTES: number = 32 * MIB;
/** All entries together, uncompressed: bounds the work that a few bytes of deflate can ask for, and needs no zip64. */
export const MAX_TOTAL_BYTES: number = 4096 * MIB - MAX_ENTRY_BYTES;
export const MAX_ENTRIES = 20_000;
/** Longest line of a JSONL entry, and longest single member of a JSON one. */
export const MAX_RECORD_BYTES: number = 8 * MIB;
export const MAX_SIGNATURES = 64;
/** Longest chain file. */
export const MAX_CHAIN_BYTES: number = 64 * MIB;
