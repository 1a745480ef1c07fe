import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql'
import { recordTypes } from '../../../src/read/recordType.ts'
import type { Answer } from '../app.ts'
import { camel } from '../factory.ts'
import type { DryRun } from './dry.ts'
import type { Oracle } from './oracle.ts'
import type { Caller } from './reads.ts'

/** What a root field is said to need here, whatever it declares itself. */
export interface Rule {
  /** Rights, or that any credential, or none, is enough. */
  rights: string[] | 'authenticated' | 'public'
  /** Path under which it names rights that follow from its arguments: not looked at here, but by the test of the verb. */
  argued?: string
  /** Of a verb by hand: the argument that names its record, the record's type, and as what it writes it. */
  record?: {
    argument: string
    type: string
    action: string
    /** It has a say of its own in who may, besides rights and scope: what these allow is not looked at. */
    own?: true
  }
}

/** Root fields that no record type brings along. One that is missing here fails the suite. */
const BY_HAND: Record<string, Rule> = {
  // Who is calling.
  node: { rights: 'authenticated' },
  nodes: { rights: 'authenticated' },
  viewer: { rights: 'authenticated' },
  mySessions: { rights: 'authenticated' },
  // Signing in and out, one's own password and second factor.
  signIn: { rights: 'public' },
  startOidcSignIn: { rights: 'public' },
  signInWithOidc: { rights: 'public' },
  refreshToken: { rights: 'public' },
  acceptInvitation: { rights: 'public' },
  requestPasswordReset: { rights: 'public' },
  resetPassword: { rights: 'public' },
  signOut: { rights: 'authenticated' },
  changePassword: { rights: 'authenticated' },
  startMfa: { rights: 'authenticated' },
  confirmMfa: { rights: 'authenticated' },
  disableMfa: { rights: 'authenticated' },
  regenerateRecoveryCodes: { rights: 'authenticated' },
  revokeSession: { rights: 'authenticated' },
  revokeOtherSessions: { rights: 'authenticated' },
  // Other people's.
  resetUserMfa: { rights: ['User.update'] },
  revokeUserSessions: { rights: ['User.update'] },
  inviteUser: { rights: ['User.create'] },
  resendInvitation: { rights: ['User.create'] },
  revokeInvitation: { rights: ['User.delete'] },
  // The company's own settings.
  securitySettings: { rights: ['Tenant.read'] },
  updateSecuritySettings: { rights: ['Tenant.update'] },
  // Keys.
  createApiKey: { rights: ['ApiKey.create'] },
  updateApiKey: { rights: ['ApiKey.update'] },
  rotateApiKey: { rights: ['ApiKey.create', 'ApiKey.update'] },
  revokeApiKey: { rights: ['ApiKey.update'] },
  // Requests for rights: somebody's own, or for those who decide.
  requestPermission: { rights: ['PermissionRequest.create'] },
  cancelPermissionRequest: {
    rights: ['PermissionRequest.create'],
    record: { argument: 'id', type: 'PermissionRequest', action: 'approve', own: true },
  },
  decidePermissionRequest: {
    rights: ['PermissionRequest.approve'],
    record: { argument: 'id', type: 'PermissionRequest', action: 'approve', own: true },
  },
  revokeGrant: {
    rights: ['PermissionRequest.approve'],
    record: { argument: 'id', type: 'PermissionRequest', action: 'approve', own: true },
  },
  // Hand-over.
  startHandover: { rights: ['User.update'], argued: 'input.objects' },
  cancelHandover: { rights: ['User.update'] },
  offboardUser: { rights: ['User.update'], argued: 'input.objects' },
  cancelJob: { rights: ['Job.update'], record: { argument: 'id', type: 'Job', action: 'update' } },
  startImport: { rights: ['ImportJob.create'] },
  cancelImport: {
    rights: ['ImportJob.update'],
    record: { argument: 'id', type: 'ImportJob', action: 'update', own: true },
  },
  revertImport: {
    rights: ['ImportJob.update'],
    record: { argument: 'id', type: 'ImportJob', action: 'update', own: true },
  },
  // Leads.
  leadSettings: { rights: ['Tenant.read'] },
  updateLeadSettings: { rights: ['Tenant.update'] },
  convertLead: { rights: ['Lead.convert'] },
  convertLeads: { rights: ['Lead.convert'] },
  revertConversion: {
    rights: ['Lead.convert'],
    record: { argument: 'leadId', type: 'Lead', action: 'convert', own: true },
  },
  // Pools: who is in them is looked at besides.
  claimFromPool: { rights: ['Pool.read'] },
  assignFromPool: { rights: ['Pool.read'] },
  releaseToPool: { rights: ['Pool.read'] },
  movePool: { rights: ['Pool.read'] },
  runReclaim: { rights: ['Pool.read'] },
  poolPreview: { rights: ['Pool.read'] },
  poolClaims: { rights: ['Pool.read'] },
  pipelineSummary: { rights: ['Opportunity.read', 'Pipeline.read', 'Stage.read'] },
  forecast: { rights: ['Opportunity.read'] },
  targetAttainment: { rights: ['SalesTarget.read', 'Opportunity.read', 'Account.read'] },
  forecastAccuracy: { rights: ['Opportunity.read', 'ForecastSnapshot.read'] },
  slippage: { rights: ['Opportunity.read'] },
  stageConversion: { rights: ['Opportunity.read', 'OpportunityStageHistory.read', 'Pipeline.read', 'Stage.read'] },
  runReport: { rights: ['Report.read'] },
  runReportDefinition: { rights: ['Report.read'], argued: 'object' },
  dashboardData: { rights: ['Dashboard.read', 'Report.read'] },
  standardReports: { rights: ['Report.read'] },
  salesVelocity: { rights: ['Opportunity.read'] },
  lockAccount: { rights: ['Account.update'], record: { argument: 'id', type: 'Account', action: 'update' } },
  unlockAccount: { rights: ['Account.update'], record: { argument: 'id', type: 'Account', action: 'update' } },
  // Files: of the record that they hang at, who may update it.
  attachFile: {
    rights: ['Attachment.update'],
    record: { argument: 'id', type: 'Attachment', action: 'update' },
  },
  detachFile: {
    rights: ['Attachment.update'],
    record: { argument: 'id', type: 'Attachment', action: 'update' },
  },
  // Registrations: decided by others than their registrant, taken back by the registrant alone.
  submitRegistration: { rights: ['CustomerRegistration.create'] },
  ...Object.fromEntries(
    ['approveRegistration', 'rejectRegistration', 'revokeRegistration', 'extendRegistration'].map((verb) => [
      verb,
      {
        rights: ['CustomerRegistration.approve'],
        record: { argument: 'id', type: 'CustomerRegistration', action: 'approve', own: true as const },
      },
    ]),
  ),
  // The registrant's own, whatever else they may do with registrations: tests/leads/registration.test.ts.
  withdrawRegistration: { rights: ['CustomerRegistration.create'] },
  // Cases: who takes one from a queue, its members say: tests/service/queue.test.ts.
  ...Object.fromEntries(
    ['changeCaseStatus', 'escalateCase', 'resolveCase', 'closeCase', 'archiveCase'].map((verb) => [
      verb,
      { rights: ['Case.update'], record: { argument: 'id', type: 'Case', action: 'update', own: true as const } },
    ]),
  ),
  assignCase: {
    rights: ['Case.update', 'Case.transfer'],
    record: { argument: 'id', type: 'Case', action: 'transfer', own: true },
  },
  reopenCase: { rights: ['Case.reopen'], record: { argument: 'id', type: 'Case', action: 'reopen', own: true } },
  ...Object.fromEntries(
    ['submitArticle', 'reviseArticle', 'archiveArticle', 'reopenArticle'].map((verb) => [
      verb,
      {
        rights: ['KnowledgeArticle.update'],
        record: { argument: 'id', type: 'KnowledgeArticle', action: 'update', own: true as const },
      },
    ]),
  ),
  ...Object.fromEntries(
    ['publishArticle', 'returnArticle'].map((verb) => [
      verb,
      {
        rights: ['KnowledgeArticle.approve'],
        record: { argument: 'id', type: 'KnowledgeArticle', action: 'approve', own: true as const },
      },
    ]),
  ),
  voteArticle: { rights: ['KnowledgeArticle.read'] },
  viewArticle: { rights: ['KnowledgeArticle.read'] },
  sendSurvey: { rights: ['Survey.read', 'SurveyResponse.create', 'Contact.read'] },
  surveyFigures: { rights: ['Survey.read', 'SurveyResponse.read'] },
  suggestArticles: { rights: ['KnowledgeArticle.read'] },
  serviceSettings: { rights: ['Tenant.read'] },
  updateServiceSettings: { rights: ['Tenant.update'] },
  caseSummary: { rights: ['Case.read', 'CaseMilestone.read'] },
  takeCase: { rights: ['Case.update'] },
  mergeCases: { rights: ['Case.update'] },
  markDuplicate: { rights: ['Case.update'] },
  // Approvals: whose turn it is, is looked at besides; to submit, the right to change the record.
  submitForApproval: { rights: ['ApprovalInstance.create'] },
  withdrawApproval: {
    rights: ['ApprovalInstance.create'],
    record: { argument: 'id', type: 'ApprovalInstance', action: 'update', own: true },
  },
  ...Object.fromEntries(
    ['approve', 'reject', 'returnApproval', 'addSigner', 'transferApproval'].map((verb) => [
      verb,
      {
        rights: ['ApprovalTask.update'],
        record: { argument: 'id', type: 'ApprovalTask', action: 'update', own: true as const },
      },
    ]),
  ),
  publishApprovalFlow: {
    rights: ['ApprovalFlow.update'],
    record: { argument: 'id', type: 'ApprovalFlow', action: 'update', own: true },
  },
  ...Object.fromEntries(
    ['publishWorkflow', 'enableWorkflow', 'disableWorkflow', 'rotateWorkflowSecret'].map((verb) => [
      verb,
      {
        rights: ['Workflow.update'],
        record: { argument: 'id', type: 'Workflow', action: 'update', own: true as const },
      },
    ]),
  ),
  ...Object.fromEntries(
    ['cancelWorkflowRun', 'retryWorkflowRun'].map((verb) => [
      verb,
      {
        rights: ['WorkflowRun.update'],
        record: { argument: 'id', type: 'WorkflowRun', action: 'update', own: true as const },
      },
    ]),
  ),
  // Of the records, the right to change them: tests/automation/start.test.ts.
  runWorkflow: { rights: ['Workflow.read'] },
  // What it needs depends on what is assigned.
  assignRecords: { rights: 'authenticated', argued: 'assignRecords' },
  // Custom fields.
  deleteFieldDefinition: {
    rights: ['FieldDefinition.delete'],
    record: { argument: 'id', type: 'FieldDefinition', action: 'delete' },
  },
  // Duplicates: each asks for the right on the type that its argument names.
  checkDuplicates: { rights: 'authenticated' },
  findDuplicates: { rights: 'authenticated' },
  dismissDuplicate: { rights: 'authenticated' },
  duplicatePairs: { rights: 'authenticated' },
  duplicateGroups: { rights: 'authenticated' },
  // The day's work: to-dos and notifications are somebody's own, which the verbs look at besides.
  notificationSettings: { rights: 'authenticated' },
  updateNotificationSettings: { rights: 'authenticated' },
  calendarFeed: { rights: 'authenticated' },
  createCalendarFeed: { rights: 'authenticated' },
  deleteCalendarFeed: { rights: 'authenticated' },
  unreadNotificationCount: { rights: ['Notification.read'] },
  markNotificationsRead: { rights: ['Notification.read'] },
  todoSummary: { rights: ['TodoItem.read'] },
  completeTodo: { rights: ['TodoItem.read'] },
  snoozeTodo: { rights: ['TodoItem.read'] },
  logActivity: { rights: ['Activity.create', 'ActivityLink.create'] },
  respondToInvitation: { rights: ['Activity.read'] },
  // What somebody said is theirs to change, and a post is pinned by who may change others': tests/work/feed.test.ts.
  createFeedPost: { rights: ['FeedPost.create'] },
  createFeedComment: { rights: ['FeedComment.create'] },
  updateFeedPost: { rights: ['FeedPost.update'] },
  updateFeedComment: { rights: ['FeedComment.update'] },
  pinPost: { rights: ['FeedPost.update'] },
  unpinPost: { rights: ['FeedPost.update'] },
  react: { rights: ['FeedReaction.create'] },
  unreact: { rights: ['FeedReaction.create'] },
  ...Object.fromEntries(['completeTask', 'reopenTask'].map((verb) => [verb, { rights: ['Task.update'] }])),
  // Business verbs.
  customer360: { rights: ['Account.read'] },
  // Of records of several types: null for those that the caller may not read.
  timeline: { rights: 'authenticated' },
  dataCare: { rights: 'authenticated' },
  ...Object.fromEntries(
    ['Account', 'Contact', 'Lead'].flatMap((name) =>
      ['preview', 'apply'].map((verb) => [
        `${verb}${name}Normalisation`,
        { rights: [`${name}.read`, `${name}.update`] },
      ]),
    ),
  ),
  recalculateRfm: { rights: ['Tenant.update'] },
  scheduleRfm: { rights: ['Tenant.update'] },
  scheduleForecastSnapshots: { rights: ['Tenant.update'] },
  setTarget: { rights: ['SalesTarget.create', 'SalesTarget.update'] },
  setTargets: { rights: ['SalesTarget.create', 'SalesTarget.update'] },
  copyTargets: { rights: ['SalesTarget.read', 'SalesTarget.create'] },
  adjustForecast: { rights: ['ForecastAdjustment.update'] },
  scheduleSegmentRefresh: { rights: ['Tenant.update'] },
  setDealStatus: { rights: ['Account.update'], record: { argument: 'id', type: 'Account', action: 'update' } },
  setPrimaryContact: {
    rights: ['Account.update'],
    record: { argument: 'accountId', type: 'Account', action: 'update' },
  },
  linkContact: { rights: ['AccountContact.create', 'AccountContact.update'] },
  unlinkContact: { rights: ['AccountContact.delete'] },
  addTeamMember: { rights: ['RecordShare.create', 'RecordShare.update'] },
  removeTeamMember: { rights: ['RecordShare.delete'] },
  addSegmentMembers: { rights: ['Segment.update', 'SegmentMember.create'] },
  removeSegmentMembers: { rights: ['Segment.update', 'SegmentMember.delete'] },
  refreshSegment: {
    rights: ['Segment.update'],
    record: { argument: 'id', type: 'Segment', action: 'update', own: true },
  },
  sendEmail: { rights: ['EmailTemplate.read', 'EmailMessage.create'] },
  campaignFigures: { rights: ['Campaign.read', 'CampaignMember.read', 'Lead.read', 'Opportunity.read'] },
  blastStatistics: { rights: ['EmailBlast.read', 'EmailMessage.read', 'TrackingLink.read', 'EngagementEvent.read'] },
  careRulePreview: { rights: ['CareRule.read', 'Contact.read'] },
  marketingSettings: { rights: ['Tenant.read'] },
  updateMarketingSettings: { rights: ['Tenant.update'] },
  addCampaignMembers: { rights: ['Campaign.update', 'CampaignMember.create', 'CampaignMember.update'] },
  addTargetListMembers: { rights: ['TargetList.update', 'TargetListMember.create'] },
  previewTemplate: { rights: ['EmailTemplate.read'] },
  ...Object.fromEntries(
    ['startBlast', 'pauseBlast', 'resumeBlast', 'cancelBlast'].map((verb) => [verb, { rights: ['EmailBlast.update'] }]),
  ),
  setSocialAccountSecret: {
    rights: ['SocialAccount.update'],
    record: { argument: 'id', type: 'SocialAccount', action: 'update', own: true },
  },
  ...Object.fromEntries(
    [
      'scheduleSocialPost',
      'unscheduleSocialPost',
      'publishSocialPost',
      'retrySocialPost',
      'cancelSocialPost',
      'markSocialPostPublished',
    ].map((verb) => [
      verb,
      {
        rights: ['SocialPost.update'],
        record: { argument: 'id', type: 'SocialPost', action: 'update', own: true as const },
      },
    ]),
  ),
  suppressAddress: { rights: ['Suppression.create'] },
  unsuppressAddress: { rights: ['Suppression.delete'] },
  mergeLeadSources: { rights: ['LeadSource.merge', 'LeadSource.delete'] },
  transferAccount: {
    rights: ['Account.update', 'Account.transfer'],
    record: { argument: 'id', type: 'Account', action: 'transfer', own: true },
  },
  transferContact: {
    rights: ['Contact.update', 'Contact.transfer'],
    record: { argument: 'id', type: 'Contact', action: 'transfer', own: true },
  },
  transferLead: {
    rights: ['Lead.update', 'Lead.transfer'],
    record: { argument: 'id', type: 'Lead', action: 'transfer', own: true },
  },
  transferOpportunity: {
    rights: ['Opportunity.update', 'Opportunity.transfer'],
    record: { argument: 'id', type: 'Opportunity', action: 'transfer', own: true },
  },
  ...Object.fromEntries(
    ['closeWon', 'closeLost', 'changePipeline'].map((verb) => [
      verb,
      {
        rights: ['Opportunity.update'],
        record: { argument: 'id', type: 'Opportunity', action: 'update', own: true as const },
      },
    ]),
  ),
  moveOpportunities: { rights: ['Opportunity.update'] },
  reopenOpportunity: {
    rights: ['Opportunity.reopen'],
    record: { argument: 'id', type: 'Opportunity', action: 'reopen', own: true },
  },
  cloneOpportunity: { rights: ['Opportunity.read', 'Opportunity.create'] },
  setOpportunitySplits: {
    rights: ['Opportunity.update', 'OpportunitySplit.create', 'OpportunitySplit.update', 'OpportunitySplit.delete'],
    record: { argument: 'id', type: 'Opportunity', action: 'update', own: true },
  },
  setOpportunityTeam: {
    rights: ['Opportunity.update', 'RecordShare.create', 'RecordShare.update', 'RecordShare.delete'],
    record: { argument: 'id', type: 'Opportunity', action: 'update', own: true },
  },
  removeStage: { rights: ['Stage.delete'], record: { argument: 'id', type: 'Stage', action: 'delete' } },
  removePipeline: { rights: ['Pipeline.delete'], record: { argument: 'id', type: 'Pipeline', action: 'delete' } },
  productPrice: { rights: ['Product.read', 'PriceBook.read'] },
  // Quotes and orders: what a state refuses is looked at besides.
  createQuoteFromOpportunity: { rights: ['Quote.create', 'Opportunity.update'] },
  reviseQuote: {
    rights: ['Quote.create', 'Quote.update'],
    record: { argument: 'id', type: 'Quote', action: 'update' },
  },
  submitQuote: { rights: ['Quote.update', 'ApprovalInstance.create'] },
  ...Object.fromEntries(
    ['sendQuote', 'acceptQuote', 'declineQuote'].map((verb) => [verb, { rights: ['Quote.update'] }]),
  ),
  voidQuote: { rights: ['Quote.update'], record: { argument: 'id', type: 'Quote', action: 'update' } },
  quoteToOrder: { rights: ['Order.create', 'OrderLine.create', 'Quote.update'] },
  quoteToContract: { rights: ['Contract.create', 'ContractLine.create', 'Quote.update'] },
  ...Object.fromEntries(
    ['activateOrder', 'closeOrder', 'fulfilOrderLines'].map((verb) => [verb, { rights: ['Order.update'] }]),
  ),
  cancelOrder: { rights: ['Order.update'], record: { argument: 'id', type: 'Order', action: 'update' } },
  ...Object.fromEntries(
    ['Opportunity', 'Quote', 'Order', 'Contract'].map((document) => [
      `replace${document}Lines`,
      {
        rights: [`${document}.update`, ...['create', 'update', 'delete'].map((action) => `${document}Line.${action}`)],
      },
    ]),
  ),
  transferContract: {
    rights: ['Contract.update', 'Contract.transfer'],
    record: { argument: 'id', type: 'Contract', action: 'transfer', own: true },
  },
  // Contracts and money: what a state refuses is looked at besides.
  ...Object.fromEntries(
    ['voidContract', 'terminateContract'].map((verb) => [
      verb,
      { rights: ['Contract.update'], record: { argument: 'id', type: 'Contract', action: 'update' } },
    ]),
  ),
  // Its submitter's.
  withdrawContract: {
    rights: ['Contract.update'],
    record: { argument: 'id', type: 'Contract', action: 'update', own: true },
  },
  submitContract: {
    rights: ['Contract.update', 'ApprovalInstance.create'],
    record: { argument: 'id', type: 'Contract', action: 'update', own: true },
  },
  renewContract: {
    rights: ['Contract.create', 'Contract.update'],
    record: { argument: 'id', type: 'Contract', action: 'update' },
  },
  createReceiptPlan: { rights: ['ReceiptPlan.create'] },
  generateReceiptPlans: { rights: ['ReceiptPlan.create', 'Contract.update'] },
  recordReceipt: { rights: ['Receipt.create'] },
  ...Object.fromEntries(['withdrawReceipt', 'allocateReceipt'].map((verb) => [verb, { rights: ['Receipt.update'] }])),
  submitReceipt: { rights: ['Receipt.update', 'ApprovalInstance.create'] },
  confirmReceipt: { rights: ['Receipt.approve'] },
  reverseReceipt: { rights: ['Receipt.approve'] },
  refundReceipt: { rights: ['Receipt.approve', 'Refund.create'] },
  issueInvoice: {
    rights: ['Invoice.update'],
    record: { argument: 'id', type: 'Invoice', action: 'update' },
  },
  voidInvoice: {
    rights: ['Invoice.update'],
    record: { argument: 'id', type: 'Invoice', action: 'update' },
  },
  receivablesAging: { rights: ['ReceiptPlan.read', 'Contract.read'] },
  revenueSettings: { rights: ['Tenant.read'] },
  updateRevenueSettings: { rights: ['Tenant.update'] },
  mergeAccounts: { rights: ['Account.merge', 'Account.update'] },
  mergeContacts: { rights: ['Contact.merge', 'Contact.update'] },
  mergeLeads: { rights: ['Lead.merge', 'Lead.update'] },
  undoMerge: { rights: ['MergeRecord.read'] },
  moveOpportunityStage: {
    rights: ['Opportunity.update'],
    record: { argument: 'id', type: 'Opportunity', action: 'update' },
  },
}

