import { writeContact } from '../../resolvers/customers/contact.ts'
import { record } from '../record.ts'
import {
  boolean,
  choice,
  datetime,
  email,
  linked,
  longText,
  many,
  object,
  objects,
  one,
  phone,
  text,
  through,
} from '../shared/fields.ts'
import { mergedInto } from '../shared/merged.ts'
import { Address, EmailEntry, PhoneEntry, SocialProfile } from '../shared/shapes.ts'

record('Contact', {
  plural: 'contacts',
  prefix: 'cont',
  description: 'A person whom the tenant knows, 联系人. Which companies they belong to stands in accountContacts.',
  search: ['fullName', 'lastName', 'firstName', 'email', 'phone', 'mobile'],
  inherits: { accounts: 'READ' },
  fields: {
    salutation: text('How they are addressed: Ms, Dr, 先生.', { max: 40 }),
    firstName: text('Given name.', { max: 100 }),
    lastName: text('Family name, or the whole name of one who has a single name.', { required: true, max: 100 }),
    fullName: text(
      'Made of both names: the family name first and without a space when they are Chinese, Japanese or Korean (王伟), else the given name first (Ada Byron).',
      { write: 'never' },
    ),
    title: text('Job title.', { max: 100 }),
    departmentName: text('Where in their company they work.', { max: 100 }),
    birthday: text('YYYY-MM-DD, or --MM-DD when the year is not known.', { max: 10 }),
    gender: text('In the tenant’s own words.', { max: 40 }),
    email: email('The address to write to first: the primary one of emails, and always one of them.'),
    phone: phone('The number to call first: the primary one of phones, and always one of them.'),
    mobile: phone('Mobile number.'),
    emails: objects(
      'All e-mail addresses, no two alike, at most one primary; if none is marked, the first becomes it. Written here or, the primary one alone, as email.',
      EmailEntry,
    ),
    phones: objects(
      'All telephone numbers, no two alike, at most one primary; if none is marked, the first becomes it. Written here or, the primary one alone, as phone.',
      PhoneEntry,
    ),
    socials: objects('Accounts in social networks: WeChat 微信, LinkedIn.', SocialProfile),
    address: object('Postal address.', Address),
    language: text('Language they like to be written in, BCP 47: en, zh-CN.', { max: 35 }),
    timezone: text('Time zone they live in, IANA: Asia/Shanghai.', { max: 64 }),
    doNotCall: boolean('Must they not be called.', { default: false }),
    doNotEmail: boolean('Must they not be written to by e-mail.', { default: false }),
    preferredChannel: text('How they like to be reached, in the tenant’s own words: EMAIL, PHONE, WECHAT.', {
      max: 40,
    }),
    status: choice(
      'Is the person still of use.',
      'ContactStatus',
      { ACTIVE: 'It is in use.', INACTIVE: 'No longer in use: left, retired.' },
      { default: 'ACTIVE' },
    ),
    description: longText('Anything else.'),
    lastActivityAt: datetime('When something last happened with them.'),
  },
  relations: {
    reportsTo: one('Contact', 'reportsToId', 'Their superior; at most ten levels, no ring.'),
    source: one('LeadSource', 'sourceId', 'Where they came from.'),
    owner: one('User', 'ownerId', 'Who looks after them; the caller if left out on create.'),
    mergedInto: mergedInto('Contact'),
    reports: many('Contact', 'reportsTo', 'The people whose superior they are.'),
    accountContacts: many('AccountContact', 'contact', 'The companies they belong to, with their roles there.'),
    accounts: through('Account', 'AccountContact', 'contact', 'account', 'The companies they belong to.'),
    primaryAccounts: many('Account', 'primaryContact', 'The companies in which they are the person to talk to first.'),
    opportunityContacts: many(
      'OpportunityContact',
      'contact',
      'The deals they have a part in, with their roles there.',
    ),
    opportunities: through(
      'Opportunity',
      'OpportunityContact',
      'contact',
      'opportunity',
      'The deals they have a part in.',
    ),
    primaryOpportunities: many(
      'Opportunity',
      'primaryContact',
      'The deals in which they are the person to talk to first.',
    ),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen with them.'),
    tasks: linked('Task', 'TaskLink', 'task', 'What is to do for them.'),
    tags: linked('Tag', 'TagLink', 'tag', 'Their tags.'),
  },
  rules: { write: writeContact },
})
