import { afterEach, expect, it } from '@jest/globals'
import { EgressError, type Outgoing } from '../../src/access/egress.ts'
import { createVault } from '../../src/access/totp.ts'
import { sendCalls } from '../../src/resolvers/automation/call.ts'
import { isSigned, sign } from '../../src/resolvers/automation/secret.ts'
import { type Any, callers, SECRET } from '../support/app.ts'
import { draft, flow, openFlows, refusedDraft, runsOf, verb, work } from '../support/automation.ts'
import { make } from '../support/factory.ts'
import { OWN } from '../support/owner.ts'

const all = openFlows()

const rotate = async (id: string): Promise<string> => {
  const { rotateWorkflowSecret } = await all.acme.run<Any>(
    'mutation($id: ID!) { rotateWorkflowSecret(id: $id) { secret workflow { id } userErrors { code } } }',
    { id },
  )
  expect(rotateWorkflowSecret.userErrors).toEqual([])
  return rotateWorkflowSecret.secret
}

const hook = async (id: string): Promise<{ url: string; secret: string }> => {
  const { workflow } = await all.acme.run<Any>('query($id: ID!) { workflow(id: $id) { hookToken } }', { id })
  return { url: `/hooks/${workflow.hookToken}`, secret: await rotate(id) }
}

let n = 0
const post = (
  { url, secret }: { url: string; secret: string },
  body: string,
  { at = new Date(), event = `event-${++n}` }: { at?: Date; event?: string } = {},
) =>
  callers(all.test.app, null).send({
    method: 'POST',
    url,
    payload: body,
    headers: {
      'content-type': 'application/json',
      'atrium-signature': sign(secret, body, at),
      ...(event ? { 'atrium-event-id': event } : {}),
    },
  })

const TAG = { key: 'tag', action: 'CREATE_RECORD', object: 'Tag', values: { name: '{{ payload.name }}' } }

it('starts for what another system sends, with its payload, each event once', async () => {
  const id = await flow(all.acme, { trigger: 'WEBHOOK', steps: [TAG] })
  const to = await hook(id)
  expect(await post(to, '{"name":"from outside"}', { event: 'one' })).toMatchObject({
    status: 202,
    json: { status: 'ACCEPTED' },
  })
  expect(await post(to, '{"name":"again"}', { event: 'one' })).toMatchObject({
    status: 200,
    json: { status: 'DUPLICATE' },
  })
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'COMPLETED', recordId: null }])
  expect(await all.owner.rows(`SELECT name FROM tag WHERE ${OWN} AND name IN ('from outside', 'again')`)).toEqual([
    { name: 'from outside' },
  ])
  await verb(all.acme, 'disableWorkflow', id)
  expect((await post(to, '{"name":"late"}')).status).toBe(404)
})

it('takes nothing that is not signed, is old, is too large, is no JSON or has no name', async () => {
  const id = await flow(all.acme, { trigger: 'WEBHOOK', steps: [TAG] })
  const to = await hook(id)
  const status = async (...args: Parameters<typeof post>) => (await post(...args)).status
  expect(await status({ ...to, secret: 'another' }, '{}')).toBe(401)
  expect(await status(to, '{}', { at: new Date(Date.now() - 301_000) })).toBe(401)
  expect(await status(to, 'none')).toBe(400)
  expect(await status(to, '{"a":"\\u0000"}')).toBe(400)
  expect(await status(to, '{}', { event: '' })).toBe(400)
  expect(await status(to, `{"a":"${'x'.repeat(65_536)}"}`)).toBe(413)
  expect(await status({ ...to, url: `/hooks/${'0'.repeat(22)}` }, '{}')).toBe(404)
  expect(await runsOf(all.acme, id)).toEqual([])
  // The one before counts for a day.
  const fresh = await rotate(id)
  expect(await status(to, '{"name":"old secret"}')).toBe(202)
  expect(await status({ ...to, secret: fresh }, '{"name":"new secret"}')).toBe(202)
  await rotate(id)
  expect(await status(to, '{"name":"too old"}')).toBe(401)
  await verb(all.acme, 'disableWorkflow', id)
})

