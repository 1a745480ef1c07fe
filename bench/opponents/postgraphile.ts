/**
 * PostGraphile 5 on the same tables, as its documentation advises for production: as a library on node:http, no GraphiQL, no watching, no explain,
 * the role of requests with the tenant in `pgSettings` (so row security decides), a pool of its own with a statement time-out, prepared statements
 * (its default), a lean schema. Filters and aggregates by the two plugins that the documentation names.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PgAggregatesPreset } from '@graphile/pg-aggregates'
import pg from 'pg'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { pgSmartTags } from 'postgraphile/utils'
import { PostGraphileConnectionFilterPreset } from 'postgraphile-plugin-connection-filter'

const TABLES = ['account', 'contact', 'account_contact', 'opportunity', 'stage', 'pipeline', 'app_user']
/** Documents and plans kept. Usually 500 of each: `documents` would go round in caches that are just too small. */
const KEPT = 2000
const tokens = new Map<string, string>(Object.entries(JSON.parse(process.env.TOKENS ?? '{}')))

/**
 * Only the tables that are asked for; an id is unique by itself (a uuid) and every read names its tenant by row security, so a row is found by id alone.
 */
const tables = pgSmartTags([
  { kind: 'class', match: ({ relname }) => !TABLES.includes(relname), tags: { behavior: '-*' } },
  { kind: 'class', match: ({ relname }) => TABLES.includes(relname), tags: { unique: 'id' } },
])

declare global {
  namespace GraphileBuild {
    interface AggregateSpecIds {
      count: true
    }
  }
}

/** The documentation's own examples of what to add: groups by month, and a count that need not be distinct. */
const aggregates: GraphileConfig.Plugin = {
  name: 'BenchAggregatesPlugin',
  version: '1.0.0',
  after: ['PgAggregatesSpecsPlugin'],
  schema: {
    hooks: {
      build(build) {
        const { sql, dataplanPg, pgAggregateSpecs, pgAggregateGroupBySpecs } = build
        if (!sql || !dataplanPg || !pgAggregateSpecs || !pgAggregateGroupBySpecs)
          throw new Error('The plugins are not there.')
        const { TYPES } = dataplanPg
        pgAggregateGroupBySpecs.push({
          id: 'truncated-to-month',
          isSuitableType: (codec) => codec === TYPES.date,
          sqlWrap: (value) => sql`date_trunc('month', ${value}::timestamp)::date`,
          sqlWrapCodec: (codec) => codec,
        })
        pgAggregateSpecs.push({
          id: 'count',
          humanLabel: 'count',
          HumanLabel: 'Count',
          isSuitableType: () => true,
          sqlAggregateWrap: (value) => sql`count(${value})`,
          isNonNull: true,
          pgTypeCodecModifier: () => TYPES.bigint,
        })
        return build
      },
    },
  },
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, statement_timeout: 30_000 })
pool.on('error', () => {})

const preset: GraphileConfig.Preset = {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset, PgAggregatesPreset],
  plugins: [tables, aggregates],
  // Every index begins with tenant_id here, so that which columns it takes for indexed says nothing; global object ids are not asked for.
  disablePlugins: ['PgIndexBehaviorsPlugin', 'NodePlugin'],
  pgServices: [makePgService({ pool, schemas: ['public'] })],
  schema: { connectionFilterRelations: true },
  grafast: {
    explain: false,
    context: (request) => ({
      pgSettings: { 'app.tenant_id': tenantOf(request.node?.req.headers.authorization) },
    }),
  },
  grafserv: { graphiql: false, watch: false, websockets: false, parseAndValidateCacheSize: KEPT },
}

function tenantOf(authorization = ''): string {
  const tenantId = tokens.get(authorization.replace(/^Bearer /, ''))
  if (!tenantId) throw new Error('Who are you?')
  return tenantId
}

const instance = postgraphile(preset)
const server = createServer()
await instance.createServ(grafserv).addTo(server)
const { extensions } = await instance.getSchema()
Object.assign(extensions, { grafast: { ...extensions.grafast, operationsCacheMaxLength: KEPT } })
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
  Promise.resolve(instance.release()).then(() => process.exit(0))
})
