import { fillDuplicateKeys, findDuplicatesKind } from './duplicates.ts'
import { housekeeping } from './housekeeping.ts'
import type { JobKind } from './kind.ts'

/** All kinds of jobs. */
export const JOB_KINDS: readonly JobKind[] = [housekeeping, findDuplicatesKind, fillDuplicateKeys]
