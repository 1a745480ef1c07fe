import type { Incoming, Outgoing } from '../../src/access/egress.ts'
import { createVault } from '../../src/access/totp.ts'
import { setSecret } from '../../src/resolvers/marketing/social/account.ts'
import { connectors } from '../../src/resolvers/marketing/social/connectors.ts'
import { workSocial } from '../../src/resolvers/marketing/social/deliver.ts'
import type { PostArgs } from '../../src/resolvers/marketing/social/verbs.ts'
import type { Written } from '../../src/resolvers/records.ts'
import type { WriteContext } from '../../src/resolvers/write.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

export const vault = createVault({ secret: 'a secret that is long enough to be one', previousSecret: null })

/** A request as the bridge saw it. */
export interface Asked {
  url: string
  headers: Record<string, string>
  body: string
  type: string
  // biome-ignore lint/suspicious/noExplicitAny: what a body holds, the test says.
  data: any
}
/** What the bridge answers: a status with a body, or what the way there throws. */
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | Error

/** A company that posts, with a bridge that answers as it is told. */
export interface Social extends Writes {
  tenancy: Tenancy
  asked: Asked[]
  /** The next answers; then each post gets an id of its own. */
  answers: Answer[]
  problems: string[]
  /** An account with the connector webhook and a secret; uuid. */
  account(more?: Record<string, unknown>): Promise<string>
  manual(more?: Record<string, unknown>): Promise<string>
  post(accountId: string, more?: Record<string, unknown>): Promise<string>
  /** Codes of what is wrong with a verb, each with its field; with [] it was done. */
  verb<A extends PostArgs>(
    run: (context: WriteContext, args: A) => Promise<Written>,
    id: string,
    more?: Omit<A, 'id'>,
  ): Promise<string[]>
  /** One round of the worker. */
  work(): Promise<number>
  /** Makes all that waits due. */
  due(): Promise<void>
}

/** Opens a company of its own; call `close`. */
export async function openSocial(): Promise<Social> {
  const acme = await openWrites()
  const tenancy = openTenancy({ databaseUrl: acme.databaseUrl, poolSize: 6 })
  const asked: Asked[] = []
  const answers: Answer[] = []
  const problems: string[] = []
  let counter = 0
  const post = async (url: URL, { headers = {}, body = '' }: Outgoing = {}): Promise<Incoming> => {
    const { type, data } = JSON.parse(String(body))
    asked.push({ url: url.href, headers, body: String(body), type, data })
    const answer = answers.shift() ?? { status: 200, body: { id: `n${asked.length}`, url: 'https://net.example/1' } }
    if (answer instanceof Error) throw answer
    return {
      status: answer.status,
      headers: answer.headers ?? {},
      body: Buffer.from(answer.body === undefined ? '' : JSON.stringify(answer.body)),
    }
  }
  const make = async (type: string, input: Record<string, unknown>) => (await acme.create(type, input))[0] as string
  return {
    ...acme,
    tenancy,
    asked,
    answers,
    problems,
    async account(more = {}) {
      const id = await make('SocialAccount', {
        name: `Account ${++counter}`,
        platform: 'WEIBO',
        connector: 'webhook',
        settings: { url: 'https://bridge.example/in' },
        ...more,
      })
      await acme.write((context) => setSecret(context, { id: ref('SocialAccount', id) }, vault))
      return id
    },
    manual: (more = {}) => make('SocialAccount', { name: `Account ${++counter}`, platform: 'WECHAT', ...more }),
    post: (accountId, more = {}) =>
      make('SocialPost', { accountId: ref('SocialAccount', accountId), content: `新品上市 ${++counter}`, ...more }),
    async verb(run, id, more) {
      const args = { id: ref('SocialPost', id), ...more } as Parameters<typeof run>[1]
      const { errors } = await acme.write((context) => run(context, args))
      return errors.map(({ code, field }) => `${code} ${field?.join('.')}`)
    },
    work: () =>
      workSocial(tenancy, {
        vault,
        connectors: connectors(post),
        fileAddress: (_tenantId, _userId, id) => `https://crm.example/attachments/${id}`,
        onError: (error) => problems.push((error as Error).message),
      }),
    async due() {
      await acme.write(({ db, viewer }) =>
        db.rows({
          text: 'UPDATE social_delivery SET due_at = now() WHERE tenant_id = $1 AND due_at IS NOT NULL',
          values: [viewer.tenantId],
        }),
      )
    },
    async close() {
      await tenancy.close()
      await acme.close()
    },
  }
}
