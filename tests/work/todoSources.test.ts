import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { withReason } from '../../src/resolvers/leads/pool/pooled.ts'
import { todoObjects } from '../../src/resolvers/work/todoObjects.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
let ann: string
let bob: string
beforeAll(async () => {
  writes = await openWrites()
  const [role] = await writes.rows<{ id: string }>(`SELECT id FROM role WHERE tenant_id = $1 AND key = 'rep'`)
  const user = (name: string) => ({
    name,
    email: `${name}@acme.example`,
    status: 'ACTIVE',
    roleId: ref('Role', role?.id as string),
  })
  ;[ann, bob] = (await writes.create('User', user('ann'), user('bob'))) as [string, string]
})
afterAll(() => writes?.close())

interface Item {
  kind: string
  user: string
  record: string
  due: string | null
  show: string
  done: boolean
  title: string | null
}
/** The to-dos about records, those that are done too. */
const about = (...ids: string[]) =>
  writes.rows<Item>(
    `SELECT kind, user_id AS "user", object_type || ' ' || record_id AS record, to_json(due_at AT TIME ZONE 'UTC') #>> '{}' AS due, to_json(show_at AT TIME ZONE 'UTC') #>> '{}' AS show, done_at IS NOT NULL AS done, title
 FROM todo_item WHERE tenant_id = $1 AND record_id = ANY ($2::uuid[]) ORDER BY kind, user_id`,
    ids,
  )
const kinds = async (...ids: string[]) => (await about(...ids)).map(({ kind, done }) => (done ? `${kind} done` : kind))

const SOURCES = {
  task: 'task',
  account: 'account',
  lead: 'lead',
  approval_task: 'approval_task',
  receipt_plan: 'receipt_plan',
  contract: 'contract',
  quote: 'quote',
  permission_request: 'permission_request',
  customer_registration: 'customer_registration',
}
/** What differs between the table and what one statement over the sources says. */
async function differences(): Promise<unknown[]> {
  const wanted = Object.entries(SOURCES)
    .map(
      ([source, table]) =>
        `SELECT * FROM atrium.todo_wanted('${source}', ARRAY(SELECT id FROM ${table} WHERE tenant_id = $1)) WHERE done_at IS NULL`,
    )
    .join(' UNION ALL ')
  const columns = 'kind, object_type, record_id, source_id, user_id, title, due_at, show_at, since, account_id'
  return writes.rows(
    `WITH wanted AS (SELECT ${columns} FROM (${wanted}) w), kept AS (SELECT ${columns} FROM todo_item WHERE tenant_id = $1 AND deleted_at IS NULL AND (done_at IS NULL OR dismissed))
 (TABLE wanted EXCEPT TABLE kept) UNION ALL (TABLE kept EXCEPT TABLE wanted)`,
  )
}

describe('a task with a day', () => {
  it('is its assignee’s to do from its beginning on, and done with it', async () => {
    const [id] = (await writes.create('Task', {
      title: 'Call',
      assigneeId: ref('User', ann),
      startAt: '2026-03-01T00:00:00Z',
      dueAt: '2026-03-02T09:00:00Z',
    })) as [string]
    expect(await about(id)).toEqual([
      {
        kind: 'TASK_DUE',
        user: ann,
        record: `Task ${id}`,
        due: '2026-03-02T09:00:00',
        show: '2026-03-01T00:00:00',
        done: false,
        title: 'Call',
      },
    ])
    await writes.update('Task', id, { assigneeId: ref('User', bob) })
    expect((await about(id)).map(({ user }) => user)).toEqual([bob])
    await writes.update('Task', id, { status: 'DONE' })
    expect(await kinds(id)).toEqual(['TASK_DUE done'])
    await writes.update('Task', id, { status: 'IN_PROGRESS', dueAt: '2026-04-02T09:00:00Z' })
    expect(await kinds(id)).toEqual(['TASK_DUE'])
    await writes.remove('Task', id)
    expect(await about(id)).toEqual([])
    await writes.restore('Task', id)
    expect(await kinds(id)).toEqual(['TASK_DUE'])
    await writes.update('Task', id, { dueAt: null })
    expect(await about(id)).toEqual([])
    await writes.destroy('Task', id)
  })

  it('belongs to the customer that it is linked to', async () => {
    const [account] = (await writes.create('Account', { name: 'Linked' })) as [string]
    const [id] = (await writes.create('Task', {
      title: 'T',
      assigneeId: ref('User', ann),
      dueAt: '2026-03-02T09:00:00Z',
    })) as [string]
    const accountOf = async () =>
      (
        await writes.rows<{ a: string | null }>(
          'SELECT account_id AS a FROM todo_item WHERE tenant_id = $1 AND record_id = $2',
          id,
        )
      )[0]?.a
    expect(await accountOf()).toBeNull()
    const [link] = (await writes.create('TaskLink', {
      taskId: ref('Task', id),
      recordId: ref('Account', account),
    })) as [string]
    expect(await accountOf()).toBe(account)
    await writes.destroy('TaskLink', link)
    expect(await accountOf()).toBeNull()
  })
})

