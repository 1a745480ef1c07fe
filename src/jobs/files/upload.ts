import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { requireRight } from '../../access/decide.ts'
import type { Viewer } from '../../context.ts'
import { requestError, UserErrors } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { validationError } from '../../resolvers/normalise.ts'
import {
  addAttachment,
  checkFile,
  type FileFacts,
  type FileInput,
  giveUpFile,
  reserveFile,
} from '../../resolvers/platform/attachment.ts'
import type { Store } from '../../storage/file.ts'
import type { Tenancy } from '../../tenancy/tenancy.ts'
import { contentTypeOf } from './sniff.ts'
import { type Spooled, spool } from './spool.ts'

/** A part of a form with a file: a plain field, or the file itself. */
export type FormPart = { name: string; value: string } | { name: string; fileName: string; bytes: Readable }

/** What uploads need. */
export interface UploadParts {
  tenancy: Tenancy
  store: Store
  /** Folder for files that come in. */
  incoming: string
  /** Largest file, bytes. */
  max: number
  /** Bytes that a company may keep which has no quota of its own. */
  quota: number
  /** How many uploads of a company may run at once in this process. */
  perTenant?: number
}

/** What the caller is told of a file that was kept; null for what they may not see. */
export interface Uploaded {
  id: string
  fileName: string | null
  contentType: string | null
  size: number | null
  sha256: string | null
}

/** Takes a form with a file. Throws UserErrors for what is wrong with it, RequestErrors for what is wrong with the request or the caller. */
export type Upload = (viewer: Viewer, form: AsyncIterable<FormPart>) => Promise<Uploaded>

const FIELDS = ['recordId', 'description', 'category'] as const

/**
 * Uploads of one process. The bytes go to a folder of ours, then to the store, then the attachment is written: no network call within a transaction, no
 * attachment without its bytes, and of every process that dies a row tells what it left.
 */
export function createUploads({ tenancy, store, incoming, max, quota, perTenant = 8 }: UploadParts): Upload {
  const running = new Map<string, number>()

  async function one(viewer: Viewer, form: AsyncIterable<FormPart>): Promise<Uploaded> {
    requireRight(viewer, 'create', 'Attachment')
    let file: (Spooled & { fileName: string }) | null = null
    const said: Partial<Record<(typeof FIELDS)[number], string>> = {}
    try {
      for await (const part of form) {
        if ('bytes' in part) {
          if (part.name !== 'file' || file) throw bad('Send one file, in a part named file.')
          file = { ...(await spool(incoming, part.bytes, max)), fileName: part.fileName }
        } else {
          const name = FIELDS.find((known) => known === part.name)
          if (!name || said[name] !== undefined) throw bad(`A form has, once each, file, ${FIELDS.join(', ')}.`)
          said[name] = part.value
        }
      }
      if (!file) throw new UserErrors([validationError(['file'], 'required', 'is required')])
      return await keep(viewer, file, { ...said, fileName: lastOf(file.fileName) })
    } finally {
      if (file) await rm(file.path, { force: true })
    }
  }

  async function keep(viewer: Viewer, file: Spooled, input: FileInput): Promise<Uploaded> {
    if (file.size === 0) throw new UserErrors([validationError(['file'], 'min', 'must not be empty')])
    const contentType = await contentTypeOf(file.head, input.fileName)
    if (contentType === null)
      throw new UserErrors([
        {
          code: 'FILE_TYPE_FORBIDDEN',
          message: 'Programs, scripts and pages of the web are not taken, whatever they are called.',
          field: ['file'],
        },
      ])
    const facts: FileFacts = { contentType, size: file.size, sha256: file.sha256 }
    const caller = callerOf(viewer)
    const fileId = await tenancy.writeTenant(caller, async (db) => {
      await checkFile({ db, viewer }, input)
      return reserveFile({ db, viewer }, file.size, quota)
    })
    let id: string
    try {
      await store.put({ tenantId: viewer.tenantId, fileId }, { path: file.path, size: file.size, contentType })
      id = await tenancy.writeTenant(caller, (db) => addAttachment({ db, viewer }, input, fileId, facts))
    } catch (error) {
      // Where this fails, too, the row is swept when it is an hour old.
      await tenancy.writeTenant(caller, (db) => giveUpFile({ db, viewer }, fileId)).catch(() => {})
      throw error
    }
    return shown(viewer, id, { ...facts, fileName: input.fileName.normalize('NFC').trim() })
  }

  return async (viewer, form) => {
    const before = running.get(viewer.tenantId) ?? 0
    if (before >= perTenant)
      throw requestError('CONCURRENCY_LIMIT', {
        message: {
          en: `Your company sends ${perTenant} files already.`,
          zhCN: `贵企业已有 ${perTenant} 个文件正在上传。`,
        },
        headers: { 'Retry-After': '5' },
      })
    running.set(viewer.tenantId, before + 1)
    try {
      return await one(viewer, form)
    } finally {
      const others = (running.get(viewer.tenantId) ?? 1) - 1
      if (others > 0) running.set(viewer.tenantId, others)
      else running.delete(viewer.tenantId)
    }
  }
}

/** Old browsers send the whole path. */
const lastOf = (name: string) => name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)

const bad = (message: string) => requestError('BAD_USER_INPUT', { message, status: 400 })

function shown({ access }: Viewer, id: string, facts: FileFacts & { fileName: string }): Uploaded {
  const type = recordType('Attachment')
  const may = <T>(name: string, value: T): T | null =>
    access.may('read', type.name) && !access.hides(type, name) && !access.masks(type, name, false) ? value : null
  const { fileName, contentType, size, sha256 } = facts
  return {
    id: idOf(type.name, id),
    fileName: may('fileName', fileName),
    contentType: may('contentType', contentType),
    size: may('size', size),
    sha256: may('sha256', sha256),
  }
}
