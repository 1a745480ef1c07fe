import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type ImportCommandOptions, importCommand } from '../../src/cli/import.ts'
import { isProblem, readCsv } from '../../src/jobs/import/csv.ts'
import { ImportInvalid } from '../../src/jobs/import/detect.ts'
import { loadMapping, parseMapping } from '../../src/jobs/import/mapping.ts'
import { createDoubles } from '../../src/jobs/import/run/doubles.ts'
import { WRITE_CODES } from '../../src/jobs/import/run/problems.ts'
import { createSpool } from '../../src/jobs/import/run/spool.ts'
import { type ImportMode, runImport } from '../../src/jobs/import/run.ts'
import { type Companies, type Company, openCompanies } from './company.ts'
import { fileOf } from './files.ts'

let companies: Companies
let acme: Company
let globex: Company
beforeAll(async () => {
  companies = await openCompanies()
  acme = companies.acme
  globex = companies.globex
})
afterAll(() => companies.close())

const upsert = { mode: 'upsert' } as const
/** Accounts of one test, apart from those of the others by their source. */
const accounts = (source: string, more: Record<string, unknown> = {}) => ({
  type: 'Account',
  columns: { id: 'externalId', name: 'name', ...more },
  constants: { externalSource: source },
})
const named = (source: string) =>
  acme.rows<{ name: string; employees: number | null; version: number; parent: string | null }>(
    `SELECT a.name, a.employees, a.version, p.name AS parent FROM account a LEFT JOIN account p ON p.tenant_id = $1 AND p.id = a.parent_id
 WHERE a.tenant_id = $1 AND a.external_source = $2 AND a.deleted_at IS NULL ORDER BY a.name`,
    source,
  )
const EMPLOYEES = { employees: { field: 'employees', number: { integer: true } } }
const PARENT = { parent: { field: 'parentId', reference: { type: 'Account', by: 'name' } } }

