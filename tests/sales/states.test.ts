import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { cloneOpportunity } from '../../src/resolvers/sales/cloneOpportunity.ts'
import { allowedStates, type MoveVerb, STATES, STATUSES, type Status } from '../../src/resolvers/sales/states.ts'
import { ref } from '../support/writes.ts'
import { bare, type Deals, type Done, openDeals, type Stages } from './deals.ts'

jest.setTimeout(300_000)

const PAGE = new URL('../../docs/opportunities.md', import.meta.url)

/** The table as a diagram: an arrow for each change of a status, with the verbs that make it. */
function diagram(): string {
  const arrows = new Map<string, string[]>()
  for (const [verb, { from, to }] of Object.entries(STATES)) {
    for (const begin of from.length > 0 ? from : ['[*]'])
      for (const end of to) {
        const arrow = `${begin} --> ${end}`
        arrows.set(arrow, [...(arrows.get(arrow) ?? []), verb])
      }
  }
  const lines = [...arrows].map(([arrow, verbs]) => `  ${arrow}: ${verbs.join(', ')}`)
  return ['```mermaid', 'stateDiagram-v2', ...lines, '```'].join('\n')
}

describe('the states of a deal', () => {
  it('are drawn in docs/opportunities.md as the table has them', () => {
    const page = readFileSync(PAGE, 'utf8')
    const wanted = page.replace(/```mermaid\n[\s\S]*?```/, diagram())
    if (process.env.UPDATE_DOCS) writeFileSync(PAGE, wanted)
    expect(wanted).toContain('stateDiagram-v2')
    expect(page).toBe(wanted)
  })

  it('are all reached and all left, and closed ones only by opening them', () => {
    const reached = new Set(Object.values(STATES).flatMap(({ to }): readonly Status[] => to))
    expect([...reached].toSorted()).toEqual([...STATUSES].toSorted())
    for (const status of STATUSES) {
      const out = (Object.keys(STATES) as MoveVerb[]).filter(
        (verb) => STATES[verb].from.length > 0 && allowedStates(verb, status).length > 0,
      )
      if (status !== 'OPEN') expect([status, out]).toEqual([status, ['reopenOpportunity']])
      else expect(out).not.toContain('reopenOpportunity')
    }
  })
})

const NAMES = ['A', 'B', 'C', 'Won', 'Lost', 'Junk'] as const
const stage = fc.constantFrom(...NAMES)
const road = fc.constantFrom(0, 1)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('moveOpportunityStage' as const), road, stage }) },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constantFrom('closeWon' as const, 'closeLost' as const), road, stage }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ verb: fc.constant('reopenOpportunity' as const), road, stage: fc.option(stage) }),
  },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('changePipeline' as const), road, stage: fc.option(stage) }) },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constant('cloneOpportunity' as const), road, stage: fc.constant(null) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constant('updateOpportunity' as const), road, stage: fc.constant(null) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A row that goes over every arrow of the table, whatever chance brings besides. */
const again = { verb: 'reopenOpportunity', road: 0, stage: 'C' } as const
const move = (name: (typeof NAMES)[number]) => ({ verb: 'moveOpportunityStage', road: 0, stage: name }) as const
const THROUGH: Step[] = [
  move('B'),
  move('C'),
  move('Won'),
  again,
  move('Lost'),
  again,
  move('Junk'),
  again,
  { verb: 'closeWon', road: 0, stage: 'A' },
  again,
  { verb: 'closeLost', road: 0, stage: 'A' },
  again,
  { verb: 'changePipeline', road: 1, stage: null },
]

