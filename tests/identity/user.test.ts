import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { uuidOf } from '../../src/read/values.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
let admin: string
const roles = new Map<string, string>()
beforeAll(async () => {
  writes = await openWrites()
  admin = uuidOf('User', writes.adminId) as string
  for (const { key, id } of await writes.rows<{ key: string; id: string }>(
    'SELECT key, id FROM role WHERE tenant_id = $1',
  ))
    roles.set(key, ref('Role', id))
})
afterAll(() => writes?.close())

const user = async (role: string, more = {}) =>
  (await writes.create('User', { name: 'Li', roleId: roles.get(role), ...more }))[0] as string

describe('the last active administrator', () => {
  it('cannot be deleted, suspended or given another role', async () => {
    await user('admin', { status: 'SUSPENDED' })
    await user('manager')
    expect(await writes.removeRefused('User', admin)).toEqual(['LAST_ADMIN id'])
    expect(await writes.updateRefused('User', admin, { status: 'SUSPENDED' })).toEqual(['LAST_ADMIN status'])
    expect(await writes.updateRefused('User', admin, { roleId: roles.get('rep') })).toEqual(['LAST_ADMIN roleId'])
    expect(await writes.updateRefused('User', admin, { status: 'ACTIVE', name: 'Chief' })).toEqual([])
  })

  it('is not one when there is another, but two cannot go together', async () => {
    const second = await user('admin')
    expect(await writes.removeRefused('User', admin, second)).toEqual(['LAST_ADMIN id', 'LAST_ADMIN id'])
    await writes.remove('User', second)
  })

  it('stays when two leave at the same time', async () => {
    const second = await user('admin')
    const left = await Promise.all(
      [admin, second].map((id) => writes.updateRefused('User', id, { status: 'SUSPENDED' })),
    )
    expect(left.flat()).toEqual(['LAST_ADMIN status'])
  })
})

describe('a user', () => {
  it('has an e-mail address of their own and a time zone that exists', async () => {
    await user('rep', { email: 'Li@x.example' })
    expect(await writes.refused('User', { name: 'Li', email: 'li@X.example', roleId: roles.get('rep') })).toEqual([
      'UNIQUE_VIOLATION email',
    ])
    expect(await writes.refused('User', { name: 'Li', timezone: 'Nowhere', roleId: roles.get('rep') })).toEqual([
      'VALIDATION_FAILED timezone',
    ])
    expect(await writes.refused('User', { name: 'Li' })).toEqual(['VALIDATION_FAILED roleId'])
  })
})
