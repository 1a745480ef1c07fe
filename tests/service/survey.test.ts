import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { viewerOfUser } from '../../src/access/viewer.ts'
import type { Viewer } from '../../src/context.ts'
import { decodeId, newId } from '../../src/ids.ts'
import { closeCase, reopenCase } from '../../src/resolvers/service/changeCaseStatus.ts'
import { type SurveyOrder, sendSurvey } from '../../src/resolvers/service/sendSurvey.ts'
import { surveyFigures } from '../../src/resolvers/service/surveyFigures.ts'
import type { Input } from '../../src/resolvers/write.ts'
import { ref } from '../support/writes.ts'
import { openService, type Service } from './service.ts'

let service: Service
let templateId: string
let counter = 0
beforeAll(async () => {
  service = await openService()
  const [template] = await service.create('EmailTemplate', {
    name: 'How were we?',
    subject: 'About {{ case.number }}',
    html: '<p>{{ recipient.firstName }}: <a href="{{ surveyUrl }}?score=5">5</a></p>',
  })
  templateId = ref('EmailTemplate', template as string)
})
afterAll(() => service?.close())

const one = async (type: string, input: Input) => (await service.create(type, input))[0] as string
const survey = (input: Input = {}) =>
  one('Survey', { name: `Survey ${++counter}`, question: 'How content are you?', templateId, ...input })
const contact = (input: Input = {}) =>
  one('Contact', { firstName: 'Ada', lastName: `Byron ${++counter}`, email: `ada${counter}@mail.example`, ...input })
const contacts = (...uuids: string[]) => uuids.map((uuid) => ref('Contact', uuid))
const send = async (uuid: string, order: Omit<SurveyOrder, 'surveyId'>) =>
  (await service.verb((context) => sendSurvey(context, { surveyId: ref('Survey', uuid), ...order }))).more
const refused = (uuid: string, order: Omit<SurveyOrder, 'surveyId'>) =>
  service.codes((context) => sendSurvey(context, { surveyId: ref('Survey', uuid), ...order }))
const responses = (uuid: string) =>
  service.rows<{ contact: string; case: string | null; status: string; html: string; days: number }>(
    `SELECT r.contact_id AS contact, r.case_id AS case, m.status, b.html, extract(day FROM r.expires_at - r.sent_at)::integer AS days FROM survey_response r
 JOIN email_message m ON m.tenant_id = $1 AND m.id = r.message_id JOIN email_body b ON b.tenant_id = $1 AND b.message_id = m.id WHERE r.tenant_id = $1 AND r.survey_id = $2 ORDER BY r.id`,
    uuid,
  )
/** A statement that writes, whose $1 is the tenant. */
const put = (text: string, ...values: unknown[]) =>
  service.write(({ db, viewer }) => db.rows({ text, values: [viewer.tenantId, ...values] }))
const close = (uuid: string) =>
  service.codes((context) => closeCase(context, { id: ref('Case', uuid), rootCause: 'Wear', resolution: 'Replaced' }))
const reopen = (uuid: string) =>
  service.codes((context) => reopenCase(context, { id: ref('Case', uuid), reason: 'Again' }))

