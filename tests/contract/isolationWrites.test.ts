import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { differences, populate, tenantOf, type Watch, type World, watch } from '../support/isolation.ts'
import {
  argumentsFor,
  foreignRecord,
  type IdPlace,
  idPlaces,
  ownRecord,
  userErrors,
  writeProbe,
} from '../support/probes.ts'

let house: TestApp
let acme: World
let globex: World
let owner: Watch

beforeAll(async () => {
  house = await testApp()
  owner = await watch(house.database.ownerUrl)
  acme = await populate(house.acme)
  globex = await populate(house.globex)
})
afterAll(async () => {
  await owner.close()
  await house.close()
})

const mutations = [...Map.groupBy(idPlaces(), ({ field }) => field.name)]
/** Each place of the schema in the first mutation that leads there: elsewhere the same input comes with ids of records alone. */
const firsts = new Set(
  [
    ...Map.groupBy(
      mutations.flatMap(([, places]) => places),
      ({ coordinate }) => coordinate,
    ).values(),
  ].map(([place]) => place!),
)

describe('writing with an id of another company', () => {
  const ready = new Map<IdPlace, Record<string, Any>>()
  const foreign = new Map<IdPlace, string>()

  beforeAll(async () => {
    for (const place of mutations.flatMap(([, places]) => places)) {
      ready.set(place, await argumentsFor(globex, place))
      foreign.set(place, await foreignRecord(acme, place))
    }
    expect(await owner.written()).toEqual([])
  })

  it.each(mutations)('is refused by %s as an id of no record is, and writes nothing', async (_name, places) => {
    const problems: string[] = []
    for (const place of places) {
      const probe = writeProbe(place, ready.get(place)!, foreign.get(place)!)
      problems.push(...(await differences(globex, acme, probe, { forms: firsts.has(place) })))
    }
    const written = await owner.written()
    expect(problems).toEqual([])
    expect(written).toEqual([])
  })

  it('would be noticed if it wrote', async () => {
    await make(house.globex, 'Account')
    expect(await owner.written()).toContain(`account of ${tenantOf(house.globex)}`)
  })
})

