import { type Report, short } from './report.ts'

/** Distinguishable for colour-blind eyes and readable on white and on black (Okabe and Ito's palette). */
const COLOURS: Record<string, string> = {
  atrium: '#0072b2',
  limit: '#999999',
  'limit-rls': '#bbbbbb',
  postgraphile: '#e69f00',
  prisma: '#009e73',
}
const OTHER = '#cc79a7'
const NAMES: Record<string, string> = {
  atrium: 'Atrium',
  limit: 'handwritten SQL (the limit)',
  'limit-rls': 'handwritten SQL under row security',
  postgraphile: 'PostGraphile 5',
  prisma: 'Apollo + Pothos + Prisma',
}
const WIDTH = 860
const LEFT = 250
const BAR = 14
const GAP = 16
const TOP = 64

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/**
 * A bar chart as SVG: for each workload the opponents' requests per second, as shares of the fastest. Text takes the reader's colour, dark or light.
 */
export function chart({ lines }: Report): string {
  const opponents = [...new Set(lines.map(({ opponent }) => opponent))]
  const workloads = [...new Set(lines.map(({ workload }) => workload))]
  const parts: string[] = []
  let x = 16
  let y = 24
  for (const opponent of opponents) {
    const name = NAMES[opponent] ?? opponent
    const width = 30 + name.length * 7
    if (x + width > WIDTH) {
      x = 16
      y += 20
    }
    parts.push(`<rect x="${x}" y="${y - 10}" width="12" height="12" fill="${COLOURS[opponent] ?? OTHER}"/>`)
    parts.push(`<text x="${x + 18}" y="${y}">${escaped(name)}</text>`)
    x += width
  }
  y = TOP
  for (const workload of workloads) {
    const own = lines.filter((line) => line.workload === workload)
    const most = Math.max(...own.map(({ rate }) => rate))
    const middle = y + (own.length * BAR) / 2 + 4
    parts.push(`<text x="${LEFT - 12}" y="${middle}" text-anchor="end">${escaped(own[0]?.title ?? workload)}</text>`)
    for (const { opponent, rate } of own) {
      const width = Math.max(1, (rate / most) * (WIDTH - LEFT - 80))
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 2}" fill="${COLOURS[opponent] ?? OTHER}"><title>${escaped(NAMES[opponent] ?? opponent)}: ${short(rate, 4)} requests/s</title></rect>`,
        `<text x="${(LEFT + width + 6).toFixed(1)}" y="${y + BAR - 4}" class="n">${short(rate, 4)}</text>`,
      )
      y += BAR
    }
    y += GAP
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="Requests per second by workload">
<style>text{font:13px system-ui,sans-serif;fill:#24292f}.n{font-size:11px}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>
${parts.join('\n')}
</svg>
`
}