it('lets nobody else have the secret', async () => {
  const id = await draft(all.acme, { trigger: 'WEBHOOK', steps: [TAG] })
  const secret = await rotate(id)
  const [row] = await all.owner.rows<{ text: string }>(
    `SELECT encode(secret, 'escape') AS text FROM workflow_secret WHERE ${OWN} ORDER BY id DESC LIMIT 1`,
  )
  expect(row?.text).not.toContain(secret)
  const foreign = await all.globex.run<Any>(
    'mutation($id: ID!) { rotateWorkflowSecret(id: $id) { secret userErrors { code field } } }',
    { id },
  )
  expect(foreign.rotateWorkflowSecret).toEqual({ secret: null, userErrors: [{ code: 'NOT_FOUND', field: ['id'] }] })
})

interface Seen {
  url: string
  options: Outgoing
}
const keyOf = ({ options }: Seen) => (options.headers as Record<string, string>)['Idempotency-Key']

let answers: (number | Error)[] = []
let seen: Seen[] = []
afterEach(() => {
  answers = []
  seen = []
})

/** Sends what is due to a server that answers as it was told. */
const deliver = () =>
  sendCalls(all.test.app.tenancy, {
    vault: createVault({ secret: SECRET }),
    onError: (error) => {
      throw error
    },
    post: async (url, options = {}) => {
      seen.push({ url: url.href, options })
      const answer = answers.shift() ?? 200
      if (answer instanceof Error) throw answer
      return { status: answer, headers: {}, body: Buffer.alloc(0) }
    },
  })

const CALL = {
  key: 'call',
  action: 'CALL_WEBHOOK',
  url: 'https://erp.example.com/in',
  payload: { name: '{{ record.name }}', by: 'x' },
}
const SET = { key: 'set', action: 'UPDATE_RECORD', values: { color: '#12abef' } }
const onTag = (word: string) => ({
  object: 'Tag',
  trigger: 'RECORD_CREATED',
  condition: { name: { eq: word } },
  steps: [CALL, SET],
})
const due = () => all.owner.rows(`UPDATE workflow_call SET next_attempt_at = now() WHERE ${OWN}`)

it('calls another system, signed anew at each attempt, and goes on when it has answered', async () => {
  const id = await flow(all.acme, onTag('call me'))
  const secret = await rotate(id)
  const { id: tag } = await make(all.acme, 'Tag', { name: 'call me' })
  await work(all)
  const [run] = await runsOf(all.acme, id)
  expect(run).toMatchObject({ status: 'WAITING', dueAt: null, steps: [{ key: 'call', status: 'WAITING' }] })
  answers = [503, new EgressError('The server cannot be reached.')]
  expect(await deliver()).toBe(1)
  expect(await deliver()).toBe(0)
  await due()
  await deliver()
  await due()
  await deliver()
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([
    {
      status: 'COMPLETED',
      steps: [{ key: 'call', status: 'COMPLETED', attempts: 3, result: { status: 200 } }, { key: 'set' }],
    },
  ])
  expect(seen.map(({ url }) => url)).toEqual(Array.from({ length: 3 }, () => CALL.url))
  for (const { options } of seen) {
    const headers = options.headers as Record<string, string>
    const body = Buffer.from(options.body as string)
    expect(isSigned(headers['Atrium-Signature'] as string, body, [secret])).toBe(true)
    expect(headers['Idempotency-Key']).toBe(keyOf(seen[0] as Seen))
    expect(JSON.parse(String(body))).toMatchObject({
      runId: run.id,
      recordId: tag,
      payload: { name: 'call me', by: 'x' },
    })
  }
  await verb(all.acme, 'disableWorkflow', id)
})

