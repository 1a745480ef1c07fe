import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createEmailTickets } from '../../src/access/emailTicket.ts'
import { newId } from '../../src/ids.ts'
import { createEmailLinks, withLinks } from '../../src/resolvers/marketing/links.ts'
import { createSurveyParts } from '../../src/resolvers/service/answerSurvey.ts'
import { type Any, SECRET, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const tickets = createEmailTickets({ secret: SECRET, previousSecret: null })

let test: TestApp
let base: string
let tenantId: string
let templateId: string
let counter = 0

beforeAll(async () => {
  test = await testApp()
  base = await test.app.listen()
  tenantId = uuidIn(test.acme.id)
  const html = '<a href="{{ surveyUrl }}">?</a>'
  templateId = (await make(test.acme, 'EmailTemplate', { html, subject: 'How', text: null })).id
}, 300_000)
afterAll(() => test?.close())

const rows = (text: string, ...values: unknown[]) =>
  test.app.tenancy.writeTenant({ tenantId }, (db) => db.rows<Any>({ text, values: [tenantId, ...values] }))

/** Somebody who was asked, with the ticket of their mail. */
async function asked({ type = 'CSAT', caseId, question = 'Were we <good> & quick?' }: Record<string, string> = {}) {
  const survey = await make(test.acme, 'Survey', {
    name: `Asked ${++counter}`,
    question,
    type,
    templateId,
    trigger: 'MANUAL',
    active: true,
    restDays: 0,
  })
  const contact = caseId ? null : (await make(test.acme, 'Contact', { doNotEmail: false })).id
  const { sendSurvey } = await test.acme.run<Any>(
    'mutation($surveyId: ID!, $contactIds: [ID!], $caseId: ID) { sendSurvey(surveyId: $surveyId, contactIds: $contactIds, caseId: $caseId) { sent suppressed rested survey { id responses { nodes { id } } } userErrors { code message field } } }',
    { surveyId: survey.id, ...(caseId ? { caseId } : { contactIds: [contact] }) },
  )
  expect(sendSurvey).toMatchObject({ sent: 1, suppressed: 0, rested: 0, userErrors: [] })
  const id = uuidIn(sendSurvey.survey.responses.nodes[0].id)
  const [row] = await rows('SELECT message_id AS message FROM survey_response WHERE tenant_id = $1 AND id = $2', id)
  return {
    id,
    messageId: row?.message as string,
    ticket: tickets.sign('SURVEY', { tenantId, messageId: row?.message }),
  }
}
const fetched = (ticket: string, init: RequestInit = {}) =>
  fetch(`${base}/survey/${ticket}`, { ...init, headers: { 'User-Agent': FIREFOX, ...init.headers } })
const post = (ticket: string, said: Record<string, string>, headers = {}) =>
  fetched(ticket, { method: 'POST', body: new URLSearchParams(said), headers })
const answer = async (id: string) =>
  (await rows('SELECT score, comment FROM survey_response WHERE tenant_id = $1 AND id = $2', id))[0]
const EMPTY = { score: null, comment: null }

it('shows the question as a page without scripts, in the reader’s language, and changes nothing', async () => {
  const { id, ticket } = await asked()
  const page = await fetched(`${ticket}?score=4`)
  const html = await page.text()
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(html).toContain('Were we &#60;good&#62; &#38; quick?')
  expect(html).not.toContain('<script')
  expect(html.match(/type="radio"/g)).toHaveLength(5)
  expect(html).toContain('value="4" required checked')
  expect(html).toContain('<html lang="en">')
  const chinese = await fetched(ticket, { headers: { 'Accept-Language': 'zh-CN' } })
  expect(await chinese.text()).toMatch(/<html lang="zh-CN">[\s\S]*提交/)
  const head = await fetched(ticket, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect(await answer(id)).toEqual(EMPTY)
  const { ticket: nps } = await asked({ type: 'NPS' })
  expect((await (await fetched(nps)).text()).match(/type="radio"/g)).toHaveLength(11)
})

it('is behind the link of its mail, and of no other', async () => {
  const { messageId } = await asked()
  const [mail] = await rows(
    `SELECT m.id, m.to_address AS "to", m.subject, b.html, b.body AS text FROM email_message m JOIN email_body b ON b.tenant_id = $1 AND b.message_id = m.id WHERE m.tenant_id = $1 AND m.id = $2`,
    messageId,
  )
  const sent = (id: string) =>
    withLinks(createEmailLinks(tickets, base), tenantId, {
      ...mail,
      id,
      fromName: null,
      replyTo: null,
      informational: false,
      attempts: 1,
    })
  const link = (html: string) => /href="([^"]+)"/.exec(html)?.[1] as string
  const own = await fetch(link(sent(messageId).html), { headers: { 'User-Agent': FIREFOX } })
  expect([own.status, (await own.text()).includes('Were we')]).toEqual([200, true])
  expect(sent(messageId).text).toContain(`${base}/survey/`)
  expect((await fetch(link(sent(newId()).html))).status).toBe(404)
})

