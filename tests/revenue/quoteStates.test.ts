import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { ORDER_STATES, QUOTE_STATES } from '../../src/resolvers/revenue/quoteStates.ts'

const PAGE = new URL('../../docs/quotes.md', import.meta.url)
const drawn = (states: Readonly<Record<string, readonly string[]>>) =>
  [
    'stateDiagram-v2',
    '  [*] --> DRAFT',
    ...Object.entries(states).flatMap(([from, to]) => to.map((one) => `  ${from} --> ${one}`)),
    ...Object.entries(states).flatMap(([from, to]) => (to.length === 0 ? [`  ${from} --> [*]`] : [])),
    '',
  ].join('\n')

it('docs/quotes.md draws the states of quotes and orders as they are; UPDATE_DOCS=1 draws them', () => {
  const wanted = [drawn(QUOTE_STATES), drawn(ORDER_STATES)]
  const page = readFileSync(PAGE, 'utf8')
  if (process.env.UPDATE_DOCS) {
    const left = [...wanted]
    writeFileSync(
      PAGE,
      page.replace(/```mermaid\n[\s\S]*?```/g, () => `\`\`\`mermaid\n${left.shift()}\`\`\``),
    )
  }
  const now = readFileSync(PAGE, 'utf8')
  expect([...now.matchAll(/```mermaid\n([\s\S]*?)```/g)].map(([, diagram]) => diagram)).toEqual(wanted)
})
