import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
beforeAll(async () => {
  writes = await openWrites()
})
afterAll(() => writes?.close())

describe('a product', () => {
  it('has pictures that a browser may open, and decimals that its columns hold', async () => {
    const refused = (input: object) => writes.refused('Product', { code: 'X', name: 'X', ...input })
    expect(await refused({ imageUrls: ['https://x.example/a.png', 'javascript:alert(1)'] })).toEqual([
      'VALIDATION_FAILED imageUrls',
    ])
    expect(await refused({ taxRate: '19.1234', minQty: '0.12345' })).toEqual([
      'VALIDATION_FAILED taxRate',
      'VALIDATION_FAILED minQty',
    ])
    expect(await refused({ taxRate: '19.125', minQty: '0.5000', imageUrls: ['https://x.example/a.png'] })).toEqual([])
  })

  it('keeps its category from being deleted, as a branch does', async () => {
    const [root, branch] = (await writes.create('ProductCategory', { name: 'Machines' }, { name: 'Tools' })) as [
      string,
      string,
    ]
    await writes.update('ProductCategory', branch, { parentId: ref('ProductCategory', root) })
    await writes.create('Product', { code: 'T1', name: 'Drill', categoryId: ref('ProductCategory', branch) })
    expect(await writes.removeRefused('ProductCategory', branch)).toEqual(['CATEGORY_IN_USE id'])
    expect(await writes.removeRefused('ProductCategory', root)).toEqual(['CATEGORY_HAS_CHILDREN id'])
  })
})
