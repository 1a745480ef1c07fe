/** Repeatable chance: the same seed gives the same draws on every machine. */
export interface Random {
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number
  /** True with probability `p`, 0 to 1. */
  chance(p: number): boolean
  /** One element; throws RangeError on an empty list. */
  pick<T>(list: readonly T[]): T
  /** A new list in another order. */
  shuffle<T>(list: readonly T[]): T[]
}

/** A generator (mulberry32, public domain, Tommy Ettinger) seeded by a 32-bit number. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  function int(min: number, max: number): number {
    return min + Math.floor(next() * (max - min + 1))
  }

  function pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('pick: the list is empty')
    return list[int(0, list.length - 1)] as T
  }

  function shuffle<T>(list: readonly T[]): T[] {
    const copy = [...list]
    for (let i = copy.length - 1; i > 0; i--) {
      const j = int(0, i)
      const held = copy[i] as T
      copy[i] = copy[j] as T
      copy[j] = held
    }
    return copy
  }

  return { int, chance: (p) => next() < p, pick, shuffle }
}

/** Deals a list out in shuffled rounds, so that nothing comes again before all else has come. */
export function dealer<T>(random: Random, list: readonly T[]): () => T {
  let deck: T[] = []
  return function deal() {
    if (deck.length === 0) deck = random.shuffle(list)
    const card = deck.pop()
    if (card === undefined) throw new RangeError('dealer: the list is empty')
    return card
  }
}
