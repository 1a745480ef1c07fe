import { GraphQLError, type GraphQLErrorOptions } from 'graphql'

/** A sentence in the two languages that the API speaks. */
export interface Localized {
  en: string
  zhCN: string
}

/** What is promised about a request error: its standard sentence, its HTTP status, and whether the same request may pass later. */
export interface ErrorCodeInfo {
  message: Localized
  /** HTTP status when nothing else was answered. Without one the answer is 200 and carries the error beside its data. */
  status?: number
  /** True if the same request, sent again unchanged, may succeed. */
  retryable: boolean
}

function code(en: string, zhCN: string, status?: number, retryable = false): ErrorCodeInfo {
  return { message: { en, zhCN }, status, retryable }
}

/**
 * The closed list of request errors, the values of `errors[].extensions.code` (spec/api.md 6 and the few of
 * GraphQL over HTTP that Apollo Server raises before an operation runs). Codes never change; messages may.
 */
export const ERROR_CODES = {
  UNAUTHENTICATED: code('Sign in, or send a valid credential.', '请先登录，或提供有效的凭证。', 401),
  TOKEN_EXPIRED: code('The token has expired.', '令牌已过期。', 401),
  FORBIDDEN: code('You may not do this.', '您没有执行此操作的权限。'),
  FIELD_FORBIDDEN: code('You may not see this field.', '您没有查看此字段的权限。'),
  EXPORT_APPROVAL_REQUIRED: code('This export needs an approved request.', '此导出需要先通过审批。', 403),
  TENANT_SUSPENDED: code('This company is suspended.', '该企业已被停用。', 403),
  BAD_USER_INPUT: code('The input is not valid.', '输入无效。'),
  PAGE_SIZE_EXCEEDED: code('A page holds at most 100 records.', '每页最多 100 条记录。'),
  MAX_COST_EXCEEDED: code(
    'The operation costs too much. Ask for less at once.',
    '该操作的成本过高，请减少一次请求的内容。',
    400,
  ),
  MAX_DEPTH_EXCEEDED: code('The operation is nested too deeply.', '该操作嵌套过深。', 400),
  MAX_ALIASES_EXCEEDED: code('The operation has too many aliases or root fields.', '该操作的别名或根字段过多。', 400),
  THROTTLED: code('Too many requests. Try again later.', '请求过于频繁，请稍后再试。', 429, true),
  CONCURRENCY_LIMIT: code('Too many requests at the same time.', '同时进行的请求过多。', 429, true),
  IDEMPOTENCY_KEY_REUSED: code('This idempotency key belongs to another request.', '该幂等键已用于另一个请求。', 422),
  IDEMPOTENCY_IN_PROGRESS: code(
    'The first request with this key is still running.',
    '使用该幂等键的请求仍在处理中。',
    409,
    true,
  ),
  PERSISTED_DOCUMENT_NOT_FOUND: code('There is no such document.', '找不到该文档。', 400),
  PERSISTED_QUERY_NOT_SUPPORTED: code('PersistedQueryNotSupported', 'PersistedQueryNotSupported', 200),
  CURRENCY_RATE_MISSING: code('A rate of exchange is missing.', '缺少汇率。'),
  TEMPLATE_VARIABLE_UNKNOWN: code('The template names something that there is not.', '模板引用了不存在的变量。'),
  FEATURE_DISABLED: code('This feature is not switched on.', '该功能未启用。'),
  TIMEOUT: code('The request took too long.', '请求处理超时。', 504, true),
  SERVICE_UNAVAILABLE: code('The service cannot answer now.', '服务暂时不可用。', 503, true),
  GRAPHQL_PARSE_FAILED: code('The document is not valid GraphQL.', '该文档不是有效的 GraphQL。', 400),
  GRAPHQL_VALIDATION_FAILED: code('The document does not fit the schema.', '该文档与模式不符。', 400),
  OPERATION_RESOLUTION_FAILURE: code(
    'Which operation of the document to run is not clear.',
    '无法确定要执行文档中的哪个操作。',
    400,
  ),
  BAD_REQUEST: code('The HTTP request is not valid.', 'HTTP 请求无效。', 400),
  ROUTE_NOT_FOUND: code('There is nothing at this address.', '该地址不存在。', 404),
  PAYLOAD_TOO_LARGE: code('The body of the request is too large.', '请求体过大。', 413),
  INTERNAL: code(
    'Something went wrong on our side. Quote the request id when you ask about it.',
    '服务器内部错误，咨询时请提供请求编号。',
    500,
    true,
  ),
} satisfies Record<string, ErrorCodeInfo>

