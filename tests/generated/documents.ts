/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** One of the account contacts of a new account. */
export type AccountAccountContactsInput = {
  /** The person. Its id. Required. */
  contactId?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** First day in the company. */
  fromDate?: string | null | undefined;
  /** Does the person still belong to the company. */
  isActive?: boolean | null | undefined;
  /** Is it the company that the person mainly works for. Setting it takes the mark from the person’s other companies. */
  isPrimary?: boolean | null | undefined;
  /** The part that the person plays when the company buys. */
  role?: ContactRole | null | undefined;
  /** Last day in the company; not before fromDate. */
  toDate?: string | null | undefined;
};

/** One of the invoice infos of a new account. */
export type AccountInvoiceInfosInput = {
  /** The address on the invoice. At most 500 characters. */
  address?: string | null | undefined;
  /** The bank, 开户行. At most 255 characters. */
  bank?: string | null | undefined;
  /** Number of the account there, 银行账号. At most 64 characters. */
  bankAccount?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** Is it taken unless another is asked for. Setting it takes the mark from the others of the company; the first one has it by itself. */
  isDefault?: boolean | null | undefined;
  /** The telephone number on the invoice. */
  phone?: string | null | undefined;
  /** Tax number, 税号. At most 50 characters. */
  taxNo?: string | null | undefined;
  /** The name on the invoice, 抬头. At most 255 characters, required. */
  title?: string | null | undefined;
  /** Whom the invoice is made out to. */
  titleType?: InvoiceTitleType | null | undefined;
};

/** What it is to the tenant. */
export type AccountKind =
  /** Sells what the tenant sells. */
  | 'COMPETITOR'
  /** Buys from the tenant. */
  | 'CUSTOMER'
  /** Something else. */
  | 'OTHER'
  /** Works with the tenant. */
  | 'PARTNER'
  /** May become a customer. */
  | 'PROSPECT'
  /** Sells the tenant’s products. */
  | 'RESELLER'
  /** Sells to the tenant. */
  | 'SUPPLIER';

/** One of the related from of a new account. */
export type AccountRelatedFromInput = {
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** More about it. At most 2000 characters. */
  description?: string | null | undefined;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** What the source is to the target. Required. */
  kind?: AccountRelationKind | null | undefined;
  /** The company of which it is said. Its id. Required. */
  sourceId?: string | null | undefined;
};

/** What the source is to the target. */
export type AccountRelationKind =
  /** It competes with the target. */
  | 'COMPETES'
  /** It owns the target. */
  | 'PARENT'
  /** It works with the target. */
  | 'PARTNER'
  /** It came through the target. */
  | 'REFERRED_BY'
  /** It belongs to the target. */
  | 'SUBSIDIARY';

/** One of the relations of a new account. */
export type AccountRelationsInput = {
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** More about it. At most 2000 characters. */
  description?: string | null | undefined;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** What the source is to the target. Required. */
  kind?: AccountRelationKind | null | undefined;
  /** The other company; another than the source. Its id. Required. */
  targetId?: string | null | undefined;
};

/** May it be worked with. */
export type AccountStatus =
  /** It is in use. */
  | 'ACTIVE'
  /** Kept for the books. */
  | 'ARCHIVED'
  /** Not in use. */
  | 'INACTIVE'
  /** Kept by its owner; never taken back by the pool. Set by lockAccount, and ended by unlockAccount, alone. */
  | 'LOCKED';

/** One of the third party identities of a new account. */
export type AccountThirdPartyIdentitiesInput = {
  /** The person it belongs to. Its id. */
  contactId?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** The user’s id there; unique among live ones of the platform. At most 255 characters, required. */
  externalUserId?: string | null | undefined;
  /** The lead it belongs to. Its id. */
  leadId?: string | null | undefined;
  /** What they call themselves there. At most 255 characters. */
  nickname?: string | null | undefined;
  /** The platform, letters, digits and _: WECHAT, DOUYIN, TAOBAO. Kept in upper case. At most 40 characters, required. */
  platform?: string | null | undefined;
  /** The id that several applications of the platform share: a WeChat union id. At most 255 characters. */
  unionId?: string | null | undefined;
};

/** A postal address. */
export type AddressInput = {
  /** City or town. At most 100 characters. */
  city?: string | null | undefined;
  /** Country, ISO 3166-1 alpha-2. */
  countryCode?: string | null | undefined;
  /** Latitude in degrees. */
  lat?: string | null | undefined;
  /** Longitude in degrees. */
  lng?: string | null | undefined;
  /** Postal code. At most 20 characters. */
  postalCode?: string | null | undefined;
  /** State, province or region. At most 100 characters. */
  state?: string | null | undefined;
  /** Street and house number; several lines are allowed. At most 500 characters. */
  street?: string | null | undefined;
};

/** How it stands. */
export type ApprovalStatus =
  /** All steps were passed. */
  | 'APPROVED'
  /** An administrator ended it. */
  | 'CANCELLED'
  /** It waits for a decision. */
  | 'PENDING'
  /** An approver rejected it. */
  | 'REJECTED'
  /** The submitter took it back, or an approver gave it back to them. */
  | 'WITHDRAWN';

/** How its owner got it. */
export type ClaimType =
  /** It was given to them. */
  | 'ASSIGNED'
  /** They claimed it from a pool. */
  | 'CLAIMED'
  /** They made it. */
  | 'CREATED';

/** Over which channel. */
export type ConsentChannel =
  /** By e-mail. */
  | 'EMAIL'
  /** Another way. */
  | 'OTHER'
  /** By telephone. */
  | 'PHONE'
  /** By letter post. */
  | 'POST'
  /** By short message. */
  | 'SMS'
  /** On a website: cookies, tracking. */
  | 'WEB'
  /** By WeChat 微信. */
  | 'WECHAT';

/** What they said. */
export type ConsentStatus =
  /** They said no. */
  | 'DENIED'
  /** They said yes. */
  | 'GRANTED'
  /** Nothing yet: asked, not confirmed. */
  | 'PENDING'
  /** They said no longer. */
  | 'WITHDRAWN';

/** The part that the person plays. */
export type ContactRole =
  /** Negotiates and orders, 采购. */
  | 'BUYER'
  /** Decides, 决策人. */
  | 'DECISION_MAKER'
  /** Judges what is offered, 评估人. */
  | 'EVALUATOR'
  /** Pays the bills, 财务. */
  | 'FINANCE'
  /** Has a say, 影响人. */
  | 'INFLUENCER'
  /** Something else. */
  | 'OTHER'
  /** Will use it, 使用人. */
  | 'USER';

/** How it stands. */
export type ContractStatus =
  /** In force, 生效. */
  | 'APPROVED'
  /** Being worked on. */
  | 'DRAFT'
  /** Its last day is over. */
  | 'EXPIRED'
  /** Waits for its approval. */
  | 'IN_APPROVAL'
  /** Its approval was refused; it may be changed and submitted again. */
  | 'REJECTED'
  /** Ended before its time, 终止. */
  | 'TERMINATED'
  /** As if it had never been, 作废. */
  | 'VOID'
  /** Taken back from its approval. */
  | 'WITHDRAWN';

