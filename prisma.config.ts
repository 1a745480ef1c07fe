import { defineConfig } from 'prisma/config'

/** Where Prisma finds the schema. Generating needs no database; migrations are run by src/tenancy/migrate.ts. */
export default defineConfig({ schema: 'prisma/schema' })
