import type { Readable } from 'node:stream'
import { requireRight } from '../../access/decide.ts'
import type { FileClaims, FileTickets } from '../../access/fileTicket.ts'
import { viewerOfUser } from '../../access/viewer.ts'
import type { Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { uuidOf } from '../../read/values.ts'
import { sqlFor } from '../../resolvers/write.ts'
import type { Range, Store } from '../../storage/file.ts'
import type { Reader, Tenancy } from '../../tenancy/tenancy.ts'

/** A file that somebody may read. */
export interface OpenFile {
  fileName: string
  contentType: string
  size: number
  sha256: string
  /** Its bytes, or a part of them. */
  read(range?: Range): Promise<Readable>
  /** Where the store itself gives it for a minute; null where it cannot. */
  address(contentDisposition: string): Promise<string | null>
}

/** Finds files for reading: by who is calling, or by a ticket. What is not there, or not to be seen, is ROUTE_NOT_FOUND (404). */
export interface Downloads {
  /** @throws FORBIDDEN without Attachment.read, ROUTE_NOT_FOUND. */
  byViewer(viewer: Viewer, id: string): Promise<OpenFile>
  /** @throws ROUTE_NOT_FOUND, also for a ticket that is none, or not any more, or for another file. */
  byTicket(ticket: string, id: string): Promise<OpenFile>
}

interface Found {
  fileId: string
  fileName: string
  contentType: string
  size: number
  sha256: string
}

/** Downloads from a store. */
export function createDownloads({
  tenancy,
  store,
  tickets,
}: {
  tenancy: Tenancy
  store: Store
  tickets: FileTickets
}): Downloads {
  const open = (tenantId: string, found: Found | null): OpenFile => {
    if (!found) throw requestError('ROUTE_NOT_FOUND')
    const { fileId, ...facts } = found
    const key = { tenantId, fileId }
    return {
      ...facts,
      read: (range) => store.read(key, range),
      address: (contentDisposition) => store.addressOf(key, { contentType: facts.contentType, contentDisposition }),
    }
  }
  return {
    async byViewer(viewer, id) {
      requireRight(viewer, 'read', 'Attachment')
      const { tenantId } = viewer
      const uuid = uuidOf('Attachment', id)
      return open(
        tenantId,
        uuid === null ? null : await tenancy.readTenant({ tenantId }, (db) => find(db, viewer, uuid)),
      )
    },
    async byTicket(ticket, id) {
      const claims = tickets.verify(ticket)
      if (!claims || claims.attachmentId !== uuidOf('Attachment', id)) throw requestError('ROUTE_NOT_FOUND')
      const { tenantId } = claims
      return open(tenantId, await tenancy.readTenant({ tenantId }, (db) => redeem(db, claims)))
    },
  }
}

/** The file, if the viewer may see the attachment, all of it. */
async function find(db: Reader, viewer: Viewer, uuid: string): Promise<Found | null> {
  const type = recordType('Attachment')
  const { access, tenantId } = viewer
  if (!access.may('read', type.name) || access.hides(type, 'sha256') || access.masks(type, 'sha256', true)) return null
  const sql = sqlFor(tenantId)
  const id = sql.params.add(uuid, 'uuid')
  const scope = access.predicate(type, 't', sql)
  return look(db, `t.id = ${id}${scope ? ` AND ${scope}` : ''}`, sql.params.values, access.hides(type, 'fileName'))
}

/** The rights of the user who got the ticket are looked at again; a key has none to look at without its secret, and what it was given holds for its minutes. */
async function redeem(db: Reader, { tenantId, attachmentId, userId }: FileClaims): Promise<Found | null> {
  const [tenant] = await db.rows<{ status: string }>({
    text: 'SELECT status FROM tenant WHERE id = $1',
    values: [tenantId],
  })
  if (tenant?.status !== 'ACTIVE' && tenant?.status !== 'TRIAL') return null
  if (userId === null) return look(db, 't.id = $2::uuid', [tenantId, attachmentId], false)
  const viewer = await viewerOfUser(db, tenantId, userId)
  return viewer ? find(db, viewer, attachmentId) : null
}

async function look(db: Reader, where: string, values: unknown[], nameless: boolean): Promise<Found | null> {
  const [row] = await db.rows<Found>({
    text: `SELECT t.file_id AS "fileId", t.file_name AS "fileName", t.content_type AS "contentType", t.size, t.sha256 FROM ${ident('attachment')} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.file_id IS NOT NULL AND ${where}`,
    values,
  })
  return row ? { ...row, fileName: nameless ? 'file' : row.fileName } : null
}
