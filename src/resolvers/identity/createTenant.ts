import { randomBytes } from 'node:crypto'
import { EVERYTHING } from '../../access/access.ts'
import { newApiKey } from '../../access/apiKey.ts'
import { SEED_ROLES } from '../../access/roles.ts'
import type { Viewer } from '../../context.ts'
import { UserErrors } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import type { Tenancy, Writer } from '../../tenancy/tenancy.ts'
import { OBJECTS } from '../customers/duplicates/profile.ts'
import { markFilled } from '../customers/duplicates/store.ts'
import { orderHousekeeping } from '../platform/housekeeping.ts'
import { createRecords, type Written } from '../records.ts'
import type { Input } from '../write.ts'
import { setPassword } from './session.ts'
import { idOfTenant } from './tenantId.ts'

/** A company to be made. */
export interface NewTenant {
  /** Lower-case letters, digits and hyphens, 2 to 63 characters, beginning with a letter. Unique in the deployment. */
  slug: string
  name: string
  adminEmail: string
  adminName?: string
  /** Left out: a random one. */
  adminPassword?: string
  timezone?: string
  baseCurrency?: string
  defaultCountry?: string
  locale?: string
  /** Make the pipeline that a new company begins with. */
  pipeline?: boolean
}

/** What the maker of a company needs to hand over. Password and key are shown this once. */
export interface MadeTenant {
  id: string
  slug: string
  adminUserId: string
  adminEmail: string
  adminPassword: string
  apiKey: string
}

/** A viewer for work of the deployment itself inside a tenant: seeds, imports, jobs. */
export function jobViewer(
  tenant: { id: string; timezone: string; baseCurrency: string; defaultCountry: string },
  requestId = newId(),
): Viewer {
  return {
    tenantId: tenant.id,
    kind: 'job',
    userId: null,
    credentialId: null,
    roles: [],
    access: EVERYTHING,
    timezone: tenant.timezone,
    baseCurrency: tenant.baseCurrency,
    defaultCountry: tenant.defaultCountry,
    requestId,
    ip: null,
  }
}

const STAGES = [
  ['Prospecting', 'OPEN', 10, 'PIPELINE'],
  ['Qualification', 'OPEN', 25, 'PIPELINE'],
  ['Proposal', 'OPEN', 50, 'BEST_CASE'],
  ['Negotiation', 'OPEN', 75, 'COMMIT'],
  ['Won', 'WON', 100, 'CLOSED'],
  ['Lost', 'LOST', 0, 'OMITTED'],
] as const

/**
 * Makes a company with its roles, its first administrator, an API key and a pipeline, all in one transaction.
 *
 * @throws UserErrors for a malformed or taken slug, a bad e-mail address or time zone, an unknown currency.
 */
