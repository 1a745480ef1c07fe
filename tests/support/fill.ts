import { randomBytes } from 'node:crypto'
import { decodeId } from '../../src/ids.ts'
import {
  type Field,
  hangsAtAny,
  type RecordType,
  recordType,
  recordTypeOfPrefix,
  recordTypes,
} from '../../src/read/recordType.ts'
import { ANY, idOf, PG_TYPE, parseMoney } from '../../src/read/values.ts'
import type { Any, Company } from './app.ts'
import { creatable, nthMonth, ONE_OF } from './factory.ts'
import { OWN, type Owner, uuidIn } from './owner.ts'

/** Ids of the live records of each type, in the order in which they were made. */
export type Pools = Map<string, string[]>

/** Texts that tell a careful engine from a careless one: wildcards, escapes, case, diacritics, widths, scripts. */
const TEXTS = ['100%_off\\x', 'BETA 10', 'beta 9', 'Müller & Söhne', '上海机床 Ａ', '1000 off']

const CURRENCIES = Intl.supportedValuesOf('currency').filter((code) => code !== 'USD' && code !== 'EUR')

/** What segments hold. */
const SEGMENT_OBJECTS = ['Account', 'Contact', 'Lead']

/** Fields that a rule of the type wants otherwise than their kinds suggest; undefined leaves one out. */
const RULED: Record<string, (i: number, pools: Pools) => Record<string, unknown>> = {
  // Every second pool is one of leads; what lies in one has no owner. A lock has a verb of its own.
  Pool: (i) => ({
    object: i % 2 ? 'LEAD' : 'ACCOUNT',
    enabled: true,
    isDefault: false,
    allowImport: true,
    reclaimEnabled: false,
    hiddenFields: [],
  }),
  PoolMember: (i, pools) => oneOf('PoolMember', i, pools),
  PoolReclaimRule: (i, pools) => ({
    poolId: pools.get('Pool')?.[i % 7],
    levelId: i % 7 && (i % 7) % 2 === 0 ? pools.get('CustomerLevel')?.[i % 5] : null,
    productCategoryId: i % 7 && (i % 7) % 2 === 0 ? pools.get('ProductCategory')?.[i % 3] : null,
    basis: i % 2 ? 'NO_FOLLOW_UP' : 'PROTECTION_EXPIRED',
    includeWon: false,
    includeWithOpportunity: false,
  }),
  Account: (i, pools) => ({ status: ['ACTIVE', 'INACTIVE', 'ARCHIVED'][i % 3], ...inPool(i, 0, pools) }),
  Contact: (i) => ({ birthday: i % 3 ? `198${i % 9}-05-17` : null, timezone: i % 2 ? 'Asia/Shanghai' : null }),
  // Customers' own users have another role; tests/service/portal has them.
  User: (i) => ({ timezone: i % 2 ? 'Europe/Berlin' : null, contactId: null }),
  Lead: (i, pools) => ({
    fullName: `${TEXTS[i % 6]} ${i % 4}`,
    status: ['NEW', 'WORKING', 'QUALIFIED'][i % 3],
    ...inPool(i, 1, pools),
  }),
  Product: (i) => ({ imageUrls: i % 2 ? ['https://img.example/1.png'] : [], status: i < 26 ? 'ACTIVE' : 'INACTIVE' }),
  Activity: (i) => ({ isPrivate: false, nextFollowUpAt: i % 3 ? '2098-03-01T10:00:00Z' : null }),
  Task: () => ({ recurrence: null }),
  Reminder: (i, pools) => ({
    taskId: i % 2 ? pools.get('Task')?.[i] : null,
    activityId: i % 2 ? null : pools.get('Activity')?.[i],
    at: i % 3 ? '2098-03-01T10:00:00Z' : null,
    offsetMinutes: i % 3 ? null : i,
  }),
  TaskDependency: (i, pools) => {
    const tasks = pools.get('Task') as string[]
    return { taskId: tasks[i % 7], dependsOnId: tasks[8 + Math.floor(i / 7)] }
  },
  Tag: (i) => ({ color: i % 3 ? `#12abe${i % 10}` : null }),
  Pipeline: () => ({ isDefault: false, allowSkip: true, allowBack: true, departmentIds: [] }),
  Stage: (i) => ({
    kind: i < 15 ? 'OPEN' : ['WON', 'LOST', 'INVALID'][i % 3],
    probability: i < 15 ? i % 4 : undefined,
    requiredFields: [],
    rottenDays: i % 3 ? i : null,
  }),
  Currency: (i) => ({ code: CURRENCIES[i] }),
  ExchangeRate: (i) => ({ currency: CURRENCIES[i], baseCurrency: i % 2 ? 'USD' : 'EUR' }),
  NumberRule: (i) => ({
    parts: [{ kind: 'TEXT', text: TEXTS[i % 6] }, { kind: 'SEQUENCE' }],
    resetPeriod: undefined,
    active: false,
  }),
  PriceBook: (i) => ({
    currency: 'USD',
    isStandard: i === 3,
    validFrom: i % 2 ? '2024-01-05' : null,
    validTo: i % 3 ? '2026-12-31' : null,
  }),
  PriceBookEntry: (i, pools) => ({
    productId: pools.get('Product')?.[i % 26],
    currency: undefined,
    unitPrice: { amount: `${i % 5}.5` },
    minQuantity: String(i + 1),
    validFrom: i % 2 ? '2024-01-05' : null,
    validTo: i % 3 ? '2026-12-31' : null,
  }),
  // Pairs of stages of one pipeline: every seventh stage is of the same.
  StageTransition: (i, pools) => {
    const [pipeline, round] = [i % 7, Math.floor(i / 7)]
    const stages = (pools.get('Stage') as string[]).filter((_, n) => n % 7 === pipeline)
    return {
      pipelineId: pools.get('Pipeline')?.[pipeline],
      fromStageId: stages[round % stages.length],
      toStageId: stages[(round + 1 + Math.floor(round / stages.length)) % stages.length],
      requiredFields: [],
      roleIds: [],
      requiresApproval: false,
    }
  },
  Opportunity: () => ({
    pipelineId: undefined,
    actualCloseDate: undefined,
    lossReason: undefined,
  }),
  OpportunityCompetitor: (i) => ({ isWinner: i < 3 }),
  OpportunityContact: (i) => ({ isPrimary: i < 3 }),
  OpportunityLine: (i) => ({
    name: `${TEXTS[i % 6]}`,
    currency: undefined,
    unitPrice: { amount: `${i % 5}.5` },
    discountAmount: undefined,
    ...(i < 26 ? {} : { productId: null }),
  }),
  Quote: (i) => ({ number: undefined, isPrimary: i < 3, currency: 'USD' }),
  QuoteLine: (i) => ({
    name: `${TEXTS[i % 6]}`,
    currency: undefined,
    unitPrice: { amount: `${i % 5}.5` },
    discountAmount: undefined,
    ...(i < 26 ? {} : { productId: null }),
  }),
  Order: () => ({ number: undefined, currency: 'USD' }),
  OrderLine: (i) => ({
    name: `${TEXTS[i % 6]}`,
    currency: undefined,
    unitPrice: { amount: `${i % 5}.5` },
    discountAmount: undefined,
    ...(i < 26 ? {} : { productId: null }),
  }),
  // Numbers are given by rule; what belongs to a contract is in its currency.
  Contract: () => ({ number: undefined }),
  ContractLine: (i) => ({
    name: `${TEXTS[i % 6]}`,
    currency: undefined,
    unitPrice: { amount: `${i % 5}.5` },
    discountAmount: undefined,
    ...(i < 26 ? {} : { productId: null }),
  }),
  Invoice: () => ({ number: undefined, currency: undefined, titleId: null }),
  Role: (i) => ({ key: `${['beta-9', 'beta-10', 'off_100'][i % 3]}-${i}` }),
  // A role has one row for an object, and for a field: 7 roles, each with five of them.
  ObjectPermission: (i) => ({ object: ['Account', 'Contact', 'Lead', 'User', '*'][i % 5] }),
  FieldPermission: (i) => ({
    object: ['Account', 'Contact', 'Lead'][i % 3],
    field: ['email', 'phone', 'description', 'ownerId', 'createdById'][i % 5],
    // References have no masked form.
    mask: i % 5 > 2 ? 'NONE' : ['NONE', 'LIST', 'ALWAYS'][i % 4],
  }),
  UserRole: (i) => ({ expiresAt: later(i) }),
  // With others than the owner.
  RecordShare: (i, pools) => ({
    ...oneOf('RecordShare', (i + 3) % (pools.get('Team') as string[]).length, pools),
    expiresAt: later(i),
  }),
  // None that anybody reaches.
  OwnerQuota: (i, pools) => ({
    ...oneOf('OwnerQuota', i, pools),
    object: ['Account', 'Contact', 'Lead'][i % 3],
    limit: 1000 + (i % 6),
    lockLimit: i % 3 ? undefined : i,
    excludeWon: false,
  }),
  // Of a type that is filled without them.
  FieldDefinition: (i) => ({
    object: 'Team',
    apiName: `field${i}`,
    label: { en: TEXTS[i % 6] },
    type: ['TEXT', 'EMAIL', 'DATE'][i % 3],
    required: false,
    unique: false,
    defaultValue: undefined,
    ...Object.fromEntries(
      ['min', 'max', 'maxLength', 'pattern', 'options', 'refObject'].map((name) => [name, undefined]),
    ),
  }),
  AccountInvoiceInfo: (i) => ({ isDefault: i < 3 }),
  // Each pair once, in one direction.
  AccountRelation: (i, pools) => {
    const accounts = pools.get('Account') as string[]
    const source = i % 7
    return { sourceId: accounts[source], targetId: accounts[(source + 1 + Math.floor(i / 7)) % accounts.length] }
  },
  ThirdPartyIdentity: (i, pools) => ({
    ...oneOf('ThirdPartyIdentity', i, pools),
    platform: ['WECHAT', 'DOUYIN'][i % 2],
  }),
  ConsentRecord: (i, pools) => ({
    ...oneOf('ConsentRecord', i, pools),
    at: i % 3 ? `2024-0${(i % 6) + 1}-01T16:00:00Z` : undefined,
  }),
  Campaign: (i) => ({ targetSegmentIds: [], code: i % 3 ? `C-${i}` : null }),
  // Those that a campaign begins with have the marks.
  CampaignMemberStatus: (i) => ({ label: `${TEXTS[i % 6]} ${i}`, isDefault: false }),
  CampaignMember: (i, pools) => ({ ...oneOf('CampaignMember', i, pools), statusId: undefined }),
  TargetListMember: (i, pools) => oneOf('TargetListMember', i, pools),
  CareRule: (i) => ({
    name: `${TEXTS[i % 6]} ${i}`,
    trigger: ['BIRTHDAY', 'ANNIVERSARY'][i % 2],
    channel: ['TASK', 'NOTIFICATION'][i % 2],
    filter: null,
    sendAtLocalTime: `1${i % 6}:00`,
    quietFrom: i % 3 ? '20:00' : null,
    quietTo: i % 3 ? '08:00' : null,
  }),
  TargetList: (i) => ({ kind: i % 2 ? 'INCLUDE' : 'EXCLUDE' }),
  EmailBlast: (i) => ({
    scheduleAt: i % 3 ? `2099-01-0${(i % 6) + 1}T16:00:00Z` : null,
    includeListIds: [],
    excludeListIds: [],
  }),
  SocialAccount: (i) => ({
    name: `${TEXTS[i % 6]} ${i}`,
    connector: i % 2 ? 'webhook' : 'manual',
    settings: i % 2 ? { url: `https://bridge.example/${i}` } : {},
  }),
  SocialPost: (i) => ({ scheduleAt: i % 3 ? `2099-01-0${(i % 6) + 1}T16:00:00Z` : null }),
  // Every third has members of each object; of a static one no filter says them.
  Segment: (i) => ({ object: SEGMENT_OBJECTS[i % 3]?.toUpperCase(), kind: 'STATIC', filter: undefined }),
  SegmentMember: (i, pools) => ({
    segmentId: pools.get('Segment')?.[i],
    recordId: pools.get(SEGMENT_OBJECTS[i % 3] as string)?.[i],
  }),
  SavedView: (i) => ({ object: 'Account', columns: ['name'], grouping: i % 3 ? 'industry' : null, isDefault: i === 3 }),
  Report: (i) => ({
    object: ['Account', 'Contact', 'Lead'][i % 3],
    measures: [{ function: 'COUNT', label: TEXTS[i % 6] }],
    dimensions: [],
    parameters: [],
    having: [],
    orderBy: [],
  }),
  ReportSchedule: (i, pools) => ({
    ...oneOf('ReportSchedule', i, pools),
    standard: null,
    cron: `${i % 5} 8 * * *`,
    recipientIds: [pools.get('User')?.[i % 2]],
    active: i % 2 > 0,
  }),
  AssignmentRule: (i) => ({ condition: i % 3 ? { industry: { eq: String(i % 4) } } : null, strategy: 'ROUND_ROBIN' }),
  ApprovalFlow: (i) => ({
    object: 'Opportunity',
    trigger: ['SUBMIT', 'CREATE'][i % 2],
    condition: i % 3 ? { name: { eq: `none ${i % 4}` } } : null,
    steps: [{ name: TEXTS[i % 6], source: 'MANAGER' }],
  }),
  Workflow: (i) => ({
    object: 'Lead',
    trigger: 'MANUAL',
    timeOfDay: i % 2 ? '09:30' : null,
    watchedFields: [],
    fromValue: undefined,
    toValue: undefined,
    condition: i % 3 ? { industry: { eq: `none ${i % 4}` } } : null,
    steps: [{ key: 'wait', action: 'WAIT', minutes: 5 }],
  }),
  LeadCaptureForm: (i) => ({
    fields: [{ field: 'email', required: true }],
    allowedOrigins: i % 3 ? [`https://www${i % 4}.example.com`] : [],
    honeypot: i % 3 ? `trap${i % 4}` : null,
    consentText: i % 2 ? TEXTS[i % 6] : null,
  }),
  DuplicateRule: (i) => ({
    object: ['Account', 'Contact', 'Lead'][i % 3],
    matchers: [{ field: ['phone', 'email'][i % 2], method: 'EXACT', weight: '50' }],
    threshold: String(10 + (i % 5)),
    crossObjects: [],
    active: false,
  }),
  // Of the company, of departments and of users; each with a month of its own.
  SalesTarget: (i, pools) => ({
    departmentId: i % 3 === 1 ? pools.get('Department')?.[i % 7] : null,
    userId: i % 3 === 2 ? pools.get('User')?.[i % 7] : null,
    metric: i % 2 ? 'WON_AMOUNT' : 'WON_COUNT',
    periodType: 'MONTH',
    periodStart: nthMonth(i),
    currency: undefined,
    amount: i % 2 ? { amount: `${i % 5}.25` } : null,
    count: i % 2 ? null : i % 5,
  }),
  BusinessCalendar: (i) => ({ timezone: i % 2 ? 'Asia/Shanghai' : 'Europe/Berlin' }),
  Holiday: (i) => ({ date: nthMonth(i) }),
  // Default ones would take what names none, and those that give out would give it to somebody.
  CaseQueue: () => ({ active: true, isDefault: false, routing: 'MANUAL', caseTypes: [], channels: [] }),
  SlaPolicy: () => ({ pauseStatuses: [] }),
  SlaTarget: (i, pools) => ({ policyId: pools.get('SlaPolicy')?.[i], firstResponseMin: 30 + (i % 5) }),
  SlaEscalationStep: (i, pools) => ({
    action: ['NOTIFY_USER', 'NOTIFY_ROLE', 'NOTIFY_OWNER'][i % 3],
    userId: i % 3 === 0 ? pools.get('User')?.[i % 7] : null,
    roleId: i % 3 === 1 ? pools.get('Role')?.[i % 7] : null,
  }),
  Case: () => ({ number: undefined }),
  KnowledgeArticle: (i) => ({ slug: `article-${i}`, categoryIds: [], publishAt: null }),
  ReturnVisit: (i) => ({ number: undefined, satisfaction: 1 + (i % 5) }),
  EmailTemplate: (i) => ({ html: `<p>${i} {{ surveyUrl }}</p>` }),
  Survey: (i) => ({ type: ['CSAT', 'NPS'][i % 2], trigger: 'MANUAL', daysValid: 7 + (i % 5), restDays: i % 3 }),
  CaseComment: (i) => ({ authorType: i % 2 ? 'CUSTOMER' : 'AGENT', isInternal: i % 4 === 0 }),
  IdentityProvider: (i) => ({
    issuer: `https://login.example.com/${i}`,
    allowedDomains: i % 3 ? ['mail.example', `member${i % 3}.example`] : ['mail.example'],
    autoProvision: false,
  }),
}

