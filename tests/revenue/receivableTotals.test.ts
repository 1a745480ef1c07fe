import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Viewer } from '../../src/context.ts'
import { type AgingGroupBy, keptSums, plainSums } from '../../src/resolvers/revenue/agingSums.ts'
import type { Any } from '../support/app.ts'
import { openWrites, type Writes } from '../support/writes.ts'
import { day } from './money.ts'

let writes: Writes
let users: string[]
let accounts: string[]
beforeAll(async () => {
  writes = await openWrites()
  await writes.write(({ db, viewer }) =>
    db.rows({
      text: `INSERT INTO app_user (tenant_id, name, status, role_id) SELECT $1::uuid, 'Rep', 'ACTIVE', id FROM role, generate_series(1, 2) WHERE tenant_id = $1 AND key = 'rep'`,
      values: [viewer.tenantId],
    }),
  )
  users = (await writes.rows<{ id: string }>('SELECT id FROM app_user WHERE tenant_id = $1')).map(({ id }) => id)
  accounts = await writes.create('Account', { name: 'One' }, { name: 'Two' })
  await writes.write(({ db, viewer }) =>
    db.rows({
      text: `INSERT INTO contract (tenant_id, number, name, account_id, owner_id, currency, start_date, end_date, status, approved_at, rate)
 SELECT $1::uuid, 'C' || n, 'Contract', ($2::uuid[])[1 + n % 2], ($3::uuid[])[1 + n % 4], (ARRAY['USD', 'EUR'])[1 + n % 2], '2025-01-01', '2030-01-01', 'APPROVED', now() - interval '2 days', 1 + n * 0.1234567891 FROM generate_series(1, 6) n`,
      values: [viewer.tenantId, accounts, users],
    }),
  )
})
afterAll(() => writes?.close())

const KEYS = 'level, owner_id, account_id, currency, due_date'
const kept = () =>
  writes.rows(
    `SELECT ${KEYS}, sum(amount)::text AS amount, trim_scale(sum(base))::text AS base FROM receivable_total WHERE tenant_id = $1 GROUP BY ${KEYS} HAVING sum(amount) <> 0 OR sum(base) <> 0 ORDER BY 1, 2, 3, 4, 5`,
  )
const plain = () =>
  writes.rows(`WITH open AS (SELECT c.owner_id, c.account_id, c.currency, p.due_date, p.unreceived_amount AS amount, p.unreceived_amount * c.rate AS base
  FROM receipt_plan p JOIN contract c ON c.tenant_id = $1 AND c.id = p.contract_id AND c.deleted_at IS NULL AND c.approved_at IS NOT NULL
  WHERE p.tenant_id = $1 AND p.deleted_at IS NULL AND p.status IN ('PENDING', 'PARTIAL', 'OVERDUE') AND p.unreceived_amount > 0)
 SELECT ${KEYS}, sum(amount)::text AS amount, trim_scale(sum(base))::text AS base FROM (
  SELECT 'DAY' AS level, NULL::uuid AS owner_id, NULL::uuid AS account_id, currency, due_date, amount, base FROM open
  UNION ALL SELECT 'OWNER', owner_id, NULL, currency, due_date, amount, base FROM open
  UNION ALL SELECT 'ACCOUNT', owner_id, account_id, currency, NULL, amount, base FROM open) x GROUP BY ${KEYS} ORDER BY 1, 2, 3, 4, 5`)
const rowsKept = async () =>
  (await writes.rows<{ n: number }>('SELECT count(*)::integer AS n FROM receivable_total WHERE tenant_id = $1'))[0]
    ?.n as number

/** Somebody who sees what is of one user, or of nobody. */
const seeing = (viewer: Viewer, userId: string): Viewer => ({
  ...viewer,
  access: Object.create(viewer.access, {
    predicate: {
      value: (_type: unknown, alias: string) =>
        `(${alias}.owner_id = ANY (ARRAY['${userId}'::uuid]) OR ${alias}.owner_id IS NULL)`,
    },
  }),
})
const asked = (viewer: Viewer, statement: typeof keptSums, by: AgingGroupBy, on: string, size: number) =>
  writes.write(({ db }) => db.rows<Any>(statement(viewer, { day: on, by, size })))

/** Both ways to the answer, for everybody and for one, by account and by owner, today and later. */
async function bothWays(): Promise<void> {
  for (const viewer of [writes.viewer, seeing(writes.viewer, users[1] as string)])
    for (const by of ['ACCOUNT', 'OWNER'] as const)
      for (const [on, size] of [
        [day(1), 20],
        [day(45), 1],
      ] as const) {
        const found = await asked(viewer, keptSums, by, on, size)
        expect(found).toEqual(await asked(viewer, plainSums, by, on, size))
      }
}

class Undone extends Error {}

/** One statement over contracts or plans, by chance: in ranges, so that several change at once. */
const step = fc.record({
  what: fc.constantFrom(
    'plan',
    'plan',
    'receive',
    'status',
    'due',
    'move',
    'delete',
    'restore',
    'destroy',
    'nothing',
    'fold',
    'owner',
    'account',
    'rate',
    'approved',
    'deleted',
  ),
  from: fc.nat(5),
  size: fc.nat(4),
  at: fc.nat(20),
  amount: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  undo: fc.boolean(),
})

