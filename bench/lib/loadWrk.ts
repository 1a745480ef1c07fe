import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { type LoadJob, type LoadResult, message } from './loadJob.ts'

/** Sends the messages of a file in turn (their lengths and bytes, one after another) and prints the figures as JSON. */
const SCRIPT = `
function init(args)
  messages, place = {}, 0
  local file = io.open(args[1], "rb")
  while true do
    local length = file:read("*n")
    if not length then break end
    file:read(1)
    messages[#messages + 1] = file:read(length)
  end
  file:close()
end
function request()
  place = place % #messages + 1
  return messages[place]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("\\nresult {\\"count\\":%d,\\"micros\\":%d,\\"p50\\":%f,\\"p99\\":%f,\\"failed\\":%d}\\n", summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.connect + e.read + e.write + e.status + e.timeout))
end
`

/** Is wrk on the PATH. */
export function hasWrk(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'wrk'), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
}

/** Load by wrk, which takes a tenth of the CPU of autocannon: on two cores a fast server is measured, not the load. Statuses are looked at, bodies are not. */
export async function byWrk({ url, folder, requests, connections, seconds }: LoadJob): Promise<LoadResult> {
  const [script, file] = [join(folder, 'wrk.lua'), join(folder, 'wrk.messages')]
  const { host } = new URL(url)
  await writeFile(script, SCRIPT)
  const messages = requests.flatMap((one) => {
    const bytes = message(one, host)
    return [Buffer.from(`${bytes.length}\n`), bytes]
  })
  // They hold a key.
  await writeFile(file, Buffer.concat(messages), { mode: 0o600 })
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', script, url, '--', file]
  const { stdout } = await promisify(execFile)('wrk', args)
  const found = /^result (.*)$/m.exec(stdout)?.[1]
  if (!found) throw new Error(`wrk: ${stdout}`)
  const { count, micros, p50, p99, failed } = JSON.parse(found)
  if (failed > 0) throw new Error(`${failed} of ${count} answers failed.`)
  return { count, rate: count / (micros / 1e6), p50, p99 }
}
