import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { publishApprovalFlow } from '../../resolvers/approval/flow.ts'
import { ids } from '../../resolvers/identity/createTenant.ts'
import { createRecords } from '../../resolvers/records.ts'
import { createQuoteFromOpportunity } from '../../resolvers/revenue/quoteFromOpportunity.ts'
import type { Input, WriteContext } from '../../resolvers/write.ts'
import type { DemoCompany } from './types.ts'

/** Deals that have a quote. */
const QUOTED = 5
/** From ten on one pays so much of the standard price. */
const BULK = { minQuantity: '10', percent: 95n }
/** What a unit of these is worth in US dollars, about. */
const IN_DOLLARS = { EUR: 1.1, GBP: 1.3, CNY: 0.14, JPY: 0.0067, USD: 1 }

/**
 * What a demo company needs to sell: a standard price book, rates of the currencies that its deals are in, managers who approve contracts, and some quotes.
 *
 * @param known ids of clients by the keys of users and records.
 */
export async function loadRevenue(
  write: WriteContext,
  { tenant, records }: DemoCompany,
  known: Map<string, string>,
): Promise<void> {
  await loadPrices(write, { tenant, records }, known)
  await loadRates(write, tenant.baseCurrency)
  const flow = {
    name: 'Contracts 合同审批',
    object: 'Contract',
    active: true,
    steps: [{ name: 'Manager 直属上级', source: 'MANAGER' }],
  }
  const [flowId] = ids(await createRecords(write, recordType('ApprovalFlow'), [flow]))
  ids([await publishApprovalFlow(write, idOf('ApprovalFlow', flowId as string))])
  const quotable = records.filter(
    ({ type, fields, stages }) => type === 'Opportunity' && fields.accountId && (stages ?? []).length <= 1,
  )
  for (const { key } of quotable.slice(0, QUOTED))
    ids([
      await createQuoteFromOpportunity(write, { opportunityId: known.get(key) as string, validUntil: '2030-12-31' }),
    ])
}

async function loadPrices(
  write: WriteContext,
  { tenant: { baseCurrency }, records }: Pick<DemoCompany, 'tenant' | 'records'>,
  known: Map<string, string>,
): Promise<void> {
  const [book] = ids(
    await createRecords(write, recordType('PriceBook'), [
      { name: 'Standard 标准价目表', currency: baseCurrency, isStandard: true },
    ]),
  )
  const entries = records.flatMap(({ type, key, fields }): Input[] => {
    const price = fields.standardPrice as { amount: string } | undefined
    if (type !== 'Product' || !price || fields.status === 'INACTIVE') return []
    const cents = BigInt(Math.round(Number(price.amount) * 100))
    const cheaper = (cents * BULK.percent) / 100n
    const at = (amount: string, minQuantity: string) => ({
      priceBookId: idOf('PriceBook', book as string),
      productId: known.get(key),
      unitPrice: { amount, currency: baseCurrency },
      minQuantity,
    })
    return [at(price.amount, '1'), at(`${cheaper / 100n}.${String(cheaper % 100n).padStart(2, '0')}`, BULK.minQuantity)]
  })
  ids(await createRecords(write, recordType('PriceBookEntry'), entries))
}

async function loadRates(write: WriteContext, base: string): Promise<void> {
  const own = IN_DOLLARS[base as keyof typeof IN_DOLLARS]
  const others = Object.entries(IN_DOLLARS).filter(([code]) => code !== base)
  ids(
    await createRecords(
      write,
      recordType('Currency'),
      others.map(([code]) => ({ code })),
    ),
  )
  const rates = others.map(([currency, dollars]) => ({
    currency,
    baseCurrency: base,
    rate: (dollars / own).toFixed(6),
    date: '2020-01-01',
  }))
  ids(await createRecords(write, recordType('ExchangeRate'), rates))
}
