import { may, type Permission } from '../../../access/decide.ts'
import { type UserErrorInfo, UserErrors } from '../../../errors.ts'
import { newId } from '../../../ids.ts'
import { CUSTOM, coordinateOf } from '../../../read/custom.ts'
import { recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { idOf, NO_ID, uuidOf } from '../../../read/values.ts'
import { ownerQuotaProblems, quotaError } from '../../identity/ownerQuota.ts'
import { validationError } from '../../normalise.ts'
import { createRecords, lockTargets, updateRecords, type Written } from '../../records.ts'
import { type Change, forbidden, type Input, same, sqlFor, type Values, type WriteContext } from '../../write.ts'
import { type CustomMapping, carriedCustom } from './customMapping.ts'
import { carryLinks, type Place } from './links.ts'
import { type Carried, carried, filling, type Target } from './mapping.ts'
import { type LeadSettings, readLeadSettings } from './settings.ts'

/** What is to become of a lead, as clients write it. Of each target one way. */
export interface Conversion {
  leadId: string
  /** Left out: made of the lead. */
  account?: { create?: Input | null; linkId?: string | null; none?: boolean | null } | null
  /** Left out: made of the lead. */
  contact?: { create?: Input | null; linkId?: string | null } | null
  /** Left out: none. */
  opportunity?: { create?: Input | null; none?: boolean | null } | null
  convertedStatus?: string | null
  ownerId?: string | null
  overwriteSource?: boolean | null
  allowDuplicate?: boolean | null
  moveActivities?: boolean | null
  expectedVersion?: number | null
}

/** What undoes a conversion besides the ids in its row. */
export interface Trace {
  /** The lead's owner and pool, where the conversion gave it an owner. */
  lead: Values
  /** Fields of linked records that were filled: what stood there before, and what stands there since. */
  filled: Partial<Record<Target, Record<string, [before: unknown, after: unknown]>>>
  /** The person's place in the company, where it was made. */
  accountContactId: string | null
  links: Awaited<ReturnType<typeof carryLinks>>
}

/** Most leads of one call. */
export const CONVERT_MAX = 100

/** A lead that is being converted. */
interface Job {
  context: WriteContext
  lead: Values
  id: string
  wish: Conversion
  path: string[]
  errors: UserErrorInfo[]
  /** uuid of who gets what is made. */
  ownerId: string
  filled: Trace['filled']
  mappings: readonly CustomMapping[]
  /** The person's place in a company that was linked: it is there before the company names them. Undefined until then. */
  joined?: string | null
}

/**
 * Makes a company, a person and a deal of a lead, or links it to those that are there, in one transaction (spec/domain.md 3.3). All targets are written,
 * by the standard verbs, before it is said what is wrong with any of them; then everything is undone. The lead becomes CONVERTED.
 *
 * Errors: LEAD_ALREADY_CONVERTED, NOT_FOUND, FORBIDDEN naming the right on the target, STALE_VERSION, INVALID_STATE, OWNER_REQUIRED, USER_INACTIVE,
 * REFERENCE_NOT_FOUND, and what making and changing the targets can answer: VALIDATION_FAILED, DUPLICATE_DETECTED, OWNER_QUOTA_EXCEEDED …
 *
 * @returns the lead's uuid.
 * @throws UserErrors, which undoes what was written.
 */
export async function convertLead(context: WriteContext, wish: Conversion): Promise<Written> {
  const [change] = await lockLeads(context, [wish], () => ['input'])
  return convertOne(
    context,
    change as Change,
    wish,
    ['input'],
    await readLeadSettings(context.db, context.viewer.tenantId),
  )
}

/** The same for up to a hundred leads, each by itself: one that cannot be converted leaves no trace and does not stop the others. */
export async function convertLeads(context: WriteContext, wishes: Conversion[]): Promise<Written[]> {
  if (wishes.length > CONVERT_MAX) {
    const message = `At most ${CONVERT_MAX} leads are converted at once.`
    throw new UserErrors([{ code: 'BULK_TOO_LARGE', message, field: ['input'], details: { max: CONVERT_MAX } }])
  }
  const pathOf = (index: number) => ['input', String(index)]
  const changes = await lockLeads(context, wishes, pathOf)
  const settings = await readLeadSettings(context.db, context.viewer.tenantId)
  const results: Written[] = []
  for (const [index, wish] of wishes.entries()) {
    try {
      await context.db.savepoint(async () => {
        const written = await convertOne(context, changes[index] as Change, wish, pathOf(index), settings)
        if (written.errors.length > 0) throw new UserErrors(written.errors)
        results.push(written)
      })
    } catch (error) {
      if (!(error instanceof UserErrors)) throw error
      results.push({ id: null, errors: error.errors })
    }
  }
  return results
}

/** Locks the leads, and then what they are to be linked to, each in the order of their ids, so that two calls never wait for each other in a ring. */
async function lockLeads(
  context: WriteContext,
  wishes: Conversion[],
  pathOf: (index: number) => string[],
): Promise<Change[]> {
  const { db, viewer } = context
  const changes = await lockTargets(
    context,
    recordType('Lead'),
    wishes.map(({ leadId, expectedVersion }) => ({
      id: uuidOf('Lead', leadId) ?? NO_ID,
      expectedVersion: expectedVersion ?? null,
    })),
    { action: 'convert', pathOf: () => ['id'] },
  )
  changes.forEach((change, index) => {
    for (const error of change.errors)
      error.field = [...pathOf(index), error.field?.[0] === 'expectedVersion' ? 'expectedVersion' : 'leadId']
  })
  for (const target of ['Account', 'Contact'] as const) {
    const key = target === 'Account' ? 'account' : 'contact'
    const ids = wishes.flatMap((wish) => uuidOf(target, wish[key]?.linkId) ?? [])
    if (ids.length === 0) continue
    await db.rows({
      text: `SELECT id FROM ${ident(recordType(target).table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
      values: [viewer.tenantId, ids],
    })
  }
  return changes
}

async function convertOne(
  given: WriteContext,
  change: Change,
  wish: Conversion,
  path: string[],
  settings: LeadSettings,
): Promise<Written> {
  const context = { ...given, allowDuplicate: wish.allowDuplicate === true }
  const refused = async (...errors: UserErrorInfo[]): Promise<Written> => ({ id: null, errors })
  const lead = change.before
  // Said before a version that is stale because of the very conversion.
  if (lead?.status === 'CONVERTED') return refused(await alreadyConverted(context, lead, path))
  if (!lead || change.errors.length > 0) return refused(...change.errors)
  const job: Job = {
    context,
    lead,
    id: change.id,
    wish,
    path,
    errors: [],
    ownerId: '',
    filled: {},
    mappings: settings.customFields,
  }
  checkState(job, settings)
  checkWays(job)
  checkRights(job)
  await settleOwner(job)
  if (job.errors.length > 0) return refused(...job.errors)
  await reason(context, 'CONVERT')
  await dropDead(job)
  // The person first, because the company names them; what is wrong is told in the order of the input.
  const [contactId, contactErrors] = await collecting(() => settleContact(job))
  const [accountId, accountErrors] = await collecting(() => settleAccount(job, contactId))
  const [opportunityId, opportunityErrors] = await collecting(() => settleOpportunity(job, accountId, contactId))
  const errors = [...accountErrors, ...contactErrors, ...opportunityErrors]
  // Undoes what was written of the other targets.
  if (errors.length > 0) throw new UserErrors(errors)
  const accountContactId =
    job.joined === undefined ? await joinContact(job, accountId, contactId as string) : job.joined
  await finish(job, { accountId, contactId: contactId as string, opportunityId, accountContactId, settings })
  await reason(context, '')
  return { id: job.id, errors: [], changed: true }
}

/** Why owners change, for the history of ownership. */
async function reason({ db }: WriteContext, name: string): Promise<void> {
  await db.rows({ text: `SELECT set_config('app.ownership_reason', $1, true)`, values: [name] })
}

/** Runs the work on one target and gives its errors, thrown or told. */
async function collecting(
  work: () => Promise<{ id: string | null; errors: UserErrorInfo[] }>,
): Promise<[id: string | null, errors: UserErrorInfo[]]> {
  try {
    const { id, errors } = await work()
    return [errors.length > 0 ? null : id, errors]
  } catch (error) {
    if (error instanceof UserErrors) return [null, error.errors]
    throw error
  }
}

/** LEAD_ALREADY_CONVERTED with the ids of what it became, those that the viewer may see. */
async function alreadyConverted({ db, viewer }: WriteContext, lead: Values, path: string[]): Promise<UserErrorInfo> {
  const seen = await Promise.all(
    (['Account', 'Contact', 'Opportunity'] as const).map(async (target) => {
      const type = recordType(target)
      const field = `converted${target}Id`
      const id = lead[field] as string | null
      if (!id || !may(viewer, 'read', target) || viewer.access.hides(recordType('Lead'), field)) return null
      const sql = sqlFor(viewer.tenantId)
      const scope = viewer.access.predicate(type, 't', sql)
      const place = sql.params.add(id, 'uuid')
      const rows = await db.rows({
        text: `SELECT 1 FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ${place} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
        values: sql.params.values,
      })
      return rows.length > 0 ? idOf(target, id) : null
    }),
  )
  const [accountId, contactId, opportunityId] = seen
  return {
    code: 'LEAD_ALREADY_CONVERTED',
    message: 'The lead was converted before.',
    field: [...path, 'leadId'],
    details: { accountId, contactId, opportunityId },
  }
}