/** A new account. */
export type CreateAccountInput = {
  /** The people who belong to it, with their roles. Made together with the record: all or nothing. At most 100. */
  accountContacts?: Array<AccountAccountContactsInput> | null | undefined;
  /** Revenue of a year. At least 0. */
  annualRevenue?: MoneyInput | null | undefined;
  /** Where invoices go. */
  billingAddress?: AddressInput | null | undefined;
  /** The tenant’s own number for it. At most 50 characters. */
  code?: string | null | undefined;
  /** The most it may owe. At least 0. */
  creditLimit?: MoneyInput | null | undefined;
  /** Grade of its creditworthiness. At most 50 characters. */
  creditRating?: string | null | undefined;
  /** Currency of all its amounts; the tenant’s if left out. */
  currency?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** The part of the tenant that looks after it. Its id. */
  departmentId?: string | null | undefined;
  /** Anything else. At most 20000 characters. */
  description?: string | null | undefined;
  /** Must it be left alone. */
  doNotContact?: boolean | null | undefined;
  /** Its internet domains, lower case, without www. At most 100 members. */
  domains?: Array<string> | null | undefined;
  /** General e-mail address. */
  email?: string | null | undefined;
  /** How many people work there. At least 0. */
  employees?: number | null | undefined;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** Fax number. */
  fax?: string | null | undefined;
  /** Its line of business. At most 100 characters. */
  industry?: string | null | undefined;
  /** What stands on invoices to it, 发票抬头. Made together with the record: all or nothing. At most 100. */
  invoiceInfos?: Array<AccountInvoiceInfosInput> | null | undefined;
  /** When something last happened with it. */
  lastActivityAt?: string | null | undefined;
  /** The last follow-up in short. At most 2000 characters. */
  lastContent?: string | null | undefined;
  /** Its grade, 客户级别. Its id. */
  levelId?: string | null | undefined;
  /** Where it stands on its way as a customer, in the tenant’s own words. At most 50 characters. */
  lifecycleStage?: string | null | undefined;
  /** Its legal or trade name. At most 255 characters, required. */
  name?: string | null | undefined;
  /** When to get in touch next. */
  nextFollowUpAt?: string | null | undefined;
  /** Who looks after it; the caller if left out on create. Its id. */
  ownerId?: string | null | undefined;
  /** Who owns it. */
  ownership?: Ownership | null | undefined;
  /** The company that owns it; at most ten levels, no ring. Its id. */
  parentId?: string | null | undefined;
  /** Main telephone number. */
  phone?: string | null | undefined;
  /** The pool that it lies in; null with an owner. On create it takes an administrator of the pool, which must allow import. Its id. */
  poolId?: string | null | undefined;
  /** The person to talk to first. An update takes an active contact of the company only (VALIDATION_FAILED); it is cleared when they leave. Its id. */
  primaryContactId?: string | null | undefined;
  /** The tenant’s own grade. At most 50 characters. */
  rating?: string | null | undefined;
  /** Number in the register of companies, 统一社会信用代码. At most 50 characters. */
  registrationNo?: string | null | undefined;
  /** How other companies stand to it, as they say. Made together with the record: all or nothing. At most 100. */
  relatedFrom?: Array<AccountRelatedFromInput> | null | undefined;
  /** How it stands to other companies, as it says itself. Made together with the record: all or nothing. At most 100. */
  relations?: Array<AccountRelationsInput> | null | undefined;
  /** Where goods go. */
  shippingAddress?: AddressInput | null | undefined;
  /** Where it came from. Its id. */
  sourceId?: string | null | undefined;
  /** May it be worked with. */
  status?: AccountStatus | null | undefined;
  /** Its line of business, closer. At most 100 characters. */
  subIndustry?: string | null | undefined;
  /** Tax number. At most 50 characters. */
  taxNo?: string | null | undefined;
  /** What it is called on other platforms. Made together with the record: all or nothing. At most 100. */
  thirdPartyIdentities?: Array<AccountThirdPartyIdentitiesInput> | null | undefined;
  /** What it is to the tenant. */
  type?: AccountKind | null | undefined;
  /** Its home page. At most 2000 characters. */
  website?: string | null | undefined;
  /** The year it was founded. At least 1000, at most 2200. */
  yearFounded?: number | null | undefined;
};

/** A new lead. */
export type CreateLeadInput = {
  /** Postal address. */
  address?: AddressInput | null | undefined;
  /** Revenue of the company in a year. At least 0. */
  annualRevenue?: MoneyInput | null | undefined;
  /** The campaign that it came from. Its id. */
  campaignId?: string | null | undefined;
  /** How it came in, in the tenant’s own words: WEB, PHONE, WECHAT. At most 50 characters. */
  channel?: string | null | undefined;
  /** The company they work for, as they gave it. At most 255 characters. */
  companyName?: string | null | undefined;
  /** What it said to being contacted; those that count have isCurrent. Made together with the record: all or nothing. At most 100. */
  consents?: Array<LeadConsentsInput> | null | undefined;
  /** Currency of all its amounts; the tenant’s if left out. */
  currency?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Anything else. At most 20000 characters. */
  description?: string | null | undefined;
  /** Must it not be called. */
  doNotCall?: boolean | null | undefined;
  /** Must it be left alone. */
  doNotContact?: boolean | null | undefined;
  /** Must it not be written to by e-mail. */
  doNotEmail?: boolean | null | undefined;
  /** The address to write to first: the primary one of emails, and always one of them. */
  email?: string | null | undefined;
  /** All e-mail addresses, no two alike, at most one primary; if none is marked, the first becomes it. Written here or, the primary one alone, as email. At most 100 members. */
  emails?: Array<EmailEntryInput> | null | undefined;
  /** How many people work in the company. At least 0. */
  employees?: number | null | undefined;
  /** What a deal may bring. At least 0. */
  expectedAmount?: MoneyInput | null | undefined;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** Given name. At most 100 characters. */
  firstName?: string | null | undefined;
  /** When it was first answered. Noted with the first activity that the company did with it (no note, not inbound), unless it was entered. */
  firstResponseAt?: string | null | undefined;
  /** The person’s name. Left out or null: made of firstName and lastName, of which one is required then; it follows them while it is what they make. At most 255 characters. */
  fullName?: string | null | undefined;
  /** Line of business of the company. At most 100 characters. */
  industry?: string | null | undefined;
  /** The first page it saw. At most 2000 characters. */
  landingUrl?: string | null | undefined;
  /** When something last happened with it. */
  lastActivityAt?: string | null | undefined;
  /** Family name. At most 100 characters. */
  lastName?: string | null | undefined;
  /** The products that it is interested in. Made together with the record: all or nothing. At most 100. */
  leadProducts?: Array<LeadLeadProductsInput> | null | undefined;
  /** Mobile number. */
  mobile?: string | null | undefined;
  /** When to get in touch next. */
  nextFollowUpAt?: string | null | undefined;
  /** The tenant’s own number for it. At most 50 characters. */
  number?: string | null | undefined;
  /** Who follows it up; the caller if left out on create. Its id. */
  ownerId?: string | null | undefined;
  /** Pages seen per visit on the average, at most two decimals. At least 0, at most 99999999.99. */
  pageViews?: string | null | undefined;
  /** The number to call first: the primary one of phones, and always one of them. */
  phone?: string | null | undefined;
  /** All telephone numbers, no two alike, at most one primary; if none is marked, the first becomes it. Written here or, the primary one alone, as phone. At most 100 members. */
  phones?: Array<PhoneEntryInput> | null | undefined;
  /** The pool that it lies in; null with an owner. On create it takes an administrator of the pool, which must allow import. Its id. */
  poolId?: string | null | undefined;
  /** How near it is to buying. */
  rating?: LeadRating | null | undefined;
  /** The page it came from, as the browser gave it. At most 2000 characters. */
  referrer?: string | null | undefined;
  /** Points, by the tenant’s own rules. Left out beside scoreParts: their sum. */
  score?: number | null | undefined;
  /** What the score is made of. At most 100 members. */
  scoreParts?: Array<ScorePartInput> | null | undefined;
  /** Where it came from. Its id. */
  sourceId?: string | null | undefined;
  /** Where it stands. */
  status?: LeadStatus | null | undefined;
  /** Why it stands there. At most 255 characters. */
  statusReason?: string | null | undefined;
  /** What it is called on other platforms. Made together with the record: all or nothing. At most 100. */
  thirdPartyIdentities?: Array<LeadThirdPartyIdentitiesInput> | null | undefined;
  /** How long it was on the website, seconds. At least 0. */
  timeOnSite?: number | null | undefined;
  /** Job title. At most 100 characters. */
  title?: string | null | undefined;
  /** How often it visited the website. At least 0. */
  totalVisits?: number | null | undefined;
  /** utm_campaign of the link that brought it. At most 255 characters. */
  utmCampaign?: string | null | undefined;
  /** utm_content of the link that brought it. At most 255 characters. */
  utmContent?: string | null | undefined;
  /** utm_medium of the link that brought it. At most 255 characters. */
  utmMedium?: string | null | undefined;
  /** utm_source of the link that brought it. At most 255 characters. */
  utmSource?: string | null | undefined;
  /** utm_term of the link that brought it. At most 255 characters. */
  utmTerm?: string | null | undefined;
  /** Home page of the company. At most 2000 characters. */
  website?: string | null | undefined;
};