/** Every third record lies in a pool: of those of customers (0), of those of leads (1). */
function inPool(i: number, object: 0 | 1, pools: Pools): Record<string, unknown> {
  const fitting = (pools.get('Pool') ?? []).filter((_, at) => at % 2 === object)
  return i % 3 === 1 ? { ownerId: null, poolId: fitting[i % fitting.length] } : { poolId: undefined }
}

/** One of the references of which a record of the type has exactly one. */
function oneOf(typeName: string, i: number, pools: Pools): Record<string, unknown> {
  const names = ONE_OF[typeName] as string[]
  const name = names[i % names.length] as string
  const target = recordType(typeName).fields.get(name)?.target as string
  return { ...Object.fromEntries(names.map((one) => [one, null])), [name]: pools.get(target)?.[i] ?? null }
}

/** A moment that is still to come, or none. */
const later = (i: number) => (i % 4 ? `2099-0${(i % 6) + 1}-01T1${i % 2 ? '5:59:59.999' : '6:00:00.000'}Z` : null)

/** The i-th value of a field, as clients write it: few distinct ones, and none now and then where that is allowed. */
function ithValue(type: RecordType, field: Field, i: number): unknown {
  const place = [...type.fields.keys()].indexOf(field.name)
  const unique = [...type.unique.values()].some((names) => names.at(-1) === field.name)
  if (!field.required && field.kind !== 'currency' && field.default === undefined && (i + place) % 4 === 0) return null
  const n = (i + place) % 6
  switch (field.kind) {
    case 'text':
      return `${TEXTS[n]}${unique || i % 3 === 0 ? ` ${i}` : ''}`.slice(0, field.max ?? 255)
    case 'email':
      return `person.${unique ? i : n}@mail.example`
    case 'phone':
      return `+120255501${String(n).padStart(2, '0')}`
    case 'url':
      return `https://www.example.com/${n}%20_x`
    case 'currency':
      return i % 10 === 9 ? 'EUR' : 'USD'
    case 'country':
      return ['CN', 'DE', 'US'][n % 3]
    case 'boolean':
      return n % 2 === 0
    case 'int':
      return (field.range?.min ?? (field.write === 'never' ? 0 : -2)) + n
    case 'decimal':
      return String(Math.ceil(field.range?.min ?? -2) + n + (n % 2 ? 0.25 : 0.5))
    case 'money':
      return { amount: `${n * 10}.${n % 2 ? '0525' : '10'}` }
    case 'date':
      return day(place, n)
    case 'datetime':
      // On both sides of midnight in Shanghai, 16:00 UTC.
      return `${day(place, n)}T1${n % 2 ? '5:59:59.999' : '6:00:00.000'}Z`
    case 'choice': {
      const values = Object.keys(field.choice?.values ?? {})
      return values[i % values.length]
    }
    case 'texts':
      return n === 0 ? [] : [TEXTS[n], `member ${n % 3}`]
    case 'object':
      return Object.fromEntries(
        Object.entries(field.shape?.members ?? {}).map(([name, member], at) => {
          const inner = { ...field, ...member, name, required: member.required ?? false, default: undefined } as Field
          return [name, ithValue(type, inner, i + at)]
        }),
      )
    case 'objects':
      return []
    default:
      return undefined
  }
}

