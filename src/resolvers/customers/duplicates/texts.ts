// What duplicates compare: texts brought to the form in which two spellings of the same are equal.

// Letters that are no base letter with a mark, so that NFKD leaves them alone.
const LETTERS: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
}
// Traditional characters that are frequent in names of companies and people, each followed by its simplified form.
const TRADITIONAL = new Map(
  (
    '國国 張张 陳陈 劉刘 黃黄 楊杨 趙赵 吳吴 孫孙 馬马 鄭郑 謝谢 許许 鄧邓 馮冯 蔣蒋 葉叶 餘余 蘇苏 盧卢 賈贾 魯鲁 龍龙 萬万 錢钱 湯汤 賴赖 龔龚 ' +
    '東东 華华 業业 電电 機机 車车 貿贸 團团 開开 發发 廣广 灣湾 慶庆 義义 豐丰 興兴 榮荣 輝辉 銀银 鋼钢 鐵铁 網网 絡络 軟软 體体 藥药 醫医 ' +
    '學学 聯联 達达 遠远 運运 輸输 產产 實实 設设 計计 裝装 飾饰 資资 貨货 備备 儀仪 傳传 動动 偉伟 麗丽 強强 傑杰 鵬鹏 靜静 雲云 風风 飛飞 ' +
    '長长 門门 島岛 寧宁 陽阳 陸陆 漢汉 濟济 瀋沈 無无 錫锡 蘭兰 貴贵 龜龟 溫温 歐欧 關关 衛卫 韓韩 寶宝 環环 藝艺 術术 書书 節节 際际 礦矿'
  )
    .split(' ')
    .map((pair) => [pair.charAt(0), pair.charAt(1)]),
)
const HAN = /[\u3400-\u9fff\uf900-\ufaff]/
/** Han, kana and Hangul: names in these are written without spaces. */
export const EAST_ASIAN = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]/
// Nothing but letters, digits and signs that a fold leaves as they are.
const PLAIN = /^[\x20-\x7e]*$/

/** A text without case, width (full and half), diacritics and, in Chinese, traditional forms. */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase()
  const bare = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[ßæœøđðłþı]/g, (letter) => LETTERS[letter] as string)
    .normalize('NFC')
  return HAN.test(bare) ? bare.replace(/[\u3400-\u9fff]/g, (letter) => TRADITIONAL.get(letter) ?? letter) : bare
}

