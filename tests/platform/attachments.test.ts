import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { download, send, upload } from '../support/files.ts'

let test: TestApp

beforeAll(async () => {
  test = await testApp()
})
afterAll(() => test.close())

it('takes a file for a record and gives it back as it was', async () => {
  const { id: accountId } = await make(test.acme, 'Account')
  const content = Buffer.from('姓名,电话\r\n张三,13800138000\r\n')
  const sent = await send(
    test.acme,
    { name: '客户名单 2026 "最终".csv'.replaceAll('"', '%22'), content, type: 'text/html' },
    { recordId: accountId, description: 'AcmeMark 名单', category: 'EVIDENCE' },
  )
  expect([sent.status, sent.json.userErrors]).toEqual([201, []])
  const { id } = sent.json.attachment
  expect(sent.json.attachment).toEqual({
    id: expect.stringMatching(/^att_/),
    fileName: expect.stringContaining('客户名单 2026'),
    contentType: 'text/csv',
    size: content.length,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  const { account } = await test.acme.run<Any>(
    `query($id: ID!) { account(id: $id) { attachments { nodes { id fileName contentType size description category record { id } createdBy { id } url } totalCount { value } } } }`,
    { id: accountId },
  )
  expect(account.attachments.totalCount.value).toBe(1)
  const [node] = account.attachments.nodes
  expect(node).toMatchObject({
    id,
    size: content.length,
    category: 'EVIDENCE',
    description: 'AcmeMark 名单',
    record: { id: accountId },
  })
  const got = await download(test.acme, id)
  expect(got.status).toBe(200)
  expect(got.bytes.equals(content)).toBe(true)
  const byUrl = await download({ send: test.globex.send }, node.url)
  expect(byUrl.bytes.equals(content)).toBe(true)
})