describe('an import', () => {
  it('writes the good rows and tells every bad one with line, column, code and value', async () => {
    const csv = [
      'id,name,employees,country,mail',
      '1,Alpha,10,DE,info@alpha.example',
      '2,,20,DE,',
      '3,Beta,many,DE,',
      '4,Gamma,-5,XX,nobody',
      '5,Delta,30,CN,',
      '6,short',
      '1,Again,1,DE,',
      '7,重庆长安,7,CN,',
    ].join('\n')
    const mapping = accounts('good', { ...EMPLOYEES, country: 'billingAddress.countryCode', mail: 'email' })
    const loaded = await acme.load(mapping, csv)
    expect(loaded).toMatchObject({ rows: 8, created: 3, updated: 0, unchanged: 0, failed: 5, problems: 7 })
    expect(loaded.told).toEqual([
      '3 name VALIDATION_FAILED',
      '4 employees INVALID_NUMBER many',
      "5 employees VALIDATION_FAILED '-5",
      '5 country VALIDATION_FAILED XX',
      '5 mail VALIDATION_FAILED nobody',
      '7 employees TOO_FEW_CELLS',
      '8 id UNIQUE_VIOLATION 1',
    ])
    expect((await named('good')).map(({ name }) => name)).toEqual(['Alpha', 'Delta', '重庆长安'])
  })

  it('escapes what a spreadsheet would take for a formula, and puts the file there only when it is complete', async () => {
    const file = fileOf('id,name,employees\n1,Eve,=1+1\n2,Eve,@SUM(A1)\n3,Eve,"\tx,""y"""\n')
    await acme.load(accounts('formula', EMPLOYEES), '', { file })
    const text = readFileSync(`${file}.errors.csv`, 'utf8')
    expect(text.startsWith('\uFEFFline,column,code,value,message\r\n')).toBe(true)
    expect(text).toContain("2,employees,INVALID_NUMBER,'=1+1,")
    expect(text).toContain("3,employees,INVALID_NUMBER,'@SUM(A1),")
    expect(text).not.toMatch(/,[=+@\t-]/)
    expect(statSync(`${file}.errors.csv`).mode & 0o077).toBe(0)
    expect(readdirSync(dirname(file)).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('has the actor and the request of the importer in its changes', async () => {
    await acme.load(accounts('actor'), 'id,name\n1,Actor\n')
    const changes = await acme.rows(
      `SELECT DISTINCT c.actor, c.request_id FROM change c JOIN account a ON a.tenant_id = $1 AND a.id = c.record_id WHERE c.tenant_id = $1 AND a.external_source = 'actor'`,
    )
    expect(changes).toEqual([{ actor: 'job', request_id: acme.viewer.requestId }])
  })

  it('refuses a mapping that no row could be written by, with all its faults', async () => {
    const mapping = parseMapping({
      type: 'Account',
      columns: {
        a: 'nmae',
        b: 'dealStatus',
        c: 'annualRevenue',
        d: 'employees',
        e: { field: 'sourceId', reference: { type: 'Account', by: 'name' } },
        f: { field: 'ownerId', reference: { type: 'User', by: 'nickname', where: { 'role.nonsense': 'x' } } },
        g: 'billingAddress',
        h: 'shippingAddress.planet',
      },
    })
    const file = fileOf('a,b,c,d,e,f,g,h\n')
    const error = await runImport({
      tenancy: companies.tenancy,
      viewer: acme.viewer,
      mapping,
      file,
      mode: 'upsert',
    }).catch((one) => one)
    expect(error).toBeInstanceOf(ImportInvalid)
    expect((error as ImportInvalid).faults.map(({ place }) => place)).toEqual([
      'columns.a',
      'columns.b',
      'columns.c',
      'columns.d',
      'columns.e.reference.type',
      'columns.f.reference.by',
      'columns.f.reference.where.role.nonsense',
      'columns.g',
      'columns.h',
      'key',
    ])
  })

  it.each([
    ['an unknown record type', { type: 'Spaceship', columns: { id: 'name' } }, 'no record type "Spaceship"'],
    ['a type that nobody writes', { type: 'OpportunityStageHistory', columns: { id: 'reason' } }, 'cannot be imported'],
    ['a key that is not unique', { type: 'Account', key: ['name'], columns: { id: 'name' } }, 'no unique key'],
  ])('refuses %s', async (_what, mapping, message) => {
    await expect(acme.load(mapping, 'id\n1\n', upsert)).rejects.toThrow(message)
  })

  it('says once that nothing fills a required field', async () => {
    await expect(acme.load({ type: 'Account', columns: { id: 'externalId' } }, 'id\n1\n')).rejects.toThrow(
      'nothing fills "name"',
    )
  })

  it('gives no more rights than the importer has', async () => {
    const viewer = await acme.as('readonly')
    await expect(acme.load(accounts('rights'), 'id,name\n1,X\n', { viewer })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      extensions: {
        missing: [
          { path: 'type', permission: 'Account.create' },
          { path: 'type', permission: 'Account.import' },
        ],
      },
    })
    // Whoever may make accounts one by one may not yet bring in a file of them.
    const rep = await acme.as('rep')
    const source = { source: { field: 'sourceId', reference: { type: 'LeadSource', by: 'key', create: true } } }
    await expect(
      acme.load(accounts('rights', source), 'id,name,source\n1,X,y\n', { viewer: rep }),
    ).rejects.toMatchObject({
      extensions: { missing: [{ permission: 'Account.import' }, { permission: 'LeadSource.create' }] },
    })
    expect(await named('rights')).toEqual([])
    expect(await acme.load(accounts('rights'), 'id,name\n1,X\n', { viewer: await acme.as('manager') })).toMatchObject({
      created: 1,
      failed: 0,
    })
  })

  it('does not overwrite the imported file with the errors', async () => {
    const file = fileOf('id,name\n1,X\n')
    await expect(
      acme.load(accounts('same'), '', { file, errorsFile: join(dirname(file), '.', `${file.split('/').at(-1)}`) }),
    ).rejects.toThrow('imported file itself')
    expect(readFileSync(file, 'utf8')).toBe('id,name\n1,X\n')
    await expect(acme.load(accounts('same'), '', { file, errorsFile: join(file, 'x.csv') })).rejects.toThrow(
      'cannot be written',
    )
  })

  it('imports an empty list', async () => {
    expect(await acme.load(accounts('none'), 'id,name\n')).toMatchObject({
      rows: 0,
      created: 0,
      failed: 0,
      problems: 0,
    })
  })
})

describe('an upsert', () => {
  const mapping = accounts('upsert', {
    ...EMPLOYEES,
    city: 'billingAddress.city',
    revenue: { field: 'annualRevenue', money: { currency: 'USD' } },
  })
  const head = 'id,name,employees,city,revenue\n'

  it('makes, changes, and leaves alone what is the same', async () => {
    const first = await acme.load(
      mapping,
      `${head}1,One,1,Bonn,10.5\n2,Two,2,,\n3,Three,3,Köln,900000000000000\n`,
      upsert,
    )
    expect(first).toMatchObject({ created: 3, updated: 0, unchanged: 0 })
    const again = await acme.load(
      mapping,
      `${head}1,One,1,Bonn,10.50\n2,Two,2,,\n3,Three,3,Ko\u0308ln,900000000000000\n`,
      upsert,
    )
    expect(again).toMatchObject({ created: 0, updated: 0, unchanged: 3 })
    expect((await named('upsert')).map(({ version }) => version)).toEqual([1, 1, 1])
    const third = await acme.load(mapping, `${head}1,One,11,,\n2,Two,,,\n4,Four,4,,\n`, upsert)
    expect(third).toMatchObject({ created: 1, updated: 1, unchanged: 1 })
    expect(await named('upsert')).toMatchObject([
      { name: 'Four', employees: 4, version: 1 },
      { name: 'One', employees: 11, version: 2 },
      { name: 'Three', version: 1 },
      { name: 'Two', employees: 2, version: 1 },
    ])
  })

  it('keeps the parts of an address that the file does not have', async () => {
    const street = accounts('upsert', { street: 'billingAddress.street' })
    expect(await acme.load(street, 'id,name,street\n1,One,Markt 1\n', upsert)).toMatchObject({ updated: 1 })
    const [row] = await acme.rows(
      `SELECT billing_address FROM account WHERE tenant_id = $1 AND external_source = 'upsert' AND external_id = '1'`,
    )
    expect(row).toEqual({ billing_address: { city: 'Bonn', street: 'Markt 1' } })
  })

  it('tells doubled rows with the line of the first, in one batch and across batches', async () => {
    const lines = Array.from({ length: 1500 }, (_, index) => `${index},Company ${index}`)
    const doubled = accounts('doubled')
    const loaded = await acme.load(doubled, ['id,name', ...lines, '5,Five again', '1499,Last again'].join('\n'), upsert)
    expect(loaded).toMatchObject({ rows: 1502, created: 1500, failed: 2 })
    expect(loaded.told).toEqual(['1502 id UNIQUE_VIOLATION 5', '1503 id UNIQUE_VIOLATION 1499'])
    expect(loaded.messages).toEqual(['Line 7 has the same key.', 'Line 1501 has the same key.'])
  })

  it('refuses a row without a key', async () => {
    const loaded = await acme.load(mapping, `${head},None,,,\n`, upsert)
    expect(loaded.told).toEqual(['2 id VALIDATION_FAILED'])
  })

  it('finds records by another unique key', async () => {
    const products = { type: 'Product', key: ['code'], columns: { code: 'code', name: 'name' } }
    expect(await acme.load(products, 'code,name\nP1,Pump\n', upsert)).toMatchObject({ created: 1 })
    expect(await acme.load(products, 'code,name\nP1,Better pump\nP2,Pipe\n', upsert)).toMatchObject({
      created: 1,
      updated: 1,
    })
  })

  it('accepts a field that stays as it was made, and refuses to change it', async () => {
    const deals = {
      type: 'Opportunity',
      columns: {
        id: 'externalId',
        name: 'name',
        stage: { field: 'stageId', reference: { type: 'Stage', by: 'name', where: { 'pipeline.isDefault': true } } },
      },
      constants: { externalSource: 'stays', lossReason: 'Price' },
    }
    expect(await acme.load(deals, 'id,name,stage\n1,Deal,Lost\n', upsert)).toMatchObject({ created: 1 })
    expect(await acme.load(deals, 'id,name,stage\n1,Deal,Lost\n', upsert)).toMatchObject({ unchanged: 1, problems: 0 })
    const moved = await acme.load(deals, 'id,name,stage\n1,Deal,Prospecting\n', upsert)
    expect(moved).toMatchObject({ failed: 1 })
    expect(moved.told).toEqual(['2 stage VALIDATION_FAILED Prospecting'])
  })
})

describe('references', () => {
  const contacts = (source: string, reference: Record<string, unknown>) => ({
    type: 'Opportunity',
    columns: { id: 'externalId', name: 'name', ref: { field: 'accountId', reference } },
    constants: { externalSource: source },
  })

  it('are found among the live records of the own company only, and never guessed', async () => {
    await globex.load(accounts('refs'), 'id,name\n1,Only at Globex\n')
    await acme.load(accounts('refs'), 'id,name\n1,Clear\n2,Twice\n3,Twice\n4,Gone\n')
    await companies.tenancy.writeTenant({ tenantId: acme.viewer.tenantId }, (db) =>
      db.rows({
        text: `UPDATE account SET deleted_at = now() WHERE tenant_id = $1 AND name = 'Gone'`,
        values: [acme.viewer.tenantId],
      }),
    )
    const loaded = await acme.load(
      contacts('refs', { type: 'Account', by: 'name' }),
      'id,name,ref\n1,A,Clear\n2,B,Twice\n3,C,Gone\n4,D,Only at Globex\n5,E,\n6,F, Clear \n',
    )
    expect(loaded).toMatchObject({ created: 3, failed: 3 })
    expect(loaded.told).toEqual([
      '3 ref AMBIGUOUS_REFERENCE Twice',
      '4 ref REFERENCE_NOT_FOUND Gone',
      '5 ref REFERENCE_NOT_FOUND Only at Globex',
    ])
  })

  it('can be told apart by conditions', async () => {
    await acme.load(accounts('where', { city: 'industry' }), 'id,name,city\n1,Branch,Bonn\n2,Branch,Köln\n')
    const loaded = await acme.load(
      contacts('where', { type: 'Account', by: 'name', where: { industry: 'Köln', externalSource: 'where' } }),
      'id,name,ref\n1,A,Branch\n',
    )
    expect(loaded).toMatchObject({ created: 1, problems: 0 })
  })

  it('take an id as well', async () => {
    const [stage] = await acme.rows<{ name: string }>(`SELECT name FROM stage WHERE tenant_id = $1 LIMIT 1`)
    expect(stage).toBeDefined()
    const loaded = await acme.load(
      contacts('ids', { type: 'Account', by: 'id' }),
      'id,name,ref\n1,A,acct_01h455vb4pex5vsknk084sn02q\n2,B,nonsense\n',
    )
    expect(loaded.told).toEqual([
      '2 ref REFERENCE_NOT_FOUND acct_01h455vb4pex5vsknk084sn02q',
      '3 ref REFERENCE_NOT_FOUND nonsense',
    ])
  })

  it('make a missing record once, whatever the number of batches and spellings', async () => {
    const leads = {
      type: 'Lead',
      columns: {
        name: 'fullName',
        source: { field: 'sourceId', case: 'lower', reference: { type: 'LeadSource', by: 'key', create: true } },
      },
    }
    const rows = Array.from(
      { length: 2100 },
      (_, index) => `Lead ${index},${['Trade fair', 'WEB', 'web', 'Café', 'Cafe\u0301'][index % 5]}`,
    )
    expect(await acme.load(leads, ['name,source', ...rows].join('\n'))).toMatchObject({ created: 2100, problems: 0 })
    expect(await acme.rows('SELECT key, name FROM lead_source WHERE tenant_id = $1 ORDER BY key')).toEqual([
      { key: 'café', name: 'Café' },
      { key: 'trade fair', name: 'Trade fair' },
      { key: 'web', name: 'WEB' },
    ])
    const refused = await acme.load(leads, `name,source\nX,${'long'.repeat(20)}\n`)
    expect(refused.told[0]).toContain('2 source VALIDATION_FAILED')
    expect(await globex.count('lead_source')).toBe(0)
  })

  it('of two imports at a time make a missing record once', async () => {
    const leads = {
      type: 'Lead',
      columns: {
        name: 'fullName',
        source: { field: 'sourceId', reference: { type: 'LeadSource', by: 'key', create: true } },
      },
    }
    const both = await Promise.all([
      acme.load(leads, 'name,source\nA,together\n'),
      acme.load(leads, 'name,source\nB,together\n'),
    ])
    expect(both.map(({ created }) => created)).toEqual([1, 1])
    expect(await acme.rows(`SELECT key FROM lead_source WHERE tenant_id = $1 AND key = 'together'`)).toHaveLength(1)
  })

  it('to rows of the file may stand in any order; what leads nowhere is told and the row stays', async () => {
    const loaded = await acme.load(
      accounts('tree', PARENT),
      'id,name,parent\n1,Leaf,Branch 1\n2,Branch 1,Root\n3,Root,\n4,Lost,Nowhere\n5,Self,Self\n',
      upsert,
    )
    expect(loaded).toMatchObject({ created: 5, failed: 0, problems: 2 })
    expect(loaded.told).toEqual(['5 parent REFERENCE_NOT_FOUND Nowhere', '6 parent HIERARCHY_CYCLE Self'])
    expect((await named('tree')).map(({ name, parent }) => [name, parent])).toEqual([
      ['Branch 1', 'Root'],
      ['Leaf', 'Branch 1'],
      ['Lost', null],
      ['Root', null],
      ['Self', null],
    ])
    const again = await acme.load(
      accounts('tree', PARENT),
      'id,name,parent\n1,Leaf,Branch 1\n2,Branch 1,Root\n3,Root,\n',
      upsert,
    )
    expect(again).toMatchObject({ unchanged: 3, updated: 0, problems: 0 })
    const moved = await acme.load(accounts('tree', PARENT), 'id,name,parent\n1,Leaf,Root\n3,Root,\n', upsert)
    expect(moved).toMatchObject({ unchanged: 1, updated: 1 })
  })

  it('are refused where they close a ring, and only there', async () => {
    const loaded = await acme.load(
      accounts('ring', PARENT),
      'id,name,parent\n1,Ring A,Ring B\n2,Ring B,Ring A\n3,Ring C,Ring A\n',
      upsert,
    )
    expect(loaded).toMatchObject({ created: 3, problems: 1 })
    expect(loaded.told).toEqual(['3 parent HIERARCHY_CYCLE Ring A'])
    expect((await named('ring')).map(({ parent }) => parent)).toEqual(['Ring B', null, 'Ring A'])
  })
})

describe('lines', () => {
  const deals = (source: string) => ({
    type: 'Opportunity',
    columns: {
      id: 'externalId',
      name: 'name',
      stage: { field: 'stageId', reference: { type: 'Stage', by: 'name', where: { 'pipeline.isDefault': true } } },
    },
    constants: { externalSource: source, currency: 'USD' },
    lines: ['1', '2'].map((number) => ({
      type: 'OpportunityLine',
      parent: 'opportunityId',
      when: `product${number}`,
      columns: {
        id: { field: 'externalId', template: `{id}-${number}` },
        [`product${number}`]: { field: 'productId', reference: { type: 'Product', by: 'code' } },
        [`price${number}`]: { field: 'unitPrice', money: { currency: 'USD' } },
      },
      constants: { externalSource: source },
    })),
  })
  const head = 'id,name,stage,product1,price1,product2,price2\n'
  const found = (source: string) =>
    acme.rows<{ name: string; amount: string; lines: number; history: number }>(
      `SELECT o.name, o.amount::text, (SELECT count(*) FROM opportunity_line l WHERE l.tenant_id = $1 AND l.opportunity_id = o.id)::integer AS lines,
 (SELECT count(*) FROM opportunity_stage_history h WHERE h.tenant_id = $1 AND h.opportunity_id = o.id)::integer AS history
 FROM opportunity o WHERE o.tenant_id = $1 AND o.external_source = $2 ORDER BY o.name`,
      source,
    )
  beforeAll(async () => {
    const products = {
      type: 'Product',
      columns: { code: ['code', 'name'], price: { field: 'standardPrice', money: { currency: 'USD' } } },
    }
    await acme.load(products, 'code,price\nBolt,2.50\nNut,1\n')
  })

  it('come with their deal, priced by the product where the file has no price', async () => {
    const csv = `${head}1,Both,Won,Bolt,3,Nut,\n2,One,Prospecting,,,Nut,7.25\n3,None,Lost,,,,\n`
    expect(await acme.load(deals('lines'), csv, upsert)).toMatchObject({ created: 3, problems: 0 })
    expect(await found('lines')).toEqual([
      { name: 'Both', amount: '40000', lines: 2, history: 1 },
      { name: 'None', amount: null, lines: 0, history: 1 },
      { name: 'One', amount: '72500', lines: 1, history: 1 },
    ])
    expect(await acme.load(deals('lines'), csv, upsert)).toMatchObject({ unchanged: 3, problems: 0 })
  })

  it('that are refused take their deal with them, and no other one', async () => {
    const loaded = await acme.load(
      deals('refused'),
      `${head}1,Good,Prospecting,Bolt,1,,\n2,Bad,Prospecting,Bolt,-1,Nut,1\n3,Unknown,Prospecting,Screw,1,,\n4,Fine,Prospecting,Nut,1,,\n`,
    )
    expect(loaded).toMatchObject({ created: 2, failed: 2 })
    expect(loaded.told).toEqual([
      "3 price1 VALIDATION_FAILED '-1",
      '3  LINE_REFUSED',
      '4 product1 REFERENCE_NOT_FOUND Screw',
    ])
    expect(loaded.messages[0]).toMatch(/^OpportunityLine: /)
    expect((await found('refused')).map(({ name, lines }) => [name, lines])).toEqual([
      ['Fine', 1],
      ['Good', 1],
    ])
  })

  it('are told of together with the faults of their deal', async () => {
    const loaded = await acme.load(deals('both'), `${head}1,,Prospecting,Bolt,-1,,\n`)
    expect(loaded.told).toEqual(['2 name VALIDATION_FAILED', "2 price1 VALIDATION_FAILED '-1"])
  })

  it('with a price that only a rule as a whole refuses cost no other row', async () => {
    const huge = '800000000000000'
    const loaded = await acme.load(
      deals('huge'),
      `${head}1,A,Prospecting,Bolt,1,,\n2,Huge,Prospecting,Bolt,${huge},Nut,${huge}\n3,C,Prospecting,Nut,1,,\n`,
    )
    expect(loaded).toMatchObject({ created: 2, failed: 1 })
    expect(loaded.told).toHaveLength(1)
    expect(loaded.told[0]).toMatch(/^3 /)
    expect((await found('huge')).map(({ name }) => name)).toEqual(['A', 'C'])
  })
})

describe('a dry run', () => {
  it('finds what an import would find and changes nothing', async () => {
    const csv = `id,name,employees,parent\n${Array.from({ length: 1200 }, (_, index) => `${index},Dry ${index},${index === 7 ? 'x' : index},${index > 1000 ? 'Dry 3' : ''}`).join('\n')}\n`
    const mapping = accounts('dry', { ...EMPLOYEES, ...PARENT })
    const before = await acme.rows('SELECT count(*) FROM change WHERE tenant_id = $1')
    const dry = await acme.load(mapping, csv, { ...upsert, dryRun: true })
    expect(dry).toMatchObject({ dryRun: true, rows: 1200, created: 1199, failed: 1, problems: 1 })
    expect(await named('dry')).toEqual([])
    expect(await acme.rows('SELECT count(*) FROM change WHERE tenant_id = $1')).toEqual(before)
    const real = await acme.load(mapping, csv, upsert)
    expect(real).toMatchObject({ rows: 1200, created: 1199, failed: 1 })
    expect(real.told).toEqual(dry.told)
    expect(await acme.load(mapping, csv, { ...upsert, dryRun: true })).toMatchObject({ created: 0, unchanged: 1199 })
  })
})

describe('an import that is stopped half-way', () => {
  it('keeps what it committed, and an upsert goes on from there', async () => {
    const csv = `id,name\n${Array.from({ length: 3500 }, (_, index) => `${index},Half ${index}`).join('\n')}\n`
    const stop = new AbortController()
    const stopped = acme.load(accounts('half'), csv, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    })
    await expect(stopped).rejects.toThrow('enough')
    const kept = (await named('half')).length
    expect(kept).toBeGreaterThanOrEqual(1000)
    expect(kept).toBeLessThan(3500)
    expect(await acme.load(accounts('half'), csv, upsert)).toMatchObject({
      unchanged: kept,
      created: 3500 - kept,
      problems: 0,
    })
    expect(await acme.load(accounts('half'), csv, upsert)).toMatchObject({ unchanged: 3500 })
  })
})

describe('the command', () => {
  const mappingFile = () => fileOf(JSON.stringify(accounts('command', EMPLOYEES)))
  const command = (file: string, more: Partial<ImportCommandOptions> = {}) =>
    said(() =>
      importCommand({
        databaseUrl: companies.databaseUrl,
        tenantSlug: 'acme',
        type: 'Account',
        file,
        mappingFile: mappingFile(),
        mode: 'create',
        json: true,
        ...more,
      }),
    )

  it('ends with 0 and a JSON summary when all rows went in', async () => {
    const { code, out, err } = await command(fileOf('id,name,employees\n1,X,1\n'))
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toMatchObject({ type: 'Account', rows: 1, created: 1, failed: 0, errorsFile: null })
  })

  it('ends with 2 when some did not, and says so to people', async () => {
    const { code, out } = await command(fileOf('id,name,employees\n2,Y,2\n3,Z,zero\n'), { json: false })
    expect(code).toBe(2)
    expect(out).toContain('Account: 2 rows, 1 created, 0 updated, 0 unchanged, 1 failed')
    expect(out).toContain('1 problems; --errors <path>')
  })

  it.each([
    ['the company is not there', { tenantSlug: 'nobody' }, 'There is no company nobody.'],
    ['the mapping is for another type', { type: 'Lead' }, 'The mapping is for records of Account, not of Lead.'],
    ['the file is not there', { file: '/nowhere/x.csv' }, '/nowhere/x.csv'],
  ])('ends with 1 and a sentence when %s', async (_when, more, sentence) => {
    const { code, out, err } = await command(fileOf('id,name,employees\n'), more)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(sentence)
  })
})

describe('what is kept on the way', () => {
  it('goes to a file beyond the limit and comes back in order', async () => {
    const spool = createSpool<{ text: string }>({ limit: 10 })
    const items = Array.from({ length: 5000 }, (_, index) => ({
      text: `${index} 重庆\n\u2028"${'x'.repeat(index % 300)}`,
    }))
    for (const item of items) await spool.add(item)
    const back: unknown[] = []
    for await (const item of spool.items()) back.push(item)
    expect(back).toEqual(items)
    await spool.close()
  })

  it('knows a hundred thousand keys and their lines', () => {
    const doubles = createDoubles()
    for (let line = 1; line <= 100_000; line++) doubles.add(`key ${line}`, line)
    for (let line = 1; line <= 100_000; line += 997) expect(doubles.lineOf(`key ${line}`)).toBe(line)
    expect(doubles.lineOf('key 0')).toBeUndefined()
  })
})

describe('docs/import.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/import.md'), 'utf8')
  it.each([...WRITE_CODES])('explains the code %s', (code) => expect(text).toContain(`\`${code}\``))
})

