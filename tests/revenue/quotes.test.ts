import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createQuoteTickets } from '../../src/access/quoteTicket.ts'
import { createTokens } from '../../src/access/token.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { createQuoteParts } from '../../src/resolvers/revenue/publicQuote.ts'
import { QUOTE_STATES } from '../../src/resolvers/revenue/quoteStates.ts'
import type { Any } from '../support/app.ts'
import { type Call, codes, deal, flow, openApprovals, verb } from '../support/approval.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'

const all = openApprovals()

const usd = (amount: string) => ({ amount, currency: 'USD' })
const LATER = '2099-12-31'
let n = 0

const PICK = `id number revision status version isPrimary signedBy rate totalBase customerUrl viewedAt sentAt declineReason discountPct
 subtotal { amount } discount { amount } tax { amount } total { amount currency } parentQuote { id } supersededBy { id }
 lines(orderBy: [{ field: SORT }]) { nodes { id code name quantity unitPrice { amount } total { amount } product { id } } }`

/** Runs a mutation of a quote or an order: what it answers under its name. */
async function call(
  by: Call,
  name: string,
  args: Record<string, [string, unknown]>,
  of = 'quote',
  pick = PICK,
): Promise<Any> {
  const names = Object.keys(args)
  const text = `mutation(${names.map((one) => `$${one}: ${args[one]?.[0]}`).join(', ')}) { ${name}(${names.map((one) => `${one}: $${one}`).join(', ')}) { ${of} { ${pick} } userErrors { code field details } } }`
  return (await by.run<Any>(text, Object.fromEntries(names.map((one) => [one, args[one]?.[1]]))))[name]
}
const good = async (answer: Promise<Any>, of = 'quote'): Promise<Any> => {
  const { userErrors, [of]: record } = await answer
  expect(userErrors).toEqual([])
  return record
}
const id = (value: string): [string, unknown] => ['ID!', value]

/** A quote of ann with two lines: 2 × 100.00 − 10 % + 13 % = 203.40, and 1 × 50.00; 253.40 together. */
async function quote(more: Record<string, unknown> = {}): Promise<Any> {
  n += 1
  const input = {
    name: `报价 ${n}`,
    accountId: (await make(all.acme, 'Account', { ownerId: all.ann.id })).id,
    validUntil: LATER,
    ownerId: undefined,
    lines: [
      { name: 'Lathe', quantity: '2', unitPrice: usd('100'), discountPct: '10', taxRate: '13', sort: 1 },
      { name: 'Manual', unitPrice: usd('50'), sort: 2 },
    ],
    ...more,
  }
  return good(call(all.ann, 'createQuote', { input: ['CreateQuoteInput!', input] }))
}
const send = (by: Call, quoteId: string, to: string[] = []) =>
  call(by, 'sendQuote', { id: id(quoteId), to: ['[String!]', to] })
const accept = (by: Call, quoteId: string) =>
  call(by, 'acceptQuote', { id: id(quoteId), signedBy: ['String', 'Müller 王'] })
const revise = (quoteId: string) => call(all.ann, 'reviseQuote', { id: id(quoteId) })
const ticketOf = (address: string) => new URL(address, 'http://x').searchParams.get('ticket') as string

