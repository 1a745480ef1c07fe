import { fileURLToPath } from 'node:url'
import { formatMoney } from '../../read/values.ts'
import type { ShownLine, ShownQuote } from './publicQuote.ts'
import { QUOTE_TEXT } from './quotePage.ts'

// One font for all scripts of our customers: Noto Sans, Chinese and Latin (OFL). Only the characters that are used go into the document.
const FONT = fileURLToPath(new URL('../fonts/NotoSansHans-Regular.otf', import.meta.resolve('@embedpdf/fonts-sc')))
const MARGIN = 50
const WIDTH = 495
const BOTTOM = 780
/** Where the columns of the lines begin, and how wide they are, points; the first is left, the others right aligned. */
const COLUMNS = [
  [MARGIN, 200],
  [255, 70],
  [330, 85],
  [420, 35],
  [460, 85],
] as const

/** A quote as a document of A4 pages, in the company's language. Nothing on it comes from elsewhere, and nothing in it runs. */
export async function quotePdf(quote: ShownQuote): Promise<Buffer> {
  // Loaded by the process that draws, at its first drawing: it takes a quarter of a second.
  const { default: PDFDocument } = await import('pdfkit')
  const say = QUOTE_TEXT[quote.zh ? 'zh' : 'en']
  const title = `${say.quote} ${quote.number}${quote.revision > 1 ? `-${quote.revision}` : ''}`
  const pdf = new PDFDocument({ size: 'A4', margin: MARGIN, font: FONT, info: { Title: title, Author: quote.company } })
  const chunks: Buffer[] = []
  pdf.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    pdf.on('end', () => resolve())
    pdf.on('error', reject)
  })
  const money = (amount: string | null) => (amount === null ? '' : `${formatMoney(amount)} ${quote.currency}`)
  pdf.fontSize(20).text(title)
  pdf.fontSize(10).moveDown(0.5).text(quote.company).text(`${say.for}: ${quote.customer}`)
  pdf.text(`${say.validUntil}: ${quote.validUntil}`).moveDown().fontSize(13).text(quote.name).moveDown(0.5).fontSize(9)
  row(pdf, [say.item, say.quantity, say.unitPrice, say.taxRate, say.amount])
  for (const line of quote.lines) row(pdf, cells(line, money))
  pdf.moveDown(0.5)
  for (const name of ['subtotal', 'discount', 'tax', 'shipping', 'total'] as const) {
    if (quote[name] === null || (name !== 'total' && quote[name] === '0')) continue
    row(pdf, ['', '', say[name], '', money(quote[name])], false)
  }
  if (quote.terms) pdf.moveDown().fontSize(11).text(say.terms, MARGIN).fontSize(9).text(quote.terms, { width: WIDTH })
  pdf.end()
  await ended
  return Buffer.concat(chunks)
}

function cells(
  { code, name, quantity, unit, unitPrice, taxRate, total }: ShownLine,
  money: (amount: string | null) => string,
) {
  return [
    code ? `${name} (${code})` : name,
    unit ? `${quantity} ${unit}` : quantity,
    money(unitPrice),
    taxRate ? `${taxRate} %` : '',
    money(total),
  ]
}

/** One row of a table at the place where the document stands: as high as its highest cell, on the next page where it does not fit. */
function row(pdf: PDFKit.PDFDocument, texts: string[], ruled = true): void {
  const height = Math.max(
    ...texts.map((text, index) => pdf.heightOfString(text || ' ', { width: COLUMNS[index]?.[1] })),
  )
  if (pdf.y + height > BOTTOM) pdf.addPage()
  const top = pdf.y
  for (const [index, text] of texts.entries()) {
    const [x, width] = COLUMNS[index] as readonly [number, number]
    pdf.text(text, x, top, { width, align: index === 0 ? 'left' : 'right' })
  }
  pdf.y = top + height + 3
  if (ruled)
    pdf
      .moveTo(MARGIN, pdf.y)
      .lineTo(MARGIN + WIDTH, pdf.y)
      .lineWidth(0.5)
      .strokeColor('#b8c2ce')
      .stroke()
  pdf.y += 3
  pdf.x = MARGIN
}
