/**
 * Which way imports may point (ARCHITECTURE.md): cli → app → http, schema → jobs → resolvers → access, cache → read, events → tenancy → prisma/generated.
 * A type-only import counts like any other, except in cycles. Tests may import everything.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */

/** Importable by every folder: errors, ids, the types of the context, the settings. */
const COMMON = '^src/(errors|ids|context|config)\\.ts$'

/** A folder of src may import itself, the common files and the folders named; nothing else of this project. */
function layer(name, comment, from, to) {
  return {
    name,
    comment,
    severity: 'error',
    from: { path: from },
    to: { path: '^(src|prisma|tests|scripts|bench)/', pathNot: [COMMON, from, ...to] },
  }
}

const CLIENT_OF_DATABASE = '^node_modules/(pg|pg-pool|@prisma/adapter-pg)/'

module.exports = {
  forbidden: [
    layer(
      'errors-ids-config-stand-alone',
      'What everything imports imports nothing itself: a lower layer can be read without the upper ones.',
      '^src/(errors|ids|config)\\.ts$',
      [],
    ),
    {
      name: 'context-is-types',
      comment: 'context.ts says what a resolver gets. It names types of the folders below and runs nothing of them.',
      severity: 'error',
      from: { path: '^src/context\\.ts$' },
      to: { path: '^(src|prisma)/', dependencyTypesNot: ['type-only'] },
    },
    layer(
      'tenancy-is-the-bottom',
      'The isolation rests on the generated client alone: nothing above can change what a bracket does.',
      '^src/tenancy/',
      ['^prisma/generated/'],
    ),
    layer(
      'read-is-below-behaviour',
      'The read engine turns a selection into a statement. It knows record types, not permissions or verbs.',
      '^src/read/',
      ['^src/tenancy/', '^prisma/generated/'],
    ),
    layer('events-is-below-behaviour', 'Changes are numbered from the database alone.', '^src/events/', [
      '^src/tenancy/',
      '^prisma/generated/',
    ]),
    layer(
      'access-decides-and-does-not-act',
      'One decision for every path can only stand below all paths.',
      '^src/access/',
      ['^src/read/', '^src/tenancy/', '^prisma/generated/'],
    ),
    layer(
      'cache-is-below-behaviour',
      'What a viewer may see is decided after the cache: it may ask access, never a resolver.',
      '^src/cache/',
      ['^src/access/', '^src/read/', '^src/tenancy/'],
    ),
    layer(
      'resolvers-never-import-schema',
      'Behaviour is plain functions, callable from a job or the command line without GraphQL.',
      '^src/resolvers/',
      ['^src/(access|cache|events|read|tenancy)/', '^prisma/generated/'],
    ),
    layer('storage-stands-alone', 'Where bytes are kept is no matter of companies and records.', '^src/storage/', []),
    layer('jobs-call-resolvers', 'A job writes by the same functions as the API: no back door.', '^src/jobs/', [
      '^src/(access|cache|events|read|resolvers|storage|tenancy)/',
      '^prisma/generated/',
    ]),
    layer(
      'schema-calls-resolvers',
      'The contract declares and calls. It does not know how it is served or started.',
      '^src/schema/',
      ['^src/(access|cache|events|jobs|read|resolvers|tenancy)/', '^prisma/generated/'],
    ),
    layer('http-knows-no-schema', 'The server is handed a schema and a context: it serves any.', '^src/http/', [
      '^src/(access|tenancy)/',
    ]),
    layer(
      'app-puts-together',
      'Only the command line starts an app; the app does not know the command line.',
      '^src/app\\.ts$',
      ['^src/(access|cache|events|http|jobs|read|resolvers|schema|storage|tenancy)/'],
    ),
    {
      name: 'nothing-imports-the-command-line',
      comment: 'The command line is the outermost layer.',
      severity: 'error',
      from: { path: '^(src|prisma|scripts|bench)/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/', pathNot: '^src/cli/servers(/|\\.ts$)' },
    },
    {
      name: 'servers-know-no-crm',
      comment: 'The embedded servers serve any program: they import nothing of Atrium.',
      severity: 'error',
      from: { path: '^src/cli/servers(/|\\.ts$)' },
      to: { path: '^(src|prisma|tests)/', pathNot: '^src/cli/servers/' },
    },
    {
      name: 'only-tenancy-talks-to-the-database',
      comment:
        'A connection that does not come out of a bracket belongs to no tenant. The embedded cluster and the doctor work as the owner, before and beside the app.',
      severity: 'error',
      from: { path: '^(src|scripts)/', pathNot: ['^src/tenancy/', '^src/cli/servers/', '^src/cli/doctor\\.ts$'] },
      to: { path: CLIENT_OF_DATABASE },
    },
    {
      name: 'only-tenancy-holds-the-prisma-client',
      comment: 'The same door: others may name the client’s types and the datamodel, never make a client.',
      severity: 'error',
      from: { path: '^(src|scripts)/', pathNot: '^src/tenancy/' },
      to: { path: '^prisma/generated/client/|^node_modules/@prisma/client/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-cache-talks-to-redis',
      comment: 'Redis is never the truth; what is not in the cache’s keys and stamps is not in Redis.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cache/', '^src/cli/doctor\\.ts$'] },
      to: { path: '^node_modules/ioredis/' },
    },
    {
      name: 'only-storage-talks-to-the-store',
      comment: 'Files are named and removed in one place.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/storage/' },
      to: { path: '^node_modules/(flydrive|@aws-sdk)/' },
    },
    {
      name: 'only-http-holds-a-server',
      comment: 'Fastify and Apollo stand at the edge; behaviour can be run without them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/http/' },
      to: { path: '^node_modules/(fastify|@fastify|@apollo|@as-integrations)/' },
    },
    {
      name: 'behaviour-without-graphql',
      comment:
        'Resolvers and jobs can be called without GraphQL. mutation.ts and idempotency.ts stand between the two: they plan the answer and hash the request.',
      severity: 'error',
      from: { path: '^src/(resolvers|jobs|events|tenancy)/', pathNot: '^src/resolvers/(mutation|idempotency)\\.ts$' },
      to: { path: '^node_modules/(graphql|@pothos)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      comment:
        'Two files that need each other at run time are one file, or lack a third. Types may refer to each other.',
      severity: 'error',
      from: { path: '^(src|tests|scripts)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-test-code-in-src',
      comment: 'src runs without tests and without the packages of development.',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { path: '^tests/' },
    },
    {
      name: 'no-dev-packages-in-src',
      comment: 'npm ci --omit=dev is enough to run.',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^node_modules/@types/' },
    },
    {
      name: 'packages-are-declared',
      comment: 'What is imported stands in package.json.',
      severity: 'error',
      from: { path: '^(src|bin|tests|scripts|bench)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'imports-resolve',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^prisma/generated/client'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    moduleSystems: ['es6', 'cjs', 'tsd'],
    exclude: { path: '^tests/generated/' },
  },
}