const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

/** The rule of a root field: of one that a record type brings along by what it does, of others as written above; undefined where nobody has said. */
export function ruleOf(name: string): Rule | undefined {
  const byHand = BY_HAND[name]
  if (byHand) return byHand
  for (const type of recordTypes()) {
    if ([camel(type.name), type.plural, `${camel(type.name)}Aggregate`].includes(name))
      return { rights: [`${type.name}.read`] }
    for (const verb of ['create', 'update', 'delete', 'restore', 'destroy', 'upsert'] as const) {
      if (!type.operations.has(verb)) continue
      if (name !== `${verb}${type.name}` && name !== `${verb}${pascal(type.plural)}`) continue
      return { rights: verb === 'upsert' ? [`${type.name}.create`, `${type.name}.update`] : [`${type.name}.${verb}`] }
    }
  }
  return undefined
}

/** Root fields by hand that write one record, by name. */
export const handVerbs = (): [name: string, record: NonNullable<Rule['record']>][] =>
  Object.entries(BY_HAND).flatMap(([name, { record }]) => (record ? [[name, record] as const] : []) as never)

/** Root fields that nobody has said anything about, and rules of none. */
export function unruled(schema: GraphQLSchema): string[] {
  const names = rootsOf(schema).map(([, { name }]) => name)
  return [
    ...names.filter((name) => !ruleOf(name)).map((name) => `the root field ${name} has no rule`),
    ...Object.keys(BY_HAND).flatMap((name) => (names.includes(name) ? [] : [`there is no root field ${name}`])),
  ]
}

