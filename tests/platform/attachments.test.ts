import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createFileTickets } from '../../src/access/fileTicket.ts'
import { encodeId, newId } from '../../src/ids.ts'
import { sweepFilesOnce } from '../../src/jobs/files/sweep.ts'
import { openStore } from '../../src/storage/store.ts'
import { type Any, type Company, SECRET, type Sent, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { download, send, upload } from '../support/files.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

const MAX = 64 * 1024
const QUOTA = 4 * 1024 * 1024

let test: TestApp
let owner: Owner
let rep: Person
let other: Person
let readonly: Person

beforeAll(async () => {
  test = await testApp({ maxUpload: MAX, storageQuota: QUOTA })
  owner = await openOwner(test, test.acme)
  rep = await person(test, test.acme, 'rep')
  other = await person(test, test.acme, 'rep')
  readonly = await person(test, test.acme, 'readonly')
})
afterAll(async () => {
  await owner.close()
  await test.close()
})

type Caller = Pick<Company, 'run' | 'ask' | 'send'>

const codes = ({ json }: Sent) => json.userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.')}`)
const requestCodes = ({ status, json }: Sent) => [status, ...json.errors.map(({ extensions }: Any) => extensions.code)]
const verb = async (who: Caller, call: string): Promise<Any> => {
  const data = await who.run(`mutation { done: ${call} { userErrors { code field details } } }`)
  return data.done.userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.')}`)
}
const sweep = async () => {
  const store = await openStore(test.config.storage)
  let all = 0
  for (let done = 1; done > 0; all += done) done = await sweepFilesOnce({ tenancy: test.app.tenancy, store })
  return all
}
const used = async () => {
  const [row] = await owner.rows<{ used: string }>(`SELECT used FROM storage_use WHERE ${OWN}`)
  return Number(row?.used ?? 0)
}
/** Names of the company's files in the store. */
const stored = async (): Promise<string[]> => {
  const { storage } = test.config
  const root = join(storage.kind === 'fs' ? storage.root : '', owner.tenantId)
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  return found.flatMap((one) => (one.isFile() ? [one.name] : [])).sort()
}
/** What the database says that there is. */
const kept = async () =>
  (await owner.rows<{ id: string }>(`SELECT id FROM stored_file WHERE ${OWN} ORDER BY id::text`)).map(({ id }) => id)
const urlOf = async (who: Caller, id: string): Promise<string> =>
  (await who.run<Any>('query($id: ID!) { attachment(id: $id) { url } }', { id })).attachment?.url
const sees = async (who: Caller, id: string) => {
  const data = await who.run<Any>(
    'query($id: ID!) { attachment(id: $id) { id } node(id: $id) { id } attachments(where: { id: { eq: $id } }) { nodes { id } } }',
    { id },
  )
  const ways = [data.attachment !== null, data.node !== null, data.attachments.nodes.length === 1]
  ways.push((await download(who, id)).status === 200)
  return ways
}
const YES = [true, true, true, true]
const NO = [false, false, false, false]

describe('a file', () => {
  it('is taken for a record and given back as it was, whatever its sender says that it is', async () => {
    const { id: accountId } = await make(test.acme, 'Account')
    const content = Buffer.from('姓名,电话\r\n张三,13800138000\r\n')
    const said = { recordId: accountId, description: 'AcmeMark 名单', category: 'EVIDENCE' }
    const sent = await send(test.acme, { name: '客户 名单’s (2026).csv', content, type: 'text/html' }, said)
    expect([sent.status, sent.json.userErrors]).toEqual([201, []])
    const { id } = sent.json.attachment
    expect(sent.json.attachment).toEqual({
      id: expect.stringMatching(/^att_/),
      fileName: '客户 名单’s (2026).csv',
      contentType: 'text/csv',
      size: content.length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    const { account } = await test.acme.run<Any>(
      `query($id: ID!) { account(id: $id) { attachments(where: { category: { eq: EVIDENCE } }, orderBy: [{ field: FILE_NAME }]) {
 nodes { id size category description record { id ... on Account { name } } url } totalCount { value } } } }`,
      { id: accountId },
    )
    expect(account.attachments).toMatchObject({
      totalCount: { value: 1 },
      nodes: [
        { id, size: content.length, category: 'EVIDENCE', description: 'AcmeMark 名单', record: { id: accountId } },
      ],
    })
    const got = await download(test.acme, id)
    expect(got.bytes.equals(content)).toBe(true)
    expect([got.status, got.headers]).toEqual([
      200,
      expect.objectContaining({
        'content-type': 'text/csv',
        'content-length': String(content.length),
        'content-disposition': `attachment; filename="__ ___s (2026).csv"; filename*=UTF-8''%E5%AE%A2%E6%88%B7%20%E5%90%8D%E5%8D%95%E2%80%99s%20%282026%29.csv`,
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, no-store',
        'content-security-policy': "default-src 'none'; sandbox",
      }),
    ])
  })

  it('comes in parts, too', async () => {
    const id = await upload(test.acme, { content: '0123456789' })
    const part = async (range: string) => {
      const { status, headers, bytes } = await download(test.acme, id, { range })
      return [status, headers['content-range'], status === 416 ? '' : bytes.toString()]
    }
    expect(await part('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234'])
    expect(await part('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await part('bytes=7-99999')).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await part('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await part('bytes=-30')).toEqual([206, 'bytes 0-9/10', '0123456789'])
    expect(await part('bytes=10-')).toEqual([416, 'bytes */10', ''])
    expect(await part('bytes=4-2')).toEqual([416, 'bytes */10', ''])
    expect(await part('bytes=1-2,4-5')).toEqual([200, undefined, '0123456789'])
    expect(await part('lines=1-2')).toEqual([200, undefined, '0123456789'])
  })

  it('may have its fields behind it in the form', async () => {
    const { id: recordId } = await make(test.acme, 'Lead')
    const { status, json } = await send(test.acme, {}, { recordId }, { last: true })
    expect(status).toBe(201)
    const { attachment } = await test.acme.run<Any>(`{ attachment(id: "${json.attachment.id}") { record { id } } }`)
    expect(attachment.record.id).toBe(recordId)
  })

  it.each(['Account', 'Contact', 'Lead', 'Opportunity', 'Product', 'Activity', 'Task'])(
    'hangs at a %s and goes where that goes',
    async (type) => {
      const { id: recordId } = await make(test.acme, type)
      const id = await upload(test.acme, {}, { recordId })
      const url = await urlOf(test.acme, id)
      expect(await verb(test.acme, `delete${type}(id: "${recordId}")`)).toEqual([])
      expect(await sees(test.acme, id)).toEqual(NO)
      expect((await download(test.acme, url)).status).toBe(404)
      expect(await verb(test.acme, `restoreAttachment(id: "${id}")`)).toEqual(['INVALID_STATE id'])
      expect(await verb(test.acme, `restore${type}(id: "${recordId}")`)).toEqual([])
      expect(await sees(test.acme, id)).toEqual(YES)
      const [{ fileId } = { fileId: '' }] = await owner.rows<{ fileId: string }>(
        `SELECT file_id AS "fileId" FROM attachment WHERE ${OWN} AND id = $1`,
        uuidIn(id),
      )
      expect(await stored()).toContain(fileId)
      expect(await verb(test.acme, `destroy${type}(id: "${recordId}")`)).toEqual([])
      await sweep()
      expect(await stored()).not.toContain(fileId)
      expect(await kept()).not.toContain(fileId)
    },
  )

  it('is named in the store by nothing that its sender said, and by no name twice', async () => {
    await sweep()
    const names = await stored()
    expect(names).toEqual(await kept())
    for (const name of names)
      expect(name).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})

describe('access to a file', () => {
  let accountId: string
  let id: string
  beforeEach(async () => {
    accountId = (await make(test.acme, 'Account', { ownerId: rep.id })).id
    id = await upload(rep, { name: 'AcmeMark contract.pdf', content: '%PDF-1.7\n' }, { recordId: accountId })
  })

  it('is access to its record: who may not see that one sees nothing, and no difference to what there is not', async () => {
    expect(await sees(rep, id)).toEqual(YES)
    expect(await sees(readonly, id)).toEqual(YES)
    expect(await sees(other, id)).toEqual(NO)
    const unknown = encodeId('att', newId())
    const answer = async (asked: string) => {
      const { status, bytes, headers } = await download(other, asked, { 'x-request-id': 'probe' })
      return [status, bytes.toString().replaceAll(asked, '<id>'), { ...headers, date: '' }]
    }
    expect(await answer(id)).toEqual(await answer(unknown))
    expect((await answer(id))[0]).toBe(404)
    const { attachments } = await other.run<Any>('{ attachments { nodes { id } totalCount { value } } }')
    expect(attachments.nodes.map((one: Any) => one.id)).not.toContain(id)
    expect(attachments.totalCount.value).toBe(attachments.nodes.length)
    const change = `updateAttachment(id: "${id}", input: { fileName: "x.pdf" })`
    expect(await verb(other, change)).toEqual(['NOT_FOUND id'])
    expect(await verb(other, `deleteAttachment(id: "${id}")`)).toEqual(['NOT_FOUND id'])
    expect(await verb(other, `detachFile(id: "${id}")`)).toEqual(['NOT_FOUND id'])
  })

  it('changes with a share of the record: to read, then to write, then not at all', async () => {
    const { createRecordShare } = await rep.run<Any>(
      `mutation { createRecordShare(input: { recordId: "${accountId}", userId: "${other.id}" }) { recordShare { id } } }`,
    )
    const share = createRecordShare.recordShare.id
    expect(await sees(other, id)).toEqual(YES)
    const url = await urlOf(other, id)
    expect((await download(other, url)).status).toBe(200)
    const change = `updateAttachment(id: "${id}", input: { description: "AcmeMark seen" })`
    expect(await verb(other, change)).toEqual(['FORBIDDEN id'])
    expect(await verb(other, `deleteAttachment(id: "${id}")`)).toEqual(['FORBIDDEN id'])
    expect(codes(await send(other, {}, { recordId: accountId }))).toEqual(['FORBIDDEN recordId'])
    await verb(rep, `updateRecordShare(id: "${share}", input: { access: WRITE })`)
    expect(await verb(other, change)).toEqual([])
    const theirs = await upload(other, {}, { recordId: accountId })
    await verb(rep, `deleteRecordShare(id: "${share}")`)
    // Also what they sent themselves, and the address that they still have.
    expect(await sees(other, id)).toEqual(NO)
    expect(await sees(other, theirs)).toEqual(NO)
    expect((await download(other, url)).status).toBe(404)
    expect((await download(rep, await urlOf(rep, theirs))).status).toBe(200)
  })

  it('comes from what the record is seen by: an activity about a customer whom somebody sees', async () => {
    const { id: activityId } = await make(test.acme, 'Activity', { ownerId: rep.id })
    const file = await upload(rep, {}, { recordId: activityId })
    expect(await sees(other, file)).toEqual(NO)
    const { id: theirs } = await make(test.acme, 'Account', { ownerId: other.id })
    await make(test.acme, 'ActivityLink', { activityId, recordId: theirs })
    expect(await sees(other, file)).toEqual(YES)
    expect(await verb(other, `deleteAttachment(id: "${file}")`)).toEqual(['FORBIDDEN id'])
  })

  it('is nothing that a file can be smuggled past: not to a record that one may not see or not update, not to a type without files', async () => {
    const foreign = await make(test.globex, 'Account')
    const loose = await upload(other)
    for (const recordId of [accountId, foreign.id, encodeId('acct', newId()), rep.id, id, 'nonsense', '']) {
      expect(codes(await send(other, {}, { recordId }))).toEqual(['NOT_FOUND recordId'])
      expect(await verb(other, `attachFile(id: "${loose}", recordId: "${recordId}")`)).toEqual(['NOT_FOUND recordId'])
    }
    expect(requestCodes(await send(readonly, {}, { recordId: accountId }))).toEqual([403, 'FORBIDDEN'])
    expect(codes(await send(test.globex, {}, { recordId: accountId }))).toEqual(['NOT_FOUND recordId'])
    const inserted = { input: { recordId: accountId } }
    const { errors } = await other.ask(
      `mutation($input: UpdateAttachmentInput!) { updateAttachment(id: "${loose}", input: $input) { userErrors { code } } }`,
      inserted,
    )
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  })

  it('is the uploader’s alone before it hangs anywhere', async () => {
    const loose = await upload(rep, { name: 'AcmeMark draft.txt' })
    expect(await sees(rep, loose)).toEqual(YES)
    expect(await sees(other, loose)).toEqual(NO)
    expect(await sees(readonly, loose)).toEqual(NO)
    expect(await verb(rep, `updateAttachment(id: "${loose}", input: { fileName: "AcmeMark final.txt" })`)).toEqual([])
    expect(await verb(rep, `attachFile(id: "${loose}", recordId: "${accountId}")`)).toEqual([])
    expect(await sees(readonly, loose)).toEqual(YES)
    const again = await rep.run<Any>(
      `mutation { attachFile(id: "${loose}", recordId: "${accountId}") { changed attachment { record { id } version } userErrors { code } } }`,
    )
    expect(again.attachFile).toMatchObject({ changed: false, attachment: { record: { id: accountId } } })
    expect(await verb(test.acme, `detachFile(id: "${loose}", expectedVersion: 1)`)).toEqual([
      'STALE_VERSION expectedVersion',
    ])
    expect(await verb(test.acme, `detachFile(id: "${loose}")`)).toEqual([])
    expect(await sees(readonly, loose)).toEqual(NO)
    expect(await sees(rep, loose)).toEqual(YES)
  })

  it('of a file without a record is nobody’s for a key without a user, so it must name one', async () => {
    const { roles } = await test.acme.run<Any>('{ roles(where: { key: { eq: "manager" } }) { nodes { id } } }')
    const { createApiKey } = await test.acme.run<Any>(
      `mutation { createApiKey(input: { name: "AcmeMark key", roleId: "${roles.nodes[0].id}" }) { key userErrors { code } } }`,
    )
    const headers = { authorization: `Bearer ${createApiKey.key}` }
    const key = { send: (given: Any) => test.acme.send({ ...given, headers: { ...given.headers, ...headers } }) }
    expect(codes(await send(key, {}))).toEqual(['VALIDATION_FAILED recordId'])
  })

  it('follows field permissions: who may not see the fingerprint gets no bytes and no address, who may not see the link no list', async () => {
    const { createRole } = await test.acme.run<Any>(
      'mutation { createRole(input: { key: "clerk", name: "AcmeMark clerk" }) { role { id } userErrors { code } } }',
    )
    const roleId = createRole.role.id
    const allow = `createObjectPermission(input: { roleId: "${roleId}", object: "*", canRead: true, canCreate: true, canUpdate: true, readScope: ALL, writeScope: ALL })`
    expect(await verb(test.acme, allow)).toEqual([])
    const clerk = await person(test, test.acme, 'clerk')
    expect(await sees(clerk, id)).toEqual(YES)
    const url = await urlOf(clerk, id)
    const hide = async (field: string) => {
      const { createFieldPermission } = await test.acme.run<Any>(
        `mutation { createFieldPermission(input: { roleId: "${roleId}", object: "Attachment", field: "${field}", access: HIDDEN }) { fieldPermission { id } userErrors { code } } }`,
      )
      return createFieldPermission.fieldPermission.id as string
    }
    const hidden = await hide('sha256')
    const answer = await clerk.ask(`{ attachment(id: "${id}") { fileName url } }`)
    expect(answer.data.attachment).toEqual({ fileName: 'AcmeMark contract.pdf', url: null })
    expect(answer.errors?.map(({ extensions }) => extensions.code)).toEqual(['FIELD_FORBIDDEN'])
    expect([(await download(clerk, id)).status, (await download(clerk, url)).status]).toEqual([404, 404])
    expect((await send(clerk, {}, { recordId: accountId })).json.attachment).toMatchObject({ sha256: null, size: 13 })
    await verb(test.acme, `deleteFieldPermission(id: "${hidden}")`)
    expect((await download(clerk, url)).status).toBe(200)
    await hide('recordId')
    const list = await clerk.ask(`{ account(id: "${accountId}") { id attachments { nodes { id } } } }`)
    expect([list.data.account.attachments, list.errors?.[0]?.extensions.code]).toEqual([null, 'FIELD_FORBIDDEN'])
    await hide('fileName')
    expect((await download(clerk, id)).headers['content-disposition']).toContain('filename="file"')
  })
})

describe('an address of a file', () => {
  const tickets = (seconds?: number) => createFileTickets({ secret: SECRET, seconds })
  const claims = (company: Company, id: string, userId: string | null = null) => ({
    tenantId: uuidIn(company.id),
    attachmentId: uuidIn(id),
    userId,
  })
  const anonymous = (url: string) => test.app.server.inject({ method: 'GET', url })

  it('needs no other credential, for a while', async () => {
    const id = await upload(test.acme, { content: 'AcmeMark bytes' })
    const url = await urlOf(test.acme, id)
    expect(url).toMatch(/^\/attachments\/att_\w+\?ticket=[\w-]{112}$/)
    expect((await anonymous(url)).body).toBe('AcmeMark bytes')
    const at = (ticket: string) => anonymous(`/attachments/${id}?ticket=${ticket}`)
    expect((await at(tickets(5).sign(claims(test.acme, id)))).statusCode).toBe(200)
    expect((await at(tickets(0).sign(claims(test.acme, id)))).statusCode).toBe(404)
  })

  it('is for this file of this company, as it was written', async () => {
    const id = await upload(test.acme, { content: 'AcmeMark bytes' })
    const another = await upload(test.acme, { content: 'AcmeMark other bytes' })
    const theirs = await upload(test.globex, { content: 'GlobexMark bytes' })
    const good = tickets().sign(claims(test.acme, id))
    const at = async (where: string, ticket: string) =>
      (await anonymous(`/attachments/${where}?ticket=${ticket}`)).statusCode
    expect(await at(id, good)).toBe(200)
    for (const where of [another, theirs, encodeId('att', newId()), 'att_x', '..%2f..%2fetc%2fpasswd'])
      expect(await at(where, good)).toBe(404)
    // Each letter changed, one after the other.
    for (let place = 0; place < good.length; place++) {
      const letter = good[place] === 'A' ? 'B' : 'A'
      expect([place, await at(id, good.slice(0, place) + letter + good.slice(place + 1))]).toEqual([place, 404])
    }
    for (const bad of ['', 'x', `${good}A`, `${good}=`, good.slice(1), good.toLowerCase(), '%00', 'A'.repeat(9000)])
      expect(await at(id, bad)).toBe(404)
    // Rightly signed, for a file that the company does not have.
    expect(await at(theirs, tickets().sign(claims(test.acme, theirs)))).toBe(404)
    const strange = createFileTickets({ secret: 'another secret of the tests, long enough' })
    expect(await at(id, strange.sign(claims(test.acme, id)))).toBe(404)
    const missing = await test.app.server.inject({ method: 'GET', url: `/attachments/${id}` })
    expect(missing.statusCode).toBe(401)
  })

  it('ends with its user', async () => {
    const leaver = await person(test, test.acme, 'readonly')
    const { id: recordId } = await make(test.acme, 'Account')
    const url = await urlOf(leaver, await upload(test.acme, {}, { recordId }))
    expect((await anonymous(url)).statusCode).toBe(200)
    expect(await verb(test.acme, `updateUser(id: "${leaver.id}", input: { status: SUSPENDED })`)).toEqual([])
    expect((await anonymous(url)).statusCode).toBe(404)
  })
})

describe('what is not taken', () => {
  it('programs, scripts and pages, by their bytes or by their name', async () => {
    const bytes = (hex: string) => Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(200)])
    const cases: [name: string, content: string | Buffer][] = [
      ['photo.png', bytes('4d5a90000300')],
      ['photo.png', bytes('7f454c4602010100')],
      ['photo.jpg', bytes('cffaedfe07000001')],
      ['app.wasm', bytes('0061736d01000000')],
      ['note.txt', '<!DOCTYPE html><script>alert(1)</script>'],
      ['note.txt', '\ufeff  <!-- hello --> <html><body>'],
      ['data.xml', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>'],
      ['note.csv', '#!/bin/sh\nrm -rf /'],
      ['note.txt', Buffer.from('\ufeff<html>', 'utf16le')],
      ['report.pdf.exe', 'text'],
      ['REPORT.EXE', 'text'],
      ['report.exe. . ', 'text'],
      ['page.html', 'text'],
      ['page.HtM', 'text'],
      ['run.bat', 'text'],
      ['run.ps1', 'text'],
      ['run.js', 'text'],
      ['run.vbs', 'text'],
      ['run.lnk', 'text'],
    ]
    for (const [name, content] of cases) {
      const sent = await send(test.acme, { name, content, type: 'image/png' })
      expect([name, sent.status, ...codes(sent)]).toEqual([name, 415, 'FILE_TYPE_FORBIDDEN file'])
    }
  })

  it('but other files are known by their bytes', async () => {
    const zip = Buffer.concat([Buffer.from('504b0304', 'hex'), Buffer.alloc(60)])
    const cases: [name: string, content: string | Buffer, type: string][] = [
      ['a.pdf', '%PDF-1.7\n%âãÏÓ', 'application/pdf'],
      ['not-a.pdf', Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010802000000', 'hex'), 'image/png'],
      ['a.zip', zip, 'application/zip'],
      ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', 'image/svg+xml'],
      ['a.json', '{}', 'application/json'],
      ['说明', '一段文字', 'text/plain'],
      ['a.pdf', 'no PDF at all', 'text/plain'],
      ['a.dat', Buffer.from([0, 1, 2, 3]), 'application/octet-stream'],
    ]
    for (const [name, content, contentType] of cases) {
      const { json } = await send(test.acme, { name, content, type: 'text/html' })
      expect([name, json.attachment?.contentType]).toEqual([name, contentType])
      const got = await download(test.acme, json.attachment.id)
      expect(got.headers['content-disposition']).toMatch(/^attachment;/)
    }
  })

  it('one byte too many: FILE_TOO_LARGE, and nothing of it stays', async () => {
    const before = [await stored(), await used()]
    const full = await send(test.acme, { content: Buffer.alloc(MAX, 7) })
    expect(full.status).toBe(201)
    const over = await send(test.acme, { content: Buffer.alloc(MAX + 1, 7) })
    expect([over.status, over.json]).toEqual([
      413,
      {
        attachment: null,
        userErrors: [{ code: 'FILE_TOO_LARGE', message: expect.any(String), field: ['file'], details: { max: MAX } }],
      },
    ])
    expect((await send(test.acme, { content: Buffer.alloc(8 * 1024 * 1024, 7) })).status).toBe(413)
    expect(await readdir(test.config.incoming)).toEqual([])
    expect(await verb(test.acme, `destroyAttachment(id: "${full.json.attachment.id}")`)).toEqual([])
    await sweep()
    expect([await stored(), await used()]).toEqual(before)
  })

  it('names that are paths, or play with who reads them', async () => {
    const named = async (name: string) => {
      const sent = await send(test.acme, { name })
      return sent.json.attachment?.fileName ?? codes(sent)
    }
    expect(await named('../../../etc/passwd')).toBe('passwd')
    expect(await named('C:\\\\Users\\\\me\\\\合同.pdf')).toBe('合同.pdf')
    expect(await named('..%2f..%2fetc%2fpasswd')).toBe('..%2f..%2fetc%2fpasswd')
    expect(await named('/absolute.txt')).toBe('absolute.txt')
    expect(await named('  e\u0301te\u0301.txt ')).toBe('été.txt')
    expect(await named('x'.repeat(255))).toBe('x'.repeat(255))
    expect(await named('x'.repeat(300))).toEqual(['VALIDATION_FAILED fileName'])
    expect(await named('..')).toEqual(['VALIDATION_FAILED fileName'])
    expect(await named('a\u202egpj.txt')).toEqual(['VALIDATION_FAILED fileName'])
    expect(await named('a\u0000.txt')).toEqual(['VALIDATION_FAILED fileName'])
    expect(await named('a\tb.txt')).toEqual(['VALIDATION_FAILED fileName'])
    const id = await upload(test.acme)
    for (const fileName of ['a/b', 'a\\b', '..', 'a\nb', 'a\u202eb', '', 'x'.repeat(256)]) {
      const { updateAttachment } = await test.acme.run<Any>(
        'mutation($id: ID!, $input: UpdateAttachmentInput!) { updateAttachment(id: $id, input: $input) { userErrors { code field } } }',
        { id, input: { fileName } },
      )
      expect(updateAttachment.userErrors).toEqual([{ code: 'VALIDATION_FAILED', field: ['input', 'fileName'] }])
    }
  })

  it('what is no form with one file', async () => {
    const empty = await send(test.acme, { content: '' })
    expect([empty.status, ...codes(empty)]).toEqual([422, 'VALIDATION_FAILED file'])
    expect(codes(await send(test.acme, {}, { category: 'NONSENSE' }))).toEqual(['VALIDATION_FAILED category'])
    expect(codes(await send(test.acme, {}, { description: 'x'.repeat(2001) }))).toEqual([
      'VALIDATION_FAILED description',
    ])
    expect(requestCodes(await send(test.acme, {}, { tenantId: 'x' }))).toEqual([400, 'BAD_USER_INPUT'])
    expect(requestCodes(await send(test.acme, {}, {}, { part: 'upload' }))).toEqual([400, 'BAD_USER_INPUT'])
    const post = (payload: string, type: string) =>
      test.acme.send({ method: 'POST', url: '/attachments', payload, headers: { 'content-type': type } })
    expect(requestCodes(await post('{}', 'application/json'))).toEqual([415, 'BAD_REQUEST'])
    expect(requestCodes(await post('x', 'multipart/form-data'))).toEqual([400, 'BAD_REQUEST'])
    expect(requestCodes(await post('nothing', 'multipart/form-data; boundary=b'))).toEqual([400, 'BAD_REQUEST'])
    const cut = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf of'
    expect(requestCodes(await post(cut, 'multipart/form-data; boundary=b'))).toEqual([400, 'BAD_REQUEST'])
    expect((await post('--b--\r\n', 'multipart/form-data; boundary=b')).json.userErrors?.[0]?.code).toBe(
      'VALIDATION_FAILED',
    )
    expect(await readdir(test.config.incoming)).toEqual([])
  })

  it('what nobody sends whom we know, or what comes by a browser’s cookie', async () => {
    const inject = async (headers: Record<string, string>) => {
      const { status, json } = await send(
        {
          send: async ({ headers: own, ...rest }) => {
            const answer = await test.app.server.inject({ ...rest, headers: { ...own, ...headers } })
            return { status: answer.statusCode, headers: answer.headers, bytes: answer.rawPayload, json: answer.json() }
          },
        },
        {},
      )
      return [status, json.errors[0].extensions.code]
    }
    expect(await inject({})).toEqual([401, 'UNAUTHENTICATED'])
    expect(await inject({ cookie: `authorization=Bearer ${rep.token}` })).toEqual([401, 'UNAUTHENTICATED'])
    expect(await inject({ authorization: 'Bearer nonsense' })).toEqual([401, 'UNAUTHENTICATED'])
  })

  it('forms anywhere else', async () => {
    const answer = await test.acme.send({
      method: 'POST',
      url: '/graphql',
      payload: '--b--\r\n',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    })
    expect(answer.status).toBe(415)
  })
})

describe('the place for files', () => {
  it('is the company’s quota, to the byte, however many come at once', async () => {
    await sweep()
    const size = 10_000
    const before = await used()
    await owner.rows('UPDATE tenant SET storage_quota = $1 WHERE id = atrium.tenant_id()', before + 3 * size + size / 2)
    try {
      const sent = await Promise.all(
        Array.from({ length: 7 }, () => send(test.acme, { content: Buffer.alloc(size, 65) })),
      )
      const taken = sent.filter(({ status }) => status === 201)
      const refused = sent.filter(({ status }) => status === 422)
      expect([taken.length, refused.length]).toEqual([3, 4])
      expect(refused[0]?.json.userErrors).toEqual([
        {
          code: 'QUOTA_EXCEEDED',
          message: expect.any(String),
          field: ['file'],
          details: { limit: before + 3.5 * size, current: before + 3 * size, requested: size },
        },
      ])
      expect(await used()).toBe(before + 3 * size)
      for (const { json } of taken)
        expect(await verb(test.acme, `destroyAttachment(id: "${json.attachment.id}")`)).toEqual([])
      expect(await sweep()).toBe(3)
      expect(await used()).toBe(before)
      expect((await send(test.acme, { content: Buffer.alloc(size, 65) })).status).toBe(201)
    } finally {
      await owner.rows('UPDATE tenant SET storage_quota = NULL WHERE id = atrium.tenant_id()')
    }
  })

  it('is not the company’s own to enlarge, nor another’s to use', async () => {
    await expect(
      test.app.tenancy.writeTenant({ tenantId: owner.tenantId }, (db) =>
        db.rows({ text: 'UPDATE tenant SET storage_quota = 1 WHERE id = $1', values: [owner.tenantId] }),
      ),
    ).rejects.toThrow()
    const before = await used()
    await upload(test.globex)
    expect(await used()).toBe(before)
  })

  it('is given back for what a killed process left: bytes without an attachment, and a row without bytes', async () => {
    await sweep()
    const before = [await stored(), await used(), await kept()]
    const store = await openStore(test.config.storage)
    const [pending] = await owner.rows<{ id: string }>(
      `INSERT INTO stored_file (tenant_id, size, created_at) VALUES (atrium.tenant_id(), 5, now() - interval '61 minutes') RETURNING id`,
    )
    const [young] = await owner.rows<{ id: string }>(
      'INSERT INTO stored_file (tenant_id, size) VALUES (atrium.tenant_id(), 7) RETURNING id',
    )
    await owner.rows(`UPDATE storage_use SET used = used + 12 WHERE ${OWN}`)
    const { incoming } = test.config
    const { writeFile, utimes, mkdir } = await import('node:fs/promises')
    await mkdir(incoming, { recursive: true })
    await writeFile(join(incoming, 'left'), '12345')
    const key = { tenantId: owner.tenantId, fileId: pending!.id }
    await store.put(key, { path: join(incoming, 'left'), size: 5, contentType: 'text/plain' })
    expect(await sweep()).toBe(1)
    expect([await stored(), await used()]).toEqual([before[0], (before[1] as number) + 7])
    expect(await kept()).toContain(young!.id)
    await owner.rows(`UPDATE stored_file SET status = 'GONE' WHERE ${OWN} AND id = $1`, young!.id)
    expect(await sweep()).toBe(1)
    expect([await stored(), await used(), await kept()]).toEqual(before)
    const { sweepSpool } = await import('../../src/jobs/files/spool.ts')
    await writeFile(join(incoming, 'under way'), '')
    await utimes(join(incoming, 'left'), new Date(0), new Date(0))
    await sweepSpool(incoming)
    expect(await readdir(incoming)).toEqual(['under way'])
    await (await import('node:fs/promises')).rm(join(incoming, 'under way'))
  })

  it('is given back a day after a file hangs nowhere, and not before', async () => {
    await sweep()
    const { id: recordId } = await make(test.acme, 'Account')
    const [young, old, held] = [await upload(rep), await upload(rep), await upload(test.acme, {}, { recordId })]
    const age = (id: string, hours: number) =>
      owner.rows(
        `ALTER TABLE attachment DISABLE TRIGGER touch; UPDATE attachment SET updated_at = now() - interval '${hours} hours' WHERE ${OWN} AND id = '${uuidIn(id)}'; ALTER TABLE attachment ENABLE TRIGGER touch`,
      )
    await age(young as string, 23)
    await age(old as string, 25)
    await age(held as string, 25)
    const before = await used()
    expect(await sweep()).toBe(2)
    expect(await used()).toBe(before - 13)
    expect([(await sees(rep, old as string))[0], (await sees(rep, young as string))[0]]).toEqual([false, true])
    expect(await sees(test.acme, held as string)).toEqual(YES)
  })

  it('takes no attachment for bytes that were given up meanwhile', async () => {
    const { addAttachment } = await import('../../src/resolvers/platform/attachment.ts')
    const { jobViewer } = await import('../../src/resolvers/identity/createTenant.ts')
    const viewer = jobViewer({ id: owner.tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' })
    const facts = { contentType: 'text/plain', size: 0, sha256: '0'.repeat(64) }
    const [gone] = await owner.rows<{ id: string }>(
      `INSERT INTO stored_file (tenant_id, size, status) VALUES (atrium.tenant_id(), 0, 'GONE') RETURNING id`,
    )
    await expect(
      test.app.tenancy.writeTenant({ tenantId: owner.tenantId }, (db) =>
        addAttachment({ db, viewer }, { fileName: 'late.txt' }, gone!.id, facts),
      ),
    ).rejects.toMatchObject({ code: 'TIMEOUT' })
    await sweep()
  })
})
