import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { ConfigError } from '../config.ts'
import { UserErrors } from '../errors.ts'

/** The command line `atrium`. Each command is loaded when it is called, so that `--help` answers at once. */
const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65535)
    throw new InvalidArgumentError('a whole number from 0 to 65535')
  return value
}

const program = new Command('atrium')
  .description('The CRM platform as a GraphQL API: one deployment, many companies, each seeing only its own.')
  .version(version)
  .showHelpAfterError('(atrium --help shows all commands)')

program
  .command('start')
  .description('Starts the server, with a database of its own unless DATABASE_URL and DATABASE_OWNER_URL name one.')
  .option('--port <number>', 'port to listen on; 4000, or PORT', port)
  .option('--no-demo', 'make no demo companies on the first start')
  .action(async (options) => (await import('./start.ts')).start(options))

program
  .command('migrate')
  .description('Brings the database up to this version.')
  .action(async () => (await import('./migrate.ts')).runMigrate())

program
  .command('doctor')
  .description('Looks at roles, row security, migrations, versions, Redis and clocks, and says what to do.')
  .option('--json', 'print findings as JSON')
  .action(async (options) => (await import('./doctor.ts')).doctor(options))

program
  .command('schema')
  .description('Prints the GraphQL schema.')
  .action(async () => (await import('./schema.ts')).printSchemaText())

const tenant = program.command('tenant').description('Companies of the deployment.')

tenant
  .command('create')
  .description('Makes a company with its first administrator and an API key, and prints what to hand over.')
  .requiredOption('--slug <slug>', 'short name: lower-case letters, digits, hyphens')
  .requiredOption('--name <name>', 'name of the company')
  .requiredOption('--admin-email <address>', 'e-mail address of its first administrator')
  .option('--admin-name <name>', 'name of the administrator')
  .option('--timezone <name>', 'IANA time zone', 'UTC')
  .option('--currency <code>', 'ISO 4217 code of amounts that name none', 'USD')
  .option('--country <code>', 'ISO 3166-1 code; where telephone numbers without a prefix belong', 'US')
  .option('--json', 'print JSON')
  .action(async (options) => (await import('./tenant.ts')).createTenantCommand(options))

tenant
  .command('suspend <slug>')
  .description('Refuses all requests of a company from now on (within 5 seconds in every process); nothing is lost.')
  .action(async (slug) => (await import('./tenant.ts')).setTenantStatusCommand(slug, 'SUSPENDED'))

tenant
  .command('resume <slug>')
  .description('Lets a suspended company in again.')
  .action(async (slug) => (await import('./tenant.ts')).setTenantStatusCommand(slug, 'ACTIVE'))

program
  .command('import')
  .description('Reads a CSV file into a company; see docs/import.md.')
  .requiredOption('--tenant <slug>', 'the company')
  .requiredOption('--type <type>', 'record type: Account, Contact, Lead, Opportunity …')
  .requiredOption('--file <path>', 'the CSV file')
  .requiredOption('--mapping <path>', 'the JSON mapping of columns to fields')
  .addOption(
    new Option('--mode <mode>', 'what to do with records that are there already')
      .choices(['create', 'upsert'])
      .default('create'),
  )
  .option(
    '--key <fields>',
    'fields by which an upsert finds records, with commas between them, instead of the mapping’s',
  )
  .option('--dry-run', 'check everything, change nothing')
  .option('--errors <path>', 'where to write the rows that could not go in')
  .option('--json', 'print the summary as JSON and no progress bar')
  .action(async (options) => (await import('./importFile.ts')).importFile(options))

program
  .command('export')
  .description('Writes all records of a type to a file; see docs/export.md.')
  .argument('<type>', 'record type: Account, Contact, Lead, Opportunity …')
  .requiredOption('--tenant <slug>', 'the company')
  .addOption(new Option('--format <format>', 'of the file').choices(['csv', 'jsonl']).default('csv'))
  .option('--output <path>', 'where to write; standard output if left out')
  .option('--fields <names>', 'fields with commas between them; all if left out')
  .option('--purpose <text>', 'why; kept with the trace of the export')
  .option('--bom', 'CSV: begin with a byte order mark, by which Excel knows UTF-8')
  .action(async (type, options) => (await import('./export.ts')).exportCommand({ type, ...options }))

/** What our own code throws as a plain Error is written for people; errors of PostgreSQL, of the system and of the language are of other kinds, or carry a code. */
function isSentence(error: unknown): error is Error {
  return error instanceof Error && ['Error', 'StartError'].includes(error.name) && !('code' in error)
}

try {
  await program.parseAsync()
} catch (error) {
  // What a person can mend is said in a sentence; everything else keeps its stack.
  if (error instanceof UserErrors) {
    for (const { field, message } of error.errors) console.error(`${field ? `${field.join('.')}: ` : ''}${message}`)
  } else if (error instanceof ConfigError || isSentence(error)) {
    console.error(error.message)
  } else {
    console.error(error)
  }
  process.exitCode = 1
}