const OPEN = ['NEW', 'ASSIGNED', 'WORKING', 'NURTURING', 'QUALIFIED', 'RECYCLED']

function checkState({ lead, path, errors }: Job, { conversionNeedsQualified }: LeadSettings): void {
  const allowed = conversionNeedsQualified ? ['QUALIFIED'] : OPEN
  if (allowed.includes(lead.status as string)) return
  errors.push({
    code: 'INVALID_STATE',
    message: conversionNeedsQualified ? 'Only a qualified lead is converted.' : 'An unqualified lead is not converted.',
    field: [...path, 'leadId'],
    details: { from: lead.status, to: 'CONVERTED', allowed },
  })
}

/** What the input says in itself. */
function checkWays({ wish, path, errors }: Job): void {
  const refuse = (field: string[], rule: string, message: string) =>
    errors.push(validationError([...path, ...field], rule, message))
  if (wish.convertedStatus != null && wish.convertedStatus !== 'CONVERTED')
    refuse(['convertedStatus'], 'converted', 'must be CONVERTED')
  for (const key of ['account', 'opportunity'] as const)
    if (wish[key]?.none === false) refuse([key, 'none'], 'true', 'must be true, or another way given')
  const deal = wish.opportunity?.create
  if (!deal) return
  const here = ['opportunity', 'create']
  if (deal.closeDate == null) refuse([...here, 'closeDate'], 'required', 'is required')
  if (deal.accountId !== undefined && wish.account?.none !== true)
    refuse([...here, 'accountId'], 'account', 'belongs to a conversion with none as its account')
}

