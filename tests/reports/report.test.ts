import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { rate, salesPipeline } from '../sales/forecasts.ts'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let rep: Person
let colleague: Person
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  rep = await person(test, acme, 'rep')
  colleague = await person(test, acme, 'rep')
  await salesPipeline(acme)
  await rate(acme, 'EUR', '1.1', '2020-01-01')
  for (const [industry, ownerId, name] of [
    ['retail', rep.id, 'A'],
    ['retail', rep.id, 'B'],
    ['mining', colleague.id, 'C'],
  ])
    await make(acme, 'Account', { name, industry, ownerId })
})
afterAll(() => test.close())

const CREATE = `mutation($input: CreateReportInput!) { createReport(input: $input) { report { id } userErrors { code field message } } }`
const RUN = `query($id: ID!, $parameters: JSON) { runReport(id: $id, parameters: $parameters) { columns { key label kind type } rows { values } totals { values } truncated } }`
const PREVIEW = `query($definition: ReportDefinitionInput!, $parameters: JSON) { runReportDefinition(definition: $definition, parameters: $parameters) { columns { key type } rows { values } totals { values } truncated } }`

const byIndustry = {
  object: 'Account',
  name: 'By industry',
  measures: [{ function: 'COUNT', label: 'Companies' }],
  dimensions: [{ field: 'industry' }],
  filter: { name: { in: { param: 'names' } } },
  parameters: [{ name: 'names', type: 'TEXT', list: true }],
}
const create = async (of: Pick<Company, 'run'>, input: Any) => {
  const { createReport } = await of.run<Any>(CREATE, { input })
  expect(createReport.userErrors).toEqual([])
  return createReport.report.id as string
}
const refused = async (input: Any, of: Pick<Company, 'run'> = acme) =>
  (await of.run<Any>(CREATE, { input: { ...byIndustry, ...input } })).createReport.userErrors.map(
    ({ code, field }: Any) => `${code} ${field.join('.')}`,
  )
const run = async (of: Pick<Company, 'run'>, id: string, parameters?: Any) =>
  (await of.run<Any>(RUN, { id, parameters })).runReport
const preview = async (definition: Any, parameters?: Any, of: Pick<Company, 'run'> = acme) =>
  (await of.run<Any>(PREVIEW, { definition, parameters })).runReportDefinition
const values = (rows: Any[]) => rows.map((row) => row.values)

