import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parseMapping } from '../../src/jobs/import/mapping.ts'
import type { ImportMode } from '../../src/jobs/import/run/check.ts'
import { inLanes, lanesOf } from '../../src/jobs/import/run/lanes.ts'
import { lookUp } from '../../src/resolvers/write.ts'
import type { Tenancy } from '../../src/tenancy/tenancy.ts'
import { type Companies, type Company, openCompanies } from './company.ts'

let companies: Companies
let acme: Company
beforeAll(async () => {
  companies = await openCompanies()
  acme = companies.acme
})
afterAll(() => companies.close())

/** Work whose ends the test decides. */
function bench(items: { name: string; clash?: string }[], lanes: number) {
  const events: string[] = []
  const gates = new Map(items.map(({ name }) => [name, Promise.withResolvers<void>()]))
  let read = 0
  async function* source() {
    for (const item of items) {
      read++
      yield item
    }
  }
  const done = inLanes(source(), {
    lanes,
    clash: (item, other) => item.clash === other.name,
    handle: async ({ name }) => {
      events.push(`begin ${name}`)
      await gates.get(name)!.promise
      events.push(`end ${name}`)
      return name
    },
    settle: async (_item, name) => {
      events.push(`settle ${name}`)
    },
  })
  done.catch(() => {})
  return { events, done, read: () => read, end: (name: string) => gates.get(name)!.resolve(), gates }
}

/** Lets everything that can go on go on. */
const rest = () => new Promise((resolve) => setImmediate(resolve))

describe('lanes', () => {
  it('hold as many items as there are lanes and one that was read, however many there are', async () => {
    const items = Array.from({ length: 1000 }, (_, n) => ({ name: String(n) }))
    const one = bench(items, 2)
    await rest()
    expect([one.events, one.read()]).toEqual([['begin 0', 'begin 1'], 3])
    for (const { name } of items) {
      one.end(name)
      await rest()
      expect(one.read()).toBeLessThanOrEqual(Number(name) + 4)
    }
    await one.done
    expect(one.events.filter((event) => event.startsWith('settle'))).toEqual(items.map(({ name }) => `settle ${name}`))
  })

  it('settle in the order of the items, whichever ends first', async () => {
    const one = bench([{ name: 'a' }, { name: 'b' }], 2)
    one.end('b')
    await rest()
    expect(one.events).toEqual(['begin a', 'begin b', 'end b'])
    one.end('a')
    await one.done
    expect(one.events.slice(3)).toEqual(['end a', 'settle a', 'settle b'])
  })

  it('let an item wait for one that it clashes with', async () => {
    const one = bench([{ name: 'a' }, { name: 'b', clash: 'a' }], 2)
    one.end('b')
    await rest()
    expect(one.events).toEqual(['begin a'])
    one.end('a')
    await one.done
    expect(one.events).toEqual(['begin a', 'end a', 'settle a', 'begin b', 'end b', 'settle b'])
  })

  it('fail when all that was begun has ended, and begin nothing more', async () => {
    const one = bench([{ name: 'a' }, { name: 'b' }, { name: 'c' }], 2)
    let over = false
    one.done.catch(() => {
      over = true
    })
    await rest()
    one.gates.get('a')!.reject(new Error('no'))
    await rest()
    expect(over).toBe(false)
    one.end('b')
    await expect(one.done).rejects.toThrow('no')
    expect(one.events).toEqual(['begin a', 'begin b', 'end b'])
  })
})

describe('how many batches are written at a time', () => {
  const account = { id: 'externalId', name: 'name' }
  const owner = { field: 'ownerId', reference: { type: 'User', by: 'email' } }
  const source = { field: 'sourceId', reference: { type: 'LeadSource', by: 'key' } }
  const lanes = (mapping: unknown, mode: ImportMode = 'create') =>
    lanesOf(companies.tenancy, acme.viewer, parseMapping(mapping), mode)

  it.each<[string, number, unknown, ImportMode]>([
    ['accounts', 2, { type: 'Account', columns: { ...account, owner } }, 'create'],
    ['accounts by their external id', 2, { type: 'Account', columns: { ...account, owner } }, 'upsert'],
    ['contacts, whose rule looks at the row alone', 2, { type: 'Contact', columns: { name: 'lastName' } }, 'create'],
    [
      'accounts whose parents are filled in afterwards',
      2,
      {
        type: 'Account',
        columns: { ...account, p: { field: 'parentId', reference: { type: 'Account', by: 'name' } } },
      },
      'create',
    ],
    ['accounts below others at once', 1, { type: 'Account', columns: { ...account, p: 'parentId' } }, 'create'],
    [
      'records that are made on the way',
      1,
      {
        type: 'Account',
        columns: { ...account, source: { ...source, reference: { ...source.reference, create: true } } },
      },
      'create',
    ],
    [
      'records with lines',
      1,
      {
        type: 'Product',
        columns: { name: 'name', code: 'code' },
        lines: { type: 'TagLink', parent: 'recordId', columns: { id: 'externalId' } },
      },
      'create',
    ],
    ['a rule that asks the database', 1, { type: 'Opportunity', columns: { name: 'name' } }, 'create'],
    [
      'a second unique key that an update may change',
      1,
      { type: 'Product', columns: { id: 'externalId', code: 'code', name: 'name' } },
      'upsert',
    ],
  ])('%s: %d', async (_what, wanted, mapping, mode) => {
    expect(await lanes(mapping, mode)).toBe(wanted)
  })

  it('is one where owners have a quota, whose last place belongs to the first row', async () => {
    const company = await companies.found('quotas')
    const { viewer } = company
    const [user] = await company.rows<{ id: string }>('SELECT id FROM app_user WHERE tenant_id = $1')
    await companies.tenancy.writeTenant({ tenantId: viewer.tenantId }, (db) =>
      db.rows({
        text: `INSERT INTO owner_quota (tenant_id, user_id, object, record_limit) VALUES ($1, $2, 'Account', 5)`,
        values: [viewer.tenantId, user!.id],
      }),
    )
    const mapping = parseMapping({ type: 'Account', columns: account })
    expect(await lanesOf(companies.tenancy, viewer, mapping, 'create')).toBe(1)
    expect(await lanesOf(companies.tenancy, acme.viewer, mapping, 'create')).toBe(2)
  })
})

