import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { lockTargets, type Target, type Written } from '../records.ts'
import { markDeleted } from '../removal.ts'
import type { Rules, WriteContext } from '../write.ts'

/**
 * Moves a custom field to the recycle bin.
 *
 * @param force also when records have values; otherwise that is REFERENCE_IN_USE.
 */
export async function deleteFieldDefinition(context: WriteContext, target: Target, force: boolean): Promise<Written> {
  const type = recordType('FieldDefinition')
  const rules = type.rule as Rules
  requireRight(context.viewer, 'delete', type.name)
  const [change] = await lockTargets(context, type, [target], { action: 'delete', pathOf: () => ['id'] })
  if (!change) return { id: null, errors: [] }
  change.input = { force }
  if (change.errors.length === 0) await rules.delete?.([change], context)
  if (change.errors.length > 0) return { id: null, errors: change.errors }
  await markDeleted(context, type, [change.id])
  await rules.done?.([change], context)
  return { id: change.id, errors: [] }
}
