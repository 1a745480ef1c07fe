import { APP, allTables, type Check, eachTable, NAME, OURS, rows, SHARED } from './tables.ts'

/** The role that looks from a credential to its tenant, and what it may read. */
export const LOGIN = 'atrium_login'
const LOGIN_READS: Record<string, string[]> = {
  tenant: ['id', 'slug'],
  email_message: ['tenant_id', 'status', 'next_attempt_at', 'deleted_at'],
  webhook_delivery: ['tenant_id', 'status', 'next_attempt_at'],
  api_key: ['tenant_id', 'key_hash', 'deleted_at'],
  attachment: ['tenant_id', 'record_id', 'updated_at'],
  change_commit: ['tenant_id'],
  change_counter: ['tenant_id', 'last_sequence'],
  handover_job: ['tenant_id', 'status'],
  import_run: ['tenant_id', 'import_id', 'lease_until'],
  job: ['tenant_id', 'status', 'run_at'],
  lead_capture_form: ['tenant_id', 'key', 'deleted_at'],
  mail: ['tenant_id', 'status', 'next_attempt_at'],
  permission_request: ['tenant_id', 'status', 'granted_until'],
  session: ['tenant_id', 'id'],
  social_delivery: ['tenant_id', 'due_at'],
  stored_file: ['tenant_id', 'status'],
  workflow: ['tenant_id', 'hook_token', 'deleted_at'],
  workflow_call: ['tenant_id', 'next_attempt_at'],
  workflow_cursor: ['tenant_id', 'last_sequence'],
}
/** The role that looks for parts of names by index, and what it may read of the tables that have such an index. Its functions name the tenant. */
export const SEARCH = 'atrium_search'
const SEARCH_READS = ['tenant_id', 'id', 'search_text', 'deleted_at']
/** Tables of which a company may have many rows: each has the index <table>_search_idx and the function atrium.search_<table>. */
export const SEARCHED = [
  'account',
  'activity',
  'app_user',
  'contact',
  'knowledge_article',
  'lead',
  'opportunity',
  'product',
  'task',
]
/** Functions that look across tenants on purpose: they answer a secret, or a company's name, with a tenant's id and nothing else. */
export const ACROSS_TENANTS: Record<string, string> = {
  tenant_of_slug: 'sign-in names the company by its slug',
  tenant_of_key: 'an API key arrives before its tenant is known',
  tenants_with_mail: 'the sender of mail works for all tenants, one after the other',
  tenants_with_handover: 'the worker of hand-overs does so, too',
  tenants_with_jobs: 'the runner of jobs does, too',
  tenants_with_imports: 'the worker of imports does, too',
  tenants_with_email: 'the sender of mails to customers does, too',
  tenants_with_webhooks: 'the sender of webhooks does, too',
  tenants_with_files: 'the sweeper of files does, too',
  tenants_with_changes: 'who starts workflows by changes does, too',
  tenants_with_calls: 'the sender of what workflows send does, too',
  tenants_with_social: 'the worker of posts to social networks does, too',
  tenants_with_access_work: 'the periodic work on requests and grants does, too',
  tenant_of_form: 'a form’s page names its key and nothing else',
  tenant_of_hook: 'what is sent to a workflow names its token and nothing else',
  tenant_of_session: 'a refresh token names its session and arrives before its tenant is known',
}
/** Functions that work on what belongs to no tenant, and why there is such a thing; they touch no table of tenants. */
export const WITHOUT_TENANT: Record<string, string> = {
  count_attempt: 'an attempt at a company that does not exist is counted like any other',
  forgive_attempt: 'undoes what count_attempt counted',
}
/** Tables of no tenant that the login role alone may write, through those functions. */
const LOGIN_WRITES: Record<string, string[]> = {
  'atrium.sign_in_attempt': ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
}
/** Tables that the application only adds to, or does not write at all: privileges it must not have, and why. */
const NOT_WRITTEN: Record<string, { never: string[]; why: string }> = {
  change: { never: ['UPDATE', 'DELETE'], why: 'what happened stays as it happened' },
  change_counter: { never: ['INSERT', 'UPDATE', 'DELETE'], why: 'atrium.number_changes() alone counts' },
  change_commit: { never: ['UPDATE', 'DELETE'], why: 'atrium.draw_ordinal() alone orders the commits' },
  tenant: { never: ['DELETE'], why: 'a company does not remove itself' },
}
/** Columns that the application sets once and never changes, besides keys. */
const SET_ONCE: Record<string, string[]> = {
  '*': ['tenant_id', 'id', 'created_at', 'created_by'],
  attachment: ['file_id', 'content_type', 'size', 'sha256'],
  stored_file: ['size'],
  tenant: ['slug', 'status', 'plan', 'region', 'storage_quota'],
}
const CANONICAL = (column: string) =>
  `(${column} = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))`

