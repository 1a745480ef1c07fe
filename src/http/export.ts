import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  type OperationDefinitionNode,
  parse,
} from 'graphql'
import { type RequestError, requestError, requestErrorIn } from '../errors.ts'
import { answerError } from './format.ts'
import type { Logger } from './log.ts'
import { fromFastify } from './refuse.ts'
import { runAs } from './request.ts'
import { coerceVariables } from './variables.ts'

/** What a request to /export asks for. */
export interface ExportRequest {
  /** The context of a request with the same credential, made anew at each call. */
  contextFor(): Promise<object>
  /** Name of the GraphQL type of the records. */
  object: string
  format: 'csv' | 'jsonl'
  fields: string[] | null
  /** Arguments of the type's list, coerced as in an operation. */
  args: Record<string, unknown>
  /** The same as they were sent. */
  sent: Record<string, unknown>
  purpose: string | null
  bom: boolean
}

/** Begins an export; see jobs/export. May throw a RequestError. */
export type StartExport = (request: ExportRequest) => Promise<{
  pieces: { next(): Promise<IteratorResult<string, void>>; return(): Promise<unknown> }
  /** Records handed out so far. */
  count(): number
}>

/** What the route needs. */
export interface ExportParts {
  schema: GraphQLSchema
  contextFor(request: FastifyRequest): Promise<object>
  start: StartExport
  log: Logger
}

const CONTENT_TYPES = { csv: 'text/csv; charset=utf-8; header=present', jsonl: 'application/x-ndjson; charset=utf-8' }
/** Parameters that are arguments of the list, and those that are ours. */
const LIST = ['where', 'orderBy', 'search', 'deleted']
const OWN = ['fields', 'purpose', 'bom']
const MAX_PURPOSE = 500
/** A client that takes nothing for so long is gone. */
const IDLE_MS = 60_000

/** GET /export/<plural>.csv and .jsonl: all records of a list, streamed. What the lists of the schema are, their names and arguments, the schema says. */
export function exportRoutes(app: FastifyInstance, { schema, contextFor, start, log }: ExportParts): void {
  app.get<{ Params: { file: string } }>('/export/:file', async (request, reply) => {
    const [, plural = '', format = ''] = /^(\w+)\.(csv|jsonl)$/.exec(request.params.file) ?? []
    const list = listNamed(schema, plural)
    if (!list) throw requestError('ROUTE_NOT_FOUND')
    // Whoever is not known learns nothing about what is wrong with the rest.
    const context = await contextFor(request)
    if ((context as { viewer?: unknown }).viewer === null) throw requestError('UNAUTHENTICATED')
    const given = parametersOf(request, list)
    const { pieces, count } = await start({
      contextFor: () => contextFor(request),
      object: list.object,
      format: format as 'csv' | 'jsonl',
      ...read(schema, list, given),
    }).catch((error: unknown) => {
      throw refusalOf(error)
    })
    const day = new Date().toISOString().slice(0, 10)
    try {
      reply.raw.setTimeout(IDLE_MS)
      return reply
        .headers({ 'Content-Disposition': `attachment; filename="${plural}-${day}.${format}"` })
        .type(CONTENT_TYPES[format as 'csv' | 'jsonl'])
        .trailer('Atrium-Export-Count', async () => String(count()))
        .send(bodyOf(request, reply))
    } catch (error) {
      // Its place among the exports of the company must not stay taken.
      await pieces.return()
      throw error
    }

    /** The file. One that breaks off ends in an error line (JSON Lines) and the connection without the end of an answer: no client takes it for the whole. */
    function bodyOf({ state, id }: FastifyRequest, { raw }: FastifyReply): Readable {
      const next = async () => {
        try {
          return await pieces.next()
        } catch (thrown) {
          const error = requestErrorIn(thrown) ?? fromFastify(thrown, log, id)
          const { http: _, ...extensions } = error.extensions
          const line = runAs(state, () => answerError(error.code, error.localized, { extensions }))
          // What was written reaches the client before the connection is cut.
          if (format === 'jsonl') raw.write(`${JSON.stringify({ error: line })}\n`)
          await new Promise<void>((done) => raw.write('', () => done()))
          throw error
        }
      }
      const iterator = { next, return: async () => ({ done: true, value: await pieces.return() }) as const }
      return Readable.from({ [Symbol.asyncIterator]: () => iterator }, { highWaterMark: 1 })
    }
  })
}

