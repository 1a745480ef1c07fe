import { withDefinitions } from '../../access/custom.ts'
import type { Context, Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import { findRecordType, type RecordType } from '../../read/recordType.ts'
import type { Tenancy } from '../../tenancy/tenancy.ts'
import { requireApproval, requirePurpose } from './approval.ts'
import { csvWriter, type Format, jsonlWriter } from './format.ts'
import { type ExportArgs, preparePage } from './page.ts'
import { type ExportPlan, planExport, recheck } from './plan.ts'
import { type ExportNote, type Trace, traceExport } from './trace.ts'

/** An export to be made. */
export interface ExportOrder {
  /** Who asks, found out again before each page: an export does not outlive the right to it. */
  contextFor(): Promise<Pick<Context, 'viewer' | 'tenancy'>>
  /** Name of the record type. */
  object: string
  format: Format
  /** Names of fields; null for all that the viewer may see. */
  fields: readonly string[] | null
  /** Which records, in the API's internal values. */
  args: ExportArgs
  /** The same as they were sent, JSON, for the trace. */
  sent?: { where?: unknown; orderBy?: unknown }
  /** Why, at most 500 characters. */
  purpose: string | null
  /** CSV only: begin with a byte order mark. */
  bom?: boolean
}

type Pieces = Required<Pick<AsyncIterableIterator<string, void>, 'next' | 'return'>> & AsyncIterable<string, void>

/** An export that has begun. Whoever takes it must come to its end or call `return`. */
export interface StartedExport {
  /** The text of the file, a piece per page. Throws where the export cannot go on: what was taken until then is not the whole. */
  pieces: Pieces
  /** Records handed out so far. */
  count(): number
}

/** Starts exports. @throws what planExport and preparePage throw, CONCURRENCY_LIMIT, EXPORT_APPROVAL_REQUIRED, ROUTE_NOT_FOUND for no record type. */
export type StartExport = (order: ExportOrder) => Promise<StartedExport>

/**
 * Exports of one process. A page is one short transaction, so that a slow client holds no connection, and no more than two pages are in memory.
 *
 * @param perTenant how many exports of a company may run at once.
 */
export function createExporter({ perTenant = 2 }: { perTenant?: number } = {}): StartExport {
  const running = new Map<string, number>()

  function enter(tenantId: string): () => void {
    const before = running.get(tenantId) ?? 0
    if (before >= perTenant) {
      throw requestError('CONCURRENCY_LIMIT', {
        message: {
          en: `Your company runs ${perTenant} exports already.`,
          zhCN: `贵企业已有 ${perTenant} 个导出正在进行。`,
        },
        headers: { 'Retry-After': '10' },
      })
    }
    running.set(tenantId, before + 1)
    let left = false
    return () => {
      if (left) return
      left = true
      const others = (running.get(tenantId) ?? 1) - 1
      if (others > 0) running.set(tenantId, others)
      else running.delete(tenantId)
    }
  }

  return async function startExport(order) {
    const { viewer: asking, tenancy } = known(await order.contextFor())
    // A job of the deployment brings no custom fields along, and needs no approval.
    const job = asking.kind === 'job'
    const viewer = job ? await withDefinitions(tenancy, asking) : asking
    const type = typeNamed(order.object)
    const plan = planExport(viewer, type, order.fields)
    // Refuses what it refuses before anything is kept of it.
    preparePage(viewer, plan, order.args, null)
    const leave = enter(viewer.tenantId)
    let count = 0
    try {
      if (!job)
        await tenancy.readTenant(callerOf(viewer), async (db) => {
          await requirePurpose(db, viewer, order.purpose)
          await requireApproval(db, viewer, type)
        })
      const trace = await traceExport(tenancy, viewer, noteOf(order, plan))
      const rest = run(trace)
      // The first page is read before an answer begins: what goes wrong until then is an error like any other.
      return { pieces: withFirst(await rest.next(), rest), count: () => count }
    } catch (error) {
      leave()
      throw error
    }

    async function* run(trace: Trace): AsyncGenerator<string, void> {
      const writer = order.format === 'csv' ? csvWriter(plan.fields, { bom: order.bom }) : jsonlWriter(plan.fields)
      let ended = false
      try {
        let piece = writer.head
        let after: string | null = null
        do {
          const page = await readPage(after)
          piece += writer.lines(page.rows)
          count += page.rows.length
          after = page.next
          if (after !== null) {
            yield piece
            piece = ''
          }
        } while (after !== null)
        await trace.end({ status: 'COMPLETED', count })
        ended = true
        yield piece + writer.tail(count)
      } finally {
        leave()
        // The row of its beginning says without this one too that it did not end.
        if (!ended) await trace.end({ status: 'ABORTED', count }).catch(() => {})
      }
    }

    async function readPage(after: string | null) {
      const { viewer: then } = known(await order.contextFor())
      const now = job ? viewer : then
      recheck(now, plan)
      const read = preparePage(now, plan, order.args, after)
      return tenancy.readTenant(callerOf(now), async (db) => {
        const [, page] = await Promise.all([requireApproval(db, now, type), read(db)])
        return page
      })
    }
  }
}

function known({ viewer, tenancy }: Pick<Context, 'viewer' | 'tenancy'>): { viewer: Viewer; tenancy: Tenancy } {
  if (!viewer) throw requestError('UNAUTHENTICATED')
  return { viewer, tenancy }
}

function noteOf({ object, format, args, sent, purpose }: ExportOrder, { fields }: ExportPlan): ExportNote {
  return {
    object,
    format,
    fields: fields.map(({ name }) => name),
    where: sent?.where ?? null,
    order_by: sent?.orderBy ?? null,
    search: args.search ?? null,
    deleted: args.deleted ?? false,
    purpose,
  }
}

/** A generator whose first piece was taken already, still with that piece. (One that was never started would not run its end.) */
function withFirst(first: IteratorResult<string, void>, rest: AsyncGenerator<string, void>): Pieces {
  let given = false
  const pieces: Pieces = {
    async next() {
      if (given) return rest.next()
      given = true
      return first
    },
    return: () => rest.return(),
    [Symbol.asyncIterator]: () => pieces as AsyncIterableIterator<string, void>,
  }
  return pieces
}

function typeNamed(name: string): RecordType {
  const type = findRecordType(name)
  if (!type) throw requestError('ROUTE_NOT_FOUND')
  return type
}
