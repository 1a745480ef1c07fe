import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { numberNow } from '../../src/events/sequence.ts'
import { decodeId } from '../../src/ids.ts'
import { recordTypes } from '../../src/read/recordType.ts'
import { issueToken } from '../../src/resolvers/identity/userToken.ts'
import { type Company, type TestApp, testApp } from '../support/app.ts'
import { CHECKS, problemsOf } from '../support/catalogue.ts'
import { creatable, MADE_BY_VERB, make } from '../support/factory.ts'
import { ACROSS_TENANTS } from '../support/privileges.ts'
import { DECLARED } from '../support/registry.ts'
import { rows, tenantTables } from '../support/tables.ts'
import {
  asTenant,
  attempt,
  copies,
  counts,
  escapes,
  foreignWrites,
  statistics,
  withoutTenant,
} from '../support/walls.ts'

let test: TestApp
let owner: pg.Client
let app: pg.Client
let acme: string
let globex: string

const uuid = (id: string) => decodeId(id)?.uuid as string

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return client
}

/** Rows in every table, so that no probe passes for want of something to find. */
async function fill(company: Company): Promise<void> {
  for (const type of recordTypes().filter(creatable)) await make(company, type.name)
  for (const byVerb of Object.values(MADE_BY_VERB)) await byVerb(company)
  const { apiName } = await make(company, 'FieldDefinition', {}, 'apiName')
  await make(company, 'Tag', { customFields: { [apiName]: company.mark } })
  await company.run(
    `mutation { createTag(input: { name: "${company.mark} kept" }) { userErrors { code } } }`,
    {},
    { 'idempotency-key': 'kept' },
  )
  const { adminEmail: email, adminPassword: password, slug: tenant } = company
  await company.run(`mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code } } }`, {
    input: { tenant, email, password },
  })
  // A mail that is due would make its tenant's id the answer to whom is mail due.
  await test.app.tenancy.writeTenant({ tenantId: uuid(company.id) }, async (db) => {
    await db.rows({
      text: `INSERT INTO mail (kind, to_address, subject, body, next_attempt_at, expires_at) VALUES ('TEST', $1, $2, $2, now() + interval '1 day', now() + interval '1 day')`,
      values: [`${company.slug}@mail.example`, company.mark],
    })
    await issueToken(db, uuid(company.id), uuid(company.adminUserId), 'PASSWORD_RESET')
    for (const text of [
      // What waits for its turn would make its tenant's id the answer to where there is work.
      "UPDATE handover_job SET status = 'CANCELLED'",
      "UPDATE job SET status = 'CANCELLED'",
      "UPDATE permission_request SET status = 'CANCELLED'",
      'INSERT INTO assignment_cursor (rule_id) SELECT id FROM assignment_rule LIMIT 1 ON CONFLICT DO NOTHING',
      `INSERT INTO lead_capture_pending (submission_id, token_hash, expires_at) SELECT id, sha256('${company.mark}'), now() + interval '1 day' FROM lead_capture_submission LIMIT 1`,
      "UPDATE mail SET next_attempt_at = now() + interval '1 day'",
      "UPDATE email_message SET next_attempt_at = now() + interval '1 day'",
      `INSERT INTO notification_setting (user_id) SELECT id FROM app_user LIMIT 1 ON CONFLICT DO NOTHING`,
      `INSERT INTO calendar_feed (user_id, key_hash) SELECT id, sha256('${company.mark}') FROM app_user LIMIT 1`,
      `INSERT INTO webhook_delivery (user_id, body, next_attempt_at) SELECT id, '${company.mark} delivery', now() + interval '1 day' FROM app_user LIMIT 1`,
      'INSERT INTO article_feedback (article_id, user_id) SELECT a.id, u.id FROM knowledge_article a, app_user u LIMIT 1 ON CONFLICT DO NOTHING',
      `INSERT INTO article_visit (article_id, day) SELECT id, '2026-01-01' FROM knowledge_article LIMIT 1`,
      'INSERT INTO workflow_cursor (last_sequence) VALUES (1e12) ON CONFLICT DO NOTHING',
      "INSERT INTO import_run (import_id, attachment_id, lease_until) SELECT id, gen_random_uuid(), now() + interval '1 day' FROM import_job LIMIT 1",
      `INSERT INTO workflow_secret (workflow_id, secret) SELECT id, sha256('${company.mark}') FROM workflow LIMIT 1 ON CONFLICT DO NOTHING`,
      `INSERT INTO workflow_call (run_id, position, workflow_id, url, body, next_attempt_at) SELECT id, 99, workflow_id, 'https://crm.example', '${company.mark} call', now() + interval '1 day' FROM workflow_run LIMIT 1`,
      `INSERT INTO social_secret (account_id, secret) SELECT id, sha256('${company.mark}') FROM social_account LIMIT 1`,
      'INSERT INTO social_delivery (post_id) SELECT id FROM social_post LIMIT 1',
      `INSERT INTO report_delivery (schedule_id, user_id, due_at, format, content, token_hash, expires_at) SELECT s.id, u.id, now(), 'CSV', '${company.mark} report', md5(random()::text), now() + interval '1 day' FROM report_schedule s, app_user u LIMIT 1`,
      'INSERT INTO api_key_use (api_key_id) SELECT id FROM api_key ON CONFLICT DO NOTHING',
      "INSERT INTO oidc_nonce (id, expires_at) VALUES (gen_random_uuid(), now() + interval '1 day')",
      // Its history begins with the first change of owner.
      'UPDATE account SET owner_id = NULL WHERE id = (SELECT id FROM account WHERE owner_id IS NOT NULL AND deleted_at IS NULL LIMIT 1)',
      'INSERT INTO pool_claim_count (pool_id, user_id, day) SELECT p.id, u.id, current_date FROM pool p, app_user u LIMIT 1',
      "INSERT INTO number_counter (object, period, last) VALUES ('CATALOGUE', '', 1)",
      "INSERT INTO duplicate_pair (object, left_id, right_id, group_id, score) SELECT 'Account', min(id::text)::uuid, max(id::text)::uuid, min(id::text)::uuid, 900 FROM account",
      `INSERT INTO user_identity (provider_id, subject, user_id) SELECT p.id, '${company.mark} subject', u.id FROM identity_provider p, app_user u LIMIT 1`,
    ])
      await db.rows({ text, values: [] })
  })
  await numberNow(test.app.tenancy, uuid(company.id))
  // Rows of commits go when their changes have numbers; this one has no changes and stays.
  await test.app.tenancy.writeTenant({ tenantId: uuid(company.id) }, (db) =>
    db.rows({ text: 'INSERT INTO change_commit DEFAULT VALUES', values: [] }),
  )
}