describe('a quote', () => {
  it('has a number, and sums that are those of its lines whatever a client says', async () => {
    const one = await quote({ shipping: usd('9.99') })
    expect(one).toMatchObject({
      number: expect.stringMatching(/^QUO-\d{6}$/),
      revision: 1,
      status: 'DRAFT',
      subtotal: { amount: '250.00' },
      discount: { amount: '20.00' },
      tax: { amount: '23.40' },
      total: { amount: '263.39', currency: 'USD' },
      discountPct: '8',
    })
    const update = (input: Record<string, unknown>) =>
      call(all.ann, 'updateQuote', { id: id(one.id), input: ['UpdateQuoteInput!', input] })
    expect((await good(update({ shipping: usd('0') }))).total.amount).toBe('253.40')
    expect(codes(await update({ currency: 'EUR' }))).toEqual(['CURRENCY_MISMATCH input.currency'])
    const second = await quote()
    expect(second.number > one.number).toBe(true)
    const taken = {
      name: 'X',
      accountId: (await make(all.acme, 'Account', { ownerId: all.ann.id })).id,
      validUntil: LATER,
    }
    expect(
      codes(await call(all.ann, 'createQuote', { input: ['CreateQuoteInput!', { ...taken, number: one.number }] })),
    ).toEqual(['VALIDATION_FAILED input.number'])
  })

  it('cannot be made in a currency that the company has switched off', async () => {
    await make(all.acme, 'Currency', { code: 'CHF', active: false })
    const accountId = (await make(all.acme, 'Account', { ownerId: all.ann.id })).id
    const input = { name: 'Q', accountId, validUntil: LATER, currency: 'CHF' }
    expect(codes(await call(all.ann, 'createQuote', { input: ['CreateQuoteInput!', input] }))).toEqual([
      'INVALID_STATE input.currency',
    ])
  })

  it('is made of a deal with its lines at their prices, and not of one that is out of sight', async () => {
    const product = await make(all.acme, 'Product', {
      standardPrice: usd('12.50'),
      status: 'ACTIVE',
      code: `LATHE-${++n}`,
    })
    const account = await make(all.acme, 'Account', { ownerId: all.ann.id })
    const opportunityId = await deal(all, { word: 'quote' }, all.ann, {
      accountId: account.id,
      amount: undefined,
      currency: 'USD',
    })
    await make(all.acme, 'OpportunityLine', {
      opportunityId,
      productId: product.id,
      name: null,
      quantity: '4',
      unitPrice: undefined,
      listPrice: undefined,
      discountPct: null,
      taxRate: null,
    })
    const args = { opportunityId: id(opportunityId), validUntil: ['Date!', LATER] as [string, unknown] }
    const made = await good(call(all.ann, 'createQuoteFromOpportunity', args))
    expect(made).toMatchObject({ total: { amount: '50.00' } })
    expect(made.lines.nodes).toMatchObject([
      {
        code: expect.stringMatching(/^LATHE/),
        quantity: '4',
        unitPrice: { amount: '12.50' },
        product: { id: product.id },
      },
    ])
    expect(codes(await call(all.ben, 'createQuoteFromOpportunity', args))).toEqual(['NOT_FOUND opportunityId'])
    const lonely = await deal(all, { word: 'quote' }, all.ann, { accountId: null })
    expect(codes(await call(all.ann, 'createQuoteFromOpportunity', { ...args, opportunityId: id(lonely) }))).toEqual([
      'VALIDATION_FAILED opportunityId',
    ])
    await all.acme.run(
      'mutation($id: ID!) { updateProduct(id: $id, input: { status: INACTIVE }) { userErrors { code } } }',
      { id: product.id },
    )
    const refused = await call(all.ann, 'createQuoteFromOpportunity', args)
    expect(refused.userErrors.map(({ code }: Any) => code)).toEqual(['PRODUCT_INACTIVE'])
  })
})

