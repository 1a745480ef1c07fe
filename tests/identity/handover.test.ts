import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { encodeId } from '../../src/ids.ts'
import { handOverOnce } from '../../src/jobs/handover.ts'
import { recordType } from '../../src/read/recordType.ts'
import { idOf } from '../../src/read/values.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { type HandoverCounts, NONE } from '../../src/resolvers/identity/handoverReport.ts'
import { holdings, ownedTypes } from '../../src/resolvers/identity/holdings.ts'
import { createRecords, deleteRecords, updateRecords } from '../../src/resolvers/records.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { type Any, callers, type TestApp, testApp } from '../support/app.ts'
import { inputFor, make } from '../support/factory.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'

jest.setTimeout(300_000)

let test: TestApp
let owner: Owner
let roles: Record<string, string>
beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
  const { nodes } = (await test.acme.run<Any>('{ roles { nodes { id key } } }')).roles
  roles = Object.fromEntries(nodes.map(({ id, key }: Any) => [key, id]))
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

let users = 0
const user = async (more: Record<string, unknown> = {}): Promise<string> =>
  (await make(test.acme, 'User', { roleId: roles.rep, email: `u${++users}@acme.example`, status: 'ACTIVE', ...more }))
    .id

/** As the deployment itself, without a request around it. */
const write = <T>(work: (context: WriteContext) => Promise<T>): Promise<T> =>
  test.app.tenancy.writeTenant({ tenantId: owner.tenantId }, (db) =>
    work({
      db,
      viewer: jobViewer({ id: owner.tenantId, timezone: 'Asia/Shanghai', baseCurrency: 'USD', defaultCountry: 'CN' }),
    }),
  )

/** Makes records; their ids. */
async function many(type: string, inputs: Input[]): Promise<string[]> {
  const ids: string[] = []
  for (let from = 0; from < inputs.length; from += 200) {
    const written = await write((context) => createRecords(context, recordType(type), inputs.slice(from, from + 200)))
    expect(written.flatMap(({ errors }) => errors)).toEqual([])
    ids.push(...written.map(({ id }) => idOf(type, id as string)))
  }
  return ids
}

const START = `mutation($input: StartHandoverInput!) { startHandover(input: $input) {
  handover { id status counts fromUser { id } toUser { id } } counts userErrors { code field details }
} }`
const start = async (input: Record<string, unknown>, call: Pick<TestApp['acme'], 'run'> = test.acme) =>
  (await call.run<Any>(START, { input })).startHandover

/** Starts a hand-over that must be right; its id. */
async function started(input: Record<string, unknown>): Promise<string> {
  const { handover, userErrors } = await start(input)
  expect(userErrors).toEqual([])
  return handover.id
}

const job = async (id: string) =>
  (
    await test.acme.run<Any>(
      'query($id: ID!) { handoverJob(id: $id) { id status counts startedAt completedAt keepAccessDays rules { object toUserId } } }',
      { id },
    )
  ).handoverJob

/** Works until the hand-over is over; what it came to. */
async function finished(id: string): Promise<{ status: string; counts: HandoverCounts }> {
  for (;;) {
    await handOverOnce(test.app.tenancy)
    const found = await job(id)
    if (found.completedAt) return found
  }
}

/** All pages of the report. */
async function report(id: string, status?: string): Promise<Any[]> {
  const all: Any[] = []
  for (let after: string | null = null; ; ) {
    const { handoverJob }: Any = await test.acme.run(
      `query($id: ID!, $after: String, $status: HandoverItemStatus) { handoverJob(id: $id) { items(first: 100, after: $after, status: $status) {
 nodes { object recordId status code toUser { id } record { id } } pageInfo { hasNextPage hasPreviousPage endCursor } } } }`,
      { id, after, status },
    )
    const { nodes, pageInfo } = handoverJob.items
    all.push(...nodes)
    expect(pageInfo.hasPreviousPage).toBe(after !== null)
    if (!pageInfo.hasNextPage) return all
    after = pageInfo.endCursor
  }
}

/** A count in which all of `total` are in one state. */
const all = (total: number, state: 'pending' | 'moved' | 'skipped' | 'failed') => ({ ...NONE, total, [state]: total })
const sum = (counts: HandoverCounts) => Object.values(counts).reduce((total, one) => total + one.total, 0)

