import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { importNext, startImports } from '../../src/jobs/import/worker.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { openStore } from '../../src/storage/store.ts'
import { setTenantStatus } from '../../src/tenancy/lifecycle.ts'
import { until } from '../cache/model.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { download, upload } from '../support/files.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let owner: Owner
let manager: Person
let readonly: Person
let store: Awaited<ReturnType<typeof openStore>>
beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
  manager = await person(test, test.acme, 'manager')
  readonly = await person(test, test.acme, 'readonly')
  store = await openStore(test.config.storage)
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

type Caller = Pick<Company, 'run' | 'ask' | 'send'>

const MAPPING = {
  type: 'Account',
  columns: {
    key: 'externalId',
    name: { field: 'name', required: true },
    parent: { field: 'parentId', reference: { type: 'Account', by: 'externalId' } },
  },
  constants: { externalSource: 'api' },
}
const head = 'key,name,parent'

async function fileOf(who: Caller, lines: string[]): Promise<string> {
  return upload(who, { name: '客户.csv', content: [head, ...lines, ''].join('\n') })
}
async function order(who: Caller, lines: string[] | string, more: Record<string, unknown> = {}): Promise<Any> {
  const attachmentId = typeof lines === 'string' ? lines : await fileOf(who, lines)
  const { startImport } = await who.run<Any>(
    'mutation($input: StartImportInput!) { startImport(input: $input) { importJob { id status fileName object mode dryRun mapping } userErrors { code field details } } }',
    { input: { attachmentId, mapping: MAPPING, mode: 'UPSERT', ...more } },
  )
  return startImport
}
const ordered = async (who: Caller, lines: string[], more: Record<string, unknown> = {}): Promise<string> => {
  const { importJob, userErrors } = await order(who, lines, more)
  expect(userErrors).toEqual([])
  return importJob.id
}
const work = () => ({
  tenancy: test.app.tenancy,
  store,
  incoming: test.config.incoming,
  quota: test.config.storageQuota,
})
const worked = async () => {
  while (await importNext(work(), owner.tenantId));
}
const jobOf = async (id: string, who: Caller = test.acme): Promise<Any> =>
  (
    await who.run<Any>(
      `query($id: ID!) { importJob(id: $id) { status rows created updated unchanged failed problems errorCode errorMessage
 attachments { nodes { id fileName category contentType } } } }`,
      { id },
    )
  ).importJob
const cancel = async (who: Caller, id: string) => {
  const { cancelImport } = await who.run<Any>(
    'mutation($id: ID!) { cancelImport(id: $id) { importJob { status } userErrors { code details } } }',
    { id },
  )
  return cancelImport
}
const names = async (prefix: string) =>
  (
    await owner.rows<{ name: string }>(
      `SELECT name FROM account WHERE ${OWN} AND name LIKE $1 AND deleted_at IS NULL ORDER BY name`,
      `${prefix}%`,
    )
  ).map(({ name }) => name)

