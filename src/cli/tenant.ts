import { ConfigError } from '../config.ts'
import { createTenant } from '../resolvers/identity/createTenant.ts'
import '../schema/index.ts'
import { setTenantStatus, type TenantStatus } from '../tenancy/lifecycle.ts'
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

/** `atrium tenant suspend` and `resume`. Throws a ConfigError without DATABASE_OWNER_URL, an Error for an unknown company. */
export async function setTenantStatusCommand(slug: string, status: TenantStatus): Promise<void> {
  const around = await surroundings({ share: true })
  try {
    if (!around.ownerUrl)
      throw new ConfigError('DATABASE_OWNER_URL is needed: a company’s status is no matter of the unprivileged role.')
    const tenancy = openTenancy({ databaseUrl: around.databaseUrl, poolSize: 1 })
    try {
      const before = await setTenantStatus(tenancy, around.ownerUrl, slug, status)
      if (before === null) throw new Error(`There is no company ${slug}.`)
      console.log(before === status ? `${slug} is ${status} already.` : `${slug} was ${before} and is now ${status}.`)
    } finally {
      await tenancy.close()
    }
  } finally {
    await around.stop()
  }
}