/** Each tenant table has the one policy, for reading and writing; the login role and the search role may have their own. */
export const policies = eachTable(async (client, { oid, name, tenant }) => {
  const found = await rows<{
    name: string
    permissive: boolean
    cmd: string
    roles: string[]
    using: string | null
    check: string | null
  }>(
    client,
    `SELECT polname AS name, polpermissive AS permissive, polcmd::text AS cmd, ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r)::text END FROM unnest(polroles) r) AS roles,
       pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS check FROM pg_policy WHERE polrelid = $1`,
    [oid],
  )
  const wanted = CANONICAL(tenant)
  const problems: string[] = []
  if (!found.some((one) => one.permissive && one.cmd === '*' && one.roles.join() === 'public'))
    problems.push(`${name} has no policy for all commands and roles`)
  for (const policy of found) {
    const login =
      policy.roles.join() === LOGIN && policy.cmd === 'r' && policy.using === 'true' && Object.hasOwn(LOGIN_READS, name)
    const search =
      policy.roles.join() === SEARCH && policy.cmd === 'r' && policy.using === 'true' && SEARCHED.includes(name)
    if (login || search) continue
    if (policy.using !== wanted) problems.push(`${name}: USING of policy ${policy.name} is ${policy.using}`)
    if (policy.check !== wanted) problems.push(`${name}: WITH CHECK of policy ${policy.name} is ${policy.check}`)
  }
  return problems
})