/** How many records of each type a user owns, in the recycle bin too. */
async function owns(userId: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const { type, column, owned } of holdings()) {
    if (!owned) continue
    const [row] = await owner.rows<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${type.table} WHERE ${OWN} AND ${column} = $1`,
      uuidIn(userId),
    )
    if (row?.n) found[type.name] = row.n
  }
  return found
}

/** Tables that say what happened, and sums and to-dos kept by owner; all others must not change. */
const TELLING =
  /^(change|change_commit|change_counter|ownership_record|handover_job|handover_item|idempotency_record|api_key_use|pipeline_total|receivable_total|todo_item|atrium\.)/

/** A fingerprint of each row of each table of the company: without who owns it, and without what every write counts. */
async function fingerprint(): Promise<Map<string, string>> {
  const tables = await owner.rows<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'tenant_id'`,
  )
  const columns = new Map(holdings().map(({ type, column }) => [type.table, column]))
  const found = new Map<string, string>()
  for (const { name } of tables) {
    if (TELLING.test(name)) continue
    // Since when it is theirs, and whose it was, is about the owner.
    const about = ['previous_owner_id', 'claimed_at', 'claim_type']
    const left = columns.has(name) ? [columns.get(name) as string, ...about, 'version', 'updated_at', 'updated_by'] : []
    for (const { id, row } of await owner.rows<{ id: string; row: string }>(
      `SELECT coalesce(to_jsonb(t)->>'id', to_jsonb(t)::text) AS id, md5((to_jsonb(t) - $1::text[])::text) AS row FROM ${name} t WHERE ${OWN}`,
      left,
    ))
      found.set(`${name} ${id}`, row)
  }
  return found
}

describe('the hand-over of 5,000 records of every type', () => {
  let leaver: string
  let receiver: string
  let other: string
  const made: Record<string, string[]> = {}

  beforeAll(async () => {
    leaver = await user({ name: '王伟' })
    receiver = await user({ name: '李娜' })
    other = await user()
    const { stages } = await test.acme.run<Any>('{ stages { nodes { id kind } } }')
    const won = stages.nodes.find(({ kind }: Any) => kind === 'WON').id
    const closed: Record<string, Input> = {
      Opportunity: { stageId: won, probability: undefined },
      Lead: { status: 'CONVERTED' },
      Activity: { status: 'DONE' },
      Task: { status: 'DONE' },
    }
    const types = ownedTypes()
    const each = Math.ceil(5000 / types.length)
    for (const type of types) {
      const field = type.owners[0] as string
      const inputs: Input[] = []
      for (let i = 0; i < each; i++)
        inputs.push(await inputFor(test.acme, type, { [field]: leaver, ...(i % 5 === 0 ? closed[type.name] : {}) }))
      made[type.name] = await many(type.name, inputs)
      await many(type.name, [await inputFor(test.acme, type, { [field]: other })])
    }
    const place = (type: string, i: number) => made[type]?.[i] as string
    const hundred = Array.from({ length: 100 }, (_, i) => i)
    await many(
      'AccountContact',
      hundred.map((i) => ({ accountId: place('Account', i), contactId: place('Contact', i) })),
    )
    await many(
      'OpportunityLine',
      hundred
        .filter((i) => i % 5)
        .map((i) => ({
          opportunityId: place('Opportunity', i),
          name: '维保',
          quantity: '2',
          unitPrice: { amount: '10.50' },
        })),
    )
    await many(
      'ActivityLink',
      hundred.map((i) => ({ activityId: place('Activity', i), recordId: place('Account', i) })),
    )
    await many(
      'TaskLink',
      hundred.map((i) => ({ taskId: place('Task', i), recordId: place('Opportunity', i) })),
    )
    const [tag] = await many('Tag', [{ name: 'VIP' }])
    await many(
      'TagLink',
      hundred.map((i) => ({ tagId: tag, recordId: place('Lead', i) })),
    )
    for (const type of types) {
      const gone = (made[type.name] as string[]).slice(-20).map((id) => ({ id: uuidIn(id) }))
      const written = await write((context) => deleteRecords(context, type, gone))
      expect(written.flatMap(({ errors }) => errors)).toEqual([])
    }
  }, 300_000)

  it('says beforehand what will go, and writes nothing', async () => {
    const input = { fromUserId: leaver, toUserId: receiver }
    const before = await owner.rows(`SELECT count(*) FROM change WHERE ${OWN}`)
    const { handover, counts, userErrors } = await start({ ...input, dryRun: true })
    expect([handover, userErrors]).toEqual([null, []])
    expect(counts).toEqual(
      Object.fromEntries(ownedTypes().map(({ name }) => [name, all((made[name] as string[]).length, 'pending')])),
    )
    expect(sum(counts)).toBeGreaterThanOrEqual(5000)
    expect(await owner.rows(`SELECT count(*) FROM change WHERE ${OWN}`)).toEqual(before)
    expect(await owner.rows(`SELECT id FROM handover_job WHERE ${OWN}`)).toEqual([])

    const open = await start({ ...input, dryRun: true, includeClosed: false })
    for (const name of ['Opportunity', 'Lead', 'Activity', 'Task'])
      expect([name, open.counts[name].total]).toEqual([name, Math.floor((counts[name].total * 4) / 5)])
    expect(open.counts.Account).toEqual(counts.Account)
  })

  it('loses nothing, changes nothing but the owner, and reports each record', async () => {
    const [before, had, others] = [await fingerprint(), await owns(leaver), await owns(other)]
    const dry = await start({ fromUserId: leaver, toUserId: receiver, dryRun: true })
    const { handover } = await start({ fromUserId: leaver, toUserId: receiver, reason: '离职' })
    expect(handover).toMatchObject({ status: 'QUEUED', fromUser: { id: leaver }, toUser: { id: receiver } })
    expect(handover.counts).toEqual(dry.counts)
    const { status, counts } = await finished(handover.id)
    expect(status).toBe('COMPLETED')
    expect(counts).toEqual(Object.fromEntries(Object.entries(had).map(([name, n]) => [name, all(n, 'moved')])))
    expect([await owns(leaver), await owns(receiver), await owns(other)]).toEqual([{}, had, others])

    const after = await fingerprint()
    expect([...before.keys()].filter((key) => after.get(key) !== before.get(key))).toEqual([])
    expect(after.size).toBe(before.size)

    const items = await report(handover.id)
    expect(items.length).toBe(sum(counts))
    expect(new Set(items.map(({ recordId }) => recordId))).toEqual(new Set(Object.values(made).flat()))
    expect(items.filter((one) => one.status !== 'MOVED' || one.code !== null || one.toUser.id !== receiver)).toEqual([])
    // What lies in the recycle bin is named and not shown.
    expect(items.filter(({ record }) => record === null).length).toBe(20 * ownedTypes().length)
    expect(await report(handover.id, 'FAILED')).toEqual([])

    // One change for each record, in the name of who started it.
    const changes = await owner.rows<{ n: string; records: string; fields: string[]; users: string[] }>(
      `SELECT count(*) AS n, count(DISTINCT record_id) AS records, array_agg(DISTINCT changed_fields::text) AS fields, array_agg(DISTINCT user_id) AS users
 FROM change WHERE ${OWN} AND actor = $1 AND object NOT IN ('handover_job', 'ownership_record', 'todo_item')`,
      `job:${uuidIn(handover.id)}`,
    )
    expect(changes).toEqual([
      {
        n: String(items.length),
        records: String(items.length),
        // Of what pools hold, also since when it is theirs and whose it was.
        fields: ['{assignee_id}', '{claim_type,claimed_at,owner_id,previous_owner_id}', '{owner_id}', '{visitor_id}'],
        users: [uuidIn(test.acme.adminUserId)],
      },
    ])
  })
})

