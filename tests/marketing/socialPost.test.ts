import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { LIMITS, weightOnX } from '../../src/resolvers/marketing/social/limits.ts'
import { SOCIAL_POST_STATES, type SocialPostStatus } from '../../src/resolvers/marketing/social/post.ts'
import {
  cancelSocialPost,
  markSocialPostPublished,
  publishSocialPost,
  retrySocialPost,
  scheduleSocialPost,
  unscheduleSocialPost,
} from '../../src/resolvers/marketing/social/verbs.ts'
import { before } from '../../src/resolvers/revenue/states.ts'
import { ref } from '../support/writes.ts'
import { openSocial, type Social } from './social.ts'

const LATER = '2099-01-01T00:00:00Z'
const URL_THERE = 'https://net.example/1'

let acme: Social
beforeAll(async () => {
  acme = await openSocial()
})
afterAll(async () => {
  await acme?.close()
})

const status = async (id: string) => (await acme.row('social_post', id)).status as SocialPostStatus
const queued = async (id: string) =>
  (await acme.rows('SELECT 1 FROM social_delivery WHERE tenant_id = $1 AND post_id = $2', id)).length
/** Puts a post into a state as the worker would. */
async function put(id: string, to: SocialPostStatus): Promise<void> {
  await acme.write(({ db, viewer }) =>
    db.rows({
      text: `UPDATE social_post SET status = $3, published_at = CASE WHEN $3 = 'PUBLISHED' THEN now() END, failure_code = CASE WHEN $3 = 'FAILED' THEN 'REFUSED' END WHERE tenant_id = $1 AND id = $2`,
      values: [viewer.tenantId, id, to],
    }),
  )
}

const VERBS = {
  scheduleSocialPost: (id: string) => acme.verb(scheduleSocialPost, id, { scheduleAt: LATER }),
  unscheduleSocialPost: (id: string) => acme.verb(unscheduleSocialPost, id),
  publishSocialPost: (id: string) => acme.verb(publishSocialPost, id),
  retrySocialPost: (id: string) => acme.verb(retrySocialPost, id),
  cancelSocialPost: (id: string) => acme.verb(cancelSocialPost, id),
  markSocialPostPublished: (id: string) => acme.verb(markSocialPostPublished, id, { url: URL_THERE }),
}
/** Where each verb leads to, and from where it does. */
const WAYS: Record<keyof typeof VERBS, [to: SocialPostStatus, from: SocialPostStatus[]]> = {
  scheduleSocialPost: ['SCHEDULED', ['DRAFT']],
  unscheduleSocialPost: ['DRAFT', ['SCHEDULED', 'FAILED']],
  publishSocialPost: ['PUBLISHING', ['DRAFT', 'SCHEDULED']],
  retrySocialPost: ['PUBLISHING', ['FAILED']],
  cancelSocialPost: ['CANCELLED', ['DRAFT', 'SCHEDULED', 'FAILED']],
  markSocialPostPublished: ['PUBLISHED', ['DRAFT', 'SCHEDULED', 'FAILED']],
}
const ALL = Object.keys(SOCIAL_POST_STATES) as SocialPostStatus[]

it.each(Object.keys(WAYS) as (keyof typeof VERBS)[])(
  '%s goes where the machine goes, and nowhere else',
  async (name) => {
    const [to, from] = WAYS[name]
    const account = await acme.account()
    for (const state of ALL) {
      const id = await acme.post(account)
      if (state !== 'DRAFT') await put(id, state)
      const codes = await VERBS[name](id)
      expect({ state, codes }).toEqual({ state, codes: from.includes(state) ? [] : ['INVALID_STATE id'] })
      expect({ state, now: await status(id) }).toEqual({ state, now: from.includes(state) ? to : state })
      if (from.includes(state)) expect(SOCIAL_POST_STATES[state]).toContain(to)
    }
  },
)

it('the machine has a verb or the worker for each step, and each state can be reached', () => {
  const steps = new Set(Object.values(WAYS).flatMap(([to, from]) => from.map((one) => `${one} ${to}`)))
  // The worker's.
  for (const step of ['SCHEDULED PUBLISHING', 'PUBLISHING PUBLISHED', 'PUBLISHING FAILED']) steps.add(step)
  expect(ALL.flatMap((from) => SOCIAL_POST_STATES[from].map((to) => `${from} ${to}`)).sort()).toEqual([...steps].sort())
  for (const state of ALL.filter((one) => one !== 'DRAFT')) expect(before(SOCIAL_POST_STATES, state)).not.toEqual([])
})

