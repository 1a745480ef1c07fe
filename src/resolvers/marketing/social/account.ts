import type { Vault } from '../../../access/totp.ts'
import { recordType } from '../../../read/recordType.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { changedFields, refuse } from '../../checks.ts'
import { validationError } from '../../normalise.ts'
import type { Written } from '../../records.ts'
import { lockOne, refused } from '../../revenue/refusals.ts'
import { after, type Rules, type WriteContext } from '../../write.ts'
import { CONNECTORS } from './connectors.ts'

/** Hours in which the secret before still signs too. */
export const OVERLAP_HOURS = 24

const aboutOf = (tenantId: string, accountId: string) => `social ${tenantId} ${accountId}`

/** Rules of accounts: the connector is one that there is, and the settings are its. */
export const socialAccountRules: Rules = {
  write(changes) {
    for (const change of changes) {
      if (change.before && !changedFields('SocialAccount', change).includes('settings')) continue
      const connector = CONNECTORS.get(String(after(change, 'connector')))
      if (!connector) {
        refuse(change, 'connector', 'connector', `must be one of ${[...CONNECTORS.keys()].join(', ')}`)
        continue
      }
      const settings = after(change, 'settings') ?? {}
      if (typeof settings !== 'object' || Array.isArray(settings)) {
        refuse(change, 'settings', 'object', 'must be an object')
        continue
      }
      const problem = connector.settingsProblem(settings as Record<string, unknown>)
      // What was left out altogether has no parts to name.
      if (problem && change.input.settings == null)
        refuse(change, 'settings', problem.rule, `must have ${problem.path.join('.')}`)
      else if (problem) refuse(change, ['settings', ...problem.path], problem.rule, problem.message)
    }
  },
}

/** The secrets of an account (uuid) that count now, the current one first; none when it has none. @throws LostKeyError for one that was sealed by a secret that counts no more. */
export async function secretsOf(db: Reader, tenantId: string, accountId: string, vault: Vault): Promise<string[]> {
  const [row] = await db.rows<{ secret: Buffer; previous: Buffer | null }>({
    text: 'SELECT secret, CASE WHEN previous_until > now() THEN previous_secret END AS previous FROM social_secret WHERE tenant_id = $1 AND account_id = $2',
    values: [tenantId, accountId],
  })
  if (!row) return []
  const about = aboutOf(tenantId, accountId)
  return [row.secret, ...(row.previous ? [row.previous] : [])].map((sealed) => vault.open(sealed, about))
}

/** What became of a secret: one that was made is shown this once, one that was given is not shown again. */
export interface SecretSet extends Written {
  secret: string | null
}

/** Gives an account a secret, a new one where none is given; the one before signs too for a day. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for a connector without one, VALIDATION_FAILED. */
export async function setSecret(
  context: WriteContext,
  { id: given, secret: wanted }: { id: string; secret?: string | null },
  vault: Vault,
): Promise<SecretSet> {
  const found = await lockOne(context, recordType('SocialAccount').name, { id: given }, 'update')
  if ('errors' in found) return { ...refused(...found.errors), secret: null }
  const { id, before } = found
  const { db, viewer } = context
  const kind = CONNECTORS.get(String(before.connector))?.secret
  if (!kind) {
    const message = `The connector ${before.connector} needs no secret.`
    return { ...refused({ code: 'INVALID_STATE', message, field: ['id'] }), secret: null }
  }
  const problem = wanted == null ? null : kind.problem(wanted)
  if (problem) return { ...refused(validationError(['secret'], 'secret', problem)), secret: null }
  const secret = wanted ?? kind.make()
  await db.rows({
    text: `INSERT INTO social_secret (tenant_id, account_id, secret) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, account_id)
 DO UPDATE SET previous_secret = social_secret.secret, previous_until = now() + interval '${OVERLAP_HOURS} hours', secret = excluded.secret`,
    values: [viewer.tenantId, id, vault.seal(secret, aboutOf(viewer.tenantId, id))],
  })
  return { id, errors: [], changed: true, secret: wanted == null ? secret : null }
}
