import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isObjectType } from 'graphql'
import { guarded, schema } from '../../src/schema/index.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let rep: Person
let other: Person

beforeAll(async () => {
  test = await testApp()
  rep = await person(test, test.acme, 'rep', { name: 'AcmeMark rep' })
  other = await person(test, test.acme, 'rep', { name: 'AcmeMark other' })
})
afterAll(() => test.close())

const SESSIONS = '{ users(first: 10) { nodes { id name sessions { id current } } } }'
const of = (answer: Any, id: string) => answer.data.users.nodes.find((one: Any) => one.id === id)

describe('a rule about single records', () => {
  it('stands in front of the fields that declare one, and of no others', () => {
    expect(guarded.sort()).toEqual(['User.permissions', 'User.sessions'])
    const declared = Object.values(schema.getTypeMap()).flatMap((type) =>
      isObjectType(type)
        ? Object.values(type.getFields()).flatMap((field) =>
            field.extensions.rule ? [`${type.name}.${field.name}`] : [],
          )
        : [],
    )
    expect(declared.sort()).toEqual(guarded)
    // A plain column has no resolver of its own beside the exposed one: nothing was wrapped.
    const name = (schema.getType('User') as Any).getFields().name
    expect(String(name.resolve)).not.toContain('middleware')
  })

  it('decides row by row in one answer, and tells a refusal once', async () => {
    const answer = await rep.ask(SESSIONS)
    expect(of(answer, rep.id).sessions).toEqual([{ id: expect.stringMatching(/^sess_/), current: true }])
    expect(of(answer, other.id).sessions).toBeNull()
    expect(of(answer, other.id).name).toBe('AcmeMark other')
    expect(answer.errors?.map(({ extensions }) => [extensions.code, extensions.coordinate])).toEqual([
      ['FIELD_FORBIDDEN', 'User.sessions'],
    ])
    expect(answer.status).toBe(200)
  })

  it('does not take one answer for another: the same field under two aliases, of two users', async () => {
    const answer = await rep.ask(
      'query($a: ID!, $b: ID!) { a: user(id: $a) { sessions { id } } b: user(id: $b) { sessions { id } } c: user(id: $a) { permissions(objects: ["Account"]) { actions } } }',
      { a: rep.id, b: other.id },
    )
    expect([answer.data.a.sessions.length, answer.data.b.sessions]).toEqual([1, null])
    expect(answer.data.c.permissions[0].actions).toEqual(['read', 'create', 'update', 'delete', 'restore', 'convert'])
  })

  it('lets administrators see', async () => {
    const answer = await test.acme.ask(SESSIONS)
    expect(answer.errors).toBeUndefined()
    expect(of(answer, other.id).sessions).toHaveLength(1)
  })
})
