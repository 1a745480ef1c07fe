import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Field, type RecordType, recordTypes } from '../../src/read/recordType.ts'
import { DEFAULT_MAX } from '../../src/resolvers/normalise.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { type Bad, badValues } from '../support/bad.ts'
import { creatable, inputFor, make, ONE_OF } from '../support/factory.ts'
import { OWN, type Owner, openOwner } from '../support/owner.ts'
import { comparable, create, plain, read, shaped, targetOf, update } from '../support/written.ts'

let app: TestApp
let owner: Owner

beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

// What is only added to has tests of its own: tests/customers/master.test.ts.
const types = recordTypes().filter((type) => creatable(type) && type.operations.has('update'))
const writable = (type: RecordType, mode: 'create' | 'update') =>
  [...type.fields.values()].filter(({ write }) => write === 'always' || (write === 'create' && mode === 'create'))
const rows = async ({ table }: RecordType) =>
  Number(
    (
      await owner.rows<{ n: string }>(
        // Those that a campaign begins with are not what the test writes.
        `SELECT count(*) AS n FROM ${table} WHERE ${OWN}${table === 'campaign_member_status' ? " AND label NOT IN ('Sent', 'Responded')" : ''}`,
      )
    )[0]?.n,
  )

/** Asks for the status codes of GraphQL over HTTP; clients of plain JSON get 200 and the same errors. */
const ACCEPT = { accept: 'application/graphql-response+json' }

