import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../..')
/** What the application consists of; tests and documents are not needed to run it. */
const PARTS = ['src', 'prisma', 'scripts/generate.ts', 'prisma.config.ts', 'package.json', 'tsconfig.json']

/** Runs in the copy: migrates, starts an app in process, makes two companies and asks of one what the tutorial promises. Prints JSON. */
const TRIAL = `
import { createApp } from './src/app.ts'
import { readConfig } from './src/config.ts'
import { createTenant } from './src/resolvers/identity/createTenant.ts'
import { migrate } from './src/tenancy/migrate.ts'

const { applied } = await migrate(process.env.DATABASE_OWNER_URL!)
const app = await createApp(readConfig({ ...process.env, LOG_LEVEL: 'silent', ATRIUM_SECRET: 'a secret of the tests, long enough' }))
const company = async (slug: string) => {
  const { apiKey } = await createTenant(app.tenancy, { slug, name: slug, adminEmail: \`admin@\${slug}.example\` })
  return async (query: string, variables = {}, key = apiKey) => {
    const answer = await app.server.inject({
      method: 'POST', url: '/graphql', headers: { authorization: \`Bearer \${key}\`, 'content-type': 'application/json' },
      payload: JSON.stringify({ query, variables }),
    })
    return JSON.parse(answer.body)
  }
}
const acme = await company('acme')
const globex = await company('globex')
const made = await acme(\`mutation {
  createAccount(input: { name: "Tutorial Ltd" }) { account { id } }
  createContact(input: { firstName: "Ada", lastName: "Driver" }) { contact { id } }
}\`)
const account = made.data.createAccount.account.id
const driver = made.data.createContact.contact.id
const create = 'mutation($input: CreateVehicleInput!) { createVehicle(input: $input) { vehicle { id version mileage } userErrors { code field } } }'
const input = { plate: 'B-AT 1', kind: 'VAN', price: { amount: '41900.00', currency: 'EUR' }, boughtOn: '2026-02-03', accountId: account, driverId: driver }
const created = await acme(create, { input })
const twice = await acme(create, { input })
const foreign = await globex(create, { input })
const list = \`{ vehicles(where: { kind: { eq: VAN }, account: { is: { name: { contains: "ltd" } } } }, orderBy: [{ field: PLATE }]) {
  nodes { plate make boughtOn price { amount currency } account { name opportunities(first: 3) { nodes { name } } } driver { fullName } }
  totalCount { value } } }\`
const listed = await acme(list)
const others = await globex(list)
const { id } = created.data.createVehicle.vehicle
const more = await acme(\`mutation($id: ID!) {
  updateVehicle(id: $id, input: { mileage: 1200 }, expectedVersion: 1) { vehicle { version mileage } userErrors { code } }
  deleteVehicle(id: $id) { userErrors { code } }
}\`, { id })
const gone = await acme(\`query($id: ID!) { vehicle(id: $id) { id } search: vehicles(search: "b-at", deleted: true) { nodes { id } } }\`, { id })
const { roles } = (await acme('{ roles(where: { key: { eq: "rep" } }) { nodes { id } } }')).data
const roleId = roles.nodes[0].id
const rep = (await acme('mutation($input: CreateUserInput!) { createUser(input: $input) { user { id } } }', { input: { name: 'Rep', roleId } })).data.createUser.user.id
const { key } = (await acme('mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }', { input: { name: 'Rep', roleId, userId: rep } })).data.createApiKey
const two = await acme(\`mutation($a: CreateVehicleInput!, $b: CreateVehicleInput!) { a: createVehicle(input: $a) { userErrors { code } } b: createVehicle(input: $b) { userErrors { code } } }\`,
  { a: { ...input, plate: 'B-AT 2' }, b: { ...input, plate: 'B-AT 3', ownerId: rep } })
const own = await acme('{ vehicles { nodes { plate } totalCount { value } } }', {}, key)
await app.close()
console.log(JSON.stringify({ two, own, applied, id, created, twice, foreign, listed, others, more, gone }))
`

interface Block {
  path: string
  text: string
}

/** The code blocks of the tutorial that say which file they are. */
async function blocks(): Promise<Block[]> {
  const page = await readFile(join(ROOT, 'docs/tutorial-new-record-type.md'), 'utf8')
  return [...page.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, path, text]) => ({
    path: path as string,
    text: text as string,
  }))
}

