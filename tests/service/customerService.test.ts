import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let id: string
let rep: Person
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  rep = await person(test, acme, 'rep')
  id = (await make(acme, 'Account', { name: 'Served', ownerId: rep.id })).id
}, 300_000)
afterAll(() => test?.close())

const PARTS = 'openCases overdueMilestones lastSatisfaction lastSatisfactionAt nextVisitAt'
const ask = async (as: Pick<Company, 'ask'>, parts = PARTS) => {
  const { data, errors } = await as.ask(`query($id: ID!) { customer360(id: $id) { service { ${parts} } } }`, { id })
  return {
    service: (data as Any)?.customer360?.service,
    errors: errors?.map(({ extensions, path }: Any) => `${extensions.code} ${path?.join('.')}`) ?? [],
  }
}
const put = (text: string, ...values: unknown[]) =>
  test.app.tenancy.writeTenant({ tenantId: uuidIn(acme.id) }, (db) =>
    db.rows({ text, values: [uuidIn(acme.id), ...values] }),
  )

describe('the service part of a customer', () => {
  it('is empty where nothing was', async () => {
    expect(await ask(acme)).toEqual({
      service: {
        openCases: 0,
        overdueMilestones: 0,
        lastSatisfaction: null,
        lastSatisfactionAt: null,
        nextVisitAt: null,
      },
      errors: [],
    })
  })

  it('counts open cases and late promises, and tells what was said last and when to call next', async () => {
    const { id: policyId } = await make(acme, 'SlaPolicy', { active: true })
    await make(acme, 'SlaTarget', { policyId, type: 'QUESTION', priority: 'NORMAL', resolutionMin: 60 })
    const of = (more = {}) =>
      make(acme, 'Case', { accountId: id, type: 'QUESTION', priority: 'NORMAL', ownerId: rep.id, ...more })
    const late = await of()
    await of({ ownerId: (await make(acme, 'User', { status: 'ACTIVE' })).id })
    const closed = await of()
    await acme.run('mutation($id: ID!) { closeCase(id: $id) { userErrors { code } } }', { id: closed.id })
    await put(
      `UPDATE service_case SET satisfaction = 2, closed_at = '2026-03-01T10:00:00Z' WHERE tenant_id = $1 AND id = $2`,
      uuidIn(closed.id),
    )
    await put(
      `UPDATE case_milestone SET target_at = CASE WHEN type = 'RESOLUTION' AND case_id = $2 THEN now() - interval '1 hour' ELSE now() + interval '1 day' END WHERE tenant_id = $1 AND completed_at IS NULL`,
      uuidIn(late.id),
    )
    const visit = (more: Record<string, unknown>) =>
      make(acme, 'ReturnVisit', { accountId: id, visitorId: rep.id, nextVisitAt: null, ...more })
    await visit({ visitedAt: '2026-02-01T10:00:00Z', satisfaction: 5, nextVisitAt: '2099-02-01T10:00:00Z' })
    await visit({ visitedAt: null, satisfaction: null, nextVisitAt: '2098-02-01T10:00:00Z' })
    await visit({ visitedAt: null, satisfaction: null, nextVisitAt: '2020-02-01T10:00:00Z' })
    const all = await ask(acme)
    expect(all).toEqual({
      service: {
        openCases: 2,
        overdueMilestones: 1,
        lastSatisfaction: 2,
        lastSatisfactionAt: '2026-03-01T10:00:00.000Z',
        nextVisitAt: '2098-02-01T10:00:00.000Z',
      },
      errors: [],
    })
    // The other case is somebody else's.
    expect((await ask(rep)).service).toEqual({ ...all.service, openCases: 1 })
    await visit({ visitedAt: '2026-04-01T10:00:00Z', satisfaction: 4 })
    expect((await ask(acme)).service).toMatchObject({ lastSatisfaction: 4 })
  })

  it('stands under the rights of its own: without them a part is null, and the others stand', async () => {
    const { id: roleId } = await make(acme, 'Role', { key: 'visitor' })
    for (const object of ['Account', 'ReturnVisit'])
      await make(acme, 'ObjectPermission', {
        roleId,
        object,
        canRead: true,
        readScope: 'ALL',
        allowList: false,
      })
    const visitor = await person(test, acme, 'visitor')
    const seen = await ask(visitor)
    expect(seen.service).toEqual({
      openCases: null,
      overdueMilestones: null,
      lastSatisfaction: 4,
      lastSatisfactionAt: '2026-04-01T10:00:00.000Z',
      nextVisitAt: '2098-02-01T10:00:00.000Z',
    })
    expect(seen.errors).toEqual([
      'FORBIDDEN customer360.service.openCases',
      'FORBIDDEN customer360.service.overdueMilestones',
    ])
  })

  it('is nothing of another company', async () => {
    expect((await ask(test.globex)).service).toBeUndefined()
  })
})