/** Fields that follow another when it is written, by rule. */
const FOLLOWERS: Record<string, string[]> = {
  'Contact.email': ['emails'],
  'Contact.emails': ['email'],
  'Contact.phone': ['phones'],
  'Contact.phones': ['phone'],
  'Lead.email': ['emails'],
  'Lead.emails': ['email'],
  'Lead.phone': ['phones'],
  'Lead.phones': ['phone'],
  'Lead.scoreParts': ['score'],
  'Stage.kind': ['probability', 'forecastCategory'],
  'Reminder.at': ['offsetMinutes'],
  'Reminder.offsetMinutes': ['at'],
}
/** What the rules say of an empty input where no field is required by itself. */
const ONE_AT_LEAST: Record<string, string[]> = {
  Lead: ['VALIDATION_FAILED required input.fullName'],
  Reminder: ['VALIDATION_FAILED exactlyOne input.taskId', 'VALIDATION_FAILED oneOf input.at'],
}
/** What a rule decides, whatever is asked for: the first one has it by itself. */
const DECIDED = ['AccountInvoiceInfo.isDefault']
/** What a rule refuses, and how. */
const REFUSED: Record<string, string> = {
  'Account.primaryContactId': 'VALIDATION_FAILED',
  // One that is switched off is not the default one.
  'Pool.isDefault': 'INVALID_STATE',
  'Segment.filter': 'VALIDATION_FAILED',
  // One of another campaign.
  'CampaignMember.statusId': 'VALIDATION_FAILED',
  'CareRule.quietFrom null': 'VALIDATION_FAILED',
  'CareRule.quietTo null': 'VALIDATION_FAILED',
  // The address of its bridge.
  'SocialAccount.settings null': 'VALIDATION_FAILED',
  'Reminder.at null': 'VALIDATION_FAILED',
  'Reminder.offsetMinutes null': 'VALIDATION_FAILED',
  'CampaignMemberStatus.isDefault null': 'INVALID_STATE',
  'OpportunityLine.currency': 'CURRENCY_MISMATCH',
  'ContractLine.currency': 'CURRENCY_MISMATCH',
  'Invoice.currency': 'CURRENCY_MISMATCH',
  'Invoice.titleId': 'VALIDATION_FAILED',
  // It sends one thing.
  'ReportSchedule.standard': 'VALIDATION_FAILED',
  'ReportSchedule.dashboardId': 'VALIDATION_FAILED',
  'ReportSchedule.reportId null': 'VALIDATION_FAILED',
  'ReportSchedule.recipientIds null': 'VALIDATION_FAILED',
  'Report.measures null': 'VALIDATION_FAILED',
  // By the company's rule of numbers, which lets nobody write them.
  'Contract.number': 'VALIDATION_FAILED',
  'Invoice.number': 'VALIDATION_FAILED',
  'PriceBookEntry.currency': 'CURRENCY_MISMATCH',
  'QuoteLine.currency': 'CURRENCY_MISMATCH',
  'OrderLine.currency': 'CURRENCY_MISMATCH',
  // Given by the company's rule.
  'Quote.number': 'VALIDATION_FAILED',
  'Order.number': 'VALIDATION_FAILED',
  'Case.number': 'VALIDATION_FAILED',
  'ReturnVisit.number': 'VALIDATION_FAILED',
  'LeadCaptureForm.fields null': 'VALIDATION_FAILED',
  // Of a target for won amounts.
  'SalesTarget.amount null': 'VALIDATION_FAILED',
  'SalesTarget.currency': 'CURRENCY_MISMATCH',
  'SalesTarget.count': 'VALIDATION_FAILED',
  'Pipeline.isDefault null': 'INVALID_STATE',
  'Stage.kind null': 'PIPELINE_NEEDS_WON_AND_LOST',
  // Not for a text.
  'FieldDefinition.min': 'VALIDATION_FAILED',
  'FieldDefinition.max': 'VALIDATION_FAILED',
  'FieldDefinition.options': 'VALIDATION_FAILED',
}
/** Values that a rule wants of a form, by the field's name, or by type and field. */
const FORMS: Record<string, unknown> = {
  'Account.status': 'INACTIVE',
  'Stage.requiredFields': ['closeDate', 'lines'],
  'Stage.entryTasks': [{ subject: 'Another', dueInDays: 3, assignee: 'OWNER' }],
  'StageTransition.requiredFields': ['amount'],
  'SavedView.object': 'Contact',
  'SavedView.filter': { name: { eq: 'another' } },
  'SavedView.sort': [{ field: 'NAME', direction: 'DESC' }],
  'Report.filter': { createdAt: { gte: '2026-01-01T00:00:00Z' } },
  'ReportSchedule.standard': 'standard:sales.won_by_month',
  'ReportSchedule.parameters': { from: 'START_OF_MONTH-1M' },
  'SavedView.columns': ['name', 'owner.name'],
  'SavedView.grouping': 'owner.departmentId',
  'Report.object': 'Contact',
  'Report.measures': [{ function: 'MAX', field: 'createdAt', label: 'another' }],
  'Report.dimensions': [{ field: 'createdAt', bucket: 'MONTH' }],
  'Report.parameters': [{ name: 'from', type: 'DATE', default: 'START_OF_MONTH-1M' }],
  'Report.having': [{ measure: 0, operator: 'GTE', value: '2' }],
  'Report.orderBy': [{ by: 'MEASURE', index: 0, direction: 'DESC' }],
  'Dashboard.layout': [{ reportId: 'standard:sales.won_by_month', x: 0, y: 0, w: 6, h: 4 }],
  'ReportSchedule.cron': '30 9 * * MON',
  'CareRule.channel': 'NOTIFICATION',
  'CareRule.filter': { lastName: { eq: 'another' } },
  'CareRule.sendAtLocalTime': '11:30',
  'CareRule.quietFrom': '19:30',
  'CareRule.quietTo': '07:30',
  'AssignmentRule.condition': { industry: { eq: 'another' } },
  'ApprovalFlow.condition': { name: { eq: 'another' } },
  'ApprovalFlow.steps': [
    {
      name: 'another',
      source: 'MANAGER',
      mode: 'ALL',
      emptyApproverAction: 'ADMIN',
      sameAsSubmitterAction: 'SKIP',
      duplicateApproverRule: 'EACH',
      timeoutAction: 'REMIND',
      timeoutHours: 48,
      editableFields: ['nextStep'],
      requireComment: true,
    },
  ],
  'Workflow.trigger': 'MANUAL',
  'Workflow.watchedFields': ['industry'],
  'Workflow.fromValue': 'WARM',
  'Workflow.toValue': 'WARM',
  'Workflow.dateField': 'lastActivityAt',
  'Workflow.timeOfDay': '10:45',
  'Workflow.offsetMinutes': 20,
  'Workflow.maxDepth': 6,
  'Workflow.cron': '30 8 * * 2',
  'Workflow.condition': { companyName: { eq: 'another' } },
  'Workflow.steps': [{ key: 'task', action: 'CREATE_TASK', name: 'another', values: { title: 'another' } }],
  'Pool.hiddenFields': ['email'],
  'EmailBlast.scheduleAt': '2099-03-01T18:30:00.123+08:00',
  'SocialAccount.connector': 'webhook',
  'SocialAccount.settings': { url: 'https://bridge.example/another' },
  'SocialPost.scheduleAt': '2099-03-01T18:30:00.123+08:00',
  'LeadCaptureForm.fields': [{ field: 'phone' }],
  'LeadCaptureForm.allowedOrigins': ['https://another.example'],
  'LeadCaptureForm.honeypot': 'another-trap',
  'ThirdPartyIdentity.platform': 'TAOBAO',
  'BusinessCalendar.weekly': [{ day: 'SUNDAY', from: '10:00', to: '12:30' }],
  'Holiday.hours': [{ from: '10:00', to: '24:00' }],
  'CaseQueue.caseTypes': ['COMPLAINT'],
  'CaseQueue.channels': ['PHONE', 'CHAT'],
  'KnowledgeArticle.slug': 'another-slug',
  'ReturnVisit.satisfaction': 2,
  'SlaEscalationStep.action': 'NOTIFY_DEPARTMENT_HEAD',
  'SlaPolicy.pauseStatuses': ['WAITING_CUSTOMER'],
  nextFollowUpAt: '2098-03-02T18:30:00.123+08:00',
  recurrence: 'FREQ=DAILY;COUNT=5',
  birthday: '1991-02-03',
  timezone: 'Europe/Berlin',
  color: '#aabbcc',
  imageUrls: ['https://img.example/2.png'],
  locale: 'de',
  expiresAt: '2099-03-01T18:30:00.123+08:00',
  outOfOfficeFrom: '2026-02-02T18:30:00.123+08:00',
  'Role.key': 'another-key',
  'ObjectPermission.object': 'Contact',
  'OwnerQuota.object': 'Contact',
  'DuplicateRule.crossObjects': ['Contact', 'Lead'],
  'FieldPermission.object': 'Contact',
  'FieldPermission.field': 'phone',
  'FieldDefinition.object': 'Account',
  'FieldDefinition.apiName': 'another',
  'FieldDefinition.type': 'EMAIL',
  'FieldDefinition.maxLength': 100,
  'FieldDefinition.pattern': '[A-Z]+',
  'FieldDefinition.defaultValue': 'another',
  'NumberRule.parts': [{ kind: 'DATE', format: 'YYMMDD' }, { kind: 'SEQUENCE' }],
  'IdentityProvider.issuer': 'https://another.example/a',
  'IdentityProvider.allowedDomains': ['one.example', 'two.example'],
}
const formOf = (type: RecordType, { name }: Field) => FORMS[`${type.name}.${name}`] ?? FORMS[name]