describe('a hand-over', () => {
  /** Accounts of a user. */
  const accounts = (ownerId: string, n: number) =>
    many(
      'Account',
      Array.from({ length: n }, (_, i) => ({ name: `客户 ${ownerId.slice(-4)} ${i}`, ownerId })),
    )

  it('gives the types that rules name to others, and only the types that are asked for', async () => {
    const [from, to, third] = [await user(), await user(), await user()]
    await accounts(from, 2)
    await many('Task', [{ title: 'Call', assigneeId: from }])
    await many('Contact', [{ lastName: '陈', ownerId: from }])
    const id = await started({
      fromUserId: from,
      toUserId: to,
      objects: ['Account', 'Task'],
      rules: [{ object: 'Task', toUserId: third }],
    })
    expect((await finished(id)).counts).toEqual({ Account: all(2, 'moved'), Task: all(1, 'moved') })
    expect([await owns(from), await owns(to), await owns(third)]).toEqual([{ Contact: 1 }, { Account: 2 }, { Task: 1 }])
    expect((await job(id)).rules).toEqual([{ object: 'Task', toUserId: third }])
  })

  it('leaves closed records where they are when it is told to', async () => {
    const [from, to] = [await user(), await user()]
    await many('Task', [
      { title: 'Open', assigneeId: from },
      { title: 'Done', assigneeId: from, status: 'DONE' },
    ])
    const id = await started({ fromUserId: from, toUserId: to, includeClosed: false })
    expect((await finished(id)).counts).toEqual({ Task: all(1, 'moved') })
    expect([await owns(from), await owns(to)]).toEqual([{ Task: 1 }, { Task: 1 }])
  })

  it('is done at once when there is nothing to hand over', async () => {
    const id = await started({ fromUserId: await user(), toUserId: await user() })
    expect(await finished(id)).toMatchObject({ status: 'COMPLETED', counts: {} })
  })

  it('skips what a second one, or anybody, has moved by then, and what is gone', async () => {
    const [from, to, third] = [await user(), await user(), await user()]
    const [given, gone] = await accounts(from, 5)
    const first = await started({ fromUserId: from, toUserId: to })
    const second = await started({ fromUserId: from, toUserId: third })
    await owner.rows(
      `UPDATE account SET owner_id = $2 WHERE ${OWN} AND id = $1`,
      uuidIn(given as string),
      uuidIn(third),
    )
    await owner.rows(`DELETE FROM ownership_record WHERE ${OWN} AND account_id = $1`, uuidIn(gone as string))
    await owner.rows(`DELETE FROM account WHERE ${OWN} AND id = $1`, uuidIn(gone as string))
    await finished(first)
    await finished(second)
    expect((await job(first)).counts).toEqual({ Account: { ...NONE, total: 5, moved: 3, skipped: 2 } })
    expect((await report(first, 'SKIPPED')).map(({ code }) => code).sort()).toEqual([
      'ALREADY_TRANSFERRED',
      'NOT_FOUND',
    ])
    expect(await job(second)).toMatchObject({ status: 'COMPLETED', counts: { Account: all(5, 'skipped') } })
    expect([await owns(from), await owns(to), await owns(third)]).toEqual([{}, { Account: 3 }, { Account: 1 }])
  })

  it('fails for the rest when the receiver is suspended midway, and another takes the rest over', async () => {
    const [from, to, third] = [await user(), await user(), await user()]
    await accounts(from, 620)
    const id = await started({ fromUserId: from, toUserId: to })
    await handOverOnce(test.app.tenancy)
    expect(await job(id)).toMatchObject({
      status: 'RUNNING',
      counts: { Account: { total: 620, moved: 500, pending: 120 } },
    })
    await test.acme.run(
      'mutation($id: ID!) { updateUser(id: $id, input: { status: SUSPENDED }) { userErrors { code } } }',
      {
        id: to,
      },
    )
    expect(await finished(id)).toMatchObject({
      status: 'COMPLETED_WITH_ERRORS',
      counts: { Account: { ...NONE, total: 620, moved: 500, failed: 120 } },
    })
    expect(new Set((await report(id, 'FAILED')).map(({ code }) => code))).toEqual(new Set(['USER_INACTIVE']))
    const next = await started({ fromUserId: from, toUserId: third })
    expect((await finished(next)).counts).toEqual({ Account: all(120, 'moved') })
    expect(await owns(from)).toEqual({})
  })

  it('is stopped by cancelHandover: what was moved stays moved', async () => {
    const [from, to] = [await user(), await user()]
    await accounts(from, 3)
    const id = await started({ fromUserId: from, toUserId: to })
    const cancel = async () =>
      (
        await test.acme.run<Any>(
          'mutation($id: ID!) { cancelHandover(id: $id) { handover { status counts } userErrors { code } } }',
          { id },
        )
      ).cancelHandover
    expect(await cancel()).toEqual({
      handover: { status: 'CANCELLED', counts: { Account: all(3, 'skipped') } },
      userErrors: [],
    })
    expect(await cancel()).toEqual({ handover: null, userErrors: [{ code: 'INVALID_STATE' }] })
    await handOverOnce(test.app.tenancy)
    expect(await owns(from)).toEqual({ Account: 3 })
  })

  it('says of a record that the database refuses to move that it failed, and moves the others', async () => {
    const [from, to] = [await user(), await user()]
    await many('Task', [
      { title: 'stays', assigneeId: from },
      { title: 'goes', assigneeId: from },
    ])
    await owner.rows(
      `ALTER TABLE task ADD CONSTRAINT planted CHECK (title <> 'stays' OR assignee_id <> '${uuidIn(to)}')`,
    )
    try {
      const id = await started({ fromUserId: from, toUserId: to })
      expect(await finished(id)).toMatchObject({
        status: 'COMPLETED_WITH_ERRORS',
        counts: { Task: { ...NONE, total: 2, moved: 1, failed: 1 } },
      })
      expect((await report(id, 'FAILED')).map(({ code }) => code)).toEqual(['WRITE_REFUSED'])
    } finally {
      await owner.rows('ALTER TABLE task DROP CONSTRAINT planted')
    }
  })

  it('leaves the old owner a reading window, and lengthens a share that ends sooner', async () => {
    const [from, to] = [await user(), await user()]
    const [, binned] = await accounts(from, 2)
    // Shared with them before they were given it: an owner is no member.
    const [short, long] = await accounts(to, 2)
    const end = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()
    await many('RecordShare', [
      { recordId: short, userId: from, access: 'WRITE', expiresAt: end(1) },
      { recordId: long, userId: from, access: 'WRITE' },
    ])
    for (const id of [short, long])
      await write((context) =>
        updateRecords(context, recordType('Account'), [{ id: uuidIn(id as string), input: { ownerId: from } }]),
      )
    await write((context) => deleteRecords(context, recordType('Account'), [{ id: uuidIn(binned as string) }]))
    await finished(await started({ fromUserId: from, toUserId: to, keepAccessDays: 30 }))
    const shares = await owner.rows<{ id: string; access: string; days: number | null; reason: string | null }>(
      `SELECT record_id AS id, access, round(extract(epoch FROM expires_at - now()) / 86400)::int AS days, reason FROM record_share WHERE ${OWN} AND user_id = $1`,
      uuidIn(from),
    )
    const of = (id: string | undefined) => shares.find((one) => one.id === uuidIn(id as string))
    expect(shares.length).toBe(3)
    expect(of(short)).toMatchObject({ access: 'READ', days: 30, reason: 'handover' })
    expect(of(long)).toMatchObject({ access: 'WRITE', days: null })
    expect(of(binned)).toBeUndefined()
    expect(await owns(to)).toEqual({ Account: 4 })
  })

  it('moves the requests that wait for the leaver, but not to who made them', async () => {
    const [from, to, applicant] = [await user(), await user(), await user()]
    const request = async (applicantId: string, status = 'PENDING') =>
      (
        await owner.rows<{ id: string }>(
          `INSERT INTO permission_request (applicant_id, approver_id, kind, reason, status) VALUES ($1, $2, 'EXPORT', '季度报表', $3) RETURNING id`,
          uuidIn(applicantId),
          uuidIn(from),
          status,
        )
      )[0]?.id as string
    const [waiting, own, decided] = [await request(applicant), await request(to), await request(applicant, 'REJECTED')]
    const id = await started({ fromUserId: from, toUserId: to })
    expect((await finished(id)).counts).toEqual({ PermissionRequest: { ...NONE, total: 2, moved: 1, failed: 1 } })
    expect((await report(id, 'FAILED')).map(({ code }) => code)).toEqual(['SELF_APPROVAL_FORBIDDEN'])
    const rows = await owner.rows<{ id: string; approver: string }>(
      `SELECT id, approver_id AS approver FROM permission_request WHERE ${OWN} AND approver_id = ANY ($1::uuid[])`,
      [uuidIn(from), uuidIn(to)],
    )
    expect(new Map(rows.map((row) => [row.id, row.approver]))).toEqual(
      new Map([
        [waiting, uuidIn(to)],
        [own, uuidIn(from)],
        [decided, uuidIn(from)],
      ]),
    )
  })

  it('refuses the same user, strangers, who does not work here, and what it does not know', async () => {
    const [from, to, left] = [await user(), await user(), await user({ status: 'SUSPENDED' })]
    const codes = async (input: Record<string, unknown>) =>
      (await start(input)).userErrors.map(({ code, field }: Any) => `${code} ${field.join('.')}`)
    expect(await codes({ fromUserId: from, toUserId: from })).toEqual(['VALIDATION_FAILED input.toUserId'])
    expect(await codes({ fromUserId: from, toUserId: left })).toEqual(['USER_INACTIVE input.toUserId'])
    expect(await codes({ fromUserId: encodeId('user', uuidIn(test.globex.adminUserId)), toUserId: to })).toEqual([
      'NOT_FOUND input.fromUserId',
    ])
    expect(await codes({ fromUserId: 'nobody', toUserId: test.globex.adminUserId })).toEqual([
      'NOT_FOUND input.fromUserId',
      'NOT_FOUND input.toUserId',
    ])
    expect(
      await codes({
        fromUserId: from,
        toUserId: to,
        objects: ['Account', 'Pipeline'],
        rules: [
          { object: 'Account', toUserId: left },
          { object: 'Account', toUserId: to },
          { object: 'Task', toUserId: to },
        ],
        keepAccessDays: 366,
      }),
    ).toEqual([
      'VALIDATION_FAILED input.objects.1',
      'VALIDATION_FAILED input.rules.1.object',
      'VALIDATION_FAILED input.rules.2.object',
      'VALIDATION_FAILED input.keepAccessDays',
    ])
    expect(await codes({ fromUserId: from, toUserId: to, rules: [{ object: 'Account', toUserId: left }] })).toEqual([
      'USER_INACTIVE input.rules.0.toUserId',
    ])
  })

  it('is as good as absent for another company', async () => {
    const id = await started({ fromUserId: await user(), toUserId: await user() })
    const { data } = await test.globex.ask<Any>('query($id: ID!) { handoverJob(id: $id) { id } }', { id })
    expect(data).toEqual({ handoverJob: null })
    const { cancelHandover } = await test.globex.run<Any>(
      'mutation($id: ID!) { cancelHandover(id: $id) { userErrors { code } } }',
      { id },
    )
    expect(cancelHandover.userErrors).toEqual([{ code: 'NOT_FOUND' }])
  })

  it('takes every right that it lacks by name, and does not give away what the caller may not write', async () => {
    const [from, to] = [await user(), await user()]
    await accounts(from, 2)
    const roleId = (await make(test.acme, 'Role', { key: 'personnel' })).id
    const right = (object: string, more: Input) => make(test.acme, 'ObjectPermission', { roleId, object, ...more })
    const none = { allowList: false, canRead: false, canUpdate: false, canTransfer: false }
    await right('User', { ...none, canRead: true, canUpdate: true })
    await right('HandoverJob', { ...none, canRead: true })
    await right('Task', { ...none, canRead: true, canTransfer: true })
    const { createApiKey } = await test.acme.run<Any>(
      'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key userErrors { code } } }',
      { input: { name: 'Personnel', roleId } },
    )
    const caller = callers(test.app, createApiKey.key)
    const { errors } = await caller.ask(START, { input: { fromUserId: from, toUserId: to } })
    const missing = (errors?.[0]?.extensions.missing ?? []) as { permission: string }[]
    expect(missing.map(({ permission }) => permission)).toEqual(
      ownedTypes().flatMap(({ name }) => (name === 'Task' ? [] : [`${name}.transfer`])),
    )

    await right('Account', {
      ...none,
      canRead: true,
      canUpdate: true,
      canTransfer: true,
      readScope: 'ALL',
      writeScope: 'OWN',
    })
    const account = { fromUserId: from, toUserId: to, objects: ['Account'] }
    expect((await start(account, caller)).userErrors).toEqual([
      { code: 'FORBIDDEN', field: ['input', 'toUserId'], details: { permission: 'Account.transfer', records: 2 } },
    ])
    expect(await owns(from)).toEqual({ Account: 2 })
  })
})

