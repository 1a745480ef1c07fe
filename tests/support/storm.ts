import { type ClientRequest, request } from 'node:http'
import { expect } from '@jest/globals'
import type { Tenancy } from '../../src/tenancy/tenancy.ts'
import type { Any, TestApp } from './app.ts'
import { leaks, type World } from './isolation.ts'
import { openOwner } from './owner.ts'

/** How many requests a round sends at once (issue 2, Done-when 6). */
export const REQUESTS = 200

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One request of a round. */
export interface Ask {
  id: string
  world: World
  other: World
  query: string
  variables: Record<string, unknown>
  check(data: Any): void
  /** Goes away: before the body is whole, when it is sent, or when so many others have been answered. */
  abort: 'body' | 'sent' | number | null
}

const NESTED = `{ accounts(first: 5, orderBy: [{ field: NAME }]) { nodes { id name owner { name } contacts(first: 3) { nodes { fullName accounts(first: 2) { nodes { name } } } } opportunities(first: 3) { nodes { name lines(first: 2) { nodes { name product { name } } } } } } totalCount { value } } }`

/** What is asked: reads of every sort, records through the cache, writes that pass and writes that are refused. */
function kinds(world: World, other: World, id: string): Pick<Ask, 'query' | 'variables' | 'check'>[] {
  const { company, ids } = world
  const own = (data: Any) => expect(JSON.stringify(data)).toContain(company.mark)
  return [
    { query: NESTED, variables: {}, check: own },
    {
      query: '{ viewer { tenant { slug } user { name } } }',
      variables: {},
      check: (data) => expect(data.viewer.tenant.slug).toBe(company.slug),
    },
    {
      query:
        'query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Account { name } ... on Contact { fullName } } }',
      variables: { ids: [ids.get('Account'), other.ids.get('Account'), ids.get('Contact'), other.ids.get('Contact')] },
      check: ({ nodes }) =>
        expect(nodes.map((one: Any) => one?.id ?? null)).toEqual([ids.get('Account'), null, ids.get('Contact'), null]),
    },
    {
      query:
        'query($id: ID!) { account(id: $id) { name } accountAggregate(groupBy: [{ field: NAME }], first: 3) { key { name } count } }',
      variables: { id: other.ids.get('Account') },
      check: (data) => {
        expect(data.account).toBeNull()
        own(data)
      },
    },
    {
      query:
        'mutation($input: CreateAccountInput!) { createAccount(input: $input) { account { name createdBy { name } } userErrors { code } } }',
      variables: { input: { name: `${company.mark} made by ${id}` } },
      check: (data) => {
        expect(data.createAccount.account.name).toBe(`${company.mark} made by ${id}`)
        expect(data.createAccount.account.createdBy.name).toContain(company.mark)
      },
    },
    {
      query:
        'mutation($id: ID!, $input: UpdateContactInput!) { updateContact(id: $id, input: $input) { contact { description } userErrors { code } } }',
      variables: { id: ids.get('Contact'), input: { description: `${company.mark} ${id}` } },
      check: (data) => expect(data.updateContact.contact.description).toBe(`${company.mark} ${id}`),
    },
    {
      query:
        'mutation($id: ID!, $input: UpdateContactInput!) { updateContact(id: $id, input: $input) { contact { id } userErrors { code } } }',
      variables: { id: other.ids.get('Contact'), input: { description: `${company.mark} was here` } },
      check: (data) => expect(data.updateContact).toEqual({ contact: null, userErrors: [{ code: 'NOT_FOUND' }] }),
    },
    {
      // Begins to write, and is undone by its second row.
      query: 'mutation($input: [CreateTagInput!]!) { createTags(input: $input) { results { userErrors { code } } } }',
      variables: { input: [{ name: `${company.mark} ${id}` }, { name: `${company.mark} ${id}` }] },
      check: (data) => expect(JSON.stringify(data)).toContain('UNIQUE_VIOLATION'),
    },
  ]
}

/** The requests of a round: the companies in turn, a fifth of them aborted. */
export function plan(acme: World, globex: World, round: string, seed: number): Ask[] {
  const random = seeded(seed)
  return Array.from({ length: REQUESTS }, (_, index) => {
    const [world, other] = index % 2 === 0 ? [acme, globex] : [globex, acme]
    const id = `${world.company.slug}-${round}-${index}`
    const all = kinds(world, other, id)
    const points: Ask['abort'][] = [
      'body',
      'sent',
      ...[1, 5, 20, 60, 100, 140].map((most) => Math.floor(random() * most)),
    ]
    const abort = random() < 0.2 ? points[Math.floor(random() * points.length)]! : null
    return { id, world, other, ...all[Math.floor(random() * all.length)]!, abort }
  })
}

/** What became of a round. */
export interface Round {
  answered: string[]
  aborted: number
  problems: string[]
}