describe('a customer', () => {
  it('is to be called from the morning of the day on, in the company’s time zone, until something happened', async () => {
    const [id] = (await writes.create('Account', {
      name: 'A',
      ownerId: ref('User', ann),
      nextFollowUpAt: '2026-03-02T18:00:00Z',
    })) as [string]
    // 2 a.m. of the 3rd in Shanghai.
    expect(await about(id)).toMatchObject([
      { kind: 'CUSTOMER_FOLLOW_UP', user: ann, due: '2026-03-02T18:00:00', show: '2026-03-02T16:00:00', done: false },
    ])
    await writes.update('Account', id, { lastActivityAt: '2026-03-03T18:00:00Z' })
    expect(await kinds(id)).toEqual(['CUSTOMER_FOLLOW_UP done'])
    await writes.update('Account', id, { nextFollowUpAt: '2026-05-02T18:00:00Z' })
    expect(await kinds(id)).toEqual(['CUSTOMER_FOLLOW_UP'])
  })

  it('that somebody was given is theirs to look at until they did, and nobody’s who made it themselves', async () => {
    const [id] = (await writes.create('Account', { name: 'A', ownerId: ref('User', ann) })) as [string]
    expect(await about(id)).toEqual([])
    await writes.update('Account', id, { ownerId: ref('User', bob) })
    expect(await about(id)).toMatchObject([{ kind: 'CUSTOMER_ASSIGNED', user: bob, done: false }])
    await writes.update('Account', id, { ownerId: ref('User', ann) })
    expect(await about(id)).toMatchObject([{ kind: 'CUSTOMER_ASSIGNED', user: ann, done: false }])
    await writes.update('Account', id, { lastActivityAt: '2099-01-01T00:00:00Z' })
    expect(await kinds(id)).toEqual(['CUSTOMER_ASSIGNED done'])
    await writes.remove('Account', id)
    expect(await about(id)).toEqual([])
  })

  it('is about to enter a pool while a reminder says so and nothing has happened since', async () => {
    const [id] = (await writes.create('Account', { name: 'Late', ownerId: ref('User', ann) })) as [string]
    const remind = (key: string) =>
      writes.write(async ({ db }) => {
        const [task] = await db.rows<{ id: string }>({
          text: `INSERT INTO task (title, due_at, assignee_id, external_source, external_id) VALUES ('R', '2026-06-01T00:00:00Z', $1, 'atrium:pool', $2) RETURNING id`,
          values: [ann, key],
        })
        await db.rows({
          text: `INSERT INTO task_link (task_id, object_type, record_id) VALUES ($1, 'Account', $2)`,
          values: [task?.id, id],
        })
      })
    await remind('one')
    expect(await about(id)).toMatchObject([
      { kind: 'ABOUT_TO_ENTER_POOL', user: ann, due: '2026-06-01T00:00:00', done: false },
    ])
    await writes.update('Account', id, { lastActivityAt: '2099-01-01T00:00:00Z' })
    expect(await about(id)).toEqual([])
    await writes.update('Account', id, { lastActivityAt: null })
    expect(await kinds(id)).toEqual(['ABOUT_TO_ENTER_POOL'])
    await writes.write(({ db }) =>
      withReason(db, 'ASSIGN', () =>
        db.rows({ text: 'UPDATE account SET owner_id = $2 WHERE id = $1', values: [id, bob] }),
      ),
    )
    expect(await kinds(id)).toEqual(['CUSTOMER_ASSIGNED'])
  })
})

describe('a lead', () => {
  it('that somebody was given is theirs to answer', async () => {
    const [id] = (await writes.create('Lead', { fullName: 'L', ownerId: ref('User', ann) })) as [string]
    await writes.update('Lead', id, { ownerId: ref('User', bob) })
    expect(await about(id)).toMatchObject([{ kind: 'LEAD_ASSIGNED', user: bob, done: false }])
    const [activity] = (await writes.create('Activity', { kind: 'CALL', status: 'DONE', direction: 'OUTBOUND' })) as [
      string,
    ]
    await writes.create('ActivityLink', { activityId: ref('Activity', activity), recordId: ref('Lead', id) })
    expect(await kinds(id)).toEqual(['LEAD_ASSIGNED done'])
  })
})

