import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let acme: Writes
beforeAll(async () => {
  acme = await openWrites()
})
afterAll(() => acme?.close())

let counter = 0
const campaign = async (more: Record<string, unknown> = {}) =>
  (await acme.create('Campaign', { name: `Campaign ${++counter}`, ...more }))[0] as string
const contact = async () => (await acme.create('Contact', { lastName: `Byron ${++counter}` }))[0] as string
const lead = async () => (await acme.create('Lead', { fullName: `Lead ${++counter}` }))[0] as string
const statuses = (id: string) =>
  acme.rows<{ id: string; label: string; isDefault: boolean; hasResponded: boolean }>(
    `SELECT id, label, is_default AS "isDefault", has_responded AS "hasResponded" FROM campaign_member_status WHERE tenant_id = $1 AND campaign_id = $2 AND deleted_at IS NULL ORDER BY sort, id`,
    id,
  )
const statusOf = async (campaignId: string, label: string) =>
  (await statuses(campaignId)).find((one) => one.label === label)?.id as string
const member = async (campaignId: string, more: Record<string, unknown> = {}) =>
  (
    await acme.create('CampaignMember', {
      campaignId: ref('Campaign', campaignId),
      contactId: ref('Contact', await contact()),
      ...more,
    })
  )[0] as string

it('begins with a default status and one that says that a member responded', async () => {
  const id = await campaign()
  expect((await statuses(id)).map(({ label, isDefault, hasResponded }) => [label, isDefault, hasResponded])).toEqual([
    ['Sent', true, false],
    ['Responded', false, true],
  ])
})

it('does not end before it starts, names segments that there are, and is in no ring', async () => {
  expect(await acme.refused('Campaign', { name: 'x', startDate: '2026-03-02', endDate: '2026-03-01' })).toEqual([
    'VALIDATION_FAILED endDate',
  ])
  expect(await acme.refused('Campaign', { name: 'x', targetSegmentIds: ['segt_00000000000000000000000000'] })).toEqual([
    'NOT_FOUND targetSegmentIds',
  ])
  const parent = await campaign()
  const child = await campaign({ parentId: ref('Campaign', parent) })
  expect(await acme.updateRefused('Campaign', parent, { parentId: ref('Campaign', child) })).toEqual([
    'HIERARCHY_CYCLE parentId',
  ])
})

it('has exactly one default status: set on another it is taken from the first, and it is never none', async () => {
  const id = await campaign()
  const [sent, responded] = await statuses(id)
  expect(await acme.updateRefused('CampaignMemberStatus', sent?.id as string, { isDefault: false })).toEqual([
    'INVALID_STATE isDefault',
  ])
  expect(await acme.removeRefused('CampaignMemberStatus', sent?.id as string)).toEqual(['INVALID_STATE id'])
  await acme.update('CampaignMemberStatus', responded?.id as string, { isDefault: true })
  expect((await statuses(id)).map(({ isDefault }) => isDefault)).toEqual([false, true])
})

it('keeps a status that says that a member responded', async () => {
  const id = await campaign()
  const responded = await statusOf(id, 'Responded')
  expect(await acme.updateRefused('CampaignMemberStatus', responded, { hasResponded: false })).toEqual([
    'INVALID_STATE hasResponded',
  ])
  expect(await acme.removeRefused('CampaignMemberStatus', responded)).toEqual(['INVALID_STATE id'])
  await acme.create('CampaignMemberStatus', { campaignId: ref('Campaign', id), label: 'Came', hasResponded: true })
  expect(await acme.removeRefused('CampaignMemberStatus', responded)).toEqual([])
})

it('has members that are a contact, a lead or a company, and only one of them', async () => {
  const campaignId = ref('Campaign', await campaign())
  const [person, other] = [ref('Contact', await contact()), ref('Lead', await lead())]
  expect(await acme.refused('CampaignMember', { campaignId, contactId: person, leadId: other })).toEqual([
    'VALIDATION_FAILED leadId',
  ])
  expect(await acme.refused('CampaignMember', { campaignId })).toEqual(['VALIDATION_FAILED contactId'])
  expect(await acme.refused('CampaignMember', { campaignId, leadId: other })).toEqual([])
  expect(await acme.refused('CampaignMember', { campaignId, leadId: other })).toEqual(['UNIQUE_VIOLATION '])
})

