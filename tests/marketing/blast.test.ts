import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createEmailTickets } from '../../src/access/emailTicket.ts'
import { smtpPool } from '../../src/events/smtpPool.ts'
import { sendEmails } from '../../src/jobs/email.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { cancelBlast, pauseBlast, resumeBlast, startBlast } from '../../src/resolvers/marketing/blastVerbs.ts'
import { createEngagement } from '../../src/resolvers/marketing/engagement.ts'
import { createEmailLinks } from '../../src/resolvers/marketing/links.ts'
import { suppressAddress, unsuppressAddress } from '../../src/resolvers/marketing/suppression.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { uuidIn } from '../support/owner.ts'
import { type MailServer, mailServer } from '../support/smtp.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let acme: Writes
let tenancy: Tenancy
let mails: MailServer
const tickets = createEmailTickets({ secret: 'a secret that is long enough to be one', previousSecret: null })
const links = createEmailLinks(tickets, 'https://crm.example')
let engagement: ReturnType<typeof createEngagement>
const person = {
  ip: '192.0.2.1',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  prefetch: false,
}

beforeAll(async () => {
  acme = await openWrites()
  tenancy = openTenancy({ databaseUrl: acme.databaseUrl, poolSize: 8 })
  mails = await mailServer()
  engagement = createEngagement({ tenancy, tickets, tokens: { attemptKey: (text) => Buffer.from(text) } })
})
afterAll(async () => {
  await tenancy?.close()
  await acme?.close()
  await mails?.stop()
})

let counter = 0
const HTML =
  '<p>{{ recipient.fullName }} <a href="https://shop.example/a?b=1&amp;c=2">shop</a> <a href="{{ unsubscribeUrl }}">no more</a></p>'
const template = async (html = HTML) =>
  (await acme.create('EmailTemplate', { name: `T ${++counter}`, subject: 'News', html }))[0] as string
const contacts = (...more: Record<string, unknown>[]) =>
  acme.create(
    'Contact',
    ...more.map((one) => ({ lastName: `P ${++counter}`, email: `p${counter}@mail.example`, ...one })),
  )
async function list(ids: string[], kind = 'INCLUDE'): Promise<string> {
  const [id] = (await acme.create('TargetList', { name: `L ${++counter}`, kind })) as [string]
  if (ids.length > 0)
    await acme.create(
      'TargetListMember',
      ...ids.map((one) => ({ targetListId: ref('TargetList', id), contactId: ref('Contact', one) })),
    )
  return ref('TargetList', id)
}
const blast = async (include: string[], more: Record<string, unknown> = {}) =>
  (
    await acme.create('EmailBlast', {
      name: `B ${++counter}`,
      templateId: ref('EmailTemplate', await template()),
      includeListIds: include,
      ...more,
    })
  )[0] as string
const verb = async (run: typeof startBlast, id: string) =>
  (await acme.write((context) => run(context, { id: ref('EmailBlast', id) }))).errors.map(({ code }) => code)
const expand = async () => {
  while ((await runJobsOnce(tenancy)) > 0);
}
const statuses = (id: string) =>
  acme.rows<{ status: string; problem: string | null; n: number }>(
    'SELECT status, problem, count(*)::integer AS n FROM email_message WHERE tenant_id = $1 AND blast_id = $2 GROUP BY 1, 2 ORDER BY 1, 2',
    id,
  )
/** Sends until the blast is over. */
async function deliver(id: string): Promise<void> {
  const ended = Promise.withResolvers<void>()
  tenancy.onWritten(() => {
    void acme.row('email_blast', id).then(({ status }) => {
      if (status === 'SENT') ended.resolve()
    }, ended.reject)
  })
  const sender = sendEmails(tenancy, {
    transport: smtpPool({ url: mails.url, from: 'Acme <news@acme.example>', connections: 3 }),
    links,
    onError: () => {},
    interval: 200,
  })
  await ended.promise
  await sender.stop()
}

it('needs a way out in its template, unless it is of business', async () => {
  const without = await template('<p>Hello</p>')
  const templateId = ref('EmailTemplate', without)
  expect(await verb(startBlast, await blast([], { templateId }))).toEqual(['UNSUBSCRIBE_LINK_REQUIRED'])
  expect(await verb(startBlast, await blast([], { templateId, informational: true }))).toEqual([])
})

