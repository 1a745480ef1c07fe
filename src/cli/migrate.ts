import { ConfigError } from '../config.ts'
import { migrate } from '../tenancy/migrate.ts'
import { surroundings } from './surroundings.ts'

/** `atrium migrate`: applies what is missing and says what it did. */
export async function runMigrate(): Promise<void> {
  const around = await surroundings({ share: true })
  try {
    if (!around.ownerUrl) throw new ConfigError('Set DATABASE_OWNER_URL: migrations run as the owner of the tables.')
    const { applied, already } = await migrate(around.ownerUrl, {
      appUrl: around.databaseUrl,
      log: (line) => console.log(line),
    })
    console.log(
      applied.length === 0
        ? `Up to date: ${already} migrations.`
        : `${applied.length} migrations applied, ${already} were there.`,
    )
  } finally {
    await around.stop()
  }
}