beforeAll(async () => {
  test = await testApp()
  owner = await connect(test.database.ownerUrl)
  app = await connect(test.database.appUrl)
  acme = uuid(test.acme.id)
  globex = uuid(test.globex.id)
  await fill(test.acme)
  await fill(test.globex)
})

afterAll(async () => {
  await owner.end()
  await app.end()
  await test.close()
})

describe('the database’s own catalogue', () => {
  it.each(Object.entries(CHECKS))('passes the check %s', async (_name, check) => {
    expect(await check(owner)).toEqual([])
  })

  it('is looked at as what the application really connects as', async () => {
    const [found] = await rows<{ member: boolean; super: boolean; bypass: boolean }>(
      app,
      `SELECT pg_has_role('atrium_app', 'USAGE') AS member, rolsuper AS super, rolbypassrls AS bypass FROM pg_roles WHERE rolname = current_user`,
    )
    expect(found).toEqual({ member: true, super: false, bypass: false })
  })
})

describe('every table', () => {
  it('holds rows of both companies, which each sees', async () => {
    const tables = (await tenantTables(app)).map(({ name }) => name)
    expect(tables.length).toBeGreaterThan(recordTypes().length)
    for (const tenant of [acme, globex]) {
      const seen = await counts(app, tenant)
      expect(tables.filter((name) => !seen[name])).toEqual([])
      expect(await counts(owner, tenant)).toEqual(seen)
    }
  })

  it('shows nothing and does not fail when no tenant or the empty one is set, to the application and to the owner', async () => {
    for (const url of [test.database.appUrl, test.database.ownerUrl]) {
      // A connection on which nothing was ever set: afterwards the setting is '' and never null again.
      const fresh = await connect(url)
      try {
        expect(await withoutTenant(fresh)).toEqual([])
      } finally {
        await fresh.end()
      }
    }
  })

  it('takes no row of another tenant, lets none move there, and lets none be written or removed there', async () => {
    expect(await foreignWrites(app, acme, globex)).toEqual([])
    expect(await foreignWrites(app, globex, acme)).toEqual([])
  })

  it('holds the owner to the same policy: its rows do not move either', async () => {
    await asTenant(owner, acme, async () => {
      for (const { name, tenant } of await tenantTables(owner)) {
        const moved = await attempt(owner, `UPDATE ${name} SET ${tenant} = $1::uuid`, [globex])
        expect(`${name} ${moved.code} ${moved.message}`).toMatch(/42501 new row violates row-level security policy/)
        const read = await attempt(owner, `SELECT 1 FROM ${name} WHERE ${tenant} = $1::uuid`, [globex])
        expect(read).toMatchObject({ code: null, count: 0 })
      }
    })
  })

  it('gives COPY the tenant’s own rows and takes nothing by COPY', async () => {
    expect(await copies(app, acme, globex)).toEqual([])
    expect(await copies(app, globex, acme)).toEqual([])
  })

  it('lets the application neither change its fence nor step around it', async () => {
    const [found] = await rows<{ name: string }>(owner, 'SELECT quote_ident(current_user) AS name')
    expect(await escapes(app, acme, found?.name as string)).toEqual([])
  })
})