it('is started once, and ends at once where nobody is on its lists', async () => {
  const id = await blast([await list([])])
  expect(await verb(startBlast, id)).toEqual([])
  expect(await verb(startBlast, id)).toEqual(['INVALID_STATE'])
  await expand()
  expect(await acme.row('email_blast', id)).toMatchObject({ status: 'SENT' })
})

it('writes to each address once over all lists, to nobody excluded by address or opted out, and counts right', async () => {
  const people = await contacts(
    {},
    { email: 'twice@mail.example' },
    { email: 'twice@mail.example' },
    { doNotEmail: true },
    { email: 'never@mail.example' },
  )
  const same = await contacts({ email: 'never@mail.example' })
  const id = await blast([await list(people), await list(people.slice(0, 2))], {
    excludeListIds: [await list(same, 'EXCLUDE')],
    from: 'Acme News',
    replyTo: 'answers@acme.example',
  })
  const before = mails.received.length
  expect(await verb(startBlast, id)).toEqual([])
  await expand()
  await deliver(id)
  expect(await statuses(id)).toEqual([
    { status: 'SENT', problem: null, n: 2 },
    { status: 'SUPPRESSED', problem: 'DO_NOT_EMAIL', n: 1 },
    { status: 'SUPPRESSED', problem: 'EXCLUDED', n: 1 },
  ])
  const got = mails.received.slice(before)
  expect(got.flatMap(({ to }) => to).sort()).toEqual([expect.stringMatching(/^p\d+@/), 'twice@mail.example'].sort())
  expect(got[0]?.headers).toMatchObject({
    from: expect.stringContaining('news@acme.example'),
    'reply-to': 'answers@acme.example',
    'list-unsubscribe': expect.stringMatching(/^<https:\/\/crm\.example\/email\/unsubscribe\/[\w-]+>$/),
    'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
  })
  expect(await acme.rows('SELECT 1 FROM email_body WHERE tenant_id = $1')).toEqual([])
})

it('counts opens and clicks of people, keeps those of programs apart, and leads nowhere else', async () => {
  const id = await blast([await list(await contacts({}))])
  await verb(startBlast, id)
  await expand()
  await deliver(id)
  const [mail] = await acme.rows<{ id: string }>(
    'SELECT id FROM email_message WHERE tenant_id = $1 AND blast_id = $2',
    id,
  )
  const [link] = await acme.rows<{ token: string }>(
    'SELECT token FROM tracking_link WHERE tenant_id = $1 AND blast_id = $2',
    id,
  )
  const claims = { tenantId: acme.viewer.tenantId, messageId: mail?.id as string }
  const click = tickets.sign('CLICK', { ...claims, link: link?.token as string })
  expect(await engagement.click(click, person)).toBe('https://shop.example/a?b=1&c=2')
  expect(await engagement.click(click, { ...person, prefetch: true })).toBe('https://shop.example/a?b=1&c=2')
  expect(await engagement.click(click, { ...person, userAgent: 'Googlebot/2.1' })).toBe(
    'https://shop.example/a?b=1&c=2',
  )
  await engagement.open(tickets.sign('OPEN', claims), person)
  expect(await engagement.click(tickets.sign('OPEN', claims), person)).toBeNull()
  expect(await engagement.click(`${click.slice(0, -2)}AA`, person)).toBeNull()
  expect(await engagement.click(tickets.sign('CLICK', { ...claims, link: 'f'.repeat(32) }), person)).toBeNull()
  expect(await acme.row('email_message', claims.messageId)).toMatchObject({
    clicks: 1,
    opens: 1,
    opened_at: expect.any(String),
  })
  const events = await acme.rows(
    'SELECT type, is_bot AS bot FROM engagement_event WHERE tenant_id = $1 AND message_id = $2 ORDER BY id',
    claims.messageId,
  )
  expect(events).toEqual([
    { type: 'SENT', bot: false },
    { type: 'CLICKED', bot: false },
    { type: 'CLICKED', bot: true },
    { type: 'CLICKED', bot: true },
    { type: 'OPENED', bot: false },
  ])
})

/** The ticket of the way out of a blast's only mail. */
async function wayOut(id: string): Promise<string> {
  const [mail] = await acme.rows<{ id: string }>(
    'SELECT id FROM email_message WHERE tenant_id = $1 AND blast_id = $2',
    id,
  )
  return tickets.sign('UNSUBSCRIBE', { tenantId: acme.viewer.tenantId, messageId: mail?.id as string })
}
const consents = (contact: string) =>
  acme.rows('SELECT status FROM consent_record WHERE tenant_id = $1 AND contact_id = $2', contact)