/** Later fields hold later days, so that what begins ends after it began. */
const day = (place: number, n: number) =>
  new Date(Date.UTC(2020, 0, 28 + n * 3 + place * 45)).toISOString().slice(0, 10)

/** The id that the i-th record refers to over its k-th reference. */
function referenceOf(type: RecordType, field: Field, k: number, i: number, pools: Pools): string | null {
  if (field.target === ANY) {
    const linked = recordTypes().filter((one) =>
      [...one.relations.values()].some((relation) => relation.kind === 'linked' && relation.link === type.name),
    )
    // Shares are links that no relation shows: they point at what has an owner.
    if (linked.length === 0) linked.push(...recordTypes().filter((one) => one.owners.length > 0))
    const target = linked[i % linked.length] as RecordType
    return pools.get(target.name)?.[i] ?? null
  }
  const pool = pools.get(field.target as string) ?? []
  if (field.target === type.name) return pool.length < 10 ? null : (pool[i % 5] ?? null)
  if (!field.required && (i + k) % 3 === 0) return null
  return pool[(k === 0 ? i % 7 : i) % pool.length] ?? null
}

function inputOf(type: RecordType, i: number, pools: Pools): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  let k = 0
  for (const field of type.fields.values()) {
    if (field.write === 'never') continue
    const value = field.kind === 'id' ? referenceOf(type, field, k++, i, pools) : ithValue(type, field, i)
    if (value !== undefined) input[field.name] = value
  }
  // Deals stand in open stages, so that they may have lines.
  if (input.stageId !== undefined) input.stageId = pools.get('Stage')?.[i % 12]
  return { ...input, ...RULED[type.name]?.(i, pools) }
}

