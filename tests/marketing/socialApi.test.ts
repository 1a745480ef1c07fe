import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'

const LATER = '2099-01-01T00:00:00Z'

let test: TestApp
beforeAll(async () => {
  test = await testApp()
})
afterAll(async () => {
  await test?.close()
})

type Company = TestApp['acme']

const ERRORS = 'userErrors { code field }'
const secretOf = async (company: Company, id: string) =>
  (
    await company.run<Any>(
      `mutation($id: ID!) { setSocialAccountSecret(id: $id) { secret socialAccount { id } ${ERRORS} } }`,
      { id },
    )
  ).setSocialAccountSecret
const schedule = async (company: Company, id: string) =>
  (
    await company.run<Any>(
      `mutation($id: ID!, $at: DateTime) { scheduleSocialPost(id: $id, scheduleAt: $at) { socialPost { status scheduleAt } ${ERRORS} } }`,
      { id, at: LATER },
    )
  ).scheduleSocialPost
const verb = async (company: Company, name: string, id: string) =>
  (
    await company.run<Any>(
      `mutation($id: ID!) { done: ${name}(id: $id) { socialPost { status attempts failureCode } ${ERRORS} } }`,
      { id },
    )
  ).done
const mark = async (company: Company, id: string) =>
  (
    await company.run<Any>(
      `mutation($id: ID!) { markSocialPostPublished(id: $id, url: "https://net.example/9", publishedAt: "2026-02-03T04:05:06Z") { socialPost { status publishedUrl publishedAt } ${ERRORS} } }`,
      { id },
    )
  ).markSocialPostPublished

it('goes through the API: an account with a secret, a post that is planned, taken back, called off', async () => {
  const account = await make(test.acme, 'SocialAccount')
  const { secret, userErrors } = await secretOf(test.acme, account.id)
  expect(userErrors).toEqual([])
  expect(secret).toMatch(/^whsec_/)
  const { id } = await make(test.acme, 'SocialPost', { accountId: account.id, content: '春季新品' })
  expect(await schedule(test.acme, id)).toEqual({
    socialPost: { status: 'SCHEDULED', scheduleAt: '2099-01-01T00:00:00.000Z' },
    userErrors: [],
  })
  expect((await verb(test.acme, 'unscheduleSocialPost', id)).socialPost.status).toBe('DRAFT')
  expect((await verb(test.acme, 'retrySocialPost', id)).userErrors).toEqual([{ code: 'INVALID_STATE', field: ['id'] }])
  expect((await verb(test.acme, 'publishSocialPost', id)).socialPost.status).toBe('PUBLISHING')
  const other = await make(test.acme, 'SocialPost', { accountId: account.id })
  expect((await verb(test.acme, 'cancelSocialPost', other.id)).socialPost.status).toBe('CANCELLED')
  const third = await make(test.acme, 'SocialPost', { accountId: account.id })
  expect(await mark(test.acme, third.id)).toEqual({
    socialPost: {
      status: 'PUBLISHED',
      publishedUrl: 'https://net.example/9',
      publishedAt: '2026-02-03T04:05:06.000Z',
    },
    userErrors: [],
  })
  // The secret is nowhere to be read.
  const shown = await test.acme.run<Any>(
    'query($id: ID!) { socialAccount(id: $id) { name settings posts { nodes { content } totalCount { value } } } }',
    { id: account.id },
  )
  expect(shown.socialAccount.posts.totalCount.value).toBe(3)
  expect(JSON.stringify(shown)).not.toContain('whsec_')
})

it('a campaign has its posts', async () => {
  const campaign = await make(test.acme, 'Campaign')
  await make(test.acme, 'SocialPost', { campaignId: campaign.id, content: 'one' })
  const { campaign: found } = await test.acme.run<Any>(
    'query($id: ID!) { campaign(id: $id) { socialPosts { nodes { content } totalCount { value } } } }',
    { id: campaign.id },
  )
  expect(found.socialPosts).toEqual({ nodes: [{ content: 'one' }], totalCount: { value: 1 } })
})

it('another company neither sees nor moves anything of it', async () => {
  const account = await make(test.acme, 'SocialAccount')
  const { id } = await make(test.acme, 'SocialPost', { accountId: account.id })
  const NO = [{ code: 'NOT_FOUND', field: ['id'] }]
  expect(await secretOf(test.globex, account.id)).toEqual({ secret: null, socialAccount: null, userErrors: NO })
  expect((await schedule(test.globex, id)).userErrors).toEqual(NO)
  for (const name of ['unscheduleSocialPost', 'publishSocialPost', 'retrySocialPost', 'cancelSocialPost'])
    expect(await verb(test.globex, name, id)).toEqual({ socialPost: null, userErrors: NO })
  expect((await mark(test.globex, id)).userErrors).toEqual(NO)
  const { createSocialPost } = await test.globex.run<Any>(
    `mutation($input: CreateSocialPostInput!) { createSocialPost(input: $input) { ${ERRORS} } }`,
    { input: { accountId: account.id, content: 'theirs' } },
  )
  expect(createSocialPost.userErrors).toEqual([{ code: 'NOT_FOUND', field: ['input', 'accountId'] }])
  const { socialPost, socialAccount } = await test.globex.run<Any>(
    'query($id: ID!, $account: ID!) { socialPost(id: $id) { id } socialAccount(id: $account) { id } }',
    { id, account: account.id },
  )
  expect([socialPost, socialAccount]).toEqual([null, null])
  expect((await verb(test.acme, 'cancelSocialPost', id)).socialPost.status).toBe('CANCELLED')
})
