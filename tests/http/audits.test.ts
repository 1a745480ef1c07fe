import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { serverAudits } from 'graphql-http'
import { createLogger } from '../../src/http/log.ts'
import { createServer } from '../../src/http/server.ts'
import { toySchema } from './toy.ts'

let url = ''
let server: Awaited<ReturnType<typeof createServer>>

beforeAll(async () => {
  server = await createServer({
    schema: toySchema,
    contextFor: async () => ({}),
    log: createLogger({ level: 'silent' }),
    readiness: async () => ({}),
  })
  url = `${await server.listen({ port: 0, host: '127.0.0.1' })}/graphql`
})

afterAll(() => server.close())

/** The audits send GET and plain POST as a form could; our CSRF protection wants a header that a form cannot send. */
const fetchFn: typeof fetch = (input, init) =>
  fetch(input, {
    ...init,
    headers: { ...(init?.headers as Record<string, string>), 'apollo-require-preflight': 'true' },
  })

const audits = serverAudits({ url: () => url, fetchFn })

describe('GraphQL over HTTP', () => {
  it('has 61 audits', () => {
    expect(audits).toHaveLength(61)
  })

  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    'passes audit %s: %s',
    async (_id, _name, audit) => {
      expect(await audit.fn()).toMatchObject({ status: 'ok' })
    },
  )
})
