import { resolve } from 'node:path'
import { ConfigError } from '../config.ts'
import { homeSecrets, startPostgres, startRedis } from './servers.ts'

/** The servers and the secret that a command works with, and how to let go of them. */
export interface Surroundings {
  home: string
  databaseUrl: string
  /** Null when the environment names none: nothing is migrated then. */
  ownerUrl: string | null
  redisUrl: string | null
  secret: string
  /** Whose database it is: the environment's or one that runs for us. */
  embedded: boolean
  stop(): Promise<void>
}

/** The folder that holds everything of an embedded Atrium: ATRIUM_HOME, else .atrium here. */
export function homeFolder(): string {
  return resolve(process.env.ATRIUM_HOME || '.atrium')
}

/**
 * Takes the database of the environment, or starts one in the home folder; likewise Redis when `redis` asks for it.
 *
 * @param share use the database of a running `atrium start` on the same home instead of refusing.
 * @throws ConfigError when DATABASE_OWNER_URL is set alone.
 */
export async function surroundings({
  redis = false,
  share = false,
  log = () => {},
}: {
  redis?: boolean
  share?: boolean
  log?: (line: string) => void
} = {}): Promise<Surroundings> {
  const { DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL, ATRIUM_SECRET } = process.env
  const home = homeFolder()
  if (DATABASE_OWNER_URL && !DATABASE_URL) {
    throw new ConfigError('DATABASE_OWNER_URL is set and DATABASE_URL, the unprivileged role for requests, is not.')
  }
  if (DATABASE_URL) {
    return {
      home,
      databaseUrl: DATABASE_URL,
      ownerUrl: DATABASE_OWNER_URL || null,
      redisUrl: REDIS_URL || null,
      secret: ATRIUM_SECRET ?? '',
      embedded: false,
      stop: async () => {},
    }
  }
  const [postgres, cache] = await Promise.all([
    startPostgres(home, { log, share }),
    redis && !REDIS_URL ? startRedis(home, { log }) : null,
  ])
  const { secret } = await homeSecrets(home)
  return {
    home,
    databaseUrl: postgres.appUrl,
    ownerUrl: postgres.ownerUrl,
    redisUrl: REDIS_URL || cache?.url || null,
    secret: ATRIUM_SECRET || secret,
    embedded: true,
    async stop() {
      await Promise.all([postgres.stop(), cache?.stop()])
    },
  }
}
