import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { sendWebhooksOnce, signatureOf } from '../../src/jobs/webhooks.ts'
import { type Note, notify } from '../../src/resolvers/work/notify.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let owner: Owner
let ann: Person
let server: Server
let received: { body: string; signature: string }[]
let answer = 200

beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
  ann = await person(app, app.acme, 'rep')
  server = createServer(async (request: IncomingMessage, response) => {
    let body = ''
    for await (const part of request) body += part
    received.push({ body, signature: String(request.headers['atrium-signature']) })
    response.writeHead(answer).end('ok')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await owner.rows(
    `INSERT INTO notification_setting (user_id, webhook, webhook_url, webhook_secret) VALUES ($1, true, $2, 'whsec_test')`,
    uuidIn(ann.id),
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
  )
})
afterAll(async () => {
  server?.close()
  await owner?.close()
  await app?.close()
})
beforeEach(async () => {
  received = []
  answer = 200
  await owner.rows('DELETE FROM webhook_delivery')
})

const tell = (more: Partial<Note> = {}) => {
  const tenantId = uuidIn(app.acme.id)
  return app.app.tenancy.writeTenant({ tenantId }, (db) =>
    notify(db, tenantId, [{ userId: uuidIn(ann.id), type: 'TEST', title: 'Hear this', ...more }]),
  )
}
const errors: string[] = []
const round = (allowPrivate = true) =>
  sendWebhooksOnce(app.app.tenancy, { allowPrivate, onError: (error) => errors.push(String(error)) })
const rows = () =>
  owner.rows<{ status: string; attempts: number; error: string | null }>(
    'SELECT status, attempts, error FROM webhook_delivery ORDER BY id',
  )
const due = () => owner.rows(`UPDATE webhook_delivery SET next_attempt_at = now() - interval '1 minute'`)

describe('a webhook', () => {
  it('goes out once, signed over its body and its moment', async () => {
    await tell({ payload: { deal: 7 } })
    expect(await Promise.all([round(), round()]).then((all) => all.reduce((sum, one) => sum + one, 0))).toBe(1)
    expect(await round()).toBe(0)
    const [{ body, signature }] = received as [{ body: string; signature: string }]
    expect(JSON.parse(body)).toMatchObject({ type: 'TEST', title: 'Hear this', userId: ann.id, payload: { deal: 7 } })
    const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? []
    expect(mac).toBe(createHmac('sha256', 'whsec_test').update(`${seconds}.${body}`).digest('hex'))
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60)
    expect(signatureOf('another', body, new Date(Number(seconds) * 1000))).not.toBe(signature)
    expect(await rows()).toEqual([{ status: 'SENT', attempts: 1, error: null }])
  })

  it('is tried again when it was not taken, later each time, and given up in the end', async () => {
    answer = 503
    await tell()
    await round()
    expect(await rows()).toEqual([{ status: 'PENDING', attempts: 1, error: 'status 503' }])
    expect(await round()).toBe(0)
    for (let n = 2; n <= 6; n++) {
      await due()
      expect(await round()).toBe(1)
    }
    expect(await rows()).toEqual([{ status: 'FAILED', attempts: 6, error: 'status 503' }])
    expect(new Set(received.map(({ body }) => body)).size).toBe(1)
  })

  it('reaches no private address, follows no redirect, and says where it failed without the address', async () => {
    errors.length = 0
    await tell()
    await round(false)
    expect(received).toEqual([])
    expect(await rows()).toMatchObject([{ status: 'PENDING', error: 'The address must be https.' }])
    expect(errors.join()).not.toContain('127.0.0.1')
    answer = 302
    await due()
    await round()
    expect(await rows()).toMatchObject([{ status: 'PENDING', error: 'status 302' }])
  })

  it('waits until the quiet hours are over', async () => {
    // From two hours ago until in two hours, in UTC.
    const hhmm = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16)
    await owner.rows('UPDATE notification_setting SET quiet_from = $1, quiet_to = $2', hhmm(-2), hhmm(2))
    await tell()
    expect(await round()).toBe(0)
    await owner.rows('UPDATE notification_setting SET quiet_from = NULL, quiet_to = NULL')
    await due()
    expect(await round()).toBe(1)
  })
})
