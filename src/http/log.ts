import { Writable } from 'node:stream'
import { type DestinationStream, type Logger, pino } from 'pino'

/** The log of the process. */
export type { Logger }

/**
 * Makes the log: one JSON object per line on standard output, control characters escaped.
 * What may stand in it: ids, routes, codes, figures. Never headers, bodies, variables, tokens, names of people.
 *
 * @param level pino's: fatal, error, warn, info, debug, trace, silent
 * @param pretty short lines for a terminal instead of JSON
 * @param to where to write, for tests
 */
export function createLogger({
  level = 'info',
  pretty = false,
  to = process.stdout,
}: {
  level?: string
  pretty?: boolean
  to?: NodeJS.WritableStream
} = {}): Logger {
  const options = {
    level,
    // No host name and process id on each line: who collects logs knows them.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, pretty ? prettyTo(to) : to === process.stdout ? gathered(to) : to)
}

/** What loggers hold back, written when the process ends. */
const held = new Set<() => void>()

/** By the page or four times a second, with `log.flush()` and at the end: a system call for each request would be a tenth of what a short one costs. */
function gathered(to: NodeJS.WritableStream): DestinationStream & { flush(): void } {
  if (held.size === 0) {
    process.once('exit', () => {
      for (const flush of held) flush()
    })
  }
  let text = ''
  let timer: NodeJS.Timeout | null = null
  const flush = () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (text) to.write(text)
    text = ''
  }
  held.add(flush)
  return {
    write(line) {
      text += line
      if (text.length >= 4096) flush()
      else timer ??= setTimeout(flush, 250).unref()
    },
    flush,
  }
}

function prettyTo(to: NodeJS.WritableStream): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string | Buffer, _encoding, done) {
      to.write(`${prettyLine(String(line))}\n`)
      done()
    },
  })
}

function prettyLine(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as Record<string, unknown>
  const details = Object.entries(rest)
    .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
    .map(
      ([key, value]) =>
        `${key}=${typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value)}`,
    )
  return [String(time).slice(11, 23), String(level).toUpperCase().padEnd(5), msg, ...details].join(' ')
}
