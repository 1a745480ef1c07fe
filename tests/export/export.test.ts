import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import { recordType, recordTypes } from '../../src/read/recordType.ts'
import { type Answer, type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { address, type ExportServer, exportServer, type Got, jsonl } from './server.ts'

let test: TestApp
let server: ExportServer
let owner: Owner
let manager: Person
let rep: Person
let auditor: Person

/** Types with records in both companies, several owners' where there are owners. */
const FILLED = [
  'Account',
  'Contact',
  'AccountContact',
  'Lead',
  'Product',
  'Opportunity',
  'OpportunityLine',
  'OpportunityContact',
  'Activity',
  'ActivityLink',
  'Task',
  'TaskLink',
  'Tag',
  'TagLink',
]

const codes = ({ body }: Got) => JSON.parse(body).errors.map((error: Any) => error.extensions.code)
const refused = (got: Got) => [got.status, ...codes(got)]
const table = (body: string): Record<string, string>[] => parse(body, { columns: true, bom: true })

/** Sets what a role, by its key, may do with a field of accounts. */
async function permit(role: string, field: string, more: Record<string, unknown>): Promise<void> {
  const { roles } = await test.acme.run(
    'query($key: String!) { roles(where: { key: { eq: $key } }) { nodes { id } } }',
    {
      key: role,
    },
  )
  await make(test.acme, 'FieldPermission', {
    roleId: roles.nodes[0].id,
    object: 'Account',
    field,
    mask: 'NONE',
    ...more,
  })
  server.forget()
}

beforeAll(async () => {
  test = await testApp()
  server = await exportServer(test)
  owner = await openOwner(test, test.acme)
  manager = await person(test, test.acme, 'manager')
  rep = await person(test, test.acme, 'rep', { managerId: manager.id })
  for (const name of FILLED) {
    await make(test.globex, name)
    for (const ownerId of [manager.id, rep.id, test.acme.adminUserId])
      await make(test.acme, name, recordType(name).fields.has('ownerId') ? { ownerId } : {})
  }
  await make(test.acme, 'Account', { ownerId: rep.id, name: '上海机床有限公司 AcmeMark' })
  await make(test.acme, 'Account', { ownerId: manager.id })
  const role = await make(test.acme, 'Role', { key: 'auditor' })
  await make(test.acme, 'ObjectPermission', {
    roleId: role.id,
    object: '*',
    ...Object.fromEntries(
      ['Create', 'Update', 'Delete', 'Restore', 'Destroy', 'Import', 'Transfer', 'Merge', 'Approve'].map((one) => [
        `can${one}`,
        false,
      ]),
    ),
    canRead: true,
    canExport: true,
    readScope: 'ALL',
    allowList: false,
  })
  auditor = await person(test, test.acme, 'auditor')
  server.forget()
}, 300_000)

afterAll(async () => {
  await server?.close()
  await owner?.close()
  await test?.close()
})

describe('what an export holds', () => {
  it.each(['admin', 'manager', 'auditor'])(
    'is, of every type, what the list shows to the role %s, and nothing of another company',
    async (role) => {
      const admin = { token: test.acme.apiKey, ask: test.acme.ask }
      const who = role === 'admin' ? admin : role === 'manager' ? manager : auditor
      let exported = 0
      for (const { name, plural } of recordTypes()) {
        const got = await server.get(address(`${plural}.jsonl`), who.token)
        const ids: string[] = []
        let after: string | null = null
        let hidden = false
        do {
          const { data, errors }: Answer = await who.ask(
            `query($after: String) { ${plural}(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`,
            { after },
          )
          if (errors) {
            hidden = true
            break
          }
          ids.push(...data[plural].nodes.map(({ id }: Any) => id))
          after = data[plural].pageInfo.hasNextPage ? data[plural].pageInfo.endCursor : null
        } while (after)
        if (hidden || got.status === 403) {
          // Types that say how the company works may be read and not exported.
          expect(`${name} ${refused(got)}`).toBe(`${name} 403,FORBIDDEN`)
          continue
        }
        exported++
        const { records, last } = jsonl(got.body)
        expect(`${name} ${records.map(({ id }) => id)}`).toBe(`${name} ${ids}`)
        expect(last).toEqual({ end: { count: ids.length } })
        expect(got.trailers).toEqual({ 'atrium-export-count': String(ids.length) })
        expect(got.body).not.toMatch(/globexmark/i)
      }
      expect(exported).toBeGreaterThan(role === 'admin' ? recordTypes().length - 1 : 10)
    },
    60_000,
  )

  it('is more for who sees more, and the other company’s for the other company', async () => {
    const seen = async (token: string) => jsonl((await server.get('/export/accounts.jsonl', token)).body).records.length
    expect(await seen(manager.token)).toBeLessThan(await seen(auditor.token))
    expect(await seen(auditor.token)).toBe(await seen(test.acme.apiKey))
    expect((await server.get('/export/accounts.csv', test.globex.apiKey)).body).toMatch(/GlobexMark/)
  })

  it('leaves out references to records of types that the viewer may not read, and refuses them by name', async () => {
    // The auditor may read business types alone, and users are none.
    const got = await server.get('/export/accounts.jsonl', auditor.token)
    const [record] = jsonl(got.body).records
    expect(Object.keys(record)).toEqual(expect.arrayContaining(['parentId', 'sourceId']))
    expect(Object.keys(record)).not.toContain('ownerId')
    const named = await server.get(address('accounts.jsonl', { fields: 'id,ownerId' }), auditor.token)
    expect(refused(named)).toEqual([403, 'FORBIDDEN'])
    expect(JSON.parse(named.body).errors[0].extensions.missing).toEqual([{ path: 'fields', permission: 'User.read' }])
  })

  it('is, field by field, what the API shows', async () => {
    const { accounts } = await test.acme.run<Any>(
      `{ accounts(first: 100) { nodes { id version createdAt name code status yearFounded domains doNotContact annualRevenue { amount currency }
       billingAddress { street city state postalCode countryCode lat lng } firstDealAt owner { id } parent { id } source { id } createdBy { id } } } }`,
    )
    const fields =
      'id,version,createdAt,name,code,status,yearFounded,domains,doNotContact,annualRevenue,billingAddress,firstDealAt,ownerId,parentId,sourceId,createdById'
    const { records } = jsonl((await server.get(address('accounts.jsonl', { fields }), test.acme.apiKey)).body)
    expect(records.length).toBeGreaterThan(5)
    expect(records).toEqual(
      accounts.nodes.map(({ owner, parent, source, createdBy, ...plain }: Any) => ({
        ...plain,
        ownerId: owner?.id ?? null,
        parentId: parent?.id ?? null,
        sourceId: source?.id ?? null,
        createdById: createdBy?.id ?? null,
      })),
    )
  })

  it('names what a link of any type points at', async () => {
    const { tagLinks } = await test.acme.run<Any>('{ tagLinks(first: 100) { nodes { id record { id } tag { id } } } }')
    const got = await server.get(address('tagLinks.jsonl', { fields: 'id,recordId,tagId' }), test.acme.apiKey)
    expect(jsonl(got.body).records).toEqual(
      tagLinks.nodes.map(({ id, record, tag }: Any) => ({ id, recordId: record?.id ?? null, tagId: tag?.id ?? null })),
    )
  })

  it('follows filter, order, search and recycle bin of the list', async () => {
    const parameters = {
      fields: 'id',
      where: {
        or: [{ status: { in: ['ACTIVE', 'LOCKED'] } }, { owner: { is: { name: { startsWith: 'AcmeMark' } } } }],
      },
      orderBy: [{ field: 'NAME', direction: 'DESC' }, { field: 'OWNER' }].slice(0, 1),
    }
    const { accounts } = await test.acme.run<Any>(
      'query($where: AccountFilter, $orderBy: [AccountOrder!]) { accounts(first: 100, where: $where, orderBy: $orderBy) { nodes { id } } }',
      { where: parameters.where, orderBy: parameters.orderBy },
    )
    const got = await server.get(address('accounts.jsonl', parameters), test.acme.apiKey)
    expect(jsonl(got.body).records).toEqual(accounts.nodes)
    expect(accounts.nodes.length).toBeGreaterThan(3)

    const found = await server.get(
      address('accounts.csv', { fields: 'name', search: '机床有限公司' }),
      test.acme.apiKey,
    )
    expect(found.body).toBe('name\r\n上海机床有限公司 AcmeMark\r\n')

    const { id } = await make(test.acme, 'Account')
    await test.acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id })
    const bin = await server.get(address('accounts.jsonl', { fields: 'id', deleted: 'true' }), test.acme.apiKey)
    expect(jsonl(bin.body).records).toContainEqual({ id })
  })

  it('gives no id of a record that the viewer may not see or that is in the recycle bin', async () => {
    const [mine, hers] = [
      await make(test.acme, 'Account', { ownerId: rep.id }),
      await make(test.acme, 'Account', { ownerId: test.acme.adminUserId }),
    ]
    const child = await make(test.acme, 'Account', { ownerId: rep.id, parentId: hers.id, name: 'below hers' })
    const other = await make(test.acme, 'Account', { ownerId: rep.id, parentId: mine.id, name: 'below mine' })
    const parents = async (who: string) => {
      const where = { id: { in: [child.id, other.id] } }
      const got = await server.get(address('accounts.jsonl', { fields: 'parentId', where }), who)
      return jsonl(got.body).records.map(({ parentId }) => parentId)
    }
    expect(await parents(test.acme.apiKey)).toEqual([hers.id, mine.id])
    expect(await parents(manager.token)).toEqual([null, mine.id])
  })
})