describe('a quote that was sent', () => {
  it('stays as it is, keeps the rate of its day, and can be sent again', async () => {
    const one = await quote()
    const sent = await good(
      send(all.ann, one.id, ['王@bad', 'x']).then((answer) => {
        expect(codes(answer)).toEqual(['VALIDATION_FAILED to.0', 'VALIDATION_FAILED to.1'])
        return send(all.ann, one.id, ['buyer@customer.example'])
      }),
    )
    expect(sent).toMatchObject({ status: 'SENT', rate: '1', totalBase: '253.4' })
    const update = (input: Record<string, unknown>) =>
      call(all.ann, 'updateQuote', { id: id(one.id), input: ['UpdateQuoteInput!', input] })
    expect(codes(await update({ name: 'Other' }))).toEqual(['APPROVED_NOT_EDITABLE input.name'])
    expect(await good(update({ description: 'Called them' }))).toMatchObject({ status: 'SENT' })
    const line = sent.lines.nodes[0].id
    const { updateQuoteLine } = await all.ann.run<Any>(
      'mutation($id: ID!) { updateQuoteLine(id: $id, input: { quantity: "3" }) { userErrors { code field } } }',
      { id: line },
    )
    expect(codes(updateQuoteLine)).toEqual(['APPROVED_NOT_EDITABLE input.quoteId'])
    const { deleteQuote } = await all.ann.run<Any>(
      'mutation($id: ID!) { deleteQuote(id: $id) { userErrors { code field } } }',
      { id: one.id },
    )
    expect(codes(deleteQuote)).toEqual(['INVALID_STATE id'])
    expect(await good(send(all.ann, one.id))).toMatchObject({ status: 'SENT' })
    const mails = await all.owner.rows(
      `SELECT to_address FROM mail WHERE kind = 'QUOTE' AND body LIKE '%' || $1 || '%'`,
      one.number,
    )
    expect(mails).toEqual([{ to_address: 'buyer@customer.example' }])
  })

  it('needs lines, a day that is not over, and a rate of its currency', async () => {
    expect(codes(await send(all.ann, (await quote({ lines: [] })).id))).toEqual(['VALIDATION_FAILED id'])
    expect(codes(await send(all.ann, (await quote({ validUntil: '2020-01-01' })).id))).toEqual(['QUOTE_EXPIRED id'])
    const foreign = await quote({ currency: 'SEK', lines: [{ name: 'Lathe', unitPrice: { amount: '100.05' } }] })
    const refused = await send(all.ann, foreign.id)
    expect(refused.userErrors).toMatchObject([{ code: 'CURRENCY_RATE_MISSING', details: { currency: 'SEK' } }])
    await make(all.acme, 'ExchangeRate', { currency: 'SEK', baseCurrency: 'USD', rate: '0.0915', date: '2020-01-01' })
    expect(await good(send(all.ann, foreign.id))).toMatchObject({ rate: '0.0915', totalBase: '9.15' })
  })

  it('is accepted once per deal, and of two who accept at the same moment by one', async () => {
    const account = await make(all.acme, 'Account', { ownerId: all.ann.id })
    const opportunityId = await deal(all, { word: 'two' }, all.ann, { accountId: account.id })
    const [first, second] = [await quote({ opportunityId }), await quote({ opportunityId })]
    expect(codes(await accept(all.ann, first.id))).toEqual(['INVALID_STATE id'])
    await good(send(all.ann, first.id))
    await good(send(all.ann, second.id))
    const answers = await Promise.all([
      accept(all.ann, first.id),
      accept(all.ann, second.id),
      accept(all.boss, first.id),
    ])
    expect(answers.map((answer) => codes(answer)[0] ?? 'taken').sort()).toEqual([
      'QUOTE_ALREADY_ACCEPTED id',
      'QUOTE_ALREADY_ACCEPTED id',
      'taken',
    ])
    const taken = answers.find(({ quote }) => quote)
    expect(taken.quote).toMatchObject({ status: 'ACCEPTED', signedBy: 'Müller 王' })
    expect(codes(await revise(taken.quote.id))).toEqual(['QUOTE_ALREADY_ACCEPTED id'])
  })

  it('is superseded by its revision, which has its number, its lines and the next revision', async () => {
    const one = await quote()
    await good(send(all.ann, one.id))
    const next = await good(revise(one.id))
    expect(next).toMatchObject({
      number: one.number,
      revision: 2,
      status: 'DRAFT',
      total: one.total,
      parentQuote: { id: one.id },
      sentAt: null,
      rate: null,
    })
    expect(next.lines.nodes.map(({ name }: Any) => name)).toEqual(['Lathe', 'Manual'])
    expect(codes(await accept(all.ann, one.id))).toEqual(['QUOTE_SUPERSEDED id'])
    expect(codes(await revise(one.id))).toEqual(['QUOTE_SUPERSEDED id'])
    const { updateQuote } = await all.ann.run<Any>(
      'mutation($id: ID!) { updateQuote(id: $id, input: { name: "X" }) { userErrors { code field } } }',
      { id: one.id },
    )
    expect(codes(updateQuote)).toEqual(['VOID_NOT_EDITABLE input.name'])
    const { updateQuote: given } = await all.acme.run<Any>(
      'mutation($id: ID!, $to: ID!) { updateQuote(id: $id, input: { ownerId: $to }) { userErrors { code field } } }',
      { id: one.id, to: all.ben.id },
    )
    expect(given.userErrors.map(({ code }: Any) => code)).toContain('VOID_NOT_TRANSFERABLE')
  })

  it('expires after its last day by the nightly job, and then cannot be accepted', async () => {
    const one = await quote()
    await good(send(all.ann, one.id))
    await all.owner.rows(`UPDATE quote SET valid_until = '2020-01-01' WHERE id = $1`, uuidIn(one.id))
    expect(codes(await accept(all.ann, one.id))).toEqual(['QUOTE_EXPIRED id'])
    await all.owner.rows(`UPDATE job SET run_at = now() WHERE kind = 'EXPIRE_QUOTES'`)
    await runJobsOnce(all.test.app.tenancy)
    const { quote: after } = await all.ann.run<Any>(`query($id: ID!) { quote(id: $id) { status } }`, { id: one.id })
    expect(after.status).toBe('EXPIRED')
    expect(codes(await accept(all.ann, one.id))).toEqual(['QUOTE_EXPIRED id'])
    const { userErrors } = await call(all.ann, 'reviseQuote', { id: id(one.id), validUntil: ['Date', LATER] })
    expect(userErrors).toEqual([])
  })
})

