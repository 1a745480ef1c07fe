import { unwrapResolverError } from '@apollo/server/errors'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import type { Logger } from 'pino'
import { ERROR_CODES, type Localized, type RequestErrorCode, requestErrorIn } from '../errors.ts'
import { LIMITS } from './limits.ts'
import { currentRequest } from './request.ts'

/** Errors that Apollo Server raises itself, by the name of their class: it does not export them. */
const APOLLO: Record<string, RequestErrorCode> = {
  SyntaxError: 'GRAPHQL_PARSE_FAILED',
  ValidationError: 'GRAPHQL_VALIDATION_FAILED',
  OperationResolutionError: 'OPERATION_RESOLUTION_FAILURE',
  BadRequestError: 'BAD_REQUEST',
  PersistedQueryNotSupportedError: 'PERSISTED_QUERY_NOT_SUPPORTED',
}

/**
 * The one place where an error becomes what a client sees: an allow-list. What is not a RequestError, nor one of Apollo's
 * with its values taken out, is INTERNAL, and its detail goes to the log.
 */
export function formatterOf(log: Logger): (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError {
  return function formatError(formatted, error) {
    const { code, message, extensions = {} } = describe(formatted, error)
    if (code === 'INTERNAL') logUnknown(log, formatted, error)
    return answerError(code, message, { locations: formatted.locations, path: formatted.path, extensions })
  }
}

/** An error as it stands in an answer, in the caller's language, with the request id. Notes its code for the log line. */
export function answerError(
  code: RequestErrorCode,
  message: Localized = ERROR_CODES[code].message,
  { locations, path, extensions = {} }: Partial<GraphQLFormattedError> = {},
): GraphQLFormattedError {
  const request = currentRequest()
  if (request && !request.codes.includes(code)) request.codes.push(code)
  if (request && isOfDocument(code, extensions)) request.badDocument = true
  return {
    message: request?.zh ? message.zhCN : message.en,
    ...(locations ? { locations } : {}),
    ...(path ? { path } : {}),
    extensions: { ...extensions, code, ...(request ? { requestId: request.id } : {}) },
  }
}

/** Whether the document, or (with `field`) a variable, is wrong. */
function isOfDocument(code: RequestErrorCode, extensions: Record<string, unknown>): boolean {
  if (code === 'BAD_USER_INPUT') return Boolean(extensions.field)
  return code === 'GRAPHQL_PARSE_FAILED' || code === 'GRAPHQL_VALIDATION_FAILED'
}

interface Description {
  code: RequestErrorCode
  message?: Localized
  extensions?: Record<string, unknown>
}

function describe(formatted: GraphQLFormattedError, error: unknown): Description {
  const apollo = error instanceof GraphQLError && !formatted.path ? APOLLO[error.name] : undefined
  const known = requestErrorIn(error)
  if (known) {
    const { http: _, ...extensions } = known.extensions
    return { code: apollo ?? known.code, message: known.localized, extensions }
  }
  if (apollo === 'GRAPHQL_PARSE_FAILED') {
    if (/contains more tha[nt] \d+ tokens/.test(formatted.message)) {
      return {
        code: 'BAD_USER_INPUT',
        message: same(`The document holds more than ${LIMITS.tokens} tokens.`),
        extensions: { limit: 'tokens', max: LIMITS.tokens },
      }
    }
    return { code: apollo, message: same(withoutQuotes(formatted.message)) }
  }
  if (apollo === 'GRAPHQL_VALIDATION_FAILED')
    return { code: apollo, message: same(withoutValues(error as GraphQLError)) }
  if (apollo === 'BAD_REQUEST') return { code: apollo, message: same(formatted.message) }
  if (apollo) return { code: apollo }
  // graphql-js and graphql-jit alike: a variable that is null, or lacks, where an argument needs a value.
  const argument = /^Argument "(\w+)" (?:of (?:non-null|required) type "([\w![\]]+)"|has invalid value)/.exec(
    formatted.message,
  )
  const thrown = unwrapped(error)
  if (argument && formatted.path && (!thrown || thrown instanceof GraphQLError)) {
    const what = argument[2] ? `needs a value of type "${argument[2]}".` : 'has an invalid value.'
    return { code: 'BAD_USER_INPUT', message: same(`Argument "${argument[1]}" ${what}`) }
  }
  return { code: 'INTERNAL' }
}

function same(text: string): Localized {
  return { en: text, zhCN: text }
}

/** What a resolver threw, if one did. */
function unwrapped(error: unknown): unknown {
  const inner = unwrapResolverError(error)
  return inner === error ? undefined : inner
}

/** A syntax error up to the first thing it quotes from the document; punctuation may be quoted. */
function withoutQuotes(message: string): string {
  let kept = ''
  let rest = message
  for (;;) {
    const at = rest.indexOf('"')
    if (at < 0) return kept + rest
    const punctuation = /^"[!$&().:=@[\]{|}]{1,3}"/.exec(rest.slice(at))?.[0]
    if (!punctuation) return `${(kept + rest.slice(0, at)).replace(/[\s:,]+$/, '')}.`
    kept += rest.slice(0, at) + punctuation
    rest = rest.slice(at + punctuation.length)
  }
}

/** Validation messages hold names and types, except those about a literal, which quote it. */
function withoutValues(error: GraphQLError): string {
  const [node] = error.nodes ?? []
  if (node && !node.kind.endsWith('Value')) return error.message
  const expected = /^Expected value of type "([\w![\]]+)", found /.exec(error.message)?.[1]
  if (expected) return `Expected a value of type "${expected}".`
  const safe =
    /^(Field "[\w.]+" of required type "[\w![\]]+" was not provided\.|OneOf Input Object "\w+" must specify exactly one key\.|Field "[\w.]+" must be non-null\.|Too many validation errors, [\w ]+\. Validation aborted\.)$/
  return safe.test(error.message) ? error.message : 'The value does not fit its type.'
}

function logUnknown(log: Logger, { path }: GraphQLFormattedError, error: unknown): void {
  const thrown = unwrapped(error) ?? error
  // Chosen one by one: errors of drivers carry rows and values in their other properties.
  const detail =
    thrown instanceof Error
      ? { type: thrown.name, message: thrown.message, stack: thrown.stack, code: (thrown as { code?: unknown }).code }
      : { type: typeof thrown, message: 'Something other than an Error was thrown.' }
  log.error({ requestId: currentRequest()?.id, path, error: detail }, 'unexpected error')
}
