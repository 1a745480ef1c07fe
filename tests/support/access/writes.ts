import { decodeId } from '../../../src/ids.ts'
import { type RecordType, recordType, recordTypeOfPrefix, recordTypes } from '../../../src/read/recordType.ts'
import { idOf } from '../../../src/read/values.ts'
import type { Answer, Any } from '../app.ts'
import { creatable, ONE_OF } from '../factory.ts'
import { uuidIn } from '../owner.ts'
import type { DryRun } from './dry.ts'
import type { Oracle, Outcome } from './oracle.ts'
import type { Caller } from './reads.ts'
import { handVerbs, type Rule, ruleOf } from './roots.ts'
import { isLive, type Row } from './rows.ts'
import { owned, plainInput, type World } from './world.ts'

/** What writing is held against. */
export interface Writing {
  caller: Caller
  oracle: Oracle
  world: World
  dry: DryRun
  /** Only these types; all if left out. */
  types?: RecordType[]
  /** Does the caller write every field: otherwise what is made is not tried. */
  allFields?: boolean
  /** Is what must be refused called in earnest; otherwise it is undone as well. */
  earnest?: boolean
  /** Probes of each kind and outcome. */
  sample?: number
}

/** One call of a mutation and what must become of it. */
interface Probe {
  what: string
  field: string
  args: Record<string, [type: string, value: unknown]>
  expected: Outcome
  /** Of FORBIDDEN: the right that the error must name. */
  permission?: string
  /** Errors that what is allowed may still run into; left out: all but those about rights. */
  allowed?: string[]
  /** Of what is refused without saying that it is there: any error will do. */
  silent?: boolean
}

const BATCH = 15
const ERRORS = 'userErrors { code field details }'
/** Errors that say that the caller may not. */
const REFUSALS = ['NOT_FOUND', 'FORBIDDEN', 'FIELD_FORBIDDEN']
const plural = ({ plural: name }: RecordType) => name.charAt(0).toUpperCase() + name.slice(1)

/**
 * Tries every verb on records in every relation to the viewer and holds what becomes of it against the oracle. What must be refused is called in earnest
 * and must change nothing, which is for the caller to look at (`World`'s rows before and after); what is allowed is undone.
 *
 * @returns sentences that begin with the mutation; empty when all is as it should be.
 */
export async function writeProblems(writing: Writing): Promise<string[]> {
  const probes: Probe[] = []
  const problems: string[] = []
  for (const type of writing.types ?? recordTypes()) {
    probes.push(...verbProbes(writing, type), ...(await createProbes(writing, type)), ...referenceProbes(writing, type))
    problems.push(...(await listProblems(writing, type)))
  }
  for (const [name, record] of handVerbs()) {
    const type = recordType(record.type)
    if (writing.types && !writing.types.includes(type)) continue
    probes.push(...handProbes(writing, name, type, record))
  }
  // Refusals first and in earnest; then what is allowed, to be undone.
  const undone = writing.earnest === false
  problems.push(
    ...(await run(
      writing,
      probes.filter(({ expected }) => expected !== 'DONE'),
      undone,
    )),
  )
  problems.push(
    ...(await run(
      writing,
      probes.filter(({ expected }) => expected === 'DONE'),
      true,
    )),
  )
  return problems
}

/** What must become of a verb on a record: by scope, and by what the type's own rules ask besides. */
function outcome(
  oracle: Oracle,
  type: RecordType,
  row: Row,
  action: string,
): { expected: Outcome; permission: string } {
  const states = action === 'restore' ? 'deleted' : action === 'destroy' ? 'any' : 'live'
  const expected = oracle.write(type, row.id, action, states)
  // Whoever writes a share needs to be able to write what is shared, or, to take it back, to have given it.
  if (type.name === 'RecordShare' && expected === 'DONE' && !oracle.full) {
    const target = recordType(row.object_type)
    const gave = action === 'delete' && oracle.who.userId !== null && row.created_by === oracle.who.userId
    const writes = oracle.may('update', target.name) && oracle.scope(target, 'update').has(row.record_id)
    if (!gave && !writes) return { expected: 'FORBIDDEN', permission: `${target.name}.update` }
  }
  // What colleagues said among themselves is taken back by whoever said it.
  if (type.name === 'CaseComment' && expected === 'DONE' && !oracle.full && ['delete', 'destroy'].includes(action)) {
    const said = oracle.who.userId !== null && row.created_by === oracle.who.userId
    if (row.is_internal && isLive(row) && !said) return { expected: 'FORBIDDEN', permission: 'CaseComment.update' }
  }
  // What somebody told the others is taken back by them, or by an administrator.
  if (type.authored && expected === 'DONE' && !oracle.full && ['delete', 'destroy'].includes(action)) {
    const said = oracle.who.userId !== null && row.author_id === oracle.who.userId
    if (!said) return { expected: 'FORBIDDEN', permission: `${type.name}.delete` }
  }
  return { expected, permission: `${type.name}.${action}` }
}