const optedOut = (list: string) =>
  acme
    .rows<{ n: number }>('SELECT opted_out_count AS n FROM target_list WHERE tenant_id = $1 AND id = $2', uuidIn(list))
    .then(([row]) => row?.n)
/** Starts a blast and writes its mails. */
async function begin(include: string[], more: Record<string, unknown> = {}): Promise<string> {
  const id = await blast(include, more)
  expect(await verb(startBlast, id)).toEqual([])
  await expand()
  return id
}

it('ends all mails to an address by its link, once, and withdraws the consent; looking changes nothing', async () => {
  const [contact] = (await contacts({})) as [string]
  const lists = [await list([contact])] as [string]
  const id = await begin(lists)
  const ticket = await wayOut(id)
  expect(await engagement.look(ticket)).toEqual({ company: 'Acme', byList: true })
  expect(await consents(contact)).toEqual([])
  const twice = [1, 2].map(() => engagement.unsubscribe(ticket, person, true))
  expect(await Promise.all(twice)).toEqual(['ALL', 'ALL'])
  expect(await consents(contact)).toEqual([{ status: 'WITHDRAWN' }])
  expect(await optedOut(lists[0])).toBe(1)
  // What waited in the queue does not go out any more.
  await deliver(id)
  expect(await statuses(id)).toEqual([{ status: 'SUPPRESSED', problem: 'CONSENT', n: 1 }])
  expect(await engagement.unsubscribe('nothing', person)).toBeNull()
})

it('ends mails by way of the lists of a mail by one click, and no others', async () => {
  const [contact] = (await contacts({})) as [string]
  const [news, offers] = [await list([contact]), await list([contact])]
  const id = await begin([news])
  const waiting = await begin([news])
  const ticket = await wayOut(id)
  const twice = [1, 2].map(() => engagement.unsubscribe(ticket, person))
  expect(await Promise.all(twice)).toEqual(['LIST', 'LIST'])
  expect(await consents(contact)).toEqual([])
  expect([await optedOut(news), await optedOut(offers)]).toEqual([1, 0])
  expect(
    await acme.rows(`SELECT 1 FROM engagement_event WHERE tenant_id = $1 AND blast_id = $2 AND type = 'OPTED_OUT'`, id),
  ).toHaveLength(1)
  const suppressed = [{ status: 'SUPPRESSED', problem: 'LIST_SUPPRESSED', n: 1 }]
  const queued = [{ status: 'QUEUED', problem: null, n: 1 }]
  // What waited in the queue does not go out any more; what is of business does.
  await deliver(waiting)
  expect(await statuses(waiting)).toEqual(suppressed)
  expect(await statuses(await begin([news]))).toEqual(suppressed)
  expect(await statuses(await begin([news], { informational: true }))).toEqual(queued)
  // Let go of, whoever is on the list gets its mails again.
  const [of] = await acme.rows<{ email: string }>('SELECT email FROM contact WHERE tenant_id = $1 AND id = $2', contact)
  const named = { address: of?.email as string, targetListId: news }
  expect((await acme.write((context) => unsuppressAddress(context, named))).errors).toEqual([])
  expect(await optedOut(news)).toBe(0)
  expect(await statuses(await begin([news]))).toEqual(queued)
  expect(await engagement.unsubscribe(ticket, person)).toBe('LIST')
  const other = await begin([offers])
  expect(await statuses(other)).toEqual(queued)
  await deliver(other)
  expect(await statuses(other)).toEqual([{ status: 'SENT', problem: null, n: 1 }])
  // From the page of what was done the rest is one button away.
  expect(await engagement.unsubscribe(ticket, person, true)).toBe('ALL')
  expect(await statuses(await begin([offers]))).toEqual([{ status: 'SUPPRESSED', problem: 'CONSENT', n: 1 }])
})

