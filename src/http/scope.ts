import type { FastifyInstance } from 'fastify'

/**
 * Registers routes in a scope of their own: parsers and handlers set there hold nowhere else.
 *
 * @param name what the scope is called where Fastify tells of it. Without one Fastify looks for a name through every module that is loaded.
 */
export function inScope(app: FastifyInstance, name: string, routes: (scope: FastifyInstance) => Promise<void>): void {
  app.register(Object.assign(routes, { [Symbol.for('fastify.display-name')]: name }))
}
