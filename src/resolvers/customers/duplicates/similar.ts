import { distance } from 'fastest-levenshtein'
import { loose } from './texts.ts'

/** How alike two texts are by Jaro and Winkler, 0 to 1: made for short names with typing errors, a common beginning counts more. */
export function jaroWinkler(a: string, b: string): number {
  if (a === b) return 1
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (short.length === 0) return 0
  const reach = Math.max(0, (long.length >> 1) - 1)
  const taken = new Uint8Array(long.length)
  const hits: number[] = []
  for (let i = 0; i < short.length; i++) {
    const end = Math.min(long.length, i + reach + 1)
    for (let j = Math.max(0, i - reach); j < end; j++) {
      if (taken[j] || short.charCodeAt(i) !== long.charCodeAt(j)) continue
      taken[j] = 1
      hits.push(short.charCodeAt(i))
      break
    }
  }
  const m = hits.length
  if (m === 0) return 0
  let moved = 0
  let k = 0
  for (let j = 0; j < long.length; j++) if (taken[j] && hits[k++] !== long.charCodeAt(j)) moved++
  const jaro = (m / short.length + m / long.length + (m - moved / 2) / m) / 3
  let start = 0
  while (start < 4 && start < short.length && short[start] === long[start]) start++
  return jaro > 0.7 ? jaro + start * 0.1 * (1 - jaro) : jaro
}

/** 1 less the part of the longer text that has to be changed to get the other. */
export function editSimilarity(a: string, b: string): number {
  const longest = Math.max(a.length, b.length)
  return longest === 0 ? 0 : 1 - distance(a, b) / longest
}

/** How alike two words are: typing errors, or one being short for the other (deli, delicatessen; j, john). */
export function wordSimilarity(a: string, b: string): number {
  if (a === b || loose(a) === loose(b)) return 1
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  // Numbers are right or wrong: Plant 3 is not Plant 4.
  if (/\d/.test(short) || /\d/.test(long)) return 0
  if (long.startsWith(short)) return short.length >= 3 ? 0.9 : short.length === 1 ? 0.6 : 0.7
  // One changed character in a short word makes another word of it; in a long one it is a slip.
  const edits = distance(a, b)
  if (edits === 1) return Math.max(0.75, 1 - 0.6 / short.length)
  return Math.min(jaroWinkler(a, b), editSimilarity(a, b) + 0.15)
}

/**
 * How alike two lists of words are whatever their order: each word of the shorter list with its best partner of the other, long words counting more;
 * words without a partner count against it.
 */
export function wordsSimilarity(a: string[], b: string[]): number {
  const [few, many] = a.length <= b.length ? [a, b] : [b, a]
  const free = new Set(many.keys())
  let hit = 0
  let all = 0
  for (const word of few) {
    let best = 0
    let place = -1
    for (const at of free) {
      const found = wordSimilarity(word, many[at] as string)
      if (found > best) [best, place] = [found, at]
    }
    const length = weightOf(word)
    all += length
    if (best < 0.7) continue
    free.delete(place)
    hit += best * length
  }
  let left = 0
  for (const at of free) left += weightOf(many[at] as string)
  return all + left === 0 ? 0 : hit / (all + left / 2)
}

const weightOf = (word: string): number => Math.min(8, Math.max(2, word.length))
