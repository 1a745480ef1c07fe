// Redis has 16 databases unless told otherwise, and number 0 of somebody's own Redis may hold his things.
const PER_WORKER = 5

/**
 * Address of the tests' Redis, with a database number that no other Jest worker uses. `db` (0 to 4) tells apart what
 * one worker wants apart. A test that flushes must use FLUSHDB, never FLUSHALL.
 */
export function redisUrl(db = 0): string {
  const base = process.env.ATRIUM_TEST_REDIS_URL
  if (!base) throw new Error('ATRIUM_TEST_REDIS_URL is missing: run the tests with "npm test", which starts Redis.')
  if (!Number.isInteger(db) || db < 0 || db >= PER_WORKER) throw new RangeError(`db is 0 to ${PER_WORKER - 1}.`)
  const worker = Number(process.env.JEST_WORKER_ID ?? 1)
  const url = new URL(base)
  url.pathname = `/${1 + (worker - 1) * PER_WORKER + db}`
  return url.href
}
