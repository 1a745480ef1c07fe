import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { companyKey, taxKey } from '../../src/resolvers/leads/registration/matches.ts'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

jest.setTimeout(300_000)

type Call = Pick<Company, 'run' | 'ask'>

let test: TestApp
let acme: Company
let owner: Owner
let boss: Person
let ann: Person
let ben: Person
beforeAll(async () => {
  asking.twice = false
  test = await testApp({ poolSize: 8 })
  acme = test.acme
  owner = await openOwner(test, acme)
  boss = await person(test, acme, 'manager')
  ann = await person(test, acme, 'rep', { managerId: boss.id })
  ben = await person(test, acme, 'rep', { managerId: boss.id })
})
afterAll(async () => {
  asking.twice = true
  await owner?.close()
  await test?.close()
})

const PICK = `customerRegistration {
  id status companyName registrant { id } account { id name taxNo phone owner { id } } protectedUntil extensions decidedAt decidedBy { id } reason
  conflicts { object name match since protectedUntil } expectedAmount { amount currency }
} userErrors { code field details }`
const verb = async (name: string, args: string, variables: Record<string, unknown>, call: Call): Promise<Any> => {
  const types: Record<string, string> = { input: 'SubmitRegistrationInput!', reason: 'String!', id: 'ID!' }
  const declared = Object.keys(variables).map((one) => `$${one}: ${types[one] ?? (one === 'accountId' ? 'ID' : 'Int')}`)
  return (await call.run<Any>(`mutation(${declared.join(', ')}) { ${name}(${args}) { ${PICK} } }`, variables))[name]
}
const submit = (input: Record<string, unknown>, call: Call = ann) =>
  verb('submitRegistration', 'input: $input', { input }, call)
const approve = (id: string, more: Record<string, unknown> = {}, call: Call = boss) =>
  verb(
    'approveRegistration',
    ['id', ...Object.keys(more)].map((one) => `${one}: $${one}`).join(', '),
    { id, ...more },
    call,
  )
const reject = (id: string, reason: string, call: Call = boss) =>
  verb('rejectRegistration', 'id: $id, reason: $reason', { id, reason }, call)
const revoke = (id: string, reason: string, call: Call = boss) =>
  verb('revokeRegistration', 'id: $id, reason: $reason', { id, reason }, call)
const extend = (id: string, days: number | null = null, call: Call = boss) =>
  verb('extendRegistration', 'id: $id, days: $days', { id, days }, call)
const withdraw = (id: string, call: Call = ann) => verb('withdrawRegistration', 'id: $id', { id }, call)

/** A registration that must be taken; its id. */
const registered = async (input: Record<string, unknown>, call: Call = ann): Promise<string> => {
  const { customerRegistration, userErrors } = await submit(input, call)
  expect(userErrors).toEqual([])
  return customerRegistration.id
}
const approved = async (input: Record<string, unknown>, call: Call = ann): Promise<{ id: string; account: Any }> => {
  const id = await registered(input, call)
  const { customerRegistration, userErrors } = await approve(id)
  expect(userErrors).toEqual([])
  return customerRegistration
}
const codes = ({ userErrors }: Any) => userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.')}`)

let n = 0
const phone = () => `+8613800${String(100000 + ++n)}`
const account = async (more: Record<string, unknown>): Promise<string> =>
  (await make(acme, 'Account', { taxNo: null, registrationNo: null, phone: phone(), ...more })).id

describe('the name of a company', () => {
  it('is the same without its legal form, width, case, accents and punctuation', () => {
    const same = (...names: string[]) => expect(new Set(names.map(companyKey)).size).toBe(1)
    same(
      '上海测试科技有限公司',
      '上海测试科技股份有限公司',
      '上海测试科技（集团）有限公司',
      '上海测试科技',
      '上海测试科技有限责任公司',
    )
    same('ACME, Inc.', 'Acme', 'Ａｃｍｅ Co., Ltd.', 'acme corporation')
    same('Müller GmbH & Co. KG', 'MULLER', 'Muller  Gmbh')
    same('L’Oréal S.A.', "L'Oreal SA")
    expect(companyKey('有限公司')).toBe('有限公司')
    expect(companyKey('Co. Ltd')).toBe('co')
    expect(companyKey('上海测试科技有限公司')).not.toBe(companyKey('北京测试科技有限公司'))
    expect(taxKey(' 91310000-ma1k ')).toBe('91310000MA1K')
  })
})

