import type { Context } from '../../context.ts'
import { decodeId } from '../../ids.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { latestHandover } from '../../resolvers/identity/handover.ts'
import { type Duties, offboardUser, openDuties } from '../../resolvers/identity/offboardUser.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'
import { PLAN, ReceiverInput } from './handover.ts'

const PlanInput = builder.inputType('OffboardPlanInput', {
  description: 'Who takes over what the user leaves behind.',
  fields: (t) => ({
    toUserId: t.id({ required: true, description: PLAN.toUserId }),
    rules: t.field({ type: [ReceiverInput], description: PLAN.rules }),
    includeClosed: t.boolean({ description: PLAN.includeClosed }),
    keepAccessDays: t.int({ description: PLAN.keepAccessDays }),
    reason: t.string({ description: PLAN.reason }),
    dutiesTo: t.id({
      description:
        'The active user who leads the user’s teams, heads their departments, manages their people and stands in for others from now on; left out: that stays open.',
    }),
  }),
})

const DutiesType = builder.objectRef<Duties>('OpenDuties').implement({
  description: 'What others still expect of a user.',
  fields: (t) => ({
    teams: t.exposeInt('teams', { nullable: false, description: 'How many teams they lead.' }),
    departments: t.exposeInt('departments', { nullable: false, description: 'How many departments they head.' }),
    reports: t.exposeInt('reports', { nullable: false, description: 'Of how many people they are the manager.' }),
    delegations: t.exposeInt('delegations', {
      nullable: false,
      description: 'For how many people they are the delegate.',
    }),
  }),
})

type Offboarded = Outcome & { planned: boolean }

const Payload = builder.objectRef<Offboarded>('OffboardUserPayload').implement({
  description: 'What offboardUser did.',
  fields: (t) => ({
    user: t.field({
      type: recordRef('User'),
      description: 'The user as they now are; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    handover: t.field({
      type: recordRef('HandoverJob'),
      description: 'The hand-over of their records; null without a plan and with a user error. Needs HandoverJob.read.',
      resolve: async ({ id, planned }, _args, context: Context, info) => {
        if (!id || !planned) return null
        const viewer = requireViewer(context)
        const job = await context.tenancy.readTenant(callerOf(viewer), (db) =>
          latestHandover(db, viewer.tenantId, decodeId(id)?.uuid as string),
        )
        return job ? context.loaders.load(context, viewer, info, recordType('HandoverJob'), job) : null
      },
    }),
    openDuties: t.field({
      type: DutiesType,
      description: 'What others still expect of them; null with a user error.',
      resolve: ({ id }, _args, context: Context) => {
        if (!id) return null
        const viewer = requireViewer(context)
        return context.tenancy.readTenant(callerOf(viewer), (db) =>
          openDuties(db, viewer.tenantId, decodeId(id)?.uuid as string),
        )
      },
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('offboardUser', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Lets a user go, 离职: hands over all that they own as startHandover does, ends their sessions, the API keys that act for them and links mailed to them, and sets their status to LEFT. Errors: USER_HAS_RECORDS with details { records } without a plan, LAST_ADMIN, PRIVILEGE_ESCALATION for one who may do more than the caller, those of startHandover, HIERARCHY_CYCLE for dutiesTo. Needs User.update, and transfer on each type with a plan.',
    args: {
      userId: t.arg.id({ required: true, description: 'The user who leaves.' }),
      plan: t.arg({ type: PlanInput, description: 'Who takes over; left out for users who own nothing.' }),
    },
    extensions: { permission: ['User.update'] },
    resolve: async (_root, { userId, plan }, context, info): Promise<Offboarded> => {
      const outcome = await mutateOne({ context, info, type: recordType('User'), path: ['user'] }, (write) =>
        offboardUser(write, { userId, plan }),
      )
      context.services.forgetViewers()
      return { ...outcome, planned: Boolean(plan) }
    },
  }),
)