describe('the tutorial of a new record type', () => {
  let copy: string
  let database: TestDatabase

  beforeAll(async () => {
    database = await freshDatabase()
    copy = await mkdtemp(join(process.env.ATRIUM_TEST_FOLDER ?? tmpdir(), 'atrium-tutorial-'))
    for (const part of PARTS) await cp(join(ROOT, part), join(copy, part), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    for (const { path, text } of await blocks()) {
      await mkdir(dirname(join(copy, path)), { recursive: true })
      await writeFile(join(copy, path), text, { flag: 'wx' })
    }
    await run(process.execPath, ['scripts/generate.ts'], { cwd: copy })
  }, 300_000)

  afterAll(async () => {
    await database?.drop()
    if (copy) await rm(copy, { recursive: true, force: true })
  })

  it('adds one model, one migration and one schema file of at most 60 lines, all of them new files', async () => {
    const files = await blocks()
    expect(files.map(({ path }) => path.replace(/\d{4}/, 'NNNN'))).toEqual([
      'prisma/schema/fleet.prisma',
      'prisma/migrations/NNNN_vehicle.sql',
      'src/schema/fleet/vehicle.ts',
    ])
    expect(files[2]?.text.split('\n').length).toBeLessThanOrEqual(60)
  })

  it('compiles, and a misspelt column does not', async () => {
    const only = { extends: './tsconfig.json', include: [], files: ['src/schema/fleet/vehicle.ts'] }
    await writeFile(join(copy, 'tsconfig.vehicle.json'), JSON.stringify(only))
    const check = () =>
      run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.vehicle.json', '--pretty', 'false'], {
        cwd: copy,
      })
    await check()
    const file = join(copy, 'src/schema/fleet/vehicle.ts')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('    mileage:', '    milage:'))
    await expect(check()).rejects.toMatchObject({ stdout: expect.stringContaining("'milage' does not exist") })
    await writeFile(file, text)
  }, 300_000)

  it('gives a record type that is created, listed, filtered, reached from others, changed and deleted, for its own company only', async () => {
    await writeFile(join(copy, 'trial.ts'), TRIAL)
    const { stdout } = await run(process.execPath, ['trial.ts'], {
      cwd: copy,
      env: {
        ...process.env,
        DATABASE_URL: database.appUrl,
        DATABASE_OWNER_URL: database.ownerUrl,
        REDIS_URL: '',
        NODE_OPTIONS: '',
      },
    })
    const told = JSON.parse(stdout)
    expect(told.applied).toEqual(['9000_vehicle.sql'])
    expect(told.created).toMatchObject({ data: { createVehicle: { vehicle: { version: 1 }, userErrors: [] } } })
    expect(told.id).toMatch(/^vehi_/)
    expect(told.twice.data.createVehicle).toEqual({
      vehicle: null,
      userErrors: [{ code: 'UNIQUE_VIOLATION', field: ['input', 'plate'] }],
    })
    // The same ids from another company name nothing.
    expect(told.foreign.data.createVehicle.userErrors.map(({ code }: { code: string }) => code)).toEqual([
      'NOT_FOUND',
      'NOT_FOUND',
    ])
    expect(told.listed.data.vehicles).toEqual({
      nodes: [
        {
          plate: 'B-AT 1',
          make: null,
          boughtOn: '2026-02-03',
          price: { amount: '41900.00', currency: 'EUR' },
          account: { name: 'Tutorial Ltd', opportunities: { nodes: [] } },
          driver: { fullName: 'Ada Driver' },
        },
      ],
      totalCount: { value: 1 },
    })
    expect(told.others.data.vehicles).toEqual({ nodes: [], totalCount: { value: 0 } })
    expect(told.more.data).toEqual({
      updateVehicle: { vehicle: { version: 2, mileage: 1200 }, userErrors: [] },
      deleteVehicle: { userErrors: [] },
    })
    // Of two vehicles a sales representative sees the one that is theirs.
    expect(told.two.data).toEqual({ a: { userErrors: [] }, b: { userErrors: [] } })
    expect(told.own.data.vehicles).toEqual({ nodes: [{ plate: 'B-AT 3' }], totalCount: { value: 1 } })
    expect(told.gone.data).toEqual({ vehicle: null, search: { nodes: [{ id: told.id }] } })
  }, 300_000)
})
