import pg from 'pg'
import { decodeId } from '../../src/ids.ts'
import type { Company, TestApp } from './app.ts'

/** A connection of the owner of the tables that stands in one company: what a test checks the API against. */
export interface Owner {
  /** The company's uuid. */
  tenantId: string
  /** Rows of a statement; say OWN in it. */
  rows<Row = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]>
  close(): Promise<void>
}

/** The company's rows alone, also in the few tables of which the owner sees all companies' rows because credentials are looked up in them. */
export const OWN = 'tenant_id = atrium.tenant_id()'

/** The uuid inside an id that clients see. */
export const uuidIn = (id: string) => decodeId(id)?.uuid as string

/** Opens the owner's connection to a company. Call `close`. */
export async function openOwner({ database }: Pick<TestApp, 'database'>, company: Pick<Company, 'id'>): Promise<Owner> {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  const tenantId = uuidIn(company.id)
  await client.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId])
  return {
    tenantId,
    rows: async (text, ...values) => (await client.query(text, values)).rows as never,
    close: () => client.end(),
  }
}
