import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import { createLogger } from '../../src/http/log.ts'
import { createServer, type ServerParts } from '../../src/http/server.ts'
import { toySchema } from './toy.ts'

/** A server of the toy schema, with its log. */
export interface Toy {
  server: FastifyInstance
  log: Record<string, unknown>[]
  /** POSTs a document. */
  ask: (query: string, variables?: unknown, headers?: Record<string, string>) => Promise<Answer>
}

/** An answer, whatever is in it. */
export interface Answer {
  status: number
  headers: Record<string, unknown>
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of every shape
  body: any
}

/** Makes a server that does not listen. */
export async function toyServer(parts: Partial<ServerParts> & { schema?: GraphQLSchema } = {}): Promise<Toy> {
  const log: Toy['log'] = []
  const to = new Writable({
    write(line, _encoding, done) {
      log.push(JSON.parse(String(line)))
      done()
    },
  })
  const server = await createServer({
    schema: toySchema,
    contextFor: async () => ({}),
    log: createLogger({ level: 'debug', to }),
    readiness: async () => ({ database: true }),
    ...parts,
  })
  return {
    server,
    log,
    async ask(query, variables, headers = {}) {
      const answer = await server.inject({ method: 'POST', url: '/graphql', headers, payload: { query, variables } })
      return { status: answer.statusCode, headers: answer.headers, text: answer.payload, body: answer.json() }
    },
  }
}
