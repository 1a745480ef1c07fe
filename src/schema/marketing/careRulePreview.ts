import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import {
  type CarePreview,
  careRulePreview,
  PREVIEW_MAX,
  type PreviewPerson,
} from '../../resolvers/marketing/care/preview.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { enumType } from '../shared/kinds.ts'
import { recordRef } from '../shared/names.ts'
import { careExecution } from './careRule.ts'

/** An enum of what rules did. */
const enumOf = (name: string) => {
  const { choice, description } = careExecution.fields.get(name)!
  return enumType(choice!, description)
}

const load = (context: Context, info: GraphQLResolveInfo, type: string, id: string | null) =>
  id ? context.loaders.load(context, requireViewer(context), info, recordType(type), id) : null

const Person = builder.objectRef<PreviewPerson>('CareRulePreviewPerson').implement({
  description: 'Somebody for whom the moment of a care rule comes on a day.',
  fields: (t) => ({
    contact: t.field({
      type: recordRef('Contact'),
      description: 'The person; null where nobody is known in the company.',
      resolve: ({ contactId }, _args, context, info) => load(context, info, 'Contact', contactId),
    }),
    account: t.field({
      type: recordRef('Account'),
      description: 'Their company, as far as the viewer sees it.',
      resolve: ({ accountId }, _args, context, info) => load(context, info, 'Account', accountId),
    }),
    contract: t.field({
      type: recordRef('Contract'),
      description: 'The contract that expires, for CONTRACT_EXPIRING.',
      resolve: ({ contractId }, _args, context, info) => load(context, info, 'Contract', contractId),
    }),
    period: t.exposeString('period', { nullable: false, description: 'The period that it would be for.' }),
    status: t.field({
      type: enumOf('status'),
      nullable: false,
      description: 'Would it be done.',
      resolve: ({ reason }) => (reason === null ? 'SENT' : 'SKIPPED'),
    }),
    reason: t.field({
      type: enumOf('reason'),
      description: 'Why it would not; null when it would.',
      resolve: ({ reason }) => reason,
    }),
  }),
})

const Preview = builder.objectRef<CarePreview>('CareRulePreview').implement({
  description: 'Who would be cared for on a day, as far as the viewer sees them.',
  fields: (t) => ({
    people: t.field({
      type: [Person],
      nullable: { list: false, items: false },
      description: `The people, in the order of what the rule is about; at most ${PREVIEW_MAX}. Who was seen to in the period is left out.`,
      resolve: ({ people }) => people,
    }),
    more: t.exposeBoolean('more', { nullable: false, description: 'May there be others.' }),
  }),
})

builder.queryField('careRulePreview', (t) =>
  t.field({
    type: Preview,
    description:
      'For whom a care rule would do something on a day, whether it is switched on or not; nothing is written. Null for a rule that the viewer does not see. FIELD_FORBIDDEN for who may not filter by what the rule goes by. Needs CareRule.read and Contact.read.',
    args: {
      id: t.arg.id({ required: true, description: 'The rule to try.' }),
      on: t.arg({ type: 'Date', required: true, description: 'The day, wherever people are.' }),
    },
    extensions: { permission: ['CareRule.read', 'Contact.read'], cost: 50 },
    resolve: (_root, args, context) =>
      careRulePreview(context, requireViewer(context), args as { id: string; on: string }),
  }),
)
