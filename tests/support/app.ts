import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, createApp } from '../../src/app.ts'
import type { Config } from '../../src/config.ts'
import { createTenant, type MadeTenant } from '../../src/resolvers/identity/createTenant.ts'
import type { Tenancy } from '../../src/tenancy/tenancy.ts'
import { freshDatabase, type TestDatabase } from './database.ts'
import { uuidIn } from './owner.ts'
import { redisUrl } from './redis.ts'

/** A whole Atrium in this process, on a database of its own. */
export interface TestApp {
  app: App
  config: Config
  database: TestDatabase
  /** Two companies; every text of theirs that a test makes carries `mark`. */
  acme: Company
  globex: Company
  close(): Promise<void>
}

/** A company, its administrator and how to call as them. */
export interface Company extends MadeTenant {
  mark: string
  /** For what no request does: imports. */
  tenancy: Tenancy
  /** Runs an operation with the company's API key; throws when the answer has errors. */
  run<Data = Any>(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Data>
  /** The whole answer, errors and all. */
  ask<Data = Any>(
    query: string,
    variables?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<Answer<Data>>
  /** Any request with the company's API key. */
  send(request: {
    method: 'GET' | 'POST'
    url: string
    payload?: Buffer | string
    headers?: Record<string, string>
  }): Promise<Sent>
  /** Posts JSON to another route than the API's, without a credential; the status of the answer. */
  post(url: string, body: object): Promise<number>
}

/** What came back for a request that is no operation. */
export interface Sent {
  status: number
  headers: Record<string, unknown>
  bytes: Buffer
  /** The body as JSON; undefined where it is none. */
  json: Any
}

/** What came back over HTTP. */
export interface Answer<Data = Any> {
  status: number
  headers: Record<string, unknown>
  body: string
  data: Data
  errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> & { code: string } }[]
  extensions?: Record<string, unknown>
}

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape that the test's own query asks for.
export type Any = any

export const SECRET = 'a secret of the tests, long enough'

/** Files of all tests of a process; names in it are random. */
const FILES = join(tmpdir(), `atrium-test-files-${process.pid}`)

/** The settings of a test's app. */
export function testConfig(databaseUrl: string, given: Partial<Config> = {}): Config {
  return {
    databaseUrl,
    redisUrl: redisUrl(),
    cache: true,
    secret: SECRET,
    port: 0,
    host: '127.0.0.1',
    poolSize: 4,
    // Patient: a machine that others share stands still at times.
    poolTimeout: 60_000,
    prepare: true,
    statementTimeout: 60_000,
    compiled: process.env.GRAPHQL_COMPILED !== 'false',
    explorer: false,
    logLevel: 'silent',
    trustProxy: [],
    maxCost: 1000,
    metricsToken: null,
    // Tests do what is due when they want it done.
    backgroundWork: false,
    smtpUrl: null,
    mailFrom: null,
    appUrl: null,
    publicUrl: null,
    oidcAllowPrivate: true,
    storage: { kind: 'fs', root: join(FILES, 'files') },
    incoming: join(FILES, 'incoming'),
    maxUpload: 1024 * 1024,
    storageQuota: 100 * 1024 * 1024,
    signIn: { maxFailures: 10, maxFailuresPerAddress: 10, windowSeconds: 900 },
    ...given,
  }
}

/** Switches the rules off with which a company begins: tests of other things make records that are all alike. */
export async function withoutDuplicateRules(tenancy: Tenancy, { id }: Pick<MadeTenant, 'id'>): Promise<void> {
  await tenancy.writeTenant({ tenantId: uuidIn(id) }, (db) =>
    db.rows({ text: 'UPDATE duplicate_rule SET active = false WHERE tenant_id = $1', values: [uuidIn(id)] }),
  )
}

/** Starts an app with two companies on a fresh database. Call `close`. With `duplicates` the companies keep the rules for duplicates that they begin with. */
export async function testApp(
  given: Partial<Config> = {},
  { duplicates = false }: { duplicates?: boolean } = {},
): Promise<TestApp> {
  const database = await freshDatabase()
  const config = testConfig(database.appUrl, given)
  const app = await createApp(config)
  const company = async (slug: string, mark: string): Promise<Company> => {
    const made = await createTenant(app.tenancy, {
      slug,
      name: `${mark} company`,
      adminEmail: `admin@${slug}.example`,
      adminName: `${mark} admin`,
      timezone: 'Asia/Shanghai',
    })
    if (!duplicates) await withoutDuplicateRules(app.tenancy, made)
    const post = async (url: string, payload: object) =>
      (await app.server.inject({ method: 'POST', url, payload })).statusCode
    return { ...made, mark, tenancy: app.tenancy, ...callers(app, made.apiKey), post }
  }
  const acme = await company('acme', 'AcmeMark')
  const globex = await company('globex', 'GlobexMark')
  return {
    app,
    config,
    database,
    acme,
    globex,
    async close() {
      await app.close()
      await database.drop()
    },
  }
}

/**
 * A query is asked twice when it is new and the second answer counts: a document that came before may take the short way (src/http/direct.ts), and so all suites test both. Off
 * while statements are counted. `general`: in a media type that the short way leaves alone, while a resolver is planted that it would pass by.
 */
export const asking = { twice: true, general: false }

/** Documents that came before, by app. */
const asked = new WeakMap<App, Set<string>>()

/** `run` and `ask` with a bearer token; null for none. */
export function callers(app: App, token: string | null): Pick<Company, 'run' | 'ask' | 'send'> {
  const came = asked.get(app) ?? new Set<string>()
  asked.set(app, came)
  const ask = async (
    query: string,
    variables: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const request = {
      method: 'POST' as const,
      url: '/graphql',
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        'content-type': 'application/json',
        ...(asking.general ? { accept: 'application/graphql-response+json' } : {}),
        ...headers,
      },
      payload: JSON.stringify({ query, variables }),
    }
    if (asking.twice && !/^\s*mutation\b/.test(query) && !came.has(query)) await app.server.inject(request)
    came.add(query)
    const response = await app.server.inject(request)
    const { data, errors, extensions } = JSON.parse(response.body)
    return { status: response.statusCode, headers: response.headers, body: response.body, data, errors, extensions }
  }
  return {
    ask,
    async send({ headers = {}, ...request }) {
      const {
        statusCode,
        headers: answered,
        rawPayload,
      } = await app.server.inject({
        ...request,
        headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      })
      const isJson = String(answered['content-type']).startsWith('application/json')
      const json = isJson ? JSON.parse(rawPayload.toString()) : undefined
      return { status: statusCode, headers: answered, bytes: rawPayload, json }
    },
    async run(query, variables, headers) {
      const answer = await ask(query, variables, headers)
      if (answer.errors) {
        throw new Error(
          `${query}\n${JSON.stringify(variables)}\n→ ${answer.status} ${JSON.stringify(answer.errors, null, 1)}`,
        )
      }
      return answer.data
    },
  }
}
