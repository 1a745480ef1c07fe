import { createTenant } from '../resolvers/identity/createTenant.ts'
import '../schema/index.ts'
import { migrate } from '../tenancy/migrate.ts'
import { openTenancy } from '../tenancy/tenancy.ts'
import { surroundings } from './surroundings.ts'

export interface TenantOptions {
  slug: string
  name: string
  adminEmail: string
  adminName?: string
  timezone: string
  currency: string
  country: string
  json?: boolean
}

/** `atrium tenant create`. The password and the key are shown this once; only their hashes are kept. */
export async function createTenantCommand({
  slug,
  name,
  adminEmail,
  adminName,
  timezone,
  currency,
  country,
  json,
}: TenantOptions): Promise<void> {
  const around = await surroundings({ share: true })
  try {
    if (around.ownerUrl) await migrate(around.ownerUrl, { appUrl: around.databaseUrl })
    const tenancy = openTenancy({ databaseUrl: around.databaseUrl, poolSize: 1 })
    try {
      const made = await createTenant(tenancy, {
        slug,
        name,
        adminEmail,
        timezone,
        baseCurrency: currency,
        defaultCountry: country,
        ...(adminName ? { adminName } : {}),
      })
      const { id, adminPassword, apiKey } = made
      console.log(
        json
          ? JSON.stringify({ id, slug, name, adminEmail: made.adminEmail, adminPassword, apiKey })
          : [
              `id        ${id}`,
              `slug      ${slug}`,
              `admin     ${made.adminEmail}`,
              `password  ${adminPassword}`,
              `API key   ${apiKey}`,
              'The password and the key are not shown again.',
            ].join('\n'),
      )
    } finally {
      await tenancy.close()
    }
  } finally {
    await around.stop()
  }
}
