import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, openOwner } from '../support/owner.ts'

const ERRORS = 'userErrors { code field message details }'

export const CONVERT = `mutation($input: ConvertLeadInput!) {
  convertLead(input: $input) {
    lead { id version status convertedAt owner { id } convertedBy { id } conversion { formerStatus accountMade contactMade revertibleUntil } }
    account { id version name phone website industry employees annualRevenue { amount currency } billingAddress { city countryCode } rating doNotContact source { id } owner { id } primaryContact { id } }
    contact { id version firstName lastName fullName title email phone mobile emails { address isPrimary } phones { number isPrimary } address { city } doNotCall doNotEmail source { id } owner { id } description
      accountContacts { nodes { isPrimary account { id } } } }
    opportunity { id name amount { amount currency } closeDate nextFollowUpAt source { id } owner { id } account { id } primaryContact { id }
      opportunityContacts { nodes { isPrimary contact { id } } } lines(orderBy: [{ field: SORT }]) { nodes { quantity product { id } total { amount } } } }
    ${ERRORS}
  }
}`

/** A company to convert leads in. */
export interface Converting {
  test: TestApp
  acme: Company
  owner: Owner
  /** Makes a lead with little in it, owned by the administrator. */
  lead(more?: Record<string, unknown>): Promise<string>
  /** Converts as somebody, the administrator if nobody is named. */
  convert(leadId: string, more?: Record<string, unknown>, who?: Pick<Company, 'run'>): Promise<Any>
  revert(leadId: string, more?: Record<string, unknown>, who?: Pick<Company, 'run'>): Promise<Any>
  /** Runs a mutation of one field and gives its payload. */
  say(call: string, variables?: Record<string, unknown>): Promise<Any>
  /** All rows of all tables of the company. */
  everything(): Promise<Record<string, string[]>>
  close(): Promise<void>
}

export const codes = (payload: Any): string[] =>
  payload.userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.')}`)

/** Rows that are in one state of a company and not in the other: `- account {…}`. */
export function differences(before: Record<string, string[]>, after: Record<string, string[]>): string[] {
  return Object.keys({ ...before, ...after }).flatMap((table) => {
    const [was, is] = [new Set(before[table]), new Set(after[table])]
    return [
      ...[...was].filter((row) => !is.has(row)).map((row) => `- ${table} ${row}`),
      ...[...is].filter((row) => !was.has(row)).map((row) => `+ ${table} ${row}`),
    ]
  })
}

export async function openConverting(): Promise<Converting> {
  const test = await testApp()
  const { acme } = test
  const owner = await openOwner(test, acme)
  const lead = async (more: Record<string, unknown> = {}): Promise<string> => {
    const input = { fullName: 'Ada Byron', lastName: 'Byron', firstName: 'Ada', ownerId: acme.adminUserId, ...more }
    const { createLead } = await acme.run(
      `mutation($input: CreateLeadInput!) { createLead(input: $input) { lead { id } ${ERRORS} } }`,
      { input },
    )
    if (!createLead.lead) throw new Error(JSON.stringify(createLead.userErrors))
    return createLead.lead.id
  }
  return {
    test,
    acme,
    owner,
    lead,
    convert: async (leadId, more = {}, who = acme) =>
      (await who.run(CONVERT, { input: { leadId, ...more } })).convertLead,
    revert: async (leadId, more = {}, who = acme) =>
      (
        await who.run(
          `mutation($id: ID!, $force: Boolean, $version: Int) { revertConversion(leadId: $id, force: $force, expectedVersion: $version) { lead { id status owner { id } convertedAt convertedAccount { id } convertedContact { id } convertedOpportunity { id } conversion { id } conversions { nodes { revertedAt revertedBy { id } } } } ${ERRORS} } }`,
          { id: leadId, ...more },
        )
      ).revertConversion,
    async say(call, variables = {}) {
      const data = await acme.run(call, variables)
      return Object.values(data as object)[0]
    },
    async everything() {
      const tables = await owner.rows<{ name: string }>(
        `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
      )
      const all: Record<string, string[]> = {}
      for (const { name } of tables) {
        const rows = await owner.rows<{ row: string }>(
          `SELECT (to_jsonb(t) - 'sequence')::text AS row FROM ${name} t WHERE tenant_id = atrium.tenant_id() ORDER BY 1`,
        )
        all[name] = rows.map(({ row }) => row)
      }
      // What the API notes about a key, and the numbers that changes get when their time comes, are no trace of a conversion.
      for (const name of ['api_key_use', 'change_commit', 'change_counter']) delete all[name]
      return all
    },
    async close() {
      await owner.close()
      await test.close()
    },
  }
}

export { make }
