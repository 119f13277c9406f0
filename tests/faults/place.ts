/** A folder of its own with a configuration, and the real program run in it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { type Installation, openInstallation } from '../../api/installation.ts'
import { type Running, startServer } from '../../api/server.ts'
import type { Event } from '../../ingest/event.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type EventStore, SYSTEM } from '../../ingest/store/store.ts'

export const LAUNCHER = fileURLToPath(new URL('../../api/vonglau.js', import.meta.url))
export const INVENTORY = fileURLToPath(new URL('../../seeds/vinh-long/inventory.yml', import.meta.url))
/** A few of its agencies, where many processes are started: each reads it. */
export const FEW_AGENCIES = fileURLToPath(new URL('few-agencies.yml', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}
export interface Server {
  readonly url: string
  /** Of the process that serves, behind the launcher. */
  readonly pid: number
  /** Everything it has printed so far. */
  printed(): string
  /** Resolves when every process of it is gone, with the exit code of the launcher. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface Place {
  readonly folder: string
  path(name: string): string
  write(name: string, content: string | Uint8Array): string
  /** Runs a command to its end. */
  run(
    args: readonly string[],
    options?: { input?: string | Buffer; env?: NodeJS.ProcessEnv; under?: readonly string[] },
  ): Promise<Ran>
  /** `vonglau start` until the console answers. */
  start(env?: NodeJS.ProcessEnv, under?: readonly string[]): Promise<Server>
  /** The server of vonglau.yml in this process, with short waits. */
  serve(clock?: () => number): Promise<Running>
  /** The installation of vonglau.yml in this process, where a process of its own would add nothing. */
  open(): Promise<Installation>
  remove(): Promise<void>
}

export const openPlace = (): Place => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-place-'))
  const running = new Set<ChildProcess>()
  const path = (name: string) => join(folder, name)
  const launch = (args: readonly string[], env: NodeJS.ProcessEnv, under: readonly string[] = []): ChildProcess => {
    const [command, ...rest] = [...under, process.execPath, LAUNCHER, ...args]
    const child = spawn(command!, rest, {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, TZ: 'UTC', ...env },
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    return child
  }
  return {
    folder,
    path,
    write: (name, content) => {
      mkdirSync(dirname(path(name)), { recursive: true })
      // Configurations hold tokens.
      writeFileSync(path(name), content, name.endsWith('.yml') ? { mode: 0o600 } : {})
      return path(name)
    },
    run: (args, { input, env = {}, under } = {}) =>
      new Promise((resolve) => {
        const child = launch(args, env, under)
        let out = ''
        let err = ''
        child.stdout!.setEncoding('utf8').on('data', (text) => (out += text))
        child.stderr!.setEncoding('utf8').on('data', (text) => (err += text))
        child.stdin!.on('error', () => {})
        child.stdin!.end(input ?? '')
        child.once('close', (code) => resolve({ code, out, err }))
      }),
    start: (env = {}, under = []) =>
      new Promise((resolve, reject) => {
        const child = launch(['start'], env, under)
        let text = ''
        let answers = false
        const gone = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
        const take = (chunk: string) => {
          text += chunk
          const url = /the console is at (\S+)\n/.exec(text)?.[1]
          // Once: what it prints at its end comes when it may be gone.
          if (url && !answers) {
            answers = true
            const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
            resolve({
              url,
              pid: Number(children[0]),
              printed: () => text,
              stop: async (signal = 'SIGTERM') => {
                child.kill(signal)
                return gone
              },
            })
          }
        }
        child.stdout!.setEncoding('utf8').on('data', take)
        child.stderr!.setEncoding('utf8').on('data', take)
        gone.then(() => reject(new Error(`the server ended: ${text}`)))
      }),
    serve: (clock = Date.now) =>
      startServer(readConfig(path('vonglau.yml'), {}), { clock, say: () => {}, warn: () => {}, wait: 5, poll: 20 }),
    open: () =>
      openInstallation(readConfig(path('vonglau.yml'), {}), { clock: Date.now, warn: () => {}, wait: 5, poll: 20 }),
    remove: async () => {
      await Promise.all(
        [...running].map(
          (child) =>
            new Promise((done) => {
              child.once('close', done)
              child.kill('SIGTERM')
            }),
        ),
      )
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The one sentence of a command that refused: no stack, no second line. */
export const refusal = ({ code, out, err }: Ran): string => {
  expect({ code, out }, err).toEqual({ code: 1, out: '' })
  return sentence(err)
}
export const sentence = (text: string): string => {
  const lines = text.trimEnd().split('\n')
  expect(lines, text).toHaveLength(1)
  expect(text).not.toMatch(/\n\s+at |node:internal|\.ts:\d+:\d+/)
  return lines[0]!
}

/** Why it refused, where no process is needed to see it. */
export const reason = async (work: () => Promise<unknown>): Promise<string> =>
  sentence(
    await work().then(
      () => 'it did not refuse',
      (error: Error) => error.message,
    ),
  )

export const until = async <T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | false>,
): Promise<T> => {
  const began = performance.now()
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() - began > 300_000) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export const eventsOf = async (store: EventStore): Promise<Event[]> => {
  const out: Event[] = []
  for await (const events of store.match(SYSTEM, { filter: EVERYTHING }))
    out.push(...events.filter((event) => event['event.dataset'] !== 'vonglau.source'))
  return out.sort((a, b) => Number(a['@timestamp']) - Number(b['@timestamp']))
}
/** How often each line is in the store. */
export const originals = async (store: EventStore): Promise<Map<string, number>> => {
  const out = new Map<string, number>()
  for (const event of await eventsOf(store))
    out.set(String(event['event.original']), (out.get(String(event['event.original'])) ?? 0) + 1)
  return out
}

/** A line of nginx that is told from every other one by `n`. */
export const line = (n: number | string, host = '198.51.100.7'): string =>
  `${host} - - [21/Nov/2026:14:05:00 +0700] "GET /dong-${n} HTTP/1.1" 200 5 "-" "Mozilla/5.0"`
export const lines = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => line(from + i))

/** A port nobody listens on at the moment. */
export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