/** A new opportunity. */
export type CreateOpportunityInput = {
  /** The company that may buy. It cannot go while the deal is open. Its id. */
  accountId?: string | null | undefined;
  /** When it was closed. For deals that are entered closed: today if left out, and not in the future. */
  actualCloseDate?: string | null | undefined;
  /** What it may bring, or brought. With lines it is the sum of their totals and cannot be set (AMOUNT_DERIVED_FROM_LINES). At least 0. */
  amount?: MoneyInput | null | undefined;
  /** The campaign that it came from; a converted lead gives its own. Its id. */
  campaignId?: string | null | undefined;
  /** When it is expected to close. */
  closeDate?: string | null | undefined;
  /** Currency of all its amounts and of its lines; the tenant’s if left out. Stays while there are lines (CURRENCY_MISMATCH). */
  currency?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Anything else. At most 20000 characters. */
  description?: string | null | undefined;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** When something last happened with it. */
  lastActivityAt?: string | null | undefined;
  /** The products offered; order them by SORT. Made together with the record: all or nothing. At most 100. */
  lines?: Array<OpportunityLinesInput> | null | undefined;
  /** What else there is to say about the loss. Can still be changed when the deal is lost. At most 2000 characters. */
  lossNote?: string | null | undefined;
  /** Why it was lost, in words: as it was said, or the name of the reason in lossReasonId at that time. Only for deals that are entered lost or invalid; a move to a lost stage names its reason. New clients use lossReasonId and lossNote. At most 255 characters. */
  lossReason?: string | null | undefined;
  /** Why it was lost, or would be, of the company’s list. A deal that has one needs no other to be lost. Its id. */
  lossReasonId?: string | null | undefined;
  /** What it is called. At most 255 characters, required. */
  name?: string | null | undefined;
  /** When to get in touch next. */
  nextFollowUpAt?: string | null | undefined;
  /** What comes next. At most 255 characters. */
  nextStep?: string | null | undefined;
  /** The tenant’s own number for it; by the company’s rule (NumberRule) where it has one. At most 50 characters. */
  number?: string | null | undefined;
  /** Who else wants to win it. Made together with the record: all or nothing. At most 100. */
  opportunityCompetitors?: Array<OpportunityOpportunityCompetitorsInput> | null | undefined;
  /** The people who have a part in it, with their roles. Made together with the record: all or nothing. At most 100. */
  opportunityContacts?: Array<OpportunityOpportunityContactsInput> | null | undefined;
  /** Whose deal it is; the caller if left out on create. Its id. */
  ownerId?: string | null | undefined;
  /** The pipeline that it moves through. Left out: that of its stage, else the default one. Its id. */
  pipelineId?: string | null | undefined;
  /** The book that the prices of its lines come from; the standard book of its currency if left out. Its id. */
  priceBookId?: string | null | undefined;
  /** The person to talk to first. Its id. */
  primaryContactId?: string | null | undefined;
  /** How likely it is won, per cent; the stage’s if left out or null. Every move sets it to that of the new stage. Always 100 when won, 0 when lost or invalid. At least 0, at most 100. */
  probability?: number | null | undefined;
  /** Where it came from. Its id. */
  sourceId?: string | null | undefined;
  /** The stage that it stands in, of its own pipeline (STAGE_NOT_IN_PIPELINE). Left out: the first open one. Its id. */
  stageId?: string | null | undefined;
  /** What kind of sale it is. */
  type?: OpportunityKind | null | undefined;
};

/** One of several e-mail addresses. */
export type EmailEntryInput = {
  /** The address. Required. */
  address?: string | null | undefined;
  /** Did mail to it come back. */
  isInvalid?: boolean | null | undefined;
  /** Is it the one to write to first. */
  isPrimary?: boolean | null | undefined;
  /** What it is for: work, private. At most 40 characters. */
  label?: string | null | undefined;
  /** Has its owner asked for no mail. */
  optedOut?: boolean | null | undefined;
};

