/** How a confirmation stands, or what became of it. */
export type ConfirmState = 'OPEN' | 'CONFIRMED' | 'USED' | 'EXPIRED' | 'UNKNOWN'

const STYLE =
  'body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem;color:#1c2430}button{font:inherit;padding:.6rem 1.6rem;border:0;border-radius:.4rem;background:#1f5fbf;color:#fff;cursor:pointer}blockquote{margin:1rem 0;padding-left:1rem;border-left:.2rem solid #ccd4df;white-space:pre-line}'

const ESCAPED: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string) => text.replace(/[&<>"']/g, (one) => ESCAPED[one] as string)

function page(zh: boolean, title: string, body: string): string {
  return `<!doctype html><html lang="${zh ? 'zh-CN' : 'en'}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style><h1>${escaped(title)}</h1>${body}</html>\n`
}

const TEXT = {
  CONFIRMED: {
    en: ['Thank you', 'Your address is confirmed.'],
    zh: ['感谢您', '您的邮箱地址已确认。'],
  },
  USED: {
    en: ['Already confirmed', 'This link was used before. There is nothing left to do.'],
    zh: ['已经确认', '此链接已使用过，您无需再做任何操作。'],
  },
  EXPIRED: {
    en: ['Too late', 'This link is not valid any more. Please send the form again.'],
    zh: ['链接已过期', '此链接已失效，请重新提交表单。'],
  },
  UNKNOWN: {
    en: ['Not found', 'This link is not valid. Was it copied in full?'],
    zh: ['链接无效', '此链接无效，请检查是否完整复制。'],
  },
} as const

/** The page behind the link of a mail: with a button while there is something to confirm, because programs open links, and press no buttons. */
export function confirmPage({
  state,
  form,
  key,
  code,
  zh,
}: {
  state: ConfirmState
  form: { company: string; consentText: string | null; redirectUrl: string | null } | null
  key: string
  code: string
  zh: boolean
}): string {
  if (state !== 'OPEN') {
    const [title, text] = TEXT[state][zh ? 'zh' : 'en']
    const next =
      state === 'CONFIRMED' && form?.redirectUrl
        ? `<p><a rel="noreferrer" href="${escaped(form.redirectUrl)}">${zh ? '继续' : 'Continue'}</a></p>`
        : ''
    return page(zh, title, `<p>${text}</p>${next}`)
  }
  const company = form?.company ?? ''
  const consent = form?.consentText ? `<blockquote>${escaped(form.consentText)}</blockquote>` : ''
  const hidden = (name: string, value: string) => `<input type="hidden" name="${name}" value="${escaped(value)}">`
  return page(
    zh,
    zh ? `确认提交给${company}的信息` : `Confirm your request to ${company}`,
    `${consent}<form method="post" action="/forms/confirm">${hidden('form', key)}${hidden('code', code)}<button>${zh ? '确认' : 'Confirm'}</button></form>`,
  )
}

/** What a browser shows that sent a form as a page of its own. */
export function receivedPage(
  { company }: { company: string },
  ok: 'ACCEPTED' | 'CONFIRMATION_SENT',
  zh: boolean,
): string {
  const mailed = ok === 'CONFIRMATION_SENT'
  const text = zh
    ? mailed
      ? '请查收邮件并点击其中的链接完成确认。'
      : `${company}已收到您提交的信息。`
    : mailed
      ? 'We have sent you a mail. Please follow the link in it to confirm.'
      : `${company} has received what you sent.`
  return page(zh, zh ? '感谢您' : 'Thank you', `<p>${escaped(text)}</p>`)
}
