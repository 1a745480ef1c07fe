import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createEmailTickets } from '../../src/access/emailTicket.ts'
import { SECRET, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const TARGET = 'https://shop.example/a?b=1&c=2'
const tickets = createEmailTickets({ secret: SECRET, previousSecret: null })
const token = 'ab'.repeat(16)

let test: TestApp
let base: string
let tenantId: string
let messageId: string
let counter = 0

beforeAll(async () => {
  test = await testApp()
  base = await test.app.listen()
  tenantId = uuidIn(test.acme.id)
  const blast = uuidIn((await make(test.acme, 'EmailBlast')).id)
  await write(
    'INSERT INTO tracking_link (tenant_id, blast_id, token, url) VALUES ($1, $2, $3, $4)',
    blast,
    token,
    TARGET,
  )
  messageId = await mail(blast)
})
afterAll(() => test?.close())

const write = (text: string, ...values: unknown[]) =>
  test.app.tenancy.writeTenant({ tenantId }, (db) =>
    db.rows<Record<string, unknown>>({ text, values: [tenantId, ...values] }),
  )
/** A mail of a blast that went out, to a contact of its own. */
async function mail(blast: string): Promise<string> {
  const contact = uuidIn((await make(test.acme, 'Contact')).id)
  const [row] = await write(
    `INSERT INTO email_message (tenant_id, blast_id, contact_id, to_address, address_hash, subject, status) VALUES ($1, $2, $3, $4, atrium.address_hash($4), 's', 'SENT') RETURNING id, blast_id`,
    blast,
    contact,
    `http${++counter}@mail.example`,
  )
  return row?.id as string
}
const another = async () => {
  const [row] = await write('SELECT blast_id AS blast FROM email_message WHERE tenant_id = $1 AND id = $2', messageId)
  return mail(row?.blast as string)
}
const fetched = (path: string, init: RequestInit = {}) =>
  fetch(`${base}/email/${path}`, { redirect: 'manual', ...init, headers: { 'User-Agent': FIREFOX, ...init.headers } })
const state = async (id: string) =>
  (
    await write(
      `SELECT m.status, m.opens, m.clicks, (SELECT count(*)::integer FROM engagement_event e WHERE e.tenant_id = $1 AND e.message_id = m.id) AS events,
 EXISTS (SELECT 1 FROM suppression s WHERE s.tenant_id = $1 AND s.address_hash = m.address_hash) AS suppressed FROM email_message m WHERE m.tenant_id = $1 AND m.id = $2`,
      id,
    )
  )[0]
const CLEAN = { status: 'SENT', opens: 0, clicks: 0, events: 0, suppressed: false }
const claims = () => ({ tenantId, messageId })

it('leads where the company wrote, whatever stands in the request, and nowhere for what was not signed', async () => {
  messageId = await another()
  const ticket = tickets.sign('CLICK', { ...claims(), link: token })
  const good = await fetched(`click/${ticket}?url=https://evil.example&to=https://evil.example`, {
    headers: { 'X-Forwarded-Host': 'evil.example' },
  })
  expect([good.status, good.headers.get('location')]).toEqual([302, TARGET])
  expect(good.headers.get('cache-control')).toBe('no-store')
  expect(await state(messageId)).toEqual({ ...CLEAN, clicks: 1, events: 1 })
  const own = createEmailTickets({ secret: 'a secret of somebody else, long enough', previousSecret: null })
  for (const bad of [
    own.sign('CLICK', { ...claims(), link: token }),
    `${ticket.slice(0, -1)}${ticket.endsWith('A') ? 'B' : 'A'}`,
    tickets.sign('OPEN', claims()),
    tickets.sign('CLICK', { ...claims(), link: 'cd'.repeat(16) }),
    // Another company signed in the same deployment: its row is not there.
    tickets.sign('CLICK', { tenantId: uuidIn(test.globex.id), messageId, link: token }),
    encodeURIComponent('https://evil.example'),
    'x'.repeat(5000),
  ]) {
    const answer = await fetched(`click/${bad}`)
    expect([answer.status >= 400 && answer.status < 500, answer.headers.get('location')]).toEqual([true, null])
  }
  expect(await state(messageId)).toEqual({ ...CLEAN, clicks: 1, events: 1 })
})

it.each<[string, RequestInit]>([
  ['a HEAD', { method: 'HEAD' }],
  ['a bot', { headers: { 'User-Agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' } }],
  ['a program without a name', { headers: { 'User-Agent': '' } }],
  ['a prefetch', { headers: { 'Sec-Purpose': 'prefetch;prerender' } }],
])('does not count %s as a click or as an open', async (_who, init) => {
  messageId = await another()
  const click = await fetched(`click/${tickets.sign('CLICK', { ...claims(), link: token })}`, init)
  expect([click.status, click.headers.get('location')]).toEqual([302, TARGET])
  const open = await fetched(`open/${tickets.sign('OPEN', claims())}`, init)
  expect([open.status, open.headers.get('content-type')]).toEqual([200, 'image/gif'])
  expect(await state(messageId)).toEqual({ ...CLEAN, events: 2 })
})

it('shows the same picture for a ticket of ours and for any text, and counts the one', async () => {
  messageId = await another()
  const [good, bad] = [await fetched(`open/${tickets.sign('OPEN', claims())}`), await fetched('open/none')]
  expect([good.status, bad.status]).toEqual([200, 200])
  expect(Buffer.from(await good.arrayBuffer()).equals(Buffer.from(await bad.arrayBuffer()))).toBe(true)
  expect(await state(messageId)).toEqual({ ...CLEAN, opens: 1, events: 1 })
})

it('ends mails by one POST, as mail programs do it, and changes nothing when the page is looked at', async () => {
  messageId = await another()
  const path = `unsubscribe/${tickets.sign('UNSUBSCRIBE', claims())}`
  const page = await fetched(path)
  expect([page.status, page.headers.get('x-frame-options')]).toEqual([200, 'DENY'])
  expect((await fetched(path, { method: 'HEAD' })).status).toBe(200)
  expect(await state(messageId)).toEqual(CLEAN)
  const post = {
    method: 'POST',
    body: 'List-Unsubscribe=One-Click',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  }
  for (const _time of [1, 2]) expect((await fetched(path, post)).status).toBe(200)
  expect(await state(messageId)).toEqual({ ...CLEAN, events: 1, suppressed: true })
  const foreign = tickets.sign('UNSUBSCRIBE', { tenantId: uuidIn(test.globex.id), messageId })
  for (const bad of ['none', foreign, tickets.sign('BOUNCE', claims())]) {
    expect((await fetched(`unsubscribe/${bad}`)).status).toBe(404)
    expect((await fetched(`unsubscribe/${bad}`, post)).status).toBe(404)
  }
})

it('offers the mailing and all mails on its page, takes one click as the mailing, and names no list', async () => {
  const list = await make(test.acme, 'TargetList', { name: 'Rich and careless' })
  const blast = uuidIn((await make(test.acme, 'EmailBlast', { includeListIds: [list.id] })).id)
  messageId = await mail(blast)
  const path = `unsubscribe/${tickets.sign('UNSUBSCRIBE', claims())}`
  const scopes = (html: string) => [...html.matchAll(/name="scope" value="(\w+)"/g)].map(([, scope]) => scope)
  const page = await (await fetched(path)).text()
  expect(scopes(page)).toEqual(['LIST', 'ALL'])
  expect(page).not.toContain('Rich')
  const post = async (body: URLSearchParams | FormData) =>
    scopes(await (await fetched(path, { method: 'POST', body })).text())
  const held = async () =>
    (
      await write(
        'SELECT s.scope FROM suppression s JOIN email_message m ON m.tenant_id = $1 AND m.id = $2 AND s.address_hash = m.address_hash WHERE s.tenant_id = $1 ORDER BY s.scope',
        messageId,
      )
    ).map(({ scope }) => scope)
  const form = new FormData()
  form.set('List-Unsubscribe', 'One-Click')
  for (const body of [new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }), form])
    expect(await post(body)).toEqual(['ALL'])
  expect(await held()).toEqual(['LIST'])
  expect(await post(new URLSearchParams({ scope: 'ALL' }))).toEqual([])
  expect(await held()).toEqual(['ALL', 'LIST'])
})

it('takes a report of a mail that came back by its own ticket only, and no other body', async () => {
  messageId = await another()
  const post = (ticket: string, body: string, type = 'application/x-www-form-urlencoded') =>
    fetched(`bounce/${ticket}`, { method: 'POST', body, headers: { 'Content-Type': type } }).then(
      ({ status }) => status,
    )
  const ticket = tickets.sign('BOUNCE', claims())
  expect(await post(ticket, 'type=NONSENSE')).toBe(400)
  expect(await post(tickets.sign('UNSUBSCRIBE', claims()), 'type=HARD')).toBe(404)
  expect(await post(tickets.sign('BOUNCE', { tenantId: uuidIn(test.globex.id), messageId }), 'type=HARD')).toBe(404)
  expect(await state(messageId)).toEqual(CLEAN)
  for (const _time of [1, 2]) expect(await post(ticket, 'type=HARD')).toBe(204)
  expect(await state(messageId)).toEqual({ ...CLEAN, status: 'BOUNCED_HARD', events: 1, suppressed: true })
})