describe('a quota of records', () => {
  const account = (ownerId: string) => ({ name: '客户', ownerId })
  const quota = (input: Record<string, unknown>) => many('OwnerQuota', [{ object: 'Account', ...input }])
  const update = async (id: string, ownerId: string) =>
    (
      await test.acme.run<Any>(
        'mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { userErrors { code field details } } }',
        { id, input: { ownerId } },
      )
    ).updateAccount.userErrors

  it('stops a hand-over before anything moves, and counts what is on its way', async () => {
    const [from, to] = [await user(), await user()]
    await many('Account', [account(from), account(from), account(from), account(to)])
    const [id] = await quota({ userId: to, limit: 3 })
    const { handover, userErrors } = await start({ fromUserId: from, toUserId: to })
    expect(handover).toBeNull()
    expect(userErrors).toEqual([
      {
        code: 'OWNER_QUOTA_EXCEEDED',
        field: ['input', 'toUserId'],
        details: { object: 'Account', limit: 3, current: 1, requested: 3 },
      },
    ])
    expect(await owns(to)).toEqual({ Account: 1 })
    await test.acme.run(
      'mutation($id: ID!) { updateOwnerQuota(id: $id, input: { limit: 4 }) { userErrors { code } } }',
      { id },
    )
    const job = await started({ fromUserId: from, toUserId: to })
    const [mine] = await many('Account', [account(from)])
    expect(await update(mine as string, to)).toEqual([
      {
        code: 'OWNER_QUOTA_EXCEEDED',
        field: ['input', 'ownerId'],
        details: { object: 'Account', limit: 4, current: 4, requested: 1 },
      },
    ])
    expect(await finished(job)).toMatchObject({ status: 'COMPLETED' })
  })

  it('holds on every path by which somebody comes to own a record', async () => {
    const [a, b] = [await user(), await user()]
    await quota({ userId: a, limit: 2 })
    const create = async (n: number, policy: string) =>
      (
        await test.acme.run<Any>(
          `mutation($input: [CreateAccountInput!]!, $policy: ErrorPolicy!) { createAccounts(input: $input, errorPolicy: $policy) { results { account { id } userErrors { code } } } }`,
          { input: Array.from({ length: n }, () => account(a)), policy },
        )
      ).createAccounts.results
    expect((await create(3, 'REJECT_EVERYTHING')).map(({ userErrors }: Any) => userErrors.length)).toEqual([0, 0, 1])
    expect(await owns(a)).toEqual({})
    const results = await create(3, 'REJECT_FAILED_ROWS')
    expect(results.map(({ userErrors }: Any) => userErrors[0]?.code ?? null)).toEqual([
      null,
      null,
      'OWNER_QUOTA_EXCEEDED',
    ])
    const first = results[0].account.id

    const [other] = await many('Account', [{ ...account(b), externalSource: 'erp', externalId: 'Q1' }])
    expect((await update(other as string, a))[0].code).toBe('OWNER_QUOTA_EXCEEDED')
    const { upsertAccount } = await test.acme.run<Any>(
      'mutation($input: CreateAccountInput!) { upsertAccount(by: { externalId: { source: "erp", id: "Q1" } }, input: $input) { userErrors { code } } }',
      { input: account(a) },
    )
    expect(upsertAccount.userErrors).toEqual([{ code: 'OWNER_QUOTA_EXCEEDED' }])

    // One goes to the recycle bin, another takes its place: it does not come back.
    await test.acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: first })
    expect(await update(other as string, a)).toEqual([])
    const { restoreAccount } = await test.acme.run<Any>(
      'mutation($id: ID!) { restoreAccount(id: $id) { userErrors { code field } } }',
      { id: first },
    )
    expect(restoreAccount.userErrors).toEqual([{ code: 'OWNER_QUOTA_EXCEEDED', field: ['id'] }])
    // What is theirs already can be changed.
    expect(await update(other as string, a)).toEqual([])
  })

  it('gives the last place to one of two who want it at the same time', async () => {
    const a = await user()
    await quota({ userId: a, limit: 1 })
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const written = await write((context) => createRecords(context, recordType('Account'), [account(a)]))
        return written[0]?.errors[0]?.code ?? 'done'
      }),
    )
    expect(outcomes.sort()).toEqual(['OWNER_QUOTA_EXCEEDED', 'OWNER_QUOTA_EXCEEDED', 'OWNER_QUOTA_EXCEEDED', 'done'])
  })

  it('is the user’s own, else the department’s, else the most generous of the roles', async () => {
    const role = (await make(test.acme, 'Role', { key: 'hunter' })).id
    const further = (await make(test.acme, 'Role', { key: 'farmer' })).id
    const department = (await make(test.acme, 'Department')).id
    await quota({ roleId: role, limit: 1 })
    await quota({ roleId: further, limit: 2 })
    await quota({ departmentId: department, limit: 3 })
    const fits = async (userId: string) => {
      const written = await write((context) =>
        createRecords(
          context,
          recordType('Account'),
          Array.from({ length: 5 }, () => account(userId)),
          { partial: true },
        ),
      )
      return written.filter(({ errors }) => errors.length === 0).length
    }
    const plain = await user({ roleId: role })
    const both = await user({ roleId: role })
    await many('UserRole', [{ userId: both, roleId: further }])
    const placed = await user({ roleId: role, departmentId: department })
    const own = await user({ roleId: role, departmentId: department })
    await quota({ userId: own, limit: 0 })
    expect([await fits(plain), await fits(both), await fits(placed), await fits(own)]).toEqual([1, 2, 3, 0])
  })

  it('is for exactly one of user, role and department, and for types whose records have owners', async () => {
    const codes = async (input: Input) => {
      const [written] = await write((context) => createRecords(context, recordType('OwnerQuota'), [input]))
      return written?.errors.map(({ code, field }) => `${code} ${field?.at(-1)}`)
    }
    const userId = await user()
    expect(await codes({ object: 'Account', limit: 1 })).toEqual(['VALIDATION_FAILED userId'])
    expect(await codes({ object: 'Account', limit: 1, userId, roleId: roles.rep })).toEqual([
      'VALIDATION_FAILED roleId',
    ])
    expect(await codes({ object: 'Pipeline', limit: 1, userId })).toEqual(['VALIDATION_FAILED object'])
    expect(await codes({ object: 'Account', limit: -1, userId })).toEqual(['VALIDATION_FAILED limit'])
    await quota({ userId, limit: 1 })
    expect(await codes({ object: 'Account', limit: 2, userId })).toEqual([expect.stringMatching(/^UNIQUE_VIOLATION/)])
  })
})