/** What the application may do with each table and column, and that nobody else may do anything. */
export const grants: Check = async (client) => {
  const problems: string[] = []
  const tables = await allTables(client)
  // MAINTAIN came with PostgreSQL 17.
  const [{ version } = { version: 0 }] = await rows<{ version: number }>(
    client,
    `SELECT current_setting('server_version_num')::int AS version`,
  )
  const never = ['TRUNCATE', 'REFERENCES', 'TRIGGER', ...(version >= 170_000 ? ['MAINTAIN'] : [])]
  const common = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']
  const passed = common.map((privilege) => `${privilege} WITH GRANT OPTION`)
  const held = await rows<{ oid: number; privilege: string }>(
    client,
    `SELECT t.oid, p.privilege FROM unnest($2::oid[]) t(oid) CROSS JOIN unnest($3::text[]) p(privilege)
     WHERE has_table_privilege($1, t.oid, p.privilege)
       OR CASE WHEN p.privilege ~ '^(SELECT|INSERT|UPDATE|REFERENCES)' THEN has_any_column_privilege($1, t.oid, p.privilege) ELSE false END`,
    [APP, tables.map(({ oid }) => oid), [...common, ...never, ...passed]],
  )
  const holds = new Set(held.map(({ oid, privilege }) => `${oid} ${privilege}`))
  for (const { oid, name } of tables) {
    const may = (privilege: string) => holds.has(`${oid} ${privilege}`)
    const shared = Object.hasOwn(SHARED, name)
    const forbidden = shared ? [...common, ...never] : [...never, ...(NOT_WRITTEN[name]?.never ?? [])]
    for (const privilege of forbidden) if (may(privilege)) problems.push(`${APP} may ${privilege} ${name}`)
    for (const privilege of common) {
      if (may(`${privilege} WITH GRANT OPTION`)) problems.push(`${APP} may pass on ${privilege} of ${name}`)
    }
    const columns = await rows<{ column: string }>(
      client,
      `SELECT a.attname AS column FROM pg_attribute a WHERE a.attrelid = $2 AND a.attnum > 0 AND NOT a.attisdropped
         AND (a.attname = ANY ($3) OR a.attnum = ANY ((SELECT conkey FROM pg_constraint WHERE conrelid = $2 AND contype = 'p')::int2[]))
         AND has_column_privilege($1, a.attrelid, a.attnum, 'UPDATE')`,
      [APP, oid, [...(SET_ONCE['*'] ?? []), ...(SET_ONCE[name] ?? [])]],
    )
    for (const { column } of columns) problems.push(`${APP} may UPDATE ${name}.${column}`)
    if (!shared && !may('SELECT')) problems.push(`${APP} may not read ${name}`)
  }
  const others = await rows<{ name: string; column: string | null; role: string; privilege: string }>(
    client,
    `SELECT x.name, x.column, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS role, x.privilege FROM (
       SELECT ${NAME} AS name, NULL AS column, c.relowner, (aclexplode(c.relacl)).grantee, (aclexplode(c.relacl)).privilege_type AS privilege
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OURS}
       UNION ALL
       SELECT ${NAME}, a.attname, c.relowner, (aclexplode(a.attacl)).grantee, (aclexplode(a.attacl)).privilege_type
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid WHERE ${OURS}
     ) x WHERE x.grantee <> x.relowner AND x.grantee <> $1::regrole`,
    [APP],
  )
  for (const { name, column, role, privilege } of others) {
    if (role === LOGIN && privilege === 'SELECT' && column && LOGIN_READS[name]?.includes(column)) continue
    if (role === SEARCH && privilege === 'SELECT' && column && SEARCHED.includes(name) && SEARCH_READS.includes(column))
      continue
    if (role === LOGIN && !column && LOGIN_WRITES[name]?.includes(privilege)) continue
    problems.push(`${role} may ${privilege} ${name}${column ? `.${column}` : ''}`)
  }
  return problems
}

/** The application’s role, those who have it, and the roles that functions run as have no power by which to get around row security. */
export const roles: Check = async (client) => {
  const found = await rows<{
    name: string
    powers: string[]
    login: boolean
    memberOf: string[]
    owns: string
    creates: string[]
  }>(
    client,
    `SELECT r.rolname AS name, r.rolcanlogin AS login,
       array_remove(ARRAY[CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
         CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END], NULL) AS powers,
       ARRAY(SELECT o.rolname::text FROM pg_roles o WHERE o.oid <> r.oid AND o.rolname <> $1 AND pg_has_role(r.oid, o.oid, 'MEMBER')) AS "memberOf",
       (SELECT count(*) FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'
         AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND NOT (r.rolname = ANY ($2) AND d.classid = 'pg_proc'::regclass)) AS owns,
       ARRAY(SELECT n.nspname::text FROM pg_namespace n WHERE ${OURS} AND has_schema_privilege(r.oid, n.oid, 'CREATE')
         UNION ALL SELECT 'the database' WHERE has_database_privilege(r.oid, current_database(), 'CREATE')) AS creates
     FROM pg_roles r WHERE r.rolname = $1 OR r.rolname = ANY ($2) OR r.oid IN (SELECT m.member FROM pg_auth_members m
       WHERE m.roleid IN (SELECT o.oid FROM pg_roles o WHERE o.rolname = $1 OR o.rolname = ANY ($2)) AND m.member <> (SELECT relowner FROM pg_class WHERE oid = 'public.tenant'::regclass))`,
    [APP, [LOGIN, SEARCH]],
  )
  const problems: string[] = []
  // A policy for a role holds for whoever inherits from it, FORCE or not.
  const inheriting = await rows<{ name: string; role: string }>(
    client,
    `SELECT r.rolname AS name, o.rolname AS role FROM pg_roles r JOIN pg_class c ON c.relowner = r.oid CROSS JOIN pg_roles o
     WHERE c.oid = 'public.tenant'::regclass AND o.rolname = ANY ($1) AND NOT r.rolsuper AND pg_has_role(r.oid, o.oid, 'USAGE') ORDER BY 2`,
    [[LOGIN, SEARCH]],
  )
  for (const { name, role } of inheriting) problems.push(`${name}, the owner, inherits what ${role} may see`)
  if (found.length < 3) problems.push(`${APP}, ${LOGIN} or ${SEARCH} is missing`)
  for (const { name, powers, memberOf, owns, creates, login } of found) {
    for (const power of powers) problems.push(`${name} has ${power}`)
    for (const other of memberOf) problems.push(`${name} is a member of ${other}`)
    for (const place of creates) problems.push(`${name} may create things in ${place}`)
    if (owns !== '0') problems.push(`${name} owns ${owns} objects`)
    if ([LOGIN, SEARCH].includes(name) && login) problems.push(`${name} can log in`)
  }
  return problems
}

