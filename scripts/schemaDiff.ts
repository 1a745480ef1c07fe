import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { type Change, CriticalityLevel, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'

/*
 * npm run schema:diff: what schema.graphql changes for clients. A breaking change passes only when docs/schema-changes.md names it, in a line "- <the change>"
 * with the words printed here, and why after it.
 *
 * Compared with the version of, in this order: SCHEMA_BASE (any git revision), the merge base with origin/main where that is behind us, the last commit where
 * the working copy differs from it, the commit before the last one that changed the schema.
 */
const FILE = 'schema.graphql'
const DECLARED = 'docs/schema-changes.md'

const found = base()
if (!found) {
  console.log('Schema diff: no earlier schema.graphql to compare with; this is the first version.')
  process.exit(0)
}
const changes = await diff(buildSchema(found.text), buildSchema(readFileSync(FILE, 'utf8')))
const declared = existsSync(DECLARED) ? readFileSync(DECLARED, 'utf8').split('\n').map(plain) : []
const isDeclared = ({ message }: Change) => declared.some((line) => line.startsWith(`- ${plain(message)}`))
const of = (level: CriticalityLevel) => changes.filter(({ criticality }) => criticality.level === level)
const breaking = of(CriticalityLevel.Breaking)
const undeclared = breaking.filter((change) => !isDeclared(change))

console.log(
  `Schema diff against ${found.name}: ${breaking.length} breaking, ${of(CriticalityLevel.Dangerous).length} dangerous, ${of(CriticalityLevel.NonBreaking).length} safe.`,
)
for (const change of breaking) console.log(`  breaking${isDeclared(change) ? ', declared' : ''}: ${change.message}`)
for (const { message } of of(CriticalityLevel.Dangerous)) console.log(`  dangerous: ${message}`)
if (undeclared.length > 0) {
  console.error(
    `${undeclared.length} breaking changes are not declared. Take them back, or declare them in ${DECLARED}:`,
  )
  for (const { message } of undeclared) console.error(`- ${plain(message)}: <why, and what clients do instead>`)
  process.exit(1)
}

/** The schema to compare with and where it is from; null when there is none before this one. */
function base(): { name: string; text: string } | null {
  const asked = process.env.SCHEMA_BASE
  if (asked) {
    const text = show(asked)
    if (text === null) throw new Error(`SCHEMA_BASE=${asked} is no revision with a ${FILE}.`)
    return { name: asked, text }
  }
  const head = git('rev-parse', 'HEAD')
  const branched = git('merge-base', 'HEAD', 'origin/main')
  if (branched && branched !== head) return version(branched)
  if (git('status', '--porcelain', '--', FILE)) return head ? version(head) : null
  const last = git('log', '-1', '--format=%H', '--', FILE)
  return last ? version(`${last}^`) : null
}

function version(revision: string): { name: string; text: string } | null {
  const text = show(revision)
  return text === null ? null : { name: git('rev-parse', '--short', revision) ?? revision, text }
}

function show(revision: string): string | null {
  return git('show', `${revision}:${FILE}`)
}

/** What git prints, or null when it refuses: no such revision, no remote, no history. */
function git(...args: string[]): string | null {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return status === 0 ? stdout.trim() : null
}

/** The words of a change without marks that Markdown would want. */
function plain(text: string): string {
  return text.replaceAll('`', '').trim()
}
