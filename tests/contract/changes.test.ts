import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { newId } from '../../src/ids.ts'
import { type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { nameOf } from '../support/crowd.ts'
import { camel, creatable, inputFor, make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { asTenant, attempt } from '../support/walls.ts'

type Columns = Record<string, unknown>

interface Change {
  operation: 'created' | 'updated' | 'deleted' | 'restored' | 'destroyed'
  object: string
  record: string
  version: number
  fields: string[]
  before: Columns | null
  after: Columns | null
  actor: string
  user: string | null
  request: string | null
  ip: string | null
  xid: string
}

/** Columns that no change tells: what the server counts by itself, and what is secret. */
const UNTOLD = ['tenant_id', 'search_text', 'version', 'updated_at', 'updated_by', 'key_hash']

let test: TestApp
let acme: Company
let owner: Owner
/** What each change of acme's API key says of who did it. */
let caller: { actor: string; user: string; ip: string }
let requests = 0

beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
  const [key] = await owner.rows<{ id: string }>('SELECT id FROM api_key WHERE tenant_id = $1', owner.tenantId)
  caller = { actor: `apiKey:${key?.id}`, user: uuidIn(acme.adminUserId), ip: '127.0.0.1' }
})

afterAll(async () => {
  await owner.close()
  await test.close()
})

const changesOf = (request: string) =>
  owner.rows<Change>(
    `SELECT operation, object, record_id AS record, record_version AS version, changed_fields AS fields, before, after, actor, user_id AS user, request_id AS request, ip, xid
     FROM change WHERE tenant_id = $1 AND request_id = $2 ORDER BY ordinal`,
    owner.tenantId,
    request,
  )

/** Sends a mutation under a request id of its own and gives its answer with the changes that it made. */
async function send(query: string, variables: Columns = {}): Promise<{ data: Any; changes: Change[] }> {
  const request = `changes-${++requests}`
  const data = await acme.run(query, variables, { 'x-request-id': request })
  return { data, changes: await changesOf(request) }
}

/** A record's row as the changes may tell it; null when it is gone. */
async function rowOf(type: RecordType, record: string): Promise<{ told: Columns; version: number } | null> {
  const [found] = await owner.rows<{ row: Columns }>(
    `SELECT to_jsonb(t) AS row FROM ${type.table} t WHERE tenant_id = $1 AND id = $2`,
    owner.tenantId,
    record,
  )
  return found ? { told: told(found.row), version: found.row.version as number } : null
}

const told = (row: Columns): Columns =>
  Object.fromEntries(Object.entries(row).filter(([column, value]) => value !== null && !UNTOLD.includes(column)))
const sorted = (list: string[]) => [...list].sort()

/** Follows a record through its changes: each begins where the one before ended, and the last ends at what stands in the table. */
async function follow(
  type: RecordType,
  record: string,
  from: Awaited<ReturnType<typeof rowOf>>,
  changes: Change[],
): Promise<void> {
  let state = from?.told ?? null
  let version = from?.version ?? 0
  for (const change of changes.filter((one) => one.object === type.table && one.record === record)) {
    const { operation, before, after, fields } = change
    if (operation === 'created') {
      expect(state).toBeNull()
      expect(before).toBeNull()
      expect(sorted(fields)).toEqual(sorted(Object.keys(after as Columns)))
      state = after
    } else if (operation === 'destroyed') {
      expect(after).toBeNull()
      expect(before).toEqual(state)
      expect(sorted(fields)).toEqual(sorted(Object.keys(before as Columns)))
      state = null
    } else {
      expect(fields.length).toBeGreaterThan(0)
      expect(sorted(Object.keys(before as Columns))).toEqual(sorted(fields))
      expect(sorted(Object.keys(after as Columns))).toEqual(sorted(fields))
      for (const field of fields) {
        expect(before?.[field] ?? null).toEqual(state?.[field] ?? null)
        expect(after?.[field]).not.toEqual(before?.[field])
      }
      state = told({ ...state, ...after })
    }
    if (operation !== 'destroyed') version++
    expect(change.version).toBe(version)
  }
  const now = await rowOf(type, record)
  expect(state).toEqual(now?.told ?? null)
  if (now) expect(version).toBe(now.version)
}