/** A few records of each outcome, spread over all there are. */
function sampled(rows: Row[], of: (row: Row) => string, n: number): Row[] {
  return [...Map.groupBy(rows, of).values()].flatMap((some) => {
    const step = Math.max(1, Math.floor(some.length / n))
    return some.filter((_, at) => at % step === 0).slice(0, n)
  })
}

/** update, delete, restore, destroy and upsert of single records. */
function verbProbes({ oracle, world, sample = 3 }: Writing, type: RecordType): Probe[] {
  const probes: Probe[] = []
  const rows = oracle.rows.of(type.name)
  const withOwner = type.owners.length > 0
  for (const verb of ['update', 'delete', 'restore', 'destroy'] as const) {
    if (!type.operations.has(verb) || !oracle.may(verb, type.name)) continue
    const probe = (id: string, what: string, { expected, permission }: ReturnType<typeof outcome>): Probe => ({
      what: `Mutation.${verb}${type.name} ${what}`,
      field: `${verb}${type.name}`,
      args: { id: ['ID!', id], ...(verb === 'update' ? { input: [`Update${type.name}Input!`, {}] } : {}) },
      expected,
      permission,
      ...(verb === 'update' && withOwner ? { allowed: [] } : {}),
    })
    const key = (row: Row) => `${outcome(oracle, type, row, verb).expected} ${isLive(row)}`
    for (const row of sampled(rows, key, sample)) {
      const id = idOf(type.name, row.id)
      probes.push(probe(id, kindOf(world, type, id), outcome(oracle, type, row, verb)))
    }
    const stranger = world.foreign.get(type.name)
    if (stranger) probes.push(probe(stranger, 'of another company', { expected: 'NOT_FOUND', permission: '' }))
  }
  if (!type.operations.has('upsert') || !type.unique.has('externalId')) return probes
  if (!oracle.may('create', type.name) || !oracle.may('update', type.name)) return probes
  if (oracle.hides(type, 'externalId') || oracle.mask(type, 'externalId') !== 'NONE') return probes
  const keyed = rows.filter((row) => isLive(row) && row.external_id !== null)
  for (const row of sampled(keyed, (one) => oracle.write(type, one.id, 'update', 'live'), sample)) {
    const expected = oracle.write(type, row.id, 'update', 'live')
    const id = idOf(type.name, row.id)
    probes.push({
      what: `Mutation.upsert${type.name} ${kindOf(world, type, id)}`,
      field: `upsert${type.name}`,
      args: {
        by: [`${type.name}UniqueKey!`, { externalId: { source: row.external_source, id: row.external_id } }],
        input: [`Create${type.name}Input!`, {}],
      },
      expected,
      permission: `${type.name}.update`,
      ...(expected === 'NOT_FOUND' ? { silent: true } : {}),
    })
  }
  return probes
}

/** What a record is to the viewer, for messages. */
const kindOf = ({ kinds }: World, type: RecordType, id: string): string =>
  [...kinds].find(([key, one]) => one === id && key.startsWith(`${type.name} `))?.[0] ?? id

