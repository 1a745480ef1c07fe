import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type RecordType, recordTypes } from '../../src/read/recordType.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { creatable, inputFor, make } from '../support/factory.ts'
import { type Watch, watchStatements } from '../support/statements.ts'

let test: TestApp
let watch: Watch

beforeAll(async () => {
  test = await testApp()
  watch = watchStatements()
})

afterAll(async () => {
  watch.stop()
  await test.close()
})

/** Runs an operation and gives its answer; `watch.work` holds what it sent. */
async function counted(query: string, variables: Record<string, unknown> = {}): Promise<{ data: Any }> {
  watch.clear()
  return { data: await test.acme.run(query, variables) }
}

/** Yes to everything that may be asked, the same for all rows, but for what changes how others are written; only one record of a type can be the default. */
const NO = ['isDefault', 'isStandard', 'NumberRule.active', 'FieldDefinition.required', 'DuplicateRule.active']
const flags = (type: RecordType) =>
  Object.fromEntries(
    [...type.fields.values()]
      .filter(({ kind, write }) => kind === 'boolean' && write !== 'never')
      .map(({ name }) => [name, !NO.includes(name) && !NO.includes(`${type.name}.${name}`)]),
  )

describe('a list mutation', () => {
  const SIZES = [1, 20]
  const bulk = recordTypes().filter(creatable)

  it.each(bulk.map((type) => [type.name, type] as const))(
    'of %s sends the same statements for one record and for twenty',
    async (name, type) => {
      const single = name.charAt(0).toLowerCase() + name.slice(1)
      const many = type.plural.charAt(0).toUpperCase() + type.plural.slice(1)
      const counts: Record<string, number[]> = { create: [], update: [], delete: [] }
      // The last pool in use stays.
      if (name === 'Pool') await make(test.acme, 'Pool', { enabled: true })
      // What a process remembers of the company's settings it reads once.
      await make(test.acme, name, flags(type))
      for (const size of SIZES) {
        const input: Any[] = []
        for (let n = 0; n < size; n++) input.push(await inputFor(test.acme, type, flags(type)))
        const made = await counted(
          `mutation($input: [Create${name}Input!]!) { create${many}(input: $input) { results { ${single} { id } userErrors { code message field } } } }`,
          { input },
        )
        counts.create!.push(watch.work.length)
        const made_ids = made.data[`create${many}`].results.map((one: Any) => one[single]?.id)
        expect(made.data[`create${many}`].results.flatMap(({ userErrors }: Any) => userErrors)).toEqual([])
        const text = [...type.fields.values()].find(
          ({ name: one, write, kind, required, max }) =>
            !['number', 'standard', 'grouping', 'slug'].includes(one) &&
            write === 'always' &&
            kind === 'text' &&
            !required &&
            (max ?? 255) >= 20,
        )
        if (type.operations.has('update') && text) {
          const rows = made_ids.map((id: string, n: number) => ({ id, input: { [text.name]: `AcmeMark ${n}` } }))
          const { data } = await counted(
            `mutation($input: [Update${name}Row!]!) { update${many}(input: $input) { results { userErrors { code message field } } } }`,
            { input: rows },
          )
          counts.update!.push(watch.work.length)
          expect(data[`update${many}`].results.flatMap(({ userErrors }: Any) => userErrors)).toEqual([])
        }
        if (type.operations.has('delete')) {
          const { data } = await counted(
            `mutation($input: [RecordVersionInput!]!) { delete${many}(input: $input) { results { userErrors { code message field } } } }`,
            {
              input: made_ids.map((id: string) => ({ id })),
            },
          )
          counts.delete!.push(watch.work.length)
          expect(data[`delete${many}`].results.flatMap(({ userErrors }: Any) => userErrors)).toEqual([])
        }
      }
      for (const [verb, [one, twenty]] of Object.entries(counts))
        expect({ verb, statements: twenty }).toEqual({ verb, statements: one })
    },
  )

  it.each(['REJECT_EVERYTHING', 'REJECT_FAILED_ROWS'])(
    'of 200 accounts and of 200 deals sends what one does, under %s',
    async (policy) => {
      const counts = new Map<number, number[]>()
      for (const size of [1, 20, 200]) {
        const rows = Array.from({ length: size }, (_, n) => ({ name: `AcmeMark bulk ${n}` }))
        const own: number[] = []
        const accounts = await counted(
          `mutation($input: [CreateAccountInput!]!) { createAccounts(input: $input, errorPolicy: ${policy}) { results { account { id owner { name } } } } }`,
          { input: rows },
        )
        own.push(watch.work.length)
        const made = accounts.data.createAccounts.results.map(({ account }: Any) => account.id)
        expect(made).toHaveLength(size)
        const deals = await counted(
          `mutation($input: [CreateOpportunityInput!]!) { createOpportunities(input: $input, errorPolicy: ${policy}) { results { opportunity { id stage { name } } } } }`,
          {
            input: made.map((accountId: string, n: number) => ({
              name: `AcmeMark deal ${n}`,
              accountId,
              amount: { amount: '10' },
            })),
          },
        )
        own.push(watch.work.length)
        expect(deals.data.createOpportunities.results.every(({ opportunity }: Any) => opportunity.stage.name)).toBe(
          true,
        )
        const changed = await counted(
          `mutation($input: [UpdateAccountRow!]!) { updateAccounts(input: $input, errorPolicy: ${policy}) { results { account { version } } } }`,
          {
            input: made.map((id: string, n: number) => ({
              id,
              input: { name: `AcmeMark renamed ${n}` },
              expectedVersion: 1,
            })),
          },
        )
        own.push(watch.work.length)
        expect(changed.data.updateAccounts.results.every(({ account }: Any) => account.version === 2)).toBe(true)
        counts.set(size, own)
      }
      expect([counts.get(20), counts.get(200)]).toEqual([counts.get(1), counts.get(1)])
    },
  )
})