describe('to-dos', () => {
  it('are about the types that todoObjects names, or nobody but the administrator would see them', async () => {
    const functions = await writes.rows<{ source: string }>(
      `SELECT prosrc AS source FROM pg_proc WHERE pronamespace = 'atrium'::regnamespace AND proname LIKE '%todo%' AND $1::uuid IS NOT NULL`,
    )
    const written = functions.flatMap(({ source }) =>
      [...source.matchAll(/(?:todo_put\(|SELECT )'[A-Z_]+', '([A-Za-z]+)'/g)].map(([, name]) => name as string),
    )
    expect(new Set(written).size).toBeGreaterThan(9)
    expect([...new Set(written)].filter((name) => !todoObjects().includes(name))).toEqual([])
  })

  it('show once the company’s days begin elsewhere as they then are', async () => {
    const [id] = (await writes.create('Account', {
      name: 'Z',
      ownerId: ref('User', ann),
      nextFollowUpAt: '2026-07-02T12:00:00Z',
    })) as [string]
    const zone = (name: string) =>
      writes.write(({ db }) =>
        db.rows({ text: 'UPDATE tenant SET timezone = $2 WHERE id = $1', values: [writes.viewer.tenantId, name] }),
      )
    expect((await about(id))[0]?.show).toBe('2026-07-01T16:00:00')
    await zone('Europe/Berlin')
    expect((await about(id))[0]?.show).toBe('2026-07-01T22:00:00')
    await zone('Asia/Shanghai')
    expect(await differences()).toEqual([])
  })

  it('of two hundred new tasks are one more statement, and of a new text none', async () => {
    const tasks = Array.from({ length: 200 }, (_, n) => ({
      title: `T${n}`,
      assigneeId: ref('User', ann),
      dueAt: '2026-03-02T09:00:00Z',
    }))
    const ids = await writes.create('Task', ...tasks)
    expect(await about(...ids)).toHaveLength(200)
    const versions = () =>
      writes.rows('SELECT id, version FROM todo_item WHERE tenant_id = $1 AND record_id = $2', ids[0])
    const before = await versions()
    await writes.update('Task', ids[0] as string, { description: 'More' })
    expect(await versions()).toEqual(before)
  })

  it('are what one statement over the sources says, whatever is written', async () => {
    const when = fc.constantFrom(null, '2026-02-01T10:00:00Z', '2026-08-01T10:00:00Z', '2099-01-01T00:00:00Z')
    const owner = fc.constantFrom(null, 'ann', 'bob')
    const task = fc.record({
      type: fc.constant('Task'),
      dueAt: when,
      status: fc.constantFrom('NOT_STARTED', 'IN_PROGRESS', 'DONE', 'CANCELLED'),
      owner,
    })
    const account = fc.record({ type: fc.constant('Account'), nextFollowUpAt: when, lastActivityAt: when, owner })
    const lead = fc.record({
      type: fc.constant('Lead'),
      nextFollowUpAt: when,
      lastActivityAt: when,
      status: fc.constantFrom('NEW', 'WORKING', 'UNQUALIFIED'),
      owner,
    })
    const steps = fc.array(
      fc.record({
        to: fc.nat(3),
        write: fc.oneof(task, account, lead),
        act: fc.constantFrom('write', 'write', 'write', 'bin', 'back'),
      }),
      { minLength: 4, maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const made = new Map<string, { id: string; live: boolean }>()
        for (const { to, write, act } of all) {
          const { type, owner: whose, ...fields } = write
          const key = `${type} ${to}`
          const id = whose === null ? null : ref('User', whose === 'ann' ? ann : bob)
          const input = { ...fields, [type === 'Task' ? 'assigneeId' : 'ownerId']: id }
          const known = made.get(key)
          if (!known) {
            const name = { Task: 'title', Account: 'name', Lead: 'fullName' }[type] as string
            const [one] = (await writes.create(type, { [name]: key, ...input })) as [string]
            made.set(key, { id: one, live: true })
          } else if (act === 'write' && known.live) await writes.update(type, known.id, input)
          else if (act === 'bin' && known.live) {
            await writes.remove(type, known.id)
            known.live = false
          } else if (act === 'back' && !known.live) {
            await writes.restore(type, known.id)
            known.live = true
          }
        }
        expect(await differences()).toEqual([])
      }),
      { numRuns: 15 },
    )
    const [before] = await writes.rows<{ n: number }>(
      'SELECT count(*)::integer AS n FROM todo_item WHERE tenant_id = $1 AND done_at IS NULL',
    )
    const rebuilt = await writes.write(({ db }) =>
      db.rows<{ n: string }>({ text: 'SELECT atrium.rebuild_todos() AS n', values: [] }),
    )
    expect(Number(rebuilt[0]?.n)).toBe(before?.n)
    expect(before?.n).toBeGreaterThan(0)
    expect(await differences()).toEqual([])
  })
})