/** Every change of a request tells the same transaction, actor, user, request and address. */
function expectSource(changes: Change[], source = caller): void {
  expect(changes.length).toBeGreaterThan(0)
  const [{ xid, request } = {} as Change] = changes
  for (const change of changes) expect(change).toMatchObject({ ...source, xid, request })
}

const operationsOn = (changes: Change[], type: RecordType, record: string) =>
  changes.filter((one) => one.object === type.table && one.record === record).map(({ operation }) => operation)

const ERRORS = 'userErrors { code message field details }'

/** Runs one standard mutation of a record and gives its changes; throws when it was refused. */
async function mutate(
  verb: string,
  type: RecordType,
  variables: Columns,
  args: string,
  selection = `${camel(type.name)} { id version }`,
): Promise<{ id: string; changes: Change[] }> {
  const declared = Object.keys(variables).map(
    (name) => `$${name}: ${name === 'id' ? 'ID!' : `${verb === 'update' ? 'Update' : 'Create'}${type.name}Input!`}`,
  )
  const { data, changes } = await send(
    `mutation(${declared.join(', ')}) { done: ${verb}${type.name}(${args}) { ${selection} ${ERRORS} } }`,
    variables,
  )
  expect(data.done.userErrors).toEqual([])
  return { id: data.done.id ?? data.done[camel(type.name)].id, changes }
}

/** What a record needs besides the factory's input to be free to go. */
const FREE: Record<string, Columns> = { Pipeline: { isDefault: false } }

describe.each(
  recordTypes()
    .filter(creatable)
    .map((type) => [type.name, type] as const),
)('a %s', (_name, type) => {
  it('tells every write of it: what, which fields, before and after, who, in which request', async () => {
    const made = await mutate('create', type, { input: await inputFor(acme, type, FREE[type.name]) }, 'input: $input')
    const record = uuidIn(made.id)
    expect(operationsOn(made.changes, type, record)[0]).toBe('created')
    expectSource(made.changes)
    await follow(type, record, null, made.changes)

    const name = nameOf(type)
    const input = {
      externalId: `changed ${record}`,
      ...(name?.write === 'always' ? { [name.name]: `AcmeMark changed ${requests}` } : {}),
    }
    let before = await rowOf(type, record)
    const changed = await mutate('update', type, { id: made.id, input }, 'id: $id, input: $input')
    expect(operationsOn(changed.changes, type, record)).toEqual(['updated'])
    const own = changed.changes.find((one) => one.record === record)
    expect(own?.fields).toEqual(
      expect.arrayContaining(name?.write === 'always' ? ['external_id', name.column] : ['external_id']),
    )
    expect(own?.after?.external_id).toBe(input.externalId)
    expectSource(changed.changes)
    await follow(type, record, before, changed.changes)

    const idle = await mutate('update', type, { id: made.id, input }, 'id: $id, input: $input')
    expect(idle.changes).toEqual([])

    for (const [verb, operation] of [
      ['delete', 'deleted'],
      ['restore', 'restored'],
      ['destroy', 'destroyed'],
    ] as const) {
      if (!type.operations.has(verb)) continue
      before = await rowOf(type, record)
      const gone = await mutate(verb, type, { id: made.id }, 'id: $id', verb === 'destroy' ? 'id' : undefined)
      expect(operationsOn(gone.changes, type, record)).toEqual([operation])
      expectSource(gone.changes)
      await follow(type, record, before, gone.changes)
    }
  })
})

