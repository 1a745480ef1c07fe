import { createHash } from 'node:crypto'

/** Remembers on which line a key stood. */
export interface Doubles {
  /** The line of an earlier row with this key, or undefined. */
  lineOf(key: string): number | undefined
  add(key: string, line: number): void
}

/** Keys that are remembered at most: 24 MiB. Rows of a longer file are held against the first million. */
const REMEMBERED = 1_000_000

/** Keys of a file in twelve bytes each: 64 bits of SHA-256 (two keys of a million are mixed up once in 37 million files) and the line. */
export function createDoubles(): Doubles {
  let hashes = new BigUint64Array(2 ** 12)
  let lines = new Uint32Array(2 ** 12)
  let count = 0

  /** Where a hash stands, or the free place for it. 0 marks a free place. */
  function placeOf(hash: bigint): number {
    let place = Number(hash & BigInt(hashes.length - 1))
    while (hashes[place] !== 0n && hashes[place] !== hash) place = (place + 1) % hashes.length
    return place
  }

  function grow() {
    const [oldHashes, oldLines] = [hashes, lines]
    hashes = new BigUint64Array(oldHashes.length * 2)
    lines = new Uint32Array(oldLines.length * 2)
    oldHashes.forEach((hash, from) => {
      if (hash === 0n) return
      const place = placeOf(hash)
      hashes[place] = hash
      lines[place] = oldLines[from]!
    })
  }

  return {
    lineOf(key) {
      const place = placeOf(hashOf(key))
      return hashes[place] === 0n ? undefined : lines[place]
    },
    add(key, line) {
      if (count >= REMEMBERED) return
      const hash = hashOf(key)
      const place = placeOf(hash)
      if (hashes[place] !== 0n) return
      hashes[place] = hash
      lines[place] = line
      if (++count * 2 > hashes.length) grow()
    },
  }
}

function hashOf(key: string): bigint {
  return createHash('sha256').update(key).digest().readBigUInt64LE() || 1n
}