/** What is wrong with an input. */
export type ErrorCode =
  /** Too many failed attempts; try again later. */
  | 'ACCOUNT_LOCKED'
  /** The parts of the receipt are not as much as the receipt. */
  | 'ALLOCATION_MISMATCH'
  /** What was approved cannot be withdrawn. */
  | 'ALREADY_APPROVED'
  /** The record is no longer in the pool, or waits in no queue: somebody else has it. */
  | 'ALREADY_CLAIMED'
  /** The record waits for an approval already. */
  | 'ALREADY_IN_APPROVAL'
  /** A won customer is never taken back, so it need not be locked. */
  | 'ALREADY_WON'
  /** Several records have the key of an upsert; none is chosen. */
  | 'AMBIGUOUS_KEY'
  /** The amount is the sum of the lines and cannot be set. */
  | 'AMOUNT_DERIVED_FROM_LINES'
  /** The record waits for an approval and must stay as it is until then. */
  | 'APPROVAL_PENDING'
  /** What was approved stays: void it or renew it. */
  | 'APPROVED_NOT_EDITABLE'
  /** More than 200 records at once. */
  | 'BULK_TOO_LARGE'
  /** Feedback is not deleted but archived, with a reason. */
  | 'CASE_DELETE_FORBIDDEN'
  /** The category still has categories below it. `details` as for REFERENCE_IN_USE. */
  | 'CATEGORY_HAS_CHILDREN'
  /** The category still holds products. `details` as for REFERENCE_IN_USE. */
  | 'CATEGORY_IN_USE'
  /** The user has claimed as many records today as the pool allows. `details` holds `limit`, `used` and `resetsAt`. */
  | 'CLAIM_LIMIT_REACHED'
  /** A complaint is closed with what it came of and what was done. `details.fields` names what is missing. */
  | 'CLOSE_REQUIREMENTS_MISSING'
  /** The step asks for a comment with a refusal. */
  | 'COMMENT_REQUIRED'
  /** The contract would end before it starts. */
  | 'CONTRACT_DATE_INVALID'
  /** The contract is not approved, and money needs one that is. */
  | 'CONTRACT_NOT_APPROVED'
  /** The contract was not submitted for approval yet. */
  | 'CONTRACT_NOT_SUBMITTED'
  /** Amounts of one record, or of a record and its lines, have different currencies. */
  | 'CURRENCY_MISMATCH'
  /** There is no rate from the currency to that of the company for the day. `details` holds `currency` and `date`. */
  | 'CURRENCY_RATE_MISSING'
  /** A task would wait for itself. */
  | 'DEPENDENCY_CYCLE'
  /** The record looks like one that exists. `details` names the matches. */
  | 'DUPLICATE_DETECTED'
  /** The protection was extended as often as the company allows. */
  | 'EXTENSION_LIMIT'
  /** The caller may not write this field. */
  | 'FIELD_FORBIDDEN'
  /** The name cannot be the name of a custom field: malformed, or reserved. */
  | 'FIELD_NAME_INVALID'
  /** The type of a custom field cannot be changed to this one without losing values. */
  | 'FIELD_TYPE_CHANGE_UNSAFE'
  /** The file is larger than allowed. `details.max` is the limit in bytes. */
  | 'FILE_TOO_LARGE'
  /** Files of this type are not taken. */
  | 'FILE_TYPE_FORBIDDEN'
  /** The caller may see the record, but may not do this with it. `details.permission` names what it takes. */
  | 'FORBIDDEN'
  /** A record would become its own ancestor. */
  | 'HIERARCHY_CYCLE'
  /** The hierarchy would have more levels than allowed. */
  | 'HIERARCHY_TOO_DEEP'
  /** E-mail address and password do not fit together. */
  | 'INVALID_CREDENTIALS'
  /** The record is in a state that does not allow this. `details` holds `from`, `to` and `allowed`. */
  | 'INVALID_STATE'
  /** The link of a mail is not valid: used, replaced, too old, of another company, or never given out. */
  | 'INVALID_TOKEN'
  /** The last administrator of the company cannot go. */
  | 'LAST_ADMIN'
  /** The last active pipeline cannot go. */
  | 'LAST_PIPELINE'
  /** The last enabled pool of its object cannot go. */
  | 'LAST_POOL'
  /** The lead was converted before. */
  | 'LEAD_ALREADY_CONVERTED'
  /** The owner would have more locked records of the type than their quota allows. `details` holds `limit`, `current` and `requested`. */
  | 'LOCK_QUOTA_EXCEEDED'
  /** A lost opportunity needs a loss reason. */
  | 'LOSS_REASON_REQUIRED'
  /** A merge takes at least two different records. */
  | 'MERGE_NEEDS_TWO'
  /** The password was right; send a code of the second factor with it. */
  | 'MFA_REQUIRED'
  /** The record has not been in the pool for long enough. `details.until` says when it may be claimed. */
  | 'NEW_DATA_COOLDOWN'
  /** It is not for the caller to decide now. */
  | 'NOT_CURRENT_APPROVER'
  /** The record named by the id does not exist, or the caller may not see it. */
  | 'NOT_FOUND'
  /** No approval flow takes the record. */
  | 'NO_APPROVAL_FLOW'
  /** Nobody is found who could decide a step of the approval flow. `details.step` names it. */
  | 'NO_APPROVER'
  /** No enabled pool takes the record. */
  | 'NO_POOL_FOR_RECORD'
  /** Another record of the type has this number. */
  | 'NUMBER_TAKEN'
  /** The order is activated: its lines and prices stay. */
  | 'ORDER_ACTIVATED'
  /** More would be fulfilled than was ordered. `details` holds `ordered` and `fulfilled`. */
  | 'OVER_FULFILMENT'
  /** The owner of a record cannot also be a member of its team. */
  | 'OWNER_IS_MEMBER'
  /** The user would own more records of the type than their quota allows. `details` holds `object`, `limit`, `current` and `requested`. */
  | 'OWNER_QUOTA_EXCEEDED'
  /** The record belongs to nobody, and what is to be made of it needs an owner. */
  | 'OWNER_REQUIRED'
  /** The password was right and has expired; send a new one with it. */
  | 'PASSWORD_EXPIRED'
  /** The password is one of the last five. */
  | 'PASSWORD_REUSED'
  /** The password breaks the rules for passwords. */
  | 'PASSWORD_WEAK'
  /** A pipeline needs at least one won and one lost stage. */
  | 'PIPELINE_NEEDS_WON_AND_LOST'
  /** The plans would be more than the contract. `details.remaining` says what may still be planned. */
  | 'PLAN_EXCEEDS_CONTRACT'
  /** Money was received for the plan; it stays. */
  | 'PLAN_HAS_RECEIPTS'
  /** The caller is no member of the pool, or no administrator of it where it takes one. */
  | 'POOL_ACCESS_DENIED'
  /** The pool is switched off. */
  | 'POOL_DISABLED'
  /** The pool still holds records. `details.count` says how many. */
  | 'POOL_NOT_EMPTY'
  /** The user had the record not long ago. `details.until` says when they may claim it again. */
  | 'PREVIOUS_OWNER_COOLDOWN'
  /** No price book gives the product a price in this currency for this quantity and day. */
  | 'PRICE_NOT_FOUND'
  /** The caller cannot grant what they do not have. */
  | 'PRIVILEGE_ESCALATION'
  /** The product is inactive and cannot be sold. */
  | 'PRODUCT_INACTIVE'
  /** The customer is protected for somebody else. `details.until` says how long. */
  | 'PROTECTION_ACTIVE'
  /** The company has as many of these as its plan allows. `details` holds `limit` and `current`. */
  | 'QUOTA_EXCEEDED'
  /** Another quote of the opportunity has been accepted. */
  | 'QUOTE_ALREADY_ACCEPTED'
  /** The quote is no longer valid. */
  | 'QUOTE_EXPIRED'
  /** A newer revision took the place of the quote. */
  | 'QUOTE_SUPERSEDED'
  /** A confirmed receipt stays; reverse it. */
  | 'RECEIPT_CONFIRMED'
  /** More would be received than the contract still asks for. `details.balance` says how much it asks for. */
  | 'RECEIPT_EXCEEDS_BALANCE'
  /** The record is locked. */
  | 'RECORD_LOCKED'
  /** Other records still refer to this one. `details` says how many of which type in `refs`, and in `others` whether there are some that the caller may not see. */
  | 'REFERENCE_IN_USE'
  /** A record that the input refers to does not exist, or the caller may not see it. */
  | 'REFERENCE_NOT_FOUND'
  /** Somebody else has the customer or registered it before. `details` holds `with` (masked) and `since`. */
  | 'REGISTRATION_CONFLICT'
  /** The registration lacks what a decision needs. `details.missing` names the fields. */
  | 'REGISTRATION_INCOMPLETE'
  /** The moment it is planned for is over. */
  | 'SCHEDULE_IN_PAST'
  /** Nobody decides their own request. */
  | 'SELF_APPROVAL_FORBIDDEN'
  /** The stage belongs to another pipeline. */
  | 'STAGE_NOT_IN_PIPELINE'
  /** The stage asks for fields that the deal does not have. `details.fields` names them. */
  | 'STAGE_REQUIREMENTS_MISSING'
  /** The pipeline does not let a deal move from its stage to this one. `details` holds `from`, `to` and `allowed`. */
  | 'STAGE_TRANSITION_NOT_ALLOWED'
  /** The record was changed since it was read. `details` holds the current version and the fields that differ. */
  | 'STALE_VERSION'
  /** The template names something that there is not. `details` holds `variable` and, in `allowed`, what may stand there. */
  | 'TEMPLATE_VARIABLE_UNKNOWN'
  /** Another record already has this value. */
  | 'UNIQUE_VIOLATION'
  /** The template of a mass mail has no link to unsubscribe: {{ unsubscribeUrl }}. */
  | 'UNSUBSCRIBE_LINK_REQUIRED'
  /** The user still owns records. */
  | 'USER_HAS_RECORDS'
  /** The user is suspended or has left. */
  | 'USER_INACTIVE'
  /** A value breaks a rule of its field: missing, too long, malformed, out of range. */
  | 'VALIDATION_FAILED'
  /** What is void stays as it is. */
  | 'VOID_NOT_EDITABLE'
  /** What is void is not given to another owner. */
  | 'VOID_NOT_TRANSFERABLE'
  /** The address must not be called: not https, or one of a private, loopback or link-local network. */
  | 'WEBHOOK_URL_FORBIDDEN'
  /** The record waits for an approval; withdraw it first. */
  | 'WITHDRAW_FIRST'
  /** Workflows started one another in a ring, or too often in a chain. */
  | 'WORKFLOW_LOOP';

/** Payments at an interval. */
export type GenerateReceiptPlansInput = {
  /** The contract. */
  contractId: string;
  /** How many, 1 to 120. */
  count: number;
  /** When the first is due; the first day of the contract if left out. */
  firstDueDate?: string | null | undefined;
  /** How much of what is to be planned the first is, per cent, between 0 and 100; as much as the others if left out. */
  firstPercent?: string | null | undefined;
  /** What lies between two of them. */
  interval: PlanInterval;
  /** How they are to be paid. */
  method?: PaymentMethod | null | undefined;
  /** How many days before each is due the owner gets a task, 0 to 365. */
  remindDaysBefore?: number | null | undefined;
};

/** Whom the invoice is made out to. */
export type InvoiceTitleType =
  /** A company, 单位. */
  | 'ORG'
  /** A person, 个人. */
  | 'PERSON';

