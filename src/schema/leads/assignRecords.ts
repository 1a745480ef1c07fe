import type { Row } from '../../read/finish.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import type { AssignmentOutcome } from '../../resolvers/leads/assignment/assign.ts'
import { assignRecords } from '../../resolvers/leads/assignment/assignRecords.ts'
import { ASSIGNED } from '../../resolvers/leads/assignment/rule.ts'
import { mutateMany, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { enumType } from '../shared/kinds.ts'
import { Node, UserError } from '../shared/types.ts'
import { assignmentRule } from './assignmentRule.ts'

const OutcomeEnum = builder.enumType('AssignmentOutcome', {
  description: 'What became of a record that was to be given out.',
  values: {
    ASSIGNED: { description: 'Somebody got it.' },
    POOLED: { description: 'It went into the pool of its rule.' },
    MANUAL: { description: 'Its rule leaves it to people.' },
    NO_RULE: { description: 'No rule fits it.' },
    NO_CANDIDATE: { description: 'Its rule had nobody who could take it; it stays as it was.' },
  } as const,
})

/** What the verb says of a record besides, with ids as clients see them. */
interface Told {
  outcome: AssignmentOutcome
  ownerId: string | null
  ruleId: string | null
}

const told = (outcome: AssignmentOutcome, ownerId: string | null, ruleId: string | null): Told => ({
  outcome,
  ownerId: ownerId && idOf('User', ownerId),
  ruleId: ruleId && idOf('AssignmentRule', ruleId),
})

const Result = builder.objectRef<Outcome>('AssignRecordsResult').implement({
  description: 'What became of one record.',
  fields: (t) => ({
    record: t.field({
      type: Node,
      description: 'The record as it now is; null with a user error, and where the caller may not see it any more.',
      resolve: ({ record }) => record as (Row & { id: string }) | null,
    }),
    outcome: t.field({
      type: OutcomeEnum,
      description: 'What became of it; null with a user error.',
      resolve: ({ more }) => (more as Told | undefined)?.outcome ?? null,
    }),
    ownerId: t.id({
      description: 'Id of the user who got it.',
      resolve: ({ more }) => (more as Told | undefined)?.ownerId ?? null,
    }),
    ruleId: t.id({
      description: 'Id of the rule that fitted.',
      resolve: ({ more }) => (more as Told | undefined)?.ruleId ?? null,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'What is wrong with this id; empty otherwise.',
    }),
  }),
})

const Payload = builder.objectRef<Awaited<ReturnType<typeof mutateMany>>>('AssignRecordsListPayload').implement({
  description: 'What assignRecords did.',
  fields: (t) => ({
    results: t.field({
      type: [Result],
      nullable: { list: false, items: false },
      description: 'One per id, in their order.',
      resolve: ({ results }) => results,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'What is wrong with the call as a whole.',
    }),
  }),
})

const { choice, description } = assignmentRule.fields.get('object')!

builder.mutationField('assignRecords', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Gives leads or companies an owner by the assignment rules; those that have one get another; a rule may put them into a pool. Rows that are refused do not touch the others. Errors: NOT_FOUND, FORBIDDEN for records that the caller may not transfer, INVALID_STATE for converted leads, BULK_TOO_LARGE. Needs transfer on the type: Lead.transfer or Account.transfer.',
    args: {
      object: t.arg({ type: enumType(choice!, description), required: true, description: 'What they are.' }),
      ids: t.arg.idList({ required: true, description: 'The records, at most 200.' }),
      ruleId: t.arg.id({
        description:
          'Only by this rule, an active one; NOT_FOUND for one that the caller may not see. Left out: by all active rules, in the order of their priorities.',
      }),
    },
    extensions: { permission: 'authenticated' },
    resolve: (_root, args, context, info) => {
      const { ids, ...given } = args as { object: string; ids: string[]; ruleId?: string | null }
      const type = recordType(ASSIGNED[given.object] as string)
      return mutateMany(
        { context, info, type, path: ['results', 'record'] },
        'REJECT_FAILED_ROWS',
        ids.length,
        async (write) =>
          (await assignRecords(write, { ...given, ids })).map(({ id, errors, outcome, ownerId, ruleId }) => ({
            id,
            errors,
            changed: outcome === 'ASSIGNED' || outcome === 'POOLED',
            ...(id ? { more: told(outcome, ownerId, ruleId) } : {}),
          })),
      )
    },
  }),
)