describe('a discount above what a flow lets pass', () => {
  it('needs its approval before the quote goes out, and the quote waits as it is', async () => {
    const name = `flow-q-${++n}`
    await flow(all, [{ source: 'USERS', userIds: [all.boss.id] }], {
      object: 'Quote',
      condition: { and: [{ discountPct: { gt: '20' } }, { name: { eq: name } }] },
    })
    const lines = (discountPct: string) => [{ name: 'Lathe', unitPrice: usd('100'), discountPct }]
    await good(send(all.ann, (await quote({ name, lines: lines('20') })).id))
    const one = await quote({ name, lines: lines('20.01') })
    const refused = await send(all.ann, one.id)
    expect(refused.userErrors).toMatchObject([{ code: 'INVALID_STATE', details: { allowed: ['IN_APPROVAL'] } }])
    expect(await good(call(all.ann, 'submitQuote', { id: id(one.id) }))).toMatchObject({ status: 'IN_APPROVAL' })
    expect(codes(await call(all.ann, 'submitQuote', { id: id(one.id) }))).toEqual(['ALREADY_IN_APPROVAL id'])
    const { updateQuote } = await all.ann.run<Any>(
      'mutation($id: ID!) { updateQuote(id: $id, input: { name: "X" }) { userErrors { code } } }',
      { id: one.id },
    )
    expect(updateQuote.userErrors).toMatchObject([{ code: 'APPROVAL_PENDING' }])
    expect(codes(await revise(one.id))).toEqual(['WITHDRAW_FIRST id'])
    const { approvalInstances } = await all.boss.run<Any>(
      `query($id: ID!) { approvalInstances(where: { recordId: { eq: $id } }) { nodes { id } } }`,
      { id: one.id },
    )
    expect((await verb(all.boss, 'approve', { id: approvalInstances.nodes[0].id })).userErrors).toEqual([])
    expect(await good(send(all.ann, one.id))).toMatchObject({ status: 'SENT' })
  })

  it('without a flow there is nothing to submit to', async () => {
    expect(codes(await call(all.ann, 'submitQuote', { id: id((await quote()).id) }))).toEqual(['NO_APPROVAL_FLOW id'])
  })
})

