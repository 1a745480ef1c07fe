import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is made from something else and committed all the same. */
const MADE = ['prisma/generated', 'schema.graphql', 'tests/generated']

/** npm run current: makes all of it anew and fails when that changes a file. Compares with the files as they were, not with git: it serves before a commit too. */
const before = contents()
for (const script of ['generate', 'schema', 'codegen']) {
  const { status } = spawnSync('npm', ['run', '--silent', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm run ${script} failed.`)
}
const after = contents()
const stale = [...new Set([...before.keys(), ...after.keys()])].filter((file) => before.get(file) !== after.get(file))
if (stale.length > 0) {
  console.error(
    `Out of date until now (they are made anew, commit them):\n${stale.map((file) => `  ${file}`).join('\n')}`,
  )
  process.exit(1)
}
console.log(`${after.size} generated files are current.`)

/** Path → text of every made file. */
function contents(): Map<string, string> {
  const files = MADE.flatMap((path) => {
    if (/\.\w+$/.test(path)) return [path]
    try {
      return readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    } catch {
      return []
    }
  })
  return new Map(
    files.sort().flatMap((file) => {
      try {
        return [[file, readFileSync(file, 'utf8')]]
      } catch {
        return []
      }
    }),
  )
}