/** Nothing may be called by everyone; what runs as its owner stays within the tenant that is set. */
export const functions: Check = async (client) => {
  const found = await rows<{
    name: string
    definer: boolean
    owner: string
    config: string[] | null
    public: boolean
    body: string
  }>(
    client,
    `SELECT p.proname AS name, p.prosecdef AS definer, pg_get_userbyid(p.proowner)::text AS owner, p.proconfig AS config, has_function_privilege('public', p.oid, 'EXECUTE') AS public,
       coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS body FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${OURS} AND p.prokind <> 'a'`,
  )
  return found.flatMap(({ name, definer, owner, config, public: everyone, body }) => {
    const problems = everyone ? [`function ${name} may be called by everyone`] : []
    if (!definer) return problems
    if (config?.join() !== 'search_path=pg_catalog, pg_temp')
      problems.push(`function ${name} runs as its owner without a fixed search_path`)
    if (/\bexecute\b/i.test(body)) problems.push(`function ${name} runs as its owner and builds statements`)
    if (Object.hasOwn(ACROSS_TENANTS, name)) {
      if (owner !== LOGIN) problems.push(`function ${name} looks across tenants and belongs to ${owner}`)
    } else if (Object.hasOwn(WITHOUT_TENANT, name)) {
      if (owner !== LOGIN) problems.push(`function ${name} knows no tenant and belongs to ${owner}`)
      if (/\bpublic\./i.test(body)) problems.push(`function ${name} knows no tenant and touches tables of tenants`)
    } else if (owner === SEARCH && !SEARCHED.some((table) => name === `search_${table}`)) {
      problems.push(`function ${name} belongs to ${SEARCH} and does not search a table`)
    } else if (!tenantInside(body)) problems.push(`function ${name} runs as its owner without a tenant predicate`)
    return problems
  })
}

/** Does every table that a function's body names carry the tenant's predicate, or get the tenant's id. */
function tenantInside(body: string): boolean {
  const named = [
    ...body.matchAll(/\b(from|join|update|into)\s+public\.(\w+)(?:\s+(?:as\s+)?(\w+))?\s*(\(\s*tenant_id\b)?/gi),
  ]
  // With one table in the whole body, its columns need no name before them.
  const alone = named.length === 1 && /\bwhere tenant_id = /i.test(body)
  return (
    named.length > 0 &&
    named.every(([, verb, table, alias, first]) =>
      verb?.toLowerCase() === 'into' ? first : alone || new RegExp(`\\b(${table}|${alias})\\.tenant_id = `).test(body),
    )
  )
}

/** Views read as who asks; nothing else that knows no row security exists. */
export const views: Check = async (client) => {
  const found = await rows<{ name: string; kind: string; invoker: boolean }>(
    client,
    `SELECT ${NAME} AS name, c.relkind::text AS kind, coalesce(c.reloptions::text ~ 'security_invoker=(true|on|1)', false) AS invoker
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OURS} AND c.relkind IN ('v', 'm', 'f')`,
  )
  return found
    .filter(({ kind, invoker }) => kind !== 'v' || !invoker)
    .map(({ name, kind }) => (kind === 'v' ? `view ${name} reads as its owner` : `${name} knows no row security`))
}