describe.each(
  recordTypes()
    .filter((type) => !type.operations.has('destroy'))
    .map((type) => [type.name, type] as const),
)('a %s, which the API does not write or not remove,', (_name, type) => {
  it('tells writes that come from elsewhere, by whichever statement', async () => {
    const record = newId()
    const request = `elsewhere-${type.name}`
    const { tenancy } = test.app
    const source = { tenantId: owner.tenantId, actor: 'job', requestId: request, ip: '192.0.2.7' }
    await make(acme, 'Opportunity')
    const columns = await owner.rows<{ name: string; unique: boolean; bytes: boolean }>(
      `SELECT attname AS name, atttypid = 'bytea'::regtype AS bytes, atttypid IN ('text'::regtype, 'bytea'::regtype) AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = attrelid AND i.indisunique AND attnum = ANY (i.indkey::int2[])) AS unique
       FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
      type.table,
    )
    const own = Object.fromEntries(
      columns.filter(({ unique }) => unique).map(({ name, bytes }) => [name, bytes ? '\\xabcd' : `copy of ${name}`]),
    )
    const list = columns.map(({ name }) => name).join()
    const write = (text: string, ...values: unknown[]) =>
      tenancy.writeTenant(source, (db) => db.rows({ text, values: [owner.tenantId, record, ...values] }))
    await write(
      `INSERT INTO ${type.table} (${list}) SELECT ${list} FROM jsonb_populate_record(NULL::${type.table}, (SELECT to_jsonb(t) FROM ${type.table} t WHERE tenant_id = $1 LIMIT 1) || $3::jsonb || jsonb_build_object('id', $2::uuid))`,
      JSON.stringify({ ...own, version: 1 }),
    )
    await write(`UPDATE ${type.table} SET external_id = 'changed elsewhere' WHERE tenant_id = $1 AND id = $2`)
    await write(`UPDATE ${type.table} SET deleted_at = now() WHERE tenant_id = $1 AND id = $2`)
    await write(`UPDATE ${type.table} SET deleted_at = NULL WHERE tenant_id = $1 AND id = $2`)
    await write(`UPDATE ${type.table} SET updated_at = now() WHERE tenant_id = $1 AND id = $2`)
    const [{ version } = { version: 0 }] = await owner.rows<{ version: number }>(
      `SELECT version FROM ${type.table} WHERE tenant_id = $1 AND id = $2`,
      owner.tenantId,
      record,
    )
    expect(version).toBe(5)
    const changes = await changesOf(request)
    expect(changes.map(({ operation, fields }) => [operation, operation === 'created' ? [] : fields])).toEqual([
      ['created', []],
      ['updated', ['external_id']],
      ['deleted', ['deleted_at']],
      ['restored', ['deleted_at']],
    ])
    for (const change of changes)
      expect(change).toMatchObject({ object: type.table, record, actor: 'job', user: null, request, ip: '192.0.2.7' })
    await write(`DELETE FROM ${type.table} WHERE tenant_id = $1 AND id = $2`)
    expect(
      (await changesOf(request)).slice(4).map(({ operation, after, version: last }) => [operation, after, last]),
    ).toEqual([['destroyed', null, 5]])
  })
})

describe('a mutation', () => {
  it('tells the parts that go with a record, in the same request', async () => {
    const link = await make(acme, 'AccountContact', {}, 'id account { id }')
    const [account, part] = [uuidIn(link.account.id), uuidIn(link.id)]
    for (const [verb, operation] of [
      ['delete', 'deleted'],
      ['restore', 'restored'],
      ['destroy', 'destroyed'],
    ] as const) {
      const { changes } = await mutate(
        verb,
        recordType('Account'),
        { id: link.account.id },
        'id: $id',
        verb === 'destroy' ? 'id' : undefined,
      )
      expect(operationsOn(changes, recordType('Account'), account)).toEqual([operation])
      expect(operationsOn(changes, recordType('AccountContact'), part)).toEqual([operation])
      expectSource(changes)
    }
  })

  it('that moves a deal tells the deal, the stay that ended, the one that began, and the account that was won', async () => {
    const deal = await make(
      acme,
      'Opportunity',
      {
        accountId: (await make(acme, 'Account')).id,
        pipelineId: undefined,
        stageId: undefined,
        actualCloseDate: undefined,
        lossReason: undefined,
      },
      'id account { id } pipeline { id stages(first: 50) { nodes { id kind } } } stage { id }',
    )
    const won = deal.pipeline.stages.nodes.find((one: Any) => one.kind === 'WON')
    const states = new Map<string, Awaited<ReturnType<typeof rowOf>>>()
    const history = recordType('OpportunityStageHistory')
    const [stay] = await owner.rows<{ id: string }>(
      'SELECT id FROM opportunity_stage_history WHERE tenant_id = $1 AND opportunity_id = $2',
      owner.tenantId,
      uuidIn(deal.id),
    )
    const written: [RecordType, string][] = [
      [recordType('Opportunity'), uuidIn(deal.id)],
      [history, stay?.id as string],
      [recordType('Account'), uuidIn(deal.account.id)],
    ]
    for (const [type, id] of written) states.set(id, await rowOf(type, id))
    const { data, changes } = await send(
      `mutation($id: ID!, $to: ID!) { moveOpportunityStage(id: $id, toStageId: $to, reason: "signed") { changed ${ERRORS} } }`,
      { id: deal.id, to: won.id },
    )
    expect(data.moveOpportunityStage).toEqual({ changed: true, userErrors: [] })
    expectSource(changes)
    for (const [type, id] of written) {
      expect(new Set(operationsOn(changes, type, id))).toEqual(new Set(['updated']))
      await follow(type, id, states.get(id) ?? null, changes)
    }
    const [moved] = changes.filter((one) => one.object === 'opportunity')
    expect(moved?.after).toMatchObject({ stage_id: uuidIn(won.id), status: 'WON', probability: 100 })
    expect(moved?.before).toMatchObject({ stage_id: uuidIn(deal.stage.id), status: 'OPEN' })
    const begun = changes.filter((one) => one.object === history.table && one.operation === 'created')
    expect(begun.map(({ after }) => after)).toEqual([
      expect.objectContaining({
        opportunity_id: uuidIn(deal.id),
        from_stage_id: uuidIn(deal.stage.id),
        to_stage_id: uuidIn(won.id),
        reason: 'signed',
      }),
    ])
    await follow(history, begun[0]?.record as string, null, changes)
  })

  it('tells the user who signed in, and the request id that the answer carries when none was sent', async () => {
    const { slug: tenant, adminEmail: email, adminPassword: password } = acme
    const { signIn } = await acme.run('mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }', {
      input: { tenant, email, password },
    })
    const user = callers(test.app, signIn.accessToken)
    const answer = await user.ask('mutation { createTag(input: { name: "AcmeMark by a user" }) { tag { id } } }')
    const request = String(answer.headers['x-request-id'])
    expect(request).toMatch(/^[0-9a-f-]{36}$/)
    const changes = await changesOf(request)
    expectSource(changes, { ...caller, actor: `user:${caller.user}` })
  })

  it('that is refused or undone tells nothing, and of a partial one only what was written', async () => {
    const mutation = `mutation($input: [CreateTagInput!]!, $policy: ErrorPolicy!) { createTags(input: $input, errorPolicy: $policy) { results { tag { id } userErrors { code } } } }`
    const name = (n: number) => `AcmeMark partial ${n}`
    const input = [{ name: name(1) }, { name: `${name(2)}\u0007` }, { name: name(3) }]
    const refused = await send(mutation, { input, policy: 'REJECT_EVERYTHING' })
    expect(refused.data.createTags.results.map((one: Any) => one.tag)).toEqual([null, null, null])
    expect(refused.changes).toEqual([])
    const partial = await send(mutation, { input, policy: 'REJECT_FAILED_ROWS' })
    expect(partial.changes.map(({ after }) => after?.name)).toEqual([name(1), name(3)])
    const undone = { tenantId: owner.tenantId, actor: 'job', requestId: 'undone' }
    const attempted = test.app.tenancy.writeTenant(undone, async (db) => {
      await db.rows({ text: `INSERT INTO tag (name) VALUES ('AcmeMark undone')`, values: [] })
      await db.rows({ text: 'SET CONSTRAINTS ALL IMMEDIATE', values: [] })
      const [row] = await db.rows<{ n: number }>({
        text: `SELECT count(*)::int AS n FROM change WHERE request_id = 'undone'`,
        values: [],
      })
      expect(row?.n).toBe(1)
      throw new Error('changed my mind')
    })
    await expect(attempted).rejects.toThrow('changed my mind')
    expect(await changesOf('undone')).toEqual([])
  })

  it('that is sent again under its idempotency key tells nothing new', async () => {
    const sent = (request: string) =>
      acme.ask(
        'mutation { createTag(input: { name: "AcmeMark once" }) { tag { id } } }',
        {},
        { 'idempotency-key': 'changes once', 'x-request-id': request },
      )
    await sent('first')
    const again = await sent('second')
    console.log(again.status, again.body, again.headers)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect((await changesOf('first')).map(({ operation }) => operation)).toEqual(['created'])
    expect(await changesOf('second')).toEqual([])
  })
})

describe('what was told', () => {
  it('cannot be changed, removed or emptied by the application', async () => {
    await make(acme, 'Tag')
    const app = new pg.Client({ connectionString: test.database.appUrl })
    await app.connect()
    try {
      await asTenant(app, owner.tenantId, async () => {
        const read = await attempt(app, 'SELECT 1 FROM change LIMIT 1')
        expect(read).toMatchObject({ code: null, count: 1 })
        const columns = await owner.rows<{ name: string }>(
          `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'change'::regclass AND attnum > 0`,
        )
        const tries = [
          'DELETE FROM change',
          'TRUNCATE change',
          'UPDATE change_counter SET last_sequence = 0',
          'DELETE FROM change_counter',
          ...columns.map(({ name }) => `UPDATE change SET ${name} = DEFAULT`),
        ]
        for (const text of tries) expect([text, (await attempt(app, text)).code]).toEqual([text, '42501'])
      })
    } finally {
      await app.end()
    }
  })

  it('never holds a secret: no password, no key, no hash of either', async () => {
    const { slug: tenant, adminEmail: email, adminPassword: password } = acme
    const { signIn } = await acme.run('mutation($input: SignInInput!) { signIn(input: $input) { refreshToken } }', {
      input: { tenant, email, password },
    })
    const [hashes] = await owner.rows<{ password: string; key: string; refresh: string }>(
      `SELECT u.password_hash AS password, encode(k.key_hash, 'hex') AS key, encode(s.refresh_hash, 'hex') AS refresh FROM user_secret u, api_key k, session s
       WHERE u.tenant_id = $1 AND k.tenant_id = $1 AND s.tenant_id = $1 ORDER BY k.created_at, s.created_at DESC LIMIT 1`,
      owner.tenantId,
    )
    expect(hashes?.password).toMatch(/^\$argon2id\$/)
    const all = await owner.rows<{ text: string }>(
      'SELECT c::text AS text FROM change c WHERE tenant_id = $1',
      owner.tenantId,
    )
    const text = all.map((one) => one.text).join('\n')
    // The control: the key's and the user's changes are among them.
    expect(text).toContain(acme.apiKey.slice(0, 12))
    expect(text).toContain(email)
    const secrets = [
      password,
      acme.apiKey,
      acme.apiKey.slice(12),
      signIn.refreshToken,
      hashes?.password,
      hashes?.key,
      hashes?.refresh,
    ]
    for (const secret of secrets) {
      expect(String(secret).length).toBeGreaterThan(10)
      expect(text.includes(String(secret))).toBe(false)
    }
    expect(text).not.toMatch(/argon2|password_hash|key_hash|refresh_hash/)
  })

  it('never holds bytes, which are hashes in record tables: each such column is left out', async () => {
    const columns = await owner.rows<{ table: string; name: string }>(
      `SELECT c.relname AS table, a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relname = ANY ($1) AND c.relkind = 'r' AND a.atttypid = 'bytea'::regtype`,
      recordTypes().map(({ table }) => table),
    )
    expect(columns).toContainEqual({ table: 'api_key', name: 'key_hash' })
    for (const { table, name } of columns) {
      const found = await owner.rows<{ after: Columns }>(
        `SELECT after FROM change WHERE tenant_id = $1 AND object = $2 AND operation = 'created'`,
        owner.tenantId,
        table,
      )
      expect(found.length).toBeGreaterThan(0)
      for (const { after } of found) expect(Object.keys(after)).not.toContain(name)
    }
  })
})
