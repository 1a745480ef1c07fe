import { ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import type { DocumentNode, GraphQLSchema } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { type Authorise, type Executor, executorOf } from './execute.ts'
import { formatterOf } from './format.ts'
import { LIMITS } from './limits.ts'
import { weightOf } from './weight.ts'

/** What the HTTP layer puts into the context of every operation, beside what `contextFor` gives. */
export interface HttpContext extends BaseContext {
  requestId: string
  /** Headers that resolvers want sent. */
  responseHeaders: Map<string, string>
  /** HTTP status that resolvers want; an error's own goes before it. */
  status?: number
}

/** Apollo Server around our executor: it speaks GraphQL over HTTP, parses and validates; we limit, run and format. `quick` answers past it, see execute.ts. */
export function apolloServer(
  schema: GraphQLSchema,
  { compiled, log, authorise, maxCost }: { compiled: boolean; log: Logger; authorise?: Authorise; maxCost?: number },
): { apollo: ApolloServer<HttpContext>; quick: Executor['quick'] } {
  const { run, quick } = executorOf(schema, { compiled, log, authorise, maxCost })
  const documents = documentStore()
  const apollo = new ApolloServer<HttpContext>({
    // Its executor hook is made for gateways; this one has one schema that never changes.
    gateway: {
      onSchemaLoadOrUpdate(callback) {
        callback({ apiSchema: schema, coreSupergraphSdl: '' })
        return () => undefined
      },
      async load() {
        return {
          async executor({ request, response, document, operation, source, context }) {
            const answer = await run({
              document,
              operation,
              operationName: request.operationName,
              source,
              variables: request.variables ?? {},
              context,
            })
            const { responseHeaders, status } = context as HttpContext
            for (const [name, value] of responseHeaders) response?.http?.headers.set(name, value)
            if (status && response?.http) response.http.status = status
            return answer
          },
        }
      },
      async stop() {},
    },
    parseOptions: { maxTokens: LIMITS.tokens },
    validationOptions: { maxErrors: 5 },
    documentStore: documents,
    formatError: formatterOf(log),
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: true,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    // The process stops the server, see server.ts.
    stopOnTerminationSignals: false,
    logger: {
      debug: noLog,
      info: noLog,
      warn: (message) => log.warn(String(message)),
      error: (message) => log.error(String(message)),
    },
    plugins: [ApolloServerPluginCacheControlDisabled(), ApolloServerPluginLandingPageDisabled() as ApolloServerPlugin],
  })
  return { apollo, quick }
}

function noLog(): void {}

/** Parsed and validated documents by the hash of their text: 1,000 of them, of 60,000 nodes in all, some 20 MB. The same for all tenants. */
function documentStore() {
  const documents = new LRUCache<string, DocumentNode>({
    max: 1_000,
    maxSize: 60_000,
    // Its text is held too.
    sizeCalculation: (document) => weightOf(document) + Math.ceil((document.loc?.end ?? 0) / 300),
  })
  return {
    async get(hash: string) {
      return documents.get(hash)
    },
    async set(hash: string, document: DocumentNode) {
      documents.set(hash, document)
    },
    async delete(hash: string) {
      return documents.delete(hash)
    },
  }
}
