import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { importCommand } from '../../src/cli/import.ts'
import { csvWriter } from '../../src/jobs/export/format.ts'
import { recordType } from '../../src/read/recordType.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { person } from '../support/people.ts'
import { type Companies, type Company, openCompanies } from './company.ts'
import { fileOf } from './files.ts'

describe('an import that finds records by what several may have', () => {
  let companies: Companies
  let acme: Company
  beforeAll(async () => {
    companies = await openCompanies()
    acme = companies.acme
  })
  afterAll(() => companies.close())

  const contacts = { type: 'Contact', columns: { name: 'lastName', mail: 'email' }, key: ['email'] }
  const accounts = (key: string[]) => ({
    type: 'Account',
    columns: { name: 'name', domains: { field: 'domains', split: ' ' }, tax: 'taxNo' },
    key,
  })
  const upsert = { mode: 'upsert' } as const

  it('changes the one that has the e-mail address, makes those that nobody has, and does so again without a change', async () => {
    const csv = 'name,mail\n王芳,Fang@Example.com\n李娜,na@example.com\n'
    expect(await acme.load(contacts, csv, upsert)).toMatchObject({ created: 2, updated: 0, problems: 0 })
    const again = 'name,mail\n王芳芳,fang@example.com\n李娜,NA@example.com\n张伟,wei@example.com\n'
    expect(await acme.load(contacts, again, upsert)).toMatchObject({
      created: 1,
      updated: 1,
      unchanged: 1,
      problems: 0,
    })
    expect(await acme.column('contact', 'last_name')).toEqual(['张伟', '李娜', '王芳芳'])
    expect(await companies.globex.load(contacts, csv, upsert)).toMatchObject({ created: 2 })
  })

  it('never guesses: what two records have is the problem of its row, and the others go in', async () => {
    await acme.load(contacts, 'name,mail\nTwin,twin@example.com\nTwin,twin@example.com\n')
    const csv = 'name,mail\nThird,twin@example.com\n,\nNo mail,\nGood,good@example.com\nDouble,good@example.com\n'
    const loaded = await acme.load(contacts, csv, upsert)
    expect(loaded).toMatchObject({ created: 1, updated: 0, failed: 3 })
    expect(loaded.told).toEqual([
      '2 mail AMBIGUOUS_KEY twin@example.com',
      '4 mail VALIDATION_FAILED',
      '6 mail UNIQUE_VIOLATION good@example.com',
    ])
    expect(loaded.messages[0]).not.toContain('twin')
  })

  it('finds accounts by any of their domains, and by tax number', async () => {
    await acme.load(
      accounts(['taxNo']),
      'name,domains,tax\nLotus,lotus.example lotus.cn,T1\nFir,fir.example,T2\n',
      upsert,
    )
    const byDomain = await acme.load(
      accounts(['domains']),
      'name,domains,tax\nLotus 2,lotus.cn,T1\nBoth,fir.example lotus.cn,T3\nNew,new.example,T4\nNew again,other.example new.example,T5\n',
      upsert,
    )
    expect(byDomain).toMatchObject({ created: 1, updated: 1, failed: 2 })
    expect(byDomain.told).toEqual([
      '3 domains UNIQUE_VIOLATION fir.example lotus.cn',
      '5 domains UNIQUE_VIOLATION other.example new.example',
    ])
    const ambiguous = await acme.load(accounts(['domains']), 'name,domains,tax\nBoth,fir.example lotus.cn,T3\n', upsert)
    expect(ambiguous.told).toEqual(['2 domains AMBIGUOUS_KEY fir.example lotus.cn'])
    // What an account does not have any more does not find it.
    expect(
      await acme.load(accounts(['domains']), 'name,domains,tax\nLotus 3,lotus.example,T9\n', upsert),
    ).toMatchObject({ created: 1 })
    const byTax = await acme.load(accounts(['taxNo']), 'name,domains,tax\nFir 2,fir.example,T2\n', upsert)
    expect(byTax).toMatchObject({ created: 0, updated: 1 })
  })

  it('makes one record of a key that stands in two batches', async () => {
    const rows = Array.from({ length: 1500 }, (_, n) => `N${n},batch${n % 1400}@example.com`)
    const loaded = await acme.load(contacts, `name,mail\n${rows.join('\n')}\n`, upsert)
    expect(loaded).toMatchObject({ created: 1400, failed: 100 })
  })

  it('takes the key from the command line, when the mapping fills it', async () => {
    const mappingFile = fileOf(JSON.stringify({ ...contacts, key: undefined }))
    const run = (key: string[], csv: string) =>
      importCommand({
        databaseUrl: companies.databaseUrl,
        tenantSlug: 'acme',
        type: 'Contact',
        file: fileOf(csv),
        mappingFile,
        mode: 'upsert',
        key,
        json: true,
      })
    expect(await run(['email'], 'name,mail\nBy key,key@example.com\n')).toBe(0)
    expect(await run(['email'], 'name,mail\nBy the key,key@example.com\n')).toBe(0)
    expect(await acme.rows(`SELECT last_name FROM contact WHERE tenant_id = $1 AND email = 'key@example.com'`)).toEqual(
      [{ last_name: 'By the key' }],
    )
    expect(await run(['phone'], 'name,mail\nx,y@example.com\n')).toBe(1)
    expect(await run(['lastName'], 'name,mail\nx,y@example.com\n')).toBe(1)
  })

  it('reads what an export wrote, apostrophes before formulas taken off', async () => {
    const values = [
      '=1+1',
      '+86 138',
      '-x',
      '@me',
      "'=quoted",
      "''=twice",
      "'plain",
      "O'Neil",
      '＝宽',
      'a=b',
      '-39.9',
      "'",
    ]
    const type = recordType('Tag')
    const field = type.fields.get('name')!
    const writer = csvWriter([field])
    const text = writer.head + writer.lines(values.map((name) => ({ name }))) + writer.tail(values.length)
    expect(text).toContain("'=1+1")
    const loaded = await acme.load({ type: 'Tag', columns: { name: 'name' } }, text)
    expect(loaded).toMatchObject({ created: values.length, problems: 0 })
    expect(new Set(await acme.column('tag', 'name'))).toEqual(new Set(values))
    expect(readFileSync(loaded.errorsFile as string, 'utf8')).not.toContain('=1+1')
  })
})

