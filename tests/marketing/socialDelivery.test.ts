import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { EgressError } from '../../src/access/egress.ts'
import { setSecret } from '../../src/resolvers/marketing/social/account.ts'
import {
  cancelSocialPost,
  publishSocialPost,
  retrySocialPost,
  scheduleSocialPost,
  unscheduleSocialPost,
} from '../../src/resolvers/marketing/social/verbs.ts'
import { ref } from '../support/writes.ts'
import { type Asked, openSocial, type Social, vault } from './social.ts'

let acme: Social
beforeAll(async () => {
  acme = await openSocial()
})
afterAll(async () => {
  await acme?.close()
})
beforeEach(async () => {
  // What others left behind is not due.
  await acme.write(({ db, viewer }) =>
    db.rows({ text: 'UPDATE social_delivery SET due_at = NULL WHERE tenant_id = $1', values: [viewer.tenantId] }),
  )
  acme.asked.length = 0
  acme.answers.length = 0
  acme.problems.length = 0
})

const post = (id: string) => acme.row('social_post', id)
const keys = () => acme.asked.map(({ headers }) => headers['idempotency-key'])
const dueOf = async (id: string) =>
  (
    await acme.rows<{ minutes: number | null }>(
      'SELECT round(extract(epoch FROM due_at - now()) / 60)::integer AS minutes FROM social_delivery WHERE tenant_id = $1 AND post_id = $2',
      id,
    )
  )[0]?.minutes
const sooner = (id: string, past: string) =>
  acme.write(({ db, viewer }) =>
    db.rows({
      text: 'UPDATE social_post SET published_at = now() - $3::interval WHERE tenant_id = $1 AND id = $2',
      values: [viewer.tenantId, id, past],
    }),
  )

it('publishes by a request that the bridge can check, and keeps what it answers', async () => {
  const account = await acme.account({ handle: '@acme', platform: 'LINKEDIN' })
  const { secret } = await acme.write((context) => setSecret(context, { id: ref('SocialAccount', account) }, vault))
  const id = await acme.post(account, { content: '你好 world', linkUrl: 'https://acme.example/new' })
  expect(await acme.verb(publishSocialPost, id)).toEqual([])
  expect((await post(id)).status).toBe('PUBLISHING')
  acme.answers.push({ status: 200, body: { id: 'urn:li:1', url: 'https://linkedin.example/1' } })
  expect(await acme.work()).toBe(1)
  expect(await post(id)).toMatchObject({
    status: 'PUBLISHED',
    published_id: 'urn:li:1',
    published_url: 'https://linkedin.example/1',
    published_at: expect.any(String),
    attempts: 1,
    failure_code: null,
  })
  const [{ url, headers, body, type, data }] = acme.asked as [Asked]
  expect({ url, type, data }).toEqual({
    url: 'https://bridge.example/in',
    type: 'social.post.publish',
    data: {
      accountId: ref('SocialAccount', account),
      platform: 'LINKEDIN',
      handle: '@acme',
      id: ref('SocialPost', id),
      content: '你好 world',
      linkUrl: 'https://acme.example/new',
      attachments: [],
    },
  })
  const at = Number(headers['webhook-timestamp'])
  expect(Math.abs(Date.now() / 1000 - at)).toBeLessThan(60)
  const mac = (of: string) =>
    `v1,${createHmac('sha256', Buffer.from(of.slice('whsec_'.length), 'base64'))
      .update(`${headers['webhook-id']}.${at}.${body}`)
      .digest('base64')}`
  // The new secret, and the one before, which counts for a day.
  const signatures = (headers['webhook-signature'] as string).split(' ')
  expect(signatures).toHaveLength(2)
  expect(signatures[0]).toBe(mac(secret as string))
  expect(headers['webhook-id']).toBe(headers['idempotency-key'])
  expect(await acme.work()).toBe(0)
})

it('publishes at its moment and not before', async () => {
  const id = await acme.post(await acme.account())
  expect(await acme.verb(scheduleSocialPost, id, { scheduleAt: new Date(Date.now() + 3_600_000) })).toEqual([])
  expect(await acme.work()).toBe(0)
  expect((await post(id)).status).toBe('SCHEDULED')
  await acme.due()
  expect(await acme.work()).toBe(1)
  expect((await post(id)).status).toBe('PUBLISHED')
})