it('docs/marketing.md draws the machine that the code has', () => {
  const file = new URL('../../docs/marketing.md', import.meta.url)
  const text = readFileSync(file, 'utf8')
  const steps = ALL.flatMap((from) => SOCIAL_POST_STATES[from].map((to) => `  ${from} --> ${to}`))
  const drawn = ['stateDiagram-v2', '  [*] --> DRAFT', ...steps].join('\n')
  const now = text.replace(
    /<!-- states: SOCIAL_POST_STATES -->\n```mermaid\n[^`]*```/,
    `<!-- states: SOCIAL_POST_STATES -->\n\`\`\`mermaid\n${drawn}\n\`\`\``,
  )
  expect(text).toContain('<!-- states: SOCIAL_POST_STATES -->')
  if (process.env.UPDATE_DOCS) writeFileSync(file, now)
  else expect(text).toBe(now)
})

it('is planned for a moment to come, its own or one that is given', async () => {
  const account = await acme.account()
  const id = await acme.post(account)
  expect(await acme.verb(scheduleSocialPost, id)).toEqual(['VALIDATION_FAILED scheduleAt'])
  expect(await acme.verb(scheduleSocialPost, id, { scheduleAt: '2020-01-01T00:00:00Z' })).toEqual([
    'SCHEDULE_IN_PAST scheduleAt',
  ])
  expect(await acme.verb(scheduleSocialPost, id, { scheduleAt: LATER, expectedVersion: 7 })).toEqual([
    'STALE_VERSION expectedVersion',
  ])
  const own = await acme.post(account, { scheduleAt: LATER })
  expect(await acme.verb(scheduleSocialPost, own)).toEqual([])
  expect(await status(own)).toBe('SCHEDULED')
  expect(
    await acme.refused('SocialPost', {
      accountId: ref('SocialAccount', account),
      content: 'x',
      scheduleAt: '2020-01-01T00:00:00Z',
    }),
  ).toEqual(['SCHEDULE_IN_PAST scheduleAt'])
  expect(await acme.verb(cancelSocialPost, account)).toEqual(['NOT_FOUND id'])
})

it('only a draft changes, but for whose it is and what it belongs to', async () => {
  const id = await acme.post(await acme.account())
  const [campaign] = await acme.create('Campaign', { name: 'Launch' })
  await acme.update('SocialPost', id, { content: '新 text' })
  await acme.verb(scheduleSocialPost, id, { scheduleAt: LATER })
  for (const input of [
    { content: 'other' },
    { linkUrl: 'https://acme.example' },
    { scheduleAt: '2098-01-01T00:00:00Z' },
  ])
    expect(await acme.updateRefused('SocialPost', id, input)).toEqual(['INVALID_STATE id'])
  expect(await acme.updateRefused('SocialPost', id, { content: '新 text' })).toEqual([])
  await acme.update('SocialPost', id, { campaignId: ref('Campaign', campaign as string) })
  await acme.verb(unscheduleSocialPost, id)
  await acme.update('SocialPost', id, { content: 'other' })
  expect(await queued(id)).toBe(0)
})

it('is not removed on its way, and its account not before it', async () => {
  const account = await acme.account()
  const id = await acme.post(account)
  await acme.verb(scheduleSocialPost, id, { scheduleAt: LATER })
  expect(await acme.removeRefused('SocialPost', id)).toEqual(['INVALID_STATE id'])
  expect(await acme.removeRefused('SocialAccount', account)).toEqual(['REFERENCE_IN_USE id'])
  await put(id, 'PUBLISHING')
  expect(await acme.removeRefused('SocialPost', id)).toEqual(['INVALID_STATE id'])
  await put(id, 'FAILED')
  expect(await acme.removeRefused('SocialAccount', account)).toEqual(['REFERENCE_IN_USE id'])
  await put(id, 'PUBLISHED')
  await acme.remove('SocialAccount', account)
  await acme.restore('SocialAccount', account)
  await acme.remove('SocialPost', id)
  await acme.destroy('SocialPost', id)
  await acme.remove('SocialAccount', account)
  await acme.destroy('SocialAccount', account)
  expect(await acme.rows('SELECT 1 FROM social_secret WHERE tenant_id = $1 AND account_id = $2', account)).toEqual([])
})

