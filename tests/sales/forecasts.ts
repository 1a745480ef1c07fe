import type { Any, Company } from '../support/app.ts'
import { uuidIn } from '../support/owner.ts'

/** Enters a rate to dollars from a day on, past the API. */
export function rate(company: Pick<Company, 'id' | 'tenancy'>, currency: string, value: string, date: string) {
  const tenantId = uuidIn(company.id)
  return company.tenancy.writeTenant({ tenantId }, (db) =>
    db.rows({
      text: `INSERT INTO exchange_rate (tenant_id, currency, base_currency, rate, date) VALUES ($1, $2, 'USD', $3, $4)`,
      values: [tenantId, currency, value, date],
    }),
  )
}

/** Makes deals in one call; their ids. */
export async function deals(company: Pick<Company, 'run'>, ...inputs: Record<string, unknown>[]): Promise<string[]> {
  const { createOpportunities } = await company.run<Any>(
    'mutation($input: [CreateOpportunityInput!]!) { createOpportunities(input: $input) { results { opportunity { id } userErrors { code field message } } } }',
    { input: inputs.map((input) => ({ name: 'Deal', ...input })) },
  )
  const { results } = createOpportunities
  const errors = results.flatMap(({ userErrors }: Any) => userErrors)
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  return results.map(({ opportunity }: Any) => opportunity.id)
}

/** Ids of the stages of a company's pipeline by name, and that of the pipeline. */
export async function salesPipeline(
  company: Pick<Company, 'run'>,
): Promise<{ pipeline: string; stages: Record<string, string> }> {
  const { pipelines } = await company.run<Any>(
    '{ pipelines(where: { isDefault: { eq: true } }) { nodes { id stages(orderBy: [{ field: SORT }]) { nodes { id name } } } } }',
  )
  const [{ id, stages }] = pipelines.nodes
  return { pipeline: id, stages: Object.fromEntries(stages.nodes.map((stage: Any) => [stage.name, stage.id])) }
}