it('tries again with longer and longer waits under the same key, and gives up', async () => {
  const id = await acme.post(await acme.account())
  await acme.verb(publishSocialPost, id)
  const waits: unknown[] = []
  acme.answers.push(
    { status: 503 },
    new EgressError('The server cannot be reached.'),
    { status: 429, headers: { 'retry-after': '7200' } },
    { status: 200, body: { url: 'https://net.example/no-id' } },
    { status: 202 },
    { status: 500, body: { message: 'still\nbroken' } },
  )
  for (let n = 0; n < 6; n++) {
    await acme.due()
    expect(await acme.work()).toBe(1)
    const { status, failure_code, failure_message, attempts } = await post(id)
    waits.push([status, attempts, failure_code, failure_message, await dueOf(id)])
  }
  expect(waits).toEqual([
    ['PUBLISHING', 1, null, 'The bridge answered 503.', 1],
    ['PUBLISHING', 2, null, 'The server cannot be reached.', 5],
    ['PUBLISHING', 3, null, 'The bridge answered 429.', 120],
    ['PUBLISHING', 4, null, 'The bridge answered without an id.', 120],
    ['PUBLISHING', 5, null, 'The bridge answered 202.', 600],
    ['FAILED', 6, 'GAVE_UP', 'still broken', null],
  ])
  expect(new Set(keys()).size).toBe(1)
  expect(acme.problems).toHaveLength(6)
  expect(acme.problems.join()).not.toContain('bridge.example')
  // Another try is the same publication.
  expect(await acme.verb(retrySocialPost, id)).toEqual([])
  expect(await post(id)).toMatchObject({ status: 'PUBLISHING', attempts: 0, failure_code: null })
  await acme.work()
  expect((await post(id)).status).toBe('PUBLISHED')
  expect(new Set(keys()).size).toBe(1)
})

it('does not ask again for what is refused; changed, it is another publication', async () => {
  const id = await acme.post(await acme.account())
  await acme.verb(publishSocialPost, id)
  acme.answers.push({ status: 422, body: { message: '内容违规' } })
  await acme.work()
  expect(await post(id)).toMatchObject({ status: 'FAILED', failure_code: 'REFUSED', failure_message: '内容违规' })
  await acme.due()
  expect(await acme.work()).toBe(0)
  expect(await acme.verb(unscheduleSocialPost, id)).toEqual([])
  await acme.update('SocialPost', id, { content: 'Better' })
  await acme.verb(publishSocialPost, id)
  await acme.work()
  expect(await post(id)).toMatchObject({ status: 'PUBLISHED', failure_code: null, failure_message: null })
  expect(new Set(keys()).size).toBe(2)
})

it('a redirect and a bridge that is gone are refusals', async () => {
  const account = await acme.account()
  for (const status of [302, 404, 410]) {
    const id = await acme.post(account)
    await acme.verb(publishSocialPost, id)
    acme.answers.push({ status })
    await acme.work()
    expect(await post(id)).toMatchObject({ status: 'FAILED', failure_code: 'REFUSED' })
  }
})

it('keeps no address that is none, and no id that cannot be stored', async () => {
  const account = await acme.account()
  const id = await acme.post(account)
  await acme.verb(publishSocialPost, id)
  acme.answers.push(
    { status: 200, body: { id: 'a\u0000b' } },
    { status: 200, body: { id: 42, url: 'javascript:alert(1)' } },
  )
  await acme.work()
  expect((await post(id)).failure_message).toBe('The bridge answered without an id.')
  await acme.due()
  await acme.work()
  expect(await post(id)).toMatchObject({ status: 'PUBLISHED', published_id: '42', published_url: null })
})

it('a post whose process died is asked for again under the same key when its time is over', async () => {
  const id = await acme.post(await acme.account())
  await acme.verb(publishSocialPost, id)
  // The first process claims it and says nothing more.
  await acme.write(({ db, viewer }) =>
    db.rows({
      text: `UPDATE social_delivery SET attempts = 1, due_at = now() + interval '5 minutes' WHERE tenant_id = $1 AND post_id = $2`,
      values: [viewer.tenantId, id],
    }),
  )
  expect(await acme.work()).toBe(0)
  const [{ key } = { key: '' }] = await acme.rows<{ key: string }>(
    'SELECT id AS key FROM social_delivery WHERE tenant_id = $1 AND post_id = $2',
    id,
  )
  await acme.due()
  expect(await acme.work()).toBe(1)
  expect(keys()).toEqual([key])
  expect(await post(id)).toMatchObject({ status: 'PUBLISHED', attempts: 2 })
})

