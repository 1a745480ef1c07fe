import type { Any, Company, TestApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, uuidIn } from '../support/owner.ts'
import type { Person } from '../support/people.ts'

type Caller = Pick<Company, 'run' | 'ask'>

/** A user error as tests compare it. */
export interface Told {
  code: string
  field: string[] | null
  details?: Any
}

/** What a call on a pool did. */
export interface Done {
  results: { id: string | null; record: Any; userErrors: Told[] }[]
  userErrors: Told[]
}

const ERRORS = 'userErrors { code field details }'
const RESULT = `results { id record { id ... on Account { name owner { id } } ... on Lead { fullName } } ${ERRORS} } ${ERRORS}`

const CALLS = {
  claimFromPool: `mutation($poolId: ID!, $ids: [ID!]!, $errorPolicy: ErrorPolicy) { done: claimFromPool(poolId: $poolId, ids: $ids, errorPolicy: $errorPolicy) { ${RESULT} } }`,
  assignFromPool: `mutation($poolId: ID!, $ids: [ID!]!, $userId: ID!, $errorPolicy: ErrorPolicy) { done: assignFromPool(poolId: $poolId, ids: $ids, userId: $userId, errorPolicy: $errorPolicy) { ${RESULT} } }`,
  releaseToPool: `mutation($ids: [ID!]!, $poolId: ID, $reason: String!, $errorPolicy: ErrorPolicy) { done: releaseToPool(ids: $ids, poolId: $poolId, reason: $reason, errorPolicy: $errorPolicy) { ${RESULT} } }`,
  movePool: `mutation($ids: [ID!]!, $toPoolId: ID!, $errorPolicy: ErrorPolicy) { done: movePool(ids: $ids, toPoolId: $toPoolId, errorPolicy: $errorPolicy) { ${RESULT} } }`,
}

/** Runs a call on a pool. Without `errorPolicy` the call's own default holds. */
export async function call(who: Caller, name: keyof typeof CALLS, variables: Record<string, unknown>): Promise<Done> {
  const query = variables.errorPolicy
    ? CALLS[name]
    : CALLS[name].replace(', $errorPolicy: ErrorPolicy', '').replace(', errorPolicy: $errorPolicy', '')
  return (await who.run<Any>(query, variables)).done
}

/** The codes of each result's errors, in order. */
export const codes = ({ results }: Done): string[][] =>
  results.map(({ userErrors }) => userErrors.map(({ code }) => code))

/** Makes a pool with members: users by id, as members or administrators. */
export async function makePool(
  company: Company,
  { members = [], admins = [], ...input }: Record<string, unknown> & { members?: string[]; admins?: string[] } = {},
): Promise<string> {
  const { id } = await make(company, 'Pool', {
    object: 'ACCOUNT',
    enabled: true,
    isDefault: false,
    hiddenFields: [],
    dailyLimitPerUser: null,
    maxBatch: 100,
    previousOwnerCooldownHours: null,
    newDataCooldownHours: null,
    reclaimEnabled: false,
    remindDaysBefore: null,
    allowImport: true,
    ...input,
  })
  for (const [role, ids] of [
    ['MEMBER', members],
    ['ADMIN', admins],
  ] as const)
    for (const userId of ids) await make(company, 'PoolMember', { poolId: id, userId, role })
  return id
}

/** Makes customers straight in a pool; their ids. */
export async function pooledAccounts(
  company: Company,
  poolId: string,
  count: number,
  more: Record<string, unknown> = {},
): Promise<string[]> {
  const input = Array.from({ length: count }, (_, n) => ({ name: `${company.mark} pooled ${n}`, poolId, ...more }))
  const { createAccounts } = await company.run<Any>(
    `mutation($input: [CreateAccountInput!]!) { createAccounts(input: $input) { results { account { id } ${ERRORS} } ${ERRORS} } }`,
    { input },
  )
  const wrong = [...createAccounts.userErrors, ...createAccounts.results.flatMap((one: Any) => one.userErrors)]
  if (wrong.length > 0) throw new Error(JSON.stringify(wrong))
  return createAccounts.results.map((one: Any) => one.account.id)
}

/** A customer of somebody; its id. */
export const accountOf = async (company: Company, owner: Pick<Person, 'id'>, more: Record<string, unknown> = {}) =>
  (await make(company, 'Account', { ownerId: owner.id, status: 'ACTIVE', ...more })).id as string

/** A row of a table as it stands. */
export async function rowOf(owner: Owner, table: string, id: string): Promise<Any> {
  const [row] = await owner.rows(`SELECT * FROM ${table} WHERE tenant_id = atrium.tenant_id() AND id = $1`, uuidIn(id))
  return row
}

/** The history of a customer, oldest first. */
export const historyOf = async (who: Caller, id: string): Promise<Any[]> =>
  (
    await who.run<Any>(
      `query($id: ID!) { account(id: $id) { ownershipRecords(first: 50) { nodes { objectType reason note fromOwner { id } toOwner { id } fromPool { id } toPool { id } by { id } rule { id } } } } }`,
      { id },
    )
  ).account.ownershipRecords.nodes

/** Sets columns of a record as nobody can over the API: times that are long over. */
export async function set(owner: Owner, table: string, id: string, values: Record<string, unknown>): Promise<void> {
  const names = Object.keys(values)
  await owner.rows(
    `UPDATE ${table} SET ${names.map((name, at) => `${name} = $${at + 2}`).join(', ')} WHERE tenant_id = atrium.tenant_id() AND id = $1`,
    uuidIn(id),
    ...Object.values(values),
  )
}

export type { Caller, TestApp }