/** Verbs by hand on single records. */
function handProbes(
  { oracle, world, sample = 3 }: Writing,
  name: string,
  type: RecordType,
  { argument, action, own }: NonNullable<Rule['record']>,
): Probe[] {
  const rights = ruleOf(name)?.rights as string[]
  if (!rights.every((right) => oracle.may(...(right.split('.').reverse() as [string, string])))) return []
  const more: Record<string, Record<string, [string, unknown]>> = {
    moveOpportunityStage: { toStageId: ['ID!', idOf('Stage', oracle.rows.of('Stage').find(isLive)?.id as string)] },
    closeLost: { lossReasonId: ['ID!', idOf('LossReason', oracle.rows.of('LossReason').find(isLive)?.id as string)] },
    changePipeline: { pipelineId: ['ID!', idOf('Pipeline', oracle.rows.of('Pipeline').find(isLive)?.id as string)] },
    reopenOpportunity: { reason: ['String!', 'why'] },
    setOpportunitySplits: { splits: ['[OpportunitySplitInput!]!', []] },
    setOpportunityTeam: { members: ['[OpportunityTeamMemberInput!]!', []] },
    ...Object.fromEntries(
      ['Account', 'Contact', 'Lead', 'Opportunity', 'Contract'].map((one) => [
        `transfer${one}`,
        { toUserId: ['ID!', world.users.hub] },
      ]),
    ),
    markSocialPostPublished: { url: ['String!', 'https://social.example/posts/1'] },
    changeCaseStatus: { status: ['CaseStatus!', 'IN_PROGRESS'] },
    ...Object.fromEntries(
      ['escalateCase', 'archiveCase', 'reopenCase'].map((one) => [one, { reason: ['String!', 'why'] }]),
    ),
    addSigner: { toUserId: ['ID!', world.users.hub] },
    transferApproval: { toUserId: ['ID!', world.users.hub] },
    setDealStatus: { dealStatus: ['DealStatus!', 'WON'] },
    ...Object.fromEntries(
      ['voidContract', 'terminateContract', 'voidInvoice', 'voidQuote', 'cancelOrder'].map((one) => [
        one,
        { reason: ['String!', 'why'] },
      ]),
    ),
    rejectRegistration: { reason: ['String!', 'why'] },
    revokeRegistration: { reason: ['String!', 'why'] },
    decidePermissionRequest: { approve: ['Boolean!', false], note: ['String', 'No.'] },
    revokeGrant: { note: ['String!', 'No.'] },
  }
  // Whoever may not read stages moves nothing: the one to move to is none.
  const blocked = name === 'moveOpportunityStage' && !oracle.may('read', 'Stage')
  const of = (row: Row) => {
    const told = outcome(oracle, type, row, action)
    return told.expected === 'DONE' && blocked ? { ...told, expected: 'NOT_FOUND' as const } : told
  }
  if (own && oracle.who.userId === null) return []
  const rows = oracle.rows.of(type.name).filter((row) => !own || of(row).expected !== 'DONE')
  return sampled(rows, (row) => `${of(row).expected} ${isLive(row)}`, sample).map((row) => ({
    what: `Mutation.${name} ${kindOf(world, type, idOf(type.name, row.id))}`,
    field: name,
    args: { [argument]: ['ID!', idOf(type.name, row.id)], ...more[name] },
    ...of(row),
  }))
}

/** May a record be named by a reference, and what does it take to become a part of it. */
function referred(
  oracle: Oracle,
  target: RecordType,
  row: Row,
  part: boolean,
): { expected: Outcome; permission: string } {
  const seen = oracle.visible(target).has(row.id)
  const writable = !part || oracle.scope(target, 'update').has(row.id)
  return { expected: !seen ? 'NOT_FOUND' : writable ? 'DONE' : 'FORBIDDEN', permission: `${target.name}.update` }
}