describe('an import of several batches', () => {
  /** Writing brackets, of which the first waits until the second has begun, or until `patience` says that it will not. */
  function watched(tenancy: Tenancy): { tenancy: Tenancy; most(): number } {
    let open = 0
    let most = 0
    let begun = 0
    const second = Promise.withResolvers<void>()
    return {
      most: () => most,
      tenancy: {
        ...tenancy,
        async writeTenant(caller, work) {
          const turn = ++begun
          most = Math.max(most, ++open)
          if (turn === 2) second.resolve()
          try {
            return await tenancy.writeTenant(caller, async (db) => {
              if (turn === 1) await Promise.race([second.promise, new Promise((resolve) => setTimeout(resolve, 500))])
              return work(db)
            })
          } finally {
            open--
          }
        },
      },
    }
  }
  const mapping = (source: string) => ({
    type: 'Account',
    columns: { id: 'externalId', name: 'name' },
    constants: { externalSource: source },
  })
  const file = (id: (n: number) => number) =>
    `id,name\n${Array.from({ length: 2500 }, (_, n) => `K${id(n)},Name ${n} 公司\n`).join('')}`

  it('writes two at a time', async () => {
    const { tenancy, most } = watched(companies.tenancy)
    const loaded = await acme.load(
      mapping('two'),
      file((n) => n),
      { tenancy },
    )
    expect([loaded.created, loaded.failed, most()]).toEqual([2500, 0, 2])
  })

  it.each<ImportMode>(['create', 'upsert'])('gives a key to its first row, whatever overtakes (%s)', async (mode) => {
    const { tenancy, most } = watched(companies.tenancy)
    // Lines 1,502 and 2,302 name what line 12 has.
    const twice = file((n) => (n === 1500 || n === 2300 ? 10 : n))
    const loaded = await acme.load(mapping(`first ${mode}`), twice, { tenancy, mode })
    expect([loaded.created, loaded.failed, most()]).toEqual([2498, 2, 1])
    expect(loaded.told).toEqual(['1502 id UNIQUE_VIOLATION K10', '2302 id UNIQUE_VIOLATION K10'])
    const [kept] = await acme.rows<{ name: string }>(
      `SELECT name FROM account WHERE tenant_id = $1 AND external_source = $2 AND external_id = 'K10'`,
      `first ${mode}`,
    )
    expect(kept).toEqual({ name: 'Name 10 公司' })
  })
})

describe('an upsert into a company that the statistics do not know', () => {
  it('looks keys up in their index', async () => {
    const company = await companies.found('fresh')
    const csv = `id,name\n${Array.from({ length: 1500 }, (_, n) => `N${n},New ${n}\n`).join('')}`
    const mapping = { type: 'Account', columns: { id: 'externalId', name: 'name' } }
    const texts = new Set<string>()
    const tenancy: Tenancy = {
      ...companies.tenancy,
      writeTenant: (caller, work) =>
        companies.tenancy.writeTenant(caller, (db) =>
          work({
            ...db,
            rows: async (query) => {
              if (query.text.startsWith('SELECT x.place')) texts.add(query.text)
              return db.rows(query)
            },
          }),
        ),
    }
    await company.load(mapping, csv, { tenancy, mode: 'upsert' })
    expect(texts.size).toBe(1)
    const keys = JSON.stringify([{ place: 0, externalId: 'N7', externalSource: '' }])
    const { tenantId } = company.viewer
    const plan = await companies.tenancy.writeTenant({ tenantId }, (db) =>
      lookUp<{ 'QUERY PLAN': string }>(db, { text: `EXPLAIN ${[...texts][0]}`, values: [tenantId, keys] }),
    )
    const shown = plan.map((row) => row['QUERY PLAN']).join('\n')
    expect(shown).toMatch(/Index Scan using account_external_key/)
    expect(shown).toMatch(/Index Cond: .*tenant_id = .*external_source = .*external_id >= .*external_id <= /)
  })
})