describe('an import that is ordered by the API', () => {
  it('waits, is done as who ordered it, tells what went wrong in a file, and can be taken back', async () => {
    const answer = await order(manager, ['2,接口 二,1', '1,接口 一,', '3,,', '4,接口 四,99'])
    expect(answer.userErrors).toEqual([])
    expect(answer.importJob).toMatchObject({
      status: 'QUEUED',
      fileName: '客户.csv',
      object: 'Account',
      mode: 'UPSERT',
      dryRun: false,
      mapping: MAPPING,
    })
    const { id } = answer.importJob
    await worked()
    const job = await jobOf(id, manager)
    expect(job).toMatchObject({
      status: 'COMPLETED',
      rows: 4,
      created: 3,
      updated: 0,
      failed: 1,
      problems: 2,
      errorCode: null,
      errorMessage: null,
    })
    expect(await names('接口')).toEqual(['接口 一', '接口 二', '接口 四'])
    const made = await owner.rows<{ name: string; parent: string | null; by: string; actor: string }>(
      `SELECT a.name, p.name AS parent, a.created_by AS by, (SELECT c.actor FROM change c WHERE c.tenant_id = a.tenant_id AND c.record_id = a.id LIMIT 1) AS actor
 FROM account a LEFT JOIN account p ON p.tenant_id = a.tenant_id AND p.id = a.parent_id WHERE a.${OWN} AND a.name LIKE '接口%' ORDER BY a.name`,
    )
    expect(made.map(({ name, parent }) => [name, parent])).toEqual([
      ['接口 一', null],
      ['接口 二', '接口 一'],
      ['接口 四', null],
    ])
    expect(new Set(made.map(({ by }) => by))).toEqual(new Set([uuidIn(manager.id)]))
    const errors = job.attachments.nodes.find(({ category }: Any) => category === 'IMPORT_ERRORS')
    const { bytes } = await download(manager, errors.id)
    const told = bytes.toString('utf8').split('\r\n')
    expect(told[0]).toBe('\uFEFFline,column,code,value,message')
    expect(told.slice(1).map((line: string) => line.split(',').slice(0, 4).join(','))).toEqual([
      '4,name,REQUIRED,',
      '5,parent,REFERENCE_NOT_FOUND,99',
      '',
    ])
    const { revertImport } = await manager.run<Any>(
      'mutation($id: ID!) { revertImport(id: $id) { userErrors { code } } }',
      { id },
    )
    expect(revertImport.userErrors).toEqual([])
    while ((await runJobsOnce(test.app.tenancy)) > 0);
    expect(await names('接口')).toEqual([])
  })

  it('keeps nothing of a dry run, and says what it would have done', async () => {
    const id = await ordered(manager, ['d1,Dry one,', 'd2,Dry two,d1'], { dryRun: true })
    await worked()
    expect(await jobOf(id, manager)).toMatchObject({ status: 'COMPLETED', rows: 2, created: 2, problems: 0 })
    expect(await names('Dry')).toEqual([])
    const { revertImport } = await manager.run<Any>(
      'mutation($id: ID!) { revertImport(id: $id) { userErrors { code } } }',
      { id },
    )
    expect(revertImport.userErrors).toEqual([{ code: 'INVALID_STATE' }])
  })

  it('is refused before it begins for a mapping that cannot be, rights that are missing, and files of others', async () => {
    const { userErrors } = await order(manager, ['1,One,'], {
      mode: 'CREATE',
      mapping: { type: 'Account', columns: { name: ['name', 'nom'] } },
    })
    expect(userErrors).toMatchObject([
      {
        code: 'VALIDATION_FAILED',
        field: ['input', 'mapping'],
        details: { rule: 'mapping', place: 'columns.name[1]' },
      },
    ])
    expect((await order(manager, ['1,One,'], { mapping: 'Account' })).userErrors[0].code).toBe('VALIDATION_FAILED')
    const mine = await fileOf(manager, ['1,One,'])
    const foreign = await order(test.globex, mine)
    expect(foreign.userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['input', 'attachmentId'] }])
    const refused = await readonly.ask(
      'mutation($input: StartImportInput!) { startImport(input: $input) { userErrors { code } } }',
      { input: { attachmentId: mine, mapping: MAPPING, mode: 'CREATE' } },
    )
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    const [left] = await owner.rows<{ n: number }>(`SELECT count(*)::integer AS n FROM import_run WHERE ${OWN}`)
    expect(left?.n).toBe(0)
  })

  it('fails with its reason when the file does not fit, is gone, or who ordered it has left', async () => {
    const misfit = await ordered(manager, ['1,One,'], {
      mode: 'CREATE',
      mapping: { type: 'Account', columns: { name: 'name', nowhere: 'industry' } },
    })
    await worked()
    const job = await jobOf(misfit, manager)
    expect(job).toMatchObject({ status: 'FAILED', errorCode: 'IMPORT_INVALID', rows: 0 })
    expect(job.errorMessage).toContain('nowhere')
    const gone = await ordered(manager, ['1,One,'])
    const [file] = (await jobOf(gone, manager)).attachments.nodes
    await manager.run('mutation($id: ID!) { deleteAttachment(id: $id) { userErrors { code } } }', { id: file.id })
    await worked()
    expect(await jobOf(gone, manager)).toMatchObject({ status: 'FAILED', errorCode: 'NOT_FOUND' })
    const leaver = await person(test, test.acme, 'manager')
    const left = await ordered(leaver, ['1,Left one,'])
    await owner.rows(`UPDATE app_user SET status = 'SUSPENDED' WHERE ${OWN} AND id = $1`, uuidIn(leaver.id))
    await worked()
    expect(await jobOf(left)).toMatchObject({ status: 'FAILED', errorCode: 'UNAUTHENTICATED' })
    expect(await names('Left')).toEqual([])
  })

  it('fails at once when the store does not give the file', async () => {
    const id = await ordered(manager, ['f1,File,'])
    const broken = { ...store, read: () => Promise.reject(new Error('no such file')) }
    await expect(importNext({ ...work(), store: broken }, owner.tenantId)).rejects.toThrow('no such file')
    expect(await jobOf(id, manager)).toMatchObject({ status: 'FAILED', errorCode: 'INTERNAL' })
  })

  it('is not begun while another of the company is under way', async () => {
    const [first, second] = [await ordered(manager, ['o1,Order one,']), await ordered(manager, ['o2,Order two,'])]
    const lease = (until: string | null) =>
      owner.rows(
        `UPDATE import_run SET lease_until = now() + $2::interval WHERE ${OWN} AND import_id = $1`,
        uuidIn(first),
        until,
      )
    await lease('1 minute')
    expect(await importNext(work(), owner.tenantId)).toBe(false)
    expect(await jobOf(second, manager)).toMatchObject({ status: 'QUEUED' })
    await lease(null)
    await worked()
    for (const id of [first, second]) expect(await jobOf(id, manager)).toMatchObject({ status: 'COMPLETED' })
  })

  it('does not wait behind companies that have nothing to be done', async () => {
    const suspended = await ordered(test.globex, ['b2,Before,'])
    const id = await ordered(manager, ['b1,Behind,'])
    const status = (to: 'ACTIVE' | 'SUSPENDED') =>
      setTenantStatus(test.app.tenancy, test.database.ownerUrl, test.globex.slug, to)
    await status('SUSPENDED')
    const globex = await openOwner(test, test.globex)
    const errors: unknown[] = []
    const worker = startImports(test.app.tenancy, {
      ...work(),
      most: 1,
      everyMs: 600_000,
      onError: (e) => errors.push(e),
    })
    try {
      await until(async () => (await jobOf(id, manager)).status === 'COMPLETED')
    } finally {
      await worker.stop()
      await status('ACTIVE')
      await globex.rows(`DELETE FROM import_run WHERE ${OWN} AND import_id = $1`, uuidIn(suspended))
      await globex.close()
    }
    expect(errors).toEqual([])
  })

  it('is done with the rights of the moment', async () => {
    const rep = await person(test, test.acme, 'manager')
    const id = await ordered(rep, ['r1,Rights one,'])
    await owner.rows(
      `UPDATE app_user SET role_id = (SELECT id FROM role WHERE ${OWN} AND key = 'readonly') WHERE ${OWN} AND id = $1`,
      uuidIn(rep.id),
    )
    await worked()
    expect(await jobOf(id)).toMatchObject({ status: 'FAILED', errorCode: 'FORBIDDEN', created: 0 })
    expect(await names('Rights')).toEqual([])
  })

  it('is stopped while it waits, and behind a batch while it runs', async () => {
    const waits = await ordered(manager, ['w1,Waits,'])
    expect(await cancel(manager, waits)).toEqual({ importJob: { status: 'CANCELLED' }, userErrors: [] })
    expect((await cancel(manager, waits)).userErrors).toMatchObject([
      { code: 'INVALID_STATE', details: { from: 'CANCELLED' } },
    ])
    await worked()
    expect(await names('Waits')).toEqual([])
    const lines = Array.from({ length: 6000 }, (_, i) => `s${i},Stops ${i},`)
    const runs = await ordered(manager, lines, { mode: 'CREATE' })
    // Nobody writes accounts while it is stopped.
    await owner.rows('BEGIN')
    await owner.rows('LOCK TABLE account IN SHARE MODE')
    const running = importNext({ ...work(), beatMs: 5 }, owner.tenantId)
    await until(async () => (await jobOf(runs, manager)).status === 'RUNNING')
    expect((await cancel(manager, runs)).userErrors).toEqual([])
    const lease = async () =>
      (
        await owner.rows<{ until: string }>(
          `SELECT lease_until::text AS until FROM import_run WHERE ${OWN} AND import_id = $1`,
          uuidIn(runs),
        )
      )[0]?.until
    for (let beat = 0; beat < 2; beat++) {
      const before = await lease()
      await until(async () => (await lease()) !== before)
    }
    await owner.rows('COMMIT')
    await running
    const { status, created } = await jobOf(runs, manager)
    expect(status).toBe('CANCELLED')
    // Batches that were under way are finished.
    expect((await names('Stops')).length).toBe(created)
    expect(created).toBeLessThan(4000)
  })

  it('waits while the company is suspended', async () => {
    const id = await ordered(manager, ['u1,Suspended,'])
    const status = (to: 'ACTIVE' | 'SUSPENDED') =>
      setTenantStatus(test.app.tenancy, test.database.ownerUrl, test.acme.slug, to)
    await status('SUSPENDED')
    try {
      expect(await importNext(work(), owner.tenantId)).toBe(false)
    } finally {
      await status('ACTIVE')
    }
    await worked()
    expect(await jobOf(id)).toMatchObject({ status: 'COMPLETED', created: 1 })
  })

  it('is given up when its worker says nothing any more: what it wrote stays, and is known', async () => {
    const id = await ordered(manager, ['k1,Killed,'])
    // As a worker leaves it that dies right behind taking it.
    await owner.rows(
      `UPDATE import_run SET lease_until = now() - interval '1 second' WHERE ${OWN} AND import_id = $1`,
      uuidIn(id),
    )
    await owner.rows(`UPDATE import_job SET status = 'RUNNING' WHERE ${OWN} AND id = $1`, uuidIn(id))
    await worked()
    expect(await jobOf(id, manager)).toMatchObject({ status: 'FAILED', errorCode: 'INTERRUPTED' })
  })

  it('is taken once by two workers, by itself, and the queue of a company has an end', async () => {
    const ids = [await ordered(manager, ['t1,Twice one,']), await ordered(manager, ['t1,Twice two,'])]
    const errors: unknown[] = []
    const workers = [1, 2].map(() => startImports(test.app.tenancy, { ...work(), onError: (e) => errors.push(e) }))
    try {
      await until(async () =>
        (await Promise.all(ids.map((id) => jobOf(id, manager)))).every(({ status }) => status === 'COMPLETED'),
      )
    } finally {
      await Promise.all(workers.map((one) => one.stop()))
    }
    expect(errors).toEqual([])
    const jobs = await Promise.all(ids.map((id) => jobOf(id, manager)))
    expect(jobs.reduce((sum, { created }) => sum + created, 0)).toBe(1)
    const files = await Promise.all([1, 2, 3].map(() => fileOf(manager, ['q,Queue,'])))
    await owner.rows(
      `INSERT INTO import_job (tenant_id, id, object, mode, file_name, status) SELECT $1, atrium.uuid7(), 'Account', 'CREATE', 'q', 'QUEUED' FROM generate_series(1, 19)`,
      owner.tenantId,
    )
    await owner.rows(
      `INSERT INTO import_run (tenant_id, import_id, attachment_id) SELECT tenant_id, id, id FROM import_job WHERE ${OWN} AND file_name = 'q'`,
    )
    // Of three at once one gets the last place.
    const told = (await Promise.all(files.map((file) => order(manager, file)))).flatMap(({ userErrors }) => userErrors)
    const full = { code: 'QUOTA_EXCEEDED', field: ['input'], details: { limit: 20, current: 20 } }
    expect(told).toEqual([full, full])
    await owner.rows(`DELETE FROM import_run WHERE ${OWN}`)
  })

  it('runs for an API key within what the key may do, and not for one that speaks for nobody', async () => {
    const { roles } = await test.acme.run<Any>('{ roles(where: { key: { eq: "manager" } }) { nodes { id } } }')
    const keyOf = async (name: string, more: Record<string, unknown>): Promise<Company> => {
      const { createApiKey } = await test.acme.run<Any>(
        'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key userErrors { code field } } }',
        { input: { name, roleId: roles.nodes[0].id, ...more } },
      )
      expect(createApiKey.userErrors).toEqual([])
      return callers(test.app, createApiKey.key) as Company
    }
    const narrow = await keyOf('Narrow', {
      userId: manager.id,
      scopes: ['Account.*', 'Attachment.*', 'ImportJob.*'],
    })
    const within = await ordered(narrow, ['n1,Narrow one,'])
    await worked()
    expect(await jobOf(within)).toMatchObject({ status: 'COMPLETED', created: 1 })
    const beyond = await narrow.ask(
      'mutation($input: StartImportInput!) { startImport(input: $input) { userErrors { code } } }',
      {
        input: {
          attachmentId: await fileOf(narrow, ['n1,Narrow one,']),
          mapping: { type: 'Contact', columns: { key: null, parent: null, name: 'lastName' } },
          mode: 'CREATE',
        },
      },
    )
    expect(beyond.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    const alone = await keyOf('Alone', {})
    const file = await fileOf(manager, ['n1,Narrow one,'])
    expect((await order(alone, file)).userErrors).toMatchObject([{ code: 'FORBIDDEN', field: null }])
  })
})
