import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Any } from '../support/app.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
let stages: string[]
let users: string[]
beforeAll(async () => {
  writes = await openWrites()
  stages = (await writes.rows<{ id: string }>('SELECT id FROM stage WHERE tenant_id = $1 ORDER BY sort')).map(
    ({ id }) => id,
  )
  users = [
    writes.adminId.length > 30
      ? ((await writes.rows<{ id: string }>('SELECT id FROM app_user WHERE tenant_id = $1'))[0]?.id as string)
      : writes.adminId,
  ]
})
afterAll(() => writes?.close())

const SUMS = `stage_id, owner_id, currency`
const kept = () =>
  writes.rows(
    `SELECT pipeline_id, ${SUMS}, sum(deals)::text AS deals, sum(amount)::text AS amount, sum(weighted)::text AS weighted, sum(entered)::text AS entered FROM pipeline_total WHERE tenant_id = $1
 GROUP BY pipeline_id, ${SUMS} HAVING sum(deals) <> 0 OR sum(amount) <> 0 OR sum(weighted) <> 0 OR sum(entered) <> 0 ORDER BY 1, 2, 3, 4`,
  )
const plain = () =>
  writes.rows(
    `SELECT pipeline_id, ${SUMS}, count(*)::text AS deals, coalesce(sum(amount), 0)::text AS amount, coalesce(sum(amount::numeric * probability), 0)::text AS weighted,
 sum((extract(epoch FROM coalesce(last_stage_changed_at, created_at)) * 1000)::bigint)::text AS entered FROM opportunity WHERE tenant_id = $1 AND deleted_at IS NULL GROUP BY pipeline_id, ${SUMS} ORDER BY 1, 2, 3, 4`,
  )
const fold = () =>
  writes.write(({ db }) => db.rows({ text: 'SELECT atrium.fold_pipeline_totals()', values: [] }).then(() => {}))
const rowsKept = async () =>
  (await writes.rows<{ n: number }>('SELECT count(*)::integer AS n FROM pipeline_total WHERE tenant_id = $1'))[0]
    ?.n as number

class Undone extends Error {}

/** One statement over deals, by chance: in ranges, so that several change at once. */
const step = fc.record({
  what: fc.constantFrom(
    'create',
    'amount',
    'stage',
    'owner',
    'currency',
    'delete',
    'restore',
    'destroy',
    'nothing',
    'fold',
  ),
  from: fc.nat(9),
  size: fc.nat(5),
  stage: fc.nat(6),
  amount: fc.option(fc.integer({ min: 0, max: 2 ** 31 })),
  currency: fc.constantFrom('USD', 'EUR', 'JPY'),
  owned: fc.boolean(),
  undo: fc.boolean(),
})

async function run({ what, from, size, stage, amount, currency, owned, undo }: Any): Promise<void> {
  const stageId = stages[stage % stages.length]
  const some = `id IN (SELECT id FROM opportunity WHERE tenant_id = $1 ORDER BY id OFFSET ${from} LIMIT ${size})`
  const texts: Record<string, [string, ...unknown[]]> = {
    create: [
      `INSERT INTO opportunity (tenant_id, name, pipeline_id, stage_id, owner_id, amount, currency, probability) SELECT $1::uuid, 'Deal', s.pipeline_id, s.id, $3::uuid, $4::bigint, $5, s.probability FROM stage s, generate_series(1, ${size}) WHERE s.tenant_id = $1 AND s.id = $2::uuid`,
      stageId,
      owned ? users[0] : null,
      amount,
      currency,
    ],
    amount: [
      `UPDATE opportunity SET amount = $2::bigint, probability = ${stage * 10} WHERE tenant_id = $1 AND ${some}`,
      amount,
    ],
    stage: [
      `UPDATE opportunity SET stage_id = $2::uuid, last_stage_changed_at = clock_timestamp() WHERE tenant_id = $1 AND ${some}`,
      stageId,
    ],
    owner: [`UPDATE opportunity SET owner_id = $2::uuid WHERE tenant_id = $1 AND ${some}`, owned ? users[0] : null],
    currency: [`UPDATE opportunity SET currency = $2 WHERE tenant_id = $1 AND ${some}`, currency],
    delete: [`UPDATE opportunity SET deleted_at = now() WHERE tenant_id = $1 AND ${some}`],
    restore: [`UPDATE opportunity SET deleted_at = NULL WHERE tenant_id = $1 AND ${some}`],
    destroy: [`DELETE FROM opportunity WHERE tenant_id = $1 AND ${some}`],
    nothing: [`UPDATE opportunity SET description = 'Told' WHERE tenant_id = $1 AND ${some}`],
    fold: ['SELECT atrium.fold_pipeline_totals() WHERE $1::uuid IS NOT NULL'],
  }
  const [text, ...values] = texts[what] as [string, ...unknown[]]
  await writes
    .write(async ({ db, viewer }) => {
      await db.rows({ text, values: [viewer.tenantId, ...values] })
      if (undo) throw new Undone()
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error
    })
}

describe('the sums of a pipeline', () => {
  it('are those of its live deals after any writes, also when they are undone', async () => {
    let most = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        for (const one of steps) await run(one)
        const sums = await plain()
        expect(await kept()).toEqual(sums)
        most = Math.max(most, sums.length)
      }),
      { numRuns: 25 },
    )
    expect(most).toBeGreaterThan(2)
  })

  it('are those of its live deals after writers and folds at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 3, maxLength: 6 }), { minLength: 3, maxLength: 3 }),
        async (writers) => {
          await Promise.all(
            writers.map(async (steps) => {
              for (const one of steps) await run(one)
            }),
          )
          expect(await kept()).toEqual(await plain())
        },
      ),
      { numRuns: 15 },
    )
  })

  it('stay few: a fold leaves one row for each of them, and none for nothing', async () => {
    await fold()
    expect(await rowsKept()).toBe((await plain()).length)
    const before = await rowsKept()
    const [id] = (await writes.create('Opportunity', { name: 'Deal', stageId: ref('Stage', stages[0] as string) })) as [
      string,
    ]
    await writes.remove('Opportunity', id)
    await fold()
    expect(await rowsKept()).toBe(before)
    // Writers fold now and then themselves.
    for (let n = 0; n < 10; n++)
      await writes.write(({ db, viewer }) =>
        db.rows({
          text: `INSERT INTO opportunity (tenant_id, name, pipeline_id, stage_id, currency) SELECT $1::uuid, 'Deal', s.pipeline_id, s.id, chr(65 + n / 26) || chr(65 + n % 26) || 'X' FROM stage s, generate_series(0, 299) n WHERE s.tenant_id = $1 AND s.id = $2::uuid`,
          values: [viewer.tenantId, stages[0]],
        }),
      )
    expect(await rowsKept()).toBeLessThan(before + 900)
    expect(await kept()).toEqual(await plain())
  })

  it('cost a write that changes none of them no row', async () => {
    await fold()
    const before = await rowsKept()
    await run({ what: 'nothing', from: 0, size: 5, stage: 0, amount: null, currency: 'USD', owned: true, undo: false })
    expect(await rowsKept()).toBe(before)
  })
})
