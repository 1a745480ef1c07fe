import { checkScale, refuse, refuseAs } from '../checks.ts'
import { after, type Change, idPath, type Rules } from '../write.ts'

/** Rule of currencies: the company's own stays in use. */
export const currencyRules: Rules = {
  write(changes, { viewer }) {
    for (const change of changes) {
      if (after(change, 'code') === viewer.baseCurrency && after(change, 'active') === false)
        refuseAs(change, 'INVALID_STATE', 'active', 'The company’s own currency stays in use.')
    }
  },
  delete(changes, { viewer }) {
    for (const change of changes.filter(({ before }) => before?.code === viewer.baseCurrency))
      change.errors.push({
        code: 'INVALID_STATE',
        message: 'The company’s own currency stays.',
        field: idPath(change),
      })
  },
}

/** Rule of rates: of two currencies, with as many decimals as the column holds. */
export function writeExchangeRate(changes: Change[]): void {
  for (const change of changes) {
    checkScale(change, 'rate', 10)
    if (after(change, 'currency') === after(change, 'baseCurrency'))
      refuse(change, 'baseCurrency', 'different', 'must differ from currency')
  }
}