it('says of a member whether they responded by their status, and keeps when they first did', async () => {
  const id = await campaign()
  const member1 = await member(id)
  expect(await acme.row('campaign_member', member1)).toMatchObject({ has_responded: false, first_responded_at: null })
  await acme.update('CampaignMember', member1, {
    statusId: ref('CampaignMemberStatus', await statusOf(id, 'Responded')),
  })
  const first = await acme.row('campaign_member', member1)
  expect(first).toMatchObject({ has_responded: true, first_responded_at: expect.any(String) })
  await acme.update('CampaignMember', member1, { statusId: ref('CampaignMemberStatus', await statusOf(id, 'Sent')) })
  expect(await acme.row('campaign_member', member1)).toMatchObject({
    has_responded: false,
    first_responded_at: first.first_responded_at,
  })
  expect(await acme.updateRefused('CampaignMember', member1, { hasResponded: true })).toEqual([
    'VALIDATION_FAILED hasResponded',
  ])
})

it('lets what a status says follow in its members', async () => {
  const id = await campaign()
  const member1 = await member(id)
  await acme.update('CampaignMemberStatus', await statusOf(id, 'Sent'), { hasResponded: true })
  expect(await acme.row('campaign_member', member1)).toMatchObject({
    has_responded: true,
    first_responded_at: expect.any(String),
  })
})

it('refuses a status of another campaign, and none', async () => {
  const [one, two] = [await campaign(), await campaign()]
  const member1 = await member(one)
  const foreign = ref('CampaignMemberStatus', await statusOf(two, 'Sent'))
  expect(await acme.updateRefused('CampaignMember', member1, { statusId: foreign })).toEqual([
    'VALIDATION_FAILED statusId',
  ])
  expect(await acme.updateRefused('CampaignMember', member1, { statusId: null })).toEqual([
    'VALIDATION_FAILED statusId',
  ])
})

it('counts who is on a list, also those that come and go with their contacts', async () => {
  const [list] = (await acme.create('TargetList', { name: 'List' })) as [string]
  const people = [await contact(), await contact()]
  await acme.create(
    'TargetListMember',
    ...people.map((id) => ({ targetListId: ref('TargetList', list), contactId: ref('Contact', id) })),
    { targetListId: ref('TargetList', list), leadId: ref('Lead', await lead()) },
  )
  expect(await acme.row('target_list', list)).toMatchObject({ member_count: 3, opted_out_count: 0 })
  await acme.remove('Contact', people[0] as string)
  expect((await acme.row('target_list', list)).member_count).toBe(2)
  await acme.restore('Contact', people[0] as string)
  expect((await acme.row('target_list', list)).member_count).toBe(3)
})

it('lets nobody be on a list twice, or be nobody', async () => {
  const [list] = (await acme.create('TargetList', { name: 'Once' })) as [string]
  const input = { targetListId: ref('TargetList', list), contactId: ref('Contact', await contact()) }
  expect(await acme.refused('TargetListMember', input)).toEqual([])
  expect(await acme.refused('TargetListMember', input)).toEqual(['UNIQUE_VIOLATION '])
  expect(await acme.refused('TargetListMember', { targetListId: input.targetListId })).toEqual([
    'VALIDATION_FAILED contactId',
  ])
})

it('plans a mass mail for a moment to come, with lists that include, and changes drafts only', async () => {
  const [templateId] = await acme.create('EmailTemplate', { name: 'Blast', subject: 's', html: 'h' })
  const [excluding] = await acme.create('TargetList', { name: 'Never', kind: 'EXCLUDE' })
  const blast = { name: 'Spring', templateId: ref('EmailTemplate', templateId as string) }
  expect(await acme.refused('EmailBlast', { ...blast, scheduleAt: '2020-01-01T00:00:00Z' })).toEqual([
    'SCHEDULE_IN_PAST scheduleAt',
  ])
  expect(
    await acme.refused('EmailBlast', { ...blast, includeListIds: [ref('TargetList', excluding as string)] }),
  ).toEqual(['VALIDATION_FAILED includeListIds'])
  const [id] = (await acme.create('EmailBlast', blast)) as [string]
  expect(await acme.removeRefused('EmailTemplate', templateId as string)).toEqual(['REFERENCE_IN_USE id'])
  await acme.write(({ db, viewer }) =>
    db.rows({
      text: `UPDATE email_blast SET status = 'SENDING' WHERE tenant_id = $1 AND id = $2`,
      values: [viewer.tenantId, id],
    }),
  )
  expect(await acme.updateRefused('EmailBlast', id, { name: 'Summer' })).toEqual(['INVALID_STATE id'])
  expect(await acme.removeRefused('EmailBlast', id)).toEqual(['INVALID_STATE id'])
})
