import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { archiveCase } from '../../src/resolvers/service/archiveCase.ts'
import { changeCaseStatus, closeCase, reopenCase, resolveCase } from '../../src/resolvers/service/changeCaseStatus.ts'
import { escalateCase } from '../../src/resolvers/service/escalateCase.ts'
import { CASE_STATES, type CaseStatus } from '../../src/resolvers/service/states.ts'
import type { WriteContext } from '../../src/resolvers/write.ts'
import { ref } from '../support/writes.ts'
import { openService, type Service } from './service.ts'

let service: Service
beforeAll(async () => {
  service = await openService()
})
afterAll(() => service?.close())

const id = (uuid: string) => ref('Case', uuid)
const change = (uuid: string, status: CaseStatus) => (context: WriteContext) =>
  changeCaseStatus(context, { id: id(uuid), status })
const close =
  (uuid: string, more = {}) =>
  (context: WriteContext) =>
    closeCase(context, { id: id(uuid), ...more })
const comments = (uuid: string) =>
  service.rows<{ body: string; is_internal: boolean }>(
    'SELECT body, is_internal FROM case_comment WHERE tenant_id = $1 AND case_id = $2 ORDER BY id',
    uuid,
  )

describe('a new case', () => {
  it('has a number by rule, is new without an owner and assigned with one', async () => {
    const user = await service.user()
    const [one, two] = [await service.case(), await service.case({ ownerId: ref('User', user) })]
    const [first, second] = [await service.read(one), await service.read(two)]
    expect(first).toMatchObject({
      status: 'NEW',
      owner_id: null,
      type: 'QUESTION',
      priority: 'NORMAL',
      reopen_count: 0,
    })
    expect(second).toMatchObject({ status: 'ASSIGNED', owner_id: user })
    expect([first.number, second.number]).toEqual(['CASE-000001', 'CASE-000002'])
    expect(await service.refused('Case', { subject: 'X', number: 'CASE-000001' })).toEqual(['VALIDATION_FAILED number'])
  })

  it('is assigned when it gets an owner, and new when they go before they began', async () => {
    const user = await service.user()
    const one = await service.case()
    await service.update('Case', one, { ownerId: ref('User', user) })
    expect(await service.read(one)).toMatchObject({ status: 'ASSIGNED' })
    await service.update('Case', one, { ownerId: null })
    expect(await service.read(one)).toMatchObject({ status: 'NEW' })
  })
})

describe('the status of a case', () => {
  it('changes by verbs alone, along the table', async () => {
    const one = await service.case()
    expect(await service.updateRefused('Case', one, { status: 'CLOSED' })).toEqual(['VALIDATION_FAILED status'])
    expect(await service.verb(change(one, 'IN_PROGRESS'))).toMatchObject({ changed: true, errors: [] })
    expect(await service.verb(change(one, 'IN_PROGRESS'))).toMatchObject({ changed: false, errors: [] })
    expect(await service.codes(change(one, 'RESOLVED'))).toEqual(['INVALID_STATE status'])
    await service.verb(close(one))
    const refused = await service.verb(change(one, 'IN_PROGRESS'))
    expect(refused.errors).toMatchObject([
      { code: 'INVALID_STATE', details: { from: 'CLOSED', to: 'IN_PROGRESS', allowed: CASE_STATES.CLOSED } },
    ])
  })

  it('is looked for among one’s own cases: others’ ids and old versions are refused', async () => {
    const one = await service.case()
    expect(await service.codes(change('00000000-0000-7000-8000-000000000000', 'IN_PROGRESS'))).toEqual(['NOT_FOUND id'])
    expect(await service.codes((context) => closeCase(context, { id: id(one), expectedVersion: 99 }))).toEqual([
      'STALE_VERSION expectedVersion',
    ])
  })

  it('keeps when it was resolved and closed, and leaves what is over alone', async () => {
    const one = await service.case()
    await service.verb((context) => resolveCase(context, { id: id(one), resolution: 'New bearing' }))
    const resolved = await service.read(one)
    expect(resolved).toMatchObject({ status: 'RESOLVED', resolution: 'New bearing', closed_at: null })
    await service.verb(close(one))
    const closed = await service.read(one)
    expect(closed).toMatchObject({ status: 'CLOSED', resolved_at: resolved.resolved_at })
    expect(closed.closed_at).not.toBeNull()
    expect(await service.updateRefused('Case', one, { subject: 'Other' })).toEqual(['INVALID_STATE subject'])
    await service.update('Case', one, { isImportant: true })
  })
})

