import { resolve } from 'node:path'

/** Where files are kept: in a folder, or in a bucket of anything that speaks S3. */
export type StorageConfig =
  | { kind: 'fs'; root: string }
  | {
      kind: 's3'
      bucket: string
      /** Null: Amazon's own of the region. */
      endpoint: string | null
      region: string
      /** Null: those of the machine, as the AWS SDK finds them. */
      credentials: { accessKeyId: string; secretAccessKey: string } | null
      /** The bucket in the path and not in the host's name. */
      forcePathStyle: boolean
    }

/** Settings of a running Atrium, made from the environment in one place; see the table in README.md. */
export interface Config {
  /** The unprivileged role's URL; never a superuser's or the owner's. */
  databaseUrl: string
  /** Redis of the record cache; null keeps it in the memory of the one process. */
  redisUrl: string | null
  /** Whether records are cached at all: in Redis, or without one in the process's memory. */
  cache: boolean
  /** At least 32 characters; tokens and cursors are made with keys derived from it, so all processes need the same. */
  secret: string
  /**
   * Another secret, not made anything with, whose tokens, cursors and second factors are accepted until a moment: the one before or the one that comes
   * next, see docs/configuration.md. Null or absent: none.
   */
  previousSecret?: { secret: string; until: Date } | null
  port: number
  host: string
  poolSize: number
  /** Longest a request waits for a free connection, milliseconds; then SERVICE_UNAVAILABLE. */
  poolTimeout: number
  /** Named prepared statements; off behind PgBouncer before 1.21 in transaction mode. */
  prepare: boolean
  /** Longest a statement may run, milliseconds. */
  statementTimeout: number
  /** Run documents by graphql-jit where it answers as graphql-js does. */
  compiled: boolean
  /** Serve GraphiQL at /. */
  explorer: boolean
  logLevel: string
  /** Most points of one operation (spec/api.md 7). */
  maxCost: number
  /** Bearer token of /metrics for other machines; null keeps it to this one. */
  metricsToken: string | null
  /** Addresses or CIDR ranges of the proxies in front whose X-Forwarded-For is believed; none believes nobody. */
  trustProxy: string[]
  /** Does this process do what is due in the background: hand-overs, requests for rights. */
  backgroundWork: boolean
  /** Where mails go out; null keeps them waiting. */
  smtpUrl: string | null
  /** Who writes them: `Atrium <no-reply@crm.example>`. */
  mailFrom: string | null
  /** The front end, to which the links in mails lead; null: no mails go out. */
  appUrl: string | null
  /** This API as others reach it, without a slash at its end: the issuer of its tokens. */
  publicUrl: string | null
  /** May an identity provider of a company have a private or loopback address: for tests and closed networks. */
  oidcAllowPrivate: boolean
  /** Failed sign-ins within the window after which an account, or an address, is locked until the oldest of them is as old as the window. */
  signIn: { maxFailures: number; maxFailuresPerAddress: number; windowSeconds: number }
  storage: StorageConfig
  /** Folder in which files lie while they come in. */
  incoming: string
  /** Largest file, bytes. */
  maxUpload: number
  /** Bytes of files that a company may keep unless its own row says otherwise. */
  storageQuota: number
}

/** Something in the environment contradicts itself or cannot be read. The message is for the one who starts the server. */
export class ConfigError extends Error {}

const MIB = 1024 * 1024

type Env = Record<string, string | undefined>

function whole(env: Env, name: string, fallback: number, min: number, max: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max)
    throw new ConfigError(`${name} must be a whole number from ${min} to ${max}.`)
  return value
}

function flag(env: Env, name: string, fallback: boolean): boolean {
  const text = env[name]?.toLowerCase()
  if (text === undefined || text === '') return fallback
  if (['1', 'true', 'yes', 'on'].includes(text)) return true
  if (['0', 'false', 'no', 'off'].includes(text)) return false
  throw new ConfigError(`${name} must be true or false.`)
}