type Root = [kind: 'query' | 'mutation', field: GraphQLField<unknown, unknown>]

function rootsOf(schema: GraphQLSchema): Root[] {
  const all = (kind: Root[0], fields: Record<string, GraphQLField<unknown, unknown>> = {}) =>
    Object.values(fields).map((field): Root => [kind, field])
  return [
    ...all('query', schema.getQueryType()?.getFields()),
    ...all('mutation', schema.getMutationType()?.getFields()),
  ]
}

/** The least that a type's value may be in a document. */
function literal(type: GraphQLInputType): string {
  if (isListType(getNullableType(type))) return '[]'
  const named = getNamedType(type)
  if (isEnumType(named)) return named.getValues()[0]!.name
  if (!isInputObjectType(named)) return { Int: '1', Boolean: 'true', Float: '1.0' }[named.name] ?? '"none"'
  const fields = Object.values(named.getFields())
  const wanted = named.isOneOf ? fields.slice(0, 1) : fields.filter((one) => isNonNullType(one.type))
  return `{ ${wanted.map((one) => `${one.name}: ${literal(one.type)}`).join(', ')} }`
}

/** A call of a root field with as little as it takes. */
function call({ name, args, type }: GraphQLField<unknown, unknown>): string {
  const required = args.filter((arg) => isNonNullType(arg.type))
  const given = required.map((arg) => `${arg.name}: ${literal(arg.type)}`).join(', ')
  return `${name}${given ? `(${given})` : ''} ${isLeafType(getNamedType(type)) ? '' : '{ __typename }'}`
}