/** FORBIDDEN for each right on a target that the viewer lacks. */
function checkRights({ context: { viewer }, wish, path, errors }: Job): void {
  const need = (permission: Permission, ...field: string[]) => {
    const [object = '', action = ''] = permission.split('.')
    if (!may(viewer, action as 'create', object)) errors.push(forbidden(permission, [...path, ...field]))
  }
  const { account, contact, opportunity } = wish
  if (account?.linkId != null) need('Account.update', 'account', 'linkId')
  else if (!account?.none) need('Account.create', 'account', 'create')
  if (contact?.linkId != null) need('Contact.update', 'contact', 'linkId')
  else need('Contact.create', 'contact', 'create')
  if (!account?.none) need('AccountContact.create', 'contact')
  if (!opportunity?.create) return
  need('Opportunity.create', 'opportunity', 'create')
  need('OpportunityContact.create', 'opportunity', 'create')
}

/** Who gets what is made: who the input says, else the lead's owner. Somebody who works here, and stays until the transaction ends. */
async function settleOwner(job: Job): Promise<void> {
  const { context, lead, wish, path, errors } = job
  const { db, viewer } = context
  const field = [...path, 'ownerId']
  // One that waits in a pool has no owner.
  if (wish.ownerId == null && !lead.ownerId) {
    errors.push({ code: 'OWNER_REQUIRED', message: 'The lead has no owner: name one.', field })
    return
  }
  const named =
    wish.ownerId != null ? (may(viewer, 'read', 'User') ? uuidOf('User', wish.ownerId) : null) : lead.ownerId
  const [user] = await db.rows<{ status: string }>({
    text: 'SELECT status FROM app_user WHERE tenant_id = $1 AND id = $2::uuid AND contact_id IS NULL AND deleted_at IS NULL FOR SHARE',
    values: [viewer.tenantId, named ?? NO_ID],
  })
  if (!user && wish.ownerId != null) errors.push({ code: 'NOT_FOUND', message: 'ownerId names no record.', field })
  else if (user?.status !== 'ACTIVE')
    errors.push({ code: 'USER_INACTIVE', message: 'Only an active user can own what is made.', field })
  job.ownerId = named as string
  // The lead becomes theirs with the rest.
  if (errors.length > 0 || lead.ownerId) return
  const [problem] = await ownerQuotaProblems(context, [{ userId: job.ownerId, object: 'Lead', adding: 1 }])
  if (problem) errors.push(quotaError(problem, field))
}

