import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { decodeId } from '../../src/ids.ts'
import { sendTemplate } from '../../src/resolvers/marketing/sendEmail.ts'
import { suppressAddress, unsuppressAddress } from '../../src/resolvers/marketing/suppression.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { openWrites, type Writes } from '../support/writes.ts'

let acme: Writes
let app: TestApp
beforeAll(async () => {
  acme = await openWrites()
  app = await testApp()
})
afterAll(async () => {
  await acme?.close()
  await app?.close()
})

const address = 'Ada@Mail.example'
const send = async (uuid: string) => {
  const [templateId] = await acme.create('EmailTemplate', { name: `T ${Math.random()}`, subject: 's', html: 'h' })
  return acme.write((context) =>
    sendTemplate(context, { templateId: templateId as string, recipients: [{ type: 'Contact', uuid }] }),
  )
}

it('stops mails to an address whoever has it, however it is spelled, and lets them go again', async () => {
  const [uuid] = (await acme.create('Contact', { lastName: 'Byron', email: 'ada@mail.example' })) as [string]
  const first = await acme.write((context) => suppressAddress(context, { address }))
  expect(first).toMatchObject({ errors: [], changed: true })
  expect(await acme.write((context) => suppressAddress(context, { address }))).toMatchObject({
    id: first.id,
    changed: false,
  })
  expect(await send(uuid)).toEqual({ queued: 0, suppressed: 1 })
  expect(await acme.write((context) => unsuppressAddress(context, { address }))).toMatchObject({ errors: [] })
  expect(await send(uuid)).toEqual({ queued: 1, suppressed: 0 })
})

it('refuses what is no address, and to let go of one that is not suppressed', async () => {
  const codes = async (work: Promise<{ errors: { code: string }[] }>) => (await work).errors.map(({ code }) => code)
  expect(await codes(acme.write((context) => suppressAddress(context, { address: 'nobody' })))).toEqual([
    'VALIDATION_FAILED',
  ])
  expect(await codes(acme.write((context) => unsuppressAddress(context, { address: 'free@mail.example' })))).toEqual([
    'NOT_FOUND',
  ])
})

it('suppresses an address for one list beside all mails, and lets each go by itself', async () => {
  const list = await make(app.acme, 'TargetList')
  const mail = 'list@mail.example'
  const [verb, fields] = [
    'address: $a, targetListId: $l',
    'suppression { id scope targetList { id } } userErrors { code field }',
  ]
  const run = async (name: string, company = app.acme, targetList: string | null = list.id) =>
    (
      await company.run<Any>(`mutation($a: String!, $l: ID) { ${name}(${verb}) { ${fields} } }`, {
        a: mail,
        l: targetList,
      })
    )[name]
  const { suppression } = await run('suppressAddress')
  expect(suppression).toMatchObject({ scope: 'LIST', targetList: { id: list.id } })
  expect((await run('suppressAddress')).suppression.id).toBe(suppression.id)
  expect((await run('suppressAddress', app.acme, null)).suppression).toMatchObject({ scope: 'ALL', targetList: null })
  const missing = { suppression: null, userErrors: [{ code: 'NOT_FOUND', field: ['targetListId'] }] }
  for (const name of ['suppressAddress', 'unsuppressAddress']) expect(await run(name, app.globex)).toEqual(missing)
  expect((await run('unsuppressAddress')).userErrors).toEqual([])
  expect((await run('unsuppressAddress')).userErrors).toEqual([{ code: 'NOT_FOUND', field: ['address'] }])
  expect((await run('unsuppressAddress', app.acme, null)).userErrors).toEqual([])
})

it('keeps no address, and the hash of one company says nothing in another', async () => {
  for (const company of [app.acme, app.globex])
    await company.run('mutation { suppressAddress(address: "grace@mail.example") { suppression { id } } }')
  const hash = async (tenantId: string) =>
    app.acme.tenancy.readTenant({ tenantId }, (db) =>
      db.rows<{ row: string; hash: string }>({
        text: `SELECT s::text AS row, encode(s.address_hash, 'hex') AS hash FROM suppression s WHERE tenant_id = $1`,
        values: [tenantId],
      }),
    )

  const [one] = await hash(decodeId(app.acme.id)?.uuid as string)
  const [two] = await hash(decodeId(app.globex.id)?.uuid as string)
  expect(one?.row).not.toContain('grace')
  expect(one?.hash).toMatch(/^[0-9a-f]{64}$/)
  expect(one?.hash).not.toBe(two?.hash)
})

it('answers as nothing for what another company has', async () => {
  const theirs = await make(app.globex, 'EmailTemplate')
  const own = await make(app.acme, 'Contact')
  const { sendEmail } = await app.acme.run<Any>(
    'mutation($t: ID!, $to: [ID!]!) { sendEmail(templateId: $t, recipientIds: $to) { queued userErrors { code field } } }',
    { t: theirs.id, to: [own.id] },
  )
  expect(sendEmail).toEqual({ queued: null, userErrors: [{ code: 'NOT_FOUND', field: ['templateId'] }] })
  const template = await make(app.acme, 'EmailTemplate')
  const foreign = await make(app.globex, 'Contact')
  const answer = await app.acme.run<Any>(
    'mutation($t: ID!, $to: [ID!]!) { sendEmail(templateId: $t, recipientIds: $to) { queued userErrors { code field } } }',
    { t: template.id, to: [own.id, foreign.id] },
  )
  expect(answer.sendEmail.userErrors).toEqual([{ code: 'NOT_FOUND', field: ['recipientIds'] }])
  const preview = await app.acme.run<Any>(
    'query($t: ID!, $r: ID!) { previewTemplate(templateId: $t, recordId: $r) { subject } }',
    { t: template.id, r: foreign.id },
  )
  expect(preview.previewTemplate).toBeNull()
})
