import { isIP } from 'node:net'
import type { Context } from '../../context.ts'
import type { UserErrorInfo } from '../../errors.ts'
import type { Reader } from '../../tenancy/tenancy.ts'

/** How many attempts are too many. */
export interface AttemptLimits {
  /** Of one account. */
  perAccount: number
  /** From one address; of IPv6 one /64, which is one household or one server. */
  perAddress: number
  /** Within so many seconds. */
  seconds: number
}

/** The limits when the settings say nothing: ten within a quarter of an hour (spec/security.md B12). */
export const ATTEMPT_LIMITS: AttemptLimits = { perAccount: 10, perAddress: 10, seconds: 900 }

/** Whose attempts an attempt counts among; see Tokens.attemptKey. */
export interface AttemptKeys {
  account: Buffer
  address: Buffer
}

/** The keys of an attempt at an account, which need not exist, from the address of the request. `slug` and `email` as sign-in compares them. */
export function attemptKeys(context: Context, slug: string, email: string): AttemptKeys {
  const { attemptKey } = context.services.tokens
  return {
    account: attemptKey(`account:${slug}:${email}`),
    address: attemptKey(`address:${network(context.ip)}`),
  }
}

/** An address as attempts are counted: IPv4 as it is, also inside IPv6; of IPv6 the first 64 bits, which one customer has to themselves. */
export function network(ip: string | null): string {
  const plain = (ip ?? '').replace(/%.*$/, '').toLowerCase()
  const inside = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1]
  if (inside) return inside
  if (isIP(plain) !== 6) return plain
  // The parser of addresses writes each in one way: no zeros in front, no IPv4 at the end.
  const text = new URL(`http://[${plain}]/`).hostname.slice(1, -1)
  const [head = '', tail] = text.split('::')
  const front = head.split(':').filter(Boolean)
  const back = (tail ?? '').split(':').filter(Boolean)
  const zeros = tail === undefined ? [] : Array(8 - front.length - back.length).fill('0')
  return [...front, ...zeros, ...back].slice(0, 4).join(':')
}

/**
 * Counts an attempt before anything is compared: attempts at the same time, in one document or in many, cannot pass together. Gives 0, or the seconds
 * to wait when the account or the address has had its attempts; then nothing is counted, and nothing may be compared.
 */
export async function countAttempt(
  context: Pick<Context, 'tenancy'>,
  { account, address }: AttemptKeys,
  { perAccount, perAddress, seconds }: AttemptLimits,
): Promise<number> {
  const [row] = await context.tenancy.writeWithoutTenant((db) =>
    db.rows<{ wait: number }>({
      text: 'SELECT atrium.count_attempt($1, $2, $3) AS wait',
      values: [[account, address], [perAccount, perAddress], seconds],
    }),
  )
  return row?.wait ?? 0
}

/** After the right secret: the account begins anew, the address gets this attempt back. Inside of any bracket that writes. */
export async function forgetAttempts(db: Reader, { account, address }: AttemptKeys): Promise<void> {
  await forgive(db, [account], [address])
}

/** After a secret that was right and yet not enough: this attempt does not count, earlier ones do. */
export async function takeBackAttempt(context: Context, { account, address }: AttemptKeys): Promise<void> {
  await context.tenancy.writeWithoutTenant((db) => forgive(db, [], [account, address]))
}

async function forgive(db: Reader, forgotten: Buffer[], returned: Buffer[]): Promise<void> {
  await db.rows({ text: 'SELECT atrium.forgive_attempt($1, $2)', values: [forgotten, returned] })
}

/** ACCOUNT_LOCKED with the seconds to wait. */
export function locked(seconds: number): UserErrorInfo {
  return {
    code: 'ACCOUNT_LOCKED',
    message: 'Too many failed attempts. Try again later.',
    field: ['input'],
    details: { retryAfterSeconds: seconds },
  }
}
