/** How it stands with the mails of a company to the holder of a link. */
export interface Unsubscribing {
  state: 'OPEN' | 'DONE' | 'UNKNOWN'
  company: string | null
}

const WORDS = {
  en: {
    OPEN: ['No more mails?', 'You will get no more mails of this kind from this sender.'],
    DONE: ['Done.', 'You will get no more mails of this kind from this sender.'],
    UNKNOWN: ['Nothing here.', 'This link leads nowhere. Look whether it is whole.'],
    button: 'Unsubscribe',
  },
  zh: {
    OPEN: ['退订邮件？', '退订后，您将不再收到该发件人的此类邮件。'],
    DONE: ['已退订。', '您将不再收到该发件人的此类邮件。'],
    UNKNOWN: ['没有内容。', '该链接无效，请检查链接是否完整。'],
    button: '退订',
  },
} as const

/** The page of the way out: without scripts, in English or Chinese. Its form goes to the address that it was got from. */
export function unsubscribePage(zh: boolean, { state, company }: Unsubscribing): string {
  const words = WORDS[zh ? 'zh' : 'en']
  const [title, text] = words[state]
  const form =
    state === 'OPEN' ? `<form method="post"><button name="confirm" value="1">${words.button}</button></form>` : ''
  return `<!doctype html><html lang="${zh ? 'zh-CN' : 'en'}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:4em auto;padding:0 1em}button{font:inherit;padding:.5em 1em}</style>
<h1>${title}</h1>${company ? `<p><strong>${escaped(company)}</strong></p>` : ''}<p>${text}</p>${form}</html>`
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