/** What the owner cannot do here, and where it is done. */
const ELSEWHERE: Record<string, string> = {
  sendSurvey: 'wants a case of a contact, that customers may know of: tests/service/survey.test.ts',
  snoozeTodo: 'wants a moment to come: tests/work/todos.test.ts',
  setTarget: 'wants a scope and a measure that fit together: tests/sales/targets.test.ts',
  setTargets: 'wants a scope and a measure that fit together: tests/sales/targets.test.ts',
  startOidcSignIn: 'wants an issuer: tests/identity/oidc.test.ts',
  signInWithOidc: 'wants an issuer: tests/identity/oidc.test.ts',
  requestPermission: 'wants somebody who may not everything: tests/identity/permissionRequest.test.ts',
  revokeSession: 'wants somebody who signed in: tests/identity/sessions.test.ts',
  dismissDuplicate: 'wants two records of the type that it names: tests/customers/duplicates.test.ts',
  ...Object.fromEntries(
    ['submitContract', 'withdrawContract', 'submitReceipt', 'withdrawReceipt'].map((name) => [
      name,
      'wants a flow: tests/revenue/approval.test.ts',
    ]),
  ),
  ...Object.fromEntries(
    ['voidContract', 'terminateContract', 'renewContract', 'transferContract'].map((name) => [
      name,
      'wants one in force: tests/revenue/contract.test.ts',
    ]),
  ),
  ...Object.fromEntries(
    ['submitQuote', 'sendQuote', 'acceptQuote', 'declineQuote', 'quoteToOrder', 'quoteToContract', 'activateOrder'].map(
      (name) => [name, 'wants one with lines, or that was sent: tests/revenue/quotes.test.ts'],
    ),
  ),
  ...Object.fromEntries(
    ['createQuoteFromOpportunity', 'closeOrder', 'cancelOrder', 'voidQuote', 'reviseQuote', 'fulfilOrderLines'].map(
      (name) => [name, 'wants a deal with a company, one that may be over then: tests/revenue/quotes.test.ts'],
    ),
  ),
  ...Object.fromEntries(
    ['Opportunity', 'Quote', 'Order', 'Contract'].map((document) => [
      `replace${document}Lines`,
      'wants whole lines: tests/sales/replaceLines.test.ts',
    ]),
  ),
  ...Object.fromEntries(
    ['createReceiptPlan', 'generateReceiptPlans'].map((name) => [
      name,
      'wants a contract in force: tests/revenue/plan.test.ts',
    ]),
  ),
  ...Object.fromEntries(
    ['recordReceipt', 'confirmReceipt', 'allocateReceipt', 'reverseReceipt', 'refundReceipt'].map((name) => [
      name,
      'wants a contract in force: tests/revenue/receipt.test.ts',
    ]),
  ),
  ...Object.fromEntries(
    ['issueInvoice', 'voidInvoice'].map((name) => [name, 'wants a contract in force: tests/revenue/invoice.test.ts']),
  ),
  ...Object.fromEntries(
    ['submitArticle', 'publishArticle', 'returnArticle', 'reviseArticle', 'archiveArticle', 'reopenArticle'].map(
      (name) => [name, 'wants one that stands before it: tests/service/article.test.ts'],
    ),
  ),
  assignCase: 'wants a user or a queue, and not both: tests/service/queue.test.ts',
  takeCase: 'wants a member of its queue: tests/service/queue.test.ts',
  changeCaseStatus: 'wants one of three statuses: tests/service/case.test.ts',
  escalateCase: 'wants an active user: tests/service/case.test.ts',
  resolveCase: 'can be done once: tests/service/case.test.ts',
  closeCase: 'can be done once: tests/service/case.test.ts',
  reopenCase: 'wants one that is over: tests/service/case.test.ts',
  mergeCases: 'wants two: tests/service/mergeCases.test.ts',
  markDuplicate: 'wants two: tests/service/mergeCases.test.ts',
  cancelHandover: 'wants one that is not done yet: tests/identity/handover.test.ts',
  claimFromPool: 'wants records in a pool: tests/leads/poolClaim.test.ts',
  assignFromPool: 'wants records in a pool: tests/leads/poolClaim.test.ts',
  movePool: 'wants records in a pool: tests/leads/poolRelease.test.ts',
  releaseToPool: 'wants a pool in use: tests/leads/poolRelease.test.ts',
  runReclaim: 'wants a pool in use: tests/leads/poolReclaim.test.ts',
  cancelJob: 'wants one that is not done yet: tests/jobs/runner.test.ts',
  closeWon: 'wants a pipeline with a won stage: tests/sales/closing.test.ts',
  closeLost: 'wants a pipeline with a lost stage: tests/sales/closing.test.ts',
  removeStage: 'wants one without deals, or another for them: tests/sales/removeStage.test.ts',
  removePipeline: 'wants one without deals, or others for them: tests/sales/removeStage.test.ts',
  setOpportunitySplits: 'wants parts that make 100 per cent: tests/sales/splits.test.ts',
  setOpportunityTeam: 'wants somebody who does not own the deal: tests/sales/salesRights.test.ts',
  ...Object.fromEntries(
    ['createStageTransition', 'createStageTransitions', 'upsertStageTransition'].map((name) => [
      name,
      'wants two stages of one pipeline: tests/sales/transitions.test.ts',
    ]),
  ),
  startImport: 'wants a mapping: tests/import/api.test.ts',
  cancelImport: 'wants one that waits: tests/import/api.test.ts',
  revertImport: 'can be done once: tests/import/revert.test.ts',
  cancelPermissionRequest: 'wants the applicant: tests/identity/permissionRequest.test.ts',
  mergeAccounts: 'wants two that are merged: tests/customers/merge.test.ts',
  mergeContacts: 'wants two that are merged: tests/customers/merge.test.ts',
  mergeLeads: 'wants two that are merged: tests/customers/merge.test.ts',
  ...Object.fromEntries(
    ['approveRegistration', 'rejectRegistration', 'revokeRegistration', 'extendRegistration'].map((name) => [
      name,
      'wants another than the registrant: tests/leads/registration.test.ts',
    ]),
  ),
  ...Object.fromEntries(
    [
      'submitForApproval',
      'approve',
      'reject',
      'returnApproval',
      'addSigner',
      'transferApproval',
      'withdrawApproval',
    ].map((name) => [name, 'wants something that waits for a decision: tests/approval']),
  ),
  ...Object.fromEntries(
    [
      'publishWorkflow',
      'enableWorkflow',
      'disableWorkflow',
      'rotateWorkflowSecret',
      'runWorkflow',
      'cancelWorkflowRun',
      'retryWorkflowRun',
    ].map((name) => [name, 'wants one in the state for it: tests/automation']),
  ),
  ...Object.fromEntries(
    ['updateReportSchedule', 'updateReportSchedules'].map((name) => [
      name,
      'sends one thing, a report or a dashboard: tests/reports/schedule.test.ts',
    ]),
  ),
  publishApprovalFlow: 'wants a flow with steps: tests/approval/acts.test.ts',
  assignRecords: 'wants records of the object that it names: tests/leads/assignment.test.ts',
  revokeGrant: 'wants a grant: tests/identity/permissionRequest.test.ts',
  mergeLeadSources: 'wants two sources: tests/customers/cleansing.test.ts',
  unlinkContact: 'can be done once: tests/customers/master.test.ts',
  setPrimaryContact: 'wants a contact of the company: tests/customers/master.test.ts',
  addTeamMember: 'wants somebody who does not own the record: tests/customers/master.test.ts',
  removeTeamMember: 'wants a member: tests/customers/master.test.ts',
  ...Object.fromEntries(
    ['startBlast', 'pauseBlast', 'resumeBlast', 'cancelBlast'].map((name) => [
      name,
      'wants one in that state: tests/marketing/blast.test.ts',
    ]),
  ),
  ...Object.fromEntries(
    [
      'setSocialAccountSecret',
      'scheduleSocialPost',
      'unscheduleSocialPost',
      'publishSocialPost',
      'retrySocialPost',
      'cancelSocialPost',
      'markSocialPostPublished',
    ].map((name) => [name, 'wants one in that state: tests/marketing/socialApi.test.ts']),
  ),
  logActivity: 'wants a kind and a moment that fit together: tests/work/activities.test.ts',
  createFeedPost: 'names what its audience asks for alone: tests/work/feed.test.ts',
  createFeedComment: 'wants somebody to mention who sees the post: tests/work/feed.test.ts',
  react: 'wants a post or a comment: tests/work/feed.test.ts',
  unreact: 'wants a post or a comment: tests/work/feed.test.ts',
  updateFeedPost: 'wants the author: tests/work/feed.test.ts',
  updateFeedComment: 'wants the author: tests/work/feed.test.ts',
  respondToInvitation: 'wants an invitation: tests/work/activities.test.ts',
  upsertHoliday: 'a day is in a calendar once: tests/contract/lifecycle.test.ts',
  upsertTaskDependency: 'wants two tasks that do not wait for each other: tests/work/tasks.test.ts',
  ...Object.fromEntries(
    ['addCampaignMembers', 'addTargetListMembers'].map((name) => [
      name,
      'wants one source and a status of the campaign: tests/marketing/addMembers.test.ts',
    ]),
  ),
  sendEmail: 'wants people with addresses: tests/marketing/sendTemplate.test.ts',
  suppressAddress: 'wants an address: tests/marketing/suppression.test.ts',
  unsuppressAddress: 'wants one that is suppressed: tests/marketing/suppression.test.ts',
  removeSegmentMembers: 'can be done once: tests/customers/segments.test.ts',
}

it.each(mutations.filter(([name]) => !Object.hasOwn(ELSEWHERE, name)))(
  'the owner of the ids can %s',
  async (name, places) => {
    // What is made with a record is a part of that one and of no other.
    for (const place of places.filter(
      ({ path }) =>
        !/^input\..*\b(consents|thirdPartyIdentities|invoices)\..*Id$/.test(path.join('.')) &&
        // What stands on an invoice is of the customer of its contract.
        path.at(-1) !== 'titleId' &&
        // A member has a status of their campaign.
        path.at(-1) !== 'statusId' &&
        // A contact's user has a role of its own: tests/service/portal.test.ts.
        !(/^(create|upsert|invite)Users?$/.test(name) && path.at(-1) === 'contactId'),
    )) {
      const probe = writeProbe(place, await argumentsFor(acme, place), await ownRecord(acme, place))
      const answer = await house.acme.ask(probe.document, probe.variables({ id: probe.places[0]!.foreign }))
      expect({ probe: probe.name, requestErrors: answer.errors, errors: userErrors(answer.data) }).toEqual({
        probe: probe.name,
        requestErrors: undefined,
        errors: [],
      })
    }
  },
)