export async function createTenant(tenancy: Tenancy, given: NewTenant): Promise<MadeTenant> {
  const { slug, name, timezone = 'UTC', baseCurrency = 'USD', defaultCountry = 'US', locale = 'en' } = given
  const refuse = (field: string, message: string): never => {
    throw new UserErrors([{ code: 'VALIDATION_FAILED', message, field: [field] }])
  }
  if (!/^[a-z][a-z0-9-]{1,62}$/.test(slug))
    refuse('slug', 'slug has 2 to 63 lower-case letters, digits and hyphens and begins with a letter.')
  if (name.trim() === '') refuse('name', 'name is required.')
  if (!Intl.supportedValuesOf('timeZone').includes(timezone) && timezone !== 'UTC')
    refuse('timezone', 'timezone must be a name of the IANA database.')
  if (!Intl.supportedValuesOf('currency').includes(baseCurrency))
    refuse('baseCurrency', 'baseCurrency must be an ISO 4217 code.')
  const id = newId()
  const viewer = jobViewer({ id, timezone, baseCurrency, defaultCountry })
  const password = given.adminPassword ?? randomBytes(15).toString('base64url')
  const key = newApiKey('live')
  return tenancy.writeTenant({ tenantId: id, requestId: viewer.requestId }, async (db) => {
    const [made] = await db.rows({
      text: `INSERT INTO tenant (id, slug, name, timezone, base_currency, default_country, locale) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (slug) DO NOTHING RETURNING id`,
      values: [id, slug, name.trim(), timezone, baseCurrency, defaultCountry, locale],
    })
    if (!made)
      throw new UserErrors([
        { code: 'UNIQUE_VIOLATION', message: `There is a tenant ${slug} already.`, field: ['slug'] },
      ])
    const roles = await seedRoles(db, id)
    const [adminId] = ids(
      await createRecords({ db, viewer }, recordType('User'), [
        {
          email: given.adminEmail,
          name: given.adminName ?? 'Administrator',
          roleId: idOf('Role', roles.get('admin') as string),
        },
      ]),
      { email: 'adminEmail' },
    )
    await setPassword(db, id, adminId as string, password)
    await db.rows({
      text: `INSERT INTO api_key (tenant_id, id, name, prefix, last4, key_hash, role_id, user_id) VALUES ($1, $2, 'First key', $3, $4, $5, $6, $7)`,
      values: [id, newId(), key.prefix, key.last4, key.hash, roles.get('admin'), adminId],
    })
    if (given.pipeline !== false) await seedPipeline(db, viewer)
    await orderHousekeeping(db, id)
    return {
      id: idOfTenant(id),
      slug,
      adminUserId: idOf('User', adminId as string),
      adminEmail: given.adminEmail,
      adminPassword: password,
      apiKey: key.key,
    }
  })
}

/** The functions of the database that give a new tenant what every tenant begins with. */
const SEEDS = [
  'seed_permissions',
  'seed_permission_requests',
  'seed_lead_conversion',
  'seed_sales',
  'seed_pool_permissions',
  'seed_forecast_permissions',
  'seed_customer_levels',
  'seed_custom_fields',
  'seed_duplicate_rules',
  'seed_price_permissions',
  'seed_quotes',
  'seed_service',
  'seed_knowledge',
  'seed_surveys',
  'seed_social',
]

/** Makes the seeded roles of a new tenant; uuid by key. They are written past the API because nobody may make roles yet. */
export async function seedRoles(db: Writer, tenantId: string): Promise<Map<string, string>> {
  const rows = SEED_ROLES.map(({ key, name, description }) => ({ id: newId(), key, name, description }))
  await db.rows({
    text: `INSERT INTO role (tenant_id, id, key, name, description, is_system) SELECT $1, x.id, x.key, x.name, x.description, true FROM json_to_recordset($2::json) AS x(id uuid, key text, name text, description text)`,
    values: [tenantId, JSON.stringify(rows)],
  })
  await db.rows({
    text: `SELECT ${SEEDS.map((name) => `atrium.${name}()`).join(', ')}`,
    values: [],
  })
  await markFilled(db, tenantId, OBJECTS)
  return new Map(rows.map(({ id, key }) => [key, id]))
}

async function seedPipeline(db: Writer, viewer: Viewer): Promise<void> {
  const [pipeline] = ids(
    await createRecords({ db, viewer }, recordType('Pipeline'), [{ name: 'Sales', isDefault: true }]),
  )
  const stages = STAGES.map(
    ([name, kind, probability, forecastCategory], sort): Input => ({
      pipelineId: idOf('Pipeline', pipeline as string),
      name,
      kind,
      probability,
      forecastCategory,
      sort,
    }),
  )
  ids(await createRecords({ db, viewer }, recordType('Stage'), stages))
}

/** uuids of what was written; throws UserErrors when something was refused, with field names as the caller knows them. */
export function ids(written: Written[], names: Record<string, string> = {}): string[] {
  const errors = written.flatMap((one) => one.errors)
  if (errors.length > 0) {
    throw new UserErrors(
      errors.map((error) => ({
        ...error,
        field: error.field?.flatMap((part) => (part === 'input' ? [] : [names[part] ?? part])) ?? null,
      })),
    )
  }
  return written.map(({ id }) => id as string)
}
