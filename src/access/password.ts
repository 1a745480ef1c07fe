import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'

// OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
const COST = { algorithm: 2, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const
const MIN = 10
const MAX = 128
// NFKC may shorten a text; beyond this many UTF-16 units nothing sensible comes down to 128 characters.
const MAX_RAW = 1024

// The shorter ones of the usual lists fall to the length rule.
const COMMON = new Set(
  `0123456789 1234567890 12345678910 123456789a 123456789q 1234567891 0987654321 9876543210 1122334455 1212121212 123123123123
  123456123456 147258369a 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc q1w2e3r4t5 qazwsxedcrfv qwertyuiop qwerty12345 qwerty123456
  qwertyuiop123 asdfghjkl1 asdfghjkl123 zxcvbnm123 abcdefghij abcd123456 abc123456789 a123456789 aa123456789 password10
  password12 password123 password1234 password12345 password123! p@ssw0rd123 passw0rd123 mypassword passwordpassword
  iloveyou123 administrator admin12345 admin123456 welcome123 welcome1234 letmein123 changeme123 football123 woaini1314
  woaini520 woaini1314520 5201314520 1314520520 test123456 testtest123 secret1234 superman123 princess123 sunshine123`.split(
    /\s+/,
  ),
)

// A well-formed hash of nothing: to compare with it costs what a real one costs, and no password matches it.
const DUMMY = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$${base64(16)}$${base64(32)}`

/**
 * Why a text cannot be a password, as an English sentence, or null if it can. Length counts characters after NFKC. `personal` is what an attacker tries
 * first, names and addresses of the user and the company: no word of them may stand in it, however it is written.
 */
export function passwordProblem(text: string, personal: readonly string[] = []): string | null {
  if (!text.isWellFormed()) return 'The password holds half of a character.'
  const plain = normalised(text)
  if (plain === null) return `The password must have at most ${MAX} characters.`
  const characters = [...plain]
  if (characters.length < MIN) return `The password must have at least ${MIN} characters.`
  if (new Set(characters).size === 1) return 'The password must not repeat one character.'
  if (COMMON.has(plain.toLowerCase())) return 'The password is one of the most common ones.'
  const letters = bare(plain)
  if (personal.some((one) => wordsOf(one).some((word) => letters.includes(word))))
    return 'The password must not contain your name, your address or the name of your company.'
  return null
}

/** Letters and digits alone, case and width folded. */
function bare(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]/gu, '')
}

/** A name as a whole and word by word. Four letters or two of Chinese make a word: shorter ones stand in any password. */
function wordsOf(name: string): string[] {
  return [name, ...name.split(/[^\p{L}\p{N}\p{M}]+/u)]
    .map(bare)
    .filter((word) => [...word].reduce((sum, letter) => sum + (letter > '\u2e7f' ? 2 : 1), 0) >= 4)
}

/**
 * The argon2id hash of a password as a PHC string, with its own salt. NFKC makes one password of the ways in which
 * keyboards write it (é, 全角). Throws a RangeError with the sentence of `passwordProblem`, so that no path stores a bad one.
 */
export async function hashPassword(password: string): Promise<string> {
  const problem = passwordProblem(password)
  if (problem) throw new RangeError(problem)
  return inTurn(() => hash(password.normalize('NFKC'), COST))
}

/**
 * Whether the password is the one of the hash. Give null for a user who does not exist or has no password: the answer is
 * false and takes as long as for one who does. Throws if the stored hash is no PHC string.
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  // Such a text is refused by itself, whoever the user is, so the quick answer tells nothing.
  const plain = password.length <= MAX_RAW && password.isWellFormed() ? normalised(password) : null
  if (plain === null) return false
  const same = await inTurn(() => verify(stored ?? DUMMY, plain))
  return same && stored !== null
}

/** The text in NFKC, or null if that is too long. */
function normalised(text: string): string | null {
  if (text.length > MAX_RAW) return null
  const plain = text.normalize('NFKC')
  return [...plain].length > MAX ? null : plain
}

// Each hash holds one of libuv's four threads and 19 MiB; two leave room for files, DNS and WebCrypto in a sign-in storm.
const AT_ONCE = 2
let running = 0
const waiting: (() => void)[] = []

/** Runs the work when its turn comes, first come, first served. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < AT_ONCE) running++
  else await new Promise<void>((go) => waiting.push(go))
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

/** Random bytes as PHC strings write them: base64 without padding. */
function base64(bytes: number): string {
  return randomBytes(bytes).toString('base64').replaceAll('=', '')
}