describe('an upsert by what several records may have', () => {
  let test: TestApp
  beforeAll(async () => {
    test = await testApp()
  })
  afterAll(() => test.close())

  const upsert = async (who: Pick<TestApp['acme'], 'run'>, type: string, by: unknown, input: unknown): Promise<Any> => {
    const name = type.charAt(0).toLowerCase() + type.slice(1)
    const data = await who.run<Any>(
      `mutation($by: ${type}UniqueKey!, $input: Create${type}Input!) { done: upsert${type}(by: $by, input: $input) { ${name} { id } created userErrors { code field } } }`,
      { by, input },
    )
    return { id: data.done[name]?.id, created: data.done.created, errors: data.done.userErrors }
  }

  it.each([
    ['Contact', { email: 'One@Mail.example' }, { lastName: 'AcmeMark one' }],
    ['Lead', { email: 'One@Mail.example' }, { lastName: 'AcmeMark one' }],
    ['Account', { domain: 'one.example' }, { name: 'AcmeMark one' }],
    ['Account', { taxNo: 'DE 123' }, { name: 'AcmeMark one' }],
  ])('makes one %s of twenty that come at once by %j', async (type, by, input) => {
    const all = await Promise.all(Array.from({ length: 20 }, () => upsert(test.acme, type, by, input)))
    expect(all.flatMap(({ errors }) => errors)).toEqual([])
    expect(all.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    const theirs = await upsert(test.globex, type, by, input)
    expect(theirs.created).toBe(true)
  })

  it('refuses to choose, sees only what the caller sees, and nothing in the recycle bin', async () => {
    const { id } = await make(test.acme, 'Contact', { email: 'twin@mail.example' })
    await make(test.acme, 'Contact', { email: 'twin@mail.example' })
    const by = { email: 'twin@mail.example' }
    expect(await upsert(test.acme, 'Contact', by, { lastName: 'AcmeMark' })).toMatchObject({
      created: null,
      errors: [{ code: 'AMBIGUOUS_KEY', field: ['input', 'email'] }],
    })
    const rep = await person(test, test.acme, 'rep')
    expect(await upsert(rep, 'Contact', by, { lastName: 'AcmeMark of a rep' })).toMatchObject({
      created: true,
      errors: [],
    })
    await test.acme.run(`mutation { deleteContact(id: "${id}") { userErrors { code } } }`)
    expect((await upsert(rep, 'Contact', by, { lastName: 'AcmeMark of a rep' })).created).toBe(false)
    expect((await upsert(test.acme, 'Contact', { email: 'no address' }, { lastName: 'AcmeMark' })).errors).toEqual([
      { code: 'VALIDATION_FAILED', field: ['by', 'email'] },
    ])
  })
})
