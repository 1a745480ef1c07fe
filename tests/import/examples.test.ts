import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { isProblem, READ_CODES, readCsv } from '../../src/jobs/import/csv.ts'
import { checkHeaders, loadMapping } from '../../src/jobs/import/mapping.ts'
import { CONVERT_CODES, type ConvertedRow, convertRow } from '../../src/jobs/import/values.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples/import')
/** Real files stand beside the checkout and are no part of it. */
const DATA = join(import.meta.dirname, '../../../shared/data')

/** All rows of a real file by an example mapping, and all problems. */
async function converted(mappingFile: string, file: string) {
  const mapping = await loadMapping(join(EXAMPLES, mappingFile))
  const rows: ConvertedRow[] = []
  const problems: unknown[] = []
  for await (const item of readCsv(join(DATA, file), { onHeaders: (headers) => checkHeaders(mapping, headers) })) {
    if (isProblem(item)) {
      problems.push(item)
      continue
    }
    const row = convertRow(mapping, item)
    rows.push(row)
    problems.push(...row.problems)
  }
  return { rows, problems }
}

/** How often each value of a reference occurs; `-` counts the rows without it. */
function tally(rows: ConvertedRow[], field: string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { references } of rows) {
    const value = String(references.find((reference) => reference.field === field)?.value ?? '-')
    counts[value] = (counts[value] ?? 0) + 1
  }
  return counts
}

describe('the example mappings', () => {
  const files = readdirSync(EXAMPLES, { recursive: true }).map(String)
  it.each(files.filter((file) => file.endsWith('.json')))('%s is valid', async (file) => {
    await expect(loadMapping(join(EXAMPLES, file))).resolves.toMatchObject({ unmapped: 'error' })
  })
})

describe('docs/import.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/import.md'), 'utf8')

  it.each([...READ_CODES, ...CONVERT_CODES])('explains the code %s', (code) => expect(text).toContain(`\`${code}\``))
})

const MAVEN = 'maven-crm-opportunities'
const onMaven = existsSync(join(DATA, MAVEN)) ? describe : describe.skip
const onLeads = existsSync(join(DATA, 'xeducation-leads')) ? describe : describe.skip

onMaven('the CRM example', () => {
  it('gives 35 users with an e-mail address each', async () => {
    const { rows, problems } = await converted('maven/users.json', `${MAVEN}/sales_teams.csv`)
    expect(problems).toEqual([])
    expect(rows.length).toBe(35)
    expect(new Set(rows.map(({ input }) => input.email)).size).toBe(35)
    expect(rows[0]!.input).toMatchObject({ name: 'Anna Snelling', email: 'anna-snelling@example.com' })
  })

  it('gives 85 accounts, the misspelt values mended, 15 with a parent to be looked up later', async () => {
    const { rows, problems } = await converted('maven/accounts.json', `${MAVEN}/accounts.csv`)
    expect(problems).toEqual([])
    expect(rows.length).toBe(85)
    expect(rows[0]!.input).toMatchObject({
      name: 'Acme Corporation',
      industry: 'technology',
      annualRevenue: { amount: '1100040000', currency: 'USD' },
      yearFounded: 1996,
      billingAddress: { countryCode: 'US' },
    })
    expect(rows.filter(({ input }) => input.industry === 'technology').length).toBe(12)
    expect(
      rows.filter(({ input }) => (input.billingAddress as { countryCode: string }).countryCode === 'PH').length,
    ).toBe(1)
    const parents = rows.flatMap(({ references }) => references)
    expect(parents.length).toBe(15)
    expect(parents.every(({ deferred }) => deferred)).toBe(true)
    const names = new Set(rows.map(({ input }) => input.name))
    expect(parents.filter(({ value }) => !names.has(value))).toEqual([])
  })

  it('gives 7 products', async () => {
    const { rows, problems } = await converted('maven/products.json', `${MAVEN}/products.csv`)
    expect(problems).toEqual([])
    expect(rows.map(({ input }) => input.code)).toContain('GTX Pro')
    expect(rows.length).toBe(7)
  })

  it('gives 8,800 opportunities with a line each, the broken product key mended', async () => {
    const { rows, problems } = await converted('maven/opportunities.json', `${MAVEN}/sales_pipeline.csv`)
    expect(problems).toEqual([])
    expect(rows.length).toBe(8800)
    expect(tally(rows, 'stageId')).toEqual({ Won: 4238, Lost: 2473, Engaging: 1589, Prospecting: 500 })
    expect(tally(rows, 'accountId')['-']).toBe(1425)
    const products = rows.map(({ children }) => children[0]!.references[0]!.value)
    expect(products.filter((name) => name === 'GTX Pro').length).toBe(1480)
    expect(new Set(products).size).toBe(7)
    expect(rows.filter(({ input }) => input.amount === undefined).length).toBe(2089)
    expect(rows.filter(({ input }) => input.lossReason !== undefined).length).toBe(2473)
    expect(rows.filter(({ input }) => input.actualCloseDate !== undefined).length).toBe(4238 + 2473)
    expect(new Set(rows.map(({ input }) => input.externalId)).size).toBe(8800)
  })
})

onLeads('the leads example', () => {
  it('gives 9,240 leads, 38.5 % of them converted, the spellings of their sources brought together', async () => {
    const { rows, problems } = await converted('xeducation/leads.json', 'xeducation-leads/Leads.csv')
    expect(problems).toEqual([])
    expect(rows.length).toBe(9240)
    expect(rows.filter(({ input }) => input.status === 'CONVERTED').length).toBe(3561)
    expect(tally(rows, 'sourceId')).toMatchObject({ google: 2873, direct_traffic: 2543, '-': 36 })
    expect(rows.filter(({ input }) => input.doNotEmail === true).length).toBe(734)
    const cities = rows.map(({ input }) => (input.address as { city?: string } | undefined)?.city)
    expect(cities.filter((city) => city === 'Mumbai').length).toBe(3222)
    expect(cities).not.toContain('Select')
    expect(new Set(rows.map(({ input }) => input.number)).size).toBe(9240)
  })
})
