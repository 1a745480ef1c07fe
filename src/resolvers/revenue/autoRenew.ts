import type { UserErrorInfo } from '../../errors.ts'
import { idOf } from '../../read/values.ts'
import { submitForApproval } from '../approval/subject.ts'
import { notify } from '../work/notify.ts'
import type { WriteContext } from '../write.ts'
import { renewContract } from './renewContract.ts'
import { revenueSettings } from './settings.ts'

/** Contracts of one step: each renewal takes its own statements. */
const BATCH = 20
/** Nights that may be missed, days: what ended before is left to people. */
const LATE = 30

interface Ending {
  id: string
  ownerId: string | null
  name: string
  number: string
}

/**
 * Renews contracts that go on by themselves and whose last day has come (today, YYYY-MM-DD in the company's time zone), some of them: each once, also when the renewal is
 * made void or deleted afterwards, which is how it is ended. As a draft, or submitted in its owner's name where the settings say so. The owner is told, also that
 * it could not be renewed.
 *
 * @returns how many it has looked at; 0 when there are none.
 */
export async function autoRenew(context: WriteContext, today: string): Promise<number> {
  const { db, viewer } = context
  const { tenantId } = viewer
  const ending = await db.rows<Ending>({
    text: `UPDATE contract SET auto_renewed_at = now() WHERE tenant_id = $1 AND id IN (SELECT c.id FROM contract c
 WHERE c.tenant_id = $1 AND c.auto_renew AND c.auto_renewed_at IS NULL AND c.status IN ('APPROVED', 'EXPIRED') AND c.end_date BETWEEN $2::date - ${LATE} AND $2::date AND c.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM contract r WHERE r.tenant_id = $1 AND r.renewed_from_id = c.id)
 ORDER BY c.id LIMIT ${BATCH} FOR NO KEY UPDATE SKIP LOCKED) RETURNING id, owner_id AS "ownerId", name, number`,
    values: [tenantId, today],
  })
  if (ending.length === 0) return 0
  const { submitRenewals } = await revenueSettings(db, tenantId)
  const notes = []
  for (const contract of ending) {
    const renewed = await renew(context, contract, submitRenewals)
    if (!contract.ownerId) continue
    const what = `${contract.name} (${contract.number})`
    notes.push({
      userId: contract.ownerId,
      record: { type: 'Contract', uuid: 'id' in renewed ? renewed.id : contract.id },
      ...('id' in renewed
        ? { type: 'CONTRACT_RENEWED', title: { en: `${what} was renewed`, zhCN: `${what} 已自动续约` } }
        : {
            type: 'CONTRACT_NOT_RENEWED',
            title: { en: `${what} could not be renewed`, zhCN: `${what} 未能自动续约` },
            body: renewed.errors.map(({ message }) => message).join(' '),
          }),
    })
  }
  await notify(db, tenantId, notes)
  return ending.length
}

/** Undoes a renewal that was refused half way. */
class Refused extends Error {
  readonly errors: UserErrorInfo[]

  constructor(errors: UserErrorInfo[]) {
    super('The contract could not be renewed.')
    this.errors = errors
  }
}

async function renew(
  context: WriteContext,
  { id, ownerId }: Ending,
  submit: boolean,
): Promise<{ id: string } | { errors: UserErrorInfo[] }> {
  let made: string
  try {
    made = await context.db.savepoint(async () => {
      const written = await renewContract(context, { id: idOf('Contract', id) })
      if (!written.id) throw new Refused(written.errors)
      return written.id
    })
  } catch (error) {
    if (error instanceof Refused) return { errors: error.errors }
    throw error
  }
  // Without a flow, or somebody who could decide, it stays a draft.
  if (submit && ownerId)
    await submitForApproval(
      { ...context, viewer: { ...context.viewer, userId: ownerId } },
      { object: 'Contract', id: made },
    )
  return { id: made }
}
