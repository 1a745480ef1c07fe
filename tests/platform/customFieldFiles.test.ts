import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import type { Viewer } from '../../src/context.ts'
import { parseMapping } from '../../src/jobs/import/mapping.ts'
import { runImport } from '../../src/jobs/import/run.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { address, type ExportServer, exportServer, jsonl } from '../export/server.ts'
import { fileOf } from '../import/files.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { account, defineField } from '../support/custom.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let server: ExportServer
let manager: Person
let job: Viewer

beforeAll(async () => {
  app = await testApp()
  const { acme } = app
  server = await exportServer(app)
  await defineField(acme, 'Account', 'tier', 'SELECT', { options: [{ value: 'GOLD' }, { value: 'SILVER' }], sort: 1 })
  await defineField(acme, 'Account', 'seats', 'NUMBER', { sort: 2 })
  await defineField(acme, 'Account', 'budget', 'CURRENCY', { sort: 3 })
  await defineField(acme, 'Account', 'vip', 'BOOL', { sort: 4 })
  await defineField(acme, 'Account', 'since', 'DATE', { sort: 5 })
  await defineField(acme, 'Account', 'topics', 'MULTISELECT', { options: [{ value: 'A' }, { value: 'B' }], sort: 6 })
  await defineField(acme, 'Account', 'product', 'REFERENCE', { refObject: 'Product', sort: 7 })
  await defineField(acme, 'Account', 'rival', 'REFERENCE', { refObject: 'Account', sort: 8 })
  await defineField(acme, 'Account', 'serial', 'TEXT', { unique: true, sort: 9 })
  job = jobViewer({ id: uuidIn(acme.id), timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' })
  manager = await person(app, acme, 'manager')
})

afterAll(async () => {
  await server.close()
  await app.close()
})

const columns = {
  Name: 'name',
  Key: 'externalId',
  Tier: { field: 'customFields.tier', map: { gold: 'GOLD', silver: 'SILVER', none: 'NONE' } },
  Seats: { field: 'customFields.seats', number: { integer: true } },
  Budget: { field: 'customFields.budget', money: { currency: 'CNY', group: ',' } },
  VIP: { field: 'customFields.vip', boolean: { true: ['yes'], false: ['no'] } },
  Since: { field: 'customFields.since', date: 'dd.MM.yyyy' },
  Topics: { field: 'customFields.topics', split: ';' },
  Product: { field: 'customFields.product', reference: { type: 'Product', by: 'code' } },
  Rival: { field: 'customFields.rival', reference: { type: 'Account', by: 'externalId' } },
  Serial: { field: 'customFields.serial', clear: true },
}
const HEAD = Object.keys(columns).join(',')

function load(lines: string[], more: Record<string, unknown> = {}, mapping: Any = { type: 'Account', columns }) {
  const file = fileOf(`${lines.join('\n')}\n`)
  return runImport({
    tenancy: app.app.tenancy,
    viewer: job,
    mapping: parseMapping(mapping),
    file,
    mode: 'create',
    ...more,
  })
}

const find = async (name: string) =>
  (
    await app.acme.run<Any>(
      'query($n: String) { accounts(where: { name: { eq: $n } }) { nodes { id version customFields } } }',
      { n: name },
    )
  ).accounts.nodes[0]

describe('imports of custom fields', () => {
  it('convert by the mapping as other fields, and look references up, in the file too', async () => {
    const product = await make(app.acme, 'Product', { code: 'P-1' })
    const summary = await load([
      HEAD,
      'One,K1,gold,12,"1,200.50",yes,31.12.1999,A;B,P-1,K2,S1',
      'Two,K2,silver,,,no,,,,,S2',
    ])
    expect(summary).toMatchObject({ created: 2, failed: 0, problems: 0 })
    const two = await find('Two')
    expect((await find('One')).customFields).toEqual({
      tier: 'GOLD',
      seats: 12,
      budget: { amount: '1200.50', currency: 'CNY' },
      vip: true,
      since: '1999-12-31',
      topics: ['A', 'B'],
      product: product.id,
      rival: two.id,
      serial: 'S1',
    })
    expect(two.customFields).toEqual({ tier: 'SILVER', vip: false, serial: 'S2' })
  })

  it('write nothing that is as it was, and keep what the row does not name', async () => {
    const rows = ['One,K1,gold,12,"1,200.50",yes,31.12.1999,A;B,P-1,K2,S1', 'Two,K2,gold,,,no,,,,,']
    const summary = await load([HEAD, ...rows], { mode: 'upsert' }, { type: 'Account', columns, key: ['externalId'] })
    expect(summary).toMatchObject({ updated: 1, unchanged: 1, failed: 0 })
    expect((await find('Two')).customFields).toEqual({ tier: 'GOLD', vip: false })
  })

  it('tell by line and column what is wrong, and write the other rows', async () => {
    const errorsFile = fileOf('')
    const summary = await load(
      [
        HEAD,
        'Bad,K3,none,12,,,,,,,',
        'Fine,K4,gold,1,,,,,,,S9',
        'Double,K5,gold,2,,,,,,,S9',
        'Topic,K6,,,,,,A;C,,,',
        'None,K7,,,,,,,P-9,,',
      ],
      { errorsFile },
    )
    expect(summary).toMatchObject({ created: 1, failed: 4 })
    const { readFileSync } = await import('node:fs')
    const told = (parse(readFileSync(errorsFile, 'utf8'), { bom: true }) as string[][]).slice(1)
    expect(told.map((row) => row.slice(0, 3).join(' ')).sort()).toEqual([
      '2 Tier VALIDATION_FAILED',
      '4 Serial UNIQUE_VIOLATION',
      '5 Topics VALIDATION_FAILED',
      '6 Product REFERENCE_NOT_FOUND',
    ])
  })

  it.each([
    [{ X: 'customFields.nothing' }, 'Account has no field "customFields.nothing"'],
    [{ X: 'customFields' }, 'the field "customFields" has parts'],
    [{ X: { field: 'customFields.seats', number: true } }, 'is a whole number'],
    [{ X: { field: 'customFields.budget', number: true } }, 'is an amount; it needs "money"'],
    [
      { X: { field: 'customFields.product', reference: { type: 'Account', by: 'code' } } },
      'does not refer to a record of Account',
    ],
  ])('are refused before the first row where the mapping does not fit: %j', async (wrong, message) => {
    await expect(load(['Name,X', 'A,B'], {}, { type: 'Account', columns: { Name: 'name', ...wrong } })).rejects.toThrow(
      message,
    )
  })

  it('demand what the definitions demand', async () => {
    await defineField(app.acme, 'Tag', 'owner', 'TEXT', { required: true })
    await expect(load(['Name', 'A'], {}, { type: 'Tag', columns: { Name: 'name' } })).rejects.toThrow(
      'nothing fills "customFields.owner"',
    )
  })
})

describe('exports of custom fields', () => {
  it('have a column for each that the caller sees, amounts two, and follow filters and orders over them', async () => {
    const made = await account(app.acme, 'Exported', {
      seats: 77,
      tier: 'GOLD',
      topics: ['B'],
      budget: { amount: '5', currency: 'EUR' },
      serial: '=1+1',
    })
    await app.acme.run(
      'mutation($id: ID!, $o: ID!) { updateAccount(id: $id, input: { ownerId: $o }) { userErrors { code } } }',
      { id: made.id, o: manager.id },
    )
    server.forget()
    const where = { customFields: [{ field: 'seats', gte: 77 }] }
    const orderBy = [{ customField: { field: 'seats', direction: 'DESC' } }]
    const csv = await server.get(address('accounts.csv', { where, orderBy }), manager.token)
    expect(csv.status).toBe(200)
    const [row] = parse(csv.body, { columns: true, bom: true }) as Record<string, string>[]
    expect(row).toMatchObject({
      name: 'Exported',
      'customFields.tier': 'GOLD',
      'customFields.seats': '77',
      'customFields.budget.amount': '5.00',
      'customFields.budget.currency': 'EUR',
      'customFields.vip': '',
      'customFields.topics': '["B"]',
      'customFields.serial': "'=1+1",
    })
    const named = await server.get(
      address('accounts.jsonl', { where, fields: 'name,customFields.seats,customFields.vip' }),
      manager.token,
    )
    expect(jsonl(named.body).records).toEqual([{ name: 'Exported', customFields: { seats: 77, vip: null } }])
    const all = await server.get(address('accounts.jsonl', { where, fields: 'id,customFields' }), manager.token)
    expect(jsonl(all.body).records[0]).toMatchObject({
      id: made.id,
      customFields: { seats: 77, tier: 'GOLD', topics: ['B'] },
    })
  })

  it('leave hidden ones out, refuse them by name, and mask', async () => {
    const { roles } = await app.acme.run<Any>('{ roles(where: { key: { eq: "manager" } }) { nodes { id } } }')
    const permit = (field: string, more: Record<string, unknown>) =>
      make(app.acme, 'FieldPermission', { roleId: roles.nodes[0].id, object: 'Account', field, mask: 'NONE', ...more })
    await permit('customFields.seats', { access: 'HIDDEN' })
    await permit('customFields.serial', { access: 'READ', mask: 'LIST' })
    server.forget()
    const csv = await server.get(address('accounts.csv', { where: { name: { eq: 'Exported' } } }), manager.token)
    const [row] = parse(csv.body, { columns: true, bom: true }) as Record<string, string>[]
    expect(row).not.toHaveProperty('customFields.seats')
    expect(row?.['customFields.serial']).toBe("'=***")
    const named = await server.get(address('accounts.csv', { fields: 'name,customFields.seats' }), manager.token)
    expect([named.status, JSON.parse(named.body).errors[0].extensions.coordinate]).toEqual([
      403,
      'Account.customFields.seats',
    ])
    const unknown = await server.get(address('accounts.csv', { fields: 'name,customFields.nothing' }), manager.token)
    expect(unknown.status).toBe(400)
  })
})