/** What in the recycle bin the lead came from goes nowhere. */
async function dropDead(job: Job): Promise<void> {
  const { db, viewer } = job.context
  const { sourceId, campaignId } = job.lead
  if (!sourceId && !campaignId) return
  const rows = await db.rows<{ id: string }>({
    text: `SELECT id FROM lead_source WHERE tenant_id = $1 AND id = $2::uuid AND deleted_at IS NULL
 UNION ALL SELECT id FROM campaign WHERE tenant_id = $1 AND id = $3::uuid AND deleted_at IS NULL`,
    values: [viewer.tenantId, sourceId ?? null, campaignId ?? null],
  })
  const live = (id: unknown) => (rows.some((row) => row.id === id) ? id : null)
  job.lead = { ...job.lead, sourceId: live(sourceId), campaignId: live(campaignId) }
}

const settled = (id: string | null, ...errors: UserErrorInfo[]) => ({ id, errors })

/** Errors about values that came from the lead say so. */
function named(target: Target, errors: UserErrorInfo[], { from }: Carried, at: string[]): UserErrorInfo[] {
  return errors.map((error) => {
    const [first = '', second] = error.field?.slice(at.length) ?? []
    const field = first === CUSTOM && second !== undefined ? coordinateOf(second) : first
    const source = from.get(field)
    if (!source) return error
    return {
      ...error,
      message: `${error.message} The value comes from Lead.${source} and goes to ${target}.${field}.`,
      details: { ...(error.details as object | undefined), source: `Lead.${source}`, target: `${target}.${field}` },
    }
  })
}

/** Adds what the lead's custom fields give to a target. */
function carryCustom(
  { context, lead, mappings }: Job,
  target: Target,
  carried: Carried,
  there: Parameters<typeof carriedCustom>[4],
): void {
  const { values, from } = carriedCustom(context.viewer, target, lead, mappings, there)
  if (Object.keys(values).length === 0) return
  carried.input[CUSTOM] = values
  for (const [to, source] of from) carried.from.set(to, source)
}

async function make(job: Job, target: Target, given: Input, at: string[], more: Input, trusted: string[]) {
  const { context, lead, ownerId } = job
  const { viewer } = context
  const values = carried(viewer, target, lead, given)
  const said = given[CUSTOM] as Record<string, unknown> | null | undefined
  // Null says that there are none.
  if (said !== null) carryCustom(job, target, values, { given: said ?? {} })
  const custom = values.input[CUSTOM] ? { [CUSTOM]: { ...(values.input[CUSTOM] as object), ...said } } : {}
  const type = recordType(target)
  // The caller is the owner of what they make anyway, and need not be allowed to write whose it is.
  const owner = ownerId === viewer.userId ? {} : { ownerId: idOf('User', ownerId) }
  const [written] = await createRecords(context, type, [{ ...values.input, ...owner, ...more, ...given, ...custom }], {
    pathOf: () => at,
    trusted: new Set(trusted),
  })
  return settled((written as Written).id, ...named(target, (written as Written).errors, values, at))
}

