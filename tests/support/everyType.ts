import { type RecordType, recordTypes } from '../../src/read/recordType.ts'

/** The record types for a suite over all of them, with their names. A run that only tries another executor (scripts/fallback.env) takes every sixth: what it asks of the database is the same. */
export const everyType = (): (readonly [string, RecordType])[] =>
  recordTypes()
    .filter((_, at) => process.env.GRAPHQL_COMPILED !== 'false' || at % 6 === 0)
    .map((type) => [type.name, type] as const)