/** A value that no record of the factory has. */
async function anotherValue(type: RecordType, field: Field): Promise<unknown> {
  const form = formOf(type, field)
  if (form !== undefined) return form
  // Lists of ids.
  if (field.name === 'recipientIds') return [(await make(app.acme, 'User', { status: 'ACTIVE' })).id]
  if (field.name === 'categoryIds') return [(await make(app.acme, 'ArticleCategory')).id]
  if (field.name === 'departmentIds') return [(await make(app.acme, 'Department')).id]
  if (field.name === 'targetSegmentIds') return [(await make(app.acme, 'Segment')).id]
  if (field.name === 'includeListIds' || field.name === 'excludeListIds')
    return [(await make(app.acme, 'TargetList')).id]
  if (field.name === 'roleIds') return [(await make(app.acme, 'Role')).id]
  switch (field.kind) {
    case 'id':
      return targetOf(app.acme, field, 1)
    case 'object':
      return shaped(field)
    case 'objects':
      return [shaped(field)]
    case 'choice':
      return Object.keys(field.choice?.values ?? {})[1]
    case 'money':
      return { amount: '0.2525', currency: 'USD' }
    case 'date':
      return '2026-03-03'
    case 'datetime':
      return '2026-03-01T18:30:00.123+08:00'
    case 'texts':
      return ['one', 'two']
    // Without custom fields there is none to write.
    case 'custom':
      return {}
    case 'currency':
      return 'EUR'
    case 'int':
      return (field.range?.max ?? 100) - 3
    case 'decimal':
      return '7.25'
    case 'email':
      return 'quite.another@mail.example'
    case 'phone':
      return '+8613800138000'
    case 'url':
      return 'http://another.example/a?b=c#d'
    case 'boolean':
      return true
    default:
      return `Another ${field.name}`.slice(0, field.max ?? DEFAULT_MAX)
  }
}

