import { recordType } from '../read/recordType.ts'
import { ident } from '../read/sql.ts'
import { NO_ID } from '../read/values.ts'
import { ADD_MEMBERS_JOB, addSome, type Into, parentOf } from '../resolvers/marketing/addMembers.ts'
import { nextOf, type Source } from '../resolvers/marketing/memberSource.ts'
import type { JobKind } from './kind.ts'

/** Adds the people of a segment or a list to a campaign or a list, with the rights of who ordered it; whom a repeated step finds there stays. */
export const addMembersJob: JobKind = {
  kind: ADD_MEMBERS_JOB,
  as: 'starter',
  async step(context, { input, state }) {
    const { into, source } = input as { into: Into; source: Source }
    const { db, viewer } = context
    // As the verb does, so that a call at the same time adds nobody twice; who lost the right to it since is refused with each row.
    await db.rows({
      text: `SELECT id FROM ${ident(recordType(parentOf(into)).table)} WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`,
      values: [viewer.tenantId, into.parentId],
    })
    const { people, last } = await nextOf(context, source, (state?.after as string | undefined) ?? NO_ID)
    const { added, changed, errors } = await addSome(context, into, people, true)
    return {
      state: last ? { after: last } : null,
      done: people.length,
      figures: { ADDED: added, CHANGED: changed, FAILED: errors.length },
    }
  },
}
