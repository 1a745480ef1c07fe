import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { secretsOf, setSecret } from '../../src/resolvers/marketing/social/account.ts'
import { retryAfterOf } from '../../src/resolvers/marketing/social/webhook.ts'
import { ref } from '../support/writes.ts'
import { openSocial, type Social, vault } from './social.ts'

let acme: Social
beforeAll(async () => {
  acme = await openSocial()
})
afterAll(async () => {
  await acme?.close()
})

let counter = 0
const refused = (more: Record<string, unknown>) =>
  acme.refused('SocialAccount', { name: `A ${++counter}`, platform: 'WEIBO', ...more })
const webhook = (settings: unknown) => refused({ connector: 'webhook', settings })

it('has a connector that there is, with settings that are its', async () => {
  expect(await refused({})).toEqual([])
  expect(await refused({ connector: 'telepathy' })).toEqual(['VALIDATION_FAILED connector'])
  expect(await refused({ settings: { url: 'https://bridge.example' } })).toEqual(['VALIDATION_FAILED settings.url'])
  expect(await refused({ settings: 'text' })).toEqual(['VALIDATION_FAILED settings'])
  expect(await refused({ settings: [] })).toEqual(['VALIDATION_FAILED settings'])
  expect(await refused({ connector: 'webhook' })).toEqual(['VALIDATION_FAILED settings'])
  expect(await webhook({})).toEqual(['VALIDATION_FAILED settings.url'])
  expect(await webhook({ url: 7 })).toEqual(['VALIDATION_FAILED settings.url'])
  expect(await webhook({ url: 'https://bridge.example', secret: 'x' })).toEqual(['VALIDATION_FAILED settings.secret'])
  expect(await webhook({ url: 'https://bridge.example/in?to=weibo' })).toEqual([])
})

it.each([
  'http://bridge.example/',
  'https://127.0.0.1/',
  'https://2130706433/',
  'https://[::ffff:10.0.0.1]/',
  'https://169.254.169.254/latest/meta-data',
  'https://localhost/',
  'https://redis.internal/',
  'https://bridge.example:6379/',
  'https://user:pass@bridge.example/',
  'ftp://bridge.example/',
  'nowhere',
  `https://bridge.example/${'x'.repeat(2000)}`,
])('does not send anything to %s', async (url) => {
  expect(await webhook({ url })).toEqual(['VALIDATION_FAILED settings.url'])
})

it('keeps its platform and its connector, has a name of its own, and other settings when they are right', async () => {
  const id = await acme.account({ name: '官方微博' })
  expect(await refused({ name: '官方微博' })).toEqual(['UNIQUE_VIOLATION name'])
  expect(await acme.updateRefused('SocialAccount', id, { connector: 'manual' })).toEqual([
    'VALIDATION_FAILED connector',
  ])
  expect(await acme.updateRefused('SocialAccount', id, { platform: 'X' })).toEqual(['VALIDATION_FAILED platform'])
  expect(await acme.updateRefused('SocialAccount', id, { settings: { url: 'https://10.0.0.1' } })).toEqual([
    'VALIDATION_FAILED settings.url',
  ])
  await acme.update('SocialAccount', id, { settings: { url: 'https://other.example' }, isActive: false })
})

it('keeps its secret sealed, for itself alone, with the one before for a day', async () => {
  const id = await acme.account()
  const set = (account: string, secret?: string) =>
    acme.write((context) =>
      setSecret(context, { id: ref('SocialAccount', account), ...(secret ? { secret } : {}) }, vault),
    )
  const given = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  expect(await set(id, given)).toMatchObject({ errors: [], secret: null })
  const { secret: made } = await set(id)
  expect(made).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  const secrets = (account: string) => acme.write(({ db, viewer }) => secretsOf(db, viewer.tenantId, account, vault))
  expect(await secrets(id)).toEqual([made, given])
  const [row] = await acme.rows<{ text: string }>(
    `SELECT encode(secret, 'escape') || coalesce(encode(previous_secret, 'escape'), '') AS text FROM social_secret WHERE tenant_id = $1 AND account_id = $2`,
    id,
  )
  for (const secret of [made as string, given]) expect(row?.text).not.toContain(secret.slice(6))
  // No change row tells of it.
  const changes = await acme.rows<{ text: string }>(
    'SELECT c::text AS text FROM change c WHERE c.tenant_id = $1 AND c.record_id = $2',
    id,
  )
  expect(changes.map(({ text }) => text).join()).not.toMatch(/whsec|secret/)
  // What was sealed for one account opens for no other.
  const other = await acme.account()
  await acme.write(({ db, viewer }) =>
    db.rows({
      text: 'UPDATE social_secret SET secret = (SELECT secret FROM social_secret WHERE tenant_id = $1 AND account_id = $2), previous_secret = NULL, previous_until = NULL WHERE tenant_id = $1 AND account_id = $3',
      values: [viewer.tenantId, id, other],
    }),
  )
  await expect(secrets(other)).rejects.toThrow()
  for (const wrong of ['secret', 'whsec_', 'whsec_c2hvcnQ=', `whsec_${Buffer.alloc(65).toString('base64')}`]) {
    const { errors } = await set(id, wrong)
    expect(errors).toMatchObject([{ code: 'VALIDATION_FAILED', field: ['secret'] }])
  }
  const { errors } = await set(await acme.manual())
  expect(errors).toMatchObject([{ code: 'INVALID_STATE', field: ['id'] }])
})

it('reads how long it is to wait', () => {
  const now = Date.parse('2026-05-01T10:00:00Z')
  expect(retryAfterOf('120', now)).toBe(120)
  expect(retryAfterOf(['7'], now)).toBe(7)
  expect(retryAfterOf('Fri, 01 May 2026 10:01:30 GMT', now)).toBe(90)
  expect(retryAfterOf('Fri, 01 May 2026 09:00:00 GMT', now)).toBe(0)
  expect(retryAfterOf('soon', now)).toBeNull()
  expect(retryAfterOf(undefined, now)).toBeNull()
})