describe('the page of a quote', () => {
  const get = (url: string) => all.acme.send({ method: 'GET', url, headers: { authorization: '' } })
  const post = (fields: Record<string, string>) =>
    all.acme.send({
      method: 'POST',
      url: '/quotes',
      payload: new URLSearchParams(fields).toString(),
      headers: { authorization: '', 'content-type': 'application/x-www-form-urlencoded' },
    })

  it('shows what is offered to whoever has the link, as a document too, and notes the first look', async () => {
    const one = await quote({ name: 'Offer <b>1</b> & 车床' })
    expect((await quote()).customerUrl).toBeNull()
    const { customerUrl } = await good(send(all.ann, one.id))
    const page = await get(customerUrl)
    const html = page.bytes.toString()
    expect([
      page.status,
      html.includes('Offer &lt;b&gt;1&lt;/b&gt; &amp; 车床'),
      html.includes('253.40 USD'),
      html.includes(one.number),
    ]).toEqual([200, true, true, true])
    expect(html).not.toMatch(/<script|<b>1/)
    const pdf = await get(`/quotes.pdf?ticket=${ticketOf(customerUrl)}`)
    expect([pdf.status, pdf.bytes.subarray(0, 5).toString(), pdf.headers['content-type']]).toEqual([
      200,
      '%PDF-',
      'application/pdf',
    ])
    const { quote: after } = await all.ann.run<Any>('query($id: ID!) { quote(id: $id) { viewedAt } }', { id: one.id })
    expect(after.viewedAt).not.toBeNull()
  })

  it('takes the answer of the customer once', async () => {
    const one = await quote()
    const { customerUrl } = await good(send(all.ann, one.id))
    const ticket = ticketOf(customerUrl)
    expect((await post({ ticket, answer: 'maybe' })).status).toBe(400)
    expect((await post({ ticket, answer: 'accept', signedBy: 'x'.repeat(300) })).status).toBe(400)
    const accepted = await post({ ticket, answer: 'accept', signedBy: '王小明' })
    expect([accepted.status, accepted.bytes.toString().includes('<form')]).toEqual([200, false])
    await post({ ticket, answer: 'decline', reason: 'Changed my mind' })
    const { quote: after } = await all.ann.run<Any>(
      'query($id: ID!) { quote(id: $id) { status signedBy declineReason } }',
      { id: one.id },
    )
    expect(after).toEqual({ status: 'ACCEPTED', signedBy: '王小明', declineReason: null })
  })

  it('is not there for a ticket that was changed, a draft, or a quote that is gone', async () => {
    const one = await quote()
    const { customerUrl } = await good(send(all.ann, one.id))
    const ticket = ticketOf(customerUrl)
    const turned = `${ticket.slice(0, 20)}${ticket[20] === 'A' ? 'B' : 'A'}${ticket.slice(21)}`
    for (const wrong of [turned, '', ticket.slice(0, -2), `${ticket}A`])
      expect([
        (await get(`/quotes?ticket=${wrong}`)).status,
        (await post({ ticket: wrong, answer: 'accept' })).status,
      ]).toEqual([404, 404])
    expect((await get(`/quotes?ticket=${ticket}&ticket=${ticket}`)).status).toBe(404)
    const next = await good(revise(one.id))
    expect((await get(customerUrl)).bytes.toString()).toContain('newer version')
    expect(next.customerUrl).toBeNull()
  })

  it('draws a document once, and anew when the quote says something else', async () => {
    const one = await quote()
    const { customerUrl } = await good(send(all.ann, one.id))
    const pdf = async () => (await get(`/quotes.pdf?ticket=${ticketOf(customerUrl)}`)).bytes.toString('latin1')
    const first = await pdf()
    // A document knows when it was drawn: another one would say another moment, and have another id.
    expect(await pdf()).toBe(first)
    await all.boss.run<Any>(
      'mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { userErrors { code } } }',
      {
        id: (await all.ann.run<Any>('query($id: ID!) { quote(id: $id) { account { id } } }', { id: one.id })).quote
          .account.id,
        input: { name: 'Renamed & Sons' },
      },
    )
    expect(await pdf()).not.toBe(first)
  })

  it('is shown so often in a minute and no more, by link and by address', async () => {
    const parts = (limits: { perAccount: number; perAddress: number }) =>
      createQuoteParts({
        tenancy: all.test.app.tenancy,
        tickets: createQuoteTickets({ secret: all.test.config.secret }),
        tokens: createTokens({ secret: all.test.config.secret }),
        limits: { ...limits, seconds: 60 },
      })
    const [first, second] = await Promise.all([quote(), quote()])
    const [one = '', other = ''] = [await good(send(all.ann, first.id)), await good(send(all.ann, second.id))].map(
      ({ customerUrl }) => ticketOf(customerUrl),
    )
    const links = parts({ perAccount: 2, perAddress: 50 })
    const counted = []
    for (const [ticket, ip] of [
      [one, '198.51.100.1'],
      [one, '198.51.100.2'],
      [one, '198.51.100.3'],
      [other, '198.51.100.3'],
    ] as const)
      counted.push((await links.count(ticket, ip)) > 0)
    expect(counted).toEqual([false, false, true, false])
    const addresses = parts({ perAccount: 50, perAddress: 3 })
    const waits = []
    for (const ticket of [other, 'none', 'nothing', other])
      waits.push(await addresses.count(ticket, '2001:db8::1'), await addresses.count(ticket, '203.0.113.9'))
    expect(waits.slice(0, 6)).toEqual(Array(6).fill(0))
    for (const wait of waits.slice(6)) {
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(60)
    }
    // The rest of what is sent from here in this minute.
    const url = `/quotes?ticket=${one}`
    let last = await get(url)
    for (let n = 0; n < 40 && last.status === 200; n++) last = await get(url)
    expect([last.status, last.json.errors[0].extensions.code]).toEqual([429, 'THROTTLED'])
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0)
    expect((await get(`/quotes.pdf?ticket=${one}`)).status).toBe(429)
    expect((await post({ ticket: one, answer: 'decline' })).status).toBe(429)
    expect((await get(`/quotes?ticket=${other}`)).status).toBe(200)
  })
})