describe('rights', () => {
  it('asks for a credential, for the right to read and the right to export', async () => {
    expect(refused(await server.get('/export/accounts.csv', null))).toEqual([401, 'UNAUTHENTICATED'])
    expect(refused(await server.get('/export/accounts.csv?nonsense=1', null))).toEqual([401, 'UNAUTHENTICATED'])
    expect(refused(await server.get('/export/accounts.csv', 'nobody'))).toEqual([401, 'UNAUTHENTICATED'])
    const got = await server.get('/export/accounts.csv', rep.token)
    expect(refused(got)).toEqual([403, 'FORBIDDEN'])
    expect(JSON.parse(got.body).errors[0].extensions.missing).toEqual([
      { path: 'accounts', permission: 'Account.export' },
    ])
    const key = await test.acme.run<Any>(
      'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key userErrors { code message } } }',
      { input: await keyInput({ scopes: ['Account.export'] }) },
    )
    const scoped = await server.get('/export/accounts.csv', key.createApiKey.key)
    expect(JSON.parse(scoped.body).errors[0].extensions.missing).toEqual([
      { path: 'accounts', permission: 'Account.read' },
    ])
  })

  it('leaves hidden fields out, and refuses them by name, in filters and in orders', async () => {
    await permit('manager', 'annualRevenue', { access: 'HIDDEN' })
    const all = await server.get('/export/accounts.csv', manager.token)
    expect(all.status).toBe(200)
    expect(Object.keys(table(all.body)[0] ?? {})).toContain('creditLimit.amount')
    expect(all.body).not.toContain('annualRevenue')
    for (const parameters of [
      { fields: 'name,annualRevenue' },
      { where: { annualRevenue: { gt: '1' } } },
      { where: { children: { some: { annualRevenue: { gt: '1' } } } } },
      { orderBy: [{ field: 'ANNUAL_REVENUE' }] },
    ]) {
      const got = await server.get(address('accounts.csv', parameters), manager.token)
      expect(refused(got)).toEqual([403, 'FIELD_FORBIDDEN'])
      expect(JSON.parse(got.body).errors[0].extensions.coordinate).toBe('Account.annualRevenue')
    }
    expect((await server.get(address('accounts.csv', { fields: 'annualRevenue' }), test.acme.apiKey)).status).toBe(200)
  })

  it('masks what lists mask', async () => {
    await permit('manager', 'phone', { access: 'WRITE', mask: 'LIST' })
    await permit('manager', 'email', { access: 'WRITE', mask: 'ALWAYS' })
    await make(test.acme, 'Account', {
      ownerId: manager.id,
      name: 'masked one',
      phone: '+8613800138000',
      email: 'wang@mail.example',
    })
    const parameters = { fields: 'phone,email', where: { name: { eq: 'masked one' } } }
    const [line] = jsonl((await server.get(address('accounts.jsonl', parameters), manager.token)).body).records
    expect(line).toEqual({ phone: '+86138****8000', email: 'w***@mail.example' })
    const [plain] = jsonl((await server.get(address('accounts.jsonl', parameters), test.acme.apiKey)).body).records
    expect(plain).toEqual({ phone: '+8613800138000', email: 'wang@mail.example' })
  })

  it('needs an approved request where the company wants it, for administrators too', async () => {
    const admin = await person(test, test.acme, 'admin')
    const set = (exportNeedsApproval: boolean) =>
      test.acme.run<Any>(
        'mutation($input: UpdateSecuritySettingsInput!) { updateSecuritySettings(input: $input) { securitySettings { exportNeedsApproval } userErrors { code } } }',
        { input: { exportNeedsApproval } },
      )
    expect((await set(true)).updateSecuritySettings.securitySettings).toEqual({ exportNeedsApproval: true })
    try {
      for (const token of [admin.token, manager.token, test.acme.apiKey])
        expect(refused(await server.get('/export/accounts.csv', token))).toEqual([403, 'EXPORT_APPROVAL_REQUIRED'])
      const grant = (until: string) =>
        owner.rows(
          `INSERT INTO permission_request (applicant_id, kind, object, reason, status, granted_until) VALUES ($1, 'EXPORT', 'Account', 'audit', 'APPROVED', now() + $2::interval)`,
          uuidIn(admin.id),
          until,
        )
      await grant('-1 minute')
      expect(refused(await server.get('/export/accounts.csv', admin.token))).toEqual([403, 'EXPORT_APPROVAL_REQUIRED'])
      await grant('1 hour')
      expect((await server.get('/export/accounts.csv', admin.token)).status).toBe(200)
      expect(refused(await server.get('/export/leads.csv', admin.token))).toEqual([403, 'EXPORT_APPROVAL_REQUIRED'])
    } finally {
      await set(false)
    }
    expect((await server.get('/export/leads.csv', admin.token)).status).toBe(200)
  })

  it('needs a purpose where the company asks for it, of everybody', async () => {
    const set = (exportNeedsPurpose: boolean | null) =>
      test.acme.run<Any>(
        'mutation($input: UpdateSecuritySettingsInput!) { updateSecuritySettings(input: $input) { securitySettings { exportNeedsPurpose } userErrors { code field } } }',
        { input: { exportNeedsPurpose } },
      )
    expect((await set(true)).updateSecuritySettings.securitySettings).toEqual({ exportNeedsPurpose: true })
    try {
      for (const token of [manager.token, test.acme.apiKey])
        for (const purpose of [{}, { purpose: '  ' }])
          expect(refused(await server.get(address('accounts.csv', purpose), token))).toEqual([400, 'BAD_USER_INPUT'])
      expect((await server.get(address('accounts.csv', { purpose: '季度核对' }), manager.token)).status).toBe(200)
      expect((await set(null)).updateSecuritySettings.userErrors).toEqual([
        { code: 'VALIDATION_FAILED', field: ['input', 'exportNeedsPurpose'] },
      ])
    } finally {
      await set(false)
    }
    expect((await server.get('/export/accounts.csv', manager.token)).status).toBe(200)
  })

  async function keyInput(more: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { roles } = await test.acme.run('{ roles(where: { key: { eq: "admin" } }) { nodes { id } } }')
    return { name: 'scoped', roleId: roles.nodes[0].id, ...more }
  }
})

