import { formatMoney } from '../../read/values.ts'
import type { ShownLine, ShownQuote } from './publicQuote.ts'

const STYLE =
  'body{font:1rem/1.6 system-ui,sans-serif;max-width:52rem;margin:6vh auto;padding:0 1.5rem;color:#1c2430}table{border-collapse:collapse;width:100%;margin:1.5rem 0}th,td{text-align:left;padding:.4rem .5rem;border-bottom:1px solid #dde3ea}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}input,textarea{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #b8c2ce;border-radius:.4rem}button{font:inherit;padding:.6rem 1.6rem;margin:.8rem .6rem 0 0;border:0;border-radius:.4rem;background:#1f5fbf;color:#fff;cursor:pointer}button.no{background:#6b7684}.note{padding:.8rem 1rem;border-radius:.4rem;background:#eef3fa}.terms{white-space:pre-line}'

const ESCAPED: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string) => text.replace(/[&<>"']/g, (one) => ESCAPED[one] as string)

/** What stands on the page and in the document, in the two languages. */
export const QUOTE_TEXT = {
  en: {
    quote: 'Quote',
    for: 'For',
    validUntil: 'Valid until',
    item: 'Item',
    quantity: 'Quantity',
    unitPrice: 'Unit price',
    taxRate: 'Tax',
    amount: 'Amount',
    subtotal: 'Subtotal',
    discount: 'Discount',
    tax: 'Tax',
    shipping: 'Shipping',
    total: 'Total',
    terms: 'Terms',
    name: 'Your name',
    reason: 'If not: why?',
    accept: 'Accept',
    decline: 'Decline',
    download: 'Download as PDF',
    missing: 'Not found',
    unknown: 'This link is not valid. Was it copied in full?',
  },
  zh: {
    quote: '报价单',
    for: '客户',
    validUntil: '有效期至',
    item: '项目',
    quantity: '数量',
    unitPrice: '单价',
    taxRate: '税率',
    amount: '金额',
    subtotal: '小计',
    discount: '折扣',
    tax: '税额',
    shipping: '运费',
    total: '合计',
    terms: '条款',
    name: '您的姓名',
    reason: '如不接受，请说明原因',
    accept: '接受',
    decline: '谢绝',
    download: '下载 PDF',
    missing: '链接无效',
    unknown: '此链接无效，请检查是否完整复制。',
  },
} as const

const OVER: Record<Exclude<ShownQuote['state'], 'OPEN'>, { en: string; zh: string }> = {
  ACCEPTED: { en: 'You have accepted this quote. Thank you.', zh: '您已接受此报价，感谢您。' },
  DECLINED: { en: 'You have declined this quote.', zh: '您已谢绝此报价。' },
  EXPIRED: { en: 'This quote is no longer valid.', zh: '此报价已过有效期。' },
  SUPERSEDED: { en: 'A newer version took the place of this quote.', zh: '此报价已被新版本取代。' },
  VOID: { en: 'This quote was withdrawn.', zh: '此报价已作废。' },
}

const page = (zh: boolean, title: string, body: string) =>
  `<!doctype html><html lang="${zh ? 'zh-CN' : 'en'}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style>${body}</html>\n`

/** The page behind the link of a quote's mail, with a form while it can be answered. */
export function quotePage(quote: ShownQuote, ticket: string): string {
  const { zh, number, revision, currency } = quote
  const say = QUOTE_TEXT[zh ? 'zh' : 'en']
  const money = (amount: string | null) => (amount === null ? '' : `${formatMoney(amount)} ${currency}`)
  const sums = (['subtotal', 'discount', 'tax', 'shipping', 'total'] as const)
    .filter((name) => quote[name] !== null && (name === 'total' || quote[name] !== '0'))
    .map((name) => `<tr><th>${say[name]}</th><td class="n">${money(quote[name])}</td></tr>`)
  const row = ({ code, name, quantity, unit, unitPrice, taxRate, total }: ShownLine) =>
    `<tr><td>${escaped(name)}${code ? ` <small>${escaped(code)}</small>` : ''}</td><td class="n">${quantity}${unit ? ` ${escaped(unit)}` : ''}</td><td class="n">${money(unitPrice)}</td><td class="n">${taxRate ? `${taxRate} %` : ''}</td><td class="n">${money(total)}</td></tr>`
  const address = `?ticket=${encodeURIComponent(ticket)}`
  const title = `${say.quote} ${number}${revision > 1 ? `-${revision}` : ''}`
  return page(
    zh,
    title,
    `<h1>${escaped(title)}</h1><p>${escaped(quote.company)}<br>${say.for}: ${escaped(quote.customer)}<br>${say.validUntil}: ${quote.validUntil}</p><h2>${escaped(quote.name)}</h2>
<table><thead><tr><th>${say.item}</th><th class="n">${say.quantity}</th><th class="n">${say.unitPrice}</th><th class="n">${say.taxRate}</th><th class="n">${say.amount}</th></tr></thead><tbody>${quote.lines.map(row).join('')}</tbody></table>
<table>${sums.join('')}</table>${quote.terms ? `<h2>${say.terms}</h2><p class="terms">${escaped(quote.terms)}</p>` : ''}
<p><a href="/quotes.pdf${address}">${say.download}</a></p>${quote.state === 'OPEN' ? form(ticket, say) : `<p class="note">${OVER[quote.state][zh ? 'zh' : 'en']}</p>`}`,
  )
}

function form(ticket: string, say: (typeof QUOTE_TEXT)['en' | 'zh']): string {
  return `<form method="post" action="/quotes"><input type="hidden" name="ticket" value="${escaped(ticket)}"><p><label>${say.name}<input name="signedBy" maxlength="255" autocomplete="name"></label></p><p><label>${say.reason}<textarea name="reason" maxlength="2000" rows="2"></textarea></label></p><button name="answer" value="accept">${say.accept}</button><button class="no" name="answer" value="decline">${say.decline}</button></form>`
}

/** What whoever has no link to a quote gets. */
export function noQuotePage(zh: boolean): string {
  const say = QUOTE_TEXT[zh ? 'zh' : 'en']
  return page(zh, say.missing, `<h1>${say.missing}</h1><p>${say.unknown}</p>`)
}
