import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { recordType } from '../../src/read/recordType.ts'
import { deleteRecords } from '../../src/resolvers/records.ts'
import { ref } from '../support/writes.ts'
import { bare, type Deals, openDeals } from './deals.ts'

let deals: Deals
beforeAll(async () => {
  deals = await openDeals()
})
afterAll(() => deals?.close())

const MISSING = ['STAGE_REQUIREMENTS_MISSING toStageId']

describe('a stage that asks for something', () => {
  it('is entered by deals that have it', async () => {
    const stages = await deals.pipeline(
      {},
      { B: { requiredFields: ['closeDate', 'nextStep', 'lines', 'opportunityContacts'] } },
    )
    const id = await deals.deal({ stageId: stages.A, nextStep: 'Call' })
    const refused = await deals.move({ id, toStageId: stages.B })
    expect([refused.codes, refused.details]).toEqual([
      MISSING,
      { fields: ['closeDate', 'lines', 'opportunityContacts'] },
    ])
    const [contact] = (await deals.create('Contact', { lastName: 'Li' })) as [string]
    await deals.create('OpportunityLine', { opportunityId: id, name: 'Work' })
    expect((await deals.move({ id, toStageId: stages.B, fields: { closeDate: '2030-05-01' } })).details).toEqual({
      fields: ['opportunityContacts'],
    })
    await deals.create('OpportunityContact', { opportunityId: id, contactId: ref('Contact', contact) })
    expect((await deals.move({ id, toStageId: stages.B, fields: { closeDate: '2030-05-01' } })).codes).toEqual([])
  })

  it('takes what it asks for in the same step, and undoes it when that is not enough', async () => {
    const stages = await deals.pipeline({}, { B: { requiredFields: ['closeDate', 'nextStep'] } })
    const id = await deals.deal({ stageId: stages.A })
    expect((await deals.move({ id, toStageId: stages.B, fields: { closeDate: '2030-05-01' } })).details).toEqual({
      fields: ['nextStep'],
    })
    expect(await deals.read(id)).toMatchObject({ close_date: null, version: 1 })
    const done = await deals.move({ id, toStageId: stages.B, fields: { closeDate: '2030-05-01', nextStep: 'Sign' } })
    expect([done.codes, done.changed]).toEqual([[], true])
    expect(await deals.read(id)).toMatchObject({ close_date: '2030-05-01', next_step: 'Sign', probability: 40 })
    const history = await deals.rows<{ close: string }>(
      'SELECT close_date::text AS close FROM opportunity_stage_history WHERE tenant_id = $1 AND opportunity_id = $2 AND left_at IS NULL',
      bare(id),
    )
    expect(history).toEqual([{ close: '2030-05-01' }])
  })

  it('answers bad values as an update does, each with its place', async () => {
    const stages = await deals.pipeline()
    const id = await deals.deal({ stageId: stages.A })
    const refused = await deals.move({
      id,
      toStageId: stages.B,
      fields: { closeDate: 'soon', status: 'WON', accountId: 'acct_none' },
    })
    expect(refused.codes).toEqual([
      'VALIDATION_FAILED fields.closeDate',
      'VALIDATION_FAILED fields.status',
      'NOT_FOUND fields.accountId',
    ])
    expect(await deals.history(id)).toHaveLength(1)
  })

  it('asks for custom fields, and forgets those that are gone', async () => {
    const [field] = (await deals.create('FieldDefinition', {
      object: 'Opportunity',
      apiName: 'budget',
      label: { en: 'Budget' },
      type: 'TEXT',
    })) as [string]
    const stages = await deals.pipeline({}, { B: { requiredFields: ['customFields.budget'] } })
    const id = await deals.deal({ stageId: stages.A })
    expect((await deals.move({ id, toStageId: stages.B })).details).toEqual({ fields: ['customFields.budget'] })
    const other = await deals.deal({ stageId: stages.A, customFields: { budget: 'yes' } })
    expect((await deals.move({ id: other, toStageId: stages.B })).codes).toEqual([])
    const brought = await deals.move({ id, toStageId: stages.B, fields: { customFields: { budget: 'now' } } })
    expect(brought.codes).toEqual([])
    await deals.write((context) =>
      deleteRecords(context, recordType('FieldDefinition'), [{ id: field }], { force: true }),
    )
    const third = await deals.deal({ stageId: stages.A })
    expect((await deals.move({ id: third, toStageId: stages.B })).codes).toEqual([])
  })

  it('asks new deals too, but not for lists, which are written after them', async () => {
    const stages = await deals.pipeline({}, { A: { requiredFields: ['closeDate', 'lines'] } })
    expect(
      await deals.refused('Opportunity', { name: 'Deal', stageId: stages.A }, { name: 'Other', stageId: stages.B }),
    ).toEqual(['STAGE_REQUIREMENTS_MISSING stageId'])
    await deals.deal({ stageId: stages.A, closeDate: '2030-01-01' })
  })

  it('asks for fields that deals can have', async () => {
    const { id: pipelineId } = await deals.pipeline()
    const requiredFields = ['expectedRevenue', 'name', 'customFields.nothing', 'contacts', 'activities', 'amount']
    expect(await deals.refused('Stage', { pipelineId, name: 'Odd', requiredFields })).toEqual(
      Array.from({ length: 4 }, () => 'VALIDATION_FAILED requiredFields'),
    )
  })
})

describe('a move to the stage where a deal stands', () => {
  it('changes nothing and writes nothing that it brings along', async () => {
    const stages = await deals.pipeline()
    const id = await deals.deal({ stageId: stages.A })
    const again = await deals.move({ id, toStageId: stages.A, fields: { nextStep: 'Never' } })
    expect([again.codes, again.changed]).toEqual([[], false])
    expect(await deals.read(id)).toMatchObject({ next_step: null, version: 1 })
  })
})
