import { RequestError, UserErrors } from '../../errors.ts'

/** Why something cannot be done, as a run says it. */
export interface Failure {
  code: string
  message: string
}

/** What was thrown, where trying again would not help: what the company can mend. Null for everything else. */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof UserErrors) {
    const [first] = error.errors
    return { code: first?.code ?? 'INTERNAL', message: first?.message ?? '' }
  }
  if (error instanceof RequestError && !error.extensions.retryable) return { code: error.code, message: error.message }
  return null
}
