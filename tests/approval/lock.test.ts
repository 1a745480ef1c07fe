import { describe, expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { type Call, codes, deal, done, flow, openApprovals, submit, submitted, verb } from '../support/approval.ts'
import { make } from '../support/factory.ts'
import { OWN, uuidIn } from '../support/owner.ts'
import { watchStatements } from '../support/statements.ts'

const all = openApprovals()

const update = async (by: Call, id: string, input: Record<string, unknown>): Promise<Any> =>
  (
    await by.run<Any>(
      'mutation($id: ID!, $input: UpdateOpportunityInput!) { updateOpportunity(id: $id, input: $input) { opportunity { id } userErrors { code field details } } }',
      { id, input },
    )
  ).updateOpportunity

const PENDING = ['APPROVAL_PENDING id']

describe('a record that waits', () => {
  it('is not changed, deleted, given away or moved, by anybody', async () => {
    const { acme, ann, ben, boss } = all
    const one = await deal(all, await flow(all, [{ source: 'MANAGER' }]), ann)
    const approval = await done(submit(ann, one))
    for (const by of [ann, boss, acme]) expect(codes(await update(by, one, { nextStep: 'Call' }))).toEqual(PENDING)
    expect(codes(await update(acme, one, { ownerId: ben.id }))).toEqual(PENDING)
    const { deleteOpportunity } = await acme.run<Any>(
      'mutation($id: ID!) { deleteOpportunity(id: $id) { userErrors { code field } } }',
      { id: one },
    )
    expect(codes(deleteOpportunity)).toEqual(PENDING)
    const { destroyOpportunity } = await acme.run<Any>(
      'mutation($id: ID!) { destroyOpportunity(id: $id) { userErrors { code field } } }',
      { id: one },
    )
    expect(codes(destroyOpportunity)).toEqual(PENDING)
    const { stages } = await acme.run<Any>('{ stages(where: { kind: { eq: WON } }) { nodes { id } } }')
    const { moveOpportunityStage } = await ann.run<Any>(
      'mutation($id: ID!, $to: ID!) { moveOpportunityStage(id: $id, toStageId: $to) { userErrors { code field } } }',
      { id: one, to: stages.nodes[0].id },
    )
    expect(codes(moveOpportunityStage)).toEqual(PENDING)
    await done(verb(boss, 'approve', { id: approval.id }))
    expect(codes(await update(ann, one, { nextStep: 'Call' }))).toEqual([])
  })

  it('keeps its lines', async () => {
    const { acme, ann, boss } = all
    const one = await deal(all, await flow(all, [{ source: 'MANAGER' }]), ann, { amount: null })
    const line = await make(acme, 'OpportunityLine', { opportunityId: one })
    const approval = await done(submit(ann, one))
    const change = async (name: string, args: string, variables: Record<string, unknown>): Promise<Any> =>
      (await acme.run<Any>(`mutation(${args}) { ${name} { userErrors { code field } } }`, variables))[
        name.split('(')[0] as string
      ]
    const remove = () => change('deleteOpportunityLine(id: $id)', '$id: ID!', { id: line.id })
    expect(codes(await remove())).toEqual(PENDING)
    expect(
      codes(
        await change('updateOpportunityLine(id: $id, input: $input)', '$id: ID!, $input: UpdateOpportunityLineInput!', {
          id: line.id,
          input: { quantity: '7' },
        }),
      ),
    ).toEqual(PENDING)
    expect(
      codes(
        await change('createOpportunityLine(input: $input)', '$input: CreateOpportunityLineInput!', {
          input: { opportunityId: one, name: 'More', quantity: '1', unitPrice: { amount: '1' } },
        }),
      ),
    ).toEqual(PENDING)
    await done(verb(boss, 'reject', { id: approval.id }))
    expect(codes(await remove())).toEqual([])
  })

  it('may be changed in the fields that its step leaves open, by its submitter and its approver', async () => {
    const { acme, ann, boss, chief } = all
    const to = await flow(all, [
      { source: 'MANAGER', editableFields: ['nextStep', 'closeDate'] },
      { source: 'USERS', userIds: [chief.id] },
    ])
    const one = await deal(all, to, ann)
    const approval = await done(submit(ann, one))
    expect(codes(await update(ann, one, { nextStep: 'Ask' }))).toEqual([])
    expect(codes(await update(boss, one, { nextStep: 'Tell', closeDate: '2027-01-01' }))).toEqual([])
    // The same value again is no change.
    expect(codes(await update(ann, one, { nextStep: 'Tell', description: 'New' }))).toEqual(PENDING)
    for (const by of [acme, chief]) expect(codes(await update(by, one, { nextStep: 'Mine' }))).toEqual(PENDING)
    expect((await update(acme, one, { nextStep: 'Mine' })).userErrors[0].details).toEqual({
      editableFields: ['nextStep', 'closeDate'],
    })
    await done(verb(boss, 'approve', { id: approval.id }))
    for (const by of [ann, boss, chief]) expect(codes(await update(by, one, { nextStep: 'Late' }))).toEqual(PENDING)
  })

  it('refuses its row of a list and leaves the others alone', async () => {
    const { acme, ann } = all
    const to = await flow(all, [{ source: 'MANAGER' }])
    const [waits, free] = [await deal(all, to, ann), await deal(all, to, ann)]
    await done(submit(ann, waits))
    const { updateOpportunities } = await acme.run<Any>(
      `mutation($input: [UpdateOpportunityRow!]!) { updateOpportunities(input: $input, errorPolicy: REJECT_FAILED_ROWS) { results { opportunity { nextStep } userErrors { code } } } }`,
      { input: [waits, free].map((id) => ({ id, input: { nextStep: 'Both' } })) },
    )
    expect(updateOpportunities.results).toEqual([
      { opportunity: null, userErrors: [{ code: 'APPROVAL_PENDING' }] },
      { opportunity: { nextStep: 'Both' }, userErrors: [] },
    ])
  })
})

describe('what is kept of it', () => {
  it('has its lines and its custom fields, as each viewer may see them', async () => {
    const { acme, ann, boss, cat } = all
    await make(acme, 'FieldDefinition', { object: 'Opportunity', apiName: 'tier', label: { en: 'Tier' }, type: 'TEXT' })
    const to = await flow(all, [{ source: 'USERS', userIds: [cat.id] }])
    const one = await deal(all, to, ann, { customFields: { tier: 'Gold' } })
    for (const [name, quantity] of [
      ['Lathe', '2'],
      ['Service', '1'],
    ])
      await make(acme, 'OpportunityLine', {
        opportunityId: one,
        name,
        quantity,
        unitPrice: { amount: '100.10' },
        discountPct: '0',
        taxRate: '0',
        sort: name === 'Lathe' ? 1 : 2,
      })
    const approval = await done(submit(ann, one))
    const seen = async (by: Call): Promise<Any> =>
      (await by.run<Any>('query($id: ID!) { approvalInstance(id: $id) { snapshot } }', { id: approval.id }))
        .approvalInstance.snapshot
    expect(await seen(boss)).toMatchObject({
      customFields: { tier: 'Gold' },
      lines: [
        { name: 'Lathe', unitPrice: { amount: '100.10' }, total: { amount: '200.20' } },
        { name: 'Service', total: { amount: '100.10', currency: 'USD' } },
      ],
    })
    const { roles } = await acme.run<Any>('{ roles(where: { key: { eq: "rep" } }) { nodes { id } } }')
    const hidden = [
      { object: 'Opportunity', field: 'customFields.tier' },
      { object: 'OpportunityLine', field: 'unitPrice' },
    ]
    const made: string[] = []
    for (const one of hidden)
      made.push((await make(acme, 'FieldPermission', { roleId: roles.nodes[0].id, ...one, access: 'HIDDEN' })).id)
    const rest = await seen(ann)
    expect(rest.customFields).toEqual({})
    expect(rest.lines).toHaveLength(2)
    for (const line of rest.lines) expect(Object.keys(line)).not.toContain('unitPrice')
    for (const id of made)
      await acme.run('mutation($id: ID!) { deleteFieldPermission(id: $id) { userErrors { code } } }', { id })
  })

  it('is the record as it was submitted and as it was approved, without what is hidden from the viewer', async () => {
    const { acme, ann, boss, cat } = all
    const to = await flow(all, [{ source: 'USERS', userIds: [cat.id], editableFields: ['nextStep'] }])
    const one = await deal(all, to, ann, { nextStep: 'Before', amount: { amount: '12.5', currency: 'USD' } })
    const approval = await done(submit(ann, one))
    expect(codes(await update(ann, one, { nextStep: 'After' }))).toEqual([])
    await done(verb(cat, 'approve', { id: approval.id }))
    const seen = async (by: Call): Promise<Any> =>
      (
        await by.run<Any>('query($id: ID!) { approvalInstance(id: $id) { snapshot approvedSnapshot record { id } } }', {
          id: approval.id,
        })
      ).approvalInstance
    const { snapshot, approvedSnapshot, record } = await seen(boss)
    expect(record).toEqual({ id: one })
    expect(snapshot).toMatchObject({
      id: one,
      nextStep: 'Before',
      amount: { amount: '12.50', currency: 'USD' },
      ownerId: ann.id,
    })
    expect(approvedSnapshot).toMatchObject({ nextStep: 'After' })
    const { roles } = await acme.run<Any>('{ roles(where: { key: { eq: "rep" } }) { nodes { id } } }')
    const permission = await make(acme, 'FieldPermission', {
      roleId: roles.nodes[0].id,
      object: 'Opportunity',
      field: 'nextStep',
      access: 'HIDDEN',
    })
    const hidden = await seen(ann)
    expect(hidden.snapshot).toMatchObject({ id: one })
    expect(Object.keys(hidden.snapshot)).not.toContain('nextStep')
    expect(Object.keys(hidden.approvedSnapshot)).not.toContain('nextStep')
    await acme.run('mutation($id: ID!) { deleteFieldPermission(id: $id) { userErrors { code } } }', {
      id: permission.id,
    })
  })

  it('goes to the recycle bin, comes back, and goes for good with its record', async () => {
    const { acme, boss, owner } = all
    const approval = await submitted(all, await flow(all, [{ source: 'MANAGER' }]))
    await done(verb(boss, 'approve', { id: approval.id }))
    const { approvalInstance } = await acme.run<Any>(
      'query($id: ID!) { approvalInstance(id: $id) { record { id } } }',
      { id: approval.id },
    )
    const id = approvalInstance.record.id
    const there = async () =>
      (
        await acme.run<Any>('query($id: ID!) { approvalInstances(where: { id: { eq: $id } }) { nodes { id } } }', {
          id: approval.id,
        })
      ).approvalInstances.nodes.length
    const run = async (name: string) =>
      expect(
        (await acme.run<Any>(`mutation($id: ID!) { ${name}(id: $id) { userErrors { code } } }`, { id }))[name]
          .userErrors,
      ).toEqual([])
    await run('deleteOpportunity')
    expect(await there()).toBe(0)
    await run('restoreOpportunity')
    expect(await there()).toBe(1)
    await run('destroyOpportunity')
    expect(await there()).toBe(0)
    for (const table of ['approval_task', 'approval_log'])
      expect(
        await owner.rows(`SELECT id FROM ${table} WHERE ${OWN} AND instance_id = $1`, uuidIn(approval.id)),
      ).toEqual([])
  })
})

describe('a list of records that cannot be approved', () => {
  it('costs no statement more', async () => {
    const { acme } = all
    const [account, one] = [await make(acme, 'Account'), await deal(all, { word: 'plain' }, all.ann)]
    const statements = async (type: string, id: string) => {
      const text = `mutation($id: ID!, $input: Update${type}Input!) { update${type}(id: $id, input: $input) { userErrors { code } } }`
      const watch = watchStatements()
      await acme.run(text, { id, input: { description: 'Once more' } })
      watch.stop()
      return watch.work.filter((statement) => statement.includes('approval_instance'))
    }
    expect(await statements('Account', account.id)).toHaveLength(0)
    expect(await statements('Opportunity', one)).toHaveLength(1)
  })
})