/** Records for oneself and for another; parts of, and links to, what is seen, written and neither. */
async function createProbes(
  { oracle, world, allFields = true, sample = 3 }: Writing,
  type: RecordType,
): Promise<Probe[]> {
  if (!allFields || !creatable(type) || !oracle.may('create', type.name)) return []
  const { company, users, kinds } = world
  const probes: Probe[] = []
  const add = async (what: string, more: Record<string, unknown>, expected: Outcome, permission: string) => {
    const input = await plainInput(company, type, more)
    probes.push({
      what: `Mutation.create${type.name} ${what}`,
      field: `create${type.name}`,
      args: { input: [`Create${type.name}Input!`, input] },
      expected,
      permission,
    })
  }
  const parts = [...type.relations.values()].flatMap((one) =>
    one.kind === 'one' && one.part && type.fields.get(one.field)?.required ? [one] : [],
  )
  // A segment has members of one object; those of the world are of contacts.
  const linkable = (target: RecordType) => type.name !== 'SegmentMember' || target.name === 'Contact'
  // What else must be named: something that everybody who may read its type sees.
  const rest: Record<string, unknown> = {}
  for (const field of type.fields.values()) {
    if (field.kind !== 'id' || !field.required || field.write === 'never') continue
    rest[field.name] =
      field.target === '*'
        ? kinds.get(type.name === 'SegmentMember' ? 'Contact own' : 'Account own')
        : (kinds.get(`${field.target} own`) ?? kinds.get(`${field.target} one`))
  }
  const [first] = ONE_OF[type.name] ?? []
  if (first === 'userId') rest[first] = users.hub
  else if (first) {
    const target = type.fields.get(first)?.target
    rest[first] = kinds.get(`${target} own`) ?? kinds.get(`${target} one`)
  }
  if (type.name === 'RecordShare') return probes
  const allWell = (without: string) =>
    Object.entries(rest).every(([name, id]) => {
      if (name === without || !id) return name === without
      const target = recordTypeOfPrefix(decodeId(id as string)!.prefix)!
      const row = oracle.rows.get(target.name, uuidIn(id as string))!
      return (
        referred(
          oracle,
          target,
          row,
          [...type.relations.values()].some((one) => one.kind === 'one' && one.part && one.field === name),
        ).expected === 'DONE'
      )
    })
  const [owner] = type.owners
  // What it must name is something that the viewer sees; otherwise it is not tried.
  if (owner && allWell('')) {
    const transfers = oracle.may('transfer', type.name)
    const self = oracle.who.userId === null ? null : users.hub
    const seen: Outcome = oracle.may('read', 'User') ? 'DONE' : 'NOT_FOUND'
    // Oneself is no secret, whether or not one may look at users.
    await add('for oneself', { ...rest, [owner]: self }, 'DONE', '')
    await add(
      'for another',
      { ...rest, [owner]: users.foreign },
      transfers ? seen : 'FORBIDDEN',
      `${type.name}.transfer`,
    )
  }
  for (const { field, target: name } of parts) {
    const target = recordType(name)
    if (!allWell(field)) continue
    const of = (row: Row) => referred(oracle, target, row, true)
    for (const row of sampled(oracle.rows.of(name), (one) => of(one).expected, sample)) {
      const id = idOf(name, row.id)
      await add(`of ${kindOf(world, target, id)}`, { ...rest, [field]: id }, of(row).expected, of(row).permission)
    }
  }
  if (type.any && allWell('recordId')) {
    // What a link may point at: everything that has an owner, and one type of each other sort.
    const others = recordTypes().filter(({ any, owners }) => !any && owners.length === 0)
    for (const target of [
      ...owned(),
      ...others.filter((one, at) => others.findIndex((other) => other.settings === one.settings) === at),
    ]) {
      const of = (row: Row) => referred(oracle, target, row, false)
      for (const row of sampled(oracle.rows.of(target.name), (one) => of(one).expected, 1)) {
        const id = idOf(target.name, row.id)
        const expected = linkable(target) ? of(row).expected : 'NOT_FOUND'
        await add(`to ${kindOf(world, target, id)}`, { ...rest, recordId: id }, expected, '')
      }
    }
  }
  return probes
}

/** References of a record that the viewer writes, to what they see and what they do not; and its owner. */
function referenceProbes({ oracle, world, sample = 3 }: Writing, type: RecordType): Probe[] {
  if (type.owners.length === 0 || !type.operations.has('update') || !oracle.may('update', type.name)) return []
  const own = world.kinds.get(`${type.name} own`)
  if (!own) return []
  if (oracle.write(type, uuidIn(own), 'update', 'live') !== 'DONE') return []
  const probes: Probe[] = []
  const add = (what: string, input: Record<string, unknown>, expected: Outcome, permission: string) =>
    probes.push({
      what: `Mutation.update${type.name} ${what}`,
      field: `update${type.name}`,
      args: { id: ['ID!', own], input: [`Update${type.name}Input!`, input] },
      expected,
      permission,
    })
  for (const relation of type.relations.values()) {
    if (relation.kind !== 'one' || type.fields.get(relation.field)?.write !== 'always') continue
    if (!oracle.mayWriteField(type, relation.field)) continue
    const target = recordType(relation.target)
    if (relation.field === type.owners[0]) {
      const transfers = oracle.may('transfer', type.name)
      const sees = oracle.visible(target).has(uuidIn(world.users.foreign))
      add(
        'given away',
        { [relation.field]: world.users.foreign },
        transfers ? (sees ? 'DONE' : 'NOT_FOUND') : 'FORBIDDEN',
        `${type.name}.transfer`,
      )
      continue
    }
    if (type.owners.includes(relation.field)) continue
    for (const row of sampled(
      oracle.rows.of(target.name),
      (one) => referred(oracle, target, one, false).expected,
      Math.min(sample, 2),
    )) {
      const id = idOf(target.name, row.id)
      if (id === own) continue
      add(
        `${relation.field} ${kindOf(world, target, id)}`,
        { [relation.field]: id },
        referred(oracle, target, row, false).expected,
        '',
      )
    }
  }
  return probes
}

