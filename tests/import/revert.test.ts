import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parseMapping } from '../../src/jobs/import/mapping.ts'
import { type ImportOptions, type ImportSummary, runImport } from '../../src/jobs/import/run.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { fileOf } from './files.ts'

let test: TestApp
let acme: Company
let owner: Owner
let manager: Person
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
  manager = await person(test, acme, 'manager')
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

const ACCOUNTS = {
  type: 'Account',
  columns: { key: 'externalId', name: 'name', industry: 'industry', phone: 'phone' },
  constants: { externalSource: 'old' },
}
const load = (mapping: unknown, csv: string, more: Partial<ImportOptions> = {}): Promise<ImportSummary> =>
  runImport({
    tenancy: test.app.tenancy,
    viewer: jobViewer({ id: owner.tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' }),
    mapping: parseMapping(mapping),
    file: fileOf(csv),
    mode: 'upsert',
    ...more,
  })
const revert = async (id: string | null, by: Pick<Company, 'run'> = acme) => {
  const { revertImport } = await by.run<Any>(
    'mutation($id: ID!) { revertImport(id: $id) { importJob { status } userErrors { code field details } } }',
    { id },
  )
  return revertImport.userErrors.map(({ code, details }: Any) => [code, details?.from ?? details?.permission ?? null])
}
const importJob = async (id: string | null) =>
  (
    await acme.run<Any>(
      'query($id: ID!) { importJob(id: $id) { object mode status rows created updated unchanged failed fileName revertedAt completedAt canRevertUntil } }',
      { id },
    )
  ).importJob
/** Figures of the last revert, once it is done. */
async function reverted(): Promise<Record<string, number>> {
  const last = async () =>
    (
      await acme.run<Any>(
        '{ jobs(last: 1, where: { kind: { eq: "IMPORT_REVERT" } }) { nodes { status done total errorCode figures { name value } } } }',
      )
    ).jobs.nodes[0]
  for (let round = 0; round < 20 && !/COMPLETED|FAILED/.test((await last()).status); round++)
    await runJobsOnce(test.app.tenancy)
  const { status, done, total, figures } = await last()
  expect([status, done]).toEqual(['COMPLETED', total])
  return Object.fromEntries(figures.map(({ name, value }: Any) => [name, value]))
}
const row = async (table: string, id: string) =>
  (await owner.rows<Any>(`SELECT * FROM ${table} WHERE ${OWN} AND id = $1`, uuidIn(id)))[0]
const byKey = async (key: string) =>
  (
    await owner.rows<{ id: string; name: string; gone: boolean }>(
      `SELECT id, name, deleted_at IS NOT NULL AS gone FROM account WHERE ${OWN} AND external_source = 'old' AND external_id = $1 ORDER BY created_at`,
      key,
    )
  ).at(-1)
const changeAccount = (id: string, input: Record<string, unknown>) =>
  acme.run(
    'mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { userErrors { code } } }',
    {
      id,
      input,
    },
  )

describe('a reverted import', () => {
  it('leaves what was there as it was, puts what it made into the recycle bin, and keeps what somebody wrote since', async () => {
    const old = { externalSource: 'old', industry: 'before', phone: '+12025550101' }
    const { id: touched } = await make(acme, 'Account', { ...old, externalId: 'touched', name: 'Touched' })
    const { id: edited } = await make(acme, 'Account', { ...old, externalId: 'edited', name: 'Edited' })
    const before = await row('account', touched)
    const many = Array.from({ length: 1100 }, (_, n) => `new-${n},新公司 ${n},after,`).join('\n')
    const csv = `key,name,industry,phone\ntouched,Changed,after,+12025550199\nedited,Changed too,after,\n${many}\n`
    const { importId, ...summary } = await load(ACCOUNTS, csv)
    expect(summary).toMatchObject({ rows: 1102, created: 1100, updated: 2, failed: 0 })
    expect(await importJob(importId)).toMatchObject({
      object: 'Account',
      mode: 'UPSERT',
      status: 'COMPLETED',
      rows: 1102,
      created: 1100,
      updated: 2,
      fileName: expect.stringMatching(/^[^/]+\.csv$/),
      revertedAt: null,
    })
    // Somebody goes on with two of them, and refers to a third.
    const [worked, named] = [await byKey('new-7'), await byKey('new-1050')]
    const idOf = async (key: string) =>
      (
        await acme.run<Any>('query($k: String!) { accounts(where: { externalId: { eq: $k } }) { nodes { id } } }', {
          k: key,
        })
      ).accounts.nodes[0].id as string
    await changeAccount(await idOf('new-7'), { rating: 'HOT' })
    await changeAccount(edited, { name: 'Newer' })
    await make(acme, 'Opportunity', { accountId: await idOf('new-1050') })

    expect(await revert(importId)).toEqual([])
    expect(await reverted()).toEqual({ DELETED: 1098, RESTORED: 2, KEPT: 1, FAILED: 1 })
    const after = await row('account', touched)
    for (const name of ['version', 'updated_at', 'updated_by']) delete before[name]
    expect(after).toMatchObject(before)
    expect(await row('account', edited)).toMatchObject({ name: 'Newer', industry: 'before', external_id: 'edited' })
    expect([(await byKey('new-0'))?.gone, (await byKey('new-1099'))?.gone]).toEqual([true, true])
    expect((await byKey('new-7'))?.id).toBe(worked?.id)
    expect([(await byKey('new-7'))?.gone, (await byKey('new-1050'))?.gone, named?.gone]).toEqual([false, false, false])
    expect(await importJob(importId)).toMatchObject({ status: 'REVERTED', revertedAt: expect.any(String) })
    expect(await revert(importId)).toEqual([['INVALID_STATE', 'REVERTED']])

    // The same file goes in again.
    const again = await load(ACCOUNTS, csv)
    expect(again).toMatchObject({ created: 1098, updated: 2, unchanged: 2, failed: 0 })
  })

  it('takes its lines and its links along, and what was made last goes first', async () => {
    const { id: accountId } = await make(acme, 'Account', {
      externalSource: 'old',
      externalId: 'parent',
      name: 'Parent',
    })
    const mapping = {
      type: 'Account',
      columns: {
        key: 'externalId',
        name: 'name',
        parent: { field: 'parentId', reference: { type: 'Account', by: 'name' } },
      },
      constants: { externalSource: 'tree' },
      lines: { type: 'AccountInvoiceInfo', parent: 'accountId', columns: { title: 'title' } },
    }
    const csv = 'key,name,parent,title\na,Leaf A,Root,A Ltd\nr,Root,Parent,R Ltd\n'
    const loaded = await load(mapping, csv, { mode: 'create' })
    expect(loaded).toMatchObject({ created: 2, problems: 0 })
    expect(await revert(loaded.importId)).toEqual([])
    expect(await reverted()).toMatchObject({ KEPT: 0, FAILED: 0 })
    const live = await owner.rows(
      `SELECT id FROM account WHERE ${OWN} AND external_source = 'tree' AND deleted_at IS NULL UNION ALL SELECT id FROM account_invoice_info WHERE ${OWN} AND title LIKE '_ Ltd' AND deleted_at IS NULL`,
    )
    expect(live).toEqual([])
    expect((await row('account', accountId)).deleted_at).toBeNull()
  })

  it('gives nothing back that somebody else has by now', async () => {
    const { id } = await make(acme, 'Account', {
      externalSource: 'old',
      externalId: 'moved',
      name: 'Moved',
      taxNo: 'T-1',
    })
    const mapping = {
      type: 'Account',
      columns: { tax: 'taxNo', key: 'externalId' },
      constants: { externalSource: 'old' },
      key: ['taxNo'],
    }
    const { importId, ...summary } = await load(mapping, 'tax,key\nT-1,elsewhere\n')
    expect(summary).toMatchObject({ updated: 1, failed: 0 })
    const { id: taker } = await make(acme, 'Account', { externalSource: 'old', externalId: 'moved', name: 'Taker' })
    expect(await revert(importId)).toEqual([])
    expect(await reverted()).toEqual({ DELETED: 0, RESTORED: 0, KEPT: 0, FAILED: 1 })
    expect([(await row('account', id)).external_id, (await row('account', taker)).external_id]).toEqual([
      'elsewhere',
      'moved',
    ])
  })

  it('is one that was stopped on the way, too; dry runs leave none', async () => {
    const count = async () =>
      Number((await owner.rows<{ n: string }>(`SELECT count(*) AS n FROM import_job WHERE ${OWN}`))[0]?.n)
    const before = await count()
    const many = Array.from({ length: 3000 }, (_, n) => `stop-${n},Stop ${n},,`).join('\n')
    const csv = `key,name,industry,phone\n${many}\n`
    const dry = await load(ACCOUNTS, csv, { dryRun: true })
    expect([dry.importId, await count()]).toEqual([null, before])
    const stop = new AbortController()
    await expect(
      load(ACCOUNTS, csv, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) }),
    ).rejects.toThrow('enough')
    const { importJobs } = await acme.run<Any>('{ importJobs(last: 1) { nodes { id status rows created } } }')
    const [stopped] = importJobs.nodes
    expect(stopped.status).toBe('FAILED')
    expect(stopped.created).toBeGreaterThanOrEqual(1000)
    expect(await revert(stopped.id)).toEqual([])
    const { DELETED } = await reverted()
    expect(DELETED).toBeGreaterThanOrEqual(stopped.created)
    const [left] = await owner.rows<{ n: string }>(
      `SELECT count(*) AS n FROM account WHERE ${OWN} AND external_id LIKE 'stop-%' AND deleted_at IS NULL`,
    )
    expect(left?.n).toBe('0')
  })

  it('is asked for by who may, in its own company, while it is young, and once', async () => {
    const { importId } = await load(ACCOUNTS, 'key,name,industry,phone\nrights,Rights,,\n')
    expect(await revert(importId, test.globex)).toEqual([['NOT_FOUND', null]])
    const asked = await manager.ask('mutation($id: ID!) { revertImport(id: $id) { userErrors { code } } }', {
      id: importId,
    })
    expect(asked.data.revertImport.userErrors).toEqual([{ code: 'FORBIDDEN' }])
    const rep = await person(test, acme, 'readonly')
    const refused = await rep.ask('mutation($id: ID!) { revertImport(id: $id) { userErrors { code } } }', {
      id: importId,
    })
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    await owner.rows(
      `UPDATE import_job SET can_revert_until = now() - interval '1 second' WHERE ${OWN} AND id = $1`,
      uuidIn(importId as string),
    )
    expect(await revert(importId)).toEqual([['INVALID_STATE', 'FINAL']])
    await owner.rows(
      `UPDATE import_job SET can_revert_until = now() + interval '1 day', status = 'RUNNING' WHERE ${OWN} AND id = $1`,
      uuidIn(importId as string),
    )
    expect(await revert(importId)).toEqual([['INVALID_STATE', 'RUNNING']])
    // One whose process died: nothing was written for a long time.
    await owner.rows(
      `UPDATE import_batch SET at = now() - interval '11 minutes' WHERE ${OWN} AND import_id = $1`,
      uuidIn(importId as string),
    )
    expect(await revert(importId)).toEqual([])
    expect(await revert(importId)).toEqual([['INVALID_STATE', 'REVERTING']])
    expect(await reverted()).toMatchObject({ DELETED: 1 })
  })
})
