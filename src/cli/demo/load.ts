import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hashApiKey, newApiKey } from '../../access/apiKey.ts'
import { newId } from '../../ids.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf, uuidOf } from '../../read/values.ts'
import { ids, jobViewer, seedRoles } from '../../resolvers/identity/createTenant.ts'
import { setPassword } from '../../resolvers/identity/session.ts'
import { createRecords, updateRecords } from '../../resolvers/records.ts'
import { moveOpportunityStage } from '../../resolvers/sales/moveOpportunityStage.ts'
import type { Input, WriteContext } from '../../resolvers/write.ts'
import type { Tenancy } from '../../tenancy/tenancy.ts'
import { loadWorkflows } from './automation.ts'
import { loadContracts } from './contracts.ts'
import { demoCompany } from './data.ts'
import { loadFeed } from './feed.ts'
import { loadMarketing } from './marketing.ts'
import { loadPools } from './pools.ts'
import { loadReports } from './reports.ts'
import { loadRevenue } from './revenue.ts'
import { loadService } from './service.ts'
import type { DemoCompany, DemoFields, DemoRecord, DemoRef } from './types.ts'

/** A demo company as demo.json shows it. */
export interface DemoTenantFile {
  slug: string
  name: string
  apiKey: string
  users: { email: string; password: string; role: string }[]
}

/** The content of `.atrium/demo.json`. */
export interface DemoFile {
  url: string
  tenants: DemoTenantFile[]
}

/** Reads demo.json; null when there is none or it is not whole. */
export async function readDemoFile(path: string): Promise<DemoFile | null> {
  try {
    const file = JSON.parse(await readFile(path, 'utf8')) as DemoFile
    return Array.isArray(file.tenants) && file.tenants.length > 0 ? file : null
  } catch {
    return null
  }
}

/** Credentials of demo companies that are still to be made. */
export function newDemoFile(today = new Date()): DemoFile {
  const tenants = SLUGS.map((slug): DemoTenantFile => {
    const { tenant, users } = demoCompany(slug, today)
    return {
      slug,
      name: tenant.name,
      apiKey: newApiKey('live').key,
      users: users
        .filter((user) => user.email.split('@')[0] === user.role)
        .map(({ email, role }) => ({ email, role, password: randomBytes(12).toString('base64url') })),
    }
  })
  return { url: '', tenants }
}

const SLUGS = ['acme', 'globex'] as const

/** Is there a tenant of that slug. */
export async function tenantExists(tenancy: Tenancy, slug: string): Promise<boolean> {
  const [row] = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string | null }>({ text: 'SELECT atrium.tenant_of_slug($1) AS id', values: [slug] }),
  )
  return Boolean(row?.id)
}

/**
 * Makes the demo companies of a file that are not there yet, each in one transaction, through the same functions as the API. The file is kept before
 * this begins, so that a start that is killed half-way leaves no company whose passwords nobody knows, and the next start makes what is missing.
 */
export async function loadDemo(tenancy: Tenancy, file: DemoFile): Promise<void> {
  const made: string[] = []
  await Promise.all(
    file.tenants.map(async (one) => {
      const slug = SLUGS.find((name) => name === one.slug)
      if (!slug || (await tenantExists(tenancy, slug))) return
      const id = await loadCompany(tenancy, demoCompany(slug, new Date()), one)
      if (slug === 'acme') made.push(id)
    }),
  )
  // When no load is under way any more: what was loaded starts nothing.
  for (const id of made) await loadWorkflows(tenancy, id)
}

