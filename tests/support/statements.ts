import pg from 'pg'
import { Bracketed } from '../../src/tenancy/bracketed.ts'
import { asking } from './app.ts'

/** One bracket as PostgreSQL got it: BEGIN … COMMIT, settings and a statement in one message, or a statement outside of one. */
export interface Bracket {
  statements: string[]
}

/** What is watched until `stop`. */
export interface Watch {
  brackets: Bracket[]
  /** Statements that are no bookkeeping of a bracket, and no look-up of the caller's credential or of what is believed for seconds. */
  readonly work: string[]
  /** Everything that was sent for requests, the credentials' look-ups too. */
  readonly all: string[]
  /** Forgets what was seen so far. */
  clear(): void
  stop(): void
}

const BOOKKEEPING = /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET CONSTRAINTS|SELECT set_config\()/
/** Asked every few seconds at most, however much is written: for which types there are quotas, and which rules there are for duplicates. */
const OCCASIONAL = /^SELECT DISTINCT object FROM owner_quota\b|FROM duplicate_rule WHERE/
/** Finding out who calls. */
const CREDENTIAL = /atrium\.tenant_of_key|FROM (api_key|session) c\b/
/** What follows writes in the background. */
const NUMBERING = /atrium\.number_changes\(\)|INSERT INTO api_key_use/

/** Counts the statements that this process sends, by looking at every `query` of every PostgreSQL client. Stop it when done. */
export function watchStatements(): Watch {
  const { prototype } = pg.Client
  asking.twice = false
  const original = prototype.query
  let brackets: Bracket[] = []
  const open = new WeakMap<object, Bracket>()
  prototype.query = function (this: object, ...args: unknown[]) {
    const [config] = args
    if (config instanceof Bracketed) {
      brackets.push({ statements: [...config.statements] })
      return original.apply(this, args as never)
    }
    const text = typeof config === 'string' ? config : (config as { text: string }).text
    let bracket = open.get(this)
    const middle = (this as { getTransactionStatus?(): string | null }).getTransactionStatus?.() !== 'I'
    // The rest of a bracket that began before the watch is nobody's business here.
    if (!bracket && middle && !text.startsWith('BEGIN')) return original.apply(this, args as never)
    if (!bracket || text.startsWith('BEGIN')) {
      bracket = { statements: [] }
      brackets.push(bracket)
    }
    bracket.statements.push(text)
    if (text.startsWith('BEGIN')) open.set(this, bracket)
    if (text === 'COMMIT' || text === 'ROLLBACK') open.delete(this)
    return original.apply(this, args as never)
  } as typeof original
  const without = (unwanted: RegExp[]) =>
    brackets.filter(({ statements }) => !statements.some((text) => unwanted.some((one) => one.test(text))))
  return {
    get brackets() {
      return without([CREDENTIAL, NUMBERING])
    },
    get work() {
      return this.brackets.flatMap(({ statements }) =>
        statements.filter((text) => !BOOKKEEPING.test(text) && !OCCASIONAL.test(text)),
      )
    },
    get all() {
      return without([NUMBERING]).flatMap(({ statements }) => statements)
    },
    clear() {
      brackets = []
    },
    stop() {
      prototype.query = original
      asking.twice = true
    },
  }
}