describe('a survey', () => {
  it('needs a template with the link to its page, a name of its own and days in range', async () => {
    const [plain] = await service.create('EmailTemplate', { name: 'Plain', subject: 's', html: '<p>x</p>' })
    const input = { question: 'How?', name: 'Refused' }
    expect(await service.refused('Survey', { ...input, templateId: ref('EmailTemplate', plain as string) })).toEqual([
      'VALIDATION_FAILED templateId',
    ])
    expect(await service.refused('Survey', { ...input, templateId, daysValid: 0 })).toEqual([
      'VALIDATION_FAILED daysValid',
    ])
    expect(await service.refused('Survey', { ...input, templateId, restDays: -1 })).toEqual([
      'VALIDATION_FAILED restDays',
    ])
    await survey({ name: 'Twice' })
    expect(await service.refused('Survey', { ...input, templateId, name: 'Twice' })).toEqual(['UNIQUE_VIOLATION name'])
    const nps = await survey({ type: 'NPS' })
    expect(await service.updateRefused('Survey', nps, { type: 'CSAT' })).toEqual(['VALIDATION_FAILED type'])
    expect(await service.removeRefused('EmailTemplate', decodeId(templateId)?.uuid as string)).toEqual([
      'REFERENCE_IN_USE id',
    ])
  })

  it('goes to each contact once, with a link of their own, and not to whom it must not', async () => {
    const id = await survey({ daysValid: 7 })
    const [ada, quiet, mute] = [await contact(), await contact({ doNotEmail: true }), await contact({ email: null })]
    const account = await one('Account', { name: 'Quiet Ltd', doNotContact: true })
    const staff = await contact()
    await service.create('AccountContact', { accountId: ref('Account', account), contactId: ref('Contact', staff) })
    const gone = await contact()
    await put(
      `INSERT INTO suppression (tenant_id, address_hash, reason, scope) SELECT $1::uuid, atrium.address_hash(email), 'MANUAL', 'ALL' FROM contact WHERE tenant_id = $1 AND id = $2`,
      gone,
    )
    const order = { contactIds: contacts(ada, ada, quiet, mute, staff, gone) }
    expect(await send(id, order)).toEqual({ sent: 1, suppressed: 4, rested: 0 })
    expect(await responses(id)).toEqual([
      { contact: ada, case: null, status: 'QUEUED', html: expect.stringContaining('{ATRIUM_SURVEY}?score=5'), days: 7 },
    ])
    expect(
      await service.rows(
        `SELECT problem FROM email_message WHERE tenant_id = $1 AND contact_id = ANY ($2::uuid[]) ORDER BY problem`,
        [quiet, staff, gone],
      ),
    ).toEqual([{ problem: 'DO_NOT_CONTACT' }, { problem: 'DO_NOT_EMAIL' }, { problem: 'SUPPRESSED' }])
    expect(await send(id, { contactIds: [] })).toEqual({ sent: 0, suppressed: 0, rested: 0 })
  })

  it('lets who was asked rest, whatever they were asked, and two at once ask them once', async () => {
    const [first, second, eager] = [await survey(), await survey(), await survey({ restDays: 0 })]
    const ada = await contact()
    const order = { contactIds: contacts(ada) }
    const both = await Promise.all([send(first, order), send(second, order)])
    expect(both.map((asked) => (asked as { sent: number }).sent).sort()).toEqual([0, 1])
    expect(await send(second, order)).toEqual({ sent: 0, suppressed: 0, rested: 1 })
    expect(await send(eager, order)).toEqual({ sent: 1, suppressed: 0, rested: 0 })
    await put(
      `UPDATE survey_response SET sent_at = sent_at - interval '31 days' WHERE tenant_id = $1 AND contact_id = $2`,
      ada,
    )
    expect(await send(second, order)).toEqual({ sent: 1, suppressed: 0, rested: 0 })
  })

  it('is refused for what is not there, is not active, or has nobody to ask', async () => {
    const id = await survey()
    const nowhere = newId()
    const ada = await contact()
    expect(await refused(id, { contactIds: contacts(ada, nowhere) })).toEqual(['NOT_FOUND contactIds'])
    expect(await refused(nowhere, { contactIds: contacts(ada) })).toEqual(['NOT_FOUND surveyId'])
    expect(await refused(id, { caseId: ref('Case', nowhere) })).toEqual(['NOT_FOUND caseId'])
    expect(await refused(id, {})).toEqual(['VALIDATION_FAILED contactIds'])
    expect(await refused(id, { contactIds: [], caseId: ref('Case', nowhere) })).toEqual([
      'VALIDATION_FAILED contactIds',
    ])
    expect(await refused(id, { caseId: ref('Case', await service.case()) })).toEqual(['VALIDATION_FAILED caseId'])
    const secret = await service.case({ contactId: ref('Contact', ada), isInternal: true })
    expect(await refused(id, { caseId: ref('Case', secret) })).toEqual(['VALIDATION_FAILED caseId'])
    const many = Array.from({ length: 201 }, () => ref('Contact', newId()))
    expect(await refused(id, { contactIds: many })).toEqual(['BULK_TOO_LARGE contactIds'])
    await service.update('Survey', id, { active: false })
    expect(await refused(id, { contactIds: contacts(ada) })).toEqual(['INVALID_STATE surveyId'])
    expect(await responses(id)).toEqual([])
  })

  it('asks about a case once, also when it is closed again', async () => {
    const account = await one('Account', { name: 'Mill' })
    const ada = await contact()
    const about = await service.case({ contactId: ref('Contact', ada), accountId: ref('Account', account) })
    const [secret, nobody] = [
      await service.case({ contactId: ref('Contact', await contact()), isInternal: true }),
      await service.case(),
    ]
    const id = await survey({ trigger: 'CASE_CLOSED', restDays: 0 })
    const later = await survey({ trigger: 'CASE_CLOSED', restDays: 0 })
    for (const uuid of [about, secret, nobody]) expect(await close(uuid)).toEqual([])
    expect(await responses(id)).toMatchObject([{ contact: ada, case: about }])
    expect(await responses(later)).toEqual([])
    const [row] = await service.rows(
      'SELECT account_id FROM survey_response WHERE tenant_id = $1 AND case_id = $2',
      about,
    )
    expect(row?.account_id).toBe(account)
    expect(await reopen(about)).toEqual([])
    expect(await close(about)).toEqual([])
    expect(await responses(id)).toHaveLength(1)
    expect(await send(id, { caseId: ref('Case', about) })).toEqual({ sent: 0, suppressed: 0, rested: 1 })
    await service.update('Survey', id, { active: false })
    await service.update('Survey', later, { active: false })
    const quiet = await service.case({ contactId: ref('Contact', ada) })
    expect(await close(quiet)).toEqual([])
    expect(await service.rows('SELECT 1 FROM survey_response WHERE tenant_id = $1 AND case_id = $2', quiet)).toEqual([])
  })
})

