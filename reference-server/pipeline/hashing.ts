/**
 * Where the hash of a text lies among so many buckets: FNV-1a of 32 bits over its UTF-8 bytes, mixed once more as
 * MurmurHash3 ends, because the low bits of FNV alone follow from the last byte's.
 */
export function hashed(text: string, buckets: number): number {
  return mixed(fnv1a(Buffer.from(text, 'utf8'))) % buckets;
}

/** Fowler, Noll and Vo; 0 to 2^32 less one. */
export function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3 by Austin Appleby: every bit of the answer depends on every bit given. */
export function mixed(hash: number): number {
  let mixing = hash;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return (mixing ^ (mixing >>> 16)) >>> 0;
}
