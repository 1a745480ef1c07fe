import { searchKey } from '../../read/filter.ts'

/** Words that stand in every text and tell nothing. */
const EMPTY = new Set(
  'about after again all also and any are because been before but can cannot could did does doing done for from had has have her his how into its just like more most need not now off one only other our out over please same should since some such than thank thanks that the their them then there these they this those too under use using very want was were what when where which while who why will with would you your'.split(
    ' ',
  ),
)
/** Each of them is looked up. */
const MOST = 32
const SHORTEST = 3
/** Of a longer word the beginning is enough. */
const LONGEST = 40

/**
 * What of a text tells what it is about, folded as search_text is: words of three letters or more without the s of a plural, and of Chinese, which has no spaces, each two characters that stand together. The
 * first of a text come first; thirty-two at most.
 */
export function likeWords(text: string): string[] {
  const words = new Set<string>()
  for (const [run] of searchKey(text).matchAll(/\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu)) {
    for (const word of /^\p{Script=Han}/u.test(run) ? pairs(run) : latin(run)) words.add(word)
    if (words.size >= MOST) break
  }
  return [...words].slice(0, MOST)
}

const pairs = (run: string): string[] => {
  const all = [...run]
  return all.slice(1).map((second, index) => `${all[index]}${second}`)
}

function latin(run: string): string[] {
  const word = run.slice(0, LONGEST)
  if (word.length < SHORTEST || EMPTY.has(word)) return []
  return [word.length > 4 && /[^s]s$/.test(word) ? word.slice(0, -1) : word]
}
