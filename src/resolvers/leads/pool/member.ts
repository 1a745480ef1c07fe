import { refuse } from '../../checks.ts'
import type { Rules } from '../../write.ts'

/** Rule of members of pools: exactly one of user and department. */
export const poolMemberRules: Rules = {
  write(changes) {
    for (const change of changes) {
      if (change.before) continue
      const named = (['userId', 'departmentId'] as const).filter((name) => change.values[name] != null)
      if (named.length !== 1) refuse(change, named[1] ?? 'userId', 'one', 'must be one of user and department')
    }
  },
}
