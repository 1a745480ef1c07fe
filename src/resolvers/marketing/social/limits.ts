/** How long a post may be on a platform, and how that is counted. */
interface Limit {
  max: number
  unit: string
  count(content: string, linkUrl: string | null): number
}

const characters = (max: number): Limit => ({ max, unit: 'characters', count: (content) => [...content].length })

/** What a link counts on X, whatever its length. */
const X_LINK = 23
const LINK = /https?:\/\/\S+/giu
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** Code points that count one there; all others count two. */
const X_LIGHT = [
  [0x0, 0x10ff],
  [0x2000, 0x200d],
  [0x2010, 0x201f],
  [0x2032, 0x2037],
] as const

/** The length by which X counts: of Unicode's form C, most letters one, Chinese and emoji two, links 23 (docs.x.com/fundamentals/counting-characters). */
export function weightOnX(content: string, linkUrl: string | null): number {
  const links = content.match(LINK)?.length ?? 0
  let weight = links * X_LINK + (linkUrl ? X_LINK + 1 : 0)
  for (const { segment } of GRAPHEMES.segment(content.replace(LINK, '').normalize('NFC'))) {
    if (/\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(segment)) weight += 2
    else for (const one of segment) weight += isLight(one.codePointAt(0) as number) ? 1 : 2
  }
  return weight
}

const isLight = (point: number) => X_LIGHT.some(([from, to]) => point >= from && point <= to)

/** What a post to each platform may hold at most, as the platforms say; they change it now and then. */
export const LIMITS: Readonly<Record<string, Limit>> = {
  WECHAT: characters(20_000),
  WEIBO: characters(2_000),
  DOUYIN: characters(1_000),
  XIAOHONGSHU: characters(1_000),
  LINKEDIN: characters(3_000),
  FACEBOOK: characters(63_206),
  INSTAGRAM: characters(2_200),
  X: { max: 280, unit: 'characters as X counts them', count: weightOnX },
  YOUTUBE: { max: 5_000, unit: 'bytes', count: (content) => Buffer.byteLength(content) },
  OTHER: characters(63_206),
}

/** The most characters that any platform takes. */
export const LONGEST = 63_206