describe('figures of a survey', () => {
  const figures = (uuid: string, viewer = service.viewer, time = {}) =>
    service.write(({ db }) =>
      surveyFigures(
        { tenancy: { readTenant: (_caller: unknown, work: (db: never) => never) => work(db as never) } as never },
        viewer,
        {
          surveyId: ref('Survey', uuid),
          ...time,
        },
      ),
    )
  const answered = async (uuid: string, score: number | null, ownerId: string) => {
    const ada = await contact({ ownerId: ref('User', ownerId) })
    await put(
      `INSERT INTO survey_response (tenant_id, survey_id, contact_id, sent_at, expires_at, score, responded_at) VALUES ($1, $2, $3, '2026-03-10', '2026-04-10', $4, CASE WHEN $4::integer IS NOT NULL THEN now() END)`,
      uuid,
      ada,
      score,
    )
  }

  it('are all empty where nobody was asked, and null for what the viewer does not see', async () => {
    expect(await figures(await survey())).toEqual({
      sent: 0,
      answered: 0,
      responseRate: null,
      average: null,
      nps: null,
      distribution: [1, 2, 3, 4, 5].map((score) => ({ score, count: 0 })),
    })
    expect(await figures(newId())).toBeNull()
  })

  it('count promoters less detractors of an NPS, in a time and over the contacts that the viewer sees', async () => {
    const id = await survey({ type: 'NPS' })
    const [user, other] = [await service.user(), await service.user()]
    for (const score of [10, 9, 8, 7, 6, null]) await answered(id, score, other)
    await answered(id, 0, user)
    const all = await figures(id)
    // Two of six promote, two detract; one did not answer.
    expect(all).toMatchObject({ sent: 7, answered: 6, responseRate: 85.7, average: 6.67, nps: 0 })
    expect(all?.distribution).toHaveLength(11)
    expect(all?.distribution.filter(({ count }) => count > 0).map(({ score }) => score)).toEqual([0, 6, 7, 8, 9, 10])
    const viewer = (await service.write(({ db }) => viewerOfUser(db, service.viewer.tenantId, user))) as Viewer
    expect(await figures(id, viewer)).toMatchObject({ sent: 1, answered: 1, average: 0, nps: -100 })
    expect(await figures(id, service.viewer, { to: new Date('2026-03-01') })).toMatchObject({ sent: 0 })
    expect(await figures(id, service.viewer, { from: new Date('2026-03-01') })).toMatchObject({ sent: 7 })
  })
})
