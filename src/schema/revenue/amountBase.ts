import type { Money } from '../../read/finish.ts'
import { formatMoney, parseMoney } from '../../read/values.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { toBase } from '../../resolvers/platform/rates.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { MoneyType } from '../shared/types.ts'

for (const name of ['Contract', 'Receipt'])
  builder.objectField(recordRef(name), 'amountBase', (t) =>
    t.field({
      type: MoneyType,
      description: 'The amount in the company’s currency, at the rate that was frozen; null before.',
      extensions: { needs: ['amount', 'currency', 'rate'] },
      resolve({ amount, rate }, _args, context) {
        const units = amount ? parseMoney((amount as Money).amount) : null
        if (units === null || typeof rate !== 'string') return null
        const { baseCurrency } = requireViewer(context)
        return { amount: formatMoney(String(toBase(units, rate, baseCurrency))), currency: baseCurrency }
      },
    }),
  )