it('processes that die on it one after the other do not go on for ever', async () => {
  const id = await acme.post(await acme.account())
  await acme.verb(publishSocialPost, id)
  await acme.write(({ db, viewer }) =>
    db.rows({
      text: 'UPDATE social_delivery SET attempts = 6 WHERE tenant_id = $1 AND post_id = $2',
      values: [viewer.tenantId, id],
    }),
  )
  await acme.work()
  expect(acme.asked).toEqual([])
  expect(await post(id)).toMatchObject({ status: 'FAILED', failure_code: 'GAVE_UP', attempts: 6 })
})

it('two workers at once ask once for each post', async () => {
  const account = await acme.account()
  const ids: string[] = []
  for (let n = 0; n < 12; n++) ids.push(await acme.post(account))
  for (const id of ids) await acme.verb(publishSocialPost, id)
  const all = async () => {
    while ((await acme.work()) > 0);
  }
  await Promise.all([all(), all(), all()])
  expect(acme.asked.map(({ data }) => data.id).sort()).toEqual(ids.map((id) => ref('SocialPost', id)).sort())
  for (const id of ids) expect((await post(id)).status).toBe('PUBLISHED')
})

it('an account that is not in use, or has no secret any more, fails its posts', async () => {
  const [idle, bare] = [await acme.account(), await acme.account()]
  const [first, second] = [await acme.post(idle), await acme.post(bare)]
  for (const id of [first, second]) await acme.verb(publishSocialPost, id)
  await acme.update('SocialAccount', idle, { isActive: false })
  await acme.write(({ db, viewer }) =>
    db.rows({
      text: 'DELETE FROM social_secret WHERE tenant_id = $1 AND account_id = $2',
      values: [viewer.tenantId, bare],
    }),
  )
  await acme.work()
  expect(await post(first)).toMatchObject({ status: 'FAILED', failure_code: 'ACCOUNT_INACTIVE' })
  expect(await post(second)).toMatchObject({ status: 'FAILED', failure_code: 'NO_SECRET' })
  expect(acme.asked).toEqual([])
  expect(await acme.verb(retrySocialPost, first)).toEqual(['INVALID_STATE id'])
  expect(await acme.verb(cancelSocialPost, first)).toEqual([])
})

it('asks for figures every hour, then every day, then no more, and writes only what changed', async () => {
  const id = await acme.post(await acme.account())
  await acme.verb(publishSocialPost, id)
  await acme.work()
  expect(await dueOf(id)).toBe(60)
  const ask = async (body: unknown, status = 200) => {
    acme.answers.push({ status, body })
    await acme.due()
    expect(await acme.work()).toBe(1)
    const { impressions, likes, comments, shares, clicks, version } = await post(id)
    return { figures: [impressions, likes, comments, shares, clicks], version, due: await dueOf(id) }
  }
  const first = await ask({ impressions: 5_000_000_000, likes: 3, comments: 0, shares: -1, clicks: 'many' })
  expect(first).toMatchObject({ figures: [2_147_483_647, 3, 0, null, null], due: 60 })
  expect(acme.asked.at(-1)).toMatchObject({ type: 'social.post.metrics', data: { externalId: 'n1' } })
  expect((await post(id)).metrics_at).not.toBeNull()
  // The same again is no change of the record.
  expect(await ask({ impressions: 2_147_483_647, likes: 3, comments: 0 })).toEqual(first)
  expect((await ask({ likes: 4 })).figures).toEqual([2_147_483_647, 4, 0, null, null])
  // A failure changes nothing, and waits as long as the bridge says.
  acme.answers.push({ status: 503, headers: { 'retry-after': '7200' } })
  await acme.due()
  await acme.work()
  expect([(await post(id)).status, await dueOf(id)]).toEqual(['PUBLISHED', 120])
  await sooner(id, '8 days')
  expect((await ask({ likes: 5 })).due).toBe(1440)
  await sooner(id, '31 days')
  expect((await ask({ likes: 6 })).due).toBeNull()
  await acme.due()
  expect(await acme.work()).toBe(0)
})

it('asks no more for figures that are refused, and not for what lies in the recycle bin', async () => {
  const account = await acme.account()
  const [first, second] = [await acme.post(account), await acme.post(account)]
  for (const id of [first, second]) await acme.verb(publishSocialPost, id)
  await acme.work()
  await acme.remove('SocialPost', second)
  acme.answers.push({ status: 404 })
  await acme.due()
  expect(await acme.work()).toBe(1)
  expect([await dueOf(first), await dueOf(second)]).toEqual([null, 1440])
  expect(await acme.work()).toBe(0)
  await acme.destroy('SocialPost', second)
})