/** Types so that what is referred to comes first. */
export function inOrder(): RecordType[] {
  const sorted = new Set<RecordType>()
  const visit = (type: RecordType, way: string[]) => {
    if (sorted.has(type) || way.includes(type.name)) return
    for (const field of type.fields.values()) {
      // People's owners come before them.
      if (type.name === 'User' && field.target === 'Contact') continue
      // What nobody writes but the server may be needed all the same.
      if ((field.write !== 'never' || !field.nullable) && field.target && field.target !== ANY)
        visit(recordType(field.target), [...way, type.name])
    }
    if (type.any) for (const one of recordTypes()) if (!hangsAtAny(one)) visit(one, [...way, type.name])
    sorted.add(type)
  }
  for (const type of recordTypes()) visit(type, [])
  return [...sorted]
}

/**
 * Gives a company `count` records of every type: with nulls, duplicates, references over every relation, and values in the fields that only the server
 * writes. What can be made through the API is made through it; the rest is written by the owner.
 */
export async function fill(company: Company, owner: Owner, count = 30, { analyse = true } = {}): Promise<Pools> {
  const pools: Pools = new Map()
  // What the company began with, its key and its administrator, must go on working.
  const began = new Set<string>()
  for (const { table } of recordTypes())
    for (const { id } of await owner.rows<{ id: string }>(`SELECT id FROM ${table} WHERE ${OWN}`)) began.add(id)
  for (const type of inOrder()) {
    pools.set(
      type.name,
      creatable(type) ? await create(company, type, count, pools) : await insert(owner, type, count, pools),
    )
  }
  for (const type of recordTypes()) {
    await scatter(owner, type, pools, began)
    // Who reads what is filled is the administrator.
    const own = type.seen && type.fields.get('userId')
    if (own) await owner.rows(`UPDATE ${type.table} SET ${own.column} = $1 WHERE ${OWN}`, uuidIn(company.adminUserId))
  }
  for (const type of recordTypes()) {
    // Without statistics PostgreSQL takes every table for empty and joins thirty rows of six tables in all their combinations.
    if (analyse) await owner.rows(`ANALYZE ${type.table}`)
    const rows = await owner.rows<{ id: string }>(`SELECT id FROM ${type.table} WHERE ${OWN} AND deleted_at IS NULL`)
    if (rows.length < count) throw new Error(`There are only ${rows.length} ${type.plural}.`)
  }
  return pools
}

