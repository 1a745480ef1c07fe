import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runAccessWork } from '../../src/jobs/access.ts'
import { DEFAULTS } from '../../src/resolvers/approval/step.ts'
import { type ExportServer, exportServer } from '../export/server.ts'
import type { Any } from '../support/app.ts'
import { type Call, codes, done, flow, openApprovals, verb } from '../support/approval.ts'
import { make } from '../support/factory.ts'
import { OWN, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

const all = openApprovals()

const REQUEST = `permissionRequest { id status dueAt approver { id } decidedBy { id } grantedUntil approvals { nodes { id status submitter { id } } } } userErrors { code field }`
const ask = async (by: Call, input: Record<string, unknown>): Promise<Any> =>
  (
    await by.run<Any>(`mutation($input: RequestPermissionInput!) { requestPermission(input: $input) { ${REQUEST} } }`, {
      input: { reason: 'The audit wants it', ...input },
    })
  ).requestPermission
const askExport = (by: Call, object = 'Account') => ask(by, { kind: 'EXPORT', object, purpose: 'Audit' })
const look = async (id: string): Promise<Any> =>
  (
    await all.acme.run<Any>(
      'query($id: ID!) { permissionRequest(id: $id) { status decidedBy { id } endedAt approvals { nodes { status } } } }',
      { id },
    )
  ).permissionRequest
const steps = (...people: Pick<Person, 'id'>[]) => people.map(({ id }) => ({ source: 'USERS', userIds: [id] }))
const off = (id: string) =>
  all.acme.run<Any>(
    'mutation($id: ID!) { updateApprovalFlow(id: $id, input: { active: false }) { userErrors { code } } }',
    { id },
  )
let server: ExportServer
beforeAll(async () => {
  server = await exportServer(all.test)
})
afterAll(() => server?.close())
const download = async (by: Person, list = 'accounts'): Promise<unknown> => {
  server.forget()
  const { status, body } = await server.get(`/export/${list}.jsonl`, by.token)
  return status === 200 ? 200 : JSON.parse(body).errors[0].extensions.code
}

describe('a flow for exports of a type', () => {
  it('takes the request for one through its steps; until it is granted nobody exports, the administrator neither', async () => {
    const boss2 = await person(all.test, all.acme, 'manager', { managerId: all.chief.id })
    const admin = await person(all.test, all.acme, 'admin')
    expect(await download(boss2)).toBe(200)
    const { id } = await flow(all, steps(all.boss, all.chief), {
      object: 'Account',
      trigger: 'EXPORT',
      condition: null,
    })
    expect([await download(boss2), await download(admin), await download(boss2, 'contacts')]).toEqual([
      'EXPORT_APPROVAL_REQUIRED',
      'EXPORT_APPROVAL_REQUIRED',
      200,
    ])
    const { permissionRequest: asked, userErrors } = await askExport(boss2)
    expect([userErrors, asked.status, asked.approver, asked.dueAt]).toEqual([[], 'PENDING', null, null])
    expect(asked.approvals.nodes).toEqual([{ id: expect.anything(), status: 'PENDING', submitter: { id: boss2.id } }])
    const [{ id: instance }] = asked.approvals.nodes
    expect(codes(await askExport(boss2))).toEqual(['UNIQUE_VIOLATION input'])
    // Whoever would decide without a flow has no say, and the job that looks for approvers finds none missing.
    const decide = async (by: Call) =>
      codes(
        (
          await by.run<Any>(
            'mutation($id: ID!) { decidePermissionRequest(id: $id, approve: true) { permissionRequest { id } userErrors { code field } } }',
            { id: asked.id },
          )
        ).decidePermissionRequest,
      )
    expect(await decide(admin)).toEqual(['APPROVAL_PENDING id'])
    await runAccessWork(all.test.app.tenancy)
    expect(await look(asked.id)).toMatchObject({ status: 'PENDING' })
    expect(codes(await verb(all.chief, 'approve', { id: instance }))).toEqual(['NOT_CURRENT_APPROVER id'])
    expect((await done(verb(all.boss, 'approve', { id: instance }))).status).toBe('PENDING')
    expect(await download(boss2)).toBe('EXPORT_APPROVAL_REQUIRED')
    expect((await done(verb(all.chief, 'approve', { id: instance }))).status).toBe('APPROVED')
    expect(await look(asked.id)).toMatchObject({ status: 'APPROVED', decidedBy: { id: all.chief.id } })
    expect([await download(boss2), await download(admin)]).toEqual([200, 'EXPORT_APPROVAL_REQUIRED'])
    expect(codes(await verb(all.boss, 'approve', { id: instance }))).toEqual(['INVALID_STATE id'])
    await off(id)
    expect(await download(admin)).toBe(200)
  })

  it('is one for any type, without a condition, and lets no right be granted by itself', async () => {
    const refusals = async (input: Record<string, unknown>): Promise<string[]> =>
      codes(
        (
          await all.acme.run<Any>(
            'mutation($input: CreateApprovalFlowInput!) { createApprovalFlow(input: $input) { approvalFlow { id } userErrors { code field } } }',
            { input: { name: 'Exports', trigger: 'EXPORT', object: 'Lead', ...input } },
          )
        ).createApprovalFlow,
      )
    expect(await refusals({ object: 'Nothing' })).toEqual(['VALIDATION_FAILED input.object'])
    expect(await refusals({ trigger: 'SUBMIT' })).toEqual(['VALIDATION_FAILED input.object'])
    expect(await refusals({ condition: { name: { eq: 'x' } } })).toEqual(['VALIDATION_FAILED input.condition'])
    const step = { name: 'One', source: 'MANAGER' }
    for (const more of [
      { emptyApproverAction: 'AUTO_PASS' },
      { timeoutAction: 'APPROVE' },
      { sameAsSubmitterAction: 'SKIP' },
    ])
      for (const about of [{}, { trigger: 'SUBMIT', object: 'PermissionRequest' }])
        expect(await refusals({ steps: [{ ...step, ...more }], ...about })).toEqual([
          `VALIDATION_FAILED input.steps.0.${Object.keys(more)[0]}`,
        ])
    expect(DEFAULTS).not.toMatchObject({ emptyApproverAction: 'AUTO_PASS' })
  })
})

describe('a flow for requests of rights', () => {
  it('grants what was asked for when it is passed, refuses, and lets the applicant take it back', async () => {
    const accountId = (await make(all.acme, 'Account', { ownerId: all.dan.id })).id
    const { id } = await flow(all, steps(all.boss), {
      object: 'PermissionRequest',
      condition: { kind: { eq: 'RECORD_ACCESS' } },
    })
    const target = { kind: 'RECORD_ACCESS', recordId: accountId }
    const sees = async () =>
      (await all.ann.run<Any>('query($id: ID!) { account(id: $id) { id } }', { id: accountId })).account !== null
    const first = (await ask(all.ann, target)).permissionRequest
    expect(first.approver).toBeNull()
    await done(verb(all.boss, 'reject', { id: first.approvals.nodes[0].id }))
    expect([await look(first.id), await sees()]).toMatchObject([
      { status: 'REJECTED', decidedBy: { id: all.boss.id } },
      false,
    ])
    const second = (await ask(all.ann, target)).permissionRequest
    const cancel = (by: Call) =>
      by.run<Any>(
        'mutation($id: ID!) { cancelPermissionRequest(id: $id) { permissionRequest { id } userErrors { code field } } }',
        { id: second.id },
      )
    expect((await cancel(all.ann)).cancelPermissionRequest.userErrors).toEqual([])
    expect(await look(second.id)).toMatchObject({
      status: 'CANCELLED',
      approvals: { nodes: [{ status: 'WITHDRAWN' }] },
    })
    const third = (await ask(all.ann, target)).permissionRequest
    // Boss may not see it either, and nobody gives what they do not have.
    expect(codes(await verb(all.boss, 'approve', { id: third.approvals.nodes[0].id }))).toEqual([
      'PRIVILEGE_ESCALATION id',
    ])
    expect([await look(third.id), await sees()]).toMatchObject([{ status: 'PENDING' }, false])
    await make(all.acme, 'RecordShare', { recordId: accountId, userId: all.boss.id, access: 'READ' })
    await done(verb(all.boss, 'approve', { id: third.approvals.nodes[0].id }))
    expect([await look(third.id), await sees()]).toMatchObject([{ status: 'APPROVED' }, true])
    await off(id)
    // Without the flow it is the manager's again.
    const other = (await ask(all.ben, target)).permissionRequest
    expect([other.approver.id, other.approvals.nodes]).toEqual([all.boss.id, []])
  })

  it('is nobody else’s: not of the neighbour, and one whose applicant has left is over', async () => {
    const { id } = await flow(all, steps(all.boss), {
      object: 'PermissionRequest',
      condition: { kind: { eq: 'EXPORT' } },
    })
    const leaver = await person(all.test, all.acme, 'manager', { managerId: all.chief.id })
    const asked = (await askExport(leaver, 'Contact')).permissionRequest
    const [{ id: instance }] = asked.approvals.nodes
    expect(codes(await verb(all.test.globex, 'approve', { id: instance }))).toEqual(['NOT_FOUND id'])
    await all.owner.rows(`UPDATE app_user SET status = 'LEFT' WHERE ${OWN} AND id = $1`, uuidIn(leaver.id))
    await runAccessWork(all.test.app.tenancy)
    expect(await look(asked.id)).toMatchObject({
      status: 'CANCELLED',
      approvals: { nodes: [{ status: 'CANCELLED' }] },
    })
    await off(id)
  })
})