it('writes once to an address that one of its lists may still be used for, by way of that', async () => {
  const email = 'half@mail.example'
  const [first, second, alone] = (await contacts(
    { email },
    { email },
    { lastName: '李', email: 'li@mail.example' },
  )) as [string, string, string]
  const [shut, open, again] = [await list([first, alone]), await list([second]), await list([first])]
  for (const address of [email, 'li@mail.example'])
    expect((await acme.write((context) => suppressAddress(context, { address, targetListId: shut }))).errors).toEqual(
      [],
    )
  const whose = (id: string) =>
    acme.rows(
      'SELECT contact_id AS contact, status, problem FROM email_message WHERE tenant_id = $1 AND blast_id = $2 ORDER BY status, id',
      id,
    )
  const none = { contact: alone, status: 'SUPPRESSED', problem: 'LIST_SUPPRESSED' }
  expect(await whose(await begin([shut, open]))).toEqual([{ contact: second, status: 'QUEUED', problem: null }, none])
  expect(await whose(await begin([again, shut]))).toEqual([{ contact: first, status: 'QUEUED', problem: null }, none])
  // One that was queued by way of the other list goes out.
  const id = await begin([shut, open])
  await deliver(id)
  expect(await statuses(id)).toEqual([
    { status: 'SENT', problem: null, n: 1 },
    { status: 'SUPPRESSED', problem: 'LIST_SUPPRESSED', n: 1 },
  ])
  await acme.write((context) => suppressAddress(context, { address: email, targetListId: open }))
  expect(await whose(await begin([shut, open]))).toEqual([
    { contact: first, status: 'SUPPRESSED', problem: 'LIST_SUPPRESSED' },
    none,
  ])
})

it('ends all mails by one click where none of the lists of the mail is left', async () => {
  const [contact] = (await contacts({})) as [string]
  const gone = await list([contact])
  const id = await begin([gone])
  await acme.remove('TargetList', uuidIn(gone))
  expect(await engagement.unsubscribe(await wayOut(id), person)).toBe('ALL')
  expect(await consents(contact)).toEqual([{ status: 'WITHDRAWN' }])
})

it('waits while it is paused, goes on when it is resumed, and never goes on when it is called off', async () => {
  const id = await blast([await list(await contacts({}, {}))], { throttle: 6000 })
  await verb(startBlast, id)
  await expand()
  expect(await verb(pauseBlast, id)).toEqual([])
  const due = () =>
    acme.rows(
      `SELECT 1 FROM email_message WHERE tenant_id = $1 AND blast_id = $2 AND status = 'QUEUED' AND next_attempt_at < now() + interval '1 minute'`,
      id,
    )
  expect(await due()).toEqual([])
  expect(await verb(resumeBlast, id)).toEqual([])
  expect(await due()).toHaveLength(2)
  expect(await verb(cancelBlast, id)).toEqual([])
  expect(await verb(resumeBlast, id)).toEqual(['INVALID_STATE'])
  expect(await statuses(id)).toEqual([{ status: 'CANCELLED', problem: null, n: 2 }])
})

it('marks an address that the server refuses, for good, and one that came back later by its report', async () => {
  const [refused, later] = (await contacts({}, {})) as [string, string]
  const id = await blast([await list([refused])])
  mails.mood = 'refuse'
  await verb(startBlast, id)
  await expand()
  await deliver(id)
  mails.mood = 'take'
  expect(await statuses(id)).toEqual([{ status: 'BOUNCED_HARD', problem: 'EENVELOPE 550', n: 1 }])
  expect(await acme.row('contact', refused)).toMatchObject({ has_invalid_email: true })
  const second = await blast([await list([later])])
  await verb(startBlast, second)
  await expand()
  await deliver(second)
  const [mail] = await acme.rows<{ id: string }>(
    'SELECT id FROM email_message WHERE tenant_id = $1 AND blast_id = $2',
    second,
  )
  const ticket = tickets.sign('BOUNCE', { tenantId: acme.viewer.tenantId, messageId: mail?.id as string })
  const report = (status: string) =>
    Buffer.from(
      `Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; x@mail.example\r\nAction: failed\r\nStatus: ${status}\r\n\r\n--b--\r\n`,
    )
  expect(await engagement.bounce(ticket, report('2.0.0'))).toBe(false)
  expect(await engagement.bounce(ticket, report('5.1.1'))).toBe(true)
  expect(await statuses(second)).toEqual([{ status: 'BOUNCED_HARD', problem: '5.1.1', n: 1 }])
})

it('sends each of sixty mails once through a server that goes away and comes back', async () => {
  const people = await contacts(...Array.from({ length: 60 }, () => ({})))
  const id = await blast([await list(people)])
  const before = mails.received.length
  await verb(startBlast, id)
  await expand()
  const away = setTimeout(() => void mails.stop().then(() => mails.start()), 150)
  await deliver(id)
  clearTimeout(away)
  const ids = mails.received.slice(before).map(({ headers }) => headers['message-id'])
  expect(new Set(ids).size).toBe(60)
  expect(await statuses(id)).toEqual([{ status: 'SENT', problem: null, n: 60 }])
})
