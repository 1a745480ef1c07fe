import type { StorageConfig } from '../config.ts'
import type { Store } from './file.ts'
import { folder } from './folder.ts'

/** Opens the store of the settings. Nothing is asked of it before it is used. */
export async function openStore(config: StorageConfig): Promise<Store> {
  if (config.kind === 'fs') return folder(config.root)
  // Amazon's library is large: whoever keeps files in a folder does without.
  const { openBucket } = await import('./bucket.ts')
  return openBucket(config)
}