/** Fills what is empty in a record that is there. REFERENCE_NOT_FOUND for one that is not, or that the viewer may not see. */
async function link(
  job: Job,
  target: Target,
  linkId: string,
  at: string[],
  more: (record: Values) => Promise<Input>,
  trusted: string[],
) {
  const { context, lead, wish } = job
  const type = recordType(target)
  const id = uuidOf(target, linkId) ?? NO_ID
  const look = () => lockTargets(context, type, [{ id }], { action: 'update', pathOf: () => ['id'] })
  const [change] = await look()
  const before = change?.before
  if (!before) {
    return settled(
      null,
      ...(change?.errors ?? []).map(
        (error): UserErrorInfo =>
          error.code === 'NOT_FOUND'
            ? { code: 'REFERENCE_NOT_FOUND', message: 'linkId names no record.', field: at }
            : { ...error, field: at },
      ),
    )
  }
  const values = filling(context.viewer, target, lead, before, { overwriteSource: wish.overwriteSource === true })
  carryCustom(job, target, values, { record: before })
  const input = { ...values.input, ...(await more(before)) }
  if (Object.keys(input).length === 0) return settled(id)
  const [written] = await updateRecords(context, type, [{ id, input }], { pathOf: () => at, trusted: new Set(trusted) })
  if ((written as Written).errors.length > 0)
    return settled(null, ...named(target, (written as Written).errors, values, at))
  const after = (await look())[0]?.before as Values
  job.filled[target] = Object.fromEntries(
    [...type.fields.values()].flatMap((field) =>
      field.write === 'never' || same(field, before[field.name], after[field.name])
        ? []
        : [[field.name, [before[field.name] ?? null, after[field.name] ?? null]]],
    ),
  )
  return settled(id)
}

function settleContact(job: Job) {
  const { contact } = job.wish
  const at = [...job.path, 'contact']
  return contact?.linkId != null
    ? link(job, 'Contact', contact.linkId, [...at, 'linkId'], async () => ({}), [])
    : make(job, 'Contact', contact?.create ?? {}, [...at, 'create'], {}, [])
}

async function settleAccount(job: Job, contactId: string | null) {
  const { account } = job.wish
  const { access } = job.context.viewer
  if (account?.none) return settled(null)
  const at = [...job.path, 'account']
  const first: Input =
    contactId && access.mayWriteField(recordType('Account'), 'primaryContactId')
      ? { primaryContactId: idOf('Contact', contactId) }
      : {}
  const trusted = contactId ? [contactId] : []
  return account?.linkId != null
    ? link(
        job,
        'Account',
        account.linkId,
        [...at, 'linkId'],
        async (record) => {
          if (record.primaryContactId || !contactId) return {}
          job.joined = await joinContact(job, record.id as string, contactId)
          return first
        },
        trusted,
      )
    : make(job, 'Account', account?.create ?? {}, [...at, 'create'], first, trusted)
}

async function settleOpportunity(job: Job, accountId: string | null, contactId: string | null) {
  const { context, wish, path } = job
  const { access } = context.viewer
  const given = wish.opportunity?.create
  if (!given) return settled(null)
  const at = [...path, 'opportunity', 'create']
  const type = recordType('Opportunity')
  const lines = given.lines === undefined ? await interests(job) : []
  const rest: Input = {
    ...(accountId ? { accountId: idOf('Account', accountId) } : {}),
    ...(contactId && access.mayWriteField(type, 'primaryContactId')
      ? { primaryContactId: idOf('Contact', contactId) }
      : {}),
    // With lines the amount is their sum, in the currency that the lead is in.
    ...(lines.length > 0 ? { lines, ...(job.lead.currency ? { currency: job.lead.currency } : {}) } : {}),
  }
  if (lines.length > 0 && !may(context.viewer, 'create', 'OpportunityLine'))
    return settled(null, forbidden('OpportunityLine.create', [...at, 'lines']))
  const said = lines.length > 0 || (given.lines as unknown[] | null)?.length ? { amount: null } : {}
  const made = await make(
    job,
    'Opportunity',
    { ...said, ...given },
    at,
    rest,
    [accountId, contactId].flatMap((id) => id ?? []),
  )
  if (!made.id || !contactId) return made
  const contacts = (given.opportunityContacts ?? []) as { contactId?: string; isPrimary?: boolean }[]
  const shownContact = idOf('Contact', contactId)
  if (contacts.some((one) => one.contactId === shownContact)) return made
  const [role] = await createRecords(
    context,
    recordType('OpportunityContact'),
    [
      {
        opportunityId: idOf('Opportunity', made.id),
        contactId: shownContact,
        isPrimary: !contacts.some(({ isPrimary }) => isPrimary),
      },
    ],
    { pathOf: () => at, trusted: new Set([made.id, contactId]) },
  )
  return settled(made.id, ...(role as Written).errors)
}

