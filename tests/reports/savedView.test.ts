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
})
afterAll(() => test.close())

const CREATE = `mutation($input: CreateSavedViewInput!) { createSavedView(input: $input) { savedView { id } userErrors { code field } } }`
const create = async (of: Pick<Company, 'run'>, input: Any) =>
  (await of.run<Any>(CREATE, { input: { object: 'Account', name: 'View', ...input } })).createSavedView
const refused = async (input: Any, of: Pick<Company, 'run'> = acme) =>
  (await create(of, input)).userErrors.map(({ code, field }: Any) => `${code} ${field.join('.')}`)
const defaults = async (of: Pick<Company, 'run'>, object = 'Account') =>
  (
    await of.run<Any>(
      'query($object: String!) { savedViews(where: { isDefault: { eq: true }, object: { eq: $object } }) { nodes { id } } }',
      { object },
    )
  ).savedViews.nodes.map(({ id }: Any) => id)

describe('a saved view', () => {
  it('gives back what lists are asked with', async () => {
    const input = {
      filter: { name: { startsWith: 'A' } },
      sort: [{ field: 'NAME', direction: 'DESC' }],
      columns: ['name', 'owner.name', 'industry'],
      grouping: 'industry',
    }
    const { savedView } = await create(rep, input)
    const read = await rep.run<Any>(
      'query($id: ID!) { savedView(id: $id) { filter sort columns grouping visibility owner { id } } }',
      { id: savedView.id },
    )
    expect(read.savedView).toEqual({ ...input, visibility: 'PRIVATE', owner: { id: rep.id } })
    for (const name of ['A1', 'A2', 'B']) await make(acme, 'Account', { name, ownerId: rep.id })
    const { accounts } = await rep.run<Any>(
      'query($where: AccountFilter, $orderBy: [AccountOrder!]) { accounts(where: $where, orderBy: $orderBy) { nodes { name } } }',
      { where: read.savedView.filter, orderBy: read.savedView.sort },
    )
    expect(accounts.nodes.map(({ name }: Any) => name)).toEqual(['A2', 'A1'])
  })

  it('is refused with the path of what its type does not have', async () => {
    expect(await refused({ object: 'Nothing' })).toEqual(['VALIDATION_FAILED input.object'])
    expect(await refused({ filter: { name: { like: 'x' } } })).toEqual(['VALIDATION_FAILED input.filter.name'])
    expect(await refused({ sort: [{ field: 'NOTHING' }] })).toEqual(['VALIDATION_FAILED input.sort.0.field'])
    expect(await refused({ columns: ['name', 'nothing', 'name'] })).toEqual([
      'VALIDATION_FAILED input.columns.1',
      'VALIDATION_FAILED input.columns.2',
    ])
    expect(await refused({ columns: ['contacts.name'] })).toEqual(['VALIDATION_FAILED input.columns.0'])
    expect(await refused({ grouping: 'annualRevenue' })).toEqual(['VALIDATION_FAILED input.grouping'])
  })

  it('names no field that is hidden from its writer', async () => {
    const { id: roleId } = await make(acme, 'Role')
    for (const object of ['*', 'User'])
      await make(acme, 'ObjectPermission', {
        roleId,
        object,
        canRead: true,
        canCreate: true,
        readScope: 'ALL',
        allowList: false,
      })
    await make(acme, 'FieldPermission', { roleId, object: 'Account', field: 'industry', access: 'HIDDEN' })
    const { key } = (await acme.run<Any>('query($id: ID!) { role(id: $id) { key } }', { id: roleId })).role
    const blind = await person(test, acme, key)
    expect(
      await refused(
        {
          columns: ['industry'],
          filter: { industry: { eq: 'x' } },
          sort: [{ field: 'INDUSTRY' }],
          grouping: 'industry',
        },
        blind,
      ),
    ).toEqual([
      'FIELD_FORBIDDEN input.filter.industry',
      'FIELD_FORBIDDEN input.sort.0',
      'FIELD_FORBIDDEN input.grouping',
      'FIELD_FORBIDDEN input.columns.0',
    ])
    expect(await refused({ columns: ['name'] }, blind)).toEqual([])
  })

  it('is the default of its owner and type alone', async () => {
    const first = (await create(rep, { isDefault: true })).savedView.id
    const other = (await create(rep, { object: 'Contact', isDefault: true })).savedView.id
    const second = (await create(rep, { isDefault: true })).savedView.id
    expect([await defaults(rep), await defaults(rep, 'Contact')]).toEqual([[second], [other]])
    const mate = await person(test, acme, 'rep')
    const theirs = (await create(mate, { isDefault: true })).savedView.id
    expect([await defaults(rep), await defaults(mate)]).toEqual([[second], [theirs]])
    // Ten at once: one of them it is.
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        rep.run(
          'mutation($id: ID!, $input: UpdateSavedViewInput!) { updateSavedView(id: $id, input: $input) { userErrors { code } } }',
          {
            id: n % 2 ? first : second,
            input: { isDefault: true },
          },
        ),
      ),
    )
    expect(await defaults(rep)).toHaveLength(1)
  })
})
