/** Atrium as `atrium start --no-demo` runs it: one process, logging on, audit and change feed on, Redis if REDIS_URL names one. */
import { start } from '../../src/cli/start.ts'

const log = console.log
console.log = (text: string) => {
  log(text)
  const found = /^Atrium listens on (\S+)/m.exec(text)
  if (found) log(`listening ${found[1]}`)
}
await start({ port: Number(process.env.PORT ?? 0), demo: false })
