/**
 * The limit: what a handwritten program on bare `node:http` and prepared statements makes of the same workloads. No GraphQL, no rules, no accounting; the
 * tenant stands in every statement and row security is bypassed. JSON is built by PostgreSQL and sent as it comes. With LIMIT_RLS=1 the same under row
 * security, as the role of requests: BEGIN, the tenant, the statement, COMMIT, in one pipelined message.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

const RLS = process.env.LIMIT_RLS === '1'
const tenants = new Map<string, string>(Object.entries(JSON.parse(process.env.TOKENS ?? '{}')))

// Whole amounts, as most are, are spared the arithmetic of numeric.
const MONEY = (column: string, alias: string) =>
  `CASE WHEN ${alias}.${column} IS NOT NULL THEN json_build_object('amount', CASE WHEN ${alias}.${column} % 10000 = 0
    THEN (${alias}.${column} / 10000)::text ELSE trim_scale(${alias}.${column} * 0.0001)::text END, 'currency', ${alias}.currency) END`
const ACCOUNT = `a.id, a.name, a.industry, a.status, a.website, ${MONEY('annual_revenue', 'a')} AS "annualRevenue", a.created_at AS "createdAt"`
const FIRST = (count: number) =>
  `(SELECT * FROM account WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY name, id LIMIT ${count}) a`
const LIST = (inner: string) => `SELECT coalesce(json_agg(x), '[]')::text AS json FROM (${inner}) x`
/** Of the ways measured, the fastest: rows as they are (not objects built key by key), lists by lateral joins (not sub-selects among the columns). */
const INNER = (name: string, inner: string) =>
  `CROSS JOIN LATERAL (SELECT coalesce(json_agg(x), '[]') AS list FROM (${inner}) x) ${name}`
const JOIN_USER = (user: string, alias: string) =>
  `LEFT JOIN app_user ${user} ON ${user}.tenant_id = $1 AND ${user}.id = ${alias}.owner_id`
const USER = (user: string) =>
  `CASE WHEN ${user}.id IS NOT NULL THEN json_build_object('id', ${user}.id, 'name', ${user}.name) END AS owner`
const CONTACTS = (columns: string, joins: string, count: number) =>
  INNER(
    'contacts',
    `SELECT ${columns} FROM (SELECT c.* FROM account_contact l JOIN contact c ON c.tenant_id = $1 AND c.id = l.contact_id AND c.deleted_at IS NULL
    WHERE l.tenant_id = $1 AND l.account_id = a.id AND l.deleted_at IS NULL ORDER BY l.contact_id LIMIT ${count}) c ${joins} ORDER BY c.id`,
  )
const OPPORTUNITIES = (columns: string, joins: string, count: number) =>
  INNER(
    'opportunities',
    `SELECT ${columns} FROM (SELECT * FROM opportunity WHERE tenant_id = $1 AND account_id = a.id AND deleted_at IS NULL ORDER BY id LIMIT ${count}) o ${joins}
    ORDER BY o.id`,
  )
const NAMED = `JOIN stage s ON s.tenant_id = $1 AND s.id = o.stage_id`
const OPEN = `FROM opportunity o JOIN account a ON a.tenant_id = $1 AND a.id = o.account_id
  WHERE o.tenant_id = $1 AND o.status = 'OPEN' AND o.deleted_at IS NULL AND a.industry = $2 AND a.deleted_at IS NULL`

// The triggers that write the change go by this setting; inside the statement it needs no transaction of its own.
const TENANT = `set_config('app.tenant_id', $1, true)`

