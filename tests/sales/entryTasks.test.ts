import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ref } from '../support/writes.ts'
import { bare, type Deals, openDeals } from './deals.ts'

let deals: Deals
beforeAll(async () => {
  deals = await openDeals()
})
afterAll(() => deals?.close())

const tasksOf = (deal: string) =>
  deals.rows<{ title: string; description: string | null; assignee: string | null; days: number }>(
    `SELECT t.title, t.description, t.assignee_id AS assignee, round(extract(epoch FROM t.due_at - t.created_at) / 86400)::integer AS days
 FROM task t JOIN task_link l ON l.tenant_id = $1 AND l.task_id = t.id WHERE t.tenant_id = $1 AND l.object_type = 'Opportunity' AND l.record_id = $2 ORDER BY t.title`,
    bare(deal),
  )
const user = async (status = 'ACTIVE') => {
  const [role] = await deals.rows<{ id: string }>(`SELECT id FROM role WHERE tenant_id = $1 AND key = 'rep'`)
  const email = `u${Math.random()}@acme.example`
  const [id] = await deals.create('User', { email, name: 'U', status, roleId: ref('Role', role?.id as string) })
  return id as string
}

describe('a stage with tasks', () => {
  it('gives them to a deal that enters it, for its owner or a user, due some days later', async () => {
    const helper = await user()
    const stages = await deals.pipeline(
      {},
      {
        B: {
          entryTasks: [
            { subject: 'Call', assignee: 'OWNER', dueInDays: 3 },
            { subject: 'Prepare', description: 'A demo', assignee: 'USER', userId: ref('User', helper) },
          ],
        },
      },
    )
    const id = await deals.deal({ stageId: stages.A, ownerId: deals.adminId })
    expect(await tasksOf(id)).toEqual([])
    await deals.move({ id, toStageId: stages.B })
    expect(await tasksOf(id)).toEqual([
      { title: 'Call', description: null, assignee: bare(deals.adminId), days: 3 },
      { title: 'Prepare', description: 'A demo', assignee: helper, days: 0 },
    ])
    // Once more when it comes again, not when it stays.
    await deals.move({ id, toStageId: stages.B })
    expect(await tasksOf(id)).toHaveLength(2)
    await deals.move({ id, toStageId: stages.C })
    await deals.move({ id, toStageId: stages.B })
    expect(await tasksOf(id)).toHaveLength(4)
  })

  it('gives them to new deals, all of a list', async () => {
    const stages = await deals.pipeline({}, { A: { entryTasks: [{ subject: 'Greet', assignee: 'OWNER' }] } })
    const made = await deals.create(
      'Opportunity',
      { name: 'One', stageId: stages.A },
      { name: 'Two', stageId: stages.A },
      { name: 'Elsewhere', stageId: stages.B },
    )
    const counts = await Promise.all(made.map(async (id) => (await tasksOf(ref('Opportunity', id))).length))
    expect(counts).toEqual([1, 1, 0])
  })

  it('gives those of a user who has left to the owner, and nothing for a move that is refused', async () => {
    const helper = await user()
    const stages = await deals.pipeline(
      {},
      {
        B: { entryTasks: [{ subject: 'Check', assignee: 'USER', userId: ref('User', helper) }] },
        C: { entryTasks: [{ subject: 'Never', assignee: 'OWNER' }], requiredFields: ['closeDate'] },
      },
    )
    await deals.update('User', helper, { status: 'SUSPENDED' })
    const id = await deals.deal({ stageId: stages.A, ownerId: deals.adminId })
    await deals.move({ id, toStageId: stages.C })
    expect(await tasksOf(id)).toEqual([])
    await deals.move({ id, toStageId: stages.B })
    expect((await tasksOf(id)).map(({ assignee }) => assignee)).toEqual([bare(deals.adminId)])
  })

  it('names a user who works here for those that are for one', async () => {
    const { id: pipelineId } = await deals.pipeline()
    const entryTasks = [
      { subject: 'Nobody', assignee: 'USER' },
      { subject: 'Stranger', assignee: 'USER', userId: 'user_none' },
      { subject: 'Gone', assignee: 'USER', userId: ref('User', await user('SUSPENDED')) },
      { subject: 'Both', assignee: 'OWNER', userId: deals.adminId },
      { subject: 'Late', assignee: 'OWNER', dueInDays: -1 },
    ]
    expect((await deals.refused('Stage', { pipelineId, name: 'Odd', entryTasks })).toSorted()).toEqual([
      'NOT_FOUND entryTasks.userId',
      'NOT_FOUND entryTasks.userId',
      'VALIDATION_FAILED entryTasks.dueInDays',
      'VALIDATION_FAILED entryTasks.userId',
      'VALIDATION_FAILED entryTasks.userId',
    ])
  })
})