/** RFC 3339 → the moment; null when the text is none. */
function moment(text: string): Date | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.test(text)) return null
  const date = text.slice(0, 10)
  const [day, time] = [new Date(`${date}T00:00:00Z`), new Date(text.toUpperCase())]
  // Date takes 30 February for a day of March.
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date)) return null
  return Number.isNaN(time.getTime()) ? null : time
}

/**
 * The secret that is accepted beside the current one, and until when; null when there is none. A moment that is over is as good as any: the secret does
 * not count then. Throws ConfigError with a sentence that names the variable.
 */
export function readPreviousSecret(env: Env, current: string): { secret: string; until: Date } | null {
  const secret = env.ATRIUM_SECRET_PREVIOUS ?? ''
  const deadline = env.ATRIUM_SECRET_PREVIOUS_UNTIL ?? ''
  if (secret === '' && deadline === '') return null
  if (secret === '')
    throw new ConfigError(
      'ATRIUM_SECRET_PREVIOUS_UNTIL is set and ATRIUM_SECRET_PREVIOUS, the secret it is about, is not.',
    )
  if (secret.length < 32) throw new ConfigError('ATRIUM_SECRET_PREVIOUS must have at least 32 characters.')
  if (/^(.)\1*$/.test(secret)) throw new ConfigError('ATRIUM_SECRET_PREVIOUS is one character over and over.')
  if (secret === current)
    throw new ConfigError(
      'ATRIUM_SECRET_PREVIOUS and ATRIUM_SECRET are the same: it must be the one before or the next one.',
    )
  const until = moment(deadline)
  if (!until) {
    throw new ConfigError(
      'ATRIUM_SECRET_PREVIOUS_UNTIL must be set with ATRIUM_SECRET_PREVIOUS: a moment as in 2027-01-31T00:00:00Z.',
    )
  }
  return { secret, until }
}

