import { expireQuotes } from '../resolvers/revenue/expireQuotes.ts'
import { EXPIRE_QUOTES } from '../resolvers/revenue/quote.ts'
import type { JobKind } from './kind.ts'

/** Ends quotes whose last day is over, some in each step. */
export const quotesExpire: JobKind = {
  kind: EXPIRE_QUOTES,
  as: 'system',
  async step(context) {
    const done = await expireQuotes(context)
    return { state: done === 0 ? null : {}, done, figures: { EXPIRED: done } }
  },
}
