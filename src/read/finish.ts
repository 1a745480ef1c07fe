import { requestError } from '../errors.ts'
import { CUSTOM, customValues } from './custom.ts'
import { COUNT_LIMIT, type ConnectionShape, type RowShape } from './emit.ts'
import { formatMoney, idOf, maskText } from './values.ts'

/** A record as resolvers read it: API values by field name, nested records and connections by '@' and response key. */
export type Row = Record<string, unknown> & { id?: string }

/** Amount and currency as the API's Money type. */
export interface Money {
  amount: string
  currency: string
}

/** Turns a row of JSON, in place, into API values. */
export function finishRow(row: Row, shape: RowShape): Row {
  const money = []
  for (const field of shape.convert) {
    const value = row[field.name]
    if (value === null || value === undefined) continue
    if (field.kind === 'id') row[field.name] = idOf(field.target ?? shape.type.name, value as string)
    else money.push(field.name)
  }
  for (const name of money) row[name] = { amount: formatMoney(row[name] as string), currency: row.currency as string }
  for (const { name, kind } of shape.masked) {
    const value = row[name]
    if (typeof value === 'string') row[name] = maskText(kind, value)
  }
  for (const name of shape.drop) delete row[name]
  const withheld = shape.withholds ? (row['~withheld'] as string[] | null) : null
  if (shape.custom && row[CUSTOM]) row[CUSTOM] = customValues(row[CUSTOM], shape.custom)
  for (const [key, inner] of shape.ones) {
    const one = row[`@${key}`]
    if (one) finishRow(one as Row, inner)
  }
  for (const [key, inner] of shape.manys) {
    const place = `@${key}`
    row[place] = finishConnection(inner, row[place] as Row[] | undefined, row[`${place}#`], row[`${place}<`])
  }
  for (const key of withheld ?? []) row[key] = withheldError(shape, key)
  return row
}

/** What stands in a row in the place of a value that the record's pool keeps back: GraphQL makes a null and an error of it. */
function withheldError({ type, withholds }: RowShape, key: string): Error {
  const coordinate = `${type.name}.${withholds?.get(key)}`
  return requestError('FIELD_FORBIDDEN', {
    message: {
      en: `You may not see ${coordinate} before the record is claimed.`,
      zhCN: `领取该记录之前，您没有查看 ${coordinate} 的权限。`,
    },
    extensions: { coordinate },
  })
}

/** A page of records as the API's connection types read it. Cursors are sealed when they are read. */
export class Connection {
  readonly nodes: Row[]
  private readonly rows: Row[]
  private readonly seal: ConnectionShape['seal']
  readonly totalCount: { value: number; isExact: boolean } | null
  readonly pageInfo: PageInfo

  constructor(shape: ConnectionShape, rows: Row[], more: boolean, behind: boolean, count: number | null) {
    this.rows = rows
    this.nodes = rows
    this.seal = shape.seal
    this.totalCount = count === null ? null : { value: Math.min(count, COUNT_LIMIT), isExact: count <= COUNT_LIMIT }
    this.pageInfo = new PageInfo(
      shape.backward ? behind : more,
      shape.backward ? more : behind,
      () => this.cursor(rows[0]),
      () => this.cursor(rows.at(-1)),
    )
  }

  get edges(): { node: Row; cursor: string | null }[] {
    return this.rows.map((node) => ({ node, cursor: this.cursor(node) }))
  }

  /** The cursor of one of the page's rows; null when no cursors were asked for. */
  cursor(row: Row | undefined): string | null {
    return row && this.seal ? this.seal(row['~keys'] as (string | null)[]) : null
  }
}

class PageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  private readonly start: () => string | null
  private readonly end: () => string | null

  constructor(hasNextPage: boolean, hasPreviousPage: boolean, start: () => string | null, end: () => string | null) {
    this.hasNextPage = hasNextPage
    this.hasPreviousPage = hasPreviousPage
    this.start = start
    this.end = end
  }

  get startCursor(): string | null {
    return this.start()
  }

  get endCursor(): string | null {
    return this.end()
  }
}

/** Turns the sub-queries of a connection into the page that resolvers read. */
export function finishConnection(
  shape: ConnectionShape,
  rows: Row[] | undefined,
  count: unknown,
  behind: unknown,
): Connection {
  const page = rows ?? []
  const more = shape.peek && page.length > shape.size
  if (more) page.pop()
  if (shape.backward) page.reverse()
  const { row } = shape
  if (row) for (const one of page) finishRow(one, row)
  return new Connection(
    shape,
    page,
    more,
    shape.behindKnown ? false : Boolean(behind),
    shape.count ? Number(count) : null,
  )
}
