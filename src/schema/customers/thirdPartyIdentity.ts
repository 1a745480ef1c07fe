import { writeIdentity } from '../../resolvers/customers/identity.ts'
import { record } from '../record.ts'
import { one, text } from '../shared/fields.ts'

/** What it is a part of: exactly one of the three. */
const whose = { write: 'create', part: true } as const

record('ThirdPartyIdentity', {
  plural: 'thirdPartyIdentities',
  prefix: 'tpid',
  description:
    'What a company, a person or a lead is called on another platform, 第三方身份: a WeChat 微信 open id, a Taobao 淘宝 buyer. A part of exactly one of the three.',
  fields: {
    platform: text('The platform, letters, digits and _: WECHAT, DOUYIN, TAOBAO. Kept in upper case.', {
      required: true,
      max: 40,
      write: 'create',
    }),
    externalUserId: text('The user’s id there; unique among live ones of the platform.', {
      required: true,
      write: 'create',
    }),
    unionId: text('The id that several applications of the platform share: a WeChat union id.'),
    nickname: text('What they call themselves there.'),
  },
  relations: {
    account: one('Account', 'accountId', 'The company it belongs to.', whose),
    contact: one('Contact', 'contactId', 'The person it belongs to.', whose),
    lead: one('Lead', 'leadId', 'The lead it belongs to.', whose),
  },
  unique: { platformUser: ['platform', 'externalUserId'] },
  rules: { write: writeIdentity },
})
