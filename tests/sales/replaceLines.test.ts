import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { opportunityLines } from '../../src/resolvers/sales/opportunityLine.ts'
import { replaceLines } from '../../src/resolvers/sales/replaceLines.ts'
import type { Input } from '../../src/resolvers/write.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
beforeAll(async () => {
  writes = await openWrites()
})
afterAll(() => writes?.close())

const usd = (amount: string) => ({ amount, currency: 'USD' })
const deal = async () => (await writes.create('Opportunity', { name: 'Deal' }))[0] as string
const replace = async (id: string, lines: Input[], expectedVersion?: number) => {
  const { errors } = await writes
    .write(async (context) => {
      const written = await replaceLines(context, opportunityLines, {
        id: ref('Opportunity', id),
        lines,
        expectedVersion,
      })
      if (written.errors.length > 0) throw Object.assign(new Error('refused'), { errors: written.errors })
      return written
    })
    .catch((error) => ('errors' in error ? error : Promise.reject(error)))
  return errors.map(({ code, field }: { code: string; field: string[] }) => `${code} ${field.join('.')}`)
}
const linesOf = (id: string) =>
  writes.rows<{ id: string; name: string; sort: number }>(
    'SELECT id, name, sort FROM opportunity_line WHERE tenant_id = $1 AND opportunity_id = $2 AND deleted_at IS NULL ORDER BY sort',
    id,
  )

describe('the whole set of lines', () => {
  it('is what the call says: kept ones keep their ids, new ones come, the others go, the amount follows', async () => {
    const id = await deal()
    expect(
      await replace(id, [
        { name: 'A', unitPrice: usd('1') },
        { name: 'B', unitPrice: usd('2') },
        { name: 'C', unitPrice: usd('4') },
      ]),
    ).toEqual([])
    const [a, b, c] = await linesOf(id)
    expect((await writes.row('opportunity', id)).amount).toBe(70_000)
    const next = [
      { id: ref('OpportunityLine', c!.id), quantity: '2' },
      { name: 'D', unitPrice: usd('10') },
      { id: ref('OpportunityLine', a!.id), name: 'A2' },
    ]
    expect(await replace(id, next)).toEqual([])
    const after = await linesOf(id)
    expect(after.map(({ name }) => name)).toEqual(['C', 'D', 'A2'])
    expect([after[0]?.id, after[2]?.id]).toEqual([c!.id, a!.id])
    expect((await writes.row('opportunity_line', b!.id)).deleted_at).not.toBeNull()
    expect((await writes.row('opportunity', id)).amount).toBe(190_000)
    expect(await replace(id, [])).toEqual([])
    expect([await linesOf(id), (await writes.row('opportunity', id)).amount]).toEqual([[], 0])
  })

  it('is all or nothing, and says what is wrong where', async () => {
    const [id, other] = [await deal(), await deal()]
    await replace(id, [{ name: 'A', unitPrice: usd('1') }])
    await replace(other, [{ name: 'Z', unitPrice: usd('1') }])
    const [[mine], [theirs]] = [await linesOf(id), await linesOf(other)]
    const own = { id: ref('OpportunityLine', mine!.id) }
    expect(await replace(id, [{ name: 'B', quantity: '0' }, { quantity: '1' }])).toEqual([
      'VALIDATION_FAILED lines.0.quantity',
      'VALIDATION_FAILED lines.1.name',
    ])
    expect(await replace(id, [{ id: ref('OpportunityLine', theirs!.id), name: 'Mine' }])).toEqual([
      'NOT_FOUND lines.0.id',
    ])
    expect(await replace(id, [own, own])).toEqual(['VALIDATION_FAILED lines.1.id'])
    expect(await replace(id, [own], 99)).toEqual([expect.stringContaining('STALE_VERSION')])
    expect(
      await replace(
        id,
        Array.from({ length: 201 }, () => ({ name: 'X' })),
      ),
    ).toEqual(['VALIDATION_FAILED lines'])
    expect((await linesOf(id)).map(({ name }) => name)).toEqual(['A'])
  })
})
