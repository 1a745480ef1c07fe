import { afterEach, describe, expect, it } from '@jest/globals'
import { viewerOfUser } from '../../src/access/viewer.ts'
import {
  approvalSubject,
  pendingApproval,
  submitForApproval,
  withdrawFromApproval,
} from '../../src/resolvers/approval/subject.ts'
import type { WriteContext } from '../../src/resolvers/write.ts'
import type { Any } from '../support/app.ts'
import { asked, codes, deal, done, flow, openApprovals, uuidIn, verb } from '../support/approval.ts'
import { make } from '../support/factory.ts'
import type { Person } from '../support/people.ts'

const all = openApprovals()

/** What a domain was told: as whom it may do what, and what the database says at that moment. */
let told: string[] = []
afterEach(() => {
  told = []
})
const telling = (turn: string) => async (context: WriteContext, id: string) => {
  const waits = (await pendingApproval(context, 'Lead', [id])).has(id)
  told.push(`${turn} ${id === lead ? 'it' : 'another'} ${waits ? 'waits' : 'free'} ${context.viewer.access.set.full}`)
}
let lead = ''

approvalSubject({
  object: 'Lead',
  submitted: telling('submitted'),
  approved: telling('approved'),
  rejected: telling('rejected'),
  withdrawn: telling('withdrawn'),
})

/** Runs something as a verb of a domain does, in one transaction of a user. */
const as = <T>(who: Person, run: (context: WriteContext) => Promise<T>): Promise<T> => {
  const [tenantId, userId] = [uuidIn(all.acme.id), uuidIn(who.id)]
  return all.test.app.tenancy.writeTenant({ tenantId, userId }, async (db) => {
    const viewer = await viewerOfUser(db, tenantId, userId)
    if (!viewer) throw new Error('They cannot sign in.')
    return run({ db, viewer })
  })
}

const leadOf = async (of: Person, word: string): Promise<string> => {
  const { id } = await make(all.acme, 'Lead', { ownerId: of.id, companyName: word, sourceId: null })
  lead = uuidIn(id)
  return id
}
const forLeads = async (steps: Record<string, unknown>[]): Promise<string> => {
  const word = `lead flow ${Math.random()}`
  await flow(all, steps, { object: 'Lead', condition: { companyName: { eq: word } } })
  return word
}

describe('a type that can be approved', () => {
  it('is told what becomes of its records, in the transaction of the act, with every right', async () => {
    const { ann, boss } = all
    const word = await forLeads([{ source: 'MANAGER' }])
    const id = await leadOf(ann, word)
    const submitted = await as(ann, (context) =>
      submitForApproval(context, { object: 'Lead', id: lead, comment: 'Please' }),
    )
    expect(submitted).toMatchObject({ status: 'PENDING' })
    expect(told).toEqual(['submitted it free true'])
    const again = await as(ann, (context) => submitForApproval(context, { object: 'Lead', id: lead }))
    expect(again).toMatchObject({ errors: [{ code: 'ALREADY_IN_APPROVAL' }] })
    const { approvalInstances } = await boss.run<Any>(
      'query($id: ID!) { approvalInstances(where: { recordId: { eq: $id }, status: { eq: PENDING } }) { nodes { id comment } } }',
      { id },
    )
    expect(approvalInstances.nodes).toMatchObject([{ comment: 'Please' }])
    await done(verb(boss, 'reject', { id: approvalInstances.nodes[0].id }))
    expect(told.at(-1)).toBe('rejected it free true')
    await as(ann, (context) => submitForApproval(context, { object: 'Lead', id: lead }))
    expect(await as(boss, (context) => withdrawFromApproval(context, { object: 'Lead', id: lead }))).toMatchObject({
      errors: [{ code: 'FORBIDDEN' }],
    })
    expect(await as(ann, (context) => withdrawFromApproval(context, { object: 'Lead', id: lead }))).toEqual({
      errors: [],
    })
    expect(told.at(-1)).toBe('withdrawn it free true')
    expect(await as(ann, (context) => withdrawFromApproval(context, { object: 'Lead', id: lead }))).toMatchObject({
      errors: [{ code: 'INVALID_STATE' }],
    })
  })

  it('is approved without a flow where its verb says so, and at once where nobody is asked', async () => {
    const { ann } = all
    await leadOf(ann, 'no flow')
    expect(await as(ann, (context) => submitForApproval(context, { object: 'Lead', id: lead }))).toMatchObject({
      errors: [{ code: 'NO_APPROVAL_FLOW' }],
    })
    expect(told).toEqual([])
    expect(
      await as(ann, (context) => submitForApproval(context, { object: 'Lead', id: lead, whenNoFlow: 'APPROVE' })),
    ).toEqual({ status: 'APPROVED', instanceId: null })
    expect(told).toEqual(['submitted it free true', 'approved it free true'])
    told = []
    await leadOf(ann, await forLeads([{ source: 'INITIATOR_CHOICE', emptyApproverAction: 'AUTO_PASS' }]))
    expect(await as(ann, (context) => submitForApproval(context, { object: 'Lead', id: lead }))).toMatchObject({
      status: 'APPROVED',
    })
    expect(told).toEqual(['submitted it free true', 'approved it free true'])
  })

  it('is not told of what is refused: nothing of it is written', async () => {
    const { ann, owner } = all
    await leadOf(ann, await forLeads([{ source: 'INITIATOR_CHOICE', emptyApproverAction: 'REFUSE' }]))
    const refused = await as(ann, (context) => submitForApproval(context, { object: 'Lead', id: lead }))
    expect(refused).toMatchObject({ errors: [{ code: 'NO_APPROVER', details: { step: 1 } }] })
    expect(await owner.rows('SELECT 1 FROM approval_instance WHERE record_id = $1', lead)).toEqual([])
    expect(
      await as(ann, (context) => submitForApproval(context, { object: 'Lead', id: uuidIn(ann.id) })),
    ).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] })
  })

  it('is not merged with another while it waits', async () => {
    const { acme, ann } = all
    const id = await leadOf(ann, await forLeads([{ source: 'MANAGER' }]))
    await as(ann, (context) => submitForApproval(context, { object: 'Lead', id: lead }))
    const other = (await make(acme, 'Lead', { ownerId: ann.id, sourceId: null })).id
    const { mergeLeads } = await acme.run<Any>(
      'mutation($input: MergeInput!) { mergeLeads(input: $input) { userErrors { code field } } }',
      { input: { ids: [other, id] } },
    )
    expect(codes(mergeLeads)).toEqual(['APPROVAL_PENDING input.ids.1'])
  })

  it('is declared once', () => {
    expect(() => approvalSubject({ object: 'Lead' })).toThrow('Lead can be approved already.')
  })
})