describe.each(types.map((type) => [type.name, type] as const))('writing %s', (_name, type) => {
  it('reads back what a create wrote, every field and every reference', async () => {
    const more: Record<string, unknown> = {}
    for (const field of writable(type, 'create')) {
      if (field.kind === 'object') more[field.name] = shaped(field)
      // A deal finds its pipeline by its stage.
      if (
        field.kind === 'id' &&
        !field.required &&
        field.name !== 'pipelineId' &&
        // A contact's user has a role of its own: tests/service/portal.test.ts.
        !(type.name === 'User' && field.name === 'contactId') &&
        // What goes into a pool has no owner: tests/leads/poolClaim.test.ts.
        field.name !== 'poolId' &&
        // A member has a status of their campaign: tests/marketing/campaign.test.ts.
        field.name !== 'statusId' &&
        !ONE_OF[type.name]?.slice(1).includes(field.name)
      )
        more[field.name] = await targetOf(app.acme, field)
    }
    const input = await inputFor(app.acme, type, more)
    const { record, userErrors } = await create(app.acme, type, input)
    expect(userErrors).toEqual([])
    const again = await read(app.acme, type, record.id)
    expect(again).toEqual(record)
    expect(record).toMatchObject({ version: 1, ...(type.fields.has('deletedAt') ? { deletedAt: null } : {}) })
    const given = writable(type, 'create').filter(
      ({ name }) => input[name] !== undefined && !DECIDED.includes(`${type.name}.${name}`),
    )
    expect(given.length).toBeGreaterThan(0)
    for (const field of given)
      expect([field.name, comparable(type, field, again)]).toEqual([field.name, plain(field, input[field.name])])
  })

  it('changes one field at a time, to another value and to none, leaves the others as they are, and keeps the version when nothing changes', async () => {
    const fields = writable(type, 'update')
    for (const field of fields) {
      const place = `${type.name}.${field.name}`
      const input = await inputFor(app.acme, type)
      const { record: before } = await create(app.acme, type, input)
      const value = await anotherValue(type, field)
      const { record: after, userErrors } = await update(app.acme, type, before.id, { [field.name]: value })
      if (REFUSED[place]) {
        expect([place, userErrors.map(({ code, field: path }) => [code, path])]).toEqual([
          place,
          [[REFUSED[place], ['input', field.name]]],
        ])
        expect(await read(app.acme, type, before.id)).toEqual(before)
        continue
      }
      expect([place, userErrors]).toEqual([place, []])
      if (field.kind === 'objects')
        expect(comparable(type, field, after)).toContain(String(Object.values((value as object[])[0] as object)[0]))
      else expect([place, comparable(type, field, after)]).toEqual([place, plain(field, value)])
      const same = fields.filter(
        ({ name, kind }) =>
          name !== field.name && !FOLLOWERS[place]?.includes(name) && !(kind === 'money' && field.kind === 'currency'),
      )
      for (const one of same)
        expect([place, one.name, comparable(type, one, after)]).toEqual([
          place,
          one.name,
          comparable(type, one, before),
        ])
      const changed = comparable(type, field, after) !== comparable(type, field, before)
      expect([place, after.version]).toEqual([place, before.version + (changed ? 1 : 0)])
      const { record: still } = await update(app.acme, type, before.id, { [field.name]: value })
      expect(still).toEqual(after)

      const cleared = await update(app.acme, type, before.id, { [field.name]: null })
      const errors = cleared.userErrors.map(({ code, field: path, details }) => [code, path, details?.rule])
      if (REFUSED[`${place} null`])
        expect([place, errors.map((one) => one.slice(0, 2))]).toEqual([
          place,
          [[REFUSED[`${place} null`], ['input', field.name]]],
        ])
      else if (field.required) {
        expect([place, errors]).toEqual([place, [['VALIDATION_FAILED', ['input', field.name], 'required']]])
        expect(await read(app.acme, type, before.id)).toEqual(after)
      } else if (field.default === null && errors.length > 0) {
        // What a create can do without because another field says it cannot be cleared afterwards.
        expect([place, errors]).toEqual([place, [['VALIDATION_FAILED', ['input', field.name], 'required']]])
      } else {
        expect([place, errors]).toEqual([place, []])
        const left = comparable(type, field, cleared.record)
        if (field.default === null || field.kind === 'currency') expect([place, left]).not.toEqual([place, null])
        else expect([place, left]).toEqual([place, plain(field, field.default ?? null)])
      }
    }
  })

  it('says all at once what is missing, and writes nothing', async () => {
    const before = await rows(type)
    const { record, userErrors } = await create(app.acme, type, {})
    const required = writable(type, 'create')
      .filter((field) => field.required)
      .map(({ name }) => name)
    expect(record).toBeNull()
    const found = userErrors.map(({ code, field, details }) => `${code} ${details.rule} ${field?.join('.')}`).sort()
    const wanted = required.map((name) => `VALIDATION_FAILED required input.${name}`).sort()
    expect(found).toEqual(required.length > 0 ? wanted : ONE_AT_LEAST[type.name])
    expect(await rows(type)).toBe(before)
  })

  it('refuses malformed values, all of them at once with rule and path and without the value, and writes nothing', async () => {
    const before = await rows(type)
    const { record: good } = await create(app.acme, type, await inputFor(app.acme, type))
    const modes = [
      { fields: writable(type, 'create'), send: async (input: unknown) => create(app.acme, type, input) },
      { fields: writable(type, 'update'), send: async (input: unknown) => update(app.acme, type, good.id, input) },
    ]
    for (const { fields, send } of modes) {
      const bad = fields.map((field) => ({ field, values: badValues(field) })).filter(({ values }) => values.length > 0)
      const rounds = Math.max(0, ...bad.map(({ values }) => values.length))
      if (fields.length > 0) expect(rounds).toBeGreaterThan(0)
      for (let round = 0; round < rounds; round++) {
        const probes = bad.map(({ field, values }) => ({ name: field.name, ...(values[round % values.length] as Bad) }))
        const { record, userErrors, answer } = await send(
          Object.fromEntries(probes.map(({ name, value }) => [name, value])),
        )
        const missing =
          send === modes[0]?.send
            ? fields.filter(({ name, required }) => required && !probes.some((one) => one.name === name))
            : []
        const wanted = [
          ...probes.map(({ name, rule, path = [] }) => `${rule} input.${[name, ...path].join('.')}`),
          ...missing.map(({ name }) => `VALIDATION_FAILED required input.${name}`),
        ]
        expect(
          userErrors
            .map(({ code, field, details }) => `${code}${details?.rule ? ` ${details.rule}` : ''} ${field?.join('.')}`)
            .sort(),
        ).toEqual(wanted.sort())
        expect(record).toBeNull()
        expect(answer.status).toBe(200)
        expect(answer.body).not.toContain('S3cret')
      }
    }
    expect(await rows(type)).toBe(before + 1)
    expect(await read(app.acme, type, good.id)).toEqual(good)
  })

  it('refuses fields that the server keeps and fields that do not exist, before anything runs', async () => {
    const before = await rows(type)
    const { record: good } = await create(app.acme, type, await inputFor(app.acme, type))
    const kept = [...type.fields.values()].filter(({ write }) => write === 'never').map(({ name }) => name)
    const always = [
      'id',
      'tenantId',
      'version',
      'createdAt',
      'createdById',
      'updatedAt',
      'updatedById',
      'deletedAt',
      'deletedBy',
      'searchText',
      'nonsense',
      '__proto__',
    ]
    for (const name of new Set([...always, ...kept])) {
      const input = JSON.parse(`{ ${JSON.stringify(name)}: "S3cret" }`)
      const { answer } = await create(app.acme, type, input, ACCEPT)
      expect([name, answer.status, answer.errors?.map(({ extensions }) => extensions.code)]).toEqual([
        name,
        400,
        [name === '__proto__' ? 'BAD_REQUEST' : 'BAD_USER_INPUT'],
      ])
      expect(answer.body).not.toContain('S3cret')
    }
    const [first] = writable(type, 'create').filter(({ write, kind }) => write === 'create' && kind === 'id')
    if (first) {
      const { answer } = await update(
        app.acme,
        type,
        good.id,
        { [first.name]: await targetOf(app.acme, first) },
        undefined,
        ACCEPT,
      )
      expect([answer.status, answer.errors?.map(({ extensions }) => extensions.code)]).toEqual([
        400,
        ['BAD_USER_INPUT'],
      ])
    }
    expect(await rows(type)).toBe(before + 1)
    expect(await read(app.acme, type, good.id)).toEqual(good)
  })

  it('trims text, composes accents, keeps full width, and brings addresses and numbers into one form', async () => {
    const input = await inputFor(app.acme, type)
    const texts = writable(type, 'create').filter(
      (field) =>
        field.kind === 'text' &&
        (field.max ?? 255) >= 40 &&
        formOf(type, field) === undefined &&
        input[field.name] !== undefined,
    )
    for (const [i, { name }] of texts.entries()) input[name] = `\u3000\t Cafe\u0301 ＡＢＣ ${i}\n `
    const forms: Partial<Record<Field['kind'], [string, string][]>> = {
      email: [['  Some.Person@MAIL.Example ', 'some.person@mail.example']],
      phone: [
        ['(202) 555-0123', '+12025550123'],
        ['２０２５５５０１２３', '+12025550123'],
        ['+86 138 0013 8000', '+8613800138000'],
      ],
    }
    const formAt = ({ kind }: Field, i: number) => {
      const list = forms[kind] ?? []
      return list[i % list.length] as [string, string]
    }
    const formed = writable(type, 'create').flatMap((field) =>
      forms[field.kind] && input[field.name] !== undefined ? [field] : [],
    )
    formed.forEach((field, i) => {
      input[field.name] = formAt(field, i)[0]
    })
    const { record, userErrors } = await create(app.acme, type, input)
    expect(userErrors).toEqual([])
    for (const [i, { name }] of texts.entries()) expect([name, record[name]]).toEqual([name, `Café ＡＢＣ ${i}`])
    formed.forEach((field, i) => {
      expect([field.name, record[field.name]]).toEqual([field.name, formAt(field, i)[1]])
    })
    const optional = texts.find(
      ({ required, default: fallback, name }) => !required && fallback === undefined && name !== 'externalId',
    )
    if (!optional) return expect(texts.length + formed.length).toBeGreaterThan(0)
    const { record: blank } = type.operations.has('update')
      ? await update(app.acme, type, record.id, { [optional.name]: ' \u3000 ' })
      : { record: null }
    expect(blank?.[optional.name] ?? null).toBeNull()
  })
})