/** A document holds this many root fields. */
const BATCH = 18

/**
 * Calls every root field and holds against the oracle which rights the answer says are missing.
 *
 * @param dry nothing that is called is to stay.
 */
export async function rootProblems(
  caller: Caller,
  oracle: Oracle,
  schema: GraphQLSchema,
  dry: DryRun,
): Promise<string[]> {
  const problems: string[] = []
  const lacking = (name: string) => {
    const rights = ruleOf(name)?.rights
    return Array.isArray(rights)
      ? rights.filter((right) => !oracle.may(...(right.split('.').reverse() as [string, string])))
      : []
  }
  const known = rootsOf(schema).filter(([, { name }]) => ruleOf(name))
  dry.on = true
  try {
    for (const kind of ['query', 'mutation'] as const) {
      const fields = known.flatMap(([of, field]) => (of === kind ? [field] : []))
      // What may be called and what may not, apart: one that is missing a right would hide what became of the others.
      for (const some of [
        fields.filter(({ name }) => lacking(name).length > 0),
        fields.filter(({ name }) => lacking(name).length === 0),
      ]) {
        // A mutation that throws ends its document: what stands behind it would not be called.
        const size = kind === 'mutation' && some.every(({ name }) => lacking(name).length === 0) ? 1 : BATCH
        for (let from = 0; from < some.length; from += size) {
          const group = some.slice(from, from + size)
          const answer = await caller.ask(`${kind} { ${group.map(call).join(' ')} }`)
          const wanted = group.flatMap(({ name }) => lacking(name).map((right) => `${name} ${right}`))
          problems.push(
            ...compare(
              answer,
              wanted,
              group.map(({ name }) => name),
            ),
          )
        }
      }
    }
  } finally {
    dry.on = false
    dry.take()
  }
  return problems
}

function compare(answer: Answer, wanted: string[], names: string[]): string[] {
  const errors = answer.errors ?? []
  const missing = errors
    .filter(({ extensions }) => extensions.code === 'FORBIDDEN')
    .flatMap(({ extensions }) => (extensions.missing as { path: string; permission: string }[] | undefined) ?? [])
    .filter(({ path }) => !names.some((name) => ruleOf(name)?.argued === path))
    .map(({ path, permission }) => `${path} ${permission}`)
  const problems = [
    ...wanted.filter((one) => !missing.includes(one)).map((one) => `may be called without: ${one}`),
    ...missing.filter((one) => !wanted.includes(one)).map((one) => `is refused for want of: ${one}`),
  ]
  if (wanted.length > 0 && (answer.status !== 403 || answer.data))
    problems.push(`${names}: ${answer.body.slice(0, 200)}`)
  for (const { extensions, message } of errors)
    if (extensions.code === 'INTERNAL') problems.push(`one of ${names}: ${message}`)
  return problems
}
