import { recordType } from '../../read/recordType.ts'
import { primaryContactRules } from '../../resolvers/customers/primaryContact.ts'
import { assignNew } from '../../resolvers/leads/assignment/assign.ts'
import { lockedStatus } from '../../resolvers/leads/pool/lockAccount.ts'
import { intoPool } from '../../resolvers/leads/pool/pooled.ts'
import { pooledFields, pooledRelations } from '../leads/pooled.ts'
import { record } from '../record.ts'
import {
  attached,
  boolean,
  choice,
  currency,
  datetime,
  email,
  int,
  linked,
  longText,
  many,
  money,
  object,
  one,
  phone,
  text,
  texts,
  through,
  url,
} from '../shared/fields.ts'
import { mergedInto } from '../shared/merged.ts'
import { Address } from '../shared/shapes.ts'
import { PARETO_CLASSES, RFM_CLASSES } from './rfmClass.ts'

const kept = { write: 'never' } as const

record('Account', {
  plural: 'accounts',
  prefix: 'acct',
  description: 'A company, 客户: one that the tenant sells to, buys from, works with or competes with.',
  search: ['name', 'code', 'email', 'phone', 'website', 'registrationNo', 'taxNo'],
  lookups: {
    domain: { field: 'domains', members: { table: 'account_domain', holder: 'account_id', column: 'domain' } },
    taxNo: { field: 'taxNo' },
  },
  fields: {
    name: text('Its legal or trade name.', { required: true }),
    code: text('The tenant’s own number for it.', { max: 50 }),
    type: choice(
      'What it is to the tenant.',
      'AccountKind',
      {
        PROSPECT: 'May become a customer.',
        CUSTOMER: 'Buys from the tenant.',
        PARTNER: 'Works with the tenant.',
        RESELLER: 'Sells the tenant’s products.',
        COMPETITOR: 'Sells what the tenant sells.',
        SUPPLIER: 'Sells to the tenant.',
        OTHER: 'Something else.',
      },
      { default: 'PROSPECT' },
    ),
    lifecycleStage: text('Where it stands on its way as a customer, in the tenant’s own words.', { max: 50 }),
    status: choice(
      'May it be worked with.',
      'AccountStatus',
      {
        ACTIVE: 'It is in use.',
        LOCKED:
          'Kept by its owner; never taken back by the pool. Set by lockAccount, and ended by unlockAccount, alone.',
        INACTIVE: 'Not in use.',
        ARCHIVED: 'Kept for the books.',
      },
      { default: 'ACTIVE' },
    ),
    dealStatus: choice(
      'Has it bought.',
      'DealStatus',
      { NOT_WON: 'No opportunity was won yet.', WON: 'At least one was won.' },
      { write: 'never' },
    ),
    firstDealAt: datetime('When its first opportunity was won.', { write: 'never' }),
    lastDealAt: datetime('When its last opportunity was won.', { write: 'never' }),
    industry: text('Its line of business.', { max: 100 }),
    subIndustry: text('Its line of business, closer.', { max: 100 }),
    yearFounded: int('The year it was founded.', { range: { min: 1000, max: 2200 } }),
    ownership: choice('Who owns it.', 'Ownership', {
      PUBLIC: 'Listed on an exchange.',
      PRIVATE: 'Privately held.',
      SUBSIDIARY: 'Held by another company.',
      STATE: 'Held by a state.',
      OTHER: 'Something else.',
    }),
    employees: int('How many people work there.', { range: { min: 0 } }),
    annualRevenue: money('Revenue of a year.', { range: { min: 0 } }),
    creditLimit: money('The most it may owe.', { range: { min: 0 } }),
    currency: currency('Currency of all its amounts; the tenant’s if left out.'),
    rating: text('The tenant’s own grade.', { max: 50 }),
    creditRating: text('Grade of its creditworthiness.', { max: 50 }),
    website: url('Its home page.'),
    domains: texts('Its internet domains, lower case, without www.'),
    phone: phone('Main telephone number.'),
    fax: phone('Fax number.'),
    email: email('General e-mail address.'),
    registrationNo: text('Number in the register of companies, 统一社会信用代码.', { max: 50 }),
    taxNo: text('Tax number.', { max: 50 }),
    billingAddress: object('Where invoices go.', Address),
    shippingAddress: object('Where goods go.', Address),
    doNotContact: boolean('Must it be left alone.', { default: false }),
    description: longText('Anything else.'),
    rfmRecency: int(
      'How lately it bought, 1 to 5: the fifth of the customers, by their last won deal, that it belongs to.',
      kept,
    ),
    rfmFrequency: int('How often it bought, 1 to 5: the fifth by the number of won deals.', kept),
    rfmMonetary: int('For how much it bought, 1 to 5: the fifth by the sum of won deals.', kept),
    rfmScore: int('The sum of the three, 3 to 15; null without a won deal. See recalculateRfm.', kept),
    rfmClass: choice('What the three make of it, RFM 客户分类.', 'RfmClass', RFM_CLASSES, kept),
    rfmCalculatedAt: datetime('Since when the values of RFM and Pareto are what they are.', kept),
    paretoClass: choice('Its part in all that was sold, ABC 分类.', 'ParetoClass', PARETO_CLASSES, kept),
    dataQualityScore: int(
      'How much is known of it, 0 to 100: name 10, phone 15, e-mail 15, website or domain 10, city and country of the billing address 10, industry 10, register or tax number 5, owner 10, primary contact 10, a last activity 5.',
      kept,
    ),
    lastActivityAt: datetime('When something last happened with it.'),
    nextFollowUpAt: datetime('When to get in touch next.'),
    lastContent: longText('The last follow-up in short.', { max: 2000 }),
    ...pooledFields,
    lockedAt: datetime('Since when it has been locked; null when it is not.', { write: 'never' }),
  },
  relations: {
    parent: one('Account', 'parentId', 'The company that owns it; at most ten levels, no ring.'),
    primaryContact: one(
      'Contact',
      'primaryContactId',
      'The person to talk to first: an active contact of the company (VALIDATION_FAILED). The one that a new company is made with becomes its contact; they must not be named in accountContacts again.',
    ),
    source: one('LeadSource', 'sourceId', 'Where it came from.'),
    owner: one('User', 'ownerId', 'Who looks after it; the caller if left out on create.'),
    ...pooledRelations,
    lockedBy: one('User', 'lockedById', 'Who locked it.', { write: 'never' }),
    ownershipRecords: many('OwnershipRecord', 'account', 'Who had it when, and why that changed.'),
    mergedInto: mergedInto('Account'),
    level: one('CustomerLevel', 'levelId', 'Its grade, 客户级别.', { onDelete: 'restrict' }),
    department: one('Department', 'departmentId', 'The part of the tenant that looks after it.'),
    children: many('Account', 'parent', 'The companies that it owns.'),
    relations: many('AccountRelation', 'source', 'How it stands to other companies, as it says itself.'),
    relatedFrom: many('AccountRelation', 'target', 'How other companies stand to it, as they say.'),
    invoiceInfos: many('AccountInvoiceInfo', 'account', 'What stands on invoices to it, 发票抬头.'),
    thirdPartyIdentities: many('ThirdPartyIdentity', 'account', 'What it is called on other platforms.'),
    segments: linked('Segment', 'SegmentMember', 'segment', 'The static segments that it is in.'),
    accountContacts: many('AccountContact', 'account', 'The people who belong to it, with their roles.'),
    contacts: through('Contact', 'AccountContact', 'account', 'contact', 'The people who belong to it.'),
    opportunities: many('Opportunity', 'account', 'Deals with it.'),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen with it.'),
    tasks: linked('Task', 'TaskLink', 'task', 'What is to do for it.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
    attachments: attached('Attachment', 'The files at it.'),
  },
  rules: {
    async write(changes, context) {
      lockedStatus(changes)
      await intoPool('Account', changes, context)
    },
  },
  rules: { done: assignNew(() => recordType('Account')) },
  rules: primaryContactRules,
})