describe('what PostgreSQL knows by itself', () => {
  it('does not tell the application values of tables, nor what others ask', async () => {
    // The control: a table without row security, whose values the same view does show.
    await owner.query(
      'CREATE TABLE open_to_all AS SELECT name FROM account; INSERT INTO open_to_all SELECT $$Shown$$ FROM generate_series(1, 9); GRANT SELECT ON open_to_all TO atrium_app',
    )
    try {
      await owner.query('ANALYZE')
      expect(await statistics(app)).toEqual(['pg_stats shows values of open_to_all'])
    } finally {
      await owner.query('DROP TABLE open_to_all')
    }
    expect(await statistics(app)).toEqual([])
  })

  it('holds no text of a company in the statements that the application’s connections show', async () => {
    await make(test.acme, 'Account')
    const shown = await rows<{ query: string }>(
      app,
      `SELECT query FROM pg_stat_activity WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()`,
    )
    expect(shown.length).toBeGreaterThan(0)
    expect(shown.filter(({ query }) => /AcmeMark|GlobexMark/.test(query))).toEqual([])
  })
})

describe('a function that runs as its owner', () => {
  interface Definer {
    name: string
    call: string
    returns: string
  }
  const CANARY: Record<string, string> = {
    text: `'AcmeMark'`,
    bytea: `'\\x41636d65'::bytea`,
    uuid: 'gen_random_uuid()',
    integer: '1',
    regclass: `'account'::regclass`,
  }

  async function definers(): Promise<Definer[]> {
    const found = await rows<{ name: string; types: string[]; returns: string }>(
      owner,
      `SELECT p.oid::regproc::text AS name, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t) AS types, format_type(p.prorettype, NULL) AS returns
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef AND n.nspname !~ '^pg_'
       -- Triggers are called by nobody.
       AND p.prorettype <> 'trigger'::regtype`,
    )
    return found.map(({ name, types, returns }) => ({
      name,
      returns,
      call: `SELECT to_json(${name}(${types.map((type) => CANARY[type] ?? `NULL::${type}`).join()})) AS answer`,
    }))
  }

  it('gives another tenant nothing of acme’s, nobody anything without a tenant, and writes in neither', async () => {
    const all = await definers()
    expect(all.length).toBeGreaterThan(Object.keys(ACROSS_TENANTS).length)
    // A commit that stays without changes is always something to look at for who follows them.
    for (const tenantId of [acme, globex])
      await test.app.tenancy.writeTenant({ tenantId }, (db) =>
        db.rows({ text: 'DELETE FROM workflow_cursor', values: [] }),
      )
    // What earlier tests wrote gets its numbers now, not in the middle.
    const left = async () =>
      (await rows<{ n: number }>(owner, 'SELECT count(*)::integer AS n FROM change WHERE sequence IS NULL'))[0]?.n
    // A transaction that is open in another database of the server holds numbers back.
    do await numberNow(test.app.tenancy, acme)
    while ((await asTenant(owner, acme, left)) !== 0)
    const before = await checksum(acme)
    for (const { call } of all) {
      for (const tenant of [globex, '', null]) {
        const answers = await asTenant(app, tenant, () => rows<{ answer: unknown }>(app, call))
        expect(JSON.stringify(answers)).not.toMatch(new RegExp(`AcmeMark|${acme}`))
        if (tenant !== globex) expect([[], [{ answer: null }], [{ answer: 0 }]]).toContainEqual(answers)
      }
      // Once for good, so that what it writes can be looked for.
      await app.query(`BEGIN; SELECT set_config('app.tenant_id', '${globex}', true); ${call}; COMMIT`)
    }
    expect(await checksum(acme)).toEqual(before)
  })

  it('gives a tenant’s id and nothing else where it looks across tenants, and only for the right secret', async () => {
    for (const { name, returns } of await definers()) {
      if (Object.hasOwn(ACROSS_TENANTS, name.replace('atrium.', ''))) expect(`${name} ${returns}`).toBe(`${name} uuid`)
    }
    const hashes = await asTenant(owner, acme, () =>
      rows<{ key: Buffer; session: string }>(
        owner,
        'SELECT k.key_hash AS key, s.id AS session FROM api_key k CROSS JOIN session s',
      ),
    )
    const ask = async (call: string, value: unknown) =>
      (await rows<{ id: string | null }>(app, `SELECT atrium.${call} AS id`, [value]))[0]?.id
    expect(await ask('tenant_of_slug($1)', 'acme')).toBe(acme)
    expect(await ask('tenant_of_slug($1)', 'Acme')).toBeNull()
    expect(await ask('tenant_of_key($1)', hashes[0]?.key)).toBe(acme)
    expect(await ask('tenant_of_key($1)', hashes[0]?.key.subarray(1))).toBeNull()
    expect(await ask('tenant_of_session($1)', hashes[0]?.session)).toBe(acme)
    expect(await ask('tenant_of_session($1)', acme)).toBeNull()
  })

  /** A fingerprint of all rows of a tenant. */
  async function checksum(tenant: string): Promise<Record<string, string | null>> {
    return asTenant(owner, tenant, async () => {
      const sums: Record<string, string | null> = {}
      for (const { name } of await tenantTables(owner)) {
        // The API itself writes there, a second behind the calls.
        if (name === 'api_key_use') continue
        const [found] = await rows<{ sum: string | null }>(
          owner,
          `SELECT md5(string_agg(t::text, '' ORDER BY t::text)) AS sum FROM ${name} t`,
        )
        sums[name] = found?.sum ?? null
      }
      return sums
    })
  }
})

describe('what is declared and what the database has', () => {
  it.each(Object.entries(DECLARED))('agree: %s', async (_name, check) => {
    expect(await problemsOf(owner, { check })).toEqual({})
  })

  it('begins with a setting for each way by which access is inherited, at the level that the type declares', async () => {
    const declared = recordTypes().flatMap(({ name, inherits }) =>
      [...inherits].map(([relation, access]) => `${name}.${relation} ${access}`),
    )
    const seeded = await asTenant(owner, acme, () =>
      rows<{ object: string; relation: string; access: string }>(
        owner,
        'SELECT object, relation, access FROM access_inheritance',
      ),
    )
    expect(seeded.map(({ object, relation, access }) => `${object}.${relation} ${access}`).sort()).toEqual(
      declared.sort(),
    )
  })
})
