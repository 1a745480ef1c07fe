/** Writes generated/ from schema.prisma: Prisma's client and the types of Pothos' plugin. */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
rmSync(at('generated'), { recursive: true, force: true })
const { status, stderr, error } = spawnSync(
  process.execPath,
  [at('../../node_modules/prisma/build/index.js'), 'generate', '--schema', at('schema.prisma')],
  {
    cwd: at('../..'),
    encoding: 'utf8',
    env: {
      ...process.env,
      // The generators are commands of installed packages, and are to run on this very Node.
      PATH: [dirname(process.execPath), at('../../node_modules/.bin'), process.env.PATH].join(delimiter),
      // Asked for, and never run, by generating; it would be downloaded.
      PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  },
)
if (error) throw error
if (status !== 0) throw new Error(`prisma generate ended with ${status}: ${stderr}`)
