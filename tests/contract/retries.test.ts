import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type App, createApp } from '../../src/app.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'

let test: TestApp
/** A second process of the deployment, which runs operations the other way. */
let other: App
let here: Company['ask']
let there: Company['ask']

beforeAll(async () => {
  test = await testApp()
  other = await createApp({ ...test.config, compiled: !test.config.compiled })
  here = test.acme.ask
  there = callers(other, test.acme.apiKey).ask
})

afterAll(async () => {
  await other.close()
  await test.close()
})

/** Ways to write one request; `key` is its idempotency key where it stands in the document, and makes the texts unique. */
const REQUESTS: Record<string, (key: string) => { query: string; variables?: Any; inDocument?: boolean }> = {
  'literals in the document': (key) => ({
    query: `mutation { createTag(input: { name: "${key}", color: "#12ab34" }) { tag { id name } userErrors { code } } }`,
  }),
  variables: (key) => ({
    query: 'mutation($input: CreateTagInput!) { createTag(input: $input) { tag { id name } userErrors { code } } }',
    variables: { input: { name: key, color: null } },
  }),
  'variables inside literals': (key) => ({
    query: 'mutation($name: String!) { createTag(input: { name: $name, description: "literal" }) { tag { id name } } }',
    variables: { name: key },
  }),
  'a fragment with arguments of its own': (key) => ({
    query: `mutation { createTag(input: { name: "${key}" }) { tag { ...T } } } fragment T on Tag { id name links(first: 3) { nodes { id } } }`,
  }),
  'a key in the document': (key) => ({
    query: `mutation { createTag(input: { name: "${key}" }) @idempotent(key: "${key}") { tag { id name } } }`,
    inDocument: true,
  }),
  'a key in a variable, and money and choices': (key) => ({
    query: `mutation($key: String!) { createAccount(input: { name: "${key}", type: CUSTOMER, annualRevenue: { amount: "12.5" }, employees: 3, doNotContact: true }) @idempotent(key: $key) { account { id name } } }`,
    variables: { key },
    inDocument: true,
  }),
  'a list': (key) => ({
    query: `mutation { createTags(input: [{ name: "${key} 1" }, { name: "${key} 2" }], errorPolicy: REJECT_EVERYTHING) { results { tag { id name } } } }`,
  }),
}

describe.each(Object.entries(REQUESTS))('a request with %s, sent again under its idempotency key,', (way, write) => {
  it('gets the first answer however often, and from a process that runs operations another way', async () => {
    const key = `again ${way}`.replaceAll(/\W+/g, ' ')
    const { query, variables, inDocument } = write(key)
    const headers: Record<string, string> = inDocument ? {} : { 'idempotency-key': key }
    const first = await here(query, variables, headers)
    expect(first.errors).toBeUndefined()
    expect(first.body).toContain(key)
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    // From its second use on an operation is compiled: both processes are asked until they have come past that.
    for (const ask of [here, here, there, there, there, here]) {
      const again = await ask(query, variables, headers)
      expect(again.errors).toBeUndefined()
      expect(again.data).toEqual(first.data)
      expect(again.headers['idempotency-replayed']).toBe('true')
    }
  })

  it('is told apart from another request under the same key, in the first use and in later ones', async () => {
    const key = `other ${way}`.replaceAll(/\W+/g, ' ')
    const { query, variables, inDocument } = write(key)
    const headers: Record<string, string> = inDocument ? {} : { 'idempotency-key': key }
    expect((await here(query, variables, headers)).errors).toBeUndefined()
    // Other values and another selection; where the key stands in the document it stays as it is.
    const values =
      variables && !inDocument
        ? { query, variables: JSON.parse(JSON.stringify(variables).replaceAll(key, 'AcmeMark another')) }
        : { query: query.replace(`name: "${key}`, 'name: "AcmeMark another'), variables }
    const selection = { query: query.replace('{ id name', '{ id version name'), variables }
    for (const { query: asked, variables: given } of [values, selection]) {
      for (const ask of [here, here, here, there]) {
        const refused = await ask(asked, given, headers)
        expect(refused.errors?.[0]?.extensions.code).toBe('IDEMPOTENCY_KEY_REUSED')
        expect(refused.status).toBe(422)
      }
    }
  })
})
