import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { defineField } from '../support/custom.ts'
import { make } from '../support/factory.ts'

let test: TestApp
beforeAll(async () => {
  test = await testApp()
  for (const object of ['Quote', 'QuoteLine', 'OrderLine', 'ContractLine', 'Task']) {
    await defineField(test.acme, object, 'note', 'TEXT')
    await defineField(test.acme, object, 'serial', 'TEXT', { unique: true })
    const options = [{ value: 'RED' }, ...(object === 'OrderLine' ? [] : [{ value: 'BLUE' }])]
    await defineField(test.acme, object, 'color', 'SELECT', { options })
    await defineField(test.acme, object, 'colors', 'MULTISELECT', { options })
  }
})
afterAll(() => test?.close())

/** Calls a verb; what it gives under a name. */
async function call(verb: string, args: string, of: string, pick: string): Promise<Any> {
  const data = await test.acme.run<Any>(
    `mutation { done: ${verb}(${args}) { ${of} { ${pick} } userErrors { code message field } } }`,
  )
  expect(data.done.userErrors).toEqual([])
  return data.done[of]
}
const LINES = 'id customFields lines(orderBy: [{ field: SORT }]) { nodes { customFields } }'

async function quote(): Promise<string> {
  const { id: accountId } = await make(test.acme, 'Account')
  const { createQuote } = await test.acme.run<Any>(
    'mutation($input: CreateQuoteInput!) { createQuote(input: $input) { quote { id } userErrors { code message field } } }',
    {
      input: {
        name: 'Copied',
        accountId,
        validUntil: '2099-12-31',
        customFields: { note: '整单', serial: `q ${accountId}` },
        lines: [
          {
            name: 'Lathe',
            unitPrice: { amount: '100', currency: 'USD' },
            sort: 1,
            customFields: { note: '机床', serial: `l ${accountId}`, color: 'BLUE', colors: ['RED', 'BLUE'] },
          },
          {
            name: 'Manual',
            unitPrice: { amount: '5', currency: 'USD' },
            sort: 2,
            customFields: { color: 'RED', colors: ['RED'] },
          },
          { name: 'Plain', unitPrice: { amount: '1', currency: 'USD' }, sort: 3 },
        ],
      },
    },
  )
  expect(createQuote.userErrors).toEqual([])
  return createQuote.quote.id
}
const FIRST = { note: '机床', color: 'BLUE', colors: ['RED', 'BLUE'] }
const SECOND = { color: 'RED', colors: ['RED'] }
const fieldsOf = (document: Any) => document.lines.nodes.map(({ customFields }: Any) => customFields)

it('a revision has the custom fields of its quote but for what only one record may have', async () => {
  const revised = await call('reviseQuote', `id: "${await quote()}"`, 'quote', LINES)
  expect(revised.customFields).toEqual({ note: '整单' })
  expect(fieldsOf(revised)).toEqual([FIRST, SECOND, {}])
})

it('lines of a quote become lines of a contract and of an order with the fields that these have too', async () => {
  const taken = async () => {
    const id = await quote()
    await call('sendQuote', `id: "${id}"`, 'quote', 'id')
    await call('acceptQuote', `id: "${id}", signedBy: "王"`, 'quote', 'id')
    return id
  }
  const span = 'startDate: "2026-01-01", endDate: "2026-12-31"'
  const contract = await call('quoteToContract', `quoteId: "${await taken()}", ${span}`, 'contract', LINES)
  expect(fieldsOf(contract)).toEqual([FIRST, SECOND, {}])
  const order = await call('quoteToOrder', `quoteId: "${await taken()}"`, 'order', LINES)
  // Orders know no blue.
  expect(fieldsOf(order)).toEqual([{ note: '机床' }, SECOND, {}])
})

it('the next task of a series has the fields of the last', async () => {
  const { id } = await make(test.acme, 'Task', {
    dueAt: '2026-03-27T08:00:00Z',
    startAt: null,
    status: 'NOT_STARTED',
    recurrence: 'FREQ=WEEKLY;COUNT=3',
    customFields: { note: '每周', serial: 'week' },
  })
  await call('completeTask', `id: "${id}"`, 'task', 'id')
  const { tasks } = await test.acme.run<Any>(
    'query($id: ID!) { tasks(where: { recurrenceOfId: { eq: $id } }) { nodes { customFields } } }',
    { id },
  )
  expect(tasks.nodes).toEqual([{ customFields: { note: '每周' } }])
})
