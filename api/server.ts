/** `vonglau start`: the roles of one process, on a clock that is passed in. */
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createTls } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AddressInfo, createServer as createSocketServer, type Server } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { briefly } from '../ingest/briefly.ts'
import { openSilences } from '../rules/silences.ts'
import { createHealth } from '../ingest/health.ts'
import { openSyslog, type Syslog } from '../ingest/collect/syslog.ts'
import type { Lease } from '../ingest/store/store.ts'
import { type Auth, createAuth } from './auth/auth.ts'
import { createApp } from './app.ts'
import { type Config, socketPath } from './config.ts'
import { syslogOptions } from './config-syslog.ts'
import { createControl } from './control.ts'
import { listens } from './commands/reach.ts'
import { type Installation, type InstallationOptions, openInstallation } from './installation.ts'
import { reparsePending } from './reparse.ts'
import { openRetention } from './retention.ts'
import { forgetOld } from './reports/keep.ts'
import { followCalendar, makeDue } from './reports/schedule.ts'
import { openTemplates } from './reports/templates.ts'
import { keepDays } from './risk/days.ts'
import { publicAddress } from './routes/sources.ts'
import { operationOf } from './does.ts'
import type { Operation } from './schema/operation.ts'
import { ITSELF, leaveTrail } from './trail.ts'

/** ms after which the housekeeping that failed is tried again. */
const AGAIN = 5000
/** ms, by the monotonic clock: whoever waits for an hour and minute catches up, or waits, when the machine's clock is set. */
const MINUTE = 60_000
const SAYING = 15_000
const RETENTION = 300_000
/** ms between two looks whether a day has ended, whose scores are kept. */
const SCORES = 600_000
/** ms into a minute at which the health of the sources is written. */
const HEALTH = 5000

export interface Running {
  readonly installation: Installation
  /** Of a process that answers the console. */
  readonly auth: Auth | undefined
  readonly url: string
  /** What the application answers to, as it has registered it. */
  readonly routes: readonly {
    readonly method: string
    readonly path: string
    readonly operation: Operation | undefined
  }[]
  readonly syslog: Syslog
  /** The administrator that this start has made, with the one-time password. */
  readonly first?: { username: string; password: string }
  /** Writes the health of the sources, runs every rule: what the clock does each minute. */
  minute(): Promise<void>
  /** Timers take over: from here on the clock is the real one. */
  begin(): void
  stop(): Promise<void>
}