describe('a registration', () => {
  it('needs a name, and a tax number or a telephone number', async () => {
    expect(await submit({ companyName: '上海缺失有限公司' })).toMatchObject({
      customerRegistration: null,
      userErrors: [{ code: 'REGISTRATION_INCOMPLETE', details: { missing: ['taxNo', 'contactPhone'] } }],
    })
    expect(await submit({ taxNo: '1', companyName: '  ' })).toMatchObject({
      userErrors: [{ code: 'REGISTRATION_INCOMPLETE', details: { missing: ['companyName'] } }],
    })
    expect(codes(await submit({ companyName: 'X', contactPhone: 'none', expectedAmount: { amount: '-1' } }))).toEqual([
      'VALIDATION_FAILED input.contactPhone',
      'VALIDATION_FAILED input.expectedAmount.amount',
    ])
    expect(codes(await submit({ companyName: 'X', taxNo: '2', partnerId: 'acct_nothing' }))).toEqual([
      'NOT_FOUND input.partnerId',
    ])
  })

  it('belongs to who registers, waits for a decision, and is seen by them and those above them', async () => {
    const { customerRegistration } = await submit({
      companyName: '杭州西湖软件有限公司',
      taxNo: '91330100TEST000001',
      expectedAmount: { amount: '120000', currency: 'CNY' },
      expectedCloseDate: '2027-03-01',
      project: '数据中心',
      evidence: '2026-11-02 拜访',
    })
    expect(customerRegistration).toMatchObject({
      status: 'SUBMITTED',
      registrant: { id: ann.id },
      conflicts: [],
      account: null,
      expectedAmount: { amount: '120000.00', currency: 'CNY' },
    })
    const seen = async (call: Call) =>
      (await call.run<Any>('query($id: ID!) { customerRegistration(id: $id) { id } }', { id: customerRegistration.id }))
        .customerRegistration?.id
    expect(await Promise.all([ann, boss, acme].map(seen))).toEqual(Array(3).fill(customerRegistration.id))
    expect(await Promise.all([ben, test.globex].map(seen))).toEqual([undefined, undefined])
  })

  it('is made for somebody else with the right to transfer alone, and for nobody who is not there', async () => {
    const input = { companyName: '代报有限公司', taxNo: 'FOR-OTHERS', registrantId: ben.id }
    expect(codes(await submit(input))).toEqual(['FORBIDDEN input.registrantId'])
    const gone = await make(acme, 'User', { status: 'SUSPENDED' })
    expect(codes(await submit({ ...input, registrantId: gone.id }, boss))).toEqual(['USER_INACTIVE input.registrantId'])
    expect(codes(await submit({ ...input, registrantId: 'user_nobody' }, boss))).toEqual([
      'NOT_FOUND input.registrantId',
    ])
    expect((await submit(input, boss)).customerRegistration.registrant.id).toBe(ben.id)
  })

  it.each([
    ['the same tax number, otherwise written', { companyName: '完全不同', taxNo: '9144-0300 abc' }, 'taxNo', 'TAX_NO'],
    [
      'the same name without its form',
      { companyName: '深圳重名（集团）有限公司', contactPhone: '+8613911110001' },
      'companyName',
      'NAME',
    ],
    ['the same number', { companyName: '另一名字', contactPhone: '+86 138 0000 7777' }, 'contactPhone', 'PHONE'],
  ])('loses against an earlier live one with %s', async (_what, second, field, match) => {
    if (
      (await owner.rows(`SELECT 1 FROM customer_registration WHERE ${OWN} AND company_name = '深圳重名股份有限公司'`))
        .length === 0
    )
      await registered({ companyName: '深圳重名股份有限公司', taxNo: '91440300ABC', contactPhone: '+8613800007777' })
    const { userErrors } = await submit(second, ben)
    expect(userErrors).toMatchObject([
      {
        code: 'REGISTRATION_CONFLICT',
        field: ['input', field],
        details: { with: { object: 'CustomerRegistration', name: '深***司', match: expect.stringContaining(match) } },
      },
    ])
    expect(Date.parse(userErrors[0].details.since)).toBeLessThanOrEqual(Date.now())
    // No name, id or person of the other one.
    expect(JSON.stringify(userErrors)).not.toMatch(/重名|creg_|user_/)
  })

  it('does not take the same name for the same customer when two tax numbers say otherwise', async () => {
    await registered({ companyName: '同名贸易有限公司', taxNo: 'SAME-NAME-1' })
    const { customerRegistration, userErrors } = await submit(
      { companyName: '同名贸易公司', taxNo: 'SAME-NAME-2' },
      ben,
    )
    expect(userErrors).toEqual([])
    expect(customerRegistration.conflicts).toMatchObject([
      { object: 'CustomerRegistration', name: '同***司', match: 'NAME', protectedUntil: null },
    ])
  })

  it('conflicts with a company of somebody else, also one that the registrant may not see, and not with one’s own or nobody’s', async () => {
    await account({ name: '广州有主有限公司', ownerId: ben.id })
    expect(await submit({ companyName: '广州有主股份有限公司', taxNo: 'NEW' })).toMatchObject({
      userErrors: [{ code: 'REGISTRATION_CONFLICT', details: { with: { object: 'Account', name: '广***司' } } }],
    })
    await account({ name: 'Owned by Ann Ltd.', ownerId: ann.id })
    await registered({ companyName: 'Owned by Ann', taxNo: 'ANN-1' })
    const free = await account({ name: '无主海鲜有限公司', ownerId: null })
    const { customerRegistration } = await submit({ companyName: '无主海鲜', taxNo: 'FREE-1' })
    expect(customerRegistration.conflicts).toMatchObject([{ object: 'Account', match: 'NAME' }])
    // It is taken, not made twice.
    expect((await approve(customerRegistration.id)).customerRegistration.account).toMatchObject({
      id: free,
      owner: { id: ann.id },
    })
    await account({ name: '税号不同名', taxNo: '91-TAX-77', ownerId: ben.id })
    expect(codes(await submit({ companyName: '一个新名字', taxNo: '91-tax-77' }))).toEqual([
      'REGISTRATION_CONFLICT input.taxNo',
    ])
  })

  it('tells of leads of others without refusing', async () => {
    await make(acme, 'Lead', {
      companyName: '线索机械有限公司',
      ownerId: ben.id,
      status: 'NEW',
      phone: phone(),
      mobile: phone(),
    })
    const { customerRegistration, userErrors } = await submit({ companyName: '线索机械', taxNo: 'LEAD-1' })
    expect(userErrors).toEqual([])
    expect(customerRegistration.conflicts).toMatchObject([{ object: 'Lead', name: '线***司', match: 'NAME' }])
  })

  it('goes to one of twenty who submit it at the same moment, whatever they call it', async () => {
    const forms = ['有限公司', '股份有限公司', '（集团）有限公司', '集团', '有限责任公司']
    const people = [ann, ben, boss, acme]
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, place) =>
        submit(
          {
            companyName: `武汉同时科技${forms[place % 5]}`,
            ...(place % 2 ? { contactPhone: phone() } : { taxNo: `AT-ONCE` }),
          },
          people[place % 4],
        ),
      ),
    )
    expect(answers.filter(({ userErrors }) => userErrors.length === 0)).toHaveLength(1)
    expect(new Set(answers.flatMap(({ userErrors }) => userErrors.map(({ code }: Any) => code)))).toEqual(
      new Set(['REGISTRATION_CONFLICT']),
    )
    const [{ rows }] = (await owner.rows<{ rows: number }>(
      `SELECT count(*)::integer AS rows FROM customer_registration WHERE ${OWN} AND name_key = $1`,
      companyKey('武汉同时科技'),
    )) as [{ rows: number }]
    expect(rows).toBe(1)
  })

  it('is nobody’s business in another company', async () => {
    await registered({ companyName: '两家公司', taxNo: 'NEIGHBOUR-1' })
    expect((await submit({ companyName: '两家公司', taxNo: 'NEIGHBOUR-1' }, test.globex)).userErrors).toEqual([])
    const id = await registered({ companyName: '隔壁的', taxNo: 'NEIGHBOUR-2' })
    for (const answer of [approve(id, {}, test.globex), reject(id, 'no', test.globex), withdraw(id, test.globex)])
      expect(codes(await answer)).toEqual(['NOT_FOUND id'])
  })
})