/** @returns the company's uuid. */
async function loadCompany(tenancy: Tenancy, company: DemoCompany, file: DemoTenantFile): Promise<string> {
  const { tenant } = company
  const id = newId()
  const viewer = jobViewer({ id, ...tenant })
  await tenancy.writeTenant({ tenantId: id, requestId: viewer.requestId }, async (db) => {
    await db.rows({
      text: 'INSERT INTO tenant (id, slug, name, timezone, base_currency, default_country, locale) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      values: [
        id,
        tenant.slug,
        tenant.name,
        tenant.timezone,
        tenant.baseCurrency,
        tenant.defaultCountry,
        tenant.locale,
      ],
    })
    const roles = await seedRoles(db, id)
    const known = new Map<string, string>()
    // What the demo has of duplicates is meant.
    const write = { db, viewer, allowDuplicate: true }
    for (const user of company.users) {
      const input: Input = {
        email: user.email,
        name: user.name,
        title: user.title,
        roleId: idOf('Role', roles.get(user.role) as string),
      }
      if (user.managerKey) input.managerId = known.get(user.managerKey)
      const [uuid] = ids(await createRecords(write, recordType('User'), [input]))
      known.set(user.key, idOf('User', uuid as string))
      const shown = file.users.find(({ email }) => email === user.email)
      if (shown) await setPassword(db, id, uuid as string, shown.password)
      if (user.role === 'admin') {
        await db.rows({
          text: `INSERT INTO api_key (tenant_id, id, name, prefix, last4, key_hash, role_id, user_id) VALUES ($1, $2, 'Demo key', $3, $4, $5, $6, $7)`,
          values: [
            id,
            newId(),
            file.apiKey.slice(0, 12),
            file.apiKey.slice(-4),
            hashApiKey(file.apiKey),
            roles.get('admin'),
            uuid,
          ],
        })
      }
    }
    await loadOrganisation(write, company, known)
    for (const run of runs(company.records)) await loadRun(write, run, known)
    // Deals move when their lines are there: lines of a closed deal are frozen.
    for (const one of company.records) if (one.stages) await moveOn(write, one, known)
    await loadPools(write, company, known)
    await loadRevenue(write, company, known)
    if (tenant.slug === 'acme') await loadContracts(write, company, known)
    if (tenant.slug === 'acme') await loadService(write, company, known)
    const admin = company.users.find(({ role }) => role === 'admin')
    if (tenant.slug === 'acme') await loadReports(write, known.get(admin?.key ?? ''))
    if (tenant.slug === 'acme') await loadMarketing(write, known.get(admin?.key ?? ''))
    const people = ['admin', 'manager', 'rep'].map((key) => company.users.find(({ role }) => role === key)?.key ?? '')
    if (tenant.slug === 'acme')
      await loadFeed(
        write,
        people.map((key) => known.get(key) ?? ''),
      )
  })
  return id
}

async function loadOrganisation(
  write: WriteContext,
  { departments, teams }: DemoCompany,
  users: Map<string, string>,
): Promise<void> {
  const type = recordType('Department')
  const known = new Map<string, string>()
  for (const { name, parent, head, members } of departments) {
    const input: Input = { name }
    if (parent) input.parentId = known.get(parent)
    if (head) input.headId = users.get(head)
    const [uuid] = ids(await createRecords(write, type, [input]))
    const departmentId = idOf(type.name, uuid as string)
    known.set(name, departmentId)
    const targets = members.map((key) => ({
      id: uuidOf('User', users.get(key)) as string,
      input: { departmentId },
    }))
    ids(await updateRecords(write, recordType('User'), targets))
  }
  const made = teams.map(({ name, leader, members }) => ({
    name,
    leaderId: users.get(leader),
    members: members.map((key) => ({ userId: users.get(key) })),
  }))
  ids(await createRecords(write, recordType('Team'), made))
}

/** Neighbouring records of one type that do not refer to each other: what one statement can write. */
function* runs(records: DemoRecord[]): Generator<DemoRecord[]> {
  let run: DemoRecord[] = []
  const keys = new Set<string>()
  for (const one of records) {
    const inside = Object.values(one.fields).some((value) => isRef(value) && keys.has(value.ref))
    if (run.length > 0 && (run[0]?.type !== one.type || inside || run.length >= 200)) {
      yield run
      run = []
      keys.clear()
    }
    run.push(one)
    keys.add(one.key)
  }
  if (run.length > 0) yield run
}

const isRef = (value: unknown): value is DemoRef => typeof value === 'object' && value !== null && 'ref' in value

async function loadRun(write: WriteContext, run: DemoRecord[], known: Map<string, string>): Promise<void> {
  const type = recordType((run[0] as DemoRecord).type)
  const written = ids(
    await createRecords(
      write,
      type,
      run.map((one) => inputOf(type.name, one, known)),
    ),
  )
  run.forEach(({ key }, index) => {
    known.set(key, idOf(type.name, written[index] as string))
  })
}

async function moveOn(
  write: WriteContext,
  { key, fields, stages = [] }: DemoRecord,
  known: Map<string, string>,
): Promise<void> {
  for (const { stageId } of stages.slice(1)) {
    const moved = await moveOpportunityStage(write, {
      id: known.get(key) as string,
      toStageId: known.get(stageId.ref) as string,
      lossReason: (fields.lossReason as string) ?? 'Chose another supplier',
      actualCloseDate: (fields.actualCloseDate as string) ?? null,
    })
    ids([moved])
  }
}

/** The create input of a record: references by id, and only what clients may write. */
function inputOf(typeName: string, { fields, stages }: DemoRecord, known: Map<string, string>): Input {
  const { actualCloseDate: _closed, lossReason: _lost, ...open } = fields
  const given: DemoFields = stages?.[0] ? { ...open, stageId: stages[0].stageId } : fields
  const writable = recordType(typeName).fields
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const field = writable.get(name)
      if (!field || field.write === 'never') return []
      return [[name, isRef(value) ? known.get(value.ref) : value]]
    }),
  )
}