describe('a flow that begins by itself', () => {
  it('takes what a user makes, and nothing that a program makes', async () => {
    const { acme, ann, boss } = all
    const to = await flow(all, [{ source: 'MANAGER' }], { trigger: 'CREATE' })
    const create = async (by: Pick<Person, 'run'>): Promise<Any> =>
      (
        await by.run<Any>(
          'mutation($name: String!, $account: ID!) { createOpportunity(input: { name: $name, accountId: $account }) { opportunity { id approvals { nodes { id status } } } userErrors { code field } } }',
          { name: `${to.word} made`, account: (await make(acme, 'Account', { ownerId: ann.id })).id },
        )
      ).createOpportunity
    const made = await create(ann)
    expect(made).toMatchObject({ opportunity: { approvals: { nodes: [{ status: 'PENDING' }] } }, userErrors: [] })
    const [{ id }] = made.opportunity.approvals.nodes
    expect(asked(await done(verb(boss, 'reject', { id })))).toEqual([])
    // What comes back is submitted like any other.
    expect(asked(await done(verb(ann, 'submitForApproval', { recordId: made.opportunity.id })))).toEqual([boss.id])
    const { roles } = await acme.run<Any>('{ roles(where: { key: { eq: "admin" } }) { nodes { id } } }')
    const { createApiKey } = await acme.run<Any>(
      'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key userErrors { code } } }',
      { input: { name: 'Program', roleId: roles.nodes[0].id } },
    )
    const program = { authorization: `Bearer ${createApiKey.key}` }
    const free = await create({ run: (text, variables) => acme.run(text, variables, program) })
    expect(free).toMatchObject({ opportunity: { approvals: { nodes: [] } }, userErrors: [] })
    const refused = await acme.ask(
      'mutation($id: ID!) { submitForApproval(recordId: $id) { userErrors { code } } }',
      { id: free.opportunity.id },
      program,
    )
    expect(refused.errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
  })

  it('refuses what nobody could decide, with the record', async () => {
    const { acme, ann, owner } = all
    const to = await flow(all, [{ source: 'INITIATOR_CHOICE', emptyApproverAction: 'REFUSE' }], { trigger: 'CREATE' })
    const { createOpportunity } = await ann.run<Any>(
      'mutation($name: String!, $account: ID!) { createOpportunity(input: { name: $name, accountId: $account }) { userErrors { code field } } }',
      { name: `${to.word} refused`, account: (await make(acme, 'Account', { ownerId: ann.id })).id },
    )
    expect(codes(createOpportunity)).toEqual(['NO_APPROVER input'])
    expect(await owner.rows('SELECT 1 FROM opportunity WHERE name = $1', `${to.word} refused`)).toEqual([])
    expect(await deal(all, { word: 'other' }, ann)).toMatch(/^oppo_/)
  })
})
