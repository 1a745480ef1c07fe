import { readFileSync } from 'node:fs'

/** `node scripts/count.ts results.json`: prints what Jest counted as "N passed, N failed", a suite that could not run as one failure. Exit code 1 on a failure or when nothing ran. */
const text = readFileSync(process.argv[2] ?? '', 'utf8')
const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(text) as Record<
  string,
  number | undefined
>
const passed = numPassedTests ?? 0
const failed = (numFailedTests ?? 0) + (numRuntimeErrorTestSuites ?? 0)
console.log(`${passed} passed, ${failed} failed${numPendingTests ? `, ${numPendingTests} skipped` : ''}`)
if (passed === 0 || failed > 0) process.exitCode = 1