/** Real files stand beside the checkout and are no part of it. */
const DATA = join(import.meta.dirname, '../../../shared/data')
const EXAMPLES = join(import.meta.dirname, '../../examples/import')
const MAVEN = join(DATA, 'maven-crm-opportunities')
const LEADS = join(DATA, 'xeducation-leads/Leads.csv')
const onMaven = existsSync(MAVEN) ? it : it.skip
const onLeads = existsSync(LEADS) ? it : it.skip

function example(company: Company, mapping: string, file: string, mode: ImportMode) {
  const errorsFile = join(dirname(fileOf('')), 'real.csv.errors.csv')
  return runImport({
    tenancy: companies.tenancy,
    viewer: company.viewer,
    mapping: mappings.get(mapping)!,
    file,
    mode,
    errorsFile,
  })
}

const mappings = new Map<string, Awaited<ReturnType<typeof loadMapping>>>()
beforeAll(async () => {
  for (const name of readdirSync(EXAMPLES, { recursive: true }).map(String)) {
    if (name.endsWith('.json')) mappings.set(name, await loadMapping(join(EXAMPLES, name)))
  }
})

describe('the real files', () => {
  onMaven(
    'of a whole CRM go in completely, agree with the file, and change nothing the second time',
    async () => {
      const company = await companies.found('maven')
      const steps = [
        ['maven/users.json', join(MAVEN, 'sales_teams.csv'), 35],
        ['maven/stages.json', join(EXAMPLES, 'maven/stages.csv'), 1],
        ['maven/accounts.json', join(MAVEN, 'accounts.csv'), 85],
        ['maven/products.json', join(MAVEN, 'products.csv'), 7],
        ['maven/opportunities.json', join(MAVEN, 'sales_pipeline.csv'), 8800],
      ] as const
      for (const [mapping, file, rows] of steps) {
        expect(await example(company, mapping, file, 'create')).toMatchObject({ rows, created: rows, problems: 0 })
      }
      const stages = await company.rows(
        'SELECT s.name, count(*)::integer AS count FROM opportunity o JOIN stage s ON s.tenant_id = $1 AND s.id = o.stage_id WHERE o.tenant_id = $1 GROUP BY 1 ORDER BY 1',
      )
      expect(stages).toEqual([
        { name: 'Engaging', count: 1589 },
        { name: 'Lost', count: 2473 },
        { name: 'Prospecting', count: 500 },
        { name: 'Won', count: 4238 },
      ])
      expect(await company.count('opportunity_line')).toBe(8800)
      expect(await company.count('opportunity_stage_history')).toBe(8800)
      expect(
        await company.rows(
          'SELECT count(*)::integer AS count FROM account WHERE tenant_id = $1 AND parent_id IS NOT NULL',
        ),
      ).toEqual([{ count: 15 }])
      const won = await company.rows<{ key: string; sum: number }>(
        `SELECT coalesce(a.name, '') || '|' || u.name || '|' || to_char(o.actual_close_date, 'YYYY-MM') AS key, (sum(o.amount) / 10000)::integer AS sum
 FROM opportunity o LEFT JOIN account a ON a.tenant_id = $1 AND a.id = o.account_id JOIN app_user u ON u.tenant_id = $1 AND u.id = o.owner_id
 WHERE o.tenant_id = $1 AND o.status = 'WON' GROUP BY 1`,
      )
      expect(Object.fromEntries(won.map(({ key, sum }) => [key, sum]))).toEqual(await wonInFile())
      for (const [mapping, file, rows] of steps) {
        expect(await example(company, mapping, file, 'upsert')).toMatchObject({
          rows,
          created: 0,
          updated: 0,
          unchanged: rows,
          problems: 0,
        })
      }
    },
    180_000,
  )

  onLeads(
    'of leads go in completely and change nothing the second time',
    async () => {
      const company = await companies.found('xeducation')
      expect(await example(company, 'xeducation/leads.json', LEADS, 'create')).toMatchObject({
        rows: 9240,
        created: 9240,
        problems: 0,
      })
      const converted = await company.rows(
        `SELECT count(*)::integer AS count FROM lead WHERE tenant_id = $1 AND status = 'CONVERTED'`,
      )
      expect(converted).toEqual([{ count: 3561 }])
      expect(await example(company, 'xeducation/leads.json', LEADS, 'upsert')).toMatchObject({
        unchanged: 9240,
        problems: 0,
      })
    },
    120_000,
  )
})

/** What a command prints, and what it gives. */
async function said(run: () => Promise<number>): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [jest.spyOn(process.stdout, 'write'), jest.spyOn(process.stderr, 'write')]
  for (const spy of [out, err]) spy.mockImplementation(() => true)
  try {
    const code = await run()
    return { code, out: text(out), err: text(err) }
  } finally {
    out.mockRestore()
    err.mockRestore()
  }

  function text(spy: typeof out): string {
    return spy.mock.calls.map(([piece]) => String(piece)).join('')
  }
}

/** Won amounts by account, agent and month, computed from the file alone. */
async function wonInFile(): Promise<Record<string, number>> {
  const sums: Record<string, number> = {}
  for await (const item of readCsv(join(MAVEN, 'sales_pipeline.csv'))) {
    if (isProblem(item) || item.values.deal_stage !== 'Won') continue
    const { account, sales_agent, close_date, close_value } = item.values as Record<string, string>
    const key = `${account}|${sales_agent}|${close_date!.slice(0, 7)}`
    sums[key] = (sums[key] ?? 0) + Number(close_value)
  }
  return sums
}
