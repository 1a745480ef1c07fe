import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type RecordType, recordTypes } from '../../src/read/recordType.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { camel, creatable, make, valueFor } from '../support/factory.ts'

/** Fields that both ways of reading a record can give as they are: what the cache holds besides references. */
function fieldsOf(type: RecordType): string[] {
  return [...type.fields.values()]
    .filter(({ relation, target, shape, kind }) => !relation && target !== '*' && !shape && kind !== 'money')
    .map(({ name }) => name)
}

describe.each([
  ['Redis', {}],
  ['memory', { redisUrl: null }],
])('with the cache in %s, node', (_name, config) => {
  let test: TestApp

  beforeAll(async () => {
    test = await testApp(config)
  })

  afterAll(() => test.close())

  /** What node says, which may come from the cache, and what the record's own field says, which is one statement. */
  async function both(type: RecordType, id: string): Promise<{ cached: Any; read: Any }> {
    const fields = fieldsOf(type).join(' ')
    const ask = `query($id: ID!) { node(id: $id) { ... on ${type.name} { ${fields} } } ${camel(type.name)}(id: $id) { ${fields} } }`
    const data = await test.acme.run(ask, { id })
    return { cached: data.node, read: data[camel(type.name)] }
  }

  async function mutate(type: RecordType, verb: string, args: Record<string, unknown>): Promise<void> {
    const name = `${verb}${type.name}`
    const input = args.input ? `, $input: Update${type.name}Input!` : ''
    const data = await test.acme.run(
      `mutation($id: ID!${input}) { ${name}(id: $id${input ? ', input: $input' : ''}) { userErrors { code message field } } }`,
      args,
    )
    expect(data[name].userErrors).toEqual([])
  }

  it.each(
    recordTypes()
      .filter(creatable)
      .map((type) => [type.name, type] as const),
  )('says of every %s what the database says, after each kind of write', async (name, type) => {
    const { id } = await make(test.acme, name)
    const made = await both(type, id)
    expect(made.read.id).toBe(id)
    expect(made.cached).toEqual(made.read)
    // Once more, now from the cache.
    expect(await both(type, id)).toEqual(made)

    const field = [...type.fields.values()].find(
      ({ write, kind, max }) => write === 'always' && kind === 'text' && (max ?? 255) > 60,
    )
    if (type.operations.has('update') && field) {
      await mutate(type, 'update', { id, input: { [field.name]: valueFor(test.acme, field) } })
      const { cached, read } = await both(type, id)
      expect(read.version).toBeGreaterThan(made.read.version)
      expect(cached).toEqual(read)
    }
    if (type.operations.has('delete')) {
      await mutate(type, 'delete', { id })
      expect(await both(type, id)).toEqual({ cached: null, read: null })
    }
    if (type.operations.has('restore')) {
      await mutate(type, 'restore', { id })
      const { cached, read } = await both(type, id)
      expect(read.id).toBe(id)
      expect(cached).toEqual(read)
    }
    if (type.operations.has('destroy')) {
      await mutate(type, 'destroy', { id })
      expect(await both(type, id)).toEqual({ cached: null, read: null })
    }
  })

  it('says what follows from a write in other records', async () => {
    const types = new Map(recordTypes().map((type) => [type.name, type]))
    const opportunity = await make(test.acme, 'Opportunity', { amount: undefined })
    const seen = () => both(types.get('Opportunity') as RecordType, opportunity.id)
    await seen()
    const line = await make(test.acme, 'OpportunityLine', { opportunityId: opportunity.id })
    const withLine = await seen()
    expect(withLine.cached).toEqual(withLine.read)
    // A write that leaves the deal's amount as it is.
    await mutate(types.get('OpportunityLine') as RecordType, 'update', { id: line.id, input: { unit: 'box' } })
    const after = await seen()
    expect(after.cached).toEqual(after.read)
    await mutate(types.get('Opportunity') as RecordType, 'delete', { id: opportunity.id })
    expect((await both(types.get('OpportunityLine') as RecordType, line.id)).cached).toBeNull()
  })

  it('finds a record that was looked for before it was there', async () => {
    const account = types('Account')
    const { id } = await make(test.acme, 'Account')
    await mutate(account, 'delete', { id })
    expect((await both(account, id)).cached).toBeNull()
    await mutate(account, 'restore', { id })
    expect((await both(account, id)).cached).toMatchObject({ id })
  })

  it('keeps saying what the database says when a write is refused at the last moment', async () => {
    const one = await make(test.acme, 'Account')
    const two = await make(test.acme, 'Account')
    await both(types('Account'), one.id)
    const answer = await test.acme.run(
      `mutation($input: [UpdateAccountRow!]!) { updateAccounts(input: $input) { results { userErrors { code } } } }`,
      {
        input: [one.id, two.id].map((id) => ({
          id,
          input: { name: 'AcmeMark renamed', parentId: id === one.id ? two.id : one.id },
        })),
      },
    )
    expect(
      answer.updateAccounts.results.flatMap(({ userErrors }: Any) => userErrors.map(({ code }: Any) => code)),
    ).toContain('HIERARCHY_CYCLE')
    const { cached, read } = await both(types('Account'), one.id)
    expect(read.version).toBe(one.version)
    expect(cached).toEqual(read)
  })

  const types = (name: string) => recordTypes().find((type) => type.name === name) as RecordType
})
