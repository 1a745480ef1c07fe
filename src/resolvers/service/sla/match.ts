import { after, type Change, type WriteContext } from '../../write.ts'

interface Row {
  id: string
  policyId: string
  priority: string | null
  levelId: string | null
  type: string | null
  rank: number
}

/** A case as targets look at it. */
export interface Matched {
  priority: string
  levelId: string | null
  type: string
}

const NAMES = ['priority', 'levelId', 'type'] as const

/**
 * The target for a case: of those that fit it the one that names the most of priority, customer level and type; of equals the one that names the customer level, then the
 * priority, then that of the policy with the smallest rank. Null where nothing is promised.
 */
export function bestTarget<One extends Omit<Row, 'id' | 'policyId'>>(
  targets: readonly One[],
  one: Matched,
): One | null {
  const named = (row: One) => NAMES.filter((name) => row[name] !== null)
  // A whole order: each thing named outweighs what breaks ties.
  const weight = (row: One) => named(row).length * 100 + (row.levelId ? 10 : 0) + (row.priority ? 1 : 0)
  const fitting = targets.filter((row) => named(row).every((name) => row[name] === one[name]))
  return fitting.toSorted((a, b) => weight(b) - weight(a) || a.rank - b.rank)[0] ?? null
}

/** Finds what is promised for cases that are new or changed in what decides it, and says so in their values. Two statements. */
export async function matchTargets(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  if (changes.length === 0) return
  const targets = await db.rows<Row>({
    text: `SELECT t.id, t.policy_id AS "policyId", t.priority, t.level_id AS "levelId", t.type, p.rank FROM sla_target t
 JOIN sla_policy p ON p.tenant_id = $1 AND p.id = t.policy_id AND p.active AND p.deleted_at IS NULL WHERE t.tenant_id = $1 AND t.deleted_at IS NULL ORDER BY t.id`,
    values: [viewer.tenantId],
  })
  const accounts = targets.some(({ levelId }) => levelId)
    ? changes.flatMap((change) => (after(change, 'accountId') as string | null | undefined) ?? [])
    : []
  const levels =
    accounts.length > 0
      ? await db.rows<{ id: string; levelId: string | null }>({
          text: 'SELECT id, level_id AS "levelId" FROM account WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
          values: [viewer.tenantId, accounts],
        })
      : []
  const levelOf = new Map(levels.map(({ id, levelId }) => [id, levelId]))
  for (const change of changes) {
    const found = bestTarget(targets, {
      priority: after(change, 'priority') as string,
      type: after(change, 'type') as string,
      levelId: levelOf.get(after(change, 'accountId') as string) ?? null,
    })
    change.values.slaTargetId = found?.id ?? null
    change.values.slaPolicyId = found?.policyId ?? null
  }
}
