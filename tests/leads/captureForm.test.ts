import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createTokens } from '../../src/access/token.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { createForms } from '../../src/resolvers/leads/capture/forms.ts'
import { until } from '../cache/model.ts'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, type Owner, openOwner } from '../support/owner.ts'
import { person } from '../support/people.ts'
import { type MailServer, mailServer } from '../support/smtp.ts'

jest.setTimeout(300_000)

const PUBLIC_URL = 'https://api.crm.example'
const SITE = 'https://www.acme.example'

let mails: MailServer
let test: TestApp
let acme: Company
let owner: Owner
beforeAll(async () => {
  asking.twice = false
  mails = await mailServer()
  test = await testApp({
    smtpUrl: mails.url,
    mailFrom: 'Atrium <no-reply@crm.example>',
    appUrl: 'https://app.crm.example',
    publicUrl: PUBLIC_URL,
    trustProxy: ['127.0.0.1'],
  })
  acme = test.acme
  owner = await openOwner(test, acme)
})
afterAll(async () => {
  asking.twice = true
  await owner?.close()
  await test?.close()
  await mails?.stop()
})
/** Each test sends from an address of its own: the limits are for addresses. */
let visitors = 0
let ip = ''
beforeEach(() => {
  ip = `203.0.113.${++visitors}`
})
afterEach(() => {
  mails.received.length = 0
})

const FIELDS = [
  { field: 'fullName', required: true },
  { field: 'email', required: true },
  { field: 'phone' },
  { field: 'companyName' },
  { field: 'employees' },
  { field: 'address.city' },
]
const CREATE = `mutation($input: CreateLeadCaptureFormInput!) { createLeadCaptureForm(input: $input) {
  leadCaptureForm { id key } userErrors { code field message }
} }`
const tryForm = async (input: Record<string, unknown> = {}, company: Company = acme) =>
  (await company.run<Any>(CREATE, { input: { name: '官网', fields: FIELDS, ...input } })).createLeadCaptureForm
const form = async (
  input: Record<string, unknown> = {},
  company: Company = acme,
): Promise<{ id: string; key: string }> => {
  const { leadCaptureForm, userErrors } = await tryForm(input, company)
  expect(userErrors).toEqual([])
  return leadCaptureForm
}