interface List {
  object: string
  args: readonly { name: string; type: unknown }[]
}

/** The root list of that name: a connection to records. */
function listNamed(schema: GraphQLSchema, name: string): List | null {
  const fields = schema.getQueryType()?.getFields() ?? {}
  if (!Object.hasOwn(fields, name)) return null
  const field = fields[name] as GraphQLField<unknown, unknown>
  const connection: GraphQLNamedType = getNamedType(field.type)
  if (!field.extensions.connection || !isObjectType(connection)) return null
  const nodes = connection.getFields().nodes
  return nodes ? { object: getNamedType(nodes.type).name, args: field.args } : null
}

/** The parameters of the address: known ones, each once. A misspelt filter must not export everything. */
function parametersOf({ raw }: FastifyRequest, { args }: List): Map<string, string> {
  const { url = '' } = raw
  const known = [...OWN, ...LIST.filter((name) => args.some((one) => one.name === name))]
  const given = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')) {
    if (!known.includes(name)) throw bad([], `An export takes these parameters: ${known.join(', ')}.`)
    if (given.has(name)) throw bad([name], `${name} stands there twice.`)
    given.set(name, value)
  }
  return given
}

function read(
  schema: GraphQLSchema,
  { args }: List,
  given: Map<string, string>,
): Pick<ExportRequest, 'fields' | 'args' | 'sent' | 'purpose' | 'bom'> {
  const sent: Record<string, unknown> = {}
  for (const name of LIST) {
    const value = given.get(name)
    if (value === undefined) continue
    sent[name] = name === 'search' ? value : name === 'deleted' ? flag(name, value) : json(name, value)
  }
  const declared = args.filter(({ name }) => LIST.includes(name)).map(({ name, type }) => `$${name}: ${type}`)
  const [operation] = parse(`query(${declared.join()}) { __typename }`).definitions
  const coerced = coerceVariables(schema, (operation as OperationDefinitionNode).variableDefinitions ?? [], sent)
  if ('errors' in coerced) throw coerced.errors[0]
  return {
    fields: given.get('fields')?.split(',').filter(Boolean) ?? null,
    args: coerced.values,
    sent,
    purpose: purposeOf(given.get('purpose')),
    bom: given.has('bom') && flag('bom', given.get('bom') as string),
  }
}

function flag(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw bad([name], `${name} must be true or false.`)
  return value === 'true'
}

/** What PostgreSQL keeps of texts: no U+0000, no half of a surrogate pair. */
const UNKEPT = /\\u(0000|d[89a-f])/i

function json(name: string, text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw bad([name], `${name} must be JSON.`)
  }
  if (UNKEPT.test(JSON.stringify(value))) throw bad([name], `${name} holds a character that no text has.`)
  return value
}

function purposeOf(text: string | undefined): string | null {
  const purpose = text?.normalize('NFC').trim()
  if (!purpose) return null
  if ([...purpose].length > MAX_PURPOSE) throw bad(['purpose'], `purpose has more than ${MAX_PURPOSE} characters.`)
  if (purpose.includes('\0')) throw bad(['purpose'], 'purpose must not contain the character U+0000.')
  return purpose
}

const bad = (field: string[], message: string) =>
  requestError('BAD_USER_INPUT', { message, extensions: field.length > 0 ? { field } : {}, status: 400 })

/** Beside a GraphQL answer a field's refusal has no status of its own; here it refuses the whole. */
function refusalOf(error: unknown): unknown {
  const known: RequestError | undefined = requestErrorIn(error)
  if (known?.code !== 'FIELD_FORBIDDEN') return error
  const { http: _, ...extensions } = known.extensions
  return requestError('FIELD_FORBIDDEN', { message: known.localized, extensions, status: 403 })
}
