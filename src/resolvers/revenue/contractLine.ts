import { UserErrors } from '../../errors.ts'
import { validationError } from '../normalise.ts'
import { MAX_AMOUNT } from '../sales/amount.ts'
import { type LineKind, lineRules } from '../sales/lines.ts'
import type { WriteContext } from '../write.ts'
import { notEditable } from './contract.ts'
import { lockContracts } from './settle.ts'

/** Contracts and their lines: written while the contract is (APPROVED_NOT_EDITABLE, VOID_NOT_EDITABLE, WITHDRAW_FIRST), whose amount is the sum of their totals. */
export const contractLines: LineKind = {
  line: 'ContractLine',
  parent: 'Contract',
  key: 'contractId',
  bookColumn: null,
  frozen: notEditable,
  recalculate: sumLines,
}

/** Rules of the lines of contracts. */
export const contractLineRules = lineRules(contractLines)

/** Makes the amounts of contracts (uuids) the sums of their live lines; 0 when none is left, unless `keepEmpty` leaves those as they are. */
async function sumLines(context: WriteContext, ids: string[], { keepEmpty = false } = {}): Promise<void> {
  const { db, viewer } = context
  // The lock comes first, in a statement of its own: a sum taken while waiting for it would miss the lines of the transaction before.
  const contracts = await lockContracts(context, ids)
  if (contracts.size === 0) return
  const sums = await db.rows<{ id: string; sum: string; lines: number }>({
    text: `SELECT c.id, coalesce(sum(l.total), 0)::text AS sum, count(l.id)::integer AS lines
 FROM unnest($2::uuid[]) AS c(id) LEFT JOIN contract_line l ON l.tenant_id = $1 AND l.contract_id = c.id AND l.deleted_at IS NULL GROUP BY c.id`,
    values: [viewer.tenantId, [...contracts.keys()]],
  })
  if (sums.some(({ sum }) => BigInt(sum) > MAX_AMOUNT))
    throw new UserErrors([validationError(['input', 'unitPrice'], 'max', 'makes the amount of the contract too large')])
  await db.rows({
    text: `UPDATE contract c SET amount = x.sum FROM json_to_recordset($2::json) AS x(id uuid, sum bigint)
 WHERE c.tenant_id = $1 AND c.id = x.id AND c.amount IS DISTINCT FROM x.sum`,
    values: [viewer.tenantId, JSON.stringify(sums.filter(({ lines }) => lines > 0 || !keepEmpty))],
  })
}
