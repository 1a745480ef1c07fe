import type { UserErrorInfo } from '../../errors.ts'
import { type Look, lookForDuplicates } from '../../resolvers/customers/duplicates/look.ts'
import type { Match } from '../../resolvers/customers/duplicates/match.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import type { Input } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

/** The words for an argument that names a type whose records are held against each other. */
export const OBJECT = 'Name of the type: Account, Contact or Lead.'

const Owner = builder.objectRef<NonNullable<Match['owner']>>('DuplicateOwner').implement({
  description: 'Whose a record is that looks the same.',
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false, description: 'The user’s id.' }),
    name: t.exposeString('name', { nullable: false, description: 'The user’s name.' }),
  }),
})

/** A record that looks the same, as far as the caller may know it. */
export const DuplicateMatch = builder.objectRef<Match | Omit<Match, 'score'>>('DuplicateMatch').implement({
  description: 'A record that looks the same, as far as the caller may know it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id; null for one that the caller may not see.' }),
    object: t.exposeString('object', { nullable: false, description: 'Name of its type: Account.' }),
    name: t.exposeString('name', {
      description:
        'Its name; of one that the caller may not see the first and the last letter: A***d. Null where the field is hidden.',
    }),
    owner: t.field({
      type: Owner,
      description: 'Whose it is; null for one that the caller may not see, that has no owner, and without User.read.',
      resolve: ({ owner }) => owner,
    }),
    poolId: t.exposeID('poolId', {
      description: 'The pool that it lies in; null for one that the caller may not see, and outside of pools.',
    }),
    masked: t.exposeBoolean('masked', {
      nullable: false,
      description: 'May the caller not see it: then it is told only that it is there.',
    }),
  }),
})

const ScoredMatch = builder.objectRef<Match>('ScoredDuplicateMatch').implement({
  description: 'A record that looks the same, and how sure that is.',
  fields: (t) => ({
    match: t.field({ type: DuplicateMatch, nullable: false, description: 'The record.', resolve: (match) => match }),
    score: t.exposeFloat('score', {
      nullable: false,
      description: 'How sure, 0.5 (just so) to 1; in tenths for a record that the caller may not see.',
    }),
  }),
})

const Payload = builder.objectRef<Look & { userErrors: UserErrorInfo[] }>('CheckDuplicatesPayload').implement({
  description: 'What a record would be taken for.',
  fields: (t) => ({
    matches: t.field({
      type: [ScoredMatch],
      nullable: { list: false, items: false },
      description: 'The live records that look the same, the surest first, at most 20.',
      resolve: ({ matches }) => matches,
    }),
    canOverride: t.exposeBoolean('canOverride', {
      nullable: false,
      description: 'May the caller write it all the same, with allowDuplicate.',
    }),
    ruleId: t.exposeID('ruleId', { description: 'The rule that it meets; null without matches.' }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'What is wrong with the values that were given.',
    }),
  }),
})

builder.queryField('checkDuplicates', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Which live records look like one with these values, by the rules for duplicates: what a create would answer DUPLICATE_DETECTED for. Writes nothing. Errors: FORBIDDEN without create on the type.',
    args: {
      object: t.arg.string({ required: true, description: OBJECT }),
      input: t.arg({
        type: 'JSON',
        required: true,
        description: 'Its values as in the input of a create; what is missing yet is no error.',
      }),
      recordId: t.arg.id({
        description:
          'The record that the values belong to, so that it is not taken for its own duplicate; left out for a new one.',
      }),
    },
    extensions: { permission: 'authenticated', cost: 20 },
    resolve: (_root, { object, input, recordId }, context) =>
      lookForDuplicates(
        context.tenancy,
        requireViewer(context),
        object,
        input as Input,
        recordId ? String(recordId) : null,
      ),
  }),
)