it('under a manual account a person publishes, and says where', async () => {
  const account = await acme.manual()
  const id = await acme.post(account)
  expect(await acme.verb(publishSocialPost, id)).toEqual(['INVALID_STATE id'])
  expect(await acme.verb(scheduleSocialPost, id, { scheduleAt: LATER })).toEqual([])
  expect(await queued(id)).toBe(0)
  const mark = (more: { url: string; publishedAt?: string }) => acme.verb(markSocialPostPublished, id, more)
  expect(await mark({ url: 'nowhere' })).toEqual(['VALIDATION_FAILED url'])
  expect(await mark({ url: '' })).toEqual(['VALIDATION_FAILED url'])
  expect(await mark({ url: URL_THERE, publishedAt: LATER })).toEqual(['VALIDATION_FAILED publishedAt'])
  expect(await mark({ url: URL_THERE, publishedAt: '2026-01-02T03:04:05Z' })).toEqual([])
  const row = await acme.row('social_post', id)
  expect([row.status, row.published_url, new Date(row.published_at).toISOString(), row.published_id]).toEqual([
    'PUBLISHED',
    URL_THERE,
    '2026-01-02T03:04:05.000Z',
    null,
  ])
  expect(await queued(id)).toBe(0)
})

it('nothing is planned or published under an account that cannot', async () => {
  const [bare] = (await acme.create('SocialAccount', {
    name: 'Bare',
    platform: 'X',
    connector: 'webhook',
    settings: { url: 'https://bridge.example' },
  })) as [string]
  const idle = await acme.account({ isActive: false })
  for (const account of [bare, idle]) {
    const id = await acme.post(account)
    expect(await acme.verb(publishSocialPost, id)).toEqual(['INVALID_STATE id'])
    expect(await acme.verb(scheduleSocialPost, id, { scheduleAt: LATER })).toEqual(['INVALID_STATE id'])
    expect(await status(id)).toBe('DRAFT')
  }
})

it.each(Object.entries(LIMITS))('fits what %s takes', async (platform, { max }) => {
  const account = await acme.manual({ platform })
  const accountId = ref('SocialAccount', account)
  // One more is too much; what counts two there, or three, is too much sooner.
  const most = 'x'.repeat(max)
  expect(await acme.refused('SocialPost', { accountId, content: most })).toEqual([])
  expect(await acme.refused('SocialPost', { accountId, content: `${most}x` })).toEqual(['VALIDATION_FAILED content'])
})

it('measures a draft again under another account, and one that says no content not at all', async () => {
  const [weibo, x] = [await acme.manual({ platform: 'WEIBO' }), await acme.manual({ platform: 'X' })]
  const id = await acme.post(weibo, { content: '字'.repeat(141) })
  expect(await acme.updateRefused('SocialPost', id, { accountId: ref('SocialAccount', x) })).toEqual([
    'VALIDATION_FAILED content',
  ])
  await acme.update('SocialPost', id, { content: '字'.repeat(140), accountId: ref('SocialAccount', x) })
  expect(await acme.updateRefused('SocialPost', id, { linkUrl: URL_THERE })).toEqual(['VALIDATION_FAILED content'])
  expect(await acme.refused('SocialPost', { accountId: ref('SocialAccount', x) })).toEqual([
    'VALIDATION_FAILED content',
  ])
  expect(await acme.refused('SocialPost', { content: 'x' })).toEqual(['VALIDATION_FAILED accountId'])
})

it.each([
  ['hello', null, 5],
  ['你好', null, 4],
  ['👩‍👩‍👧‍👦', null, 2],
  ['🇨🇳 1️⃣', null, 5],
  ['cafe\u0301', null, 4],
  ['see https://acme.example/a/very/long/address/of/a/page', null, 27],
  ['see', 'https://acme.example/', 27],
  ['“quoted” – …', null, 13],
])('X counts %j with link %j as %d', (content, link, weight) => {
  expect(weightOnX(content, link)).toBe(weight)
})
