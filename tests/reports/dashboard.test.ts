import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let rep: Person
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  rep = await person(test, acme, 'rep')
  for (const [name, ownerId] of [
    ['A', rep.id],
    ['B', rep.id],
    ['C', acme.adminUserId],
  ])
    await make(acme, 'Account', { name, ownerId })
})
afterAll(() => test.close())

const DATA = `query($id: ID!, $parameters: JSON) { dashboardData(id: $id, parameters: $parameters) { name widgets { widget { reportId x } title chart result { rows { values } } error { code } } } }`
const data = async (of: Pick<Company, 'run'>, id: string, parameters?: Any) =>
  (await of.run<Any>(DATA, { id, parameters })).dashboardData
const count = (more: Any = {}) =>
  make(acme, 'Report', {
    object: 'Account',
    measures: [{ function: 'COUNT' }],
    filter: { name: { in: { param: 'names' } } },
    parameters: [{ name: 'names', type: 'TEXT', list: true }],
    visibility: 'PUBLIC',
    ...more,
  })
const refused = async (layout: Any) =>
  (
    await acme.run<Any>(
      'mutation($input: CreateDashboardInput!) { createDashboard(input: $input) { userErrors { code field } } }',
      { input: { name: 'Board', layout } },
    )
  ).createDashboard.userErrors.map(({ code, field }: Any) => `${code} ${field.join('.')}`)

describe('dashboardData', () => {
  it('runs every report as the caller, with parameters of the dashboard before those of its widgets', async () => {
    const { id: reportId } = await count({ name: 'How many' })
    const { id } = await make(acme, 'Dashboard', {
      name: 'Board',
      visibility: 'PUBLIC',
      layout: [
        { reportId, x: 0, parameters: { names: ['A'] } },
        { reportId, x: 6, title: 'All', chart: 'NUMBER' },
        { reportId: 'standard:customers.new_by_month', x: 12 },
      ],
    })
    const figures = (board: Any) => board.widgets.slice(0, 2).map(({ result }: Any) => result.rows[0].values[0])
    const board = await data(acme, id)
    expect(figures(board)).toEqual([1, 3])
    expect(board.widgets.map(({ title, chart, error }: Any) => [title, chart, error])).toEqual([
      ['How many', 'TABLE', null],
      ['All', 'NUMBER', null],
      ['New customers by month', 'LINE', null],
    ])
    expect(figures(await data(rep, id))).toEqual([1, 2])
    // A parameter that a report does not have is for the others.
    expect(figures(await data(acme, id, { names: ['B', 'C'], other: 1 }))).toEqual([2, 2])
    expect(await data(test.globex, id)).toBeNull()
  })

  it('says of each report what went wrong with it, and gives the others', async () => {
    const { id: hidden } = await count({ visibility: 'PRIVATE' })
    const { id: fine } = await count()
    const { id: asking } = await count({ parameters: [{ name: 'names', type: 'TEXT', list: true, required: true }] })
    const { id } = await make(acme, 'Dashboard', {
      visibility: 'PUBLIC',
      layout: [hidden, fine, asking].map((reportId) => ({ reportId })),
    })
    const widgets = (await data(rep, id)).widgets.map(
      ({ error, result }: Any) => error?.code ?? result.rows[0].values[0],
    )
    expect(widgets).toEqual(['NOT_FOUND', 2, 'BAD_USER_INPUT'])
  })

  it('shows a private dashboard to its owner alone', async () => {
    const { id } = await make(acme, 'Dashboard', { ownerId: rep.id, visibility: 'PRIVATE', layout: [] })
    expect((await data(rep, id)).widgets).toEqual([])
    expect(await data(await person(test, acme, 'manager'), id)).toBeNull()
  })

  it('takes reports that its writer sees, at places that there are', async () => {
    const { id: reportId } = await count()
    const { id: theirs } = await make(test.globex, 'Report', {})
    expect(await refused([{ reportId, x: 23, y: 0, w: 24, h: 1 }])).toEqual([])
    expect(await refused([{ reportId }, { reportId: theirs }])).toEqual(['REFERENCE_NOT_FOUND input.layout.1.reportId'])
    expect(await refused([{ reportId: 'standard:nothing' }])).toEqual(['REFERENCE_NOT_FOUND input.layout.0.reportId'])
    expect(await refused([{ reportId, x: 24 }])).toEqual(['VALIDATION_FAILED input.layout.0.x'])
    expect(await refused([{ reportId, parameters: [1] }])).toEqual(['VALIDATION_FAILED input.layout.0.parameters'])
    expect(await refused(Array.from({ length: 25 }, () => ({ reportId })))).toEqual(['VALIDATION_FAILED input.layout'])
  })
})
