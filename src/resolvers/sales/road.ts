import type { Access } from '../../access/access.ts'
import { uuidOf } from '../../read/values.ts'
import type { WriteContext } from '../write.ts'
import type { Status } from './states.ts'

/** A live stage as moves see it. */
export interface Stage {
  id: string
  name: string
  pipelineId: string
  kind: Status
  probability: number
  requiredFields: string[]
}

/** A pipeline with its live stages in their order and what it allows. */
export interface Road {
  id: string
  active: boolean
  allowSkip: boolean
  allowBack: boolean
  /** Ids as clients write them. */
  departmentIds: string[]
  stages: Stage[]
  transitions: Transition[]
}

interface Transition {
  from: string
  to: string
  allowed: boolean
  requiredFields: string[]
  roleIds: string[]
  requiresApproval: boolean
}

/** Live pipelines by uuid, those that are named and those of the stages that are named. One statement. */
export async function roadsOf(
  { db, viewer }: WriteContext,
  { stageIds = [], pipelineIds = [] }: { stageIds?: string[]; pipelineIds?: string[] },
): Promise<Map<string, Road>> {
  const rows = await db.rows<Road>({
    text: `SELECT p.id, p.active, p.allow_skip AS "allowSkip", p.allow_back AS "allowBack", p.department_ids AS "departmentIds",
 (SELECT coalesce(json_agg(json_build_object('id', s.id, 'name', s.name, 'pipelineId', s.pipeline_id, 'kind', s.kind, 'probability', s.probability, 'requiredFields', s.required_fields) ORDER BY s.sort, s.id), '[]')
  FROM stage s WHERE s.tenant_id = $1 AND s.pipeline_id = p.id AND s.deleted_at IS NULL) AS stages,
 (SELECT coalesce(json_agg(json_build_object('from', t.from_stage_id, 'to', t.to_stage_id, 'allowed', t.allowed, 'requiredFields', t.required_fields, 'roleIds', t.role_ids, 'requiresApproval', t.requires_approval)), '[]')
  FROM stage_transition t WHERE t.tenant_id = $1 AND t.pipeline_id = p.id AND t.deleted_at IS NULL) AS transitions
 FROM pipeline p WHERE p.tenant_id = $1 AND p.deleted_at IS NULL
 AND (p.id = ANY ($2::uuid[]) OR p.id IN (SELECT s.pipeline_id FROM stage s WHERE s.tenant_id = $1 AND s.id = ANY ($3::uuid[])))`,
    values: [viewer.tenantId, pipelineIds, stageIds],
  })
  return new Map(rows.map((road) => [road.id, road]))
}

/** Is a viewer one of those whose ids a setting lists; administrators, and programs of the deployment, always are. */
const among = (access: Access, ids: readonly string[], typeName: string): boolean =>
  access.set.full || ids.some((id) => access.standing.principals.includes(uuidOf(typeName, id) ?? ''))

/** May a viewer make and move deals in a pipeline: they are of one of its departments or of one below, or it is open to all. */
export const mayUse = (access: Access, { departmentIds }: Pick<Road, 'departmentIds'>): boolean =>
  departmentIds.length === 0 || among(access, departmentIds, 'Department')

const between = ({ transitions }: Road, from: string, to: string) =>
  transitions.find((one) => one.from === from && one.to === to)

/**
 * May a deal of a pipeline go from a stage (uuid) to another. What is said for just this move wins; otherwise the pipeline says whether open stages may be passed
 * over, the way to winning being over all of them, and whether there is a way back. A deal is lost, or found to be none, from anywhere.
 */
export function mayGo(road: Road, from: string, to: Stage, access: Access): boolean {
  const own = between(road, from, to.id)
  if (own) return own.allowed && (own.roleIds.length === 0 || among(access, own.roleIds, 'Role'))
  const open = road.stages.filter(({ kind }) => kind === 'OPEN')
  const here = open.findIndex(({ id }) => id === from)
  // From a stage that is gone there is no order to keep.
  if (here < 0 || to.kind === 'LOST' || to.kind === 'INVALID') return true
  const there = to.kind === 'WON' ? open.length : open.findIndex(({ id }) => id === to.id)
  return there > here ? road.allowSkip || there === here + 1 : road.allowBack
}

/** Names of the fields that a deal must have for a move: those of the stage and those of the very move. */
export function requiredFor(road: Road, from: string, to: Stage): string[] {
  return [...new Set([...to.requiredFields, ...(between(road, from, to.id)?.requiredFields ?? [])])]
}

/** Does a move wait for an approval. */
export const asksFirst = (road: Road, from: string, to: Stage): boolean =>
  between(road, from, to.id)?.requiresApproval ?? false