it('gives up at 410 and after a day, and is stopped while it waits', async () => {
  const id = await flow(all.acme, onTag('gone'))
  const tag = () => make(all.acme, 'Tag', { name: 'gone' })
  // Without a secret there is nothing to sign with.
  const first = await tag()
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'FAILED', errorCode: 'INVALID_STATE' }])
  await all.acme.run('mutation($id: ID!) { deleteTag(id: $id) { userErrors { code } } }', { id: first.id })
  await rotate(id)
  const second = await tag()
  await work(all)
  answers = [410]
  await deliver()
  expect((await runsOf(all.acme, id))[1]).toMatchObject({
    status: 'FAILED',
    errorCode: 'WEBHOOK_FAILED',
    steps: [{ status: 'FAILED' }],
  })
  await all.acme.run('mutation($id: ID!) { deleteTag(id: $id) { userErrors { code } } }', { id: second.id })
  const third = await tag()
  await work(all)
  for (let attempt = 1; attempt <= 7; attempt++) {
    answers = [500]
    expect(await deliver()).toBe(1)
    await due()
  }
  expect(await deliver()).toBe(0)
  expect((await runsOf(all.acme, id))[2]).toMatchObject({ status: 'FAILED', steps: [{ attempts: 7 }] })
  // Tried again, the request goes out anew.
  const [, , failed] = await runsOf(all.acme, id)
  await verb(all.acme, 'retryWorkflowRun', failed.id)
  await work(all)
  expect((await verb(all.acme, 'cancelWorkflowRun', failed.id)).workflowRun).toMatchObject({ status: 'CANCELLED' })
  expect(await deliver()).toBe(0)
  expect(third.id).toBe(failed.recordId)
  await verb(all.acme, 'disableWorkflow', id)
})

it('calls no address that is not one of the public internet', async () => {
  const refused = (url: string) => refusedDraft(all.acme, { ...onTag('x'), steps: [{ ...CALL, url }] })
  for (const url of [
    'https://127.0.0.1/',
    'https://10.0.0.8/x',
    'https://169.254.169.254/',
    'https://[::1]/',
    'http://erp.example.com/',
    'https://localhost/',
  ])
    expect(await refused(url)).toEqual(['WEBHOOK_URL_FORBIDDEN input.steps.0.url'])
  expect(await refused('no address')).toEqual(['VALIDATION_FAILED input.steps.0.url'])
})

it('tells people and sends mails', async () => {
  const template = await make(all.acme, 'EmailTemplate', {}, 'id name')
  const { id: owner } = await make(all.acme, 'User', { status: 'ACTIVE' })
  const id = await flow(all.acme, {
    object: 'Lead',
    trigger: 'RECORD_CREATED',
    condition: { companyName: { eq: 'tell' } },
    steps: [
      {
        key: 'tell',
        action: 'NOTIFY',
        userIds: ['{{ record.ownerId }}', all.acme.adminUserId],
        title: 'New: {{ record.companyName }}',
      },
      {
        key: 'mail',
        action: 'SEND_EMAIL',
        emailTemplateId: template.id,
        recipient: '{{ record.id }}',
        informational: true,
      },
    ],
  })
  const { id: lead } = await make(all.acme, 'Lead', { companyName: 'tell', ownerId: owner, email: 'lead@mail.example' })
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([
    {
      status: 'COMPLETED',
      errorMessage: null,
      steps: [{ result: { users: 2 } }, { result: { queued: 1, suppressed: 0 } }],
    },
  ])
  const told = await all.owner.rows<{ title: string; record: string }>(
    `SELECT title, record_id AS record FROM notification WHERE ${OWN} AND type = 'WORKFLOW'`,
  )
  expect(told).toEqual(Array.from({ length: 2 }, () => ({ title: 'New: tell', record: lead })))
  await verb(all.acme, 'disableWorkflow', id)
  expect(
    await refusedDraft(all.acme, {
      object: 'Lead',
      trigger: 'MANUAL',
      steps: [{ key: 'tell', action: 'NOTIFY', userIds: ['user_x'], title: 'x' }],
    }),
  ).toEqual(['REFERENCE_NOT_FOUND input.steps.0.userIds.0'])
})
