import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { serverAudits } from 'graphql-http'
import { type TestApp, testApp } from '../support/app.ts'

let url = ''
let test: TestApp

beforeAll(async () => {
  test = await testApp()
  url = `${await test.app.listen()}/graphql`
})

afterAll(() => test.close())

/** As a client of a company; the header says that no form of a foreign page sends this. */
const asClient =
  (authorization: Record<string, string>): typeof fetch =>
  (input, init) =>
    fetch(input, {
      ...init,
      headers: { ...(init?.headers as Record<string, string>), 'apollo-require-preflight': 'true', ...authorization },
    })

describe.each(['with an API key', 'without a credential'])('the whole application %s', (who) => {
  const audits = serverAudits({
    url: () => url,
    fetchFn: (input: Parameters<typeof fetch>[0], init?: RequestInit) =>
      asClient(who === 'with an API key' ? { authorization: `Bearer ${test.acme.apiKey}` } : {})(input, init),
  })

  it('has 61 audits to pass', () => {
    expect(audits).toHaveLength(61)
  })

  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    'passes audit %s: %s',
    async (_id, _name, audit) => {
      expect(await audit.fn()).toMatchObject({ status: 'ok' })
    },
  )
})
