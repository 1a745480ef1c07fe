import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { TRANSITIONS } from '../../src/resolvers/approval/states.ts'
import { isPassed } from '../../src/resolvers/approval/step.ts'

describe('the states of an approval', () => {
  it('are drawn in docs/approval.md as they are', () => {
    const page = readFileSync(new URL('../../docs/approval.md', import.meta.url), 'utf8')
    const drawn = page.match(/```mermaid\n([\s\S]*?)```/)?.[1]
    const lines = Object.entries(TRANSITIONS).flatMap(([from, acts]) =>
      Object.entries(acts).flatMap(([action, to]) =>
        to.map((one) => `  ${from === 'NEW' ? '[*]' : from} --> ${one}: ${action}`),
      ),
    )
    const ends = Object.entries(TRANSITIONS).flatMap(([from, acts]) =>
      Object.keys(acts).length === 0 ? [`  ${from} --> [*]`] : [],
    )
    expect(drawn).toBe(['stateDiagram-v2', ...lines, ...ends, ''].join('\n'))
  })
})

describe('a step', () => {
  const votes = (...all: string[]) => all.map((one) => ({ status: one.replace('+', ''), added: one.startsWith('+') }))

  it.each([
    ['ANY', ['APPROVED', 'CANCELLED'], true],
    ['ANY', ['PENDING', 'PENDING'], false],
    ['ANY', ['APPROVED', '+PENDING'], false],
    ['ANY', ['PENDING', '+APPROVED'], false],
    ['ANY', ['TRANSFERRED', 'APPROVED'], true],
    ['ANY', ['TRANSFERRED', 'PENDING'], false],
    ['ALL', ['APPROVED', 'PENDING'], false],
    ['ALL', ['APPROVED', 'APPROVED', '+PENDING'], false],
    ['ALL', ['APPROVED', 'TRANSFERRED', 'APPROVED'], true],
    ['SEQUENTIAL', ['APPROVED', 'WAITING'], false],
    ['SEQUENTIAL', ['APPROVED', 'APPROVED', '+APPROVED'], true],
  ] as const)('of mode %s with %j is passed: %s', (mode, all, passed) => {
    expect(isPassed(mode, votes(...all))).toBe(passed)
  })
})
