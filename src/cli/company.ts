import type { Tenancy } from '../tenancy/tenancy.ts'

/** A company as jobs of the deployment need it. */
export interface FoundCompany {
  id: string
  timezone: string
  baseCurrency: string
  defaultCountry: string
}

/** There is no company to work with; the message is a sentence for people. */
export class NoCompany extends Error {}

/** Finds a company by its slug. @throws NoCompany when there is none or it is suspended. */
export async function companyOf(tenancy: Tenancy, slug: string): Promise<FoundCompany> {
  const [found] = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string | null }>({ text: 'SELECT atrium.tenant_of_slug($1) AS id', values: [slug] }),
  )
  const id = found?.id
  const [company] = id
    ? await tenancy.readTenant({ tenantId: id }, (db) =>
        db.rows<FoundCompany & { status: string }>({
          text: 'SELECT id, status, timezone, base_currency AS "baseCurrency", default_country AS "defaultCountry" FROM tenant WHERE id = $1',
          values: [id],
        }),
      )
    : []
  if (!company) throw new NoCompany(`There is no company ${slug}.`)
  if (company.status === 'SUSPENDED' || company.status === 'DELETING')
    throw new NoCompany(`The company ${slug} is suspended.`)
  return company
}
