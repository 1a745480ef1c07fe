/**
 * What the harness and an opponent agree on. An opponent is two files (or a folder and a file) here:
 *
 * - `<name>.ts` or `<name>/server.ts`: a server, started with `node`. From the environment: PORT (0: any free one), DATABASE_URL (the role of requests,
 *   under row security), DATABASE_OWNER_URL (owner of the tables), TOKENS (JSON: bearer token → tenant id as uuid), NODE_ENV=production; the limit gets DATABASE_BYPASS_URL, for which row security does not hold, Atrium
 *   ATRIUM_SECRET and REDIS_URL besides. Prints one line `listening http://127.0.0.1:<port>` when it can answer and ends on SIGTERM (what it prints goes to a file). A `prepare.ts`
 *   in its folder, if there is one, is run with the same environment once before the rounds (generating a client and the like).
 * - `<name>.requests.ts`: an `Opponent`, by named exports.
 */

/** Names of the workloads that are requests of their own; `mix` and `documents` are made of `single`, `list`, `create`, `update`. */
export type WorkloadName =
  | 'single'
  | 'list'
  | 'nested'
  | 'deep'
  | 'filter'
  | 'search'
  | 'aggregate'
  | 'page200'
  | 'create'
  | 'update'
  | 'documents'

/** One HTTP request; `path` with its leading slash, `body` as it goes over the wire. */
export interface BenchRequest {
  method: 'POST'
  path: string
  headers: Record<string, string>
  body: string
}

/** What requests are made from. The same for all opponents, ids as uuids in lower case. */
export interface BenchContext {
  tenantId: string
  /** For `Authorization: Bearer`. */
  token: string
  /** 100 accounts that are there: `single` asks one after another. */
  accountIds: string[]
  /** `update`: accounts and their new names, in an order without pattern, each pair once, so that hardly an update changes nothing. */
  updates: { id: string; name: string }[]
  /** `filter`: opportunities of accounts of this industry. */
  industry: string
  /** `search`: part of a name, one Latin and one Chinese. */
  parts: string[]
  /** `page200`: which page is asked, counted from 1; 200 unless there are fewer. */
  page: number
  /** What `prepare` found out, for `requests`: the cursor before the page, for instance. Empty before. */
  prepared: Record<string, string>
}

/** `<name>.requests.ts` */
export interface Opponent {
  /**
   * The requests of each workload. Several are sent in turn. By workload, with what the answer must hold (all opponents, the same):
   *
   * - `single`: one account by id, one request per `accountIds`: id name industry status website annualRevenue createdAt.
   * - `list`: the first 20 accounts by name, then id; the same fields.
   * - `nested`: the first 20 accounts by name, then id: id name annualRevenue owner { id name }, contacts (first 5 by contact id, through
   *   account_contact): id firstName lastName title, opportunities (first 5 by id): id name amount closeDate stage { name }.
   * - `deep`: the first 10 accounts by name, then id: id name owner { id name }, contacts (first 3 by contact id): id firstName lastName owner { id name },
   *   opportunities (first 3 by id): id name amount owner { id name } stage { id name pipeline { id name } }.
   * - `filter`: opportunities with status OPEN whose account's industry is `industry`, by amount descending (nulls first, as PostgreSQL does), then id descending, first 20: id name amount
   *   closeDate account { id name } stage { name }; and how many there are in all.
   * - `search`: contacts whose full name contains a part, upper and lower case alike, the first 20 by id: id fullName title; one request per `parts`.
   * - `aggregate`: all opportunities by month of closeDate, stage and currency: count, sum of amount.
   * - `page200`: 20 accounts by name, then id, after a cursor in the opponent's own way (the harness compares with page number `page`): id name.
   * - `create`: an account: name 'zzz bench', industry 'Testing', website 'https://bench.example', annualRevenue 1000 USD; answered with id name.
   * - `update`: the name of an account, one request per member of `updates`; answered with id name.
   * - `documents`: `single` in 500 documents that differ in text (an alias that is not used otherwise will do); [] where there are no documents.
   *
   * Rows that are deleted (deleted_at IS NOT NULL) are not there: of accounts, opportunities, contacts, account_contact. Owners, stages and pipelines need no test.
   */
  requests(context: BenchContext): Record<WorkloadName, BenchRequest[]>
  /**
   * The body of an answer in the form that is compared, made with the helpers of ../lib/canonical.ts: ids as uuids, money { amount, currency } or null with `decimal`,
   * moments with `moment`, dates as YYYY-MM-DD, absent things null. Lists are plain arrays in the order of the answer, to-one objects as above. By workload: `single` the account;
   * `list`, `nested`, `deep`, `search`, `page200` the array; `filter` { nodes, totalCount }; `aggregate` an array of { month: 'YYYY-MM-01' | null, stage: uuid, currency, count: number, sum: decimal | null }
   * in any order; `create` { name }; `update` { id, name }. Keys in any order. Throws if the answer has errors.
   */
  canonical(workload: WorkloadName, body: string): unknown
  /** May ask the server, once per start and tenant, before `requests`: cursors and the like into `context.prepared`. */
  prepare?(url: string, context: BenchContext): Promise<void>
}
