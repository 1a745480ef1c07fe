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

/** May it be worked with. */
export type AccountStatus =
  /** It is in use. */
  | 'ACTIVE'
  /** Kept for the books. */
  | 'ARCHIVED'
  /** Not in use. */
  | 'INACTIVE'
  /** Kept by its owner; never taken back by the pool. */
  | 'LOCKED';

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

/** The part that the person plays when the company buys. */
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
  /** When something last happened with it. */
  lastActivityAt?: string | null | undefined;
  /** The last follow-up in short. At most 2000 characters. */
  lastContent?: string | null | undefined;
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
  /** The person to talk to first. Its id. */
  primaryContactId?: string | null | undefined;
  /** The tenant’s own grade. At most 50 characters. */
  rating?: string | null | undefined;
  /** Number in the register of companies, 统一社会信用代码. At most 50 characters. */
  registrationNo?: string | null | undefined;
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
  /** What it is to the tenant. */
  type?: AccountKind | null | undefined;
  /** Its home page. At most 2000 characters. */
  website?: string | null | undefined;
  /** The year it was founded. At least 1000, at most 2200. */
  yearFounded?: number | null | undefined;
};

/** What is wrong with an input. */
export type ErrorCode =
  /** Too many failed attempts; try again later. */
  | 'ACCOUNT_LOCKED'
  /** The record is no longer in the pool: somebody else has it. */
  | 'ALREADY_CLAIMED'
  /** A won customer is never taken back, so it need not be locked. */
  | 'ALREADY_WON'
  /** The amount is the sum of the lines and cannot be set. */
  | 'AMOUNT_DERIVED_FROM_LINES'
  /** The record waits for an approval and must stay as it is until then. */
  | 'APPROVAL_PENDING'
  /** More than 200 records at once. */
  | 'BULK_TOO_LARGE'
  /** The user has claimed as many records today as the pool allows. `details` holds `limit`, `used` and `resetsAt`. */
  | 'CLAIM_LIMIT_REACHED'
  /** Amounts of one record, or of a record and its lines, have different currencies. */
  | 'CURRENCY_MISMATCH'
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
  /** The record named by the id does not exist, or the caller may not see it. */
  | 'NOT_FOUND'
  /** No enabled pool takes the record. */
  | 'NO_POOL_FOR_RECORD'
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
  /** The caller is no member of the pool, or no administrator of it where it takes one. */
  | 'POOL_ACCESS_DENIED'
  /** The pool is switched off. */
  | 'POOL_DISABLED'
  /** The pool still holds records. `details.count` says how many. */
  | 'POOL_NOT_EMPTY'
  /** The user had the record not long ago. `details.until` says when they may claim it again. */
  | 'PREVIOUS_OWNER_COOLDOWN'
  /** The caller cannot grant what they do not have. */
  | 'PRIVILEGE_ESCALATION'
  /** The product is inactive and cannot be sold. */
  | 'PRODUCT_INACTIVE'
  /** The customer is protected for somebody else. `details.until` says how long. */
  | 'PROTECTION_ACTIVE'
  /** The company has as many of these as its plan allows. `details` holds `limit` and `current`. */
  | 'QUOTA_EXCEEDED'
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
  /** Nobody decides their own request. */
  | 'SELF_APPROVAL_FORBIDDEN'
  /** The stage belongs to another pipeline. */
  | 'STAGE_NOT_IN_PIPELINE'
  /** The record was changed since it was read. `details` holds the current version and the fields that differ. */
  | 'STALE_VERSION'
  /** Another record already has this value. */
  | 'UNIQUE_VIOLATION'
  /** The user still owns records. */
  | 'USER_HAS_RECORDS'
  /** The user is suspended or has left. */
  | 'USER_INACTIVE'
  /** A value breaks a rule of its field: missing, too long, malformed, out of range. */
  | 'VALIDATION_FAILED';

/** An amount of money. */
export type MoneyInput = {
  /** At most 15 digits before and 4 after the point. */
  amount: string;
  /** Left out: the currency of the record, else the company’s. All amounts of a record share one currency; another is CURRENCY_MISMATCH. */
  currency?: string | null | undefined;
};

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


export const SignInDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SignIn"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"tenant"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"email"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"EmailAddress"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"password"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"signIn"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"tenant"},"value":{"kind":"Variable","name":{"kind":"Name","value":"tenant"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"email"},"value":{"kind":"Variable","name":{"kind":"Name","value":"email"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"password"},"value":{"kind":"Variable","name":{"kind":"Name","value":"password"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"refreshToken"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<SignInMutation, SignInMutationVariables>;
export const AccountsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Accounts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}},"defaultValue":{"kind":"IntValue","value":"5"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accounts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"NAME"}}]}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"contacts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"3"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"fullName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"opportunities"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"3"}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"eq"},"value":{"kind":"EnumValue","value":"OPEN"}}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"value"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}},{"kind":"Field","name":{"kind":"Name","value":"stage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<AccountsQuery, AccountsQueryVariables>;
export const NewAccountDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"NewAccount"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateAccountInput"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"key"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createAccount"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"directives":[{"kind":"Directive","name":{"kind":"Name","value":"idempotent"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"key"},"value":{"kind":"Variable","name":{"kind":"Name","value":"key"}}}]}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<NewAccountMutation, NewAccountMutationVariables>;
export const OpenByStageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OpenByStage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"opportunityAggregate"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"groupBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"STAGE"}}]},{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"CURRENCY"}}]}]}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"eq"},"value":{"kind":"EnumValue","value":"OPEN"}}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"key"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}},{"kind":"Field","name":{"kind":"Name","value":"count"}},{"kind":"Field","name":{"kind":"Name","value":"sum"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}}]}}]}}]}}]} as unknown as DocumentNode<OpenByStageQuery, OpenByStageQueryVariables>;