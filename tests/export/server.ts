import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { createClientTokens } from '../../src/access/clientToken.ts'
import { createTokens } from '../../src/access/token.ts'
import { createViewers } from '../../src/access/viewer.ts'
import type { Context } from '../../src/context.ts'
import { createLogger } from '../../src/http/log.ts'
import { createServer } from '../../src/http/server.ts'
import { createExporter } from '../../src/jobs/export/run.ts'
import { schema } from '../../src/schema/index.ts'
import type { Query, Reader, Tenancy } from '../../src/tenancy/tenancy.ts'
import { type Any, SECRET, type TestApp } from '../support/app.ts'

/** A server of exports on an app's database, whose pages can be watched. */
export interface ExportServer {
  /** http://host:port */
  url: string
  /** Pages read so far. */
  pages(): number
  /** Is called before each page is read, with its number from 1 on. */
  beforePage(hook: (page: number) => unknown): void
  /** Forgets who callers were, as the app does after a write to the tables of access. */
  forget(): void
  get(path: string, token: string | null, headers?: Record<string, string>): Promise<Got>
  close(): Promise<void>
}

export interface Got {
  status: number
  headers: IncomingHttpHeaders
  trailers: NodeJS.Dict<string>
  body: string
  /** Did the answer come to its end. */
  complete: boolean
}

/** Does a statement read a page of an export. */
const isPage = ({ text }: Query) => text.startsWith('SELECT (SELECT coalesce(json_agg(x)')

/** Starts a server that makes exports as the app does. Call `close`. */
export async function exportServer({ app }: TestApp): Promise<ExportServer> {
  let pages = 0
  let hook: (page: number) => unknown = () => {}
  const watched = (db: Reader): Reader => ({
    async rows(query) {
      if (isPage(query)) await hook(++pages)
      return db.rows(query)
    },
  })
  const tenancy: Tenancy = {
    ...app.tenancy,
    readTenant: (caller, work) => app.tenancy.readTenant(caller, (db) => work(watched(db))),
  }
  const viewers = createViewers(app.tenancy, createTokens({ secret: SECRET }), createClientTokens({ secret: SECRET }))
  const start = createExporter()
  const server = await createServer({
    schema,
    contextFor: async ({ authorization, ip, requestId }) => ({
      viewer: await viewers.viewerOf({ authorization, ip, requestId }),
      tenancy,
    }),
    startExport: ({ contextFor, ...order }) => start({ ...order, contextFor: contextFor as () => Promise<Context> }),
    log: createLogger({ level: 'silent' }),
    readiness: async () => ({}),
  })
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  return {
    url,
    pages: () => pages,
    beforePage: (given) => {
      hook = given
    },
    forget: () => viewers.forget(),
    get: (path, token, headers = {}) => get(`${url}${path}`, token, headers),
    close: () => server.close(),
  }
}

/** Opens an answer without reading it. */
export function open(
  url: string,
  token: string | null,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
    httpRequest(url, { headers: { ...authorization, ...headers }, agent: false }, resolve)
      .on('error', reject)
      .end()
  })
}

async function get(url: string, token: string | null, headers: Record<string, string>): Promise<Got> {
  const answer = await open(url, token, headers)
  const parts: Buffer[] = []
  await new Promise<void>((resolve) => {
    answer.on('data', (part: Buffer) => parts.push(part))
    answer.on('error', () => {})
    answer.on('close', resolve)
  })
  return {
    status: answer.statusCode as number,
    headers: answer.headers,
    trailers: answer.trailers,
    body: Buffer.concat(parts).toString('utf8'),
    complete: answer.complete,
  }
}

/** The records of a JSON Lines file and what its last line says. */
export function jsonl(body: string): { records: Any[]; last: Any } {
  const lines = body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  return { records: lines.slice(0, -1), last: lines.at(-1) }
}

/** The address of an export. */
export function address(file: string, parameters: Record<string, unknown> = {}): string {
  const query = new URLSearchParams(
    Object.entries(parameters).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
  return `/export/${file}${query.size > 0 ? `?${query}` : ''}`
}