/** Sends all requests of a round at once, each on a connection of its own. */
export async function send(url: string, asks: Ask[]): Promise<Round> {
  const round: Round = { answered: [], aborted: 0, problems: [] }
  const waiting: { after: number; socket: ClientRequest }[] = []
  const one = (ask: Ask) =>
    new Promise<void>((resolve) => {
      const body = JSON.stringify({ query: ask.query, variables: ask.variables })
      const headers = {
        authorization: `Bearer ${ask.world.company.apiKey}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'x-request-id': ask.id,
      }
      const socket = request(`${url}/graphql`, { method: 'POST', headers, agent: false }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part) => parts.push(part))
        response.on('error', () => {})
        response.on('end', () => {
          judge(ask, response.statusCode!, response.headers, Buffer.concat(parts).toString(), round)
          for (const { after, socket } of waiting) if (after <= round.answered.length) socket.destroy()
        })
      })
      socket.on('error', (error) => {
        if (ask.abort === null) round.problems.push(`${ask.id}: ${error.message}`)
      })
      socket.on('close', () => {
        if (socket.destroyed && !round.answered.includes(ask.id)) round.aborted++
        resolve()
      })
      if (ask.abort === 'body') socket.write(body.slice(0, body.length / 2), () => socket.destroy())
      else socket.end(body, () => ask.abort === 'sent' && socket.destroy())
      if (typeof ask.abort === 'number') waiting.push({ after: ask.abort, socket })
    })
  await Promise.all(asks.map(one))
  return round
}

function judge(ask: Ask, status: number, headers: Record<string, unknown>, body: string, round: Round): void {
  round.answered.push(ask.id)
  const problems = leaks({ body, headers }, ask.other.company)
  if (headers['x-request-id'] !== ask.id) problems.push(`answers the request ${headers['x-request-id']}`)
  const { data, errors } = JSON.parse(body)
  if (status !== 200 || errors) problems.push(`${status} ${body}`)
  else {
    try {
      ask.check(data)
    } catch (error) {
      problems.push(`${(error as Error).message}\n${body}`)
    }
  }
  round.problems.push(...problems.map((problem) => `${ask.id}: ${problem}`))
}

/** Waits until no request holds a connection any more, those of callers who went away included. */
export async function settled(tenancy: Tenancy): Promise<void> {
  const until = Date.now() + 20_000
  for (;;) {
    const { total, idle, waiting } = tenancy.stats()
    if (waiting === 0 && idle === total) return
    if (Date.now() > until) throw new Error(`Connections stay in use: ${JSON.stringify(tenancy.stats())}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What a connection says of itself outside of any tenant. */
export const RESIDUE = {
  text: `SELECT pg_backend_pid() AS pid, current_setting('app.tenant_id', true) AS tenant, current_setting('app.user_id', true) AS "user",
 (SELECT count(*)::integer FROM account) AS rows`,
  values: [],
}

/** Looks at connections outside of any tenant: what the last one left on them. */
export async function residue(tenancy: Tenancy): Promise<string[]> {
  const seen = await Promise.all(
    Array.from({ length: 12 }, () => tenancy.withoutTenant((db) => db.rows<Record<string, unknown>>(RESIDUE))),
  )
  return seen.flatMap(([row]) => (row!.tenant || row!.user || row!.rows ? [JSON.stringify(row)] : []))
}

/** What stands in the tables of both companies afterwards: nothing that the other asked for, and all that was acknowledged. */
export async function written(house: TestApp, asks: Ask[], { answered }: Round): Promise<string[]> {
  const problems: string[] = []
  const [acme, globex] = [asks[0]!.world, asks[1]!.world]
  for (const [world, other] of [
    [acme, globex],
    [globex, acme],
  ] as const) {
    const owner = await openOwner(house, world.company)
    try {
      const own = 'WHERE tenant_id = atrium.tenant_id()'
      const strange = await owner.rows(
        `SELECT name FROM account ${own} AND name LIKE $1 UNION ALL SELECT name FROM tag ${own} AND name LIKE $1 UNION ALL SELECT description FROM contact ${own} AND description LIKE $1 UNION ALL SELECT request_id FROM change ${own} AND request_id LIKE $2`,
        `%${other.company.mark}%`,
        `${other.company.slug}-%`,
      )
      problems.push(...strange.map((row) => `in ${world.company.slug}: ${JSON.stringify(row)}`))
      const made = new Set(
        (await owner.rows<{ name: string }>(`SELECT name FROM account ${own}`)).map(({ name }) => name),
      )
      for (const ask of asks) {
        const name = (ask.variables.input as { name?: string } | undefined)?.name
        if (ask.world === world && name && answered.includes(ask.id) && !made.has(name))
          problems.push(`${ask.id} is acknowledged and not there`)
      }
      const halves = await owner.rows(
        `SELECT name FROM tag ${own} AND name LIKE $1`,
        `${world.company.mark} ${world.company.slug}-%`,
      )
      problems.push(...halves.map((row) => `half done in ${world.company.slug}: ${JSON.stringify(row)}`))
    } finally {
      await owner.close()
    }
  }
  return problems
}
