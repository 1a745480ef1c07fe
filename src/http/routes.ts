import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import type { Metrics } from './metrics.ts'
import { schemaText } from './sdl.ts'

/** Whether what the server needs answers, by name, for example `{ database: true, cache: false }`. */
export type Readiness = () => Promise<Record<string, boolean>>

/** Routes that are answered while the server drains and that are logged only at level debug. */
export const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics'])

/** A check that takes longer has failed: the one who asks waits too. */
const READINESS_MS = 2_000

/** The routes beside /graphql: health, metrics, the schema as text. */
export function plainRoutes(
  app: FastifyInstance,
  {
    schema,
    readiness,
    metrics,
    metricsToken,
    isDraining,
  }: {
    schema: GraphQLSchema
    readiness: Readiness
    metrics: Metrics
    metricsToken: string | null
    isDraining: () => boolean
  },
): void {
  app.get('/livez', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    if (isDraining()) return reply.code(503).send({ status: 'draining' })
    const checks = await withTimeout(readiness())
    const ready = checks !== undefined && Object.values(checks).every(Boolean)
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'unavailable', checks })
  })

  app.get('/metrics', async (request, reply) => {
    if (!mayMeasure(request.ip, request.headers.authorization, metricsToken)) {
      return reply.callNotFound()
    }
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })

  let sdl: string | undefined
  app.get('/schema.graphql', async (_request, reply) => {
    sdl ??= schemaText(schema)
    return reply.type('text/plain; charset=utf-8').send(sdl)
  })
}

/** Metrics tell about the whole deployment: they are for this machine, or for who knows the token. */
function mayMeasure(ip: string, authorization: string | undefined, token: string | null): boolean {
  if (token === null) return /^(127\.|::1$|::ffff:127\.)/.test(ip)
  const given = createHash('sha256')
    .update(authorization ?? '')
    .digest()
  return timingSafeEqual(given, createHash('sha256').update(`Bearer ${token}`).digest())
}

/** The answer, or undefined if it fails or is late. */
async function withTimeout<T>(answer: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), READINESS_MS)
  try {
    return await Promise.race([answer, late.promise])
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