describe('CSV', () => {
  it('neutralises what a spreadsheet takes for a formula, keeps negative numbers, and gives texts back as they were', async () => {
    const texts = [
      '=HYPERLINK("http://x")',
      '+1',
      '-1',
      '@SUM(A1)',
      "'=1",
      '＝1+1',
      'a "quoted", text',
      '两行\n文字；中文',
      ' edges ',
      'plain',
    ]
    for (const content of texts)
      await make(test.acme, 'Account', { name: 'a cell', description: content, ownerId: null })
    const parameters = { fields: 'description,version', where: { name: { eq: 'a cell' } } }
    const { body, headers } = await server.get(address('accounts.csv', parameters), test.acme.apiKey)
    expect(headers['content-type']).toMatch(/^text\/csv; charset=utf-8/)
    const cells = table(body).map(({ description = '' }) => description)
    for (const cell of cells) expect(cell).not.toMatch(/^[=+\-@\t\r＝]/)
    const { accounts } = await test.acme.run<Any>(
      '{ accounts(first: 100, where: { name: { eq: "a cell" } }) { nodes { description } } }',
    )
    const back = cells.map((cell) => (/^'+[=+\-@\t\r\n＝＋－＠]/.test(cell) ? cell.slice(1) : cell))
    expect(back).toEqual(accounts.nodes.map(({ description }: Any) => description))
    expect(body).toContain(`"'=HYPERLINK(""http://x"")",1\r\n`)
  })

  it('keeps numbers numbers', async () => {
    await make(test.acme, 'Account', {
      name: 'with numbers',
      billingAddress: { city: '北京', lat: '-39.9' },
      currency: 'EUR',
      creditLimit: undefined,
      annualRevenue: { amount: '12.5', currency: 'EUR' },
    })
    const parameters = {
      fields: 'annualRevenue,billingAddress,creditLimit,ownerId,doNotContact',
      where: { name: { eq: 'with numbers' } },
    }
    const got = await server.get(address('accounts.csv', { ...parameters, bom: 'true' }), test.acme.apiKey)
    expect(got.body.charCodeAt(0)).toBe(0xfeff)
    const [line] = table(got.body)
    expect(line).toMatchObject({
      'annualRevenue.amount': '12.50',
      'annualRevenue.currency': 'EUR',
      'billingAddress.city': '北京',
      'billingAddress.lat': '-39.9',
      'billingAddress.street': '',
    })
  })

  it('writes the header line when there is nothing else', async () => {
    const parameters = { fields: 'id,annualRevenue', where: { name: { eq: 'nobody has this name' } } }
    const got = await server.get(address('accounts.csv', parameters), test.acme.apiKey)
    expect(got).toMatchObject({
      status: 200,
      body: 'id,annualRevenue.amount,annualRevenue.currency\r\n',
      complete: true,
    })
    const empty = await server.get(address('accounts.jsonl', parameters), test.acme.apiKey)
    expect(empty.body).toBe('{"end":{"count":0}}\n')
  })
})

describe('the request', () => {
  it('names a file to be kept and not to be looked at or cached', async () => {
    const { headers } = await server.get('/export/accounts.csv', test.acme.apiKey)
    expect(headers).toMatchObject({
      'content-disposition': expect.stringMatching(/^attachment; filename="accounts-\d{4}-\d\d-\d\d\.csv"$/),
      'x-content-type-options': 'nosniff',
      'cache-control': expect.stringContaining('no-store'),
    })
  })

  it.each<[string, string, [number, string]]>([
    ['an unknown list', '/export/nothing.csv', [404, 'ROUTE_NOT_FOUND']],
    ['an unknown format', '/export/accounts.xlsx', [404, 'ROUTE_NOT_FOUND']],
    ['a root field that is no list', '/export/viewer.csv', [404, 'ROUTE_NOT_FOUND']],
    ['an inherited name', '/export/constructor.csv', [404, 'ROUTE_NOT_FOUND']],
    ['an unknown parameter', address('accounts.csv', { filter: '{}' }), [400, 'BAD_USER_INPUT']],
    ['an unknown field', address('accounts.csv', { fields: 'name,secret' }), [400, 'BAD_USER_INPUT']],
    ['a field twice', address('accounts.csv', { fields: 'name,name' }), [400, 'BAD_USER_INPUT']],
    ['no field', address('accounts.csv', { fields: '' }), [400, 'BAD_USER_INPUT']],
    ['a filter that is no JSON', address('accounts.csv', { where: '{' }), [400, 'BAD_USER_INPUT']],
    ['a filter by nothing', address('accounts.csv', { where: { nobody: { eq: 1 } } }), [400, 'BAD_USER_INPUT']],
    ['U+0000', address('accounts.csv', { where: { id: { eq: 'a\u0000' } } }), [400, 'BAD_USER_INPUT']],
    [
      'a value of another type',
      address('accounts.csv', { where: { yearFounded: { eq: 'x' } } }),
      [400, 'BAD_USER_INPUT'],
    ],
    ['a malformed value', address('accounts.csv', { where: { createdAt: { gt: 'now' } } }), [400, 'BAD_USER_INPUT']],
    ['a flag that is none', address('accounts.csv', { deleted: 'yes' }), [400, 'BAD_USER_INPUT']],
    ['a long purpose', address('accounts.csv', { purpose: 'p'.repeat(501) }), [400, 'BAD_USER_INPUT']],
    ['a parameter twice', '/export/accounts.csv?fields=id&fields=name', [400, 'BAD_USER_INPUT']],
    ['a credential in the address', '/export/accounts.csv?access_token=x', [400, 'BAD_REQUEST']],
  ])('is refused for %s', async (_what, path, expected) => {
    expect(refused(await server.get(path, test.acme.apiKey))).toEqual(expected)
  })

  it('leaves its trace at its beginning and at its end', async () => {
    const parameters = { fields: 'id,name', where: { name: { neq: '不是' } }, purpose: '季度核对' }
    const got = await server.get(address('accounts.jsonl', parameters), manager.token)
    const count = jsonl(got.body).records.length
    const rows = await owner.rows<Any>(
      `SELECT operation, record_version, before, after, user_id, actor FROM change WHERE ${OWN} AND object = 'export' AND record_id =
       (SELECT record_id FROM change WHERE ${OWN} AND object = 'export' ORDER BY ordinal DESC LIMIT 1) ORDER BY ordinal`,
    )
    expect(rows).toEqual([
      {
        operation: 'created',
        record_version: 1,
        before: null,
        after: {
          object: 'Account',
          format: 'jsonl',
          fields: ['id', 'name'],
          where: parameters.where,
          deleted: false,
          purpose: '季度核对',
          status: 'RUNNING',
        },
        user_id: uuidIn(manager.id),
        actor: expect.stringContaining(uuidIn(manager.id)),
      },
      expect.objectContaining({
        operation: 'updated',
        record_version: 2,
        after: { status: 'COMPLETED', count },
        user_id: uuidIn(manager.id),
      }),
    ])
  })
})