const APOSTROPHES = /['’‘ʼ´`＇]/g
const NO_WORD = /[^\p{L}\p{N}]+/u

/** The words of a text: folded, apostrophes taken out (O’Neil is oneil), everything else that is no letter or digit parts them. */
export function words(text: string): string[] {
  return fold(text.replace(APOSTROPHES, '')).split(NO_WORD).filter(Boolean)
}

/** A name of a person: its words, or the one word that an East Asian name is; 欧阳 娜娜 is 欧阳娜娜. */
export function personWords(text: string): string[] {
  const found = words(text).filter((word) => !TITLES.has(word))
  return EAST_ASIAN.test(text) ? [found.join('')].filter(Boolean) : found
}

const TITLES = new Set(['mr', 'mrs', 'ms', 'miss', 'dr', 'prof', 'herr', 'frau', 'mme', 'jr', 'sr'])

// Given names and what their bearers are called, a group in a line.
const CALLED = new Map<string, number[]>()
for (const [group, line] of [
  'alexander alex sandy xander sasha',
  'alexandra alex sandra sandy sasha',
  'andrew andy drew',
  'anthony tony',
  'barbara barb barbie babs',
  'benjamin ben benny',
  'catherine katherine kathryn cathy kathy kate katie kat',
  'charles charlie chuck chas',
  'christine christina chris chrissy tina',
  'christopher chris topher kit',
  'daniel dan danny',
  'david dave davy',
  'deborah deb debbie debra',
  'donald don donny',
  'dorothy dot dottie dolly',
  'edward ed eddie ted teddy ned',
  'elizabeth liz lizzie beth betty eliza elsie lisa libby',
  'eugene gene',
  'francis frank frankie fran',
  'frederick fred freddie fritz friedrich',
  'george georgie jorge',
  'gregory greg',
  'henry harry hank heinrich',
  'jacob jake',
  'james jim jimmy jamie',
  'jeffrey jeff geoffrey geoff',
  'jennifer jen jenny',
  'jessica jess jessie',
  'john jack johnny jon johann hans',
  'jonathan jon jonny nathan',
  'joseph joe joey josef sepp',
  'joshua josh',
  'kenneth ken kenny',
  'lawrence laurence larry',
  'leonard len lenny leo',
  'margaret maggie meg peggy marge margie greta',
  'matthew matt',
  'michael mike mick mickey michel',
  'nancy ann nan',
  'nathaniel nathan nate nat',
  'nicholas nick nicky klaus',
  'pamela pam',
  'patricia pat patty tricia trish',
  'patrick pat paddy',
  'peter pete',
  'philip phillip phil',
  'rebecca becky becca',
  'richard rich rick ricky dick',
  'robert rob bob bobby robbie bert',
  'ronald ron ronny',
  'samantha sam sammy',
  'samuel sam sammy',
  'stephanie steph',
  'stephen steven steve',
  'susan sue susie suzanne',
  'theodore ted teddy theo',
  'theresa teresa terry tess resi',
  'thomas tom tommy',
  'timothy tim timmy',
  'victoria vicky tori',
  'vincent vince vinnie',
  'william will bill billy willie liam wilhelm',
].entries())
  for (const name of line.split(' ')) CALLED.set(name, [...(CALLED.get(name) ?? []), group])

/** May two given names be one person’s: Bob is Robert. */
export const calledAlike = (one: string, other: string): boolean =>
  CALLED.get(one)?.some((group) => CALLED.get(other)?.includes(group)) ?? false

// Legal forms that are nothing else wherever they stand, and those that are only at the end: SE, AS and CO are also words.
const FORMS = new Set(
  'ltd limited inc incorporated corp corporation llc llp plc gmbh mbh ohg sarl srl bv oy oyj asa aps pty pte pvt kk sdn bhd kft zrt doo sro ooo oao zao pao spzoo ltda eirl'.split(
    ' ',
  ),
)
const LAST_FORMS = new Set(
  'co company cie ag kg kgaa ug ev eg se sa sas spa nv ab as lp lc sl private holding holdings group groupe gruppe konzern'.split(
    ' ',
  ),
)
const SMALL = new Set(['the', 'and', 'und', 'et', 'of', 'y', 'e', 'i'])
const FORMS_ZH =
  /(?:集团)?股份有限(?:责任)?公司|有限责任公司|责任有限公司|有限公司|股份公司|集团公司|集团|株式会社|有限会社|주식회사/g

/** The words of a company's name without its legal form, articles and "and": what tells it from others. A name of nothing else keeps all its words. */
export function companyWords(text: string): string[] {
  // S.A. is sa, G.m.b.H. is gmbh; & Co. goes with its form.
  const joined = fold(text.replace(APOSTROPHES, ''))
    .replace(
      /(?<![\p{L}\p{N}])(?:\p{L}\.\s?)+\p{L}\.?(?![\p{L}\p{N}])/gu,
      (dotted) => `${dotted.replace(/[.\s]/g, '')} `,
    )
    .replace(/(?<=\bg)\.?\s?m\.?\s?b\.?\s?h\b\.?/g, 'mbh')
    .replace(/\b([ans])\/([sv])\b/g, '$1$2')
  const chinese = EAST_ASIAN.test(joined)
  const bare = chinese ? joined.replace(FORMS_ZH, ' ').replace(/(?<![分子])公司\s*$/, ' ') : joined
  const all = bare.split(NO_WORD).filter(Boolean)
  const kept = all.filter((word) => !FORMS.has(word) && !SMALL.has(word))
  while (kept.length > 1 && LAST_FORMS.has(kept.at(-1) as string)) kept.pop()
  const found = kept.length > 0 ? kept : all.length > 0 ? all : words(text)
  return chinese ? glued(found) : found
}

/** East Asian words that follow one another are one: brackets and spaces in such names mean nothing. */
function glued(list: string[]): string[] {
  const result: string[] = []
  for (const word of list) {
    const last = result.at(-1)
    if (last !== undefined && EAST_ASIAN.test(last) && EAST_ASIAN.test(word)) result[result.length - 1] = last + word
    else result.push(word)
  }
  return result
}

/** What is left of a word when ä and ae are the same: Müller, Mueller and Muller. For equality only. */
export const loose = (text: string): string => text.replace(/([aou])e/g, '$1')

const FREE_MAIL = new Set(
  'gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.de yahoo.fr ymail.com aol.com icloud.com me.com mac.com gmx.de gmx.net gmx.at gmx.ch gmx.com web.de t-online.de freenet.de mail.com mail.ru yandex.ru yandex.com proton.me protonmail.com zoho.com qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com orange.fr wanadoo.fr free.fr laposte.net libero.it hotmail.co.uk hotmail.fr btinternet.com comcast.net verizon.net att.net naver.com hanmail.net daum.net rediffmail.com bigpond.com optusnet.com.au'.split(
    ' ',
  ),
)

/** An e-mail address as it is compared: lower case, without what follows a plus sign, under which the same mailbox is meant. Dots count: only one provider ignores them. */
export function emailKey(email: string): string | null {
  const [local, domain] = fold(email.trim()).split('@')
  if (!local || !domain) return null
  return `${local.split('+')[0] || local}@${domain}`
}

/** The internet domain of an address of a page or a mailbox, without www; null for a provider of free mailboxes, which says nothing about a company. */
export function domainKey(text: string): string | null {
  const host = fold(text.trim())
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
    .split(/[/?#]/)[0]!
    .split('@')
    .at(-1)!
    .replace(/:\d+$/, '')
    .replace(/^www\d?\./, '')
    .replace(/\.$/, '')
  return host.includes('.') && !FREE_MAIL.has(host) ? host : null
}

/** A tax or register number: letters and digits, upper case. */
export function numberKey(text: string): string | null {
  const key = fold(text)
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toUpperCase()
  // A dash or a zero stands for none.
  return /[1-9A-Z]/.test(key) && key.length >= 4 ? key : null
}

/** A postal code: letters and digits; the four digits that a ZIP code may add are left out. */
export function postalKey(text: string): string | null {
  const key = fold(text)
    .replace(/^(\d{5})-\d{4}$/, '$1')
    .replace(/[^\p{L}\p{N}]/gu, '')
  return key === '' ? null : key
}

const STREET_WORDS: Record<string, string> = {}
for (const line of [
  'avenue av ave aven avenu',
  'boulevard blv blvd boul bvd bd',
  'street st str strt straat',
  'road rd',
  'drive dr drv',
  'lane ln',
  'place pl plc',
  'court ct crt',
  'circuit cct cir',
  'crescent cres cr crsnt',
  'close cl',
  'terrace tce ter terr',
  'parade pde',
  'square sq',
  'highway hwy',
  'parkway pkwy pky',
  'freeway fwy',
  'expressway expy',
  'way wy',
  'plaza plz',
  'center centre ctr cntr',
  'building bldg',
  'floor fl flr',
  'suite ste',
  'apartment apt apmnt',
  'village vlge vlg',
  'mount mt',
  'fort ft',
  'saint snt',
  'north n',
  'south s',
  'east e',
  'west w',
  'northeast ne',
  'northwest nw',
  'southeast se',
  'southwest sw',
  'route rte',
  'room rm',
  'unit u',
]) {
  const [long, ...short] = line.split(' ') as [string, ...string[]]
  for (const one of short) STREET_WORDS[one] = long
}
/** Kinds of streets and parts of houses, which many addresses have. */
export const STREET_KINDS: ReadonlySet<string> = new Set(Object.values(STREET_WORDS))
const ORDINALS: Record<string, string> = {
  first: '1st',
  second: '2nd',
  third: '3rd',
  fourth: '4th',
  fifth: '5th',
  sixth: '6th',
  seventh: '7th',
  eighth: '8th',
  ninth: '9th',
  tenth: '10th',
}

/** A street address: the numbers, and the words that are none, kinds of streets and directions written out. */
export interface Street {
  numbers: string[]
  words: string[]
  /** All of it in one, for equality. */
  text: string
}

/** Reads a street address. Hauptstraße and Hauptstr. are one, 5th Ave and Fifth Avenue too. */
export function streetOf(text: string): Street | null {
  const all = words(text)
  if (all.length === 0) return null
  const numbers: string[] = []
  const rest: string[] = []
  for (const word of all) {
    if (/^\d+[a-z]?$/.test(word)) numbers.push(word.replace(/^0+(?=\d)/, ''))
    else if (EAST_ASIAN.test(word)) {
      // 长江路88号 is 长江路 88.
      for (const part of word.split(/(\d+)/)) {
        if (/^\d+$/.test(part)) numbers.push(part)
        else if (part.replace(/[号號室楼層层]/g, '') !== '') rest.push(part.replace(/[号號室楼層层]/g, ''))
      }
    } else rest.push(STREET_WORDS[word] ?? ORDINALS[word] ?? word.replace(/(?<=.{3})(?:strasse|str)$/, 'strasse'))
  }
  return { numbers, words: rest, text: [...rest, ...numbers].join(' ') }
}

const CITY_WORDS: Record<string, string> = {
  st: 'saint',
  ste: 'saint',
  mt: 'mount',
  ft: 'fort',
  n: 'north',
  s: 'south',
  e: 'east',
  w: 'west',
}

/** A town: its words, 上海市 is 上海. */
export function cityKey(text: string): string | null {
  const key = words(text)
    .map((word) => CITY_WORDS[word] ?? word)
    .join(' ')
    .replace(/(?<=[\u3400-\u9fff]{2})市$/, '')
  return key === '' ? null : key
}
