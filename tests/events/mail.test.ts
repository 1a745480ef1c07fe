import { type AddressInfo, createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { announceMails, enqueueMail, mailLink, type NewMail, oneLine, sendMails } from '../../src/events/mail.ts'
import { type MailTransport, type OutgoingMail, smtpTransport } from '../../src/events/smtp.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { until } from '../cache/model.ts'
import { type Company, type TestApp, testApp } from '../support/app.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type MailServer, mailServer } from '../support/smtp.ts'

const FROM = '"艾崔姆 CRM" <no-reply@crm.example>'
const PUBLIC_URL = 'https://crm.example/'

interface Row {
  to_address: string
  subject: string
  body: string | null
  status: string
  attempts: number
  error: string | null
  /** Seconds until the next attempt. */
  wait: number
}

let test: TestApp
let acme: Owner
let globex: Owner
/** What a second process has. */
let second: Tenancy
let errors: string[]
let senders: { stop(): Promise<void> }[]

beforeAll(async () => {
  test = await testApp()
  acme = await openOwner(test, test.acme)
  globex = await openOwner(test, test.globex)
  second = openTenancy({ databaseUrl: test.database.appUrl, poolSize: 4 })
})

afterAll(async () => {
  await second.close()
  await acme.close()
  await globex.close()
  await test.close()
})

beforeEach(() => {
  errors = []
  senders = []
})

afterEach(async () => {
  await Promise.all(senders.map((sender) => sender.stop()))
  for (const owner of [acme, globex]) await owner.rows('DELETE FROM mail WHERE tenant_id = $1', owner.tenantId)
})

function send(transport: MailTransport, tenancy = test.app.tenancy, interval = 50): void {
  const onError = (error: unknown) => errors.push(String(error))
  senders.push(sendMails(tenancy, { transport, publicUrl: PUBLIC_URL, onError, delay: 5, interval }))
}

function enqueue(more: Partial<NewMail> = {}, company: Company = test.acme): Promise<void> {
  const tenantId = uuidIn(company.id)
  return test.app.tenancy.writeTenant({ tenantId }, (db) =>
    enqueueMail(db, {
      tenantId,
      kind: 'TEST',
      to: 'li.wei@mail.example',
      subject: 'Hello',
      text: 'Text',
      hours: 1,
      ...more,
    }),
  )
}

function outbox(owner = acme): Promise<Row[]> {
  return owner.rows<Row>(
    'SELECT *, extract(epoch FROM next_attempt_at - now())::float8 AS wait FROM mail WHERE tenant_id = $1 ORDER BY created_at, to_address',
    owner.tenantId,
  )
}
const first = async () => (await outbox())[0] as Row
const due = () => acme.rows(`UPDATE mail SET next_attempt_at = now() WHERE tenant_id = $1`, acme.tenantId)

/** A transport that only remembers. */
function memory(): MailTransport & { sent: OutgoingMail[] } {
  const sent: OutgoingMail[] = []
  return { sent, send: async (mail) => void sent.push(mail) }
}

/** A transport whose mails are on their way until the test says what becomes of them. */
function held(): MailTransport & { sent: OutgoingMail[]; release(): void; fail(): void } {
  const sent: OutgoingMail[] = []
  let settle: { resolve(): void; reject(error: Error): void }[] = []
  const all = (how: (one: (typeof settle)[number]) => void) => {
    const waiting = settle
    settle = []
    waiting.forEach(how)
  }
  return {
    sent,
    send: (mail) =>
      new Promise((resolve, reject) => {
        sent.push(mail)
        settle.push({ resolve, reject })
      }),
    release: () => all(({ resolve }) => resolve()),
    fail: () => all(({ reject }) => reject(new Error('gone'))),
  }
}

describe('the outbox', () => {
  it('holds a mail from the commit of what caused it, and none of what was undone', async () => {
    const transport = memory()
    send(transport)
    const tenantId = uuidIn(test.acme.id)
    await expect(
      test.app.tenancy.writeTenant({ tenantId }, async (db) => {
        await enqueueMail(db, { tenantId, kind: 'TEST', to: 'a@b.example', subject: 'x', text: 'x', hours: 1 })
        throw new Error('undone')
      }),
    ).rejects.toThrow('undone')
    await enqueue({ text: `Go to ${mailLink('/invitation', { tenant: 'acme', token: 'a+b/c=' })}` })
    await until(async () => (await first()).status === 'SENT')
    expect(transport.sent).toEqual([
      expect.objectContaining({
        to: 'li.wei@mail.example',
        text: 'Go to https://crm.example/invitation?tenant=acme&token=a%2Bb%2Fc%3D',
      }),
    ])
    expect(await outbox()).toEqual([expect.objectContaining({ body: null, attempts: 1, error: null })])
  })

  it('takes one plain address only', async () => {
    for (const to of ['a@b.example\r\nBcc: c@d.example', 'a@b.example, c@d.example', 'A <a@b.example>', 'nobody', '']) {
      await expect(enqueue({ to })).rejects.toThrow()
    }
    expect(await outbox()).toEqual([])
  })

  it('takes names into subjects on one line and of a sensible length', async () => {
    await enqueue({ subject: 'Hello\r\nBcc: victim@mail.example\u2028\u202e 世界\t!' })
    expect((await first()).subject).toBe('Hello Bcc: victim@mail.example 世界 !')
    expect([...oneLine('名'.repeat(500), 80)]).toHaveLength(80)
    expect(oneLine('👩🏽‍💻'.repeat(3), 80).isWellFormed()).toBe(true)
  })
})

describe('sending', () => {
  it('begins soon after the commit, long before the next look around', async () => {
    const transport = memory()
    send(transport, test.app.tenancy, 3_600_000)
    for (const to of ['one@mail.example', 'two@mail.example']) {
      await enqueue({ to })
      await until(() => transport.sent.at(-1)?.to === to)
    }
    expect(transport.sent).toHaveLength(2)
  })

  it('has no transaction and no connection while a server is talked to', async () => {
    const transport = held()
    send(transport, second)
    await enqueue()
    await until(() => transport.sent.length === 1)
    await until(() => second.stats().idle === second.stats().total)
    expect((await first()).status).toBe('PENDING')
    transport.release()
    await until(async () => (await first()).status === 'SENT')
  })

  it('sends each of many mails once, with four processes at it', async () => {
    await acme.rows(
      `INSERT INTO mail (kind, to_address, subject, body, expires_at) SELECT 'TEST', 'user' || n || '@mail.example', 'x', 'x', now() + interval '1 hour' FROM generate_series(1, 200) n`,
    )
    const more = [1, 2].map(() => openTenancy({ databaseUrl: test.database.appUrl, poolSize: 2 }))
    const sent: string[] = []
    const transport: MailTransport = { send: async ({ to }) => void sent.push(to) }
    try {
      for (const tenancy of [test.app.tenancy, second, ...more]) send(transport, tenancy)
      await until(async () => (await outbox()).every(({ status }) => status === 'SENT'))
      await Promise.all(senders.map((sender) => sender.stop()))
    } finally {
      await Promise.all(more.map((tenancy) => tenancy.close()))
    }
    expect(sent).toHaveLength(200)
    expect(new Set(sent).size).toBe(200)
  })

  it('gives every company its turn: one mail does not wait for another company’s thirty', async () => {
    for (let n = 0; n < 30; n++) await enqueue()
    await enqueue({ to: 'only@globex.example' }, test.globex)
    const transport = memory()
    send(transport)
    await until(() => transport.sent.length === 31)
    expect(transport.sent.findIndex(({ to }) => to === 'only@globex.example')).toBeLessThan(6)
  })

  it('finds what a process left that died while it sent, and only after the time it was given', async () => {
    const dying = held()
    send(dying)
    await enqueue()
    await until(() => dying.sent.length === 1)
    const other = held()
    send(other, second)
    await enqueue({ to: 'another@mail.example' }, test.globex)
    await until(() => other.sent.length === 1)
    // The other process has looked around, and has not taken this one.
    expect(other.sent[0]?.to).toBe('another@mail.example')
    expect(await first()).toMatchObject({ status: 'PENDING', attempts: 1 })
    expect((await first()).wait).toBeGreaterThan(500)
    other.release()
    await due()
    await until(() => other.sent.length === 2)
    // It was not dead after all: what it says now changes nothing.
    dying.fail()
    await until(() => errors.length === 1)
    await senders[0]?.stop()
    expect(await first()).toMatchObject({ status: 'PENDING', attempts: 2, error: null })
    expect((await first()).wait).toBeGreaterThan(500)
    other.release()
    await until(async () => (await first()).status === 'SENT')
  })

  it('does not send what is of no use any more, and removes lines of long ago', async () => {
    await enqueue()
    await acme.rows(`UPDATE mail SET expires_at = now() - interval '1 second' WHERE tenant_id = $1`, acme.tenantId)
    await acme.rows(
      `INSERT INTO mail (kind, to_address, subject, status, expires_at, created_at) VALUES ('TEST', 'old@mail.example', 'Old', 'SENT', now(), now() - interval '91 days')`,
    )
    const transport = memory()
    send(transport)
    await until(async () => (await outbox()).length === 1)
    expect(await outbox()).toEqual([expect.objectContaining({ status: 'FAILED', error: 'expired', body: null })])
    expect(transport.sent).toEqual([])
  })

  it('waits 1, 5, 30 and 120 minutes after failures, gives up after the fifth and forgets the text', async () => {
    send({
      send: async () => {
        throw Object.assign(new Error('550 no such user li.wei@mail.example'), { code: 'EENVELOPE', responseCode: 550 })
      },
    })
    await enqueue({ text: 'a secret' })
    for (const [index, minutes] of [1, 5, 30, 120].entries()) {
      await until(
        async () =>
          (await first()).error !== null && (await first()).attempts === index + 1 && errors.length === index + 1,
      )
      const row = await first()
      expect(row).toMatchObject({ status: 'PENDING', error: 'EENVELOPE 550', body: 'a secret' })
      await until(async () => Math.abs((await first()).wait - minutes * 60) < 20)
      await due()
    }
    await until(async () => (await first()).status === 'FAILED')
    expect(await first()).toMatchObject({ attempts: 5, error: 'EENVELOPE 550', body: null })
    expect(errors.join()).not.toMatch(/li\.wei|a secret/)
  })
})

describe('SMTP', () => {
  let server: MailServer

  beforeEach(async () => {
    server = await mailServer()
    send(smtpTransport({ url: server.url, from: FROM }))
  })

  afterEach(() => server.stop())

  it('carries Chinese subjects, names and texts as they are, in headers of plain letters', async () => {
    await enqueue({
      subject: '王伟邀请您加入上海艾崔姆科技有限公司，请尽快确认您的账户信息并设置密码',
      text: '您好：\n\n请打开链接。\n.\n终',
    })
    await until(() => server.received.length === 1)
    const { to, headers, text, raw } = server.received[0]!
    expect(to).toEqual(['li.wei@mail.example'])
    expect(headers).toMatchObject({
      subject: '王伟邀请您加入上海艾崔姆科技有限公司，请尽快确认您的账户信息并设置密码',
      to: 'li.wei@mail.example',
      'auto-submitted': 'auto-generated',
    })
    expect(headers.from).toMatch(/^"?艾崔姆 CRM"? <no-reply@crm\.example>$/)
    expect(headers['message-id']).toMatch(/^<[0-9a-f-]{36}@crm\.example>$/)
    expect(headers['content-type']).toMatch(/^text\/plain; charset=utf-8/i)
    expect(text.trimEnd()).toBe('您好：\n\n请打开链接。\n.\n终')
    expect(raw).toMatch(/^[\r\n\x20-\x7e\t]*$/)
  })

  it('makes no header out of a name', async () => {
    await enqueue({ subject: 'Hi\r\nBcc: victim@mail.example\r\n\r\n<b>body</b>' })
    await until(() => server.received.length === 1)
    const { to, headers } = server.received[0]!
    expect(to).toEqual(['li.wei@mail.example'])
    expect(headers.bcc).toBeUndefined()
    expect(headers.subject).toBe('Hi Bcc: victim@mail.example <b>body</b>')
  })

  it('tries again what the server refused, and keeps no word of what it said', async () => {
    server.mood = 'refuse'
    await enqueue()
    await until(async () => (await first()).error !== null)
    expect(await first()).toMatchObject({ status: 'PENDING', error: 'EENVELOPE 550' })
    server.mood = 'take'
    await due()
    await until(async () => (await first()).status === 'SENT')
    expect(server.received).toHaveLength(1)
  })

  it('does not keep a process from ending while a server says nothing', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const transport = smtpTransport({ url: `smtp://127.0.0.1:${port}`, from: FROM })
    const before = Date.now()
    await expect(
      transport.send({ id: 'x', to: 'a@b.example', subject: 'x', text: 'x' }, AbortSignal.timeout(100)),
    ).rejects.toThrow()
    expect(Date.now() - before).toBeLessThan(5000)
    await new Promise((resolve) => silent.close(resolve))
  })

  it('sends after all when the server breaks off, is away, and comes back', async () => {
    server.mood = 'die'
    await enqueue()
    await until(async () => (await first()).error !== null)
    expect(await first()).toMatchObject({ status: 'PENDING', attempts: 1 })
    await server.stop()
    await due()
    await until(async () => (await first()).attempts === 2 && errors.length === 2)
    expect(server.received).toEqual([])
    server.mood = 'take'
    await server.start()
    await due()
    await until(async () => (await first()).status === 'SENT')
    expect(server.received).toHaveLength(1)
    expect((await first()).attempts).toBe(3)
  })
})

describe('without a server', () => {
  it('mails stay, and their recipients are said once each, without a word of their texts', async () => {
    const said: string[] = []
    announceMails(test.app.tenancy, (recipient) => said.push(recipient), { delay: 5 })
    await enqueue({ to: 'one@mail.example', text: 'a secret' })
    await until(() => said.length === 1)
    await enqueue({ to: 'two@mail.example' })
    await until(() => said.length === 2)
    expect(said).toEqual(['one@mail.example', 'two@mail.example'])
    expect((await outbox()).map(({ status, attempts }) => [status, attempts])).toEqual([
      ['PENDING', 0],
      ['PENDING', 0],
    ])
  })
})