/** All records of a type in one list, updated by nothing and deleted: the good rows done, the others refused one by one. */
async function listProblems({ caller, oracle, world, dry, sample = 3 }: Writing, type: RecordType): Promise<string[]> {
  const problems: string[] = []
  // Removing a hundred records with all that hangs on them takes its time: for those who are looked at closely.
  for (const verb of sample > 1 ? (['update', 'delete'] as const) : (['update'] as const)) {
    if (!type.operations.has(verb) || !oracle.may(verb, type.name)) continue
    const field = `${verb}${plural(type)}`
    const rows = oracle.rows.of(type.name)
    for (let from = 0; from < rows.length; from += 200) {
      const group = rows.slice(from, from + 200)
      dry.on = true
      const answer = await caller.ask<Any>(
        `mutation($input: [${verb === 'update' ? `Update${type.name}Row` : 'RecordVersionInput'}!]!) { done: ${field}(input: $input, errorPolicy: REJECT_FAILED_ROWS) { results { ${ERRORS} } userErrors { code } } }`,
        { input: group.map(({ id }) => ({ id: idOf(type.name, id), ...(verb === 'update' ? { input: {} } : {}) })) },
      )
      dry.on = false
      dry.take()
      const results = answer.data?.done?.results
      if (results?.length !== group.length) {
        problems.push(`Mutation.${field}: ${answer.body.slice(0, 300)}`)
        continue
      }
      group.forEach((row, at) => {
        const id = idOf(type.name, row.id)
        const problem = judge(results[at].userErrors, outcome(oracle, type, row, verb))
        if (problem) problems.push(`Mutation.${field} ${kindOf(world, type, id)}: ${problem}`)
      })
    }
  }
  return problems
}

interface Told {
  code: string
  field: string[] | null
  details: Any
}

/** Does what was told fit what was expected; null when it does. */
function judge(
  errors: Told[],
  { expected, permission, allowed, silent }: Pick<Probe, 'expected' | 'permission' | 'allowed' | 'silent'>,
): string | null {
  const codes = errors.map(({ code, details }) => (code === 'FORBIDDEN' ? `FORBIDDEN ${details?.permission}` : code))
  const got = codes.length > 0 ? codes.join() : 'done'
  if (expected === 'DONE') {
    const wrong = errors.filter(({ code }) => (allowed ? !allowed.includes(code) : REFUSALS.includes(code)))
    return wrong.length > 0 ? `${got} instead of done` : null
  }
  if (silent)
    return errors.length > 0 && !JSON.stringify(errors).includes('conflictId') ? null : `${got} instead of a refusal`
  const wanted = expected === 'FORBIDDEN' ? `FORBIDDEN ${permission}` : expected
  return codes.includes(wanted) ? null : `${got} instead of ${wanted}`
}

/** Calls probes, those of one mutation in a document, so that few documents have to be made ready: each is a transaction of its own. */
async function run(writing: Writing, probes: Probe[], undone: boolean): Promise<string[]> {
  const problems: string[] = []
  const alike = Map.groupBy(probes, ({ field, args }) => `${field} ${Object.keys(args)}`)
  for (const some of alike.values())
    for (let from = 0; from < some.length; from += BATCH)
      problems.push(...(await runTogether(writing, some.slice(from, from + BATCH), undone)))
  return problems
}

async function runTogether({ caller, dry }: Writing, group: Probe[], undone: boolean): Promise<string[]> {
  const problems: string[] = []
  const variables: Record<string, unknown> = {}
  const head: string[] = []
  const fields = group.map(({ field, args }, at) => {
    const given = Object.entries(args).map(([name, [type, value]]) => {
      head.push(`$${name}${at}: ${type}`)
      variables[`${name}${at}`] = value
      return `${name}: $${name}${at}`
    })
    return `p${at}: ${field}(${given.join(', ')}) { ${ERRORS} }`
  })
  dry.on = undone
  const answer: Answer = await caller.ask(`mutation(${head.join(', ')}) { ${fields.join(' ')} }`, variables)
  dry.on = false
  dry.take()
  if (answer.errors || !answer.data) {
    problems.push(`${group.map(({ what }) => what).join(', ')}: ${answer.body.slice(0, 400)}`)
    return problems
  }
  group.forEach((probe, at) => {
    const problem = judge(answer.data[`p${at}`].userErrors, probe)
    if (problem) problems.push(`${probe.what}: ${problem}`)
  })
  return problems
}
