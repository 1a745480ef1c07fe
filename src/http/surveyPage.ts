/** A survey as its page shows it, or that there is none behind the link. */
export interface SurveyView {
  company: string
  question: string
  min: number
  max: number
  state: 'OPEN' | 'ANSWERED' | 'EXPIRED'
  score: number | null
  comment: string | null
}

const WORDS = {
  en: {
    comment: 'Would you like to tell us why? (optional)',
    send: 'Send',
    thanks: 'Thank you for your answer.',
    again: 'You may change it as long as this page is open to you.',
    expired: ['This survey is over.', 'The time to answer it has passed.'],
    unknown: ['Nothing here.', 'This link leads nowhere. Look whether it is whole.'],
    CSAT: ['not at all satisfied', 'very satisfied'],
    NPS: ['not at all likely', 'very likely'],
  },
  zh: {
    comment: '您愿意告诉我们原因吗？（选填）',
    send: '提交',
    thanks: '感谢您的反馈。',
    again: '在调查有效期内，您可以修改答案。',
    expired: ['调查已结束。', '该调查的回答期限已过。'],
    unknown: ['没有内容。', '该链接无效，请检查链接是否完整。'],
    CSAT: ['非常不满意', '非常满意'],
    NPS: ['完全不可能', '非常可能'],
  },
} as const

const STYLE =
  'body{font:1.1rem/1.6 system-ui,sans-serif;max-width:38rem;margin:10vh auto;padding:0 1.5rem;color:#1c2430}fieldset{border:0;padding:0;margin:0 0 1.5rem}legend{font-size:1.4rem;font-weight:600;padding:0;margin-bottom:1rem}.scores{display:flex;flex-wrap:wrap;gap:.5rem}.scores label{border:1px solid #6b7789;border-radius:.4rem;padding:.5rem .8rem;cursor:pointer}.ends{display:flex;justify-content:space-between;font-size:.9rem;color:#4a5565}textarea{font:inherit;width:100%;box-sizing:border-box}button{font:inherit;margin-top:1rem;padding:.6rem 1.6rem;border:0;border-radius:.4rem;background:#1f5fbf;color:#fff;cursor:pointer}:focus-visible{outline:.2rem solid #1f5fbf;outline-offset:.1rem}'

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

function page(zh: boolean, title: string, body: string): string {
  return `<!doctype html><html lang="${zh ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>\n`
}

/**
 * The page of a survey: a form without scripts, in English or Chinese, whose answers go to the address that it was got from. `chosen` is marked where nothing was answered: mails
 * link to a score by ?score=5, which says nothing until the form is sent.
 *
 * @param view null: the link names none.
 */
export function surveyPage(
  zh: boolean,
  view: SurveyView | null,
  { chosen = null, sent = false }: { chosen?: number | null; sent?: boolean } = {},
): string {
  const words = WORDS[zh ? 'zh' : 'en']
  if (!view || view.state === 'EXPIRED') {
    const [title, text] = view ? words.expired : words.unknown
    return page(zh, title, `<h1>${title}</h1><p>${text}</p>`)
  }
  const marked = view.score ?? chosen
  const [least, most] = words[view.min === 0 ? 'NPS' : 'CSAT']
  const scores = Array.from({ length: view.max - view.min + 1 }, (_, index) => view.min + index)
    .map(
      (score) =>
        `<label><input type="radio" name="score" value="${score}" required${score === marked ? ' checked' : ''}> ${score}</label>`,
    )
    .join('')
  const thanks =
    view.state === 'ANSWERED' ? `<p role="status"><strong>${words.thanks}</strong> ${sent ? words.again : ''}</p>` : ''
  return page(
    zh,
    view.question,
    `<p>${escaped(view.company)}</p>${thanks}<form method="post"><fieldset><legend>${escaped(view.question)}</legend><div class="scores">${scores}</div><div class="ends"><span>${view.min}: ${least}</span><span>${view.max}: ${most}</span></div></fieldset>
<label for="comment">${words.comment}</label><textarea id="comment" name="comment" rows="4" maxlength="2000">${escaped(view.comment ?? '')}</textarea><button>${words.send}</button></form>`,
  )
}