describe('a report', () => {
  it('gives columns, rows and totals, with what a parameter says', async () => {
    const id = await create(acme, byIndustry)
    expect(await run(acme, id, { names: ['A', 'C'] })).toEqual({
      columns: [
        { key: 'industry', label: 'industry', kind: 'DIMENSION', type: 'TEXT' },
        { key: 'COUNT', label: 'Companies', kind: 'MEASURE', type: 'INTEGER' },
      ],
      rows: [{ values: ['mining', 1] }, { values: ['retail', 1] }],
      totals: [{ values: [null, 2] }],
      truncated: false,
    })
    // Without the parameter the condition is left out.
    expect(values((await run(acme, id)).rows)).toEqual([
      ['mining', 1],
      ['retail', 2],
    ])
    expect(values((await run(acme, id, { names: [] })).rows)).toEqual([])
  })

  it('counts what its viewer sees, whoever wrote it', async () => {
    const id = await create(acme, { ...byIndustry, visibility: 'PUBLIC' })
    expect(values((await run(rep, id)).rows)).toEqual([['retail', 2]])
    expect(values((await run(colleague, id)).rows)).toEqual([['mining', 1]])
  })

  it('is seen by its visibility: private, by teams, public', async () => {
    const ids = await Promise.all(
      ['PRIVATE', 'TEAM', 'PUBLIC'].map((visibility) => create(rep, { ...byIndustry, visibility })),
    )
    const seen = async (of: Pick<Company, 'run'>) =>
      (await Promise.all(ids.map((id) => run(of, id)))).map((one) => one !== null)
    expect(await seen(rep)).toEqual([true, true, true])
    const mate = await person(test, acme, 'rep')
    expect(await seen(mate)).toEqual([false, false, true])
    const { id: teamId } = await make(acme, 'Team')
    for (const userId of [rep.id, mate.id]) await make(acme, 'TeamMember', { teamId, userId })
    expect(await seen(mate)).toEqual([false, true, true])
    // Whoever reads everything does not read what is private.
    expect(await seen(await person(test, acme, 'readonly'))).toEqual([false, false, true])
    expect(await seen(test.globex)).toEqual([false, false, false])
    const list = await mate.run<Any>('query($ids: [ID!]) { reports(where: { id: { in: $ids } }) { nodes { id } } }', {
      ids,
    })
    // Made at once, in no order.
    expect(list.reports.nodes.map(({ id }: Any) => id).sort()).toEqual(ids.slice(1).sort())
    // What is seen is not thereby written.
    const write = `mutation($id: ID!) { updateReport(id: $id, input: { name: "Mine" }) { userErrors { code } } }`
    const codes = []
    for (const id of ids) codes.push((await mate.run<Any>(write, { id })).updateReport.userErrors[0].code)
    expect(codes).toEqual(['NOT_FOUND', 'FORBIDDEN', 'FORBIDDEN'])
  })

  it('answers FIELD_FORBIDDEN to whom a field of it is hidden from, and other numbers to nobody', async () => {
    const { id: roleId } = await make(acme, 'Role')
    await make(acme, 'ObjectPermission', {
      roleId,
      object: '*',
      canRead: true,
      readScope: 'ALL',
      canCreate: true,
      allowList: false,
    })
    await make(acme, 'ObjectPermission', { roleId, object: 'User', canRead: true, readScope: 'ALL', allowList: false })
    await make(acme, 'FieldPermission', { roleId, object: 'Account', field: 'industry', access: 'HIDDEN' })
    const { key } = (await acme.run<Any>('query($id: ID!) { role(id: $id) { key } }', { id: roleId })).role
    const blind = await person(test, acme, key)
    const grouped = await create(acme, { ...byIndustry, visibility: 'PUBLIC' })
    const filtered = await create(acme, {
      ...byIndustry,
      visibility: 'PUBLIC',
      dimensions: [],
      filter: { industry: { eq: 'retail' } },
    })
    const plainOne = await create(acme, { ...byIndustry, visibility: 'PUBLIC', dimensions: [] })
    for (const id of [grouped, filtered])
      expect((await blind.ask<Any>(RUN, { id })).errors?.map(({ extensions }) => extensions.code)).toEqual([
        'FIELD_FORBIDDEN',
      ])
    expect(values((await run(blind, plainOne)).rows)).toEqual([[3]])
    expect(await refused({}, blind)).toEqual(['FIELD_FORBIDDEN input.dimensions.0.field'])
  })

  it('adds up no amounts of different currencies but at a rate', async () => {
    for (const [amount, currency] of [
      ['100', 'USD'],
      ['10.05', 'EUR'],
      ['20', 'EUR'],
    ])
      await make(acme, 'Opportunity', { name: 'Sum', amount: { amount, currency }, currency })
    const definition = {
      object: 'Opportunity',
      measures: [{ function: 'SUM', field: 'amount' }, { function: 'AVG', field: 'amount' }, { function: 'COUNT' }],
      dimensions: [{ field: 'name' }],
      filter: { name: { eq: 'Sum' } },
    }
    const each = await preview(definition)
    expect(each.columns.map(({ key }: Any) => key)).toEqual(['name', 'currency', 'SUM amount', 'AVG amount', 'COUNT'])
    expect(values(each.rows)).toEqual([
      ['Sum', 'EUR', { amount: '30.05', currency: 'EUR' }, { amount: '15.025', currency: 'EUR' }, 2],
      ['Sum', 'USD', { amount: '100.00', currency: 'USD' }, { amount: '100.00', currency: 'USD' }, 1],
    ])
    expect(values(each.totals).map(([name, currency]: Any) => [name, currency])).toEqual([
      [null, 'EUR'],
      [null, 'USD'],
    ])
    const base = await preview({ ...definition, currencies: 'BASE' })
    // 100 + 30.05 × 1.1 = 133.055, rounded once.
    expect(values(base.rows)).toEqual([
      ['Sum', { amount: '133.06', currency: 'USD' }, { amount: '44.35', currency: 'USD' }, 3],
    ])
    await make(acme, 'Opportunity', { name: 'Sum', amount: { amount: '1', currency: 'JPY' }, currency: 'JPY' })
    const answer = await acme.ask<Any>(PREVIEW, { definition: { ...definition, currencies: 'BASE' } })
    expect(answer.errors?.map(({ extensions }) => [extensions.code, extensions.currency])).toEqual([
      ['CURRENCY_RATE_MISSING', 'JPY'],
    ])
  })

  it('goes over relations to one record, and shows records with their names', async () => {
    const { rows } = await preview({
      object: 'Account',
      measures: [{ function: 'COUNT' }],
      dimensions: [{ field: 'ownerId' }, { field: 'owner.status' }],
      filter: { name: { in: ['A', 'B', 'C'] } },
      orderBy: [{ by: 'MEASURE', index: 0, direction: 'DESC' }],
    })
    const name = async (id: string) =>
      (await acme.run<Any>('query($id: ID!) { user(id: $id) { name } }', { id })).user.name
    expect(values(rows)).toEqual([
      [{ id: rep.id, name: await name(rep.id) }, 'ACTIVE', 2],
      [{ id: colleague.id, name: await name(colleague.id) }, 'ACTIVE', 1],
    ])
  })

  it('puts moments into days and months of the company’s time zone', async () => {
    const inShanghai = { object: 'Activity', measures: [{ function: 'COUNT' }], filter: { subject: { eq: 'Zone' } } }
    // Half past four in the afternoon of the 31st in UTC is the first of the next month in Shanghai.
    await make(acme, 'Activity', { subject: 'Zone', startAt: '2026-01-31T16:30:00Z', endAt: '2026-01-31T17:00:00Z' })
    const timezone = (await acme.run<Any>('{ viewer { tenant { timezone } } }')).viewer.tenant.timezone
    const { rows } = await preview({ ...inShanghai, dimensions: [{ field: 'startAt', bucket: 'MONTH' }] })
    expect(values(rows)).toEqual([[timezone === 'Asia/Shanghai' ? '2026-02-01' : '2026-01-01', 1]])
  })

  it('says when there is more than it was asked for', async () => {
    const definition = { ...byIndustry, name: undefined, rowLimit: 1 }
    const result = await preview(definition)
    expect([result.truncated, values(result.rows), values(result.totals)]).toEqual([true, [['mining', 1]], [[null, 3]]])
  })

  it('is refused with the path of what is wrong', async () => {
    expect(await refused({ object: 'Nothing' })).toEqual(['VALIDATION_FAILED input.object'])
    expect(await refused({ measures: [] })).toEqual(['VALIDATION_FAILED input.measures'])
    expect(await refused({ measures: [{ function: 'SUM' }] })).toEqual(['VALIDATION_FAILED input.measures.0.field'])
    expect(await refused({ measures: [{ function: 'SUM', field: 'name' }] })).toEqual([
      'VALIDATION_FAILED input.measures.0.field',
    ])
    expect(await refused({ dimensions: [{ field: 'contacts.name' }] })).toEqual([
      'VALIDATION_FAILED input.dimensions.0.field',
    ])
    expect(await refused({ dimensions: [{ field: 'industry', bucket: 'MONTH' }] })).toEqual([
      'VALIDATION_FAILED input.dimensions.0.field',
    ])
    expect(await refused({ filter: { nothing: { eq: 1 } } })).toEqual(['VALIDATION_FAILED input.filter'])
    expect(await refused({ filter: { name: { eq: { param: 'other' } } } })).toEqual([
      'VALIDATION_FAILED input.filter.name.eq',
    ])
    // Without a value it would turn the meaning of the whole.
    expect(await refused({ filter: { not: { name: { in: { param: 'names' } } } } })).toEqual([
      'VALIDATION_FAILED input.filter.not.name.in',
    ])
    expect(await refused({ orderBy: [{ by: 'MEASURE', index: 1 }] })).toEqual([
      'VALIDATION_FAILED input.orderBy.0.index',
    ])
    expect(
      await refused({
        parameters: [
          { name: 'names', type: 'TEXT', list: true },
          { name: 'A b', type: 'DATE', default: 'soon' },
        ],
      }),
    ).toEqual(['VALIDATION_FAILED input.parameters.1.name', 'VALIDATION_FAILED input.parameters.1.default'])
  })

  it('is run with parameters that it knows', async () => {
    const id = await create(acme, {
      ...byIndustry,
      filter: { createdAt: { gte: { param: 'from' } } },
      parameters: [{ name: 'from', type: 'DATETIME', required: true }],
    })
    const codes = async (parameters: Any) =>
      (await acme.ask<Any>(RUN, { id, parameters })).errors?.map(({ extensions }) => [
        extensions.code,
        extensions.field,
      ])
    expect(await codes(null)).toEqual([['BAD_USER_INPUT', ['parameters', 'from']]])
    expect(await codes({ from: 'never' })).toEqual([['BAD_USER_INPUT', ['parameters', 'from']]])
    expect(await codes({ from: 'TODAY', to: 'TODAY' })).toEqual([['BAD_USER_INPUT', ['parameters']]])
    expect(values((await run(acme, id, { from: 'START_OF_YEAR-1Y' })).totals)).toEqual([[null, 3]])
    expect(values((await run(acme, id, { from: 'TODAY+1D' })).totals)).toEqual([[null, 0]])
  })
})