describe('offboardUser', () => {
  const OFFBOARD = `mutation($userId: ID!, $plan: OffboardPlanInput) { offboardUser(userId: $userId, plan: $plan) {
 user { id status } handover { id status reason } openDuties { teams departments reports delegations } userErrors { code field details } } }`
  const offboard = async (userId: string, plan?: Record<string, unknown>) =>
    (await test.acme.run<Any>(OFFBOARD, { userId, plan })).offboardUser

  it('ends sessions, keys and links, hands the records over, and the user has left', async () => {
    const [from, to] = [await user(), await user()]
    await many('Account', [{ name: '客户', ownerId: from }])
    await owner.rows(
      `INSERT INTO user_token (user_id, kind, token_hash, binding, expires_at) VALUES ($1, 'PASSWORD_RESET', sha256($2::bytea), '', now() + interval '1 hour')`,
      uuidIn(from),
      from,
    )
    const { createApiKey } = await test.acme.run<Any>(
      'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key userErrors { code } } }',
      { input: { name: 'Theirs', roleId: roles.rep, userId: from } },
    )
    const theirs = callers(test.app, createApiKey.key)
    expect((await theirs.ask('{ viewer { roles } }')).errors).toBeUndefined()

    const refused = await offboard(from)
    expect(refused.userErrors).toEqual([
      { code: 'USER_HAS_RECORDS', field: ['userId'], details: { records: { Account: 1 } } },
    ])
    expect((await theirs.ask('{ viewer { roles } }')).errors).toBeUndefined()

    const answer = await offboard(from, { toUserId: to, reason: '离职' })
    expect(answer).toMatchObject({
      user: { id: from, status: 'LEFT' },
      handover: { status: expect.any(String), reason: '离职' },
      openDuties: { teams: 0, departments: 0, reports: 0, delegations: 0 },
      userErrors: [],
    })
    await finished(answer.handover.id)
    expect([await owns(from), await owns(to)]).toEqual([{}, { Account: 1 }])
    expect((await theirs.ask('{ viewer { roles } }')).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    expect(
      await owner.rows(`SELECT id FROM user_token WHERE ${OWN} AND user_id = $1 AND used_at IS NULL`, uuidIn(from)),
    ).toEqual([])
    expect(
      await owner.rows(`SELECT id FROM api_key WHERE ${OWN} AND user_id = $1 AND revoked_at IS NULL`, uuidIn(from)),
    ).toEqual([])
  })

  it('needs no plan for a user who owns nothing', async () => {
    const id = await user()
    expect(await offboard(id)).toMatchObject({ user: { status: 'LEFT' }, handover: null, userErrors: [] })
  })

  it('says what others still expect of them, and hands that on when the plan says to whom', async () => {
    const [boss, from, to] = [await user(), await user(), await user()]
    const set = (id: string, input: Record<string, unknown>) =>
      test.acme.run(
        'mutation($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { userErrors { code } } }',
        {
          id,
          input,
        },
      )
    await set(from, { managerId: boss })
    await set(to, { managerId: from, delegateId: from })
    const report = await user({ managerId: from, delegateId: from })
    const team = (await make(test.acme, 'Team', { leaderId: from })).id
    const department = (await make(test.acme, 'Department', { headId: from })).id

    const open = { teams: 1, departments: 1, reports: 2, delegations: 2 }
    const kept = await offboard(from)
    expect(kept).toMatchObject({ openDuties: open, userErrors: [] })
    const answer = await offboard(from, { toUserId: to, dutiesTo: to })
    expect(answer).toMatchObject({
      openDuties: { teams: 0, departments: 0, reports: 0, delegations: 0 },
      userErrors: [],
    })
    const data = await test.acme.run<Any>(
      `query($to: ID!, $report: ID!, $team: ID!, $department: ID!) { to: user(id: $to) { manager { id } delegate { id } } report: user(id: $report) { manager { id } delegate { id } }
 team(id: $team) { leader { id } } department(id: $department) { head { id } } }`,
      { to, report, team, department },
    )
    expect(data).toEqual({
      to: { manager: { id: boss }, delegate: null },
      report: { manager: { id: to }, delegate: { id: to } },
      team: { leader: { id: to } },
      department: { head: { id: to } },
    })
  })

  it('keeps the last administrator, and undoes everything when it is refused', async () => {
    const to = await user()
    await many('Account', [{ name: '客户', ownerId: test.acme.adminUserId }])
    const answer = await offboard(test.acme.adminUserId, { toUserId: to })
    expect(answer).toMatchObject({
      user: null,
      handover: null,
      userErrors: [{ code: 'LAST_ADMIN', field: ['userId'] }],
    })
    expect(await owner.rows(`SELECT id FROM handover_job WHERE ${OWN} AND to_user_id = $1`, uuidIn(to))).toEqual([])
    const bad = await offboard(await user(), {
      toUserId: to,
      rules: [{ object: 'Account', toUserId: 'nobody' }],
      dutiesTo: 'nobody',
    })
    expect(bad.userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['plan', 'rules', '0', 'toUserId'] }])
  })

  it('is the only way out for who owns records: neither updateUser nor deleteUser lets them go', async () => {
    const [from, to] = [await user(), await user()]
    await many('Task', [{ title: 'Call', assigneeId: from }])
    const leave = () =>
      test.acme.run<Any>(
        'mutation($id: ID!) { updateUser(id: $id, input: { status: LEFT }) { userErrors { code field details } } }',
        {
          id: from,
        },
      )
    expect((await leave()).updateUser.userErrors).toEqual([
      { code: 'USER_HAS_RECORDS', field: ['input', 'status'], details: { records: { Task: 1 } } },
    ])
    const remove = () =>
      test.acme.run<Any>('mutation($id: ID!) { deleteUser(id: $id) { userErrors { code } } }', { id: from })
    expect((await remove()).deleteUser.userErrors).toEqual([{ code: 'USER_HAS_RECORDS' }])
    await finished(await started({ fromUserId: from, toUserId: to }))
    expect((await leave()).updateUser.userErrors).toEqual([])
    expect((await remove()).deleteUser.userErrors).toEqual([])
  })
})