/** What the use rests on. */
export type LawfulBasis =
  /** Their consent. */
  | 'CONSENT'
  /** A contract with them. */
  | 'CONTRACT'
  /** A law that demands it. */
  | 'LEGAL_OBLIGATION'
  /** Legitimate interests of the tenant. */
  | 'LEGITIMATE_INTERESTS'
  /** A public task. */
  | 'PUBLIC_TASK'
  /** Somebody’s life. */
  | 'VITAL_INTERESTS';

/** One of the consents of a new lead. */
export type LeadConsentsInput = {
  /** When they said it, not in the future; now if left out. */
  at?: string | null | undefined;
  /** Over which channel. Required. */
  channel?: ConsentChannel | null | undefined;
  /** The person who said it. Its id. */
  contactId?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** What proves it: the words, the address of the form, the number of the recording. At most 20000 characters. */
  evidence?: string | null | undefined;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** What the use rests on. */
  lawfulBasis?: LawfulBasis | null | undefined;
  /** What for, in the tenant’s own words: NEWSLETTER, 回访. At most 100 characters, required. */
  purpose?: string | null | undefined;
  /** Where they said it: a form, a call, a fair. At most 255 characters. */
  source?: string | null | undefined;
  /** What they said. Required. */
  status?: ConsentStatus | null | undefined;
};

/** One of the lead products of a new lead. */
export type LeadLeadProductsInput = {
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** The product. Its id. Required. */
  productId?: string | null | undefined;
  /** How much of it, more than 0, at most four decimals. At least 0.0001. */
  quantity?: string | null | undefined;
};

/** How near it is to buying. */
export type LeadRating =
  /** Will hardly buy. */
  | 'COLD'
  /** Will buy soon. */
  | 'HOT'
  /** May buy some day. */
  | 'WARM';

/** Where it stands. */
export type LeadStatus =
  /** Has an owner, who has not begun. */
  | 'ASSIGNED'
  /** Became a company, a person and perhaps a deal, 已转化. Set by the conversion; a new lead may be entered converted, as an import of history does, but an update to it is INVALID_STATE. */
  | 'CONVERTED'
  /** Nobody has looked at it. */
  | 'NEW'
  /** Not ready to buy; kept warm. */
  | 'NURTURING'
  /** Worth a deal. */
  | 'QUALIFIED'
  /** Taken up again after it had been given up. */
  | 'RECYCLED'
  /** Not worth a deal. */
  | 'UNQUALIFIED'
  /** Is being followed up, 跟进中. */
  | 'WORKING';

/** One of the third party identities of a new lead. */
export type LeadThirdPartyIdentitiesInput = {
  /** The company it belongs to. Its id. */
  accountId?: string | null | undefined;
  /** The person it belongs to. Its id. */
  contactId?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** The user’s id there; unique among live ones of the platform. At most 255 characters, required. */
  externalUserId?: string | null | undefined;
  /** What they call themselves there. At most 255 characters. */
  nickname?: string | null | undefined;
  /** The platform, letters, digits and _: WECHAT, DOUYIN, TAOBAO. Kept in upper case. At most 40 characters, required. */
  platform?: string | null | undefined;
  /** The id that several applications of the platform share: a WeChat union id. At most 255 characters. */
  unionId?: string | null | undefined;
};

/** An amount of money. */
export type MoneyInput = {
  /** At most 15 digits before and 4 after the point. */
  amount: string;
  /** Left out: the currency of the record, else the company’s. All amounts of a record share one currency; another is CURRENCY_MISMATCH. */
  currency?: string | null | undefined;
};

/** What kind of sale it is. */
export type OpportunityKind =
  /** Something new. */
  | 'NEW'
  /** The same again, 续费. */
  | 'RENEWAL'
  /** More for one who has bought, 增购. */
  | 'UPSELL';

/** One of the lines of a new opportunity. */
export type OpportunityLinesInput = {
  /** Currency of its amounts: always the deal’s. Another is CURRENCY_MISMATCH. */
  currency?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Discount as an amount, in addition to discountPct. At least 0. */
  discountAmount?: MoneyInput | null | undefined;
  /** Discount in per cent of the subtotal, at most two decimals. At least 0, at most 100. */
  discountPct?: string | null | undefined;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** Price of one unit before any bargain; what the price books say if left out. At least 0. */
  listPrice?: MoneyInput | null | undefined;
  /** What is offered; the product’s name if left out. Required without a product. At most 255 characters. */
  name?: string | null | undefined;
  /** The product; must be active when the line is made (PRODUCT_INACTIVE). Its id. */
  productId?: string | null | undefined;
  /** How much of it, more than 0, at most four decimals. At least 0.0001. */
  quantity?: string | null | undefined;
  /** When it is to be delivered or begins. */
  serviceDate?: string | null | undefined;
  /** Its place among the lines, the smallest first. */
  sort?: number | null | undefined;
  /** Tax in per cent of what is left after discounts, at most three decimals; none if left out. At least 0, at most 100. */
  taxRate?: string | null | undefined;
  /** What it is counted in; the product’s if left out. At most 40 characters. */
  unit?: string | null | undefined;
  /** Price of one unit as offered; what the price books say if left out (see PriceBook), PRICE_NOT_FOUND where they say nothing. At least 0. */
  unitPrice?: MoneyInput | null | undefined;
};

/** One of the opportunity competitors of a new opportunity. */
export type OpportunityOpportunityCompetitorsInput = {
  /** The competitor. Its id. Required. */
  competitorId?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** Did it win the deal. Setting it takes the mark from the deal’s other competitors. */
  isWinner?: boolean | null | undefined;
  /** How it stands in this deal. At most 20000 characters. */
  note?: string | null | undefined;
};

/** One of the opportunity contacts of a new opportunity. */
export type OpportunityOpportunityContactsInput = {
  /** The person. Its id. Required. */
  contactId?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** Is it the person who counts most in this deal. Setting it takes the mark from the deal’s other people. */
  isPrimary?: boolean | null | undefined;
  /** The part that the person plays when the company buys. */
  role?: ContactRole | null | undefined;
};

/** What its stage makes of it. */
export type OpportunityStatus =
  /** Was never a real one, 无效. */
  | 'INVALID'
  /** It was lost, 输单. */
  | 'LOST'
  /** Still going on. */
  | 'OPEN'
  /** It was won, 赢单. */
  | 'WON';

/** Who owns it. */
export type Ownership =
  /** Something else. */
  | 'OTHER'
  /** Privately held. */
  | 'PRIVATE'
  /** Listed on an exchange. */
  | 'PUBLIC'
  /** Held by a state. */
  | 'STATE'
  /** Held by another company. */
  | 'SUBSIDIARY';

/** Why it changed. */
export type OwnershipReason =
  /** An administrator of the pool gave it to somebody. */
  | 'ASSIGN'
  /** Somebody claimed it from a pool. */
  | 'CLAIM'
  /** It was made or changed by a conversion. */
  | 'CONVERT'
  /** Its owner handed over. */
  | 'HANDOVER'
  /** It was imported. */
  | 'IMPORT'
  /** It was merged with others. */
  | 'MERGE'
  /** It went from one pool to another. */
  | 'MOVE'
  /** A rule took it back; rule says which. */
  | 'RECLAIM'
  /** A registration gave it to its registrant. */
  | 'REGISTRATION'
  /** It was given to a pool. */
  | 'RELEASE'
  /** Its owner was changed. */
  | 'TRANSFER';

/** How money comes. */
export type PaymentMethod =
  /** A bill that a bank accepted, 承兑汇票. */
  | 'ACCEPTANCE_BILL'
  /** Out of what the account has to its credit (AccountCredit), 预收款. */
  | 'ACCOUNT_CREDIT'
  /** A transfer between banks, 银行转账. */
  | 'BANK_TRANSFER'
  /** A card, 刷卡. */
  | 'CARD'
  /** Notes and coins, 现金. */
  | 'CASH'
  /** A cheque, 支票. */
  | 'CHEQUE'
  /** A wallet such as Alipay or WeChat Pay, 电子支付. */
  | 'DIGITAL_WALLET'
  /** Another way. */
  | 'OTHER';