describe('any row of verbs', () => {
  let deals: Deals
  let roads: (Stages & { id: string })[]
  let reason: string
  beforeAll(async () => {
    deals = await openDeals()
    roads = [await deals.pipeline({ allowSkip: false }), await deals.pipeline({ allowBack: false })]
    reason = ref('LossReason', (await deals.create('LossReason', { name: 'Price' }))[0] as string)
  })
  afterAll(() => deals?.close())

  async function take(id: string, { verb, road: at, stage: name }: Step): Promise<Done> {
    const way = roads[at] as Stages & { id: string }
    const toStageId = name === null ? null : way[name as keyof Stages]
    switch (verb) {
      case 'moveOpportunityStage':
        return deals.move({ id, toStageId: toStageId as string, lossReasonId: reason })
      case 'closeWon':
        return deals.win({ id })
      case 'closeLost':
        return deals.lose({ id, lossReasonId: reason })
      case 'reopenOpportunity':
        return deals.reopen({ id, toStageId, reason: 'Again' })
      case 'changePipeline':
        return deals.change({ id, pipelineId: way.id, toStageId })
      case 'cloneOpportunity':
        return deals.verb((context) => cloneOpportunity(context, { id }))
      case 'updateOpportunity':
        return {
          codes: await deals.updateRefused('Opportunity', bare(id), { probability: 33 }),
          details: undefined,
          changed: undefined,
          id: bare(id),
        }
    }
  }

  const look = async (id: string) =>
    (
      await deals.rows<{
        status: Status
        kind: Status
        probability: number
        own: number
        closed: string | null
        reason: string | null
        fits: boolean
        stage: string
      }>(
        `SELECT o.status, s.kind, o.probability, s.probability AS own, o.actual_close_date::text AS closed, o.loss_reason_id AS reason, o.pipeline_id = s.pipeline_id AS fits, s.name AS stage
 FROM opportunity o JOIN stage s ON s.tenant_id = $1 AND s.id = o.stage_id WHERE o.tenant_id = $1 AND o.id = $2`,
        bare(id),
      )
    )[0]!

  it('keeps to the table, stands in one stage at a time, and has a history without gaps', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), async (steps) => {
        let id = await deals.deal({ stageId: roads[0]!.A })
        for (const one of steps) {
          const before = await look(id)
          const past = await deals.history(id)
          const done = await take(id, one)
          if (one.verb === 'cloneOpportunity' && done.id) id = ref('Opportunity', done.id)
          const after = await look(id)
          const history = await deals.history(id)
          // The status is that of the stage, of the own pipeline, and what follows from it follows.
          expect([after.status, after.fits]).toEqual([after.kind, true])
          expect(after.closed === null).toBe(after.status === 'OPEN')
          if (after.status !== 'OPEN') expect(after.probability).toBe(after.status === 'WON' ? 100 : 0)
          if (after.status === 'WON') expect(after.reason).toBeNull()
          if (after.status === 'LOST') expect(after.reason).not.toBeNull()
          // Each stay ends where the next begins; the last one is open, and the deal stands there.
          expect(history.map(({ leftAt }) => leftAt)).toEqual([
            ...history.slice(1).map(({ enteredAt }) => enteredAt),
            null,
          ])
          expect(history.map(({ from }) => from)).toEqual([null, ...history.slice(0, -1).map(({ to }) => to)])
          expect(history.at(-1)).toMatchObject({ to: after.stage })
          if (one.verb === 'cloneOpportunity') {
            expect([after.status, history.length]).toEqual(['OPEN', 1])
            continue
          }
          if (done.changed) {
            expect(allowedStates(one.verb as MoveVerb, before.status)).toContain(after.status)
            expect([history.length, after.probability]).toEqual([past.length + 1, after.own])
          } else {
            expect([after.status, after.stage, history.length]).toEqual([before.status, before.stage, past.length])
          }
          seen.add(`${one.verb} ${done.changed ? `${before.status} ${after.status}` : (done.codes[0] ?? 'stays')}`)
        }
      }),
      { numRuns: 60, examples: [[THROUGH]] },
    )
    // The sequences went through the table, and not past it.
    const wanted = (['moveOpportunityStage', 'closeWon', 'reopenOpportunity', 'changePipeline'] as const).flatMap(
      (verb) => STATES[verb].from.flatMap((from) => STATES[verb].to.map((to) => `${verb} ${from} ${to}`)),
    )
    expect(wanted.filter((one) => !seen.has(one))).toEqual([])
  })
})