describe('an order', () => {
  const ORDER =
    'id number status total { amount } rate totalBase lines(orderBy: [{ field: SORT }]) { nodes { id name quantity fulfilledQty } }'
  const order = (by: Call, name: string, args: Record<string, [string, unknown]>) =>
    call(by, name, args, 'order', ORDER)
  const ordered = async () => {
    const one = await quote({ shipping: usd('5') })
    await good(send(all.ann, one.id))
    await good(accept(all.ann, one.id))
    return {
      quoteId: one.id as string,
      made: await good(order(all.ann, 'quoteToOrder', { quoteId: id(one.id) }), 'order'),
    }
  }
  const fulfil = (orderId: string, lines: Any[]) =>
    order(all.ann, 'fulfilOrderLines', { id: id(orderId), lines: ['[OrderDeliveryInput!]!', lines] })

  it('comes of an accepted quote, once, with its lines and sums', async () => {
    const open = await quote()
    expect(codes(await order(all.ann, 'quoteToOrder', { quoteId: id(open.id) }))).toEqual(['INVALID_STATE quoteId'])
    const { quoteId, made } = await ordered()
    expect(made).toMatchObject({ number: expect.stringMatching(/^ORD-/), status: 'DRAFT', total: { amount: '258.40' } })
    expect(made.lines.nodes).toMatchObject([{ name: 'Lathe', quantity: '2', fulfilledQty: '0' }, { name: 'Manual' }])
    expect(codes(await order(all.ann, 'quoteToOrder', { quoteId: id(quoteId) }))).toEqual(['INVALID_STATE quoteId'])
    await good(order(all.ann, 'cancelOrder', { id: id(made.id), reason: ['String!', 'Wrong address'] }), 'order')
    await good(order(all.ann, 'quoteToOrder', { quoteId: id(quoteId) }), 'order')
    expect(codes(await order(all.ben, 'quoteToOrder', { quoteId: id(quoteId) }))).toEqual(['NOT_FOUND quoteId'])
  })

  it('keeps lines and prices once it is activated, and is delivered part by part and never more than was ordered', async () => {
    const { made } = await ordered()
    const [lathe, manual] = made.lines.nodes as [Any, Any]
    expect(codes(await fulfil(made.id, [{ lineId: lathe.id, quantity: '1' }]))).toEqual(['INVALID_STATE id'])
    expect(await good(order(all.ann, 'activateOrder', { id: id(made.id) }), 'order')).toMatchObject({
      status: 'ACTIVATED',
      rate: '1',
      totalBase: '258.4',
    })
    const line = (name: string, args: string) =>
      all.ann.run<Any>(`mutation($id: ID!) { done: ${name}(id: $id${args}) { userErrors { code field } } }`, {
        id: lathe.id,
      })
    expect((await line('updateOrderLine', ', input: { unitPrice: { amount: "1" } }')).done.userErrors).toMatchObject([
      { code: 'ORDER_ACTIVATED' },
    ])
    expect((await line('deleteOrderLine', '')).done.userErrors).toMatchObject([{ code: 'ORDER_ACTIVATED' }])
    const update = (input: Record<string, unknown>) =>
      order(all.ann, 'updateOrder', { id: id(made.id), input: ['UpdateOrderInput!', input] })
    expect(codes(await update({ shipping: usd('1') }))).toEqual(['ORDER_ACTIVATED input.shipping'])
    await good(update({ shippingAddress: { city: '上海' }, customerReference: 'PO 7' }), 'order')
    for (const quantity of ['0', '-1', '0.00001', 'x'])
      expect(
        (
          await order(all.ann, 'fulfilOrderLines', {
            id: id(made.id),
            lines: ['[OrderDeliveryInput!]!', [{ lineId: lathe.id, quantity }]],
          }).catch(() => ({ userErrors: [{ code: 'BAD' }] }))
        ).userErrors,
      ).toHaveLength(1)
    expect(codes(await fulfil(made.id, []))).toEqual(['VALIDATION_FAILED lines'])
    const other = (await ordered()).made.lines.nodes[0].id
    expect(codes(await fulfil(made.id, [{ lineId: other, quantity: '1' }]))).toEqual(['NOT_FOUND lines.0.lineId'])
    expect(await good(fulfil(made.id, [{ lineId: lathe.id, quantity: '1.5' }]), 'order')).toMatchObject({
      status: 'PARTIALLY_FULFILLED',
    })
    const over = await fulfil(made.id, [
      { lineId: manual.id, quantity: '1' },
      { lineId: lathe.id, quantity: '0.6' },
    ])
    expect(over.userErrors).toMatchObject([
      {
        code: 'OVER_FULFILMENT',
        field: ['lines', '1', 'quantity'],
        details: { ordered: '2.0000', fulfilled: '1.5000' },
      },
    ])
    expect(codes(await order(all.ann, 'cancelOrder', { id: id(made.id), reason: ['String!', 'No'] }))).toEqual([
      'INVALID_STATE id',
    ])
    const whole = await good(
      fulfil(made.id, [
        { lineId: manual.id, quantity: '1' },
        { lineId: lathe.id, quantity: '0.5' },
      ]),
      'order',
    )
    expect(whole).toMatchObject({
      status: 'FULFILLED',
      lines: { nodes: [{ fulfilledQty: '2' }, { fulfilledQty: '1' }] },
    })
    expect(await good(order(all.ann, 'closeOrder', { id: id(made.id) }), 'order')).toMatchObject({ status: 'CLOSED' })
  })

  it('is never delivered twice by two who deliver at once', async () => {
    const { made } = await ordered()
    await good(order(all.ann, 'activateOrder', { id: id(made.id) }), 'order')
    const lineId = made.lines.nodes[0].id
    const answers = await Promise.all(Array.from({ length: 5 }, () => fulfil(made.id, [{ lineId, quantity: '1' }])))
    expect(answers.map((answer) => codes(answer)[0] ?? 'taken').sort()).toEqual([
      'OVER_FULFILMENT lines.0.quantity',
      'OVER_FULFILMENT lines.0.quantity',
      'OVER_FULFILMENT lines.0.quantity',
      'taken',
      'taken',
    ])
  })
})

