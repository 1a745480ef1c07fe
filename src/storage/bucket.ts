import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Disk } from 'flydrive'
import { S3Driver } from 'flydrive/drivers/s3'
import type { StorageConfig } from '../config.ts'
import { nameOf, type Store } from './file.ts'

/** How long an address of the store holds, seconds: as long as it takes to follow a redirection. */
const ADDRESS_SECONDS = 60

/** A store in a bucket of anything that speaks S3. */
export function openBucket({
  bucket,
  endpoint,
  region,
  credentials,
  forcePathStyle,
}: StorageConfig & { kind: 's3' }): Store {
  const client = new S3Client({
    region,
    forcePathStyle,
    ...(endpoint ? { endpoint } : {}),
    ...(credentials ? { credentials } : {}),
    // What fails is thrown, and told in our own log.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    // Checksums in a trailer are Amazon's own; other stores refuse them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  // Who may read is decided here and not by the store: access lists are off, as many stores have none.
  const disk = new Disk(new S3Driver({ client, bucket, visibility: 'private', supportsACL: false }))
  return {
    put: (key, { path, size, contentType }) =>
      disk.putStream(nameOf(key), createReadStream(path), { contentLength: size, contentType }),
    async read(key, range) {
      if (!range) return disk.getStream(nameOf(key))
      const command = { Bucket: bucket, Key: nameOf(key), Range: `bytes=${range.start}-${range.end}` }
      return (await client.send(new GetObjectCommand(command))).Body as Readable
    },
    remove: (key) => disk.delete(nameOf(key)),
    addressOf: (key, answer) => disk.getSignedUrl(nameOf(key), { ...answer, expiresIn: ADDRESS_SECONDS }),
    close: () => client.destroy(),
  }
}
