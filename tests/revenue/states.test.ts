import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import {
  before,
  CONTRACT_STATES,
  PLAN_STATES,
  RECEIPT_STATES,
  type States,
} from '../../src/resolvers/revenue/states.ts'

const FILE = new URL('../../docs/contracts.md', import.meta.url)
const MACHINES: Record<string, [States<string>, first: string]> = {
  CONTRACT_STATES: [CONTRACT_STATES, 'DRAFT'],
  PLAN_STATES: [PLAN_STATES, 'NOT_EFFECTIVE'],
  RECEIPT_STATES: [RECEIPT_STATES, 'DRAFT'],
}

function drawn([states, first]: [States<string>, string]): string {
  const steps = Object.entries(states).flatMap(([from, all]) => all.map((to) => `  ${from} --> ${to}`))
  return ['stateDiagram-v2', `  [*] --> ${first}`, ...steps].join('\n')
}

it('docs/contracts.md draws the state machines that the code has', () => {
  const text = readFileSync(FILE, 'utf8')
  const now = text.replace(/<!-- states: (\w+) -->\n```mermaid\n[^`]*```/g, (_all, name: string) => {
    expect(MACHINES[name]).toBeDefined()
    return `<!-- states: ${name} -->\n\`\`\`mermaid\n${drawn(MACHINES[name] as [States<string>, string])}\n\`\`\``
  })
  if (process.env.UPDATE_DOCS) writeFileSync(FILE, now)
  else expect(text).toBe(now)
  for (const name of Object.keys(MACHINES)) expect(text).toContain(`<!-- states: ${name} -->`)
})

it('every state but the first can be reached, and every step leads to a state', () => {
  for (const [states, first] of Object.values(MACHINES)) {
    const names = Object.keys(states)
    for (const name of names.filter((one) => one !== first)) expect(before(states, name)).not.toEqual([])
    for (const all of Object.values(states)) for (const to of all) expect(names).toContain(to)
  }
})