/** The products that the lead is interested in, as lines. */
async function interests({ context: { db, viewer }, id }: Job): Promise<Input[]> {
  if (!may(viewer, 'read', 'LeadProduct')) return []
  const rows = await db.rows<{ product: string; quantity: string }>({
    text: 'SELECT product_id AS product, trim_scale(quantity)::text AS quantity FROM lead_product WHERE tenant_id = $1 AND lead_id = $2::uuid AND deleted_at IS NULL ORDER BY id',
    values: [viewer.tenantId, id],
  })
  return rows.map(({ product, quantity }, sort) => ({ productId: idOf('Product', product), quantity, sort }))
}

/** The person's place in the company, unless they have it. The company is their main one when they have none, so that they never have two. */
async function joinContact(
  { context, wish, path }: Job,
  accountId: string | null,
  contactId: string,
): Promise<string | null> {
  if (!accountId) return null
  const { db, viewer } = context
  const rows = await db.rows<{ here: boolean; main: boolean }>({
    text: `SELECT account_id = $3::uuid AS here, is_primary AS main FROM account_contact WHERE tenant_id = $1 AND contact_id = $2::uuid AND deleted_at IS NULL`,
    values: [viewer.tenantId, contactId, accountId],
  })
  if (rows.some(({ here }) => here)) return null
  const [written] = await createRecords(
    context,
    recordType('AccountContact'),
    [
      {
        accountId: idOf('Account', accountId),
        contactId: idOf('Contact', contactId),
        isPrimary: !rows.some(({ main }) => main),
      },
    ],
    {
      pathOf: () => [...path, wish.contact?.linkId != null ? 'contact' : 'account'],
      trusted: new Set([accountId, contactId]),
    },
  )
  const { id, errors } = written as Written
  if (errors.length > 0) throw new UserErrors(errors)
  return id
}

/** Links, the conversion's own row, and the lead's new state. Its rules are for clients: this is what they keep clients from writing. */
async function finish(
  { context, lead, id, wish, filled, ownerId }: Job,
  {
    accountId,
    contactId,
    opportunityId,
    accountContactId,
    settings,
  }: {
    accountId: string | null
    contactId: string
    opportunityId: string | null
    accountContactId: string | null
    settings: LeadSettings
  },
): Promise<void> {
  const { db, viewer } = context
  const places = [
    { type: 'Account', id: accountId },
    { type: 'Contact', id: contactId },
    { type: 'Opportunity', id: opportunityId },
  ].filter((place): place is Place => place.id !== null)
  const links = await carryLinks(context, id, places, wish.moveActivities === true)
  const trace: Trace = {
    lead: lead.ownerId ? {} : { ownerId: null, poolId: lead.poolId ?? null },
    filled,
    accountContactId,
    links,
  }
  const conversionId = newId()
  await db.rows({
    text: `INSERT INTO lead_conversion (tenant_id, id, lead_id, account_id, contact_id, opportunity_id, account_made, contact_made, former_status, revertible_until, trace)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + make_interval(days => $10::integer), $11::jsonb)`,
    values: [
      viewer.tenantId,
      conversionId,
      id,
      accountId,
      contactId,
      opportunityId,
      accountId !== null && wish.account?.linkId == null,
      wish.contact?.linkId == null,
      lead.status,
      settings.reversionDays,
      JSON.stringify(trace),
    ],
  })
  await db.rows({
    text: `UPDATE lead SET status = 'CONVERTED', converted_at = now(), converted_by = $3::uuid, converted_account_id = $4::uuid, converted_contact_id = $5::uuid,
 converted_opportunity_id = $6::uuid, conversion_id = $7::uuid, assigned_at = CASE WHEN owner_id IS NULL THEN now() ELSE assigned_at END,
 owner_id = coalesce(owner_id, $8::uuid)${outOfPool()} WHERE tenant_id = $1 AND id = $2::uuid`,
    values: [viewer.tenantId, id, viewer.userId, accountId, contactId, opportunityId, conversionId, ownerId],
  })
}

/** Who has an owner waits in no pool. */
function outOfPool(): string {
  const pool = recordType('Lead').fields.get('poolId')
  return pool ? `, ${ident(pool.column)} = NULL` : ''
}