/** One of several telephone numbers. */
export type PhoneEntryInput = {
  /** Is it the one to call first. */
  isPrimary?: boolean | null | undefined;
  /** What it is for: work, mobile, home. At most 40 characters. */
  label?: string | null | undefined;
  /** The number, E.164. Required. */
  number?: string | null | undefined;
};

/** What lies between two plans. */
export type PlanInterval =
  /** A month; what falls on the 31st is due on the last day of shorter ones. */
  | 'MONTH'
  /** Three months. */
  | 'QUARTER'
  /** Seven days. */
  | 'WEEK'
  /** Twelve months. */
  | 'YEAR';

/** How it stands. */
export type QuoteStatus =
  /** The customer takes it, 已接受. */
  | 'ACCEPTED'
  /** May be sent. */
  | 'APPROVED'
  /** The customer does not want it. */
  | 'DECLINED'
  /** Being worked on. */
  | 'DRAFT'
  /** Its last day was over before the customer answered. */
  | 'EXPIRED'
  /** Waits for its approval. */
  | 'IN_APPROVAL'
  /** Its approval was refused; it may be changed and submitted again. */
  | 'REJECTED'
  /** The customer has it. */
  | 'SENT'
  /** A newer revision took its place, or it was a mistake, 作废. */
  | 'VOID';

/** What of a receipt is for a plan. */
export type ReceiptAllocationInput = {
  /** How much, more than 0. */
  amount: MoneyInput;
  /** The plan, of the same contract. */
  planId: string;
};

/** How it stands. A day that is over makes it OVERDUE soon after midnight in the company’s time zone. */
export type ReceiptPlanStatus =
  /** All of it was received. */
  | 'DONE'
  /** The contract is not approved yet. */
  | 'NOT_EFFECTIVE'
  /** The day is over, and something is open. */
  | 'OVERDUE'
  /** Some of it was received. */
  | 'PARTIAL'
  /** Nothing was received yet. */
  | 'PENDING'
  /** The contract was rejected, is void or terminated: it is not to be paid. */
  | 'VOID';

/** How it stands. */
export type ReceiptStatus =
  /** It counts. */
  | 'CONFIRMED'
  /** Written down; counts for nothing. */
  | 'DRAFT'
  /** Waits for its approval. */
  | 'IN_APPROVAL'
  /** Its approval was refused; it may be changed and submitted again. */
  | 'REJECTED'
  /** It was taken back by a counter-entry, with which it is nothing. */
  | 'REVERSED';

/** Money that came in. */
export type RecordReceiptInput = {
  /** For which plans it is: as much as the receipt (ALLOCATION_MISMATCH). At most 120. */
  allocations?: Array<ReceiptAllocationInput> | null | undefined;
  /** How much, more than 0. */
  amount: MoneyInput;
  /** What the bank calls the payment. At most 100 characters. */
  bankRef?: string | null | undefined;
  /** Confirm it at once; needs Receipt.approve. false if left out. */
  confirm?: boolean | null | undefined;
  /** The contract that it came for. */
  contractId: string;
  /** Values of the company’s own fields, by their apiName. */
  customFields?: unknown;
  /** Its key in another system. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. */
  externalSource?: string | null | undefined;
  /** How it came; BANK_TRANSFER if left out. */
  method?: PaymentMethod | null | undefined;
  /** Anything else. At most 2000 characters. */
  note?: string | null | undefined;
  /** Its number, where the company’s rule lets people write them. */
  number?: string | null | undefined;
  /** Who paid. At most 255 characters. */
  payer?: string | null | undefined;
  /** The one plan that all of it is for. Without effect where allocations are given. */
  planId?: string | null | undefined;
  /** The day on which it came, not in the future. */
  receivedOn: string;
};

/** One of the opportunity lines that there are to be. */
export type ReplaceOpportunityLineInput = {
  /** Currency of its amounts: always the deal’s. Another is CURRENCY_MISMATCH. */
  currency?: string | null | undefined;
  /** Values of the fields that the company itself defined for the type, by their apiName: { "tier": "GOLD" }. fieldDefinitions tells which there are, of what type and by what rules. Those without a value, and those hidden from the viewer (FIELD_FORBIDDEN), are left out. Written, it names those that change: null clears one, the others stay; null instead of the object clears all; unknown ones are refused. */
  customFields?: unknown;
  /** Discount as an amount, in addition to discountPct. At least 0. */
  discountAmount?: MoneyInput | null | undefined;
  /** Discount in per cent of the subtotal, at most two decimals. At least 0, at most 100. */
  discountPct?: string | null | undefined;
  /** Its key in another system, unique among live records per externalSource. At most 255 characters. */
  externalId?: string | null | undefined;
  /** The other system that externalId belongs to. At most 100 characters. */
  externalSource?: string | null | undefined;
  /** A line that is there, to be kept and changed; a new one is made if left out. */
  id?: string | null | undefined;
  /** Price of one unit before any bargain; what the price books say if left out. At least 0. */
  listPrice?: MoneyInput | null | undefined;
  /** What is offered; the product’s name if left out. Required without a product. At most 255 characters. */
  name?: string | null | undefined;
  /** The product; must be active when the line is made (PRODUCT_INACTIVE). Its id. */
  productId?: string | null | undefined;
  /** How much of it, more than 0, at most four decimals. At least 0.0001. */
  quantity?: string | null | undefined;
  /** When it is to be delivered or begins. */
  serviceDate?: string | null | undefined;
  /** Its place among the lines, the smallest first. */
  sort?: number | null | undefined;
  /** Tax in per cent of what is left after discounts, at most three decimals; none if left out. At least 0, at most 100. */
  taxRate?: string | null | undefined;
  /** What it is counted in; the product’s if left out. At most 40 characters. */
  unit?: string | null | undefined;
  /** Price of one unit as offered; what the price books say if left out (see PriceBook), PRICE_NOT_FOUND where they say nothing. At least 0. */
  unitPrice?: MoneyInput | null | undefined;
};

/** A part of a score. */
export type ScorePartInput = {
  /** The tenant’s short name for it: budget, visits. At most 50 characters, required. */
  key?: string | null | undefined;
  /** Points for it; below 0 takes away. Required. */
  points?: number | null | undefined;
  /** Why there are so many. At most 255 characters. */
  reason?: string | null | undefined;
};

export type SignInMutationVariables = Exact<{
  tenant: string;
  email: string;
  password: string;
}>;


export type SignInMutation = { signIn: { accessToken: string | null, refreshToken: string | null, expiresAt: string | null, userErrors: Array<{ code: ErrorCode, message: string }> } };

