/** Which mails a button ends: those of the mailing, or all. */
type Way = 'LIST' | 'ALL'

/** How it stands with the mails of a company to the holder of a link: what was ended, if anything, and what the page offers to end. */
export interface Unsubscribing {
  state: 'OPEN' | Way | 'UNKNOWN'
  company: string | null
  ways: readonly Way[]
}

// Lists are not named: what a company calls them is not meant for those who are on them.
const WORDS = {
  en: {
    OPEN: ['No more mails?', 'Choose what you do not want to get from this sender any more.'],
    LIST: ['Done.', 'You will get no more mailings like this one from this sender.'],
    ALL: ['Done.', 'You will get no more mailings from this sender.'],
    UNKNOWN: ['Nothing here.', 'This link leads nowhere. Look whether it is whole.'],
    buttons: { LIST: 'Unsubscribe from mailings like this one', ALL: 'Unsubscribe from all mailings' },
  },
  zh: {
    OPEN: ['退订邮件？', '请选择您不希望再收到该发件人的哪些邮件。'],
    LIST: ['已退订。', '您将不再收到该发件人的同类邮件。'],
    ALL: ['已退订。', '您将不再收到该发件人的推广邮件。'],
    UNKNOWN: ['没有内容。', '该链接无效，请检查链接是否完整。'],
    buttons: { LIST: '仅退订此类邮件', ALL: '退订全部邮件' },
  },
} as const

/** The page of the way out: without scripts, in English or Chinese. Its form goes to the address that it was got from. */
export function unsubscribePage(zh: boolean, { state, company, ways }: Unsubscribing): string {
  const words = WORDS[zh ? 'zh' : 'en']
  const [title, text] = words[state]
  const buttons = ways.map((way) => `<button name="scope" value="${way}">${words.buttons[way]}</button>`)
  const form = buttons.length > 0 ? `<form method="post">${buttons.join(' ')}</form>` : ''
  return `<!doctype html><html lang="${zh ? 'zh-CN' : 'en'}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:4em auto;padding:0 1em}button{font:inherit;padding:.5em 1em}</style>
<h1>${title}</h1>${company ? `<p><strong>${escaped(company)}</strong></p>` : ''}<p>${text}</p>${form}</html>`
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