let sequence = 0
async function run({ what, from, size, at, amount, undo }: Any): Promise<void> {
  const some = (table: string) =>
    `id IN (SELECT id FROM ${table} WHERE tenant_id = $1 ORDER BY id OFFSET ${from} LIMIT ${size})`
  const plans = (set: string) => `UPDATE receipt_plan SET ${set} WHERE tenant_id = $1 AND ${some('receipt_plan')}`
  const contracts = (set: string) => `UPDATE contract SET ${set} WHERE tenant_id = $1 AND ${some('contract')}`
  const user = at % 4 === 0 ? null : users[at % users.length]
  const status = ['NOT_EFFECTIVE', 'PENDING', 'PARTIAL', 'DONE', 'OVERDUE', 'VOID'][at % 6]
  sequence += 10
  const texts: Record<string, [string, ...unknown[]]> = {
    plan: [
      `INSERT INTO receipt_plan (tenant_id, contract_id, sequence, amount, currency, due_date, status) SELECT $1::uuid, c.id, $2::integer + row_number() OVER (), $3::bigint, c.currency, $4::date, 'PENDING' FROM contract c, generate_series(1, 2) n WHERE c.tenant_id = $1 AND c.${some('contract')}`,
      sequence,
      amount,
      day(at * 10 - 120),
    ],
    receive: [plans(`received_amount = amount - amount / ${at + 1}`)],
    status: [plans('status = $2'), status],
    due: [plans('due_date = $2'), day(at * 10 - 120)],
    move: [plans(`contract_id = (SELECT id FROM contract WHERE tenant_id = $1 ORDER BY id OFFSET ${at % 6} LIMIT 1)`)],
    delete: [plans('deleted_at = now()')],
    restore: [plans('deleted_at = NULL')],
    destroy: [`DELETE FROM receipt_plan WHERE tenant_id = $1 AND ${some('receipt_plan')}`],
    nothing: [plans(`note = 'Told'`)],
    fold: ['SELECT atrium.fold_receivables() WHERE $1::uuid IS NOT NULL'],
    owner: [contracts('owner_id = $2::uuid'), user],
    account: [contracts('account_id = $2::uuid'), accounts[at % 2]],
    rate: [contracts('rate = $2::numeric'), `${at}.${amount}`.slice(0, 12)],
    approved: [contracts(`approved_at = ${at % 2 ? 'NULL' : "now() - interval '1 day'"}`)],
    deleted: [contracts(`deleted_at = ${at % 2 ? 'NULL' : 'now()'}`)],
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

describe('what is kept of receivables', () => {
  it('is what the plans come to after any writes, also when they are undone, and gives the same answer', async () => {
    let most = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        for (const one of steps) await run(one)
        const sums = await plain()
        expect(await kept()).toEqual(sums)
        most = Math.max(most, sums.length)
        await bothWays()
      }),
      { numRuns: 25, seed: 20_261_122 },
    )
    expect(most).toBeGreaterThan(3)
  })

  it('is what the plans come to after writers of plans and of contracts at the same time', async () => {
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
      { numRuns: 20 },
    )
  })

  it('moves with a contract that changes hands while a plan is written for it', async () => {
    await run({ what: 'approved', from: 0, size: 6, at: 0, amount: 1 })
    await run({ what: 'deleted', from: 0, size: 6, at: 1, amount: 1 })
    const [{ id }] = (await writes.rows('SELECT id FROM contract WHERE tenant_id = $1 LIMIT 1')) as [{ id: string }]
    let written = () => {}
    const held = new Promise<void>((resolve) => {
      written = resolve
    })
    let given: Promise<unknown> = Promise.resolve()
    await writes.write(async ({ db, viewer }) => {
      await db.rows({
        text: `INSERT INTO receipt_plan (tenant_id, contract_id, sequence, amount, currency, due_date, status) SELECT $1::uuid, id, 100000, 777, currency, current_date, 'PENDING' FROM contract WHERE tenant_id = $1 AND id = $2`,
        values: [viewer.tenantId, id],
      })
      given = writes.write(async (other) => {
        written()
        await other.db.rows({
          text: 'UPDATE contract SET owner_id = CASE WHEN owner_id = $3 THEN $4::uuid ELSE $3::uuid END WHERE tenant_id = $1 AND id = $2',
          values: [viewer.tenantId, id, users[0], users[1]],
        })
      })
      await held
      // Until it stands and waits for the plan's writer.
      for (;;) {
        const [row] = await db.rows<{ n: number }>({
          text: `SELECT count(*)::integer AS n FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid() AND $1::uuid IS NOT NULL`,
          values: [viewer.tenantId],
        })
        if (row?.n) break
      }
    })
    await given
    expect(await kept()).toEqual(await plain())
  })

  it('stays small: a fold leaves one row for each sum, and none for nothing', async () => {
    const fold = { what: 'fold', from: 0, size: 0, at: 0, amount: 1 }
    await run(fold)
    expect(await rowsKept()).toBe((await plain()).length)
    const before = await rowsKept()
    await run({ what: 'nothing', from: 0, size: 4, at: 0, amount: 1 })
    expect(await rowsKept()).toBe(before)
    await run({ what: 'plan', from: 0, size: 1, at: 20, amount: 5, undo: false })
    await run({ what: 'destroy', from: 0, size: 0, at: 0, amount: 1 })
    await writes.write(({ db, viewer }) =>
      db.rows({ text: 'DELETE FROM receipt_plan WHERE tenant_id = $1', values: [viewer.tenantId] }),
    )
    await run(fold)
    expect(await rowsKept()).toBe(0)
  })
})
