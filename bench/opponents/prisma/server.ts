/**
 * Apollo Server 5 with Pothos' plugin for Prisma, and Prisma 7 under row security by its own example's extension: the usual way to a GraphQL API on Prisma. The
 * standalone server, no caching hints (they are not used here, and cost a wrapper around each field), production's own defaults for the rest.
 */
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled'
import { startStandaloneServer } from '@apollo/server/standalone'
import { GraphQLError } from 'graphql'
import { clientOf, prisma } from './database.ts'
import { type Context, schema } from './schema.ts'

const tokens = new Map<string, string>(Object.entries(JSON.parse(process.env.TOKENS ?? '{}')))

const server = new ApolloServer<Context>({ schema, plugins: [ApolloServerPluginCacheControlDisabled()] })
const { url } = await startStandaloneServer(server, {
  listen: { port: Number(process.env.PORT ?? 0), host: '127.0.0.1' },
  context: async ({ req }) => {
    const tenantId = tokens.get((req.headers.authorization ?? '').replace(/^Bearer /, ''))
    if (!tenantId)
      throw new GraphQLError('Who are you?', { extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } })
    return { prisma: clientOf(tenantId) }
  },
})
console.log(`listening ${url.replace(/\/$/, '')}`)
process.once('SIGTERM', async () => {
  await server.stop()
  await prisma.$disconnect()
  process.exit(0)
})