describe('any sequence of what can be done with a quote', () => {
  it('keeps to its states', async () => {
    const acts = fc.array(fc.constantFrom('send', 'accept', 'decline', 'void', 'revise', 'submit', 'edit'), {
      minLength: 2,
      maxLength: 7,
    })
    await fc.assert(
      fc.asyncProperty(acts, async (sequence) => {
        const one = await quote()
        let status = 'DRAFT' as keyof typeof QUOTE_STATES
        for (const act of sequence) {
          const reason: [string, unknown] = ['String!', 'Why not']
          const answer = await {
            send: () => send(all.ann, one.id),
            accept: () => accept(all.ann, one.id),
            decline: () => call(all.ann, 'declineQuote', { id: id(one.id) }),
            void: () => call(all.ann, 'voidQuote', { id: id(one.id), reason }),
            revise: () => revise(one.id),
            submit: () => call(all.ann, 'submitQuote', { id: id(one.id) }),
            edit: () =>
              call(all.ann, 'updateQuote', { id: id(one.id), input: ['UpdateQuoteInput!', { name: 'Edited' }] }),
          }[act]()
          const { quote: now } = await all.ann.run<Any>('query($id: ID!) { quote(id: $id) { status } }', { id: one.id })
          if (now.status !== status) {
            expect([status, act, answer.userErrors]).toEqual([status, act, []])
            expect(QUOTE_STATES[status]).toContain(now.status)
          }
          status = now.status
        }
      }),
      { numRuns: 12 },
    )
  })
})