export const startServer = async (
  config: Config,
  options: InstallationOptions & { readonly say: (message: string) => void },
): Promise<Running> => {
  if (await listens(socketPath(config)))
    throw new Error(
      `${config.data} is the data folder of a Vọng Lâu that runs: stop that one, or give this one a folder of its own (data:)`,
    )
  const { warn } = options
  openTemplates(config.reports.templates)
  const installation = await openInstallation(config, options)
  const { roles, clock } = installation
  const opened: (() => unknown)[] = []
  try {
    const address = publicAddress(config)
    const openAuth = () =>
      createAuth(installation.store.documents, {
        url: address.url,
        secure: address.url.startsWith('https:'),
        clock,
      })
    const auth = roles.has('api') ? await openAuth() : undefined
    const { sources } = config
    const ports = roles.has('ingest') ? {} : { udp: [], tcp: [], tls: undefined }
    const syslog = await openSyslog({ ...syslogOptions(config), ...ports }, sources, installation.ingest, clock)
    opened.push(() => syslog.close())
    installation.onSources(syslog.setSources)
    installation.syslog = {
      ...(syslog.udp === undefined ? {} : { udp: syslog.udp }),
      ...(syslog.tcp === undefined ? {} : { tcp: syslog.tcp }),
      ...(syslog.tls === undefined ? {} : { tls: syslog.tls }),
    }
    const app = createApp({ installation, auth })
    const tls = config.tls
    const server = createAdaptorServer({
      fetch: app.fetch,
      ...(tls
        ? { createServer: createTls as never, serverOptions: { cert: readKey(tls.cert), key: readKey(tls.key) } }
        : {}),
    }) as unknown as Server
    const [, host, port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(config.listen)!
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          error.code === 'EADDRINUSE'
            ? new Error(
                `${config.listen} is taken by another program: stop that one, or choose another address with "listen:" (VONGLAU_LISTEN)`,
              )
            : error.code === 'EACCES'
              ? new Error(
                  `${config.listen} needs more rights: choose a port above 1023 with "listen:", or allow this user to bind it`,
                )
              : error,
        ),
      )
      server.listen(Number(port), host, () => resolve())
    })
    opened.push(() => server.close())
    const bound = (server.address() as AddressInfo).port
    const url = Number(port) === bound ? address.url : address.url.replace(/:0$/, `:${bound}`)
    const health = createHealth(
      installation.store.events,
      () => installation.config.sources,
      installation.enrich,
      clock,
    )
    const silences = openSilences(installation.store, clock)
    const control = await openControl(
      config,
      createControl(installation, async () => auth ?? openAuth()),
    )
    opened.push(() => control.close())
    if (roles.has('ingest')) await installation.ingest.start()
    // Last of all, for the password is shown once: a start that failed before it has made nobody.
    const first =
      auth && !options.demo && (await auth.users()).length === 0
        ? await auth.add({ username: 'admin', name: 'Quản trị viên', role: 'administrator', organizations: [] })
        : undefined
    if (first)
      await leaveTrail(
        { documents: installation.store.documents, clock },
        { by: ITSELF, what: 'user.add', object: first.user.username, detail: first.user.role },
      )
    const timers = new Map<string, NodeJS.Timeout>()
    let stopping = false
    const every = (what: string, wait: () => number, work: () => Promise<void>) => {
      const again = () => {
        void work()
        timers.set(what, setTimeout(again, wait()))
      }
      timers.set(what, setTimeout(again, wait()))
    }
    /** One at a time; what failed is tried again soon, so that its problem does not outlive its cause by minutes. */
    const guarded = (what: string, work: () => Promise<void>, pause = AGAIN) => {
      let running = false
      return async () => {
        if (running) return
        running = true
        for (let failed = true; failed && !stopping; ) {
          try {
            await work()
            failed = false
            installation.problems.delete(what)
          } catch (error) {
            const { message } = error as Error
            if (installation.problems.get(what) !== message) warn(`${what}: ${message}`)
            installation.problems.set(what, message)
            await sleep(pause, undefined, { ref: false })
          }
        }
        running = false
      }
    }
    // The health of the sources is written, and old days are removed, by one process of several.
    let housekeeping: Lease | undefined
    const keepsHouse = async (): Promise<boolean> => {
      if (!roles.has('ingest')) return false
      if (!housekeeping?.held()) housekeeping = await installation.store.lease('housekeeping')
      return housekeeping !== undefined
    }
    let leaveCalendar = () => {}
    const report = guarded('reports', async () => void (await makeDue(installation)), RETENTION)
    const retention = openRetention(installation, options.say)
    let scored: number | undefined
    const score = async () => {
      if (!(await keepsHouse())) return
      await keepDays(installation, scored)
      scored = clock()
    }
    const tick = async () => {
      await installation.publish()
      if (!(await keepsHouse())) return
      await health.tick(await installation.status())
      const unwatched = await silences.tick(installation.rules.filter(({ id }) => installation.enabled(id)))
      // The first says it: the others are of the same kind.
      if (unwatched[0] === undefined) installation.problems.delete('silences')
      else installation.problems.set('silences', unwatched[0])
    }
    return {
      installation,
      auth,
      url,
      routes: app.routes.map(({ method, path, handler }) => ({ method, path, operation: operationOf(handler) })),
      syslog,
      ...(first ? { first: { username: first.user.username, password: first.password } } : {}),
      minute: async () => {
        await tick()
        await auth?.tellFailures()
        if (roles.has('detect')) await installation.schedule.runAll()
        await installation.scribe.work()
      },
      begin: () => {
        if (roles.has('detect')) installation.schedule.start()
        installation.scribe.start()
        // Once in each minute of the installation's clock.
        every('health', () => MINUTE - ((clock() - HEALTH) % MINUTE) || MINUTE, guarded('health', tick))
        if (auth)
          every(
            'trail',
            () => MINUTE,
            guarded('trail', () => auth.tellFailures()),
          )
        every('nodes', () => SAYING, guarded('nodes', installation.publish))
        if (roles.has('api')) {
          void report()
          leaveCalendar = followCalendar(installation, report)
        }
        every('risk', () => SCORES, guarded('risk', score, RETENTION))
        every(
          'retention',
          () => RETENTION,
          guarded(
            'retention',
            async () => {
              if (!(await keepsHouse())) return
              await retention.pass()
              await forgetOld(installation)
              await reparsePending(installation)
            },
            RETENTION,
          ),
        )
      },
      stop: async () => {
        stopping = true
        leaveCalendar()
        for (const timer of timers.values()) clearTimeout(timer)
        await new Promise<void>((resolve) => {
          server.close(() => resolve())
          ;(server as unknown as { closeAllConnections(): void }).closeAllConnections()
        })
        control.close()
        await syslog.close()
        await briefly(() => auth?.tellFailures(true))
        await briefly(() => housekeeping?.release())
        await installation.close()
      },
    }
  } catch (error) {
    for (const close of opened.reverse()) await close()
    await installation.close().catch(() => {})
    throw error
  }
}

const readKey = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(
      `tls: ${path} cannot be read (${(error as NodeJS.ErrnoException).code}): name the certificate chain and its key as PEM files that this user may read`,
    )
  }
}

/** The way in for other commands while the server runs: a socket that only this user may open. */
const openControl = async (config: Config, handle: (line: string) => AsyncIterable<string>): Promise<Server> => {
  const path = socketPath(config)
  rmSync(path, { force: true })
  const server = createSocketServer((socket) => {
    let text = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', async (chunk) => {
      text += chunk.toString('utf8')
      const end = text.indexOf('\n')
      if (end < 0) return
      const line = text.slice(0, end)
      text = ''
      try {
        for await (const out of handle(line))
          if (!socket.write(`${out}\n`)) await new Promise((resolve) => socket.once('drain', resolve))
        socket.end('{"done":true}\n')
      } catch (error) {
        socket.end(`${JSON.stringify({ error: (error as Error).message })}\n`)
      }
    })
  })
  const mask = process.umask(0o177)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
  process.umask(mask)
  chmodSync(path, 0o600)
  return server
}
