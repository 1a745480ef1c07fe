import pg from 'pg'
import { decodeId, encodeId, newId } from '../../src/ids.ts'
import { type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { type Answer, type Any, asking, type Company } from './app.ts'
import { camel, creatable, MADE_BY_VERB, make, ONE_OF } from './factory.ts'

/** A company with one record of every type, all of whose references are filled. */
export interface World {
  company: Company
  /** Id of the record by type. */
  ids: Map<string, string>
  /** Ids that the record refers to, or is referred to by, by `Type.relation`; only those that are there. */
  refs: Map<string, string>
}

/** References that must lead to another record than the others of the same type. */
const OTHER = new Set(['AccountRelation.targetId', 'RecordShare.userId', 'TaskDependency.dependsOnId'])

/** Fills a company: a record of every type that can be made, the first one of the others. */
export async function populate(company: Company): Promise<World> {
  const ids = new Map<string, string>()
  const visit = async (type: RecordType): Promise<string> => {
    const known = ids.get(type.name)
    if (known) return known
    const byVerb = MADE_BY_VERB[type.name]
    if (byVerb) {
      ids.set(type.name, await byVerb(company))
      return ids.get(type.name)!
    }
    if (!creatable(type)) {
      // Some come into being with others, as a stage history does with its opportunity.
      for (const { target } of owners(type))
        if (target !== type.name && creatable(recordType(target))) await visit(recordType(target))
      const data = await company.run(`{ ${type.plural}(first: 1) { nodes { id } } }`)
      const [first] = data[type.plural].nodes
      if (!first) throw new Error(`${company.slug} has no ${type.name}, and none can be made.`)
      ids.set(type.name, first.id)
      return first.id
    }
    // Who has left or has not come yet cannot be given anything.
    const more: Record<string, string> = type.name === 'User' ? { status: 'ACTIVE' } : {}
    for (const { field, target } of owners(type)) {
      // What somebody owns lies in no pool.
      if (target === 'Pool' && type.owners.length > 0) continue
      // Who works in the company is no contact; tests/service/portal has those who are.
      if (type.name === 'User' && target === 'Contact') continue
      // The factory makes another stage of the same pipeline.
      if (type.name === 'StageTransition' && field === 'toStageId') continue
      if (type.fields.get(field)!.write === 'never' || ONE_OF[type.name]?.slice(1).includes(field)) continue
      more[field] =
        target === type.name || OTHER.has(`${type.name}.${field}`)
          ? (await make(company, target)).id
          : await visit(recordType(target))
    }
    const { id } = await make(company, type.name, {
      ...more,
      ...(type.any ? { recordId: await visit(recordType(type.name === 'SegmentMember' ? 'Contact' : 'Account')) } : {}),
    })
    ids.set(type.name, id)
    return id
  }
  for (const type of recordTypes()) await visit(type)
  const world = { company, ids, refs: new Map<string, string>() }
  for (const type of recordTypes()) await readRefs(world, type)
  return world
}

/** The references of a type, in the order of their declaration; rings are cut where an optional one leads back. */
function owners(type: RecordType): { field: string; target: string }[] {
  return [...type.relations.values()].flatMap((one) =>
    one.kind === 'one' && !leadsBack(type, one.target) ? [one] : [],
  )
}

/** Does a type come before another in the order of declarations although it refers to it: Account and its primary contact. */
function leadsBack(type: RecordType, target: string): boolean {
  const names = recordTypes().map(({ name }) => name)
  const back = [...recordType(target).relations.values()].some((one) => one.kind === 'one' && one.target === type.name)
  return back && target !== type.name && names.indexOf(type.name) < names.indexOf(target)
}

async function readRefs({ company, ids, refs }: World, type: RecordType): Promise<void> {
  const single = camel(type.name)
  const relations = [...type.relations.values()]
  const select = relations.map((one) =>
    one.kind === 'one' ? `${one.name} { id }` : `${one.name}(first: 1) { nodes { id } }`,
  )
  if (type.any) select.push(`${type.any.name} { id }`)
  const data = await company.run(`query($id: ID!) { ${single}(id: $id) { id ${select.join(' ')} } }`, {
    id: ids.get(type.name),
  })
  for (const { name } of [...relations, ...(type.any ? [type.any] : [])]) {
    const value = data[single][name]
    const id = value?.id ?? value?.nodes?.[0]?.id
    if (id) refs.set(`${type.name}.${name}`, id)
  }
}

/** Stands for a record of any type. */
export const ANY = '*'

/** What an attacker may put where an id of a type belongs. All must be answered as `unknown`, the id of no record, is. */
export function disguises(target: string, foreign: string, attacker: World): Record<string, string> {
  const { prefix, uuid } = decodeId(foreign)!
  const other = recordTypes().find((type) => type.prefix !== prefix)!
  return {
    unknown: encodeId(prefix, newId()),
    foreign,
    'another prefix': encodeId('nope', uuid),
    'the bare uuid': uuid,
    empty: '',
    'no id': `${prefix}_'; DROP TABLE account; --`,
    'upper case': foreign.toUpperCase(),
    'a second line': `${foreign}\n`,
    ...(target === ANY
      ? {}
      : { 'another type': encodeId(other.prefix, uuid), 'an own id of another type': attacker.ids.get(other.name)! }),
  }
}

/** The tenant table's uuid of a company. */
export const tenantOf = ({ id }: Company): string => decodeId(id)!.uuid

/** Looks at tenants' rows past the application. */
export interface Watch {
  /**
   * One figure per table for all rows of a tenant, in all tables that carry one; equal figures mean that nothing changed. The numbers that changes get
   * after their commit are left out: they come on their own time.
   */
  checksum(company: Company): Promise<Record<string, string>>
  /**
   * From the first call on, triggers note every row that is written to the tables that `checksum` looks at, of whichever tenant; what was rolled back was not
   * written. A thousandth of the time of a checksum.
   *
   * @returns what was written since the call before, as `TABLE of TENANT`; nothing at the first.
   */
  written(): Promise<string[]>
  close(): Promise<void>
}

/** Connects as the owner of the tables, for whom row security holds too, so it looks as one tenant at a time. */
export async function watch(ownerUrl: string): Promise<Watch> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND c.relname NOT IN ('change_counter', 'change_commit', 'api_key_use') ORDER BY 1`,
  )
  let noting = false
  // Planned once: planning two hundred sums takes longer than to make them.
  await client.query(`SET plan_cache_mode = force_generic_plan`)
  const parts = ['tenant', ...tables.map(({ name }) => name)].map((name) => {
    const row = name === 'change' ? `(to_jsonb(t) - 'sequence')::text` : 't::text'
    const sum = `count(*) || ' ' || coalesce(sum(hashtextextended(${row}, 0)::numeric)::text, '')`
    return `SELECT '${name}' AS name, ${sum} AS sum FROM "${name}" t WHERE t.${name === 'tenant' ? 'id' : 'tenant_id'} = $1`
  })
  return {
    async checksum(company) {
      await client.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantOf(company)])
      const { rows } = await client.query<{ name: string; sum: string }>({
        name: 'checksum',
        text: parts.join(' UNION ALL '),
        values: [tenantOf(company)],
      })
      return Object.fromEntries(rows.map(({ name, sum }) => [name, sum]))
    },
    async written() {
      if (!noting) {
        await client.query(`CREATE TABLE watched (what text NOT NULL);
          CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
          BEGIN
            INSERT INTO watched SELECT TG_TABLE_NAME || ' of ' || (coalesce(to_jsonb(NEW), to_jsonb(OLD)) ->> TG_ARGV[0]);
            RETURN NULL;
          END $$;
          ${['tenant', ...tables.map(({ name }) => name)]
            // What a change gets after its commit is no write of a request.
            .map(
              (
                name,
              ) => `CREATE TRIGGER watch AFTER INSERT OR DELETE ${name === 'change' ? '' : 'OR UPDATE'} ON "${name}"
            FOR EACH ROW EXECUTE FUNCTION watch('${name === 'tenant' ? 'id' : 'tenant_id'}')`,
            )
            .join(';')}`)
        noting = true
      }
      const { rows } = await client.query<{ what: string }>('DELETE FROM watched RETURNING what')
      return [...new Set(rows.map(({ what }) => what))].sort()
    },
    close: () => client.end(),
  }
}

/** Runs statements as the owner of the tables. */
export async function asOwner(ownerUrl: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** What an attacker saw and should not have: another company's mark in a body or a header. */
export function leaks(answer: Pick<Answer, 'body' | 'headers'>, victim: Company): string[] {
  const seen = `${answer.body}\n${JSON.stringify(answer.headers)}`
  const at = seen.toLowerCase().indexOf(victim.mark.toLowerCase())
  return at < 0 ? [] : [`${victim.mark} is seen: …${seen.slice(Math.max(0, at - 60), at + 60)}…`]
}

/** One document with ids in its variables. */
export interface Probe {
  name: string
  document: string
  /** Places of ids: the id that the victim has there, the type that belongs there, and whether it is an optional text, for which empty is none. */
  places: { variable: string; target: string; foreign: string; text?: boolean }[]
  /** False where the same fields are asked in every form of an id by another probe. */
  forms?: boolean
  /** Variables with each place filled by its id. */
  variables: (ids: Record<string, string>) => Record<string, unknown>
}

// One request id for all, so that answers can be compared byte by byte.
const HEADERS = { 'x-request-id': 'probe' }

/**
 * Asks with every disguise of the victim's ids and tells where the answer differs from that for ids of no record, once the ids sent, and the attacker's own, are
 * masked. A query goes both ways with the victim's ids and with those of no record (`asking`), and the short way with the others.
 *
 * @param forms false: with the victim's ids and those of no record alone, where the same input is tried in every form elsewhere.
 */
export async function differences(
  attacker: World,
  victim: World,
  probe: Probe,
  { forms = true }: { forms?: boolean } = {},
): Promise<string[]> {
  const kinds =
    forms && probe.forms !== false
      ? Object.keys(disguises('Account', victim.ids.get('Account')!, attacker))
      : ['unknown', 'foreign']
  const isQuery = probe.document.startsWith('query')
  const own = new Set([...attacker.ids.values(), ...attacker.refs.values()])
  const problems: string[] = []
  let expected: string | null = null
  for (const kind of kinds) {
    const sent = Object.fromEntries(
      probe.places.map(({ variable, target, foreign, text }) => {
        const all = disguises(target, foreign, attacker)
        return [variable, (text ? all[kind] || all.unknown : all[kind]) ?? all.unknown!]
      }),
    )
    const ask = () => attacker.company.ask(probe.document, probe.variables(sent), HEADERS)
    const bodyOf = ({ body }: Answer) => masked(body, Object.values(sent), own)
    // What was asked first, for no record, went the general way before.
    const answer = await once(kind === 'unknown' ? {} : { twice: false }, ask)
    const general = isQuery && kind === 'foreign' ? await once({ twice: false, general: true }, ask) : answer
    for (const one of new Set([answer, general]))
      problems.push(...leaks(one, victim.company).map((leak) => `${probe.name} with ${kind}: ${leak}`))
    const seen = `${answer.status} ${bodyOf(answer)} ${JSON.stringify({ ...answer.headers, date: '', 'content-length': '' })}`
    expected ??= seen
    if (seen !== expected) problems.push(`${probe.name} with ${kind}:\n  ${seen}\n  instead of\n  ${expected}`)
    if (bodyOf(general) !== bodyOf(answer))
      problems.push(`${probe.name} by the general way:\n  ${bodyOf(general)}\n  instead of\n  ${bodyOf(answer)}`)
  }
  return problems
}

/** Asks with `asking` as given. */
async function once<T>(how: Partial<typeof asking>, ask: () => Promise<T>): Promise<T> {
  const before = { ...asking }
  Object.assign(asking, how)
  try {
    return await ask()
  } finally {
    Object.assign(asking, before)
  }
}

/** Ids of ours as they stand in an answer. */
const ID = /[a-z_]+_[0-9a-z]{26}/g

function masked(body: string, sent: string[], own: ReadonlySet<string>): string {
  const text = body.replace(ID, (id) => (own.has(id) ? '<id>' : id))
  return sent.reduce((text, id) => (id === '' ? text : text.replaceAll(JSON.stringify(id).slice(1, -1), '<id>')), text)
}

/** Asks as the owner with their own ids and with ids of no record: names of the top-level fields that answer the same, so that a probe of them shows nothing. */
export async function blind(owner: World, probe: Probe): Promise<string[]> {
  const ask = (id: (place: Probe['places'][number]) => string) =>
    owner.company.ask<Record<string, Any>>(
      probe.document,
      probe.variables(Object.fromEntries(probe.places.map((place) => [place.variable, id(place)]))),
      HEADERS,
    )
  const own = await once({ twice: false }, () => ask(({ foreign }) => foreign))
  const none = await once({ twice: false }, () => ask(({ foreign }) => encodeId(decodeId(foreign)!.prefix, newId())))
  if (!own.data || own.errors) return [`${probe.name}: ${own.body}`]
  return Object.keys(own.data).filter((key) => JSON.stringify(own.data[key]) === JSON.stringify(none.data?.[key]))
}
