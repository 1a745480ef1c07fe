import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
let sales: string
beforeAll(async () => {
  writes = await openWrites()
})
beforeEach(async () => {
  // Each test begins with one pipeline, the default one.
  const rows = await writes.rows<{ id: string; name: string }>(
    'SELECT id, name FROM pipeline WHERE tenant_id = $1 AND deleted_at IS NULL',
  )
  sales = rows.find(({ name }) => name === 'Sales')?.id as string
  await writes.update('Pipeline', sales, { isDefault: true })
  const others = rows.filter(({ id }) => id !== sales).map(({ id }) => id)
  if (others.length > 0) await writes.remove('Pipeline', ...others)
})
afterAll(() => writes?.close())

const defaults = async () =>
  (
    await writes.rows<{ id: string }>(
      'SELECT id FROM pipeline WHERE tenant_id = $1 AND is_default AND deleted_at IS NULL',
    )
  ).map(({ id }) => id)
const pipeline = async (input: Record<string, unknown> = {}) =>
  (await writes.create('Pipeline', { name: 'Partners', ...input }))[0] as string

describe('the default pipeline', () => {
  it('is one: setting the mark takes it from the other, on create and on update', async () => {
    const other = await pipeline({ isDefault: true })
    expect(await defaults()).toEqual([other])
    await writes.update('Pipeline', sales, { isDefault: true })
    expect(await defaults()).toEqual([sales])
    expect(await writes.refused('Pipeline', { name: 'A', isDefault: true }, { name: 'B', isDefault: true })).toEqual([
      'VALIDATION_FAILED isDefault',
    ])
  })

  it('stays one when two transactions set it at the same time', async () => {
    const made = await Promise.all(['A', 'B', 'C'].map((name) => pipeline({ name, isDefault: true })))
    expect(await defaults()).toHaveLength(1)
    expect(made).toEqual(expect.arrayContaining(await defaults()))
  })

  it('cannot lose its mark, be switched off or be deleted while it is the default', async () => {
    await pipeline()
    expect(await writes.updateRefused('Pipeline', sales, { isDefault: false })).toEqual(['INVALID_STATE isDefault'])
    expect(await writes.updateRefused('Pipeline', sales, { active: false })).toEqual(['INVALID_STATE active'])
    expect(await writes.removeRefused('Pipeline', sales)).toEqual(['INVALID_STATE id'])
    expect(await writes.refused('Pipeline', { name: 'X', isDefault: true, active: false })).toEqual([
      'INVALID_STATE isDefault',
    ])
    expect(await defaults()).toEqual([sales])
  })
})

describe('the last active pipeline', () => {
  it('cannot be deleted or switched off', async () => {
    await pipeline({ active: false })
    expect(await writes.removeRefused('Pipeline', sales)).toEqual(['LAST_PIPELINE id'])
    expect(await writes.updateRefused('Pipeline', sales, { active: false })).toEqual(['LAST_PIPELINE active'])
  })

  it('goes neither together with the one before it, and an inactive one may go', async () => {
    const [other, idle] = (await writes.create('Pipeline', { name: 'A' }, { name: 'B', active: false })) as [
      string,
      string,
    ]
    expect(await writes.removeRefused('Pipeline', sales, other)).toEqual(['LAST_PIPELINE id', 'LAST_PIPELINE id'])
    await writes.remove('Pipeline', idle)
  })
})

describe('a stage', () => {
  const stage = async (pipelineId: string, input: Record<string, unknown>) =>
    (await writes.create('Stage', { pipelineId: ref('Pipeline', pipelineId), ...input }))[0] as string

  it('has the probability and the category of its kind unless it says otherwise', async () => {
    const other = await pipeline()
    const read = async (input: Record<string, unknown>) => {
      const { probability, forecast_category } = await writes.row('stage', await stage(other, input))
      return [probability, forecast_category]
    }
    expect(await read({ name: 'Open' })).toEqual([0, 'PIPELINE'])
    expect(await read({ name: 'Half', probability: 50, forecastCategory: 'COMMIT' })).toEqual([50, 'COMMIT'])
    expect(await read({ name: 'Won', kind: 'WON' })).toEqual([100, 'CLOSED'])
    expect(await read({ name: 'Lost', kind: 'LOST', probability: 0 })).toEqual([0, 'OMITTED'])
    expect(
      await writes.refused('Stage', { pipelineId: ref('Pipeline', other), name: 'Odd', kind: 'WON', probability: 90 }),
    ).toEqual(['VALIDATION_FAILED probability'])
    expect(await writes.refused('Stage', { pipelineId: ref('Pipeline', other), name: 'Half' })).toEqual([
      'UNIQUE_VIOLATION pipelineId',
    ])
  })

  it('cannot go or turn into another kind when it is the last won or lost one of its pipeline', async () => {
    const other = await pipeline()
    const [won, lost, second] = [
      await stage(other, { name: 'W', kind: 'WON' }),
      await stage(other, { name: 'L', kind: 'LOST' }),
      await stage(other, { name: 'W2', kind: 'WON' }),
    ]
    expect(await writes.removeRefused('Stage', won, second)).toEqual([
      'PIPELINE_NEEDS_WON_AND_LOST id',
      'PIPELINE_NEEDS_WON_AND_LOST id',
    ])
    expect(await writes.removeRefused('Stage', lost)).toEqual(['PIPELINE_NEEDS_WON_AND_LOST id'])
    expect(await writes.updateRefused('Stage', lost, { kind: 'OPEN' })).toEqual(['PIPELINE_NEEDS_WON_AND_LOST kind'])
    await writes.update('Stage', second, { kind: 'OPEN' })
    expect(await writes.row('stage', second)).toMatchObject({ probability: 0, forecast_category: 'PIPELINE' })
    expect(await writes.removeRefused('Stage', won)).toEqual(['PIPELINE_NEEDS_WON_AND_LOST id'])
    await writes.remove('Pipeline', other)
    expect((await writes.row('stage', won)).deleted_at).not.toBeNull()
  })

  it('stays what it is while deals stand in it', async () => {
    const other = await pipeline()
    const open = await stage(other, { name: 'O' })
    const [deal] = (await writes.create('Opportunity', { name: 'Deal', stageId: ref('Stage', open) })) as [string]
    expect(await writes.updateRefused('Stage', open, { kind: 'WON' })).toEqual(['REFERENCE_IN_USE kind'])
    expect(await writes.removeRefused('Stage', open)).toEqual(['REFERENCE_IN_USE id'])
    expect(await writes.removeRefused('Pipeline', other)).toEqual(['REFERENCE_IN_USE id'])
    await writes.remove('Opportunity', deal)
    await writes.update('Stage', open, { kind: 'WON' })
  })
})
