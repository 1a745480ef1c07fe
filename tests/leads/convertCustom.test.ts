import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { defineField } from '../support/custom.ts'
import { person } from '../support/people.ts'
import { type Converting, codes, make, openConverting } from './converting.ts'

let house: Converting
beforeAll(async () => {
  house = await openConverting()
  const { acme } = house
  for (const [object, name, type, more] of [
    ['Lead', 'tier', 'SELECT', { options: [{ value: 'GOLD' }, { value: 'TIN' }] }],
    ['Account', 'tier', 'SELECT', { options: [{ value: 'GOLD' }] }],
    ['Lead', 'grade', 'DECIMAL', {}],
    ['Account', 'grade', 'DECIMAL', {}],
    ['Contact', 'grade', 'TEXT', {}],
    ['Lead', 'hobby', 'TEXT', {}],
    ['Contact', 'interests', 'LONGTEXT', {}],
    ['Contact', 'hobby', 'TEXT', { maxLength: 5 }],
    ['Lead', 'budget', 'CURRENCY', {}],
    ['Opportunity', 'budget', 'CURRENCY', {}],
    ['Lead', 'guide', 'USER', {}],
    ['Contact', 'guide', 'USER', {}],
    ['Lead', 'secret', 'TEXT', {}],
    ['Account', 'secret', 'TEXT', {}],
  ] as const)
    await defineField(acme, object, name, type, more)
})
afterAll(() => house?.close())

const settings = async (customFields: unknown): Promise<string[]> => {
  const { updateLeadSettings } = await house.acme.run<Any>(
    'mutation($input: UpdateLeadSettingsInput!) { updateLeadSettings(input: $input) { leadSettings { customFields { from target to } } userErrors { code field details } } }',
    { input: { customFields } },
  )
  return codes(updateLeadSettings)
}
const custom = async (type: string, id: string) =>
  (await house.acme.run<Any>(`query($id: ID!) { ${type}(id: $id) { customFields } }`, { id }))[type].customFields
const DEAL = { opportunity: { create: { closeDate: '2027-03-31' } } }
const VALUES = { tier: 'GOLD', grade: '12.5', hobby: 'Chess', budget: { amount: '99.5', currency: 'EUR' } }

describe('the custom fields of a converted lead', () => {
  it('go to those of their name and type; what the caller gives goes before, and what fits nowhere stays', async () => {
    const guide = house.acme.adminUserId
    const id = await house.lead({ companyName: 'Named', customFields: { ...VALUES, guide } })
    const made = await house.convert(id, { ...DEAL, contact: { create: { customFields: { hobby: 'Go' } } } })
    expect(made.userErrors).toEqual([])
    expect(await custom('account', made.account.id)).toEqual({ tier: 'GOLD', grade: '12.5' })
    // A decimal is no text.
    expect(await custom('contact', made.contact.id)).toEqual({ hobby: 'Go', guide })
    expect(await custom('opportunity', made.opportunity.id)).toEqual({ budget: { amount: '99.50', currency: 'EUR' } })
    expect((await custom('lead', id)).hobby).toBe('Chess')
  })

  it('that do not fit their target are refused at their place and never cut', async () => {
    const id = await house.lead({ companyName: 'Refused', customFields: { tier: 'TIN', hobby: 'Mountaineering' } })
    const { userErrors, lead } = await house.convert(id, DEAL)
    expect(lead).toBeNull()
    expect(codes({ userErrors })).toEqual([
      'VALIDATION_FAILED input.account.create.customFields.tier',
      'VALIDATION_FAILED input.contact.create.customFields.hobby',
    ])
    expect(userErrors[1].details).toMatchObject({
      source: 'Lead.customFields.hobby',
      target: 'Contact.customFields.hobby',
    })
  })

  it('fill what is empty of a record that is linked, and a reversion empties that again', async () => {
    const account = (
      await make(house.acme, 'Account', { name: 'Linked', customFields: { grade: '1', secret: 'kept' } })
    ).id
    const id = await house.lead({ customFields: { ...VALUES, secret: 'told' } })
    const made = await house.convert(id, { account: { linkId: account } })
    expect(made.userErrors).toEqual([])
    expect(await custom('account', account)).toEqual({ tier: 'GOLD', grade: '1', secret: 'kept' })
    expect(codes(await house.revert(id))).toEqual([])
    expect(await custom('account', account)).toEqual({ grade: '1', secret: 'kept' })
  })

  it('show nobody what they do not see of the lead', async () => {
    const { id: roleId } = await make(house.acme, 'Role', { key: 'converter' })
    const all = Object.fromEntries(['Read', 'Create', 'Update', 'Convert'].map((one) => [`can${one}`, true]))
    for (const object of ['User', 'Stage', 'Pipeline'])
      await make(house.acme, 'ObjectPermission', { roleId, object, canRead: true, readScope: 'ALL', allowList: false })
    await make(house.acme, 'ObjectPermission', {
      roleId,
      object: '*',
      ...all,
      readScope: 'ALL',
      writeScope: 'ALL',
      allowList: false,
    })
    await make(house.acme, 'FieldPermission', {
      roleId,
      object: 'Lead',
      field: 'customFields.secret',
      access: 'HIDDEN',
    })
    const somebody = await person(house.test, house.acme, 'converter')
    const id = await house.lead({
      ownerId: somebody.id,
      companyName: 'Hidden',
      customFields: { ...VALUES, secret: 'no' },
    })
    const made = await house.convert(id, {}, somebody)
    expect(made.userErrors).toEqual([])
    expect(await custom('account', made.account.id)).toEqual({ tier: 'GOLD', grade: '12.5' })
  })
})

describe('the mapping of custom fields', () => {
  it('sends one to another name, or nowhere', async () => {
    expect(
      await settings([
        { from: 'hobby', target: 'CONTACT', to: 'interests' },
        { from: 'tier', target: 'ACCOUNT', to: null },
      ]),
    ).toEqual([])
    const id = await house.lead({ companyName: 'Mapped', customFields: VALUES })
    const made = await house.convert(id)
    expect(made.userErrors).toEqual([])
    expect(await custom('account', made.account.id)).toEqual({ grade: '12.5' })
    expect(await custom('contact', made.contact.id)).toEqual({ interests: 'Chess' })
    const { leadSettings } = await house.acme.run<Any>('{ leadSettings { customFields { from target to } } }')
    expect(leadSettings.customFields).toEqual([
      { from: 'hobby', target: 'CONTACT', to: 'interests' },
      { from: 'tier', target: 'ACCOUNT', to: null },
    ])
    expect(await settings([])).toEqual([])
  })

  it('is refused for fields that there are not, types that do not fit, and two ways for one', async () => {
    expect(
      await settings([
        { from: 'none', target: 'ACCOUNT', to: 'tier' },
        { from: 'tier', target: 'ACCOUNT', to: 'none' },
        { from: 'grade', target: 'CONTACT', to: 'grade' },
        { from: 'hobby', target: 'CONTACT', to: 'interests' },
        { from: 'hobby', target: 'CONTACT', to: null },
      ]),
    ).toEqual([
      'VALIDATION_FAILED input.customFields.0.from',
      'VALIDATION_FAILED input.customFields.1.to',
      'VALIDATION_FAILED input.customFields.2.to',
      'VALIDATION_FAILED input.customFields.4.from',
    ])
    expect(await settings(null)).toEqual(['VALIDATION_FAILED input.customFields'])
  })
})
