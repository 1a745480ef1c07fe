import { datamodel } from '../../prisma/generated/datamodel.ts'
import '../../src/schema/index.ts'
import { type Field, type Kind, type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { ANY } from '../../src/read/values.ts'
import { type Check, foreignKeys, indexes, rows, tenantTables } from './tables.ts'

/** Types of the columns that may hold a kind. */
const COLUMN_TYPES: Record<Kind, RegExp> = {
  id: /^uuid$/,
  text: /^text$/,
  choice: /^text$/,
  boolean: /^boolean$/,
  int: /^integer$/,
  decimal: /^(numeric\(\d+,\d+\)|double precision)$/,
  money: /^bigint$/,
  date: /^date$/,
  datetime: /^timestamp\(3\) with time zone$/,
  email: /^text$/,
  phone: /^text$/,
  url: /^text$/,
  currency: /^text$/,
  country: /^text$/,
  texts: /^text\[\]$/,
  object: /^jsonb$/,
  objects: /^jsonb$/,
  json: /^jsonb$/,
  custom: /^jsonb$/,
}
/** Columns of record tables that no field shows, and why. */
const HIDDEN: Record<string, string> = {
  'approval_instance.round': 'stands in its tasks',
  'approval_instance.chosen_ids': 'become its tasks',
  'approval_instance.snapshot': 'shown by a resolver, which leaves out what is hidden',
  'approval_instance.decided_snapshot': 'shown by a resolver, which leaves out what is hidden',
  'opportunity.pending_move': 'waits for an approval; what it will be, pendingStage says',
  'contract.amount_base': 'shown by a resolver, in the company’s currency',
  'receipt.amount_base': 'shown by a resolver, in the company’s currency',
  'case_milestone.fired_step_ids': 'keeps a step of an escalation from being taken twice',
  'case_queue.last_member_id': 'says whose turn is next',
  'email_blast.cursor_id': 'says how far the lists were read',
  'email_blast.expanded_at': 'says that the lists were read to their end',
  'email_message.address_hash': 'recognises an address',
  'email_message.next_attempt_at': 'is the sender’s own',
  'email_message.order_key': 'keeps a mail from being ordered twice',
  'suppression.address_hash': 'recognises an address',
  'tracking_link.token': 'opens the link for whoever has it',
  'todo_item.source_id': 'is the row that the to-do comes from',
  'todo_item.shown_from': 'is the later of showAt and snoozedUntil',
  'workflow_run.event_key': 'keeps a workflow from running twice for what happened',
  'workflow_run.state': 'is what its steps hand on',
  'workflow_run.payload': 'is what a webhook sent, for the steps alone',
  'workflow_run.chain': 'says what caused it, for the guard against loops',
  'contract.auto_renewed_at': 'keeps a contract from being renewed twice by itself',
  tenant_id: 'comes from the credential alone',
  search_text: 'is searched, not read',
  deleted_by: 'stands in the changes',
  'api_key.key_hash': 'proves a key',
  'customer_registration.name_key': 'recognises a customer',
  'customer_registration.tax_key': 'recognises a customer',
  'customer_registration.phone_key': 'recognises a customer',
  'job.input': 'is read by the code of its kind only',
  'job.state': 'is read by the code of its kind only',
  'job.key': 'keeps a job from being ordered twice',
  'lead_conversion.trace':
    'what it takes to undo a conversion; says what stood in records that a reader of the lead may not see',
  'attachment.file_id': 'is where the bytes lie, the server’s own',
  'record_share.principal_id': 'is whichever of user, team, department and role is set',
  'owner_quota.principal_id': 'is whichever of user, role and department is set',
  'account_relation.pair_key': 'says the two companies again, whichever is named first',
  'pool_member.principal_id': 'is whichever of user and department is set',
  'sales_target.scope_id': 'is whichever of user and department is set, else the tenant',
}
/** Unique indexes that are no key of the record type, and why. */
const NO_KEYS: Record<string, string> = {
  campaign_member_account_key: 'of three references one is set, which no key of a type can say',
  campaign_member_contact_key: 'of three references one is set, which no key of a type can say',
  campaign_member_lead_key: 'of three references one is set, which no key of a type can say',
  target_list_member_contact_key: 'of two references one is set, which no key of a type can say',
  target_list_member_lead_key: 'of two references one is set, which no key of a type can say',
  feed_post_user_key: 'nobody makes them but the server, with the post',
  feed_mention_key: 'nobody makes them but the server, with what names somebody',
  feed_reaction_key: 'nobody makes them but react, which finds its own',
  care_execution_contact_key: 'of two references one is set, which no key of a type can say',
  care_execution_account_key: 'of two references one is set, which no key of a type can say',
  email_message_blast_address_key: 'nobody makes mails but the server, one for each address',
  email_message_order_key: 'keeps a mail from being ordered twice',
  suppression_address_key: 'a hash that no client sees',
  suppression_list_key: 'a hash that no client sees',
  tracking_link_token_key: 'a token that the server makes',
  tracking_link_url_key: 'nobody makes links but the server, one for each address of a mass mail',
  service_case_number_key: 'numbers are given by rule, or refused as NUMBER_TAKEN; other systems have externalId',
  case_milestone_open_key: 'nobody makes milestones but the clock of a case',
  notification_group_key: 'nobody makes notifications but the server, which counts one up',
  todo_item_kind_source_user_key: 'nobody makes to-dos but their sources',
  article_version_article_id_number_key: 'nobody makes versions but reviseArticle',
  article_version_review_key: 'says that one version is in review, not which',
  return_visit_number_key: 'numbers are given by rule, or refused as NUMBER_TAKEN; other systems have externalId',
  task_recurrence_of_id_key: 'says that a task is followed by one',
  approval_instance_pending_key: 'of those that wait alone: a record waits once',
  approval_flow_version_flow_id_number_key: 'nobody makes versions but publishApprovalFlow',
  workflow_version_workflow_id_number_key: 'nobody makes versions but publishWorkflow',
  workflow_run_event_key: 'says that a workflow runs once for what happened; nobody makes runs but the server',
  workflow_step_run_position_key: 'says that a step of a run is done once',
  workflow_hook_token_key: 'a token that the server makes; nobody has one to upsert by',
  api_key_key_hash_key: 'a hash that no client sees',
  job_key_key: 'keeps a job from being ordered twice; a client orders none by it',
  lead_capture_form_key_key: 'a key that the server makes; nobody has one to upsert by',
  contract_number_key: 'numbers are given by rule, or refused as NUMBER_TAKEN; other systems have externalId',
  invoice_number_key: 'as of contracts',
  receipt_number_key: 'as of contracts',
  refund_number_key: 'as of contracts',
  receipt_reverses_id_key: 'says that a receipt is reversed once, not which it is',
  pipeline_default_key: 'says that one pipeline is the default, not which',
  activity_link_activity_id_object_type_record_id_key: 'a link has nothing to upsert',
  task_link_task_id_object_type_record_id_key: 'a link has nothing to upsert',
  tag_link_tag_id_object_type_record_id_key: 'a link has nothing to upsert',
  segment_member_segment_id_object_type_record_id_key: 'a link has nothing to upsert',
  account_relation_pair_key: 'the two may be named either way round, which no key of a type can say',
  record_share_record_principal_key: 'a share is given and taken back, not upserted',
  owner_quota_object_principal_key: 'of three references one is set, which no key of a type can say',
  sales_order_number_key: 'numbers are given by rule, or refused as NUMBER_TAKEN; other systems have externalId',
  quote_number_revision_key: 'a revision is made of the one before, not upserted',
  quote_accepted_key: 'says that one quote of a deal is accepted, not which',
  price_book_standard_key: 'says that one book is the standard of its currency, not which',
  survey_response_case_key: 'most answers are about no case, which no key of a type can say',
  price_book_entry_key: 'days that are not given count as a value, which no key of a type can say',
  number_rule_object_key: 'says that one rule of a type is in use, not which',
  opportunity_stage_history_open_key: 'says that a deal stands in one stage, not which stay it is',
  pool_default_key: 'says that one pool of an object is the default, not which',
  pool_member_pool_principal_key: 'of two references one is set, which no key of a type can say',
  sales_target_scope_period_key: 'of two references one is set or none, which no key of a type can say',
}
/** References to users that no relation shows. */
const NO_RELATION: Record<string, string> = { deleted_by: 'stands in the changes' }

interface Column {
  column: string
  type: string
  udt: string
  nullable: boolean
  fallback: boolean
  generated: boolean
  /** Of a generated column or a default. */
  expression: string | null
  checks: string[]
}

const COLUMNS = `SELECT a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, t.typname AS udt, NOT a.attnotnull AS nullable,
  pg_get_expr(d.adbin, d.adrelid) AS expression,
  (d.oid IS NOT NULL AND a.attgenerated = '') OR a.attidentity <> '' AS fallback, a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
  ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]) AS checks
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

/** The columns that a field stands for: one, or two for a link to a record of any type. */
const columnsOf = (type: RecordType, field: Field) =>
  field.target === ANY && type.any ? [type.any.idColumn, type.any.typeColumn] : [field.column]

/** Fields against columns, both ways: names, types, what may be null, the values of choices. */
export const fieldsAndColumns: Check = async (client) => {
  const problems: string[] = []
  const tables = new Map(recordTypes().map((type) => [type.table, type]))
  for (const type of recordTypes()) {
    const columns = new Map((await rows<Column>(client, COLUMNS, [type.table])).map((one) => [one.column, one]))
    const shown = new Set([...type.fields.values()].flatMap((field) => columnsOf(type, field)))
    for (const column of columns.keys()) {
      if (shown.has(column) || Object.hasOwn(HIDDEN, column) || Object.hasOwn(HIDDEN, `${type.table}.${column}`))
        continue
      problems.push(`${type.table}.${column} is no field of ${type.name}`)
    }
    for (const field of type.fields.values()) {
      const column = columns.get(field.column)
      const name = `${type.name}.${field.name}`
      if (!column) {
        problems.push(`${name} has no column ${type.table}.${field.column}`)
        continue
      }
      if (!COLUMN_TYPES[field.kind].test(column.type))
        problems.push(`${name} is ${field.kind} and its column ${column.type}`)
      if (field.nullable !== column.nullable)
        problems.push(`${name} ${field.nullable ? 'may be null' : 'is never null'}, its column disagrees`)
      if (field.required && column.nullable) problems.push(`${name} is required and its column may be null`)
      if (field.kind !== 'choice') continue
      const values = Object.keys(field.choice?.values ?? {}).sort()
      const allowed = column.checks.map((check) =>
        [...check.matchAll(/'([^']*)'::text/g)].map(([, value]) => value).sort(),
      )
      if (!allowed.some((one) => one.join() === values.join()))
        problems.push(`${name} knows ${values.join()}, its column ${allowed.join(' and ') || 'anything'}`)
    }
    // What a viewer may not see is left out of their searches field by field, so the list must be whole.
    const words: readonly string[] = columns.get('search_text')?.expression?.match(/\w+/g) ?? []
    const searched = [...columns.keys()].filter((column) => words.includes(column)).sort()
    const declared = type.searched.map((name) => type.fields.get(name)?.column ?? name).sort()
    if (searched.join() !== declared.join())
      problems.push(`${type.name} searches ${declared.join() || 'nothing'}, its table ${searched.join() || 'nothing'}`)
    if (type.any && !(columns.has(type.any.typeColumn) && columns.has(type.any.idColumn)))
      problems.push(`${type.name} lacks the columns of its link`)
  }
  // A table that counts versions is a record's.
  for (const { name } of await tenantTables(client)) {
    const columns = (await rows<Column>(client, COLUMNS, [name])).map(({ column }) => column)
    if (columns.includes('version') !== tables.has(name))
      problems.push(
        `${name} is ${tables.has(name) ? 'the table of a record type and counts no versions' : 'a record table without record type'}`,
      )
  }
  return problems
}

/** Ways to one record against foreign keys, both ways; ways to many lead over ways to one. */
export const relationsAndKeys: Check = async (client) => {
  const problems: string[] = []
  const keys = await foreignKeys(client)
  const typeOf = new Map(recordTypes().map((type) => [type.table, type]))
  for (const type of recordTypes()) {
    const own = keys.filter(({ name, target }) => name === type.table && target !== 'tenant')
    for (const relation of type.relations.values()) {
      const name = `${type.name}.${relation.name}`
      if (relation.kind === 'one') {
        const { table } = recordType(relation.target)
        const held = own.some(
          ({ target, columns, targets }) =>
            target === table && columns.join() === `tenant_id,${relation.column}` && targets.join() === 'tenant_id,id',
        )
        if (!held) problems.push(`${name} has no foreign key (tenant_id, ${relation.column}) to ${table}`)
        continue
      }
      // What is attached points at its record itself.
      if (relation.kind === 'linked' && relation.link === relation.target) continue
      const [holder, column] =
        relation.kind === 'many' ? [relation.target, relation.column] : [relation.link, relation.far]
      if (!keys.some((key) => key.name === recordType(holder).table && key.columns.join() === `tenant_id,${column}`))
        problems.push(`${name} leads over ${holder}.${column}, which is no foreign key`)
    }
    const ways = new Set(
      [...type.relations.values()].flatMap((relation) => (relation.kind === 'one' ? [relation.column] : [])),
    )
    for (const { constraint, target, columns } of own) {
      const column = columns.at(-1) as string
      if (typeOf.has(target) && !ways.has(column) && !Object.hasOwn(NO_RELATION, column))
        problems.push(`${type.table}: foreign key ${constraint} is no relation of ${type.name}`)
    }
  }
  return problems
}

/** What scopes are measured by: owners are users, and access is inherited over ways that the decision knows, from records that have owners themselves. */
export const ownersAndInheritance: Check = async () => {
  const problems: string[] = []
  for (const type of recordTypes()) {
    for (const name of type.owners) {
      const field = type.fields.get(name)
      if (field?.kind !== 'id' || field.target !== 'User')
        problems.push(`${type.name} is owned by ${name}, which is no reference to a user`)
    }
    if (type.inherits.size > 0 && type.owners.length === 0)
      problems.push(`${type.name} inherits access and has no owner`)
    for (const name of type.inherits.keys()) {
      const relation = type.relations.get(name)
      const target = relation && recordType(relation.target)
      const known =
        relation?.kind === 'many'
          ? target?.any
          : (relation?.kind === 'one' || relation?.kind === 'through') && target && target.owners.length > 0
      if (!known) problems.push(`${type.name} inherits access over ${name}, which the decision does not follow`)
    }
  }
  return problems
}

/** Natural keys against unique indexes among live records, both ways. */
export const keysAndIndexes: Check = async (client) => {
  const problems: string[] = []
  const all = await indexes(client)
  for (const type of recordTypes()) {
    const own = all.filter(({ table, unique, primary }) => table === type.table && unique && !primary)
    const wanted = new Map(
      [...type.unique].map(([name, fields]) => [
        name,
        ['tenant_id', ...fields.map((field) => type.fields.get(field)?.column ?? field)].join(),
      ]),
    )
    for (const [name, columns] of wanted) {
      if (!own.some((index) => index.columns.join() === columns))
        problems.push(`${type.name} has a key ${name} and no unique index (${columns})`)
    }
    for (const { name, columns } of own) {
      if (![...wanted.values()].includes(columns.join()) && !Object.hasOwn(NO_KEYS, name))
        problems.push(`${type.table}: unique index ${name} is no key of ${type.name}`)
    }
  }
  return problems
}

/** PostgreSQL's name of a type as prisma/schema says it. */
function typeOf({ type, nativeType, list }: { type: string; nativeType: string | null; list: boolean }): string {
  const plain: Record<string, string> = {
    String: 'text',
    Boolean: 'bool',
    Int: 'int4',
    BigInt: 'int8',
    Float: 'float8',
    Decimal: 'numeric',
    DateTime: 'timestamp',
    Json: 'jsonb',
    Bytes: 'bytea',
  }
  const native: Record<string, string> = {
    Uuid: 'uuid',
    Timestamptz: 'timestamptz',
    Date: 'date',
    SmallInt: 'int2',
    Decimal: 'numeric',
  }
  return `${list ? '_' : ''}${nativeType ? (native[nativeType] ?? nativeType) : (plain[type] ?? type)}`
}

/** prisma/schema against what the migrations make: tables, keys, columns, types, what may be null, what has a default. */
export const drift: Check = async (client) => {
  const problems: string[] = []
  const tables = new Set((await tenantTables(client)).map(({ name }) => name))
  const models = Object.entries(datamodel) as [string, (typeof datamodel)[keyof typeof datamodel]][]
  for (const table of tables)
    if (!models.some(([, model]) => model.table === table)) problems.push(`table ${table} has no model`)
  for (const [name, model] of models) {
    if (!tables.has(model.table)) {
      problems.push(`model ${name} has no table ${model.table}`)
      continue
    }
    const columns = new Map((await rows<Column>(client, COLUMNS, [model.table])).map((one) => [one.column, one]))
    const fields = Object.values(model.fields) as {
      column: string
      type: string
      nativeType: string | null
      list: boolean
      nullable: boolean
      hasDefault: boolean
      generated: boolean
    }[]
    for (const column of columns.keys())
      if (!fields.some((field) => field.column === column))
        problems.push(`${model.table}.${column} is not in model ${name}`)
    for (const field of fields) {
      const column = columns.get(field.column)
      const said = `${name} (${model.table}.${field.column})`
      if (!column) {
        problems.push(`${said} has no column`)
        continue
      }
      if (column.udt !== typeOf(field))
        problems.push(`${said} is ${typeOf(field)} in the schema and ${column.udt} in the database`)
      if (column.nullable !== field.nullable)
        problems.push(`${said} may ${field.nullable ? '' : 'not '}be null in the schema only`)
      if (column.generated !== field.generated)
        problems.push(`${said} is ${field.generated ? '' : 'not '}generated in the schema only`)
      // Prisma knows no generated columns: a default stands for one that is never null.
      if (!column.generated && column.fallback !== field.hasDefault)
        problems.push(`${said} has ${field.hasDefault ? 'a' : 'no'} default in the schema only`)
    }
    const [key] = await rows<{ columns: string[] }>(
      client,
      `SELECT ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(num, place) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.place) AS columns
       FROM pg_constraint k WHERE k.conrelid = to_regclass($1) AND k.contype = 'p'`,
      [model.table],
    )
    const wanted = model.key.map((field) => (model.fields as Record<string, { column: string }>)[field]?.column)
    if (key?.columns.join() !== wanted.join())
      problems.push(`${name} is keyed by ${wanted.join()} in the schema and by ${key?.columns.join()} in the database`)
  }
  return problems
}

/** Every check of the declarations against the database, by name. */
export const DECLARED = {
  fieldsAndColumns,
  relationsAndKeys,
  ownersAndInheritance,
  keysAndIndexes,
  drift,
} satisfies Record<string, Check>