function storage(env: Env): StorageConfig {
  const kind = env.STORAGE || 'fs'
  if (kind === 'fs') return { kind, root: resolve(env.ATRIUM_HOME || '.atrium', 'files') }
  if (kind !== 's3') throw new ConfigError('STORAGE must be fs or s3.')
  const bucket = env.STORAGE_S3_BUCKET ?? ''
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw new ConfigError('STORAGE_S3_BUCKET must name the bucket when STORAGE is s3.')
  const endpoint = env.STORAGE_S3_ENDPOINT || null
  if (endpoint && !/^https?:\/\/[^\s/]\S*$/.test(endpoint))
    throw new ConfigError('STORAGE_S3_ENDPOINT must be an http or https address.')
  const accessKeyId = env.STORAGE_S3_KEY || ''
  const secretAccessKey = env.STORAGE_S3_SECRET || ''
  if ((accessKeyId === '') !== (secretAccessKey === ''))
    throw new ConfigError('STORAGE_S3_KEY and STORAGE_S3_SECRET go together.')
  return {
    kind,
    bucket,
    endpoint,
    region: env.STORAGE_S3_REGION || 'us-east-1',
    credentials: accessKeyId ? { accessKeyId, secretAccessKey } : null,
    forcePathStyle: flag(env, 'STORAGE_S3_FORCE_PATH_STYLE', false),
  }
}

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Environment → settings. Throws ConfigError with a sentence that names the variable. */
export function readConfig(env: Env): Config {
  const databaseUrl = env.DATABASE_URL
  if (!databaseUrl || !/^postgres(ql)?:\/\//.test(databaseUrl))
    throw new ConfigError('DATABASE_URL must be a postgres:// address of the unprivileged role.')
  if (env.DATABASE_OWNER_URL === databaseUrl) {
    throw new ConfigError(
      'DATABASE_URL and DATABASE_OWNER_URL are the same: requests must not run as the owner of the tables.',
    )
  }
  const secret = env.ATRIUM_SECRET ?? ''
  if (secret.length < 32)
    throw new ConfigError('ATRIUM_SECRET must have at least 32 characters; all processes need the same.')
  if (/^(.)\1*$/.test(secret)) throw new ConfigError('ATRIUM_SECRET is one character over and over; make a random one.')
  const redisUrl = env.REDIS_URL || null
  if (redisUrl && !/^rediss?:\/\//.test(redisUrl))
    throw new ConfigError('REDIS_URL must be a redis:// or rediss:// address.')
  const logLevel = env.LOG_LEVEL || 'info'
  if (!LEVELS.includes(logLevel)) throw new ConfigError(`LOG_LEVEL must be one of ${LEVELS.join(', ')}.`)
  const address = (name: string): string | null => {
    const text = env[name]?.replace(/\/+$/, '') || null
    if (text && !/^https?:\/\/[^\s/]\S*$/.test(text)) throw new ConfigError(`${name} must be an http or https address.`)
    return text
  }
  const smtpUrl = env.SMTP_URL || null
  if (smtpUrl && !/^smtps?:\/\//.test(smtpUrl))
    throw new ConfigError('SMTP_URL must be an smtp:// or smtps:// address.')
  if (smtpUrl && !/@/.test(env.MAIL_FROM ?? ''))
    throw new ConfigError('MAIL_FROM must be an address when SMTP_URL is set: Atrium <no-reply@crm.example>.')
  const publicUrl = address('PUBLIC_URL')
  const appUrl = address('APP_URL') ?? publicUrl
  if (smtpUrl && !appUrl) throw new ConfigError('APP_URL or PUBLIC_URL must be set when SMTP_URL is: mails hold links.')
  return {
    databaseUrl,
    redisUrl,
    cache: flag(env, 'CACHE', true),
    secret,
    previousSecret: readPreviousSecret(env, secret),
    port: whole(env, 'PORT', 4000, 0, 65535),
    host: env.HOST || '127.0.0.1',
    poolSize: whole(env, 'DATABASE_POOL_SIZE', 10, 1, 500),
    poolTimeout: whole(env, 'DATABASE_POOL_TIMEOUT_MS', 10_000, 100, 600_000),
    prepare: flag(env, 'DATABASE_PREPARE', true),
    statementTimeout: whole(env, 'DATABASE_STATEMENT_TIMEOUT_MS', 15_000, 100, 600_000),
    compiled: flag(env, 'GRAPHQL_COMPILED', true),
    explorer: flag(env, 'EXPLORER', env.NODE_ENV !== 'production'),
    logLevel,
    maxCost: whole(env, 'GRAPHQL_MAX_COST', 1000, 10, 1_000_000),
    metricsToken: env.METRICS_TOKEN || null,
    trustProxy: (env.TRUST_PROXY ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean),
    backgroundWork: flag(env, 'BACKGROUND_WORK', true),
    smtpUrl,
    mailFrom: env.MAIL_FROM || null,
    appUrl,
    publicUrl,
    oidcAllowPrivate: flag(env, 'OIDC_ALLOW_PRIVATE', false),
    signIn: {
      maxFailures: whole(env, 'SIGN_IN_MAX_FAILURES', 10, 1, 1000),
      maxFailuresPerAddress: whole(env, 'SIGN_IN_MAX_FAILURES_PER_ADDRESS', 10, 1, 1000),
      windowSeconds: whole(env, 'SIGN_IN_WINDOW_SECONDS', 900, 1, 86_400),
    },
    storage: storage(env),
    incoming: resolve(env.ATRIUM_HOME || '.atrium', 'incoming'),
    maxUpload: whole(env, 'MAX_UPLOAD', 25 * MIB, 1, 2048 * MIB - 1),
    storageQuota: whole(env, 'STORAGE_QUOTA', 10_240 * MIB, 0, Number.MAX_SAFE_INTEGER),
  }
}
