import { migrate } from '../tenancy/migrate.ts'
import { surroundings } from './surroundings.ts'

/** `atrium migrate`: applies what is missing and says what it did. */
export async function runMigrate(): Promise<void> {
  const around = await surroundings({ share: true })
  try {
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
