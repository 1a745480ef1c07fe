import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import {
  type Change,
  type Columns,
  changesOf,
  expectSource,
  follow,
  operationsOn,
  rowOf,
  type Told,
} from '../support/changes.ts'
import { nameOf } from '../support/crowd.ts'
import { camel, creatable, inputFor, make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'

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

/** Sends a mutation under a request id of its own and gives its answer with the changes that it made. */
async function send(query: string, variables: Columns = {}): Promise<{ data: Any; changes: Change[] }> {
  const request = `changes-${++requests}`
  const data = await acme.run(query, variables, { 'x-request-id': request })
  return { data, changes: await changesOf(owner, request) }
}

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
    expectSource(made.changes, caller)
    await follow(owner, type, record, null, made.changes)

    if (type.operations.has('update')) {
      const name = nameOf(type)
      const input = {
        externalId: `changed ${record}`,
        ...(name?.write === 'always' ? { [name.name]: `AcmeMark changed ${requests}` } : {}),
      }
      const before = await rowOf(owner, type, record)
      const changed = await mutate('update', type, { id: made.id, input }, 'id: $id, input: $input')
      expect(operationsOn(changed.changes, type, record)).toEqual(['updated'])
      const own = changed.changes.find((one) => one.record === record)
      expect(own?.fields).toEqual(
        expect.arrayContaining(name?.write === 'always' ? ['external_id', name.column] : ['external_id']),
      )
      expect(own?.after?.external_id).toBe(input.externalId)
      expectSource(changed.changes, caller)
      await follow(owner, type, record, before, changed.changes)

      const idle = await mutate('update', type, { id: made.id, input }, 'id: $id, input: $input')
      expect(idle.changes).toEqual([])
    }

    for (const [verb, operation] of [
      ['delete', 'deleted'],
      ['restore', 'restored'],
      ['destroy', 'destroyed'],
    ] as const) {
      if (!type.operations.has(verb)) continue
      const before = await rowOf(owner, type, record)
      const gone = await mutate(verb, type, { id: made.id }, 'id: $id', verb === 'destroy' ? 'id' : undefined)
      expect(operationsOn(gone.changes, type, record)).toEqual([operation])
      expectSource(gone.changes, caller)
      await follow(owner, type, record, before, gone.changes)
    }
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
      expectSource(changes, caller)
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
    const states = new Map<string, Told | null>()
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
    for (const [type, id] of written) states.set(id, await rowOf(owner, type, id))
    const { data, changes } = await send(
      `mutation($id: ID!, $to: ID!) { moveOpportunityStage(id: $id, toStageId: $to, reason: "signed") { changed ${ERRORS} } }`,
      { id: deal.id, to: won.id },
    )
    expect(data.moveOpportunityStage).toEqual({ changed: true, userErrors: [] })
    expectSource(changes, caller)
    for (const [type, id] of written) {
      expect(new Set(operationsOn(changes, type, id))).toEqual(new Set(['updated']))
      await follow(owner, type, id, states.get(id) ?? null, changes)
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
    await follow(owner, history, begun[0]?.record as string, null, changes)
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
    const changes = await changesOf(owner, request)
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
    expect(await changesOf(owner, 'undone')).toEqual([])
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
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect((await changesOf(owner, 'first')).map(({ operation }) => operation)).toEqual(['created'])
    expect(await changesOf(owner, 'second')).toEqual([])
  })
})