describe('a decision', () => {
  it('makes the company, the registrant’s, and protects it', async () => {
    const { customerRegistration } = await approve(
      await registered({ companyName: '成都新客户有限公司', taxNo: 'NEW-1', contactPhone: '+86 28 8888 6666' }),
      { protectedDays: 30 },
    )
    expect(customerRegistration).toMatchObject({
      status: 'APPROVED',
      decidedBy: { id: boss.id },
      account: { name: '成都新客户有限公司', taxNo: 'NEW-1', phone: '+862888886666', owner: { id: ann.id } },
      extensions: 0,
    })
    const days = (Date.parse(customerRegistration.protectedUntil) - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(30)
    const again = await submit({ companyName: '成都新客户', taxNo: 'NEW-1' }, ben)
    expect(again.userErrors).toMatchObject([
      { code: 'PROTECTION_ACTIVE', details: { until: customerRegistration.protectedUntil } },
    ])
  })

  it('takes the right to approve and somebody else’s registration', async () => {
    const id = await registered({ companyName: '审批权限', taxNo: 'RIGHT-1' })
    for (const name of [
      'approveRegistration(id: $id)',
      'rejectRegistration(id: $id, reason: "x")',
      'revokeRegistration(id: $id, reason: "x")',
      'extendRegistration(id: $id)',
    ]) {
      const { errors } = await ann.ask(`mutation($id: ID!) { ${name} { userErrors { code } } }`, { id })
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' })
    }
    const own = await registered({ companyName: '自己审批', taxNo: 'RIGHT-2' }, boss)
    expect(codes(await approve(own))).toEqual(['SELF_APPROVAL_FORBIDDEN id'])
    expect(codes(await reject(own, 'no'))).toEqual(['SELF_APPROVAL_FORBIDDEN id'])
    // Out of the manager's scope.
    const other = await person(test, acme, 'rep')
    expect(codes(await approve(await registered({ companyName: '别人的', taxNo: 'RIGHT-3' }, other)))).toEqual([
      'NOT_FOUND id',
    ])
    expect(codes(await approve(id, { protectedDays: 0 }))).toEqual(['VALIDATION_FAILED protectedDays'])
    expect(codes(await approve(id, { protectedDays: 366 }))).toEqual(['VALIDATION_FAILED protectedDays'])
  })

  it('is made once: of two at the same moment the second finds it decided', async () => {
    const id = await registered({ companyName: '只批一次', taxNo: 'ONCE-1' })
    const answers = await Promise.all([approve(id), approve(id, {}, acme), reject(id, '不符合')])
    expect(answers.flatMap(codes)).toEqual(['INVALID_STATE id', 'INVALID_STATE id'])
    expect(await owner.rows(`SELECT 1 FROM account WHERE ${OWN} AND name = '只批一次'`)).toHaveLength(
      answers.slice(0, 2).filter(({ userErrors }) => userErrors.length === 0).length,
    )
  })

  it('says why it refuses, and frees the customer', async () => {
    const id = await registered({ companyName: '被拒绝的', taxNo: 'REJECT-1' })
    expect(codes(await reject(id, '  '))).toEqual(['VALIDATION_FAILED reason'])
    expect(await reject(id, '客户不存在')).toMatchObject({
      customerRegistration: { status: 'REJECTED', reason: '客户不存在' },
    })
    expect(codes(await reject(id, 'again'))).toEqual(['INVALID_STATE id'])
    await registered({ companyName: '被拒绝的', taxNo: 'REJECT-1' }, ben)
  })

  it('refuses a customer who has become somebody else’s meanwhile', async () => {
    const id = await registered({ companyName: '后来有主', taxNo: 'LATER-1' })
    await account({ name: '后来有主有限公司', ownerId: ben.id })
    expect(codes(await approve(id))).toEqual(['REGISTRATION_CONFLICT id'])
  })

  it('links the company that it is told, gives it away, and not one that is protected for another', async () => {
    const id = await registered({ companyName: '要关联的', taxNo: 'LINK-1' })
    expect(codes(await approve(id, { accountId: 'acct_nothing' }))).toEqual(['NOT_FOUND accountId'])
    const { account: guarded } = await approved({ companyName: '受保护', taxNo: 'LINK-2' }, ben)
    expect(codes(await approve(id, { accountId: guarded.id }))).toEqual(['PROTECTION_ACTIVE accountId'])
    const bens = await account({ name: '完全另外的名字', ownerId: ben.id })
    expect(await approve(id, { accountId: bens })).toMatchObject({
      customerRegistration: { status: 'APPROVED', account: { id: bens, owner: { id: ann.id } } },
      userErrors: [],
    })
  })

  it('keeps to the registrant’s quota, and leaves no trace when it cannot', async () => {
    const full = await person(test, acme, 'rep', { managerId: boss.id })
    await make(acme, 'OwnerQuota', { object: 'Account', limit: 0, userId: full.id })
    // A new quota counts within seconds; here it was made through this process.
    const id = await registered({ companyName: '超出限额', taxNo: 'QUOTA-1' }, full)
    expect(codes(await approve(id))).toEqual(['OWNER_QUOTA_EXCEEDED id'])
    expect(await owner.rows(`SELECT 1 FROM account WHERE ${OWN} AND name = '超出限额'`)).toEqual([])
    expect(await owner.rows(`SELECT status FROM customer_registration WHERE ${OWN} AND id = $1`, uuidIn(id))).toEqual([
      { status: 'SUBMITTED' },
    ])
  })

  it('is not made for somebody who has left', async () => {
    const leaver = await person(test, acme, 'rep', { managerId: boss.id })
    const id = await registered({ companyName: '离职的', taxNo: 'LEFT-1' }, leaver)
    await acme.run('mutation($id: ID!) { updateUser(id: $id, input: { status: SUSPENDED }) { userErrors { code } } }', {
      id: leaver.id,
    })
    expect(codes(await approve(id))).toEqual(['USER_INACTIVE id'])
  })

  it('is revoked with a reason, and the customer is free for its owner alone until they let it go', async () => {
    const { id, account: made } = await approved({ companyName: '撤销保护', taxNo: 'REVOKE-1' })
    expect(codes(await revoke(id, ''))).toEqual(['VALIDATION_FAILED reason'])
    expect(await revoke(id, '长期无跟进')).toMatchObject({
      customerRegistration: { status: 'REVOKED', reason: '长期无跟进', account: { owner: { id: ann.id } } },
    })
    expect(codes(await revoke(id, 'again'))).toEqual(['INVALID_STATE id'])
    expect(codes(await submit({ companyName: '撤销保护', taxNo: 'REVOKE-1' }, ben))).toEqual([
      'REGISTRATION_CONFLICT input.companyName',
    ])
    await acme.run('mutation($id: ID!) { updateAccount(id: $id, input: { ownerId: null }) { userErrors { code } } }', {
      id: made.id,
    })
    await registered({ companyName: '撤销保护', taxNo: 'REVOKE-1' }, ben)
  })

  it('is taken back by its registrant before it is made, and by nobody else', async () => {
    const id = await registered({ companyName: '撤回的', taxNo: 'BACK-1' })
    expect(codes(await withdraw(id, ben))).toEqual(['NOT_FOUND id'])
    expect(codes(await withdraw(id, boss))).toEqual(['FORBIDDEN id'])
    expect(await withdraw(id)).toMatchObject({ customerRegistration: { status: 'REVOKED' } })
    expect(codes(await withdraw(id))).toEqual(['INVALID_STATE id'])
    expect(codes(await approve(id))).toEqual(['INVALID_STATE id'])
  })
})

describe('protection', () => {
  it('is extended once, from its end', async () => {
    const { id, protectedUntil } = (await approved({ companyName: '延期一次', taxNo: 'EXTEND-1' })) as Any
    const { customerRegistration } = await extend(id, 10)
    expect(Date.parse(customerRegistration.protectedUntil) - Date.parse(protectedUntil)).toBe(10 * 86_400_000)
    expect(customerRegistration.extensions).toBe(1)
    expect(await extend(id)).toMatchObject({ userErrors: [{ code: 'EXTENSION_LIMIT', details: { limit: 1 } }] })
    const waiting = await registered({ companyName: '未批延期', taxNo: 'EXTEND-2' })
    expect(codes(await extend(waiting))).toEqual(['INVALID_STATE id'])
  })

  it('holds once when two extend it at the same moment', async () => {
    const { id } = await approved({ companyName: '同时延期', taxNo: 'EXTEND-3' })
    const answers = await Promise.all([extend(id), extend(id, 5, acme)])
    expect(answers.flatMap(codes)).toEqual(['EXTENSION_LIMIT id'])
  })

  it('ends by itself, every day: what is over EXPIRED, also what nobody decided, what was won CONVERTED', async () => {
    const over = await approved({ companyName: '到期的', taxNo: 'OVER-1' })
    const won = await approved({ companyName: '成交的', taxNo: 'OVER-2' })
    const undecided = await registered({ companyName: '无人处理', taxNo: 'OVER-3' })
    const fresh = await registered({ companyName: '刚提交', taxNo: 'OVER-4' })
    await test.app.tenancy.writeTenant({ tenantId: owner.tenantId }, (db) =>
      db.rows({
        text: `UPDATE account SET deal_status = 'WON' WHERE tenant_id = $1 AND id = $2`,
        values: [owner.tenantId, uuidIn(won.account.id)],
      }),
    )
    // Time cannot be turned for one registration through the API: it is the owner of the tables who does.
    await owner.rows(
      `UPDATE customer_registration SET protected_until = now() - interval '1 minute' WHERE ${OWN} AND id = $1`,
      uuidIn(over.id),
    )
    await owner.rows(
      `UPDATE customer_registration SET submitted_at = now() - interval '31 days' WHERE ${OWN} AND id = $1`,
      uuidIn(undecided),
    )
    // Over is over, before the clock has come round.
    expect(codes(await extend(over.id))).toEqual(['INVALID_STATE id'])
    const tomorrow = () => new Date(Date.now() + 86_400_000)
    while ((await runJobsOnce(test.app.tenancy, { now: tomorrow })) > 0);
    const status = async (id: string) =>
      (await acme.run<Any>('query($id: ID!) { customerRegistration(id: $id) { status } }', { id })).customerRegistration
        .status
    expect(await Promise.all([over.id, won.id, undecided, fresh].map(status))).toEqual([
      'EXPIRED',
      'CONVERTED',
      'EXPIRED',
      'SUBMITTED',
    ])
    // The day after is ordered.
    const jobs = await owner.rows(
      `SELECT 1 FROM job WHERE ${OWN} AND kind = 'REGISTRATION_EXPIRY' AND status = 'QUEUED'`,
    )
    expect(jobs).toHaveLength(1)
    await registered({ companyName: '无人处理', taxNo: 'OVER-3' }, ben)
  })
})
