import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processMark, waitGone } from '../../src/cli/servers/process.ts'

const BIN = fileURLToPath(new URL('../../bin/atrium.js', import.meta.url))

/** How a command ended. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
  err: string
}

/** The environment of somebody who has just opened a shell: nothing of the tests in it. */
function shell(env: Record<string, string>): Record<string, string> {
  const { PATH = '', HOME = '/' } = process.env
  return { PATH, HOME, LOG_LEVEL: 'silent', ...env }
}

/** Starts a command and does not wait for anything. */
export function launch(
  args: string[],
  env: Record<string, string>,
): { child: ChildProcess; said: { out: string; err: string }; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [BIN, ...args], { env: shell(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    said.out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    said.err += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...said }) as Ended)
  return { child, said, ended }
}

/** Runs a command of the command line to its end. */
export function atrium(args: string[], env: Record<string, string>): Promise<Ended> {
  return launch(args, env).ended
}

/** A running `atrium start`. */
export interface Server {
  url: string
  /** From the command to the first answer, milliseconds. */
  took: number
  /** The process that serves, a child of the launcher. */
  pid: number
  launcher: ChildProcess
  ended: Promise<Ended>
  /** What it said so far. */
  said: { out: string; err: string }
  /** Ends it as a crash would, and waits until it is gone. */
  kill(): Promise<void>
  /** Ends it as a person would. */
  stop(): Promise<Ended>
}

/** Starts a server on a home and waits for its first answer. Throws what it said when it ends instead. */
export async function startAtrium(home: string, port: number, env: Record<string, string> = {}): Promise<Server> {
  const began = performance.now()
  const { child, said, ended } = launch(['start', '--port', String(port)], { ATRIUM_HOME: home, ...env })
  let over = false
  void ended.then(() => {
    over = true
  })
  const line = /^Atrium listens on (\S+)/m
  while (!line.test(said.out)) {
    if (over) throw new Error(`atrium start ended: ${said.err || said.out}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const url = line.exec(said.out)?.[1] as string
  const ready = await fetch(`${url}/readyz`)
  if (ready.status !== 200) throw new Error(`not ready: ${await ready.text()}`)
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0])
  const mark = processMark(pid) as string
  return {
    url,
    took: Math.round(performance.now() - began),
    pid,
    launcher: child,
    ended,
    said,
    async kill() {
      process.kill(pid, 'SIGKILL')
      await ended
      if (!(await waitGone(mark, 60_000))) throw new Error('It survived.')
    },
    async stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** Pid of the PostgreSQL of a home. */
export async function postmasterOf(home: string): Promise<number> {
  return Number.parseInt(await readFile(join(home, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}