/** One statement per path, whose one column is the answer, and the values after the tenant. */
// biome-ignore lint/suspicious/noExplicitAny: the body is whatever the load sends.
const routes: Record<string, { text: string; values: (body: any) => unknown[] }> = {
  single: {
    text: `SELECT row_to_json(x)::text AS json FROM (SELECT ${ACCOUNT} FROM account a WHERE a.tenant_id = $1 AND a.id = $2 AND a.deleted_at IS NULL) x`,
    values: ({ id }) => [id],
  },
  list: { text: LIST(`SELECT ${ACCOUNT} FROM ${FIRST(20)} ORDER BY a.name, a.id`), values: () => [] },
  nested: {
    text: LIST(`SELECT a.id, a.name, ${MONEY('annual_revenue', 'a')} AS "annualRevenue", ${USER('u')}, contacts.list AS contacts, opportunities.list AS opportunities
      FROM ${FIRST(20)} ${JOIN_USER('u', 'a')}
      ${CONTACTS('c.id, c.first_name AS "firstName", c.last_name AS "lastName", c.title', '', 5)}
      ${OPPORTUNITIES(`o.id, o.name, ${MONEY('amount', 'o')} AS amount, o.close_date AS "closeDate", json_build_object('name', s.name) AS stage`, NAMED, 5)}
      ORDER BY a.name, a.id`),
    values: () => [],
  },
  deep: {
    text: LIST(`SELECT a.id, a.name, ${USER('u')}, contacts.list AS contacts, opportunities.list AS opportunities
      FROM ${FIRST(10)} ${JOIN_USER('u', 'a')}
      ${CONTACTS(`c.id, c.first_name AS "firstName", c.last_name AS "lastName", ${USER('cu')}`, JOIN_USER('cu', 'c'), 3)}
      ${OPPORTUNITIES(
        `o.id, o.name, ${MONEY('amount', 'o')} AS amount, ${USER('ou')},
        json_build_object('id', s.id, 'name', s.name, 'pipeline', json_build_object('id', p.id, 'name', p.name)) AS stage`,
        `${NAMED} JOIN pipeline p ON p.tenant_id = $1 AND p.id = s.pipeline_id ${JOIN_USER('ou', 'o')}`,
        3,
      )}
      ORDER BY a.name, a.id`),
    values: () => [],
  },
  filter: {
    // The matches are found once, for the page and for the count.
    text: `WITH m AS MATERIALIZED (SELECT o.id, o.name, o.amount, o.currency, o.close_date, o.stage_id, a.id AS account_id, a.name AS account_name ${OPEN})
      SELECT json_build_object('nodes', (SELECT coalesce(json_agg(x), '[]') FROM (
        SELECT m.id, m.name, ${MONEY('amount', 'm')} AS amount, m.close_date AS "closeDate", json_build_object('id', m.account_id, 'name', m.account_name) AS account,
          json_build_object('name', s.name) AS stage
        FROM (SELECT * FROM m ORDER BY amount DESC, id DESC LIMIT 20) m JOIN stage s ON s.tenant_id = $1 AND s.id = m.stage_id ORDER BY m.amount DESC, m.id DESC) x),
        'totalCount', (SELECT count(*) FROM m))::text AS json`,
    values: ({ industry }) => [industry],
  },
  search: {
    text: LIST(`SELECT c.id, c.full_name AS "fullName", c.title FROM contact c
      WHERE c.tenant_id = $1 AND c.search_text LIKE $2 AND c.deleted_at IS NULL ORDER BY c.id LIMIT 20`),
    values: ({ part }) => [
      `%${String(part)
        .toLowerCase()
        .replace(/[\\%_]/g, '\\$&')}%`,
    ],
  },
  aggregate: {
    text: LIST(`SELECT month::date, stage, currency, count, trim_scale(sum * 0.0001)::text AS sum FROM (
      SELECT date_trunc('month', close_date::timestamp) AS month, stage_id AS stage, currency, count(*) AS count, sum(amount) AS sum
      FROM opportunity WHERE tenant_id = $1 AND deleted_at IS NULL GROUP BY 1, 2, 3) g`),
    values: () => [],
  },
  page200: {
    text: LIST(
      `SELECT id, name FROM account WHERE tenant_id = $1 AND deleted_at IS NULL AND (name, id) > ($2, $3) ORDER BY name, id LIMIT 20`,
    ),
    values: ({ name, id }) => [name, id],
  },
  create: {
    text: `INSERT INTO account AS a (tenant_id, name, industry, website, annual_revenue, currency) SELECT ${TENANT}::uuid, $2, $3, $4, $5, $6
      RETURNING json_build_object('id', a.id, 'name', a.name)::text AS json`,
    values: ({ name, industry, website, annualRevenue: { amount, currency } }) => [
      name,
      industry,
      website,
      Math.round(Number(amount) * 10_000),
      currency,
    ],
  },
  update: {
    text: `UPDATE account AS a SET name = $3 FROM (SELECT ${TENANT}::uuid AS id) t WHERE a.tenant_id = t.id AND a.id = $2 AND a.deleted_at IS NULL
      RETURNING json_build_object('id', a.id, 'name', a.name)::text AS json`,
    values: ({ id, name }) => [id, name],
  },
}

const pool = new pg.Pool({
  connectionString: RLS ? process.env.DATABASE_URL : process.env.DATABASE_BYPASS_URL,
  max: 10,
  ...(RLS ? { pipeline: true } : {}),
})

async function ask(name: string, text: string, values: unknown[]): Promise<string> {
  if (!RLS) return (await pool.query({ name, text, values })).rows[0]?.json ?? 'null'
  const client = await pool.connect()
  try {
    const [, , result] = await Promise.all([
      client.query({ name: 'begin', text: 'BEGIN' }),
      client.query({
        name: 'tenant',
        text: `SELECT set_config('app.tenant_id', $1, true)`,
        values: [values[0]],
      }),
      client.query({ name, text, values }),
      client.query({ name: 'commit', text: 'COMMIT' }),
    ])
    return result.rows[0]?.json ?? 'null'
  } finally {
    client.release()
  }
}

function send(response: ServerResponse, status: number, json: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) })
    .end(json)
}

const server = createServer((request: IncomingMessage, response) => {
  const tenant = tenants.get((request.headers.authorization ?? '').slice('Bearer '.length))
  if (!tenant) return send(response, 401, '{}')
  const name = (request.url ?? '/').slice(1)
  const route = routes[name]
  if (!route) return send(response, 404, '{}')
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    Promise.resolve()
      .then(() => ask(name, route.text, [tenant, ...route.values(JSON.parse(body))]))
      .then(
        (json) => send(response, 200, json),
        (error: Error) => send(response, 500, JSON.stringify({ error: error.message })),
      )
  })
})
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.once('SIGTERM', () => {
  server.close(() => void pool.end().then(() => process.exit(0)))
  server.closeAllConnections()
})
