import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import { atrium } from '../process/atrium.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, type Owner, openOwner } from '../support/owner.ts'
import { jsonl } from './server.ts'

jest.setTimeout(300_000)

let test: TestApp
let owner: Owner
let home: string

beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
  home = await mkdtemp(join(process.env.ATRIUM_TEST_FOLDER ?? tmpdir(), 'atrium-export-'))
  await owner.rows(`INSERT INTO tag (name) SELECT 'AcmeMark 标签 ' || n FROM generate_series(1, 250) n`)
  await make(test.globex, 'Tag')
})

afterAll(async () => {
  await owner?.close()
  await test?.close()
  await rm(home, { recursive: true, force: true })
})

const run = (...args: string[]) => atrium(['export', ...args], { DATABASE_URL: test.database.appUrl })

describe('atrium export', () => {
  it('writes all records of the company to a file that is its owner’s alone, and leaves a trace', async () => {
    const output = join(home, 'tags.csv')
    const { code, out, err } = await run('Tag', '--tenant', 'acme', '--output', output, '--bom', '--purpose', '备份')
    expect([code, out, err]).toEqual([0, '', 'Tag: 250 records.\n'])
    const text = await readFile(output, 'utf8')
    expect(text.charCodeAt(0)).toBe(0xfeff)
    expect(text).not.toContain('GlobexMark')
    expect(parse(text, { columns: true, bom: true }).map(({ name }: Any) => name)).toContain('AcmeMark 标签 250')
    expect((await stat(output)).mode & 0o777).toBe(0o600)
    expect(await readdir(home)).toEqual(['tags.csv'])
    const rows = await owner.rows<Any>(
      `SELECT actor, after FROM change WHERE ${OWN} AND object = 'export' ORDER BY ordinal`,
    )
    expect(rows).toEqual([
      { actor: 'job', after: expect.objectContaining({ object: 'Tag', purpose: '备份', status: 'RUNNING' }) },
      { actor: 'job', after: { status: 'COMPLETED', count: 250 } },
    ])
  })

  it('writes to standard output', async () => {
    const { code, out } = await run('Tag', '--tenant', 'globex', '--format', 'jsonl', '--fields', 'name')
    expect(code).toBe(0)
    expect(jsonl(out)).toEqual({
      records: [{ name: expect.stringContaining('GlobexMark') }],
      last: { end: { count: 1 } },
    })
  })

  it.each([
    ['an unknown company', ['Tag', '--tenant', 'nobody'], 'There is no company nobody.'],
    ['an unknown type', ['Nothing', '--tenant', 'acme'], 'There is no record type Nothing.'],
    ['an unknown field', ['Tag', '--tenant', 'acme', '--fields', 'secret'], 'fields names something that Tag does not'],
    ['a folder that is not there', ['Tag', '--tenant', 'acme', '--output', 'nowhere/x/tags.csv'], 'ENOENT'],
  ])('says in a sentence what is wrong with %s', async (_what, args, sentence) => {
    const { code, out, err } = await run(...args)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(sentence)
    expect(err).not.toMatch(/\bat \w+ \(/)
  })
})
