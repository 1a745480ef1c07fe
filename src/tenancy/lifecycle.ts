import pg from 'pg'
import type { Tenancy } from './tenancy.ts'

/** What a company may be set to from outside; DELETING is no way back and has its own procedure. */
export type TenantStatus = 'ACTIVE' | 'SUSPENDED'

/**
 * Suspends a company or lets it in again: as the owner of the database, because no request may. Within 5 seconds every process refuses its requests
 * (TENANT_SUSPENDED, 403), sign-ins and refreshes. Leaves a change row.
 *
 * @returns the status before; null when there is no company of that slug.
 */
export async function setTenantStatus(
  tenancy: Tenancy,
  ownerUrl: string,
  slug: string,
  status: TenantStatus,
): Promise<string | null> {
  const [found] = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string | null }>({ text: 'SELECT atrium.tenant_of_slug($1) AS id', values: [slug] }),
  )
  const id = found?.id
  if (!id) return null
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  try {
    await owner.query('BEGIN')
    // Row security holds for the owner too.
    await owner.query(`SELECT set_config('app.tenant_id', $1, true), set_config('app.actor', 'operator', true)`, [id])
    const { rows } = await owner.query<{ status: string }>('SELECT status FROM tenant WHERE id = $1 FOR UPDATE', [id])
    const before = rows[0]?.status ?? null
    if (before !== null && before !== status) {
      await owner.query('UPDATE tenant SET status = $2, updated_at = now() WHERE id = $1', [id, status])
      await owner.query(
        `INSERT INTO change (tenant_id, operation, object, record_id, record_version, changed_fields, before, after, actor)
 SELECT $1, 'updated', 'tenant', $1, coalesce(max(c.record_version), 0) + 1, '{status}', jsonb_build_object('status', $2::text), jsonb_build_object('status', $3::text), 'operator'
 FROM change c WHERE c.tenant_id = $1 AND c.object = 'tenant' AND c.record_id = $1`,
        [id, before, status],
      )
      await owner.query('INSERT INTO change_commit (tenant_id) VALUES ($1) ON CONFLICT (tenant_id, xid) DO NOTHING', [
        id,
      ])
    }
    await owner.query('COMMIT')
    return before
  } catch (error) {
    await owner.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    await owner.end()
  }
}
