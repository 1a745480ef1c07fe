import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { closeCase } from '../../src/resolvers/service/changeCaseStatus.ts'
import { mergeCases } from '../../src/resolvers/service/mergeCases.ts'
import { ref } from '../support/writes.ts'
import { openService, type Service } from './service.ts'

let service: Service
beforeAll(async () => {
  service = await openService()
})
afterAll(() => service?.close())

const id = (uuid: string) => ref('Case', uuid)
const merge = (kept: string, ...others: string[]) =>
  service.codes((context) => mergeCases(context, { id: id(kept), duplicateIds: others.map(id) }))
const comments = (caseId: string) =>
  service.rows<{ body: string }>(
    'SELECT body FROM case_comment WHERE tenant_id = $1 AND case_id = $2 AND deleted_at IS NULL ORDER BY body',
    caseId,
  )

describe('merging cases', () => {
  it('keeps what was said about all of them, and says into which they were merged', async () => {
    const [kept, a, b] = [await service.case(), await service.case(), await service.case()] as [string, string, string]
    for (const [one, body] of [
      [kept, '1'],
      [a, '2'],
      [b, '3'],
    ] as const)
      await service.create('CaseComment', { caseId: id(one), body })
    expect(await merge(kept, a)).toEqual([])
    // What was merged into one that is merged itself leads to the last.
    expect(await merge(b, kept)).toEqual([])
    expect((await comments(b)).map(({ body }) => body)).toEqual(['1', '2', '3'])
    for (const one of [kept, a])
      expect(await service.read(one)).toMatchObject({ status: 'DUPLICATE', duplicate_of_id: b })
    expect(await service.read(b)).toMatchObject({ status: 'NEW', duplicate_of_id: null })
    expect(await service.updateRefused('Case', a, { subject: 'X' })).toEqual(['INVALID_STATE subject'])
  })

  it('takes different open cases that there are, and does nothing when one is not', async () => {
    const [kept, open, closed] = [await service.case(), await service.case(), await service.case()] as [
      string,
      string,
      string,
    ]
    await service.verb((context) => closeCase(context, { id: id(closed) }))
    expect(await merge(kept)).toEqual(['MERGE_NEEDS_TWO duplicateIds'])
    expect(await merge(kept, kept)).toEqual(['MERGE_NEEDS_TWO duplicateIds'])
    expect(await merge(kept, open, open)).toEqual(['MERGE_NEEDS_TWO duplicateIds'])
    expect(await merge(kept, open, closed)).toEqual(['INVALID_STATE duplicateIds.1'])
    expect(await merge(kept, open, '00000000-0000-7000-8000-000000000000')).toEqual(['NOT_FOUND duplicateIds.1.id'])
    expect(await service.read(open)).toMatchObject({ status: 'NEW' })
    expect(await merge(kept, open)).toEqual([])
    expect(await merge(open, kept)).toEqual(['INVALID_STATE id'])
  })

  it('both ways at once makes one of them the duplicate of the other', async () => {
    const [a, b] = [await service.case(), await service.case()] as [string, string]
    const both = await Promise.all([merge(a, b), merge(b, a)])
    expect(both.flat()).toHaveLength(1)
    const states = [(await service.read(a)).status, (await service.read(b)).status]
    expect(states.toSorted()).toEqual(['DUPLICATE', 'NEW'])
  })
})
