import '../../src/schema/index.ts'
import { readFileSync } from 'node:fs'
import { loadAccess } from '../../src/access/standing.ts'
import type { Viewer } from '../../src/context.ts'
import { decodeId } from '../../src/ids.ts'
import { parseMapping } from '../../src/jobs/import/mapping.ts'
import { type ImportOptions, type ImportSummary, runImport } from '../../src/jobs/import/run.ts'
import { createTenant, jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { freshDatabase } from '../support/database.ts'
import { fileOf } from './files.ts'

/** A company to import into. */
export interface Company {
  viewer: Viewer
  /** Imports CSV text by a mapping and gives the summary with the problems as the errors file has them: `line column code value`. */
  load(mapping: unknown, csv: string, options?: Partial<ImportOptions>): Promise<Loaded>
  /** Rows of a statement whose $1 is the tenant. */
  rows<Row = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]>
  /** One column of all live records of a table, sorted. */
  /** Somebody with one of the roles that the company began with. */
  as(role: string): Promise<Viewer>
  column(table: string, column: string): Promise<unknown[]>
  count(table: string): Promise<number>
}

export type Loaded = ImportSummary & { told: string[]; messages: string[] }

/** A database with two companies; the second has the same names as the first may have. */
export interface Companies {
  tenancy: Tenancy
  databaseUrl: string
  acme: Company
  globex: Company
  /** A further company. */
  found(slug: string): Promise<Company>
  close(): Promise<void>
}

export async function openCompanies(): Promise<Companies> {
  const database = await freshDatabase()
  const tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 3 })
  const found = async (slug: string): Promise<Company> => {
    const made = await createTenant(tenancy, { slug, name: slug, adminEmail: `admin@${slug}.example` })
    const id = decodeId(made.id)!.uuid
    return companyOf(tenancy, jobViewer({ id, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' }))
  }
  return {
    tenancy,
    databaseUrl: database.appUrl,
    acme: await found('acme'),
    globex: await found('globex'),
    found,
    async close() {
      await tenancy.close()
      await database.drop()
    },
  }
}

function companyOf(tenancy: Tenancy, viewer: Viewer): Company {
  const rows = <Row>(text: string, ...values: unknown[]) =>
    tenancy.readTenant({ tenantId: viewer.tenantId }, (db) =>
      db.rows<Row>({ text, values: [viewer.tenantId, ...values] }),
    )
  return {
    viewer,
    rows,
    async load(mapping, csv, options = {}) {
      const file = options.file ?? fileOf(csv)
      const errorsFile = `${file}.errors.csv`
      const given = { tenancy, viewer, mapping: parseMapping(mapping), file, mode: 'create' as const, errorsFile }
      const summary = await runImport({ ...given, ...options })
      const problems = cells(readFileSync(errorsFile, 'utf8')).slice(1)
      return {
        ...summary,
        told: problems.map((cell) => cell.slice(0, 4).join(' ').trim()),
        messages: problems.map((cell) => cell[4]!),
      }
    },
    async as(role) {
      const [found] = await rows<{ id: string }>('SELECT id FROM role WHERE tenant_id = $1 AND key = $2', role)
      const { tenantId } = viewer
      const loaded = await tenancy.readTenant({ tenantId }, (db) =>
        loadAccess(db, { tenantId, userId: null, roleId: found!.id, further: false }),
      )
      return { ...viewer, ...loaded, kind: 'user' }
    },
    async column(table, column) {
      const found = await rows<{ value: unknown }>(
        `SELECT ${column} AS value FROM ${table} WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY 1`,
      )
      return found.map(({ value }) => value)
    },
    async count(table) {
      const [row] = await rows<{ count: string }>(`SELECT count(*) FROM ${table} WHERE tenant_id = $1`)
      return Number(row!.count)
    },
  }
}

/** Cells of a small CSV text without line breaks in cells. */
function cells(text: string): string[][] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\r\n')
    .filter(Boolean)
  return lines.map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
    ),
  )
}
