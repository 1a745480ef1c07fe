/**
 * What a list of to-dos costs beside one record: `npm run todos -- --todos 100000 --users 50 --requests 300`. Half of the company's to-dos are customers to follow up, half tasks,
 * evenly over its users. Asks an Atrium of its own over HTTP as one of the reps, one request after the other, in turn for one of their accounts by id, for a page of what is open,
 * for one by kind, for the fifth page, and for todoSummary. Prints the medians and their ratios to the first, and the plan of the page as the application's role.
 */
import { parseArgs } from 'node:util'
import { newApiKey } from '../src/access/apiKey.ts'
import { createTenant } from '../src/resolvers/identity/createTenant.ts'
import '../src/schema/index.ts'
import { decodeId } from '../src/ids.ts'
import { idOf } from '../src/read/values.ts'
import { openTenancy } from '../src/tenancy/tenancy.ts'
import { openBench } from './jobs.ts'

const { values } = parseArgs({
  options: {
    todos: { type: 'string', default: '100000' },
    users: { type: 'string', default: '50' },
    requests: { type: 'string', default: '300' },
  },
})
const [todos, users, requests] = [Number(values.todos), Number(values.users), Number(values.requests)]

const ONE = 'query($id: ID!) { account(id: $id) { id name owner { name } } }'
const PAGE = `query($after: String, $kind: [TodoKind!]) { todos(where: { doneAt: { isNull: true }, kind: { in: $kind } }, orderBy: [{ field: DUE_AT }], first: 50, after: $after)
 { nodes { id kind title dueAt record { id } account { name } } pageInfo { hasNextPage endCursor } } }`
const SUMMARY = '{ todoSummary { open overdue today byKind { kind open overdue } } }'

const bench = await openBench()
const tenancy = openTenancy({ databaseUrl: bench.databaseUrl, poolSize: 2 })
try {
  const made = await createTenant(tenancy, { slug: 'todos', name: 'Todos', adminEmail: 'admin@todos.example' })
  const tenantId = decodeId(made.id)?.uuid as string
  const write = <R = Record<string, unknown>>(text: string, given: unknown[] = []) =>
    tenancy.writeTenant({ tenantId }, (db) => db.rows<R>({ text, values: [tenantId, ...given] }))
  const reps = (
    await write<{ id: string }>(
      `INSERT INTO app_user (tenant_id, name, status, role_id) SELECT $1::uuid, 'Rep ' || n, 'ACTIVE', (SELECT id FROM role WHERE tenant_id = $1 AND key = 'rep') FROM generate_series(1, $2::int) n RETURNING id`,
      [users],
    )
  ).map(({ id }) => id)
  const key = newApiKey('live')
  await write(
    `INSERT INTO api_key (tenant_id, name, prefix, last4, key_hash, role_id, user_id) SELECT u.tenant_id, 'Key', $2, $3, $4, u.role_id, u.id FROM app_user u WHERE u.tenant_id = $1 AND u.id = $5`,
    [key.prefix, key.last4, key.hash, reps[0]],
  )
  const began = performance.now()
  const chunk = 1000
  for (let from = 1; from <= todos / 2; from += chunk) {
    const part = [from, Math.min(from + chunk - 1, todos / 2), reps]
    await write(
      `INSERT INTO account (tenant_id, name, owner_id, created_by, next_follow_up_at) SELECT $1::uuid, 'Company ' || n, o, o, now() - make_interval(mins => n)
 FROM generate_series($2::int, $3::int) n, LATERAL (SELECT ($4::uuid[])[1 + n % ${users}] AS o) x`,
      part,
    )
    await write(
      `INSERT INTO task (tenant_id, title, assignee_id, created_by, due_at) SELECT $1::uuid, 'Task ' || n, o, o, now() + make_interval(mins => n - 20000)
 FROM generate_series($2::int, $3::int) n, LATERAL (SELECT ($4::uuid[])[1 + n % ${users}] AS o) x`,
      part,
    )
  }
  const [kept] = await write<{ all: number; own: number }>(
    `SELECT count(*)::integer AS all, count(*) FILTER (WHERE user_id = $2 AND done_at IS NULL)::integer AS own FROM todo_item WHERE tenant_id = $1`,
    [reps[0]],
  )
  console.log(
    `${kept?.all} to-dos, ${kept?.own} open ones of the rep, ${((performance.now() - began) / 1000).toFixed(1)} s`,
  )
  await bench.rows('VACUUM ANALYZE')
  const ids = (
    await write<{ id: string }>(
      `SELECT id FROM account WHERE tenant_id = $1 AND owner_id = $2 ORDER BY md5(id::text) LIMIT 500`,
      [reps[0]],
    )
  ).map(({ id }) => idOf('Account', id))

  const server = bench.start(['start', '--port', '0', '--no-demo'], { env: { LOG_LEVEL: 'silent' } })
  const url = await new Promise<string>((resolve) => {
    let out = ''
    server.stdout.on('data', (text: string) => {
      out += text
      const found = /^Atrium listens on (\S+)/m.exec(out)
      if (found) resolve(`${found[1]}/graphql`)
    })
  })
  const ask = async (query: string, variables: object): Promise<{ took: number; body: string }> => {
    const from = performance.now()
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    })
    const body = await response.text()
    const took = performance.now() - from
    if (body.includes('"errors"')) throw new Error(body)
    return { took, body }
  }
  let after: string | null = null
  for (let page = 0; page < 4; page++)
    after = JSON.parse((await ask(PAGE, { after })).body).data.todos.pageInfo.endCursor
  const asked: [what: string, query: string, variables: (round: number) => object][] = [
    ['one account', ONE, (round) => ({ id: ids[round % ids.length] })],
    ['a page of 50', PAGE, () => ({})],
    ['one kind', PAGE, () => ({ kind: ['TASK_DUE'] })],
    ['the fifth page', PAGE, () => ({ after })],
    ['todoSummary', SUMMARY, () => ({})],
  ]
  const times = asked.map((): number[] => [])
  for (let round = -30; round < requests; round++)
    for (const [at, [, query, variables]] of asked.entries()) {
      const { took } = await ask(query, variables(round + 30))
      // The first ones meet cold caches.
      if (round >= 0) times[at]?.push(took)
    }
  const median = (some: number[]) => some.toSorted((a, b) => a - b)[some.length >> 1] as number
  const first = median(times[0] as number[])
  for (const [at, [what]] of asked.entries()) {
    const p50 = median(times[at] as number[])
    console.log(`${what}: p50 ${p50.toFixed(2)} ms, ${(p50 / first).toFixed(1)} × one account`)
  }
  server.kill()
  await server.ended
  const plan = await tenancy.readTenant({ tenantId, userId: reps[0] as string }, (db) =>
    db.rows<{ 'QUERY PLAN': string }>({
      text: `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT t.id FROM todo_item t WHERE t.tenant_id = $1 AND t.user_id = $2 AND t.shown_from <= now() AND t.done_at IS NULL AND t.deleted_at IS NULL ORDER BY t.due_at, t.id LIMIT 51`,
      values: [tenantId, reps[0]],
    }),
  )
  console.log(plan.map((row) => row['QUERY PLAN']).join('\n'))
} finally {
  await tenancy.close()
  await bench.close()
}
