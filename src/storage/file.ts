import type { Readable } from 'node:stream'

/** A file of a tenant: both are uuids, so that a name in the store is never made of what a client said. */
export interface FileKey {
  tenantId: string
  fileId: string
}

/** A part of a file, both ends counted in. */
export interface Range {
  start: number
  end: number
}

/** Where files are kept: a folder, or a bucket of anything that speaks S3. */
export interface Store {
  /** Keeps a file of this size; it is there as a whole or not at all when the process dies. */
  put(key: FileKey, source: { path: string; size: number; contentType: string }): Promise<void>
  /** Reads a file or a part of it. Throws when there is none. */
  read(key: FileKey, range?: Range): Promise<Readable>
  /** Removes a file; one that is not there is no mistake. */
  remove(key: FileKey): Promise<void>
  /** An address under which whoever knows it reads the file for some seconds, or null where the store has none. */
  addressOf(key: FileKey, answer: { contentType: string; contentDisposition: string }): Promise<string | null>
  /** Lets go of connections. */
  close(): void
}

/** One folder per tenant, and below it 256 folders, so that none grows without end. */
export const nameOf = ({ tenantId, fileId }: FileKey) => `${tenantId}/${fileId.slice(0, 2)}/${fileId}`