const send = async (
  key: string,
  body: unknown,
  { headers = {}, type = 'application/json' }: { headers?: Record<string, string>; type?: string } = {},
) => {
  const response = await test.app.server.inject({
    method: 'POST',
    url: `/forms/${key}`,
    headers: { 'content-type': type, 'x-forwarded-for': ip, ...headers },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const isJson = String(response.headers['content-type']).includes('json')
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.body,
    json: isJson ? JSON.parse(response.body) : null,
  }
}
const urlencoded = { type: 'application/x-www-form-urlencoded' }

const LEAD = `id fullName email phone companyName employees address { city } status owner { id } source { id } createdBy { id } doNotEmail
 utmSource utmMedium utmCampaign landingUrl referrer`
const leadsOf = async (email: string, company: Company = acme): Promise<Any[]> =>
  (
    await company.run<Any>(`query($email: String!) { leads(where: { email: { eq: $email } }) { nodes { ${LEAD} } } }`, {
      email,
    })
  ).leads.nodes
const submissions = async (id: string): Promise<Any[]> =>
  (
    await acme.run<Any>(
      'query($id: ID!) { leadCaptureForm(id: $id) { submissions { nodes { outcome errorCode lead { id } confirmedAt consent ipHash } } } }',
      { id },
    )
  ).leadCaptureForm.submissions.nodes
let n = 0
const email = () => `visitor${++n}@mail.example`

describe('a capture form', () => {
  it('has a key that nobody chooses, guesses or changes', async () => {
    const [one, two] = [await form(), await form()]
    expect(one.key).toMatch(/^[0-9A-Za-z]{22}$/)
    expect(one.key).not.toBe(two.key)
    const { errors } = await acme.ask(CREATE, { input: { name: 'x', fields: FIELDS, key: 'mine' } })
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    const { updateLeadCaptureForm } = await acme.run<Any>(
      'mutation($id: ID!) { updateLeadCaptureForm(id: $id, input: { name: "新名称" }) { leadCaptureForm { key } userErrors { code } } }',
      { id: one.id },
    )
    expect(updateLeadCaptureForm).toEqual({ leadCaptureForm: { key: one.key }, userErrors: [] })
  })

  it.each([
    ['no field', { fields: [] }, 'input.fields'],
    ['a field that is not for visitors', { fields: [{ field: 'ownerId' }] }, 'input.fields.0.field'],
    ['a field twice', { fields: [{ field: 'email' }, { field: 'email' }] }, 'input.fields.1.field'],
    ['double opt-in without an address', { doubleOptIn: true, fields: [{ field: 'email' }] }, 'input.fields'],
    ['an origin with a path', { allowedOrigins: [SITE, `${SITE}/page`] }, 'input.allowedOrigins.1'],
    ['any origin', { allowedOrigins: ['*'] }, 'input.allowedOrigins.0'],
    ['a trap that is a field', { honeypot: 'email' }, 'input.honeypot'],
    ['a page that is a script', { redirectUrl: 'javascript:alert(1)' }, 'input.redirectUrl'],
    ['a source of nobody', { sourceId: 'lsrc_nothing' }, 'input.sourceId'],
  ])('is refused with %s', async (_what, input, field) => {
    const { userErrors } = await tryForm(input)
    expect(userErrors.map((error: Any) => error.field.join('.'))).toEqual([field])
  })

  it('is a setting, and what was sent by it too: only administrators see them', async () => {
    const manager = await person(test, acme, 'manager')
    for (const plural of ['leadCaptureForms', 'leadCaptureSubmissions'])
      expect((await manager.ask(`{ ${plural} { nodes { id } } }`)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

describe('what a visitor sends', () => {
  it('becomes a lead with its source, where the visit came from, and an owner by the rules', async () => {
    const source = await make(acme, 'LeadSource', { costPerLead: null, currency: null })
    const seller = await person(test, acme, 'rep')
    const { createAssignmentRule } = await acme.run<Any>(
      'mutation($input: CreateAssignmentRuleInput!) { createAssignmentRule(input: $input) { assignmentRule { id } userErrors { code } } }',
      {
        input: {
          object: 'LEAD',
          name: '官网',
          condition: { fullName: { eq: '王小明' } },
          candidates: [{ userId: seller.id }],
        },
      },
    )
    const { id, key } = await form({ sourceId: source.id, assignmentRuleId: createAssignmentRule.assignmentRule.id })
    const address = email()
    const answer = await send(key, {
      fullName: '王小明',
      email: ` ${address.toUpperCase()} `,
      phone: '+86 138-0013-8000',
      employees: 12,
      'address.city': '上海',
      utm_source: 'baidu',
      utmMedium: 'cpc',
      landing_url: 'https://www.acme.example/p?x=1',
      referrer: 'https://www.baidu.com/',
    })
    expect([answer.status, answer.json]).toEqual([200, { status: 'ACCEPTED', redirectUrl: null }])
    const [lead] = await leadsOf(address)
    expect(lead).toMatchObject({
      fullName: '王小明',
      phone: '+8613800138000',
      employees: 12,
      address: { city: '上海' },
      status: 'ASSIGNED',
      owner: { id: seller.id },
      source: { id: source.id },
      createdBy: null,
      doNotEmail: false,
      utmSource: 'baidu',
      utmMedium: 'cpc',
      landingUrl: 'https://www.acme.example/p?x=1',
      referrer: 'https://www.baidu.com/',
    })
    expect(await submissions(id)).toMatchObject([
      { outcome: 'CREATED', errorCode: null, lead: { id: lead.id }, ipHash: expect.stringMatching(/^[\w-]{43}$/) },
    ])
    // The visitor's address itself stands nowhere.
    expect(await owner.rows(`SELECT 1 FROM change WHERE ${OWN} AND ip = $1`, ip)).toEqual([])
  })

  it('is seen and changed by the form’s team, and by no other, whoever owns it; a lead of a team that is gone is made', async () => {
    const [member, other, boss] = [
      await person(test, acme, 'rep'),
      await person(test, acme, 'rep'),
      await person(test, acme, 'rep'),
    ]
    const team = await make(acme, 'Team')
    await make(acme, 'TeamMember', { teamId: team.id, userId: member.id })
    const { key } = await form({ targetTeamId: team.id })
    const address = email()
    expect((await send(key, { fullName: '李雷', email: address })).status).toBe(200)
    const [lead] = await leadsOf(address)
    await acme.run(
      'mutation($id: ID!, $to: ID!) { updateLead(id: $id, input: { ownerId: $to }) { userErrors { code } } }',
      {
        id: lead.id,
        to: boss.id,
      },
    )
    const change = 'mutation($id: ID!) { updateLead(id: $id, input: { title: "CEO" }) { userErrors { code } } }'
    for (const [who, seen, errors] of [
      [member, { id: lead.id }, []],
      [other, null, [{ code: 'NOT_FOUND' }]],
    ] as const) {
      expect((await who.run<Any>('query($id: ID!) { lead(id: $id) { id } }', { id: lead.id })).lead).toEqual(seen)
      expect((await who.run<Any>(change, { id: lead.id })).updateLead.userErrors).toEqual(errors)
    }

    const { deleteTeam } = await acme.run<Any>('mutation($id: ID!) { deleteTeam(id: $id) { userErrors { code } } }', {
      id: team.id,
    })
    expect(deleteTeam.userErrors).toEqual([])
    const { key: late } = await form({ targetTeamId: (await make(acme, 'Team')).id })
    const { targetTeam } = (
      await acme.run<Any>(
        '{ leadCaptureForms(orderBy: [{ field: ID, direction: DESC }], first: 1) { nodes { targetTeam { id } } } }',
      )
    ).leadCaptureForms.nodes[0]
    await acme.run('mutation($id: ID!) { deleteTeam(id: $id) { userErrors { code } } }', { id: targetTeam.id })
    const second = email()
    expect((await send(late, { fullName: '韩梅梅', email: second })).status).toBe(200)
    const [made] = await leadsOf(second)
    const { recordShares } = await acme.run<Any>(
      'query($id: ID!) { recordShares(where: { recordId: { eq: $id } }) { nodes { id } } }',
      {
        id: made.id,
      },
    )
    expect(recordShares.nodes).toEqual([])
  })

  it('may be a form of a page, which goes on where the company says and nowhere else', async () => {
    const { key } = await form({ redirectUrl: `${SITE}/thanks` })
    const [first, second] = [email(), email()]
    const body = (address: string) =>
      `fullName=${encodeURIComponent('李 & 娜')}&email=${address}&employees=7&companyName=`
    const plain = await send(key, body(first), urlencoded)
    expect([plain.status, plain.json]).toEqual([200, { status: 'ACCEPTED', redirectUrl: `${SITE}/thanks` }])
    const page = await send(key, body(second), { ...urlencoded, headers: { accept: 'text/html,*/*' } })
    expect([page.status, page.headers.location]).toEqual([303, `${SITE}/thanks`])
    expect(await leadsOf(second)).toMatchObject([{ fullName: '李 & 娜', employees: 7, companyName: null }])
  })

  it('is named by what it tells when the form asks for no name', async () => {
    const { key } = await form({ fields: [{ field: 'email', required: true }] })
    const address = email()
    expect((await send(key, { email: address })).status).toBe(200)
    expect(await leadsOf(address)).toMatchObject([{ fullName: address }])
  })

  it('is refused field by field, all at once, with codes', async () => {
    const { id, key } = await form()
    const { status, json } = await send(key, {
      email: 'nobody',
      phone: 'call me',
      employees: 'many',
      ownerId: 'user_1',
      status: 'QUALIFIED',
    })
    expect(status).toBe(422)
    expect(json.errors.map(({ code, field, rule }: Any) => `${code} ${field} ${rule}`).sort()).toEqual([
      'VALIDATION_FAILED email email',
      'VALIDATION_FAILED employees int',
      'VALIDATION_FAILED fullName required',
      'VALIDATION_FAILED ownerId unknown',
      'VALIDATION_FAILED phone phone',
      'VALIDATION_FAILED status unknown',
    ])
    const odd = await send(key, { fullName: { eq: 'x' }, email: ['a@b.example'], __tenant: 'x' })
    expect(odd.json.errors.map(({ field, rule }: Any) => `${field} ${rule}`)).toEqual([
      'fullName text',
      'email text',
      '__tenant unknown',
    ])
    expect((await send(key, 'fullName=a&fullName=b&email=x@mail.example', urlencoded)).json.errors).toMatchObject([
      { field: 'fullName', rule: 'text' },
    ])
    expect((await send(key, { fullName: 'a\u0000b', email: email() })).json.errors).toMatchObject([
      { field: 'fullName', rule: 'characters' },
    ])
    expect((await send(key, { fullName: '长'.repeat(256), email: email() })).json.errors).toMatchObject([
      { field: 'fullName', rule: 'maxLength' },
    ])
    expect((await submissions(id)).map(({ outcome, errorCode }: Any) => `${outcome} ${errorCode}`)).toEqual(
      Array(5).fill('INVALID VALIDATION_FAILED'),
    )
  })

  it('does not fail for what the page says about the visit', async () => {
    const { key } = await form()
    const address = email()
    const answer = await send(key, {
      fullName: 'Ada',
      email: address,
      utm_source: 'x'.repeat(999),
      landing_url: 'javascript:alert(1)',
      referrer: 7,
    })
    expect(answer.status).toBe(200)
    expect(await leadsOf(address)).toMatchObject([{ utmSource: 'x'.repeat(255), landingUrl: null, referrer: null }])
  })

  it('must be a small JSON object or form, at an address that there is', async () => {
    const { key } = await form()
    expect((await send(key, { fullName: 'x'.repeat(40_000), email: email() })).status).toBe(413)
    expect((await send(key, '[1]')).status).toBe(400)
    expect((await send(key, 'null')).status).toBe(400)
    expect((await send(key, '{"fullName"')).status).toBe(400)
    expect((await send(key, '{"__proto__":{"x":1},"fullName":"a"}')).status).toBe(400)
    expect((await send(key, 'x', { type: 'text/plain' })).status).toBe(415)
    expect((await send(key, 'x', { type: 'multipart/form-data; boundary=x' })).status).toBe(415)
    expect((await send('0123456789012345678901', {})).status).toBe(404)
    expect((await send("'; DROP TABLE lead;--", {})).status).toBe(404)
    const get = await test.app.server.inject({ method: 'GET', url: `/forms/${key}` })
    expect(get.statusCode).toBe(404)
  })

  it('that fills in the trap is answered like a good one and dropped', async () => {
    const { id, key } = await form({ honeypot: 'website2' })
    const address = email()
    const good = await send(key, { fullName: 'Ada', email: address, website2: '' })
    const trapped = await send(key, { fullName: 'Bot', email: email(), website2: 'http://spam.example' })
    expect([trapped.status, trapped.json]).toEqual([good.status, good.json])
    expect(await leadsOf(address)).toHaveLength(1)
    expect((await submissions(id)).map(({ outcome }: Any) => outcome)).toEqual(['CREATED', 'SPAM'])
  })

  it('is not taken by a form that is off or deleted, nor in a company that is suspended', async () => {
    const { id, key } = await form({ active: false })
    expect((await send(key, { fullName: 'Ada', email: email() })).status).toBe(404)
    const deleted = await form()
    await acme.run('mutation($id: ID!) { deleteLeadCaptureForm(id: $id) { userErrors { code } } }', { id: deleted.id })
    expect((await send(deleted.key, { fullName: 'Ada', email: email() })).status).toBe(404)
    expect(await submissions(id)).toEqual([])
    const theirs = await form({}, test.globex)
    const neighbour = await openOwner(test, test.globex)
    const suspend = (status: string) =>
      neighbour.rows('UPDATE tenant SET status = $2 WHERE id = $1', neighbour.tenantId, status)
    await suspend('SUSPENDED')
    try {
      expect((await send(theirs.key, { fullName: 'Ada', email: email() })).status).toBe(404)
    } finally {
      await suspend('ACTIVE')
      await neighbour.close()
    }
  })

  it('counts against the form, wherever it comes from', async () => {
    const { key } = await form()
    const forms = createForms({
      tenancy: test.app.tenancy,
      tokens: createTokens({ secret: test.config.secret }),
      publicUrl: null,
      limits: { perAccount: 2, perAddress: 20, seconds: 900 },
    })
    const waits = []
    for (let one = 0; one < 3; one++) waits.push(await forms.count(key, `198.51.100.${one}`))
    expect(waits.map((wait) => wait > 0)).toEqual([false, false, true])
  })

  it('counts against the address it comes from', async () => {
    const { key } = await form()
    const statuses = []
    for (let one = 0; one < 21; one++) statuses.push((await send(key, {})).status)
    expect(statuses).toEqual([...Array(20).fill(422), 429])
    const late = await send(key, { fullName: 'Ada', email: email() })
    expect(late.json.errors[0].extensions.code).toBe('THROTTLED')
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(0)
    // A header that any visitor can write is believed of the proxy alone, and another address is another visitor.
    ip = '198.51.100.77'
    expect((await send(key, {})).status).toBe(422)
  })

  it('stays in its company', async () => {
    const theirs = await form({}, test.globex)
    const address = email()
    expect((await send(theirs.key, { fullName: 'Ada', email: address })).status).toBe(200)
    expect(await leadsOf(address)).toEqual([])
    expect(await leadsOf(address, test.globex)).toHaveLength(1)
  })
})

describe('a page of another origin', () => {
  const options = (key: string, origin: string) =>
    test.app.server.inject({
      method: 'OPTIONS',
      url: `/forms/${key}`,
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    })

  it('may send when the form says so, and read the answer, whatever it is', async () => {
    const { key } = await form({ allowedOrigins: [SITE] })
    const asked = await options(key, SITE)
    expect(asked.statusCode).toBe(204)
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': SITE,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'Content-Type',
      vary: expect.stringContaining('Origin'),
    })
    const headers = { origin: SITE }
    for (const body of [{ fullName: 'Ada', email: email() }, {}])
      expect((await send(key, body, { headers })).headers['access-control-allow-origin']).toBe(SITE)
  })

  it.each([
    'https://evil.example',
    'null',
    'https://www.acme.example.evil.example',
    'http://www.acme.example',
    'https://www.acme.example:8443',
    'https://WWW.acme.example',
    '',
  ])('that is not among them may not: %j', async (origin) => {
    const { id, key } = await form({ allowedOrigins: [SITE] })
    const asked = await options(key, origin)
    expect(asked.statusCode).toBe(403)
    const sent = await send(key, { fullName: 'Ada', email: email() }, { headers: { origin } })
    expect(sent.status).toBe(403)
    for (const { headers } of [asked, sent]) {
      expect(headers['access-control-allow-origin']).toBeUndefined()
      expect(headers['access-control-allow-credentials']).toBeUndefined()
    }
    expect(await submissions(id)).toEqual([])
  })
})

describe('a lead that is there already', () => {
  const both = async (duplicatePolicy: string, again: Record<string, unknown> = {}) => {
    const { id, key } = await form({ duplicatePolicy })
    const address = email()
    const first = await send(key, { fullName: '张三', email: address })
    const second = await send(key, { fullName: '李四', email: address.toUpperCase(), companyName: '新公司', ...again })
    // Nobody can tell from the answer whether it was.
    expect([second.status, second.text]).toEqual([first.status, first.text])
    return { leads: await leadsOf(address), log: await submissions(id), key, address }
  }

  it('is made twice, let be, completed or refused, as the form says', async () => {
    expect((await both('ALLOW')).leads).toHaveLength(2)
    const ignored = await both('IGNORE')
    expect(ignored.leads).toMatchObject([{ fullName: '张三', companyName: null }])
    expect(ignored.log).toMatchObject([
      { outcome: 'CREATED' },
      { outcome: 'IGNORED', lead: { id: ignored.leads[0].id } },
    ])
    const updated = await both('UPDATE')
    expect(updated.leads).toMatchObject([{ fullName: '张三', companyName: '新公司' }])
    expect(updated.log[1]).toMatchObject({ outcome: 'UPDATED', lead: { id: updated.leads[0].id } })
    const refused = await both('REFUSE')
    expect(refused.leads).toHaveLength(1)
    expect(refused.log[1]).toMatchObject({ outcome: 'REFUSED', errorCode: 'DUPLICATE_DETECTED', lead: null })
  })

  it('is known by its number, too, and a converted one is not it', async () => {
    const { id, key } = await form({ duplicatePolicy: 'IGNORE' })
    await send(key, { fullName: '王五', email: email(), phone: '+86 139 0000 1111' })
    await send(key, { fullName: '王五', email: email(), phone: '+8613900001111' })
    expect((await submissions(id)).map(({ outcome }: Any) => outcome)).toEqual(['CREATED', 'IGNORED'])
    const address = email()
    await make(acme, 'Lead', { email: address, emails: undefined, phones: undefined, status: 'CONVERTED' })
    await send(key, { fullName: '回头客', email: address })
    expect((await submissions(id)).at(-1)).toMatchObject({ outcome: 'CREATED' })
  })

  it('is made once when ten send it at the same moment', async () => {
    const { id, key } = await form({ duplicatePolicy: 'IGNORE' })
    const address = email()
    await Promise.all(Array.from({ length: 10 }, () => send(key, { fullName: '同时', email: address })))
    expect(await leadsOf(address)).toHaveLength(1)
    expect((await submissions(id)).filter(({ outcome }: Any) => outcome === 'IGNORED')).toHaveLength(9)
  })
})

describe('double opt-in', () => {
  const CONSENT = '我同意接收<产品>信息。'
  const asked = async (input: Record<string, unknown> = {}, headers: Record<string, string> = {}) => {
    const made = await form({ doubleOptIn: true, consentText: CONSENT, ...input })
    const address = email()
    const answer = await send(made.key, { fullName: '陈晨', email: address }, { headers })
    expect([answer.status, answer.json.status]).toEqual([200, 'CONFIRMATION_SENT'])
    await until(() => mails.received.some(({ to }) => to[0] === address))
    const mail = mails.received.find(({ to }) => to[0] === address)!
    const link = /https:\/\/\S+/.exec(mail.text)?.[0] as string
    const url = new URL(link)
    return { ...made, address, mail, link, path: `${url.pathname}${url.search}`, params: url.searchParams }
  }
  const open = (path: string) => test.app.server.inject({ method: 'GET', url: path })
  const press = (params: URLSearchParams) =>
    test.app.server.inject({
      method: 'POST',
      url: '/forms/confirm',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: params.toString(),
    })

  it('makes the lead when the button behind the mailed link is pressed, once, and notes the consent', async () => {
    const { id, address, mail, link, path, params } = await asked({}, { 'accept-language': 'zh-CN' })
    expect(link.startsWith(`${PUBLIC_URL}/forms/confirm?form=`)).toBe(true)
    expect(mail.headers.subject).toContain('请确认')
    // What a stranger wrote into the form does not go out in the company's name.
    expect(mail.text).not.toContain('陈晨')
    // A scanner opens the link as often as it likes.
    for (let one = 0; one < 3; one++) {
      const page = await open(path)
      expect(page.statusCode).toBe(200)
      expect(page.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'referrer-policy': 'no-referrer',
        'cache-control': 'private, no-store',
      })
      expect(page.body).toContain('<form method="post" action="/forms/confirm">')
      expect(page.body).toContain('&lt;产品&gt;')
    }
    expect(await leadsOf(address)).toEqual([])
    expect(await submissions(id)).toMatchObject([{ outcome: 'PENDING', lead: null }])
    expect((await press(params)).statusCode).toBe(200)
    const [lead] = await leadsOf(address)
    expect(lead).toMatchObject({ fullName: '陈晨', doNotEmail: false })
    expect(await submissions(id)).toMatchObject([
      { outcome: 'CREATED', lead: { id: lead.id }, consent: CONSENT, confirmedAt: expect.any(String) },
    ])
    const { consentRecords } = await acme.run<Any>(
      'query($id: ID!) { consentRecords(where: { leadId: { eq: $id } }) { nodes { purpose channel status lawfulBasis source isCurrent evidence } } }',
      { id: lead.id },
    )
    expect(consentRecords.nodes).toEqual([
      {
        purpose: 'CAPTURE_FORM',
        channel: 'EMAIL',
        status: 'GRANTED',
        lawfulBasis: 'CONSENT',
        source: id,
        isCurrent: true,
        evidence: expect.stringContaining(CONSENT),
      },
    ])
    expect((await press(params)).statusCode).toBe(410)
    expect((await open(path)).statusCode).toBe(410)
    expect(await leadsOf(address)).toHaveLength(1)
    // Neither the code nor what was sent is kept, nor were they in any change.
    expect(
      await owner.rows(`SELECT 1 FROM lead_capture_pending WHERE ${OWN} AND used_at IS NOT NULL AND input IS NOT NULL`),
    ).toEqual([])
    expect(
      await owner.rows(
        `SELECT 1 FROM change WHERE ${OWN} AND object = 'lead_capture_submission' AND (before::text LIKE $1 OR after::text LIKE $1)`,
        `%${address}%`,
      ),
    ).toEqual([])
  })

  it('makes one lead of two presses at the same moment', async () => {
    const { address, params } = await asked()
    const statuses = (await Promise.all([press(params), press(params), press(params)])).map((one) => one.statusCode)
    expect(statuses.sort()).toEqual([200, 410, 410])
    expect(await leadsOf(address)).toHaveLength(1)
  })

  it('knows no link of another form or company, and none that was made up', async () => {
    const { params, address } = await asked()
    const other = await form({ doubleOptIn: true })
    const theirs = await form({ doubleOptIn: true }, test.globex)
    const code = params.get('code') as string
    for (const [key, wrong] of [
      [other.key, code],
      [theirs.key, code],
      [params.get('form') as string, `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`],
      [params.get('form') as string, "' OR 1=1 --"],
      ['', ''],
    ] as [string, string][]) {
      const query = new URLSearchParams({ form: key, code: wrong })
      expect((await open(`/forms/confirm?${query}`)).statusCode).toBe(404)
      expect((await press(query)).statusCode).toBe(404)
    }
    expect(await leadsOf(address)).toEqual([])
    expect(await leadsOf(address, test.globex)).toEqual([])
    // And nothing of theirs is written into the page.
    const page = await open(`/forms/confirm?form=${encodeURIComponent('"><script>')}&code=x`)
    expect(page.body).not.toContain('<script>')
  })

  it('ends in time, and what was sent goes', async () => {
    const { id, address, path, params } = await asked({ lifetimeHours: 1 })
    const later = () => new Date(Date.now() + 30 * 3_600_000)
    while ((await runJobsOnce(test.app.tenancy, { now: later })) > 0);
    expect(await submissions(id)).toMatchObject([{ outcome: 'EXPIRED', lead: null }])
    expect((await open(path)).statusCode).toBe(410)
    expect((await press(params)).statusCode).toBe(410)
    expect(await leadsOf(address)).toEqual([])
    const [{ rows }] = (await owner.rows<{ rows: number }>(
      `SELECT count(*)::integer AS rows FROM lead_capture_pending WHERE ${OWN} AND input::text LIKE $1`,
      `%${address}%`,
    )) as [{ rows: number }]
    expect(rows).toBe(0)
    // A month later nobody can tell where it came from either.
    const month = () => new Date(Date.now() + 32 * 86_400_000)
    while ((await runJobsOnce(test.app.tenancy, { now: month })) > 0);
    expect(await submissions(id)).toMatchObject([{ ipHash: null }])
    expect((await open(path)).statusCode).toBe(404)
  })

  it('says of a known address no more than of another, and treats it as the form says when it is confirmed', async () => {
    const known = email()
    await make(acme, 'Lead', { email: known, emails: undefined, phones: undefined, status: 'NEW' })
    const { id, key } = await form({ doubleOptIn: true, duplicatePolicy: 'IGNORE' })
    const [first, second] = [
      await send(key, { fullName: 'A', email: known }),
      await send(key, { fullName: 'A', email: email() }),
    ]
    expect([first.status, first.text]).toEqual([second.status, second.text])
    await until(() => mails.received.some(({ to }) => to[0] === known))
    const link = new URL(/https:\/\/\S+/.exec(mails.received.find(({ to }) => to[0] === known)!.text)![0])
    await press(link.searchParams)
    expect((await submissions(id))[0]).toMatchObject({ outcome: 'IGNORED' })
    expect(await leadsOf(known)).toHaveLength(1)
  })

  it('fills nobody’s mailbox: three mails to an address in an hour, then none, with the same answer', async () => {
    const { id, key } = await form({ doubleOptIn: true })
    const victim = email()
    const answers = []
    for (let one = 0; one < 5; one++) answers.push((await send(key, { fullName: 'A', email: victim })).text)
    expect(new Set(answers).size).toBe(1)
    expect((await submissions(id)).map(({ outcome, errorCode }: Any) => `${outcome} ${errorCode}`)).toEqual([
      ...Array(3).fill('PENDING null'),
      ...Array(2).fill('REFUSED THROTTLED'),
    ])
    const [{ rows }] = (await owner.rows<{ rows: number }>(
      `SELECT count(*)::integer AS rows FROM mail WHERE ${OWN} AND to_address = $1`,
      victim,
    )) as [{ rows: number }]
    expect(rows).toBe(3)
  })
})
