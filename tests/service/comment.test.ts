import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { changeCaseStatus, closeCase, resolveCase } from '../../src/resolvers/service/changeCaseStatus.ts'
import { ref } from '../support/writes.ts'
import { openService, type Service } from './service.ts'

let service: Service
beforeAll(async () => {
  service = await openService()
})
afterAll(() => service?.close())

const say = async (caseId: string, more = {}) =>
  (await service.create('CaseComment', { caseId: ref('Case', caseId), body: 'Hello', ...more }))[0] as string
const customer = { authorType: 'CUSTOMER' }

describe('what is said about a case', () => {
  it('answers it for the first time when an agent first says something in public', async () => {
    const one = await service.case()
    await say(one, { isInternal: true })
    await say(one, customer)
    expect(await service.read(one)).toMatchObject({ first_response_at: null })
    expect((await service.read(one)).awaiting_reply_since).not.toBeNull()
    await say(one)
    const answered = await service.read(one)
    expect(answered.first_response_at).not.toBeNull()
    expect(answered.awaiting_reply_since).toBeNull()
    await say(one)
    expect((await service.read(one)).first_response_at).toBe(answered.first_response_at)
  })

  it('by the customer lets the case go on that waited for them, and opens one that was resolved', async () => {
    const one = await service.case()
    await service.verb((context) => changeCaseStatus(context, { id: ref('Case', one), status: 'WAITING_CUSTOMER' }))
    await say(one)
    expect(await service.read(one)).toMatchObject({ status: 'WAITING_CUSTOMER' })
    await say(one, customer)
    expect(await service.read(one)).toMatchObject({ status: 'IN_PROGRESS' })
    await service.verb((context) => resolveCase(context, { id: ref('Case', one) }))
    await say(one, customer)
    expect(await service.read(one)).toMatchObject({ status: 'REOPENED', reopen_count: 1, resolved_at: null })
  })

  it('is by the contact of the case where a customer is not named, and never internal then', async () => {
    const [contact] = (await service.create('Contact', { lastName: 'Doe' })) as [string]
    const one = await service.case({ contactId: ref('Contact', contact) })
    expect(await service.row('case_comment', await say(one, customer))).toMatchObject({ contact_id: contact })
    expect(
      await service.refused('CaseComment', { caseId: ref('Case', one), body: 'X', isInternal: true, ...customer }),
    ).toEqual(['VALIDATION_FAILED isInternal'])
  })

  it('stays when it was public, and can be changed and deleted among colleagues', async () => {
    const one = await service.case()
    const [open, internal] = [await say(one), await say(one, { isInternal: true })]
    expect(await service.updateRefused('CaseComment', open, { body: 'Y' })).toEqual(['INVALID_STATE body'])
    expect(await service.removeRefused('CaseComment', open)).toEqual(['INVALID_STATE id'])
    await service.update('CaseComment', internal, { body: 'Y' })
    await service.remove('CaseComment', internal)
    // With its case, both go and come back.
    await service.remove('Case', one)
    await service.restore('Case', one)
    expect((await service.row('case_comment', open)).deleted_at).toBeNull()
  })

  it('is said in public of open cases alone', async () => {
    const one = await service.case()
    await service.verb((context) => closeCase(context, { id: ref('Case', one) }))
    expect(await service.refused('CaseComment', { caseId: ref('Case', one), body: 'X' })).toEqual([
      'INVALID_STATE caseId',
    ])
    expect(await service.refused('CaseComment', { caseId: ref('Case', one), body: 'X', ...customer })).toEqual([
      'INVALID_STATE caseId',
    ])
    await say(one, { isInternal: true })
  })
})
