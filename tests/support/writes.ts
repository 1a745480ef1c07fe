import '../../src/schema/index.ts'
import type { Viewer } from '../../src/context.ts'
import { recordType } from '../../src/read/recordType.ts'
import { idOf } from '../../src/read/values.ts'
import { createTenant, jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { createRecords, deleteRecords, destroyRecords, restoreRecords, updateRecords, type Written } from '../../src/resolvers/records.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'
import { freshDatabase } from './database.ts'

/** A company on a database of its own, written to as the resolvers do, without the API around them. */
export interface Writes {
  viewer: Viewer
  adminId: string
  /** Makes records in one transaction; uuids, or throws the errors as JSON. */
  create(type: string, ...inputs: Input[]): Promise<string[]>
  /** Codes of what is wrong with the inputs of one call, each with its field: `VALIDATION_FAILED name`. Nothing is written. */
  refused(type: string, ...inputs: Input[]): Promise<string[]>
  update(type: string, id: string, input: Input): Promise<void>
  updateRefused(type: string, id: string, input: Input): Promise<string[]>
  remove(type: string, ...ids: string[]): Promise<void>
  removeRefused(type: string, ...ids: string[]): Promise<string[]>
  restore(type: string, id: string): Promise<void>
  destroy(type: string, id: string): Promise<void>
  /** Runs `work` in one transaction. */
  write<T>(work: (context: WriteContext) => Promise<T>): Promise<T>
  /** Rows of a statement whose $1 is the tenant. */
  rows<Row = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]>
  /** Columns of one record. */
  row<Row = Record<string, unknown>>(table: string, id: string): Promise<Row>
  close(): Promise<void>
}

/** The id that clients see, for inputs. */
export const ref = idOf

const shown = (written: Written[]) =>
  written.flatMap(({ errors }) => errors.map(({ code, field }) => `${code} ${field?.filter((part) => !/^(input|\d+)$/.test(part)).join('.')}`))

/** Opens a company of its own; call `close`. */
export async function openWrites(): Promise<Writes> {
  const database = await freshDatabase()
  const tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 3 })
  const made = await createTenant(tenancy, { slug: 'acme', name: 'Acme', adminEmail: 'admin@acme.example', timezone: 'Asia/Shanghai' })
  const [tenant] = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT tenant_id AS id FROM atrium.no_such_thing', values: [] }),
  ).catch(() => [])
  void tenant
  throw new Error(JSON.stringify(made))
}
