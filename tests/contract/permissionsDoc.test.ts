import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { SEED_ROLES } from '../../src/access/roles.ts'
import { recordTypes } from '../../src/read/recordType.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { person } from '../support/people.ts'

const FILE = new URL('../../docs/permissions.md', import.meta.url)
const PLACE = /(<!-- generated -->\n)[\s\S]*(<!-- \/generated -->)/
// The administrator may do everything, the customer's user what docs/portal.md says.
const ROLES = SEED_ROLES.map(({ key }) => key).filter((key) => key !== 'admin' && key !== 'customer')

let test: TestApp
beforeAll(async () => {
  test = await testApp()
})
afterAll(() => test.close())

/** The rights of each role as the API tells them to somebody who has it. */
async function rights(): Promise<Map<string, Map<string, Any>>> {
  const found = new Map<string, Map<string, Any>>()
  for (const role of ROLES) {
    const somebody = await person(test, test.acme, role)
    const { viewer } = await somebody.run(
      '{ viewer { permissions { object actions readScopes writeScopes fields { name read write mask } } } }',
    )
    found.set(role, new Map(viewer.permissions.map((one: Any) => [one.object, one])))
  }
  return found
}

const scopes = ({ actions, readScopes, writeScopes }: Any) => {
  if (readScopes.length === 0 && writeScopes.length === 0) return 'no owner'
  const writes = actions.some((action: string) => action !== 'read' && action !== 'export')
  return [
    readScopes.length > 0 ? `reads ${readScopes.join(', ')}` : null,
    writes ? `writes ${writeScopes.join(', ')}` : null,
  ]
    .filter(Boolean)
    .join('; ')
}

const cell = ({ read, write, mask }: Any) =>
  [write ? 'write' : read ? 'read' : '–', mask === 'NONE' ? '' : ` (masked: ${mask})`].join('')

async function table(): Promise<string> {
  const byRole = await rights()
  const lines: string[] = []
  const row = (cells: string[]) => lines.push(`| ${cells.join(' | ')} |`)
  for (const { name } of recordTypes().toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const all = ROLES.map((role) => byRole.get(role)?.get(name))
    lines.push(`### ${name}`, '')
    row(['', ...ROLES])
    row(['---', ...ROLES.map(() => '---')])
    row(['**actions**', ...all.map(({ actions }) => actions.join(', ') || 'none')])
    row(['**scope**', ...all.map((one) => (one.actions.length > 0 ? scopes(one) : ''))])
    for (const [place, field] of all[0].fields.entries())
      row([field.name, ...all.map(({ actions, fields }) => (actions.length > 0 ? cell(fields[place]) : '–'))])
    lines.push('')
  }
  return lines.join('\n')
}

it('docs/permissions.md lists what the roles of a new company allow, object by object and field by field', async () => {
  const text = readFileSync(FILE, 'utf8')
  const wanted = text.replace(PLACE, `$1\n${await table()}\n$2`)
  if (process.env.UPDATE_DOCS) writeFileSync(FILE, wanted)
  else expect(text).toBe(wanted)
})