async function create(company: Company, type: RecordType, count: number, pools: Pools): Promise<string[]> {
  const plural = type.plural.charAt(0).toUpperCase() + type.plural.slice(1)
  const single = type.name.charAt(0).toLowerCase() + type.name.slice(1)
  const ids: string[] = []
  // The second half may refer to the first.
  for (const [from, to] of [
    [0, Math.ceil(count / 2)],
    [Math.ceil(count / 2), count],
  ] as const) {
    const input = Array.from({ length: to - from }, (_, place) => inputOf(type, from + place, pools))
    const data = await company.run<Any>(
      `mutation($input: [Create${type.name}Input!]!) { create${plural}(input: $input) { results { ${single} { id } userErrors { code message field } } userErrors { code message } } }`,
      { input },
    )
    const { results } = data[`create${plural}`]
    const wrong = results.flatMap((one: Any) => one.userErrors)
    if (wrong.length > 0) throw new Error(`create${plural}: ${JSON.stringify(wrong.slice(0, 3))}`)
    ids.push(...results.map((one: Any) => one[single].id))
    pools.set(type.name, ids)
  }
  return ids
}

/** What columns that only the server writes take, where their kinds do not say it. */
const WRITTEN: Record<string, (i: number, pools: Pools) => Record<string, unknown>> = {
  Suppression: (i, pools) => {
    const list = i % 2 ? pools.get('TargetList')?.[i % 7] : undefined
    return { scope: list ? 'LIST' : 'ALL', targetListId: list ?? null }
  },
  Job: () => ({ kind: 'TEST', dailyAt: null, errorCode: null }),
  Account: (i) => ({
    rfmRecency: (i % 5) + 1,
    rfmFrequency: ((i + 1) % 5) + 1,
    rfmMonetary: ((i + 2) % 5) + 1,
    rfmScore: 3 + (i % 13),
  }),
  LeadCaptureSubmission: () => ({ errorCode: null }),
  SocialPost: (i) => ({
    status: i % 3 ? 'PUBLISHED' : 'FAILED',
    publishedAt: i % 3 ? `2026-03-0${(i % 6) + 1}T10:00:00Z` : null,
    failureCode: i % 3 ? null : 'REFUSED',
  }),
  TrackingLink: (i) => ({ token: String(i).padStart(32, '0'), url: `https://www.example.com/${i}` }),
  CareExecution: (i) => ({
    period: `20${10 + i}`,
    status: i % 2 ? 'SENT' : 'SKIPPED',
    reason: i % 2 ? null : ['NO_OWNER', 'COOLDOWN', 'CONSENT'][i % 3],
  }),
  // None waits: a sender of another test would take it.
  EmailMessage: (i) => ({
    to: `person.${i}@mail.example`,
    status: ['SENT', 'DELIVERED', 'FAILED', 'SUPPRESSED', 'BOUNCED_HARD'][i % 5],
  }),
  // None waits: what a waiting move takes along is no field.
  Opportunity: () => ({ pendingStageId: null }),
  // What was received is not more than was agreed on, and only counter-entries are less than nothing.
  Contract: (i) => ({ receivedAmount: { amount: '0' }, rate: `1.${i % 4}5` }),
  // One of a deal at most is accepted.
  Quote: (i) => ({
    status: ['DRAFT', 'SENT', 'DECLINED', 'VOID'][i % 4],
    revision: 1 + (i % 3),
    rate: `1.${i % 4}5`,
    totalBase: String(i % 7),
    subtotal: { amount: `${10 + (i % 5)}` },
    discount: { amount: `${i % 3}` },
  }),
  Order: (i) => ({
    rate: `1.${i % 4}5`,
    totalBase: String(i % 7),
    subtotal: { amount: `${10 + (i % 5)}` },
    discount: { amount: `${i % 3}` },
  }),
  OrderLine: () => ({ fulfilledQty: '0' }),
  ReceiptPlan: () => ({ receivedAmount: { amount: '0' } }),
  Receipt: (i) => ({
    number: `R-${i}`,
    rate: `1.${i % 4}5`,
    creditAmount: { amount: '0' },
    refundedAmount: { amount: '0' },
    reversesId: null,
  }),
  Refund: (i) => ({ number: `F-${i}` }),
  Workflow: (i) => ({ hookToken: `token${i}`.padEnd(22, 'x'), enabled: i % 2 === 0 }),
  WorkflowVersion: (i) => ({
    number: i + 1,
    principal: 'SYSTEM',
    runAsId: null,
    maxDepth: 1 + (i % 8),
    timeOfDay: i % 2 ? '09:30' : null,
    steps: [{ key: 'wait', action: 'WAIT', minutes: 5 }],
  }),
  // None that is due.
  WorkflowRun: (i) => ({
    status: ['COMPLETED', 'FAILED', 'CANCELLED'][i % 3],
    eventKey: `event ${i}`,
    depth: 1 + (i % 8),
    position: i % 3,
    errorCode: i % 3 === 1 ? 'NOT_FOUND' : null,
    dueAt: null,
  }),
  StepRun: (i) => ({ position: i, status: ['COMPLETED', 'FAILED'][i % 2], errorCode: i % 2 ? 'NOT_FOUND' : null }),
  ApprovalFlowVersion: (i) => ({ number: i + 1, steps: [{ name: TEXTS[i % 6], source: 'MANAGER' }] }),
  // What waits locks its record and shares it.
  ApprovalInstance: (i) => ({
    status: ['APPROVED', 'REJECTED', 'WITHDRAWN', 'CANCELLED'][i % 4],
    currentStep: 1 + (i % 3),
  }),
  // Each names what its audience asks for: these nothing, or something that went.
  FeedPost: (i) => ({
    audience: ['ALL', 'TEAM', 'DEPARTMENT', 'USERS'][i % 4],
    teamId: null,
    departmentId: null,
    recordId: null,
    objectType: null,
    commentCount: i % 5,
  }),
  Notification: (i) => ({ type: ['TEST', 'OTHER'][i % 2], groupKey: `group ${i}`, count: 1 + (i % 4) }),
  ApprovalTask: (i) => ({ status: ['APPROVED', 'REJECTED', 'TRANSFERRED', 'CANCELLED'][i % 4], step: 1 + (i % 3) }),
  // By its references, as above.
  SalesTarget: (i) => ({ scopeType: ['COMPANY', 'DEPARTMENT', 'USER'][i % 3] }),
  ForecastAdjustment: (i) => ({
    category: ['COMMIT', 'BEST_CASE', 'PIPELINE'][i % 3],
    periodType: 'MONTH',
    periodStart: nthMonth(i),
  }),
  ForecastSnapshot: (i) => ({ category: ['COMMIT', 'BEST_CASE', 'PIPELINE', 'CLOSED'][i % 4], month: nthMonth(i % 6) }),
  Case: (i) => ({ archivedAt: null, archiveReason: null, satisfaction: 1 + (i % 5), number: `C-${i}` }),
  CaseMilestone: (i) => ({ minutes: 10 + (i % 6) }),
  KnowledgeArticle: (i) => ({ status: ['DRAFT', 'PUBLISHED', 'ARCHIVED'][i % 3] }),
  // Answered or not as a whole.
  SurveyResponse: (i) =>
    i % 3
      ? { score: i % 6, respondedAt: new Date(Date.UTC(2026, 0, 1 + i)).toISOString() }
      : { score: null, respondedAt: null },
  ArticleVersion: (i) => ({ number: i + 1, status: ['PUBLISHED', 'SUPERSEDED', 'REJECTED'][i % 3] }),
  // An approved one has a company and an end.
  CustomerRegistration: (i) => ({ status: ['SUBMITTED', 'REJECTED', 'EXPIRED', 'REVOKED'][i % 4] }),
}

