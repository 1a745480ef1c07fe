import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const ROOT = resolve(import.meta.dirname, '../..')
const text = (path: string) => readFile(join(ROOT, path), 'utf8')

/** Variables that the settings are read from, and those that choose the servers. */
async function variables(): Promise<string[]> {
  const code = (await text('src/config.ts')) + (await text('src/cli/surroundings.ts'))
  const names = [...code.matchAll(/env\.([A-Z_0-9]{3,})|(?:\(env, |\baddress\()'([A-Z_0-9]+)'/g)].map(
    ([, a, b]) => (a ?? b) as string,
  )
  const taken = [...code.matchAll(/\{ ([A-Z_, ]+) \} = process\.env/g)].flatMap(([, list]) =>
    (list as string).split(', '),
  )
  return [...new Set([...names, ...taken])].filter((name) => name !== 'NODE_ENV').sort()
}

/** Names in the first column of a page's tables. */
const documented = (page: string) =>
  new Set(
    [...page.matchAll(/^\| ((?:`[A-Z_0-9]+`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
      (cell as string).replaceAll('`', '').split(', '),
    ),
  )

describe('the documents', () => {
  it.each(['README.md', 'docs/configuration.md'])(
    'say in %s every variable that is read, and no other',
    async (path) => {
      expect([...documented(await text(path))].sort()).toEqual(await variables())
    },
  )

  it('name only npm scripts that there are', async () => {
    const { scripts } = JSON.parse(await text('package.json')) as { scripts: Record<string, string> }
    const pages = (
      await Promise.all(['README.md', 'CONTRIBUTING.md', 'docs/tutorial-new-record-type.md', '.ci/run'].map(text))
    ).join('\n')
    const named = new Set([...pages.matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(([, name]) => name as string))
    expect([...named].filter((name) => !scripts[name])).toEqual([])
    expect(named.size).toBeGreaterThan(5)
  })
})
