/** Where documents take their literals from. */
export interface Ids {
  accounts: string[]
  contacts: string[]
}

/** A document of its own for each number: the same number gives the same text. One in twenty cannot be answered. */
export function documentOf(n: number, ids: Ids): string {
  const random = randomFrom(n)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const some = (list: readonly string[]) =>
    list.flatMap((name) => (random() < 0.4 ? [random() < 0.3 ? `${name.replace(/ .*/, '')}_${n}: ${name}` : name] : []))
  const account = () => ['id', ...some(ACCOUNT), ...(random() < 0.3 ? ['owner { id name }'] : [])].join(' ')
  const contact = () => ['id', ...some(CONTACT)].join(' ')
  const opportunity = () => ['id', ...some(OPPORTUNITY)].join(' ')
  const size = () => 1 + Math.floor(random() * 10)
  if (random() < 0.05) return pick([`{ nothing${n} }`, `{ accounts { nodes { id ${n} } }`, `{ a${n}: account { id } }`])
  return pick([
    () => `query Q${n} { account(id: "${pick(ids.accounts)}") { ${account()} } }`,
    () => `{ c${n}: contact(id: "${pick(ids.contacts)}") { ${contact()} } }`,
    () =>
      `query L${n}($first: Int = ${size()}) { accounts(first: $first, where: { employees: { gte: ${n % 1000} } }) { nodes { ${account()} } pageInfo { hasNextPage } } }`,
    () =>
      `{ l${n}: accounts(first: ${size()}, orderBy: [{ field: NAME, direction: DESC }]) { nodes { ${account()} contacts(first: 2) { nodes { ${contact()} } } } } }`,
    () =>
      `query N${n} { accounts(first: ${size()}) { nodes { ...A } } } fragment A on Account { ${account()} opportunities(first: 3) { nodes { ${opportunity()} } totalCount { value } } }`,
    () =>
      `{ n${n}: node(id: "${pick(ids.accounts)}") { id ... on Account { ${account()} } ... on Contact { ${contact()} } } }`,
    () =>
      `{ o${n}: opportunities(first: ${size()}) { edges { cursor node { ${opportunity()} account { ${account()} } } } } }`,
    () =>
      `{ g${n}: opportunityAggregate(groupBy: [{ field: STAGE }]) { count } accounts(first: 1) { nodes { ${account()} } } }`,
  ])()
}

const ACCOUNT = [
  'name',
  'phone',
  'email',
  'industry',
  'employees',
  'version',
  'createdAt',
  'updatedAt',
  'website',
  'annualRevenue { amount currency }',
  'lifecycleStage',
  'rating',
  'description',
  'status',
  'billingAddress { city countryCode }',
  'lastActivityAt',
]
const CONTACT = ['firstName', 'lastName', 'fullName', 'email', 'phone', 'title', 'createdAt', 'version']
const OPPORTUNITY = [
  'name',
  'amount { amount currency }',
  'closeDate',
  'probability',
  'status',
  'stage { name }',
  'version',
]

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