/** A value as its column takes it from JSON. */
function columnValue(field: Field, value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (field.kind === 'money') return String(parseMoney((value as { amount: string }).amount))
  if (field.kind === 'id') return uuidIn(value as string)
  return value
}

/** Columns that the database computes. */
async function computedColumns(owner: Owner, { table }: RecordType): Promise<Set<string>> {
  const generated = await owner.rows<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'ALWAYS'`,
    table,
  )
  return new Set(generated.map(({ name }) => name))
}

/** Rows of a type that nobody makes through the API, as the owner. */
async function insert(owner: Owner, type: RecordType, count: number, pools: Pools): Promise<string[]> {
  const there = await owner.rows<{ id: string }>(`SELECT id FROM ${type.table} WHERE ${OWN} ORDER BY id`)
  const kept = /^(id|version|createdAt|updatedAt|deletedAt|createdById|updatedById)$/
  const computed = await computedColumns(owner, type)
  const own = [...type.fields.values()].filter(({ name, column }) => !kept.test(name) && !computed.has(column))
  const bytes = await owner.rows<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 AND data_type = 'bytea'`,
    type.table,
  )
  // What must be there and no client sees.
  const needed = await owner.rows<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 AND data_type = 'text' AND is_nullable = 'NO' AND column_default IS NULL AND is_generated = 'NEVER' AND NOT column_name = ANY ($2)`,
    type.table,
    own.map(({ column }) => column),
  )
  for (let i = there.length; i < count; i++) {
    const written = { ...WRITTEN[type.name]?.(i, pools), ...(ONE_OF[type.name] ? oneOf(type.name, i, pools) : {}) }
    const values = own.map((field, k) => {
      const as = { ...field, required: !field.nullable }
      // The type goes with the id.
      if (type.any && field.name === 'objectType' && !('recordId' in written)) {
        const id = referenceOf(type, type.fields.get('recordId') as Field, 0, i, pools)
        return id && recordTypeOfPrefix(decodeId(id)!.prefix)!.name
      }
      const value = columnValue(
        field,
        field.name in written
          ? written[field.name]
          : field.kind === 'id'
            ? referenceOf(type, as, k, i, pools)
            : ithValue(type, as, i),
      )
      // What the company itself defined is empty, and not nothing.
      if (field.kind === 'custom') return '{}'
      // pg takes a list for an array of the database.
      return field.kind === 'objects' ? JSON.stringify(value) : value
    })
    const columns = [...own.map(({ column }) => `"${column}"`), ...[...bytes, ...needed].map(({ name }) => name)]
    const places = [
      ...own.map(({ kind }, at) => `$${at + 1}::${PG_TYPE[kind]}`),
      ...[...bytes, ...needed].map((_, at) => `$${own.length + at + 1}`),
    ]
    await owner.rows(
      `INSERT INTO ${type.table} (tenant_id, ${columns.join(', ')}) VALUES (atrium.tenant_id(), ${places.join(', ')}) ON CONFLICT DO NOTHING`,
      ...values,
      ...bytes.map(() => randomBytes(32)),
      ...needed.map(({ name }) => (written[name] as string | undefined) ?? randomBytes(16).toString('hex')),
    )
  }
  const rows = await owner.rows<{ id: string }>(`SELECT id FROM ${type.table} WHERE ${OWN} ORDER BY created_at, id`)
  return rows.map(({ id }) => idOf(type.name, id))
}

/** Values in the columns that only the server writes, as the owner; columns that the database computes stay. */
async function scatter(owner: Owner, type: RecordType, pools: Pools, began: Set<string>): Promise<void> {
  const computed = await computedColumns(owner, type)
  const fields = [...type.fields.values()].filter(
    ({ name, write, column, relation, nullable, kind }) =>
      write === 'never' &&
      !computed.has(column) &&
      // What is merged is not live.
      !/^(id|version|updatedAt|deletedAt|objectType|recordId|key|mergedIntoId|recurrenceOfId)$/.test(name) &&
      !/^(createdBy|updatedBy)$/.test(relation ?? '') &&
      !ONE_OF[type.name]?.includes(name) &&
      !(kind === 'id' && !nullable),
  )
  if (fields.length === 0) return
  // What somebody owns lies in no pool.
  const pool = fields.find(({ target }) => target === 'Pool' && type.owners.length > 0)
  const rows = await owner.rows<{ id: string }>(`SELECT id FROM ${type.table} WHERE ${OWN} ORDER BY id`)
  const values = rows
    .filter(({ id }) => !began.has(id))
    .map(({ id }, i) => {
      const written = WRITTEN[type.name]?.(i, pools) ?? {}
      const of = (field: Field, k: number) => {
        if (field.name in written) return written[field.name]
        const as = { ...field, required: !field.nullable }
        return field.kind === 'id' ? referenceOf(type, as, k, i, pools) : ithValue(type, as, i)
      }
      return { id, ...Object.fromEntries(fields.map((one, k) => [one.column, columnValue(one, of(one, k))])) }
    })
  await owner.rows(
    `UPDATE ${type.table} t SET ${fields.map(({ column }) => `"${column}" = x."${column}"`).join(', ')}
 FROM json_to_recordset($1::json) AS x(id uuid, ${fields.map(({ column, kind }) => `"${column}" ${PG_TYPE[kind]}`).join(', ')}) WHERE t.${OWN} AND t.id = x.id`,
    JSON.stringify(pool ? values.map((one) => ({ ...one, [pool.column]: null })) : values),
  )
  if (pool)
    await owner.rows(
      `UPDATE ${type.table} t SET ${pool.column} = (SELECT id FROM pool WHERE ${OWN} ORDER BY id LIMIT 1) WHERE t.${OWN} AND t.owner_id IS NULL`,
    )
}
