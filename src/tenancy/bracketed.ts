import pg from 'pg'
// @ts-expect-error: pg declares no types for it; it is how pg itself turns values into parameters.
import { prepareValue } from 'pg/lib/utils.js'
import { serialize } from 'pg-protocol'
import type { Query } from './tenancy.ts'

/** What a bracketed statement needs of pg's connection. */
interface Wire {
  /** Texts of the statements that are prepared there, by their names. */
  parsedStatements: Record<string, string>
  stream: { write(bytes: Uint8Array): void }
}

/** A statement and the name that it is prepared under; without one it is parsed each time. */
export interface Named extends Query {
  name: string | undefined
}

/** The columns of a row as the texts that PostgreSQL wrote. */
export type TextRow = (string | null)[]

interface Settle {
  done: (rows: TextRow[]) => void
  failed: (error: Error) => void
}

const EXECUTE = serialize.execute({})
const SYNC = serialize.sync()

/**
 * A statement in a bracket of its own, as one message: the settings, the statement, and one Sync behind both. PostgreSQL runs what stands before a Sync as one
 * transaction, so settings that are local to it hold for the statement and for nothing after it. BEGIN and COMMIT of their own would be two more
 * statements, and each has its answer in a packet of its own.
 *
 * Gives the rows of the statement as texts; the columns' names are never asked for. To be handed to `client.query`.
 */
export class Bracketed extends pg.Query {
  /** The texts that it sends, for who watches statements. */
  readonly statements: readonly string[]
  private readonly parts: readonly Named[]
  private readonly settle: Settle
  private readonly parsed: Named[] = []
  private ended = 0
  private readonly found: TextRow[] = []

  constructor(settings: Named, statement: Named, settle: Settle) {
    super('', undefined as never)
    this.parts = [settings, statement]
    this.statements = [settings.text, statement.text]
    this.settle = settle
    // pg asks for one of every query that it did not make itself.
    ;(this as unknown as { callback: () => void }).callback = () => {}
  }

  override submit = (connection: pg.Connection): void => {
    const { parsedStatements, stream } = connection as unknown as Wire
    const messages: Uint8Array[] = []
    for (const part of this.parts) {
      const { name = '', text, values } = part
      if (!name || parsedStatements[name] !== text) {
        // After an error nobody knows whether it got there; to close what is not there is no error.
        if (name) messages.push(serialize.close({ type: 'S', name }))
        messages.push(serialize.parse({ text, name }))
        if (name) this.parsed.push(part)
      }
      messages.push(serialize.bind({ statement: name, values, valueMapper: prepareValue }), EXECUTE)
    }
    messages.push(SYNC)
    // One buffer: the messages one by one would be as many parts of a system call.
    stream.write(Buffer.concat(messages))
  }

  handleDataRow({ fields }: { fields: TextRow }): void {
    if (this.ended === 1) this.found.push(fields)
  }

  handleCommandComplete(): void {
    this.ended++
  }

  handleReadyForQuery(connection: pg.Connection): void {
    const { parsedStatements } = connection as unknown as Wire
    for (const { name, text } of this.parsed) parsedStatements[name as string] = text
    this.settle.done(this.found)
  }

  handleError(error: Error): void {
    this.settle.failed(error)
  }
}
