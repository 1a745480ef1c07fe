import type { RecordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import type { Writer } from '../../tenancy/tenancy.ts'

/**
 * Lets the old owner of records that went to somebody else go on seeing them for so many days. A share of theirs that ends sooner becomes this one; one
 * that lasts longer stays as it is. Records in the recycle bin get none.
 *
 * @param ids uuids of records of the type.
 */
export async function keepAccess(
  db: Writer,
  tenantId: string,
  type: RecordType,
  { ids, userId, days, reason }: { ids: string[]; userId: string; days: number; reason: string },
): Promise<void> {
  await db.rows({
    text: `INSERT INTO record_share (tenant_id, object_type, record_id, user_id, access, expires_at, reason)
 SELECT $1::uuid, $2, t.id, $4::uuid, 'READ', now() + make_interval(days => $5), $6 FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY ($3::uuid[]) AND t.deleted_at IS NULL ORDER BY t.id
 ON CONFLICT (tenant_id, object_type, record_id, principal_id) WHERE deleted_at IS NULL
 DO UPDATE SET access = excluded.access, expires_at = excluded.expires_at, reason = excluded.reason WHERE record_share.expires_at < excluded.expires_at`,
    values: [tenantId, type.name, ids, userId, days, reason],
  })
}
