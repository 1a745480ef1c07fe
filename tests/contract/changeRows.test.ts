import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { newId } from '../../src/ids.ts'
import { recordTypes } from '../../src/read/recordType.ts'
import { type Company, type TestApp, testApp } from '../support/app.ts'
import { type Columns, changesOf } from '../support/changes.ts'
import { creatable, MADE_BY_VERB, make } from '../support/factory.ts'
import { type Owner, openOwner } from '../support/owner.ts'
import { asTenant, attempt } from '../support/walls.ts'

/** Types of which one live record at most refers to what a record refers to. */
const ALONE = [
  'AccountCredit',
  'ApprovalFlowVersion',
  'ArticleVersion',
  'CampaignMember',
  'CaseMilestone',
  'FeedMention',
  'FeedPostUser',
  'FeedReaction',
  'OpportunitySplit',
  'OpportunityStageHistory',
  'ReceiptPlan',
  'StepRun',
  'TargetListMember',
  'TodoItem',
  'WorkflowVersion',
]

let test: TestApp
let acme: Company
let owner: Owner

beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
})

afterAll(async () => {
  await owner.close()
  await test.close()
})

describe.each(
  recordTypes()
    .filter((type) => !type.operations.has('destroy'))
    .map((type) => [type.name, type] as const),
)('a %s, which the API does not write or not remove,', (_name, type) => {
  it('tells writes that come from elsewhere, by whichever statement', async () => {
    const record = newId()
    const request = `elsewhere-${type.name}`
    const { tenancy } = test.app
    const source = { tenantId: owner.tenantId, actor: 'job', requestId: request, ip: '192.0.2.7' }
    // A row to copy: stage moves come with their opportunity.
    if (creatable(type)) await make(acme, type.name)
    else await (MADE_BY_VERB[type.name]?.(acme) ?? make(acme, 'Opportunity'))
    const columns = await owner.rows<{ name: string; unique: boolean; bytes: boolean }>(
      `SELECT attname AS name, atttypid = 'bytea'::regtype AS bytes, atttypid IN ('text'::regtype, 'bytea'::regtype) AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = attrelid AND i.indisunique AND attnum = ANY (i.indkey::int2[])) AS unique
       FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
      type.table,
    )
    const own = Object.fromEntries(
      columns
        .filter(
          ({ name, unique }) =>
            unique && name !== 'currency' && name !== 'kind' && `${type.table}.${name}` !== 'case_milestone.type',
        )
        .map(({ name, bytes }) => [name, bytes ? '\\xabcd' : `copy of ${name}`]),
    )
    const list = columns.map(({ name }) => name).join()
    const write = (text: string, ...values: unknown[]) =>
      tenancy.writeTenant(source, (db) => db.rows({ text, values: [owner.tenantId, record, ...values] }))
    // What is one of a kind by what it refers to makes room for its copy.
    const alone = ALONE.includes(type.name)
    if (alone) await owner.rows(`UPDATE ${type.table} SET deleted_at = now() WHERE tenant_id = $1`, owner.tenantId)
    await write(
      `INSERT INTO ${type.table} (${list}) SELECT ${list} FROM jsonb_populate_record(NULL::${type.table}, (SELECT to_jsonb(t) FROM ${type.table} t WHERE tenant_id = $1 LIMIT 1) || $3::jsonb || jsonb_build_object('id', $2::uuid))`,
      JSON.stringify({ ...own, version: 1, ...(alone ? { deleted_at: null } : {}) }),
    )
    await write(`UPDATE ${type.table} SET external_id = 'changed elsewhere' WHERE tenant_id = $1 AND id = $2`)
    await write(`UPDATE ${type.table} SET deleted_at = now() WHERE tenant_id = $1 AND id = $2`)
    await write(`UPDATE ${type.table} SET deleted_at = NULL WHERE tenant_id = $1 AND id = $2`)
    await write(`UPDATE ${type.table} SET updated_at = now() WHERE tenant_id = $1 AND id = $2`)
    const [{ version } = { version: 0 }] = await owner.rows<{ version: number }>(
      `SELECT version FROM ${type.table} WHERE tenant_id = $1 AND id = $2`,
      owner.tenantId,
      record,
    )
    expect(version).toBe(5)
    // What triggers make of it elsewhere, a to-do, has changes of its own.
    const ownChanges = async () => (await changesOf(owner, request)).filter(({ object }) => object === type.table)
    const changes = await ownChanges()
    expect(changes.map(({ operation, fields }) => [operation, operation === 'created' ? [] : fields])).toEqual([
      ['created', []],
      ['updated', ['external_id']],
      ['deleted', ['deleted_at']],
      ['restored', ['deleted_at']],
    ])
    for (const change of changes)
      expect(change).toMatchObject({ object: type.table, record, actor: 'job', user: null, request, ip: '192.0.2.7' })
    await write(`DELETE FROM ${type.table} WHERE tenant_id = $1 AND id = $2`)
    expect(
      (await ownChanges()).slice(4).map(({ operation, after, version: last }) => [operation, after, last]),
    ).toEqual([['destroyed', null, 5]])
  })
})

describe('what was told', () => {
  it('cannot be changed, removed or emptied by the application', async () => {
    await make(acme, 'Tag')
    const app = new pg.Client({ connectionString: test.database.appUrl })
    await app.connect()
    try {
      await asTenant(app, owner.tenantId, async () => {
        const read = await attempt(app, 'SELECT 1 FROM change LIMIT 1')
        expect(read).toMatchObject({ code: null, count: 1 })
        const columns = await owner.rows<{ name: string }>(
          `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'change'::regclass AND attnum > 0`,
        )
        const tries = [
          'DELETE FROM change',
          'TRUNCATE change',
          'UPDATE change_counter SET last_sequence = 0',
          'DELETE FROM change_counter',
          ...columns.map(({ name }) => `UPDATE change SET ${name} = DEFAULT`),
        ]
        for (const text of tries) expect([text, (await attempt(app, text)).code]).toEqual([text, '42501'])
      })
    } finally {
      await app.end()
    }
  })

  it('never holds a secret: no password, no key, no hash of either', async () => {
    const { slug: tenant, adminEmail: email, adminPassword: password } = acme
    const { signIn } = await acme.run('mutation($input: SignInInput!) { signIn(input: $input) { refreshToken } }', {
      input: { tenant, email, password },
    })
    const [hashes] = await owner.rows<{ password: string; key: string; refresh: string }>(
      `SELECT u.password_hash AS password, encode(k.key_hash, 'hex') AS key, encode(s.refresh_hash, 'hex') AS refresh FROM user_secret u, api_key k, session s
       WHERE u.tenant_id = $1 AND k.tenant_id = $1 AND s.tenant_id = $1 ORDER BY k.created_at, s.created_at DESC LIMIT 1`,
      owner.tenantId,
    )
    expect(hashes?.password).toMatch(/^\$argon2id\$/)
    const all = await owner.rows<{ text: string }>(
      'SELECT c::text AS text FROM change c WHERE tenant_id = $1',
      owner.tenantId,
    )
    const text = all.map((one) => one.text).join('\n')
    // The control: the key's and the user's changes are among them.
    expect(text).toContain(acme.apiKey.slice(0, 12))
    expect(text).toContain(email)
    const secrets = [
      password,
      acme.apiKey,
      acme.apiKey.slice(12),
      signIn.refreshToken,
      hashes?.password,
      hashes?.key,
      hashes?.refresh,
    ]
    for (const secret of secrets) {
      expect(String(secret).length).toBeGreaterThan(10)
      expect(text.includes(String(secret))).toBe(false)
    }
    expect(text).not.toMatch(/argon2|password_hash|key_hash|refresh_hash/)
  })

  it('never holds bytes, which are hashes in record tables: each such column is left out', async () => {
    const columns = await owner.rows<{ table: string; name: string }>(
      `SELECT c.relname AS table, a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relname = ANY ($1) AND c.relkind = 'r' AND a.atttypid = 'bytea'::regtype`,
      recordTypes().map(({ table }) => table),
    )
    expect(columns).toContainEqual({ table: 'api_key', name: 'key_hash' })
    for (const { table, name } of columns) {
      const found = await owner.rows<{ after: Columns }>(
        `SELECT after FROM change WHERE tenant_id = $1 AND object = $2 AND operation = 'created'`,
        owner.tenantId,
        table,
      )
      expect(found.length).toBeGreaterThan(0)
      for (const { after } of found) expect(Object.keys(after)).not.toContain(name)
    }
  })
})
