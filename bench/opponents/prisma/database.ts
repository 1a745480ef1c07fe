import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from './generated/client/client.ts'

/** Names for prepared statements: without them the adapter has PostgreSQL parse and plan each time. The same text has the same name. */
const names = new Map<string, string>()
function statementName({ sql }: { sql: string }): string {
  let name = names.get(sql)
  if (!name) {
    name = `p${names.size}`
    names.set(sql, name)
  }
  return name
}

const adapter = new PrismaPg(
  { connectionString: process.env.DATABASE_URL, max: 10 },
  { statementNameGenerator: statementName },
)
export const prisma = new PrismaClient({ adapter })

const setTenant = (tenantId: string) => prisma.$executeRaw`SELECT set_config('app.tenant_id', ${tenantId}, TRUE)`

/** Prisma's example of row security (prisma-client-extensions, row-level-security): every operation in a batch that names the tenant first. */
const forTenant = (tenantId: string) =>
  Prisma.defineExtension((client) =>
    client.$extends({
      query: {
        $allModels: {
          async $allOperations({ args, query }) {
            const [, result] = await prisma.$transaction([setTenant(tenantId), query(args)])
            return result
          },
        },
      },
      client: {
        /** The example says nothing of raw queries; they go the same way. */
        async $tenantRaw<Row>(sql: Prisma.Sql): Promise<Row[]> {
          const [, rows] = await prisma.$transaction([setTenant(tenantId), prisma.$queryRaw<Row[]>(sql)])
          return rows
        },
      },
    }),
  )

const makeClient = (tenantId: string) => prisma.$extends(forTenant(tenantId))
export type TenantClient = ReturnType<typeof makeClient>

const clients = new Map<string, TenantClient>()

/** One extended client per tenant, kept: extending costs, and a client by itself holds no connection. */
export function clientOf(tenantId: string): TenantClient {
  let client = clients.get(tenantId)
  if (!client) {
    client = makeClient(tenantId)
    clients.set(tenantId, client)
  }
  return client
}
