import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { ARTICLE_STATES } from '../../src/resolvers/service/articleStates.ts'
import { CASE_STATES, ENDED, OPEN } from '../../src/resolvers/service/states.ts'

const drawn = (states: Record<string, readonly string[]>, first: string) =>
  [
    '```mermaid',
    'stateDiagram-v2',
    `  [*] --> ${first}`,
    ...Object.entries(states).flatMap(([from, to]) => to.map((one) => `  ${from} --> ${one}`)),
    '```',
  ].join('\n')

it.each([
  ['service', CASE_STATES, 'NEW'],
  ['knowledge', ARTICLE_STATES, 'DRAFT'],
] as const)('docs/%s.md draws the states as they are; UPDATE_DOCS=1 draws them', (name, states, first) => {
  const file = new URL(`../../docs/${name}.md`, import.meta.url)
  const page = readFileSync(file, 'utf8')
  const wanted = page.replace(/```mermaid\n[\s\S]*?```/, drawn(states, first))
  if (process.env.UPDATE_DOCS) writeFileSync(file, wanted)
  expect(page).toContain('stateDiagram-v2')
  expect(process.env.UPDATE_DOCS ? wanted : page).toBe(wanted)
})

it('every status of a case is either open or ended, and only what is a duplicate is left by no way', () => {
  expect([...OPEN, ...ENDED].toSorted()).toEqual(Object.keys(CASE_STATES).toSorted())
  const stuck = Object.entries(CASE_STATES).flatMap(([from, to]) => (to.length === 0 ? [from] : []))
  expect(stuck).toEqual(['DUPLICATE'])
})
