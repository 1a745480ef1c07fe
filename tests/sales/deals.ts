import { UserErrors } from '../../src/errors.ts'
import { decodeId } from '../../src/ids.ts'
import type { Written } from '../../src/resolvers/records.ts'
import { changePipeline, type PipelineChange } from '../../src/resolvers/sales/changePipeline.ts'
import { type Closing, closeDeal } from '../../src/resolvers/sales/close.ts'
import { moveOpportunityStage, type StageMove } from '../../src/resolvers/sales/moveOpportunityStage.ts'
import { type Reopening, reopenOpportunity } from '../../src/resolvers/sales/reopen.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

/** Stages of a pipeline by name: A, B and C are open, then one of each other kind. Ids as clients have them. */
export type Stages = Record<'A' | 'B' | 'C' | 'Won' | 'Lost' | 'Junk', string>

/** What became of a verb: codes with their fields, the details of the first error, and whether it changed anything. */
export interface Done {
  codes: string[]
  details: unknown
  changed: boolean | undefined
  id: string | null
}

/** A company with what it takes to sell. */
export interface Deals extends Writes {
  /** Makes a pipeline; its id as clients have it, and its stages. */
  pipeline(input?: Input, stages?: Partial<Record<keyof Stages, Input>>): Promise<Stages & { id: string }>
  /** Makes a deal; its id as clients have it. */
  deal(input: Input): Promise<string>
  /** Columns of a deal. */
  read(id: string): Promise<Record<string, unknown>>
  /** Its stays in their order, stages by name. */
  history(id: string): Promise<Stay[]>
  /** Runs a verb in a transaction of its own, which errors undo. */
  verb(work: (context: WriteContext) => Promise<Written>): Promise<Done>
  move(given: StageMove): Promise<Done>
  win(given: Closing): Promise<Done>
  lose(given: Closing): Promise<Done>
  reopen(given: Reopening): Promise<Done>
  change(given: PipelineChange): Promise<Done>
}

export interface Stay {
  from: string | null
  to: string
  enteredAt: string
  leftAt: string | null
  fromProbability: number | null
  toProbability: number
  reason: string | null
}

const KINDS = { A: 'OPEN', B: 'OPEN', C: 'OPEN', Won: 'WON', Lost: 'LOST', Junk: 'INVALID' } as const
const PROBABILITIES = { A: 10, B: 40, C: 70 }

/** uuid of an id as clients have it. */
export const bare = (id: string): string => decodeId(id)?.uuid ?? ''

/** Opens a company of its own; call `close`. */
export async function openDeals(): Promise<Deals> {
  const writes = await openWrites()
  let made = 0
  const verb: Deals['verb'] = async (work) => {
    try {
      const { id, changed } = await writes.write(async (context) => {
        const written = await work(context)
        if (written.errors.length > 0) throw new UserErrors(written.errors)
        return written
      })
      return { codes: [], details: undefined, changed, id }
    } catch (error) {
      if (!(error instanceof UserErrors)) throw error
      return {
        codes: error.errors.map(({ code, field }) => `${code} ${field?.join('.')}`),
        details: error.errors[0]?.details,
        changed: undefined,
        id: null,
      }
    }
  }
  return {
    ...writes,
    verb,
    async pipeline(input = {}, more = {}) {
      const [id] = (await writes.create('Pipeline', { name: `Way ${++made}`, ...input })) as [string]
      const names = Object.keys(KINDS) as (keyof Stages)[]
      const stages = await writes.create(
        'Stage',
        ...names.map((name, sort) => ({
          pipelineId: ref('Pipeline', id),
          name,
          kind: KINDS[name],
          sort,
          probability: PROBABILITIES[name as 'A'] ?? null,
          ...more[name],
        })),
      )
      const ids = Object.fromEntries(names.map((name, index) => [name, ref('Stage', stages[index] as string)]))
      return { ...(ids as Stages), id: ref('Pipeline', id) }
    },
    deal: async (input) =>
      ref('Opportunity', (await writes.create('Opportunity', { name: 'Deal', ...input }))[0] as string),
    read: (id) => writes.row('opportunity', bare(id)),
    history: (id) =>
      writes.rows<Stay>(
        `SELECT f.name AS from, t.name AS to, h.entered_at AS "enteredAt", h.left_at AS "leftAt", h.from_probability AS "fromProbability", h.to_probability AS "toProbability", h.reason
 FROM opportunity_stage_history h JOIN stage t ON t.tenant_id = $1 AND t.id = h.to_stage_id LEFT JOIN stage f ON f.tenant_id = $1 AND f.id = h.from_stage_id
 WHERE h.tenant_id = $1 AND h.opportunity_id = $2 ORDER BY h.entered_at, h.id`,
        bare(id),
      ),
    move: (given) => verb((context) => moveOpportunityStage(context, given)),
    win: (given) => verb((context) => closeDeal(context, 'WON', given)),
    lose: (given) => verb((context) => closeDeal(context, 'LOST', given)),
    reopen: (given) => verb((context) => reopenOpportunity(context, given)),
    change: (given) => verb((context) => changePipeline(context, given)),
  }
}
