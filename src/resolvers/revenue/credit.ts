import type { WriteContext } from '../write.ts'

/**
 * Adds to what an account has to its credit in a currency, or takes from it (ten-thousandths), under the lock of its row.
 *
 * @returns what there is when it is too little, and then nothing is taken; null when it was done.
 */
export async function changeCredit(
  { db, viewer }: WriteContext,
  { accountId, currency }: { accountId: string; currency: string },
  by: bigint,
): Promise<bigint | null> {
  if (by === 0n) return null
  await db.rows({
    text: `INSERT INTO account_credit (tenant_id, account_id, currency) VALUES ($1, $2, $3)
 ON CONFLICT (tenant_id, account_id, currency) WHERE deleted_at IS NULL DO NOTHING`,
    values: [viewer.tenantId, accountId, currency],
  })
  const [row] = await db.rows<{ balance: string }>({
    text: 'SELECT balance::text FROM account_credit WHERE tenant_id = $1 AND account_id = $2 AND currency = $3 AND deleted_at IS NULL FOR NO KEY UPDATE',
    values: [viewer.tenantId, accountId, currency],
  })
  const balance = BigInt((row as { balance: string }).balance)
  if (balance + by < 0n) return balance
  await db.rows({
    text: 'UPDATE account_credit SET balance = $4 WHERE tenant_id = $1 AND account_id = $2 AND currency = $3 AND deleted_at IS NULL',
    values: [viewer.tenantId, accountId, currency, String(balance + by)],
  })
  return null
}
