import { surroundings } from './surroundings.ts'

export interface ImportFileOptions {
  tenant: string
  type: string
  file: string
  mapping: string
  mode: 'create' | 'upsert'
  key?: string
  dryRun?: boolean
  errors?: string
  json?: boolean
}

/** `atrium import`: finds the database and hands over to the import. */
export async function importFile({
  tenant,
  type,
  file,
  mapping,
  mode,
  key,
  dryRun = false,
  errors,
  json = false,
}: ImportFileOptions): Promise<void> {
  const { importCommand } = await import('./import.ts')
  const around = await surroundings({ share: true })
  try {
    process.exitCode = await importCommand({
      databaseUrl: around.databaseUrl,
      redisUrl: around.redisUrl,
      tenantSlug: tenant,
      type,
      file,
      mappingFile: mapping,
      mode,
      key: key?.split(',').map((name) => name.trim()),
      dryRun,
      errors,
      json,
    })
  } finally {
    await around.stop()
  }
}