it('takes an answer, and another in its place', async () => {
  const { id, ticket } = await asked()
  const first = await post(ticket, { score: '5', comment: ' Quick <b>and</b> good ' })
  expect(first.status).toBe(200)
  expect(await first.text()).toContain('Thank you')
  expect(await answer(id)).toEqual({ score: 5, comment: 'Quick <b>and</b> good' })
  expect(await (await fetched(ticket)).text()).toContain('Quick &#60;b&#62;and&#60;/b&#62; good')
  expect((await post(ticket, { score: '3' }, { 'Accept-Language': 'zh' })).status).toBe(200)
  expect(await answer(id)).toEqual({ score: 3, comment: null })
  const [{ version }] = await rows('SELECT version FROM survey_response WHERE tenant_id = $1 AND id = $2', id)
  expect((await post(ticket, { score: '3' })).status).toBe(200)
  expect(await rows('SELECT version FROM survey_response WHERE tenant_id = $1 AND id = $2', id)).toEqual([{ version }])
})

it.each<[string, Record<string, string>]>([
  ['no score', {}],
  ['a score that there is not', { score: '6' }],
  ['a score of another kind', { score: '0' }],
  ['a text for a score', { score: '5; --' }],
  ['a comment without end', { score: '5', comment: 'x'.repeat(2001) }],
])('refuses %s', async (_what, said) => {
  const { id, ticket } = await asked()
  expect((await post(ticket, said)).status).toBe(400)
  expect(await answer(id)).toEqual(EMPTY)
  const json = { 'Content-Type': 'application/json' }
  expect((await fetched(ticket, { method: 'POST', body: '{"score":5}', headers: json })).status).toBe(415)
})

it.each([
  ['a bot', 'Googlebot/2.1 (+http://www.google.com/bot.html)'],
  ['a program without a name', ''],
])('takes no answer from %s', async (_who, agent) => {
  const { id, ticket } = await asked()
  expect((await post(ticket, { score: '1' }, { 'User-Agent': agent })).status).toBe(200)
  expect(await answer(id)).toEqual(EMPTY)
})

it('knows no ticket that was not signed for this, and none of another company', async () => {
  const { id, messageId, ticket } = await asked()
  const own = createEmailTickets({ secret: 'a secret of somebody else, long enough', previousSecret: null })
  for (const bad of [
    own.sign('SURVEY', { tenantId, messageId }),
    `${ticket.slice(0, -1)}${ticket.endsWith('A') ? 'B' : 'A'}`,
    tickets.sign('UNSUBSCRIBE', { tenantId, messageId }),
    tickets.sign('SURVEY', { tenantId: uuidIn(test.globex.id), messageId }),
    'none',
  ]) {
    const page = await fetched(bad)
    expect([page.status, (await page.text()).includes('Were we')]).toEqual([404, false])
    expect((await post(bad, { score: '1' })).status).toBe(404)
  }
  expect(await answer(id)).toEqual(EMPTY)
})

