import fc from 'fast-check'

/**
 * Runs before each test file: every property is tried with the same inputs in each run, so that a failure is one that the change made. `SEED=<integer> npm test` tries
 * others; a property that gives its own seed keeps it.
 */
fc.configureGlobal({ seed: Number(process.env.SEED ?? 20_261_122) })
