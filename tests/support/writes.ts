import '../../src/schema/index.ts'
import type { Viewer } from '../../src/context.ts'
import { UserErrors } from '../../src/errors.ts'
import { decodeId } from '../../src/ids.ts'
import { recordType } from '../../src/read/recordType.ts'
import { ident } from '../../src/read/sql.ts'
import { idOf } from '../../src/read/values.ts'
import { createTenant, jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import {
  createRecords,
  deleteRecords,
  destroyRecords,
  restoreRecords,
  updateRecords,
  type Written,
} from '../../src/resolvers/records.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'
import { withoutDuplicateRules } from './app.ts'
import { freshDatabase } from './database.ts'

/** A company on a database of its own, written to as the resolvers do, without the API around them. */
export interface Writes {
  viewer: Viewer
  adminId: string
  /** The app role's address, for connections of one's own. */
  databaseUrl: string
  /** Makes records in one transaction; uuids. Throws UserErrors when one is refused. */
  create(type: string, ...inputs: Input[]): Promise<string[]>
  /** Codes of what is wrong with the inputs of one call, each with its field: `VALIDATION_FAILED name`. With [] they were written. */
  refused(type: string, ...inputs: Input[]): Promise<string[]>
  update(type: string, id: string, input: Input): Promise<void>
  updateRefused(type: string, id: string, input: Input): Promise<string[]>
  remove(type: string, ...ids: string[]): Promise<void>
  removeRefused(type: string, ...ids: string[]): Promise<string[]>
  restore(type: string, id: string): Promise<void>
  restoreRefused(type: string, id: string): Promise<string[]>
  destroy(type: string, id: string): Promise<void>
  /** Runs `work` in one transaction. */
  write<T>(work: (context: WriteContext) => Promise<T>): Promise<T>
  /** Rows of a statement whose $1 is the tenant. */
  rows<Row = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]>
  /** Columns of one record. */
  // biome-ignore lint/suspicious/noExplicitAny: a row has the columns of the table that the test names.
  row<Row = Record<string, any>>(table: string, id: string): Promise<Row>
  close(): Promise<void>
}

/** The id that clients see, for inputs. */
export const ref = idOf

/** Opens a company of its own; call `close`. */
export async function openWrites(): Promise<Writes> {
  const database = await freshDatabase()
  const tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 3 })
  const made = await createTenant(tenancy, {
    slug: 'acme',
    name: 'Acme',
    adminEmail: 'admin@acme.example',
    timezone: 'Asia/Shanghai',
  })
  await withoutDuplicateRules(tenancy, made)
  const viewer = jobViewer({
    id: decodeId(made.id)?.uuid ?? '',
    timezone: 'Asia/Shanghai',
    baseCurrency: 'USD',
    defaultCountry: 'CN',
  })
  const write = <T>(work: (context: WriteContext) => Promise<T>) =>
    tenancy.writeTenant({ tenantId: viewer.tenantId }, (db) => work({ db, viewer }))
  /** Undoes what was written when a row was refused, as the API does. */
  const all = (work: (context: WriteContext) => Promise<Written[]>) =>
    write(async (context) => {
      const written = await work(context)
      if (written.some(({ errors }) => errors.length > 0)) throw new UserErrors(written.flatMap(({ errors }) => errors))
      return written.map(({ id }) => id as string)
    })
  const codes = async (work: (context: WriteContext) => Promise<Written[]>): Promise<string[]> => {
    try {
      await all(work)
      return []
    } catch (error) {
      if (!(error instanceof UserErrors)) throw error
      return error.errors.map(
        ({ code, field }) => `${code} ${field?.filter((part) => !/^(input|\d+)$/.test(part)).join('.')}`,
      )
    }
  }
  const making = (type: string, inputs: Input[]) => (context: WriteContext) =>
    createRecords(context, recordType(type), inputs)
  const changing = (type: string, id: string, input: Input) => (context: WriteContext) =>
    updateRecords(context, recordType(type), [{ id, input }])
  const removing = (type: string, ids: string[]) => (context: WriteContext) =>
    deleteRecords(
      context,
      recordType(type),
      ids.map((id) => ({ id })),
    )
  const rows = <Row>(text: string, ...values: unknown[]) =>
    tenancy.readTenant({ tenantId: viewer.tenantId }, (db) =>
      db.rows<Row>({ text, values: [viewer.tenantId, ...values] }),
    )
  return {
    viewer,
    adminId: made.adminUserId,
    databaseUrl: database.appUrl,
    write,
    rows,
    create: (type, ...inputs) => all(making(type, inputs)),
    refused: (type, ...inputs) => codes(making(type, inputs)),
    update: async (type, id, input) => void (await all(changing(type, id, input))),
    updateRefused: (type, id, input) => codes(changing(type, id, input)),
    remove: async (type, ...ids) => void (await all(removing(type, ids))),
    removeRefused: (type, ...ids) => codes(removing(type, ids)),
    restore: async (type, id) => void (await all((context) => restoreRecords(context, recordType(type), [{ id }]))),
    restoreRefused: (type, id) => codes((context) => restoreRecords(context, recordType(type), [{ id }])),
    destroy: async (type, id) => void (await all((context) => destroyRecords(context, recordType(type), [{ id }]))),
    async row<Row>(table: string, id: string) {
      const [found] = await rows<{ record: Row }>(
        `SELECT row_to_json(t) AS record FROM ${ident(table)} t WHERE tenant_id = $1 AND id = $2`,
        id,
      )
      return found?.record as Row
    },
    async close() {
      await tenancy.close()
      await database.drop()
    },
  }
}
