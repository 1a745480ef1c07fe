#!/usr/bin/env node
// Plain JavaScript on purpose: it runs on the machine's own Node (20 or newer) and hands over to Node 24.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
// Ctrl-C under npm arrives twice, from the terminal and from npm: within this time it is one key press.
const SAME_PRESS_MS = 500
// The server ends when its launcher is killed without a chance to say so: the channel between them closes.
const LIFELINE = `data:text/javascript,${encodeURIComponent(
  "process.once('disconnect', () => process.kill(process.pid, 'SIGTERM')); process.channel?.unref()",
)}`
// Keeps the server's memory down, see bench/memory.ts: left alone, Node's young generation grows to 128 MB and the garbage of many documents to several times what lives. With 16
// instead of 32 a nested list took a quarter more CPU.
const FLAGS = ['--max-semi-space-size=32', '--heap-growing-percent=30']

function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED) return process.execPath
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(binary) ? binary : null
  } catch {
    return null
  }
}

const node = findNode()
if (!node) {
  console.error(
    `Atrium needs Node ${NEEDED}; this is ${process.version} and the npm package "node" is not installed: run "npm ci".`,
  )
  process.exit(1)
}

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
// Detached: a signal of the terminal reaches this process alone, which passes it on once.
const child = spawn(node, [...FLAGS, '--import', LIFELINE, main, ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  detached: process.platform !== 'win32',
})

const lastSent = new Map()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    const now = Date.now()
    if (now - (lastSent.get(signal) ?? 0) < SAME_PRESS_MS) return
    lastSent.set(signal, now)
    child.kill(signal)
  })
}

child.on('error', (error) => {
  console.error(`Atrium could not start ${node}: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code ?? 1)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // A signal that this process survives (SIGHUP under nohup) still ends it, with the shell's number for it.
  process.exit(128 + (constants.signals[signal] ?? 0))
})