/** One of the closed list `ERROR_CODES`. */
export type RequestErrorCode = keyof typeof ERROR_CODES

/** What may be said beside the code. No value that a caller sent, no SQL, no path of a file: it reaches the client as it is. */
export interface RequestErrorOptions {
  /** Instead of the standard sentence of the code. */
  message?: string | Localized
  /** More for `extensions`, for example `field`, `missing`, `max`. */
  extensions?: Record<string, unknown>
  /** Instead of the status of the code; 200 for none. */
  status?: number
  /** Headers of the answer, for example `{ 'Retry-After': '3' }`. */
  headers?: Record<string, string>
}

/** An error that a client may see. Everything else that is thrown reaches it as `INTERNAL`. */
export class RequestError extends GraphQLError {
  readonly code: RequestErrorCode
  readonly localized: Localized

  constructor(code: RequestErrorCode, localized: Localized, options: GraphQLErrorOptions) {
    super(localized.en, options)
    this.name = 'RequestError'
    this.code = code
    this.localized = localized
  }
}

/**
 * Makes a request error of the closed list. Throw it from a resolver or from `contextFor`.
 *
 * @example throw requestError('FORBIDDEN', { extensions: { missing: [{ path: ['deleteAccount'], permission: 'account.delete' }] } })
 */
export function requestError(
  code: RequestErrorCode,
  { message, extensions = {}, status, headers = {} }: RequestErrorOptions = {},
): RequestError {
  const info: ErrorCodeInfo = ERROR_CODES[code]
  const localized = typeof message === 'string' ? { en: message, zhCN: message } : (message ?? info.message)
  const http = { status: status ?? info.status, headers: new Map(Object.entries(headers)) }
  // RFC 6750: a 401 says how to authenticate.
  if (http.status === 401) http.headers.set('WWW-Authenticate', 'Bearer')
  return new RequestError(code, localized, {
    extensions: {
      ...extensions,
      code,
      ...(info.retryable ? { retryable: true } : {}),
      // Apollo Server takes `http` out again before it writes the error.
      ...(http.status || http.headers.size ? { http } : {}),
    },
  })
}

/** The request error inside what was thrown, however often an executor wrapped it, or undefined. */
export function requestErrorIn(error: unknown): RequestError | undefined {
  let inner: unknown = error
  while (inner instanceof Error) {
    if (inner instanceof RequestError) return inner
    inner = inner instanceof GraphQLError ? inner.originalError : undefined
  }
  return undefined
}