export type AccountsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type AccountsQuery = { accounts: { nodes: Array<{ id: string, name: string | null, contacts: { nodes: Array<{ fullName: string | null, email: string | null }> } | null, opportunities: { totalCount: { value: number } | null, nodes: Array<{ name: string | null, amount: { amount: string, currency: string } | null, stage: { name: string | null } | null }> } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type NewAccountMutationVariables = Exact<{
  input: CreateAccountInput;
  key: string;
}>;


export type NewAccountMutation = { createAccount: { account: { id: string, version: number, name: string | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null, message: string }> } };

export type OpenByStageQueryVariables = Exact<{ [key: string]: never; }>;


export type OpenByStageQuery = { opportunityAggregate: Array<{ count: number, key: { currency: string | null, stage: { name: string | null } | null }, sum: { amount: { amount: string, currency: string } | null } }> };

export type NewLeadMutationVariables = Exact<{
  input: CreateLeadInput;
  allowDuplicate?: boolean | null | undefined;
}>;


export type NewLeadMutation = { createLead: { lead: { id: string, fullName: string | null, status: LeadStatus | null, owner: { name: string | null } | null } | null, userErrors: Array<{ code: ErrorCode, message: string, details: unknown }> } };

export type ConvertLeadMutationVariables = Exact<{
  leadId: string;
  deal: CreateOpportunityInput;
}>;


export type ConvertLeadMutation = { convertLead: { lead: { status: LeadStatus | null, conversion: { revertibleUntil: string | null } | null } | null, account: { id: string, name: string | null } | null, contact: { id: string, fullName: string | null } | null, opportunity: { id: string, name: string | null, closeDate: string | null, amount: { amount: string, currency: string } | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null, message: string, details: unknown }> } };

export type ReleaseToPoolMutationVariables = Exact<{
  ids: Array<string> | string;
  reason: string;
}>;


export type ReleaseToPoolMutation = { releaseToPool: { results: Array<{ id: string | null, userErrors: Array<{ code: ErrorCode }> }>, userErrors: Array<{ code: ErrorCode, message: string }> } };

export type PublicPoolQueryVariables = Exact<{ [key: string]: never; }>;


export type PublicPoolQuery = { pools: { nodes: Array<{ id: string, name: string | null, dailyLimitPerUser: number | null }> }, accounts: { nodes: Array<{ id: string, name: string | null, pooledAt: string | null, previousOwner: { name: string | null } | null }> } };

export type ClaimFromPoolMutationVariables = Exact<{
  poolId: string;
  ids: Array<string> | string;
}>;


export type ClaimFromPoolMutation = { claimFromPool: { results: Array<{ record:
        | { id: string }
        | { name: string | null, claimType: ClaimType | null, id: string, owner: { name: string | null } | null }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
        | { id: string }
       | null, userErrors: Array<{ code: ErrorCode, details: unknown }> }>, userErrors: Array<{ code: ErrorCode, message: string }> } };

export type HistoryQueryVariables = Exact<{
  id: string;
}>;


export type HistoryQuery = { account: { ownershipRecords: { nodes: Array<{ reason: OwnershipReason | null, note: string | null, at: string | null, fromOwner: { name: string | null } | null, toOwner: { name: string | null } | null }> } | null } | null };

export type MakeLeadMutationVariables = Exact<{
  input: CreateLeadInput;
}>;


export type MakeLeadMutation = { createLead: { lead: { id: string, status: LeadStatus | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type MakeCustomerMutationVariables = Exact<{
  leadId: string;
  deal: CreateOpportunityInput;
}>;


export type MakeCustomerMutation = { convertLead: { account: { id: string, name: string | null } | null, opportunity: { id: string, stage: { name: string | null } | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type OfferProductsMutationVariables = Exact<{
  id: string;
  lines: Array<ReplaceOpportunityLineInput> | ReplaceOpportunityLineInput;
}>;


export type OfferProductsMutation = { replaceOpportunityLines: { opportunity: { amount: { amount: string, currency: string } | null, lines: { nodes: Array<{ name: string | null, quantity: string | null, unitPrice: { amount: string } | null, total: { amount: string } | null }> } | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type MakeQuoteMutationVariables = Exact<{
  opportunityId: string;
  validUntil: string;
}>;


export type MakeQuoteMutation = { createQuoteFromOpportunity: { quote: { id: string, number: string | null, status: QuoteStatus | null, total: { amount: string, currency: string } | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type SendQuoteMutationVariables = Exact<{
  id: string;
  to?: Array<string> | string | null | undefined;
}>;


export type SendQuoteMutation = { sendQuote: { quote: { status: QuoteStatus | null, customerUrl: string | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null, details: unknown }> } };

export type AcceptQuoteMutationVariables = Exact<{
  id: string;
  signedBy?: string | null | undefined;
}>;


export type AcceptQuoteMutation = { acceptQuote: { quote: { status: QuoteStatus | null, signedBy: string | null, acceptedAt: string | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type WinDealMutationVariables = Exact<{
  id: string;
}>;


export type WinDealMutation = { closeWon: { opportunity: { status: OpportunityStatus | null, probability: number | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type MakeContractMutationVariables = Exact<{
  quoteId: string;
  startDate: string;
  endDate: string;
}>;


export type MakeContractMutation = { quoteToContract: { contract: { id: string, number: string | null, status: ContractStatus | null, amount: { amount: string, currency: string } | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type SubmitContractMutationVariables = Exact<{
  id: string;
}>;


export type SubmitContractMutation = { submitContract: { contract: { status: ContractStatus | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type PlanReceiptsMutationVariables = Exact<{
  input: GenerateReceiptPlansInput;
}>;


export type PlanReceiptsMutation = { generateReceiptPlans: { contract: { receiptPlans: { nodes: Array<{ id: string, status: ReceiptPlanStatus | null, dueDate: string | null, amount: { amount: string } | null }> } | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null, details: unknown }> } };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { viewer: { user: { id: string, name: string | null } | null } };

export type InboxQueryVariables = Exact<{
  me: string;
}>;


export type InboxQuery = { approvalTasks: { nodes: Array<{ id: string, stepName: string | null, instance: { id: string, submitter: { name: string | null } | null, record:
          | { id: string, name: string | null, amount: { amount: string, currency: string } | null }
          | Record<PropertyKey, never>
         | null } | null }> } };

export type ApproveMutationVariables = Exact<{
  id: string;
  comment?: string | null | undefined;
}>;


export type ApproveMutation = { approve: { approvalInstance: { status: ApprovalStatus | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type RecordReceiptMutationVariables = Exact<{
  input: RecordReceiptInput;
}>;


export type RecordReceiptMutation = { recordReceipt: { receipt: { id: string, number: string | null, status: ReceiptStatus | null, amount: { amount: string } | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null, details: unknown }> } };

export type ConfirmReceiptMutationVariables = Exact<{
  id: string;
}>;


export type ConfirmReceiptMutation = { confirmReceipt: { receipt: { status: ReceiptStatus | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null, details: unknown }> } };

export type ReverseReceiptMutationVariables = Exact<{
  id: string;
  reason: string;
}>;


export type ReverseReceiptMutation = { reverseReceipt: { receipt: { status: ReceiptStatus | null } | null, userErrors: Array<{ code: ErrorCode, field: Array<string> | null }> } };

export type BalanceQueryVariables = Exact<{
  id: string;
}>;


export type BalanceQuery = { contract: { status: ContractStatus | null, plannedAmount: { amount: string } | null, receivedAmount: { amount: string } | null, unreceivedAmount: { amount: string } | null, receiptPlans: { nodes: Array<{ status: ReceiptPlanStatus | null, receivedAmount: { amount: string } | null }> } | null } | null };


export const SignInDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SignIn"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"tenant"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"email"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"EmailAddress"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"password"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"signIn"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"tenant"},"value":{"kind":"Variable","name":{"kind":"Name","value":"tenant"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"email"},"value":{"kind":"Variable","name":{"kind":"Name","value":"email"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"password"},"value":{"kind":"Variable","name":{"kind":"Name","value":"password"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"refreshToken"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<SignInMutation, SignInMutationVariables>;
export const AccountsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Accounts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}},"defaultValue":{"kind":"IntValue","value":"5"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accounts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"NAME"}}]}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"contacts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"3"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"fullName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"3"}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"eq"},"value":{"kind":"EnumValue","value":"OPEN"}}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"value"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}},{"kind":"Field","name":{"kind":"Name","value":"stage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<AccountsQuery, AccountsQueryVariables>;
export const NewAccountDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"NewAccount"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateAccountInput"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"key"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createAccount"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"directives":[{"kind":"Directive","name":{"kind":"Name","value":"idempotent"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"key"},"value":{"kind":"Variable","name":{"kind":"Name","value":"key"}}}]}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<NewAccountMutation, NewAccountMutationVariables>;
export const OpenByStageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OpenByStage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"opportunityAggregate"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"groupBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"STAGE"}}]},{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"CURRENCY"}}]}]}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"eq"},"value":{"kind":"EnumValue","value":"OPEN"}}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"key"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}},{"kind":"Field","name":{"kind":"Name","value":"count"}},{"kind":"Field","name":{"kind":"Name","value":"sum"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}}]}}]}}]}}]} as unknown as DocumentNode<OpenByStageQuery, OpenByStageQueryVariables>;
export const NewLeadDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"NewLead"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateLeadInput"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"allowDuplicate"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Boolean"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createLead"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}},{"kind":"Argument","name":{"kind":"Name","value":"allowDuplicate"},"value":{"kind":"Variable","name":{"kind":"Name","value":"allowDuplicate"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"lead"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"fullName"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"owner"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"details"}}]}}]}}]}}]} as unknown as DocumentNode<NewLeadMutation, NewLeadMutationVariables>;
export const ConvertLeadDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ConvertLead"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"leadId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"deal"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateOpportunityInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"convertLead"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"leadId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"leadId"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"opportunity"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"create"},"value":{"kind":"Variable","name":{"kind":"Name","value":"deal"}}}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"lead"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"conversion"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"revertibleUntil"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"fullName"}}]}},{"kind":"Field","name":{"kind":"Name","value":"opportunity"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"closeDate"}},{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"details"}}]}}]}}]}}]} as unknown as DocumentNode<ConvertLeadMutation, ConvertLeadMutationVariables>;
export const ReleaseToPoolDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ReleaseToPool"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"ids"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"reason"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"releaseToPool"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"ids"},"value":{"kind":"Variable","name":{"kind":"Name","value":"ids"}}},{"kind":"Argument","name":{"kind":"Name","value":"reason"},"value":{"kind":"Variable","name":{"kind":"Name","value":"reason"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"results"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ReleaseToPoolMutation, ReleaseToPoolMutationVariables>;
export const PublicPoolDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"PublicPool"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"pools"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"object"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"eq"},"value":{"kind":"EnumValue","value":"ACCOUNT"}}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"enabled"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"eq"},"value":{"kind":"BooleanValue","value":true}}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"dailyLimitPerUser"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"accounts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"poolId"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"isNull"},"value":{"kind":"BooleanValue","value":false}}]}}]}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"POOLED_AT"}},{"kind":"ObjectField","name":{"kind":"Name","value":"direction"},"value":{"kind":"EnumValue","value":"DESC"}}]}]}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"10"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"pooledAt"}},{"kind":"Field","name":{"kind":"Name","value":"previousOwner"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]}}]} as unknown as DocumentNode<PublicPoolQuery, PublicPoolQueryVariables>;
export const ClaimFromPoolDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ClaimFromPool"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"poolId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"ids"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"claimFromPool"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"poolId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"poolId"}}},{"kind":"Argument","name":{"kind":"Name","value":"ids"},"value":{"kind":"Variable","name":{"kind":"Name","value":"ids"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"results"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"record"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Account"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"owner"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"claimType"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"details"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ClaimFromPoolMutation, ClaimFromPoolMutationVariables>;
export const HistoryDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"History"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"account"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"ownershipRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"AT"}}]}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"note"}},{"kind":"Field","name":{"kind":"Name","value":"fromOwner"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"toOwner"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"at"}}]}}]}}]}}]}}]} as unknown as DocumentNode<HistoryQuery, HistoryQueryVariables>;
export const MakeLeadDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MakeLead"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateLeadInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createLead"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"lead"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<MakeLeadMutation, MakeLeadMutationVariables>;
export const MakeCustomerDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MakeCustomer"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"leadId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"deal"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateOpportunityInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"convertLead"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"leadId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"leadId"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"opportunity"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"create"},"value":{"kind":"Variable","name":{"kind":"Name","value":"deal"}}}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"opportunity"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"stage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<MakeCustomerMutation, MakeCustomerMutationVariables>;
export const OfferProductsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"OfferProducts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"lines"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ReplaceOpportunityLineInput"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"replaceOpportunityLines"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"lines"},"value":{"kind":"Variable","name":{"kind":"Name","value":"lines"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"opportunity"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}},{"kind":"Field","name":{"kind":"Name","value":"lines"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"quantity"}},{"kind":"Field","name":{"kind":"Name","value":"unitPrice"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}}]}},{"kind":"Field","name":{"kind":"Name","value":"total"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}}]}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<OfferProductsMutation, OfferProductsMutationVariables>;
export const MakeQuoteDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MakeQuote"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"opportunityId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"validUntil"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Date"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createQuoteFromOpportunity"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"opportunityId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"opportunityId"}}},{"kind":"Argument","name":{"kind":"Name","value":"validUntil"},"value":{"kind":"Variable","name":{"kind":"Name","value":"validUntil"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"quote"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"total"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<MakeQuoteMutation, MakeQuoteMutationVariables>;
export const SendQuoteDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SendQuote"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"to"}},"type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sendQuote"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"to"},"value":{"kind":"Variable","name":{"kind":"Name","value":"to"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"quote"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"customerUrl"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"details"}}]}}]}}]}}]} as unknown as DocumentNode<SendQuoteMutation, SendQuoteMutationVariables>;
export const AcceptQuoteDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"AcceptQuote"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"signedBy"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"acceptQuote"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"signedBy"},"value":{"kind":"Variable","name":{"kind":"Name","value":"signedBy"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"quote"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"signedBy"}},{"kind":"Field","name":{"kind":"Name","value":"acceptedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<AcceptQuoteMutation, AcceptQuoteMutationVariables>;
export const WinDealDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"WinDeal"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"closeWon"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"opportunity"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"probability"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<WinDealMutation, WinDealMutationVariables>;
export const MakeContractDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MakeContract"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"quoteId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"startDate"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Date"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"endDate"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Date"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"quoteToContract"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"quoteId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"quoteId"}}},{"kind":"Argument","name":{"kind":"Name","value":"startDate"},"value":{"kind":"Variable","name":{"kind":"Name","value":"startDate"}}},{"kind":"Argument","name":{"kind":"Name","value":"endDate"},"value":{"kind":"Variable","name":{"kind":"Name","value":"endDate"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contract"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<MakeContractMutation, MakeContractMutationVariables>;
export const SubmitContractDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SubmitContract"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"submitContract"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contract"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<SubmitContractMutation, SubmitContractMutationVariables>;
export const PlanReceiptsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"PlanReceipts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"GenerateReceiptPlansInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"generateReceiptPlans"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contract"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"receiptPlans"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"SEQUENCE"}}]}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"dueDate"}},{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}}]}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"details"}}]}}]}}]}}]} as unknown as DocumentNode<PlanReceiptsMutation, PlanReceiptsMutationVariables>;
export const MeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Me"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"user"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]} as unknown as DocumentNode<MeQuery, MeQueryVariables>;
export const InboxDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Inbox"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"me"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"approvalTasks"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"approverId"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"eq"},"value":{"kind":"Variable","name":{"kind":"Name","value":"me"}}}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"eq"},"value":{"kind":"EnumValue","value":"PENDING"}}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"stepName"}},{"kind":"Field","name":{"kind":"Name","value":"instance"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"submitter"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"record"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Contract"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}}]}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<InboxQuery, InboxQueryVariables>;
export const ApproveDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Approve"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"comment"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"approve"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"comment"},"value":{"kind":"Variable","name":{"kind":"Name","value":"comment"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"approvalInstance"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<ApproveMutation, ApproveMutationVariables>;
export const RecordReceiptDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RecordReceipt"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RecordReceiptInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"recordReceipt"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"receipt"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"details"}}]}}]}}]}}]} as unknown as DocumentNode<RecordReceiptMutation, RecordReceiptMutationVariables>;
export const ConfirmReceiptDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ConfirmReceipt"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"confirmReceipt"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"receipt"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"details"}}]}}]}}]}}]} as unknown as DocumentNode<ConfirmReceiptMutation, ConfirmReceiptMutationVariables>;
export const ReverseReceiptDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ReverseReceipt"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"reason"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reverseReceipt"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"reason"},"value":{"kind":"Variable","name":{"kind":"Name","value":"reason"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"receipt"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<ReverseReceiptMutation, ReverseReceiptMutationVariables>;
export const BalanceDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Balance"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contract"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"plannedAmount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}}]}},{"kind":"Field","name":{"kind":"Name","value":"receivedAmount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}}]}},{"kind":"Field","name":{"kind":"Name","value":"unreceivedAmount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}}]}},{"kind":"Field","name":{"kind":"Name","value":"receiptPlans"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"SEQUENCE"}}]}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"receivedAmount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<BalanceQuery, BalanceQueryVariables>;