describe('a complaint', () => {
  it('is closed with what it came of and what was done', async () => {
    const one = await service.case({ type: 'COMPLAINT' })
    const refused = await service.verb(close(one, { resolution: 'Money back' }))
    expect(refused.errors).toMatchObject([{ code: 'CLOSE_REQUIREMENTS_MISSING', details: { fields: ['rootCause'] } }])
    expect((await service.verb(close(one))).errors).toMatchObject([
      { details: { fields: ['rootCause', 'resolution'] } },
    ])
    expect(await service.read(one)).toMatchObject({ status: 'NEW', resolution: null })
    await service.verb(close(one, { resolution: 'Money back', rootCause: 'Wrong part' }))
    expect(await service.read(one)).toMatchObject({ status: 'CLOSED', root_cause: 'Wrong part' })
  })
})

describe('feedback', () => {
  it('is not deleted, not for good either, but archived with a reason', async () => {
    const one = await service.case({ type: 'FEEDBACK' })
    expect(await service.removeRefused('Case', one)).toEqual(['CASE_DELETE_FORBIDDEN id'])
    const archive = (reason: string) => (context: WriteContext) => archiveCase(context, { id: id(one), reason })
    expect(await service.codes(archive(' '))).toEqual(['VALIDATION_FAILED reason'])
    await service.verb(archive('Dealt with'))
    expect(await service.read(one)).toMatchObject({ archive_reason: 'Dealt with', status: 'NEW' })
    expect(await service.verb(archive('Again'))).toMatchObject({ changed: false })
    const other = await service.case({ type: 'QUESTION' })
    await service.remove('Case', other)
  })
})

describe('reopening', () => {
  it('opens what was resolved or closed, counts, and keeps the reason among colleagues', async () => {
    const one = await service.case()
    const reopen = (reason: string) => (context: WriteContext) => reopenCase(context, { id: id(one), reason })
    expect(await service.codes(reopen('Why not'))).toEqual(['INVALID_STATE id'])
    await service.verb(close(one))
    expect(await service.codes(reopen(''))).toEqual(['VALIDATION_FAILED reason'])
    await service.verb(reopen('It happened again'))
    expect(await service.read(one)).toMatchObject({
      status: 'REOPENED',
      reopen_count: 1,
      closed_at: null,
      resolved_at: null,
    })
    expect(await comments(one)).toEqual([{ body: 'It happened again', is_internal: true }])
    expect(await service.verb(reopen('Twice'))).toMatchObject({ changed: false })
  })
})

describe('escalating', () => {
  it('brings a case to the head of its owner’s department, once', async () => {
    const head = await service.user()
    const [department] = (await service.create('Department', { name: 'Support', headId: ref('User', head) })) as [
      string,
    ]
    const owner = await service.user({ departmentId: ref('Department', department) })
    const one = await service.case({ ownerId: ref('User', owner) })
    const escalate =
      (more = {}) =>
      (context: WriteContext) =>
        escalateCase(context, { id: id(one), reason: 'They are angry', ...more })
    await service.verb(escalate())
    expect(await service.read(one)).toMatchObject({ is_escalated: true, escalated_to_id: head })
    expect(await service.verb(escalate())).toMatchObject({ changed: false })
    expect(await comments(one)).toHaveLength(1)
    const gone = await service.user({ status: 'SUSPENDED' })
    expect(await service.codes(escalate({ toUserId: ref('User', gone) }))).toEqual(['USER_INACTIVE toUserId'])
    expect(await service.codes(escalate({ toUserId: ref('User', one) }))).toEqual(['NOT_FOUND toUserId'])
    await service.verb(close(one))
    expect(await service.codes(escalate())).toEqual(['INVALID_STATE id'])
  })
})
