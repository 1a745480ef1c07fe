import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'

/*
 * npm run generate: writes prisma/generated from prisma/schema. Prisma's command line asks for its schema engine, which it would download;
 * generating never runs it, so any executable will do.
 */
rmSync('prisma/generated/client', { recursive: true, force: true })
const { status, error } = spawnSync(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  },
})
if (error) throw error
process.exit(status ?? 1)