/** The user errors of the API, the GraphQL enum `ErrorCode`, each with its description. What the caller can mend in the input. */
export const USER_ERROR_CODES = {
  FORBIDDEN: 'The caller may see the record, but may not do this with it. `details.permission` names what it takes.',
  FIELD_FORBIDDEN: 'The caller may not write this field.',
  VALIDATION_FAILED: 'A value breaks a rule of its field: missing, too long, malformed, out of range.',
  NOT_FOUND: 'The record named by the id does not exist, or the caller may not see it.',
  REFERENCE_NOT_FOUND: 'A record that the input refers to does not exist, or the caller may not see it.',
  REFERENCE_IN_USE:
    'Other records still refer to this one. `details` says how many of which type in `refs`, and in `others` whether there are some that the caller may not see.',
  UNIQUE_VIOLATION: 'Another record already has this value.',
  DUPLICATE_DETECTED: 'The record looks like one that exists. `details` names the matches.',
  AMBIGUOUS_KEY: 'Several records have the key of an upsert; none is chosen.',
  STALE_VERSION:
    'The record was changed since it was read. `details` holds the current version and the fields that differ.',
  INVALID_STATE: 'The record is in a state that does not allow this. `details` holds `from`, `to` and `allowed`.',
  RECORD_LOCKED: 'The record is locked.',
  CURRENCY_MISMATCH: 'Amounts of one record, or of a record and its lines, have different currencies.',
  DEPENDENCY_CYCLE: 'A task would wait for itself.',
  HIERARCHY_CYCLE: 'A record would become its own ancestor.',
  HIERARCHY_TOO_DEEP: 'The hierarchy would have more levels than allowed.',
  STAGE_NOT_IN_PIPELINE: 'The stage belongs to another pipeline.',
  LOSS_REASON_REQUIRED: 'A lost opportunity needs a loss reason.',
  AMOUNT_DERIVED_FROM_LINES: 'The amount is the sum of the lines and cannot be set.',
  PRODUCT_INACTIVE: 'The product is inactive and cannot be sold.',
  BULK_TOO_LARGE: 'More than 200 records at once.',
  LAST_PIPELINE: 'The last active pipeline cannot go.',
  PIPELINE_NEEDS_WON_AND_LOST: 'A pipeline needs at least one won and one lost stage.',
  OWNER_IS_MEMBER: 'The owner of a record cannot also be a member of its team.',
  USER_INACTIVE: 'The user is suspended or has left.',
  USER_HAS_RECORDS: 'The user still owns records.',
  OWNER_QUOTA_EXCEEDED:
    'The user would own more records of the type than their quota allows. `details` holds `object`, `limit`, `current` and `requested`.',
  LAST_ADMIN: 'The last administrator of the company cannot go.',
  LEAD_ALREADY_CONVERTED: 'The lead was converted before.',
  ALREADY_WON: 'A won customer is never taken back, so it need not be locked.',
  LOCK_QUOTA_EXCEEDED:
    'The owner would have more locked records of the type than their quota allows. `details` holds `limit`, `current` and `requested`.',
  MERGE_NEEDS_TWO: 'A merge takes at least two different records.',
  APPROVAL_PENDING: 'The record waits for an approval and must stay as it is until then.',
  STAGE_TRANSITION_NOT_ALLOWED:
    'The pipeline does not let a deal move from its stage to this one. `details` holds `from`, `to` and `allowed`.',
  STAGE_REQUIREMENTS_MISSING: 'The stage asks for fields that the deal does not have. `details.fields` names them.',
  PRICE_NOT_FOUND: 'No price book gives the product a price in this currency for this quantity and day.',
  CURRENCY_RATE_MISSING:
    'There is no rate from the currency to that of the company for the day. `details` holds `currency` and `date`.',
  NUMBER_TAKEN: 'Another record of the type has this number.',
  CATEGORY_IN_USE: 'The category still holds products. `details` as for REFERENCE_IN_USE.',
  CATEGORY_HAS_CHILDREN: 'The category still has categories below it. `details` as for REFERENCE_IN_USE.',
  QUOTE_EXPIRED: 'The quote is no longer valid.',
  QUOTE_ALREADY_ACCEPTED: 'Another quote of the opportunity has been accepted.',
  QUOTE_SUPERSEDED: 'A newer revision took the place of the quote.',
  ORDER_ACTIVATED: 'The order is activated: its lines and prices stay.',
  OVER_FULFILMENT: 'More would be fulfilled than was ordered. `details` holds `ordered` and `fulfilled`.',
  CONTRACT_DATE_INVALID: 'The contract would end before it starts.',
  CONTRACT_NOT_APPROVED: 'The contract is not approved, and money needs one that is.',
  CONTRACT_NOT_SUBMITTED: 'The contract was not submitted for approval yet.',
  APPROVED_NOT_EDITABLE: 'What was approved stays: void it or renew it.',
  VOID_NOT_EDITABLE: 'What is void stays as it is.',
  VOID_NOT_TRANSFERABLE: 'What is void is not given to another owner.',
  WITHDRAW_FIRST: 'The record waits for an approval; withdraw it first.',
  PLAN_EXCEEDS_CONTRACT:
    'The plans would be more than the contract. `details.remaining` says what may still be planned.',
  PLAN_HAS_RECEIPTS: 'Money was received for the plan; it stays.',
  RECEIPT_EXCEEDS_BALANCE:
    'More would be received than the contract still asks for. `details.balance` says how much it asks for.',
  RECEIPT_CONFIRMED: 'A confirmed receipt stays; reverse it.',
  ALLOCATION_MISMATCH: 'The parts of the receipt are not as much as the receipt.',
  NO_APPROVAL_FLOW: 'No approval flow takes the record.',
  NO_APPROVER: 'Nobody is found who could decide a step of the approval flow. `details.step` names it.',
  ALREADY_IN_APPROVAL: 'The record waits for an approval already.',
  NOT_CURRENT_APPROVER: 'It is not for the caller to decide now.',
  ALREADY_APPROVED: 'What was approved cannot be withdrawn.',
  COMMENT_REQUIRED: 'The step asks for a comment with a refusal.',
  WEBHOOK_URL_FORBIDDEN:
    'The address must not be called: not https, or one of a private, loopback or link-local network.',
  WORKFLOW_LOOP: 'Workflows started one another in a ring, or too often in a chain.',
  OWNER_REQUIRED: 'The record belongs to nobody, and what is to be made of it needs an owner.',
  POOL_ACCESS_DENIED: 'The caller is no member of the pool, or no administrator of it where it takes one.',
  POOL_DISABLED: 'The pool is switched off.',
  ALREADY_CLAIMED: 'The record is no longer in the pool, or waits in no queue: somebody else has it.',
  CLAIM_LIMIT_REACHED:
    'The user has claimed as many records today as the pool allows. `details` holds `limit`, `used` and `resetsAt`.',
  PREVIOUS_OWNER_COOLDOWN: 'The user had the record not long ago. `details.until` says when they may claim it again.',
  NEW_DATA_COOLDOWN:
    'The record has not been in the pool for long enough. `details.until` says when it may be claimed.',
  NO_POOL_FOR_RECORD: 'No enabled pool takes the record.',
  POOL_NOT_EMPTY: 'The pool still holds records. `details.count` says how many.',
  LAST_POOL: 'The last enabled pool of its object cannot go.',
  REGISTRATION_CONFLICT:
    'Somebody else has the customer or registered it before. `details` holds `with` (masked) and `since`.',
  PROTECTION_ACTIVE: 'The customer is protected for somebody else. `details.until` says how long.',
  REGISTRATION_INCOMPLETE: 'The registration lacks what a decision needs. `details.missing` names the fields.',
  EXTENSION_LIMIT: 'The protection was extended as often as the company allows.',
  CLOSE_REQUIREMENTS_MISSING:
    'A complaint is closed with what it came of and what was done. `details.fields` names what is missing.',
  CASE_DELETE_FORBIDDEN: 'Feedback is not deleted but archived, with a reason.',
  QUOTA_EXCEEDED: 'The company has as many of these as its plan allows. `details` holds `limit` and `current`.',
  FIELD_NAME_INVALID: 'The name cannot be the name of a custom field: malformed, or reserved.',
  FIELD_TYPE_CHANGE_UNSAFE: 'The type of a custom field cannot be changed to this one without losing values.',
  TEMPLATE_VARIABLE_UNKNOWN:
    'The template names something that there is not. `details` holds `variable` and, in `allowed`, what may stand there.',
  UNSUBSCRIBE_LINK_REQUIRED: 'The template of a mass mail has no link to unsubscribe: {{ unsubscribeUrl }}.',
  SCHEDULE_IN_PAST: 'The moment it is planned for is over.',
  FILE_TOO_LARGE: 'The file is larger than allowed. `details.max` is the limit in bytes.',
  FILE_TYPE_FORBIDDEN: 'Files of this type are not taken.',
  PRIVILEGE_ESCALATION: 'The caller cannot grant what they do not have.',
  SELF_APPROVAL_FORBIDDEN: 'Nobody decides their own request.',
  INVALID_CREDENTIALS: 'E-mail address and password do not fit together.',
  ACCOUNT_LOCKED: 'Too many failed attempts; try again later.',
  PASSWORD_WEAK: 'The password breaks the rules for passwords.',
  PASSWORD_REUSED: 'The password is one of the last five.',
  PASSWORD_EXPIRED: 'The password was right and has expired; send a new one with it.',
  MFA_REQUIRED: 'The password was right; send a code of the second factor with it.',
  INVALID_TOKEN: 'The link of a mail is not valid: used, replaced, too old, of another company, or never given out.',
} as const

/** One of `USER_ERROR_CODES`. */
export type UserErrorCode = keyof typeof USER_ERROR_CODES

/** What is wrong with an input, as it stands in `userErrors` of a payload. */
export interface UserErrorInfo {
  code: UserErrorCode
  message: string
  /** Path into the input, list indices as decimal strings; null if no field is to blame. */
  field: string[] | null
  /** More that a program can use, JSON. */
  details?: unknown
}

/** Thrown inside a write to undo it; the mutation answers with `userErrors`. Holds at least one error. */
export class UserErrors extends Error {
  readonly errors: UserErrorInfo[]

  constructor(errors: UserErrorInfo[]) {
    super(errors.map((one) => one.code).join(', '))
    this.name = 'UserErrors'
    this.errors = errors
  }
}