it('says that it is over when it is, and takes nothing more', async () => {
  const { id, ticket } = await asked()
  await post(ticket, { score: '4' })
  await rows(`UPDATE survey_response SET expires_at = now() - interval '1 second' WHERE tenant_id = $1 AND id = $2`, id)
  const page = await fetched(ticket)
  expect([page.status, (await page.text()).includes('This survey is over.')]).toEqual([410, true])
  expect((await post(ticket, { score: '1' })).status).toBe(410)
  expect(await answer(id)).toEqual({ score: 4, comment: null })
})

it('gives a case its satisfaction, and tells its owner and the head of their department once of a low one', async () => {
  const head = await make(test.acme, 'User', { status: 'ACTIVE' })
  const department = await make(test.acme, 'Department', { headId: head.id, parentId: null })
  const owner = await make(test.acme, 'User', { status: 'ACTIVE', departmentId: department.id })
  const contact = await make(test.acme, 'Contact', { doNotEmail: false })
  const about = await make(test.acme, 'Case', { ownerId: owner.id, contactId: contact.id, isInternal: false })
  const { ticket } = await asked({ caseId: about.id })
  const told = () =>
    rows(
      `SELECT user_id AS "user", title, body FROM notification WHERE tenant_id = $1 AND type = 'CASE_LOW_SATISFACTION' AND record_id = $2 ORDER BY user_id`,
      about.id,
    )
  const state = async () =>
    (
      await test.acme.run<Any>('query($id: ID!) { case(id: $id) { satisfaction satisfactionComment } }', {
        id: about.id,
      })
    ).case
  await post(ticket, { score: '4' })
  expect([await state(), await told()]).toEqual([{ satisfaction: 4, satisfactionComment: null }, []])
  await post(ticket, { score: '2', comment: 'Late' })
  await post(ticket, { score: '1', comment: 'Late, and rude' })
  expect(await state()).toEqual({ satisfaction: 1, satisfactionComment: 'Late, and rude' })
  const notes = await told()
  expect(new Set(notes.map(({ user }) => user))).toEqual(new Set([uuidIn(owner.id), uuidIn(head.id)]))
  expect(notes.every(({ body }) => body === 'Late')).toBe(true)
  const changes = await rows(
    `SELECT changed_fields AS fields, actor FROM change WHERE tenant_id = $1 AND object = 'service_case' AND record_id = $2 AND 'satisfaction' = ANY (changed_fields)`,
    uuidIn(about.id),
  )
  expect(changes).toHaveLength(3)
  expect(changes[0].actor).toMatch(/^survey:/)
})

it('does not take an NPS for the satisfaction with a case', async () => {
  const contact = await make(test.acme, 'Contact', { doNotEmail: false })
  const about = await make(test.acme, 'Case', { contactId: contact.id, isInternal: false })
  const { id, ticket } = await asked({ type: 'NPS', caseId: about.id })
  await post(ticket, { score: '0' })
  expect(await answer(id)).toEqual({ score: 0, comment: null })
  expect(
    await rows('SELECT satisfaction FROM service_case WHERE tenant_id = $1 AND id = $2', uuidIn(about.id)),
  ).toEqual([{ satisfaction: null }])
})

it('lets too many requests of one link wait', async () => {
  const { ticket } = await asked()
  const parts = createSurveyParts({
    tenancy: test.app.tenancy,
    tickets,
    tokens: { attemptKey: (text: string) => Buffer.from(text.padEnd(32).slice(0, 32)) },
    limits: { perAccount: 2, perAddress: 100, seconds: 60 },
  })
  const waits = []
  for (let request = 0; request < 3; request++) waits.push(await parts.count(ticket, '192.0.2.7'))
  expect(waits.slice(0, 2)).toEqual([0, 0])
  expect(waits[2]).toBeGreaterThan(0)
})