describe('having', () => {
  const havingOf = (...having: [number, string, string][]) =>
    having.map(([measure, operator, value]) => ({ measure, operator, value }))

  it('shows the rows whose counts, numbers and amounts hold, in a saved report and its files', async () => {
    await make(acme, 'FieldDefinition', {
      object: 'Account',
      apiName: 'seats',
      type: 'NUMBER',
      required: false,
      unique: false,
      indexed: false,
      defaultValue: null,
      min: null,
      max: null,
      maxLength: null,
      pattern: null,
      options: [],
      refObject: null,
      label: { en: 'Seats' },
    })
    const money = (amount: string, currency: string) => ({ amount, currency })
    for (const [industry, employees, seats, annualRevenue] of [
      ['h1', 10, 1, money('100', 'USD')],
      ['h1', 20, 2, money('0.5', 'USD')],
      ['h2', 30, 3, money('100', 'EUR')],
      ['h3', 5, null, null],
    ])
      await make(acme, 'Account', {
        industry,
        employees,
        annualRevenue,
        creditLimit: null,
        currency: (annualRevenue as Any)?.currency ?? null,
        customFields: { seats },
      })
    const base = {
      object: 'Account',
      measures: [
        { function: 'COUNT' },
        { function: 'SUM', field: 'employees' },
        { function: 'MAX', field: 'customFields.seats' },
      ],
      dimensions: [{ field: 'industry' }],
      filter: { industry: { startsWith: 'h' } },
    }
    const rows = async (...having: [number, string, string][]) =>
      (await preview({ ...base, having: havingOf(...having) })).rows.map((row: Any) => row.values[0])
    expect(await rows()).toEqual(['h1', 'h2', 'h3'])
    expect(await rows([0, 'GTE', '2'])).toEqual(['h1'])
    expect(await rows([0, 'EQ', '1'])).toEqual(['h2', 'h3'])
    expect(await rows([0, 'NEQ', '1'])).toEqual(['h1'])
    expect(await rows([1, 'LT', '30'])).toEqual(['h3'])
    expect(await rows([1, 'LTE', '30'], [1, 'GT', '5.5'])).toEqual(['h1', 'h2'])
    // Nothing is neither more nor less.
    expect(await rows([2, 'GT', '2'])).toEqual(['h2'])
    expect(await rows([2, 'LTE', '2'])).toEqual(['h1'])
    const amounts = {
      ...base,
      measures: [{ function: 'SUM', field: 'annualRevenue' }],
      filter: { industry: { in: ['h1', 'h2'] } },
    }
    const own = await preview({ ...amounts, having: havingOf([0, 'GT', '100']) })
    expect(values(own.rows)).toEqual([['h1', 'USD', money('100.50', 'USD')]])
    expect(values(own.totals)).toEqual([
      [null, 'EUR', money('100.00', 'EUR')],
      [null, 'USD', money('100.50', 'USD')],
    ])
    const inBase = await preview({ ...amounts, currencies: 'BASE', having: havingOf([0, 'GT', '105']) })
    expect(values(inBase.rows)).toEqual([['h2', money('110.00', 'USD')]])
    const id = await create(acme, { ...base, name: 'Crowded', having: havingOf([0, 'GTE', '2']) })
    expect(values((await run(acme, id)).rows).map(([industry]) => industry)).toEqual(['h1'])
    expect((await run(acme, id)).totals[0].values[1]).toBe(4)
    const { updateReport } = await acme.run<Any>(
      'mutation($id: ID!) { updateReport(id: $id, input: { having: [{ measure: 0, operator: LT, value: "2" }] }) { report { having { measure operator value } } userErrors { code } } }',
      { id },
    )
    expect(updateReport).toEqual({ report: { having: havingOf([0, 'LT', '2']) }, userErrors: [] })
    expect(values((await run(acme, id)).rows).map(([industry]) => industry)).toEqual(['h2', 'h3'])
  })

  it('is refused for what is no number, for a measure that there is not, and for more than ten', async () => {
    const measures = [{ function: 'COUNT' }, { function: 'MAX', field: 'createdAt' }]
    const codes = (...having: [number, string, string][]) => refused({ measures, having: havingOf(...having) })
    expect(await codes([2, 'EQ', '1'])).toEqual(['VALIDATION_FAILED input.having.0.measure'])
    expect(await codes([-1, 'EQ', '1'])).toEqual(['VALIDATION_FAILED input.having.0.measure'])
    expect(await codes([0, 'EQ', '1'], [1, 'EQ', '1'])).toEqual(['VALIDATION_FAILED input.having.1.measure'])
    for (const value of ['many', '', '1e3', '1; DROP TABLE report'])
      expect([value, await codes([0, 'EQ', value])]).toEqual([value, ['VALIDATION_FAILED input.having.0.value']])
    expect(await codes(...Array.from({ length: 11 }, (): [number, string, string] => [0, 'GT', '1']))).toEqual([
      'VALIDATION_FAILED input.having',
    ])
  })

  it('leaves out no row of which the rate is missing', async () => {
    await make(acme, 'Account', {
      industry: 'j1',
      annualRevenue: { amount: '1', currency: 'JPY' },
      creditLimit: null,
      currency: 'JPY',
    })
    const { errors } = await acme.ask<Any>(PREVIEW, {
      definition: {
        object: 'Account',
        measures: [{ function: 'SUM', field: 'annualRevenue' }],
        dimensions: [{ field: 'industry' }],
        filter: { industry: { eq: 'j1' } },
        currencies: 'BASE',
        having: havingOf([0, 'GT', '1000000']),
      },
    })
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['CURRENCY_RATE_MISSING'])
  })
})
