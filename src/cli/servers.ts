import { endPostgresOrphan } from './servers/postgres.ts'
import { endRedisOrphan } from './servers/redis.ts'

/*
 * The servers that Atrium brings along: PostgreSQL always, Redis where the machine has one. A home is a folder that
 * belongs to one running Atrium; several homes run side by side.
 */
export { freePort } from './servers/port.ts'
export { type Postgres, type PostgresOptions, startPostgres } from './servers/postgres.ts'
export type { Log } from './servers/process.ts'
export { type Redis, startRedis } from './servers/redis.ts'
export { homeSecrets, type Secrets } from './servers/secrets.ts'

/** Ends what a killed process left running on a home. Gives false when a living process owns something there. */
export async function endOrphans(home: string): Promise<boolean> {
  const ended = await Promise.all([endPostgresOrphan(home), endRedisOrphan(home)])
  return ended.every(Boolean)
}
