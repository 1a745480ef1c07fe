/** ES modules and TypeScript as Node runs them: SWC only takes the types off. @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2024',
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/\\.atrium/', '<rootDir>/dist/'],
  globalSetup: '<rootDir>/tests/support/globalSetup.ts',
  globalTeardown: '<rootDir>/tests/support/globalTeardown.ts',
  setupFiles: ['<rootDir>/tests/support/seed.ts', '<rootDir>/tests/support/quickGraphql.ts'],
  testSequencer: '<rootDir>/tests/support/sequencer.js',
  maxWorkers: 2,
  // Modules of every file stay in a worker's heap: a new one begins before collecting them costs more than the tests.
  workerIdleMemoryLimit: '1GB',
  // Generous: a machine that others share takes ten times as long, and what hangs is found all the same.
  testTimeout: 300_000,
}
