/**
 * A real Elasticsearch for tests, the benchmark and developers: one node on this machine, with a data folder of its own
 * that is deleted when it stops.
 *
 *     node tests/servers/elasticsearch.ts start [--security] [--heap 1g]     prints its url
 *     node tests/servers/elasticsearch.ts stop
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openCertificates } from './certificates.ts'
import { cacheFolder, distribution, isRoot, java, Unavailable } from './distribution.ts'

export interface ServerOptions {
  /** Memory of the server: '1g', which makes 1.35 GB resident. */
  readonly heap?: string
  /** TLS with an authority of its own, and users: `admin` (superuser), `vonglau` (the role of roles.yml), `nobody`. */
  readonly security?: boolean
  /** Requests that wait at most for a thread to write; more are refused (429). */
  readonly writeQueue?: number
  /** Further settings of elasticsearch.yml. */
  readonly settings?: { readonly [name: string]: string | number | boolean }
}

export interface Server {
  readonly url: string
  /** The authority of its certificate, PEM; empty without security. */
  readonly ca: string
  /** Of every user; empty without security. */
  readonly password: string
  readonly folder: string
  readonly pid: number
  /** Stops it and deletes its data. */
  stop(): Promise<void>
  /** Stops it, keeps its data. `kill`: at once, as a power failure. */
  down(how?: 'term' | 'kill'): Promise<void>
  /** Starts it again on the same port with the same data; waits until it answers. */
  up(): Promise<void>
  restart(): Promise<void>
  /** SIGSTOP and SIGCONT: a server that hangs. */
  pause(): void
  resume(): void
}

/** Names the folder of a test run: what its servers leave there is found, and ended, when the run ends. */
export const RUN = 'VONGLAU_TEST_RUN'

/** Users and their roles. */
const USERS = { admin: 'superuser', vonglau: 'vonglau', nobody: 'nothing' }

const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    // The launcher and the server below it are one group.
    process.kill(-pid, name)
    return true
  } catch {
    return false
  }
}
const alive = (pid: number): boolean => {
  try {
    process.kill(-pid, 0)
    return true
  } catch {
    return false
  }
}

const pidOf = (folder: string): number => {
  const file = join(folder, 'pid')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
}

/** Ends a server that another process started, and deletes its data. */
export const stopLeft = async (folder: string): Promise<void> => {
  const pid = pidOf(folder)
  if (pid) await end(pid, 'SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}

const end = async (pid: number, how: NodeJS.Signals): Promise<void> => {
  signal(pid, 'SIGCONT')
  signal(pid, how)
  for (let waited = 0; alive(pid); waited += 50) {
    if (waited > 20_000) signal(pid, 'SIGKILL')
    await sleep(50)
  }
}

/**
 * Starts a server and waits until it answers (about 20 s on 2 cores). Throws `Unavailable` where this machine lacks
 * something, with what to do.
 */
export const startElasticsearch = async (options: ServerOptions = {}): Promise<Server> => {
  const home = distribution()
  const javaHome = java()
  const folder = mkdtempSync(join(process.env[RUN] ?? tmpdir(), 'vonglau-elasticsearch-'))
  const config = join(folder, 'config')
  cpSync(join(home, 'config'), config, { recursive: true })
  for (const name of ['data', 'logs', 'tmp']) mkdirSync(join(folder, name))
  const password = options.security ? 'a-password-of-tests' : ''
  const settings: Record<string, string | number | boolean> = {
    'cluster.name': 'vonglau-tests',
    'node.name': 'one',
    'path.data': join(folder, 'data'),
    'path.logs': join(folder, 'logs'),
    'discovery.type': 'single-node',
    'network.host': '127.0.0.1',
    'http.port': 0,
    'transport.port': 0,
    'node.portsfile': true,
    // A developer's disk that is nearly full is not what the tests are about.
    'cluster.routing.allocation.disk.threshold_enabled': false,
    'xpack.security.enabled': options.security === true,
    ...(options.writeQueue === undefined ? {} : { 'thread_pool.write.queue_size': options.writeQueue }),
  }
  if (options.security) Object.assign(settings, secure(config))
  Object.assign(settings, options.settings)
  const heap = options.heap ?? '1g'
  writeFileSync(
    join(config, 'jvm.options'),
    readFileSync(join(config, 'jvm.options'), 'utf8')
      .split('\n')
      // A log of collections is wanted by nobody.
      .filter((line) => !/^-Xlog|^-XX:ErrorFile|^-XX:\+HeapDump/.test(line))
      .join('\n'),
  )
  writeFileSync(join(config, 'jvm.options.d/heap.options'), `-Xms${heap}\n-Xmx${heap}\n-XX:-AlwaysPreTouch\n`)
  const write = (port: number) =>
    writeFileSync(
      join(config, 'elasticsearch.yml'),
      Object.entries({ ...settings, 'http.port': port })
        .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
        .join(''),
    )
  write(0)
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    ES_JAVA_HOME: javaHome,
    ES_PATH_CONF: config,
    ES_TMPDIR: join(folder, 'tmp'),
    LANG: 'C.UTF-8',
  }
  if (options.security) {
    const tool = [join(home, 'bin/elasticsearch-users'), 'useradd', 'admin', '-p', password]
    execFileSync('bash', tool, { env, stdio: 'pipe' })
    // All have one password; a start of Java for each would only take time.
    const hash = readFileSync(join(config, 'users'), 'utf8').trim().slice('admin:'.length)
    const lines = (line: (user: string, role: string) => string) =>
      Object.entries(USERS)
        .map(([user, role]) => `${line(user, role)}\n`)
        .join('')
    writeFileSync(
      join(config, 'users'),
      lines((user) => `${user}:${hash}`),
    )
    writeFileSync(
      join(config, 'users_roles'),
      lines((user, role) => `${role}:${user}`),
    )
  }
  const ca = options.security ? readFileSync(join(config, 'certs/ca.crt'), 'utf8') : ''
  // Elasticsearch refuses to run as root.
  const user = isRoot() ? serverUser() : undefined
  if (user) execFileSync('chown', ['-R', `${user}:${user}`, folder])
  chmodSync(folder, 0o755)
  const output = join(folder, 'logs/output.log')
  let pid = 0
  let url = ''
  let watched = false

  const up = async (): Promise<void> => {
    const ports = join(folder, 'logs/http.ports')
    rmSync(ports, { force: true })
    const log = openSync(output, 'a')
    const command = ['bash', join(home, 'bin/elasticsearch')]
    const [program, ...args] = user
      ? ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--', ...command]
      : command
    const child = spawn(program!, args, { cwd: folder, env, detached: true, stdio: ['ignore', log, log] })
    closeSync(log)
    child.on('error', (error) => appendFileSync(output, `${error.message}\n`))
    child.unref()
    pid = child.pid ?? 0
    writeFileSync(join(folder, 'pid'), String(pid))
    if (!watched) watch(folder)
    watched = true
    const began = performance.now()
    for (;;) {
      if (pid === 0 || !alive(pid) || performance.now() - began > 180_000) {
        const said = readFileSync(output, 'utf8')
          .split('\n')
          .filter((line) => /ERROR|fatal|Exception|error/.test(line))
        if (pid) await end(pid, 'SIGKILL')
        throw new Unavailable(
          `Elasticsearch did not start: ${said.at(-1) ?? 'it said nothing'} (its log is in ${folder}/logs; it needs about 1.5 GB of memory)`,
        )
      }
      const port = existsSync(ports) ? Number(/:(\d+)\s*$/m.exec(readFileSync(ports, 'utf8'))?.[1] ?? 0) : 0
      if (port && (await answers(port))) {
        url = `${options.security ? 'https' : 'http'}://127.0.0.1:${port}`
        write(port)
        return
      }
      await sleep(200)
    }
  }
  const answers = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const send = options.security ? tlsRequest : plainRequest
      const request = send(
        {
          host: '127.0.0.1',
          port,
          path: '/_cluster/health?wait_for_status=yellow&timeout=1s',
          timeout: 3000,
          ...(options.security ? { ca, auth: `admin:${password}` } : {}),
        },
        (response) => {
          response.resume()
          resolve(response.statusCode === 200)
        },
      )
      request.on('error', () => resolve(false))
      request.on('timeout', () => request.destroy())
      request.end()
    })
  const down = (how: 'term' | 'kill' = 'term') => end(pid, how === 'kill' ? 'SIGKILL' : 'SIGTERM')
  await up()
  return {
    get url() {
      return url
    },
    get pid() {
      return pid
    },
    ca,
    password,
    folder,
    stop: async () => {
      await down()
      rmSync(folder, { recursive: true, force: true })
    },
    down,
    up,
    restart: async () => {
      await down()
      await up()
    },
    pause: () => void signal(pid, 'SIGSTOP'),
    resume: () => void signal(pid, 'SIGCONT'),
  }
}

/** Ends the server of a test run that was killed, and so ended nothing itself. */
const watch = (folder: string): void => {
  const owner = process.env[RUN] && join(process.env[RUN], 'owner')
  if (!owner || !existsSync(owner)) return
  const script =
    'while kill -0 "$1" 2>/dev/null; do [ -e "$2/pid" ] || exit 0; sleep 2; done; kill -9 "-$(cat "$2/pid")"; sleep 1; rm -rf "$(dirname "$2")"'
  const args = ['-c', script, 'watch', readFileSync(owner, 'utf8'), folder]
  spawn('sh', args, { cwd: '/', detached: true, stdio: 'ignore' }).unref()
}

/** A user for the server that owns nothing else: its number is all that the system needs. */
const serverUser = (): number => {
  try {
    execFileSync('setpriv', ['--version'], { stdio: 'ignore' })
  } catch {
    throw new Unavailable(
      'Elasticsearch does not run as root and setpriv, which starts it as another user, is not here: run the tests as another user, or install util-linux',
    )
  }
  return 58_200
}

/** An authority, a certificate of 127.0.0.1 and localhost, the roles; answers the settings that go with them. */
const secure = (config: string): Record<string, string | boolean> => {
  const certs = join(config, 'certs')
  mkdirSync(certs)
  try {
    const { authority, signed } = openCertificates(certs)
    authority('ca', 'Authority of tests')
    signed('node', 'ca', 'localhost')
  } catch (error) {
    throw new Unavailable(
      `openssl did not make the certificates of the server (${(error as Error).message.split('\n')[0]}): install openssl`,
    )
  }
  cpSync(fileURLToPath(new URL('roles.yml', import.meta.url)), join(config, 'roles.yml'))
  appendFileSync(join(config, 'roles.yml'), '\nnothing: {}\n')
  const tls = (layer: string) => ({
    [`xpack.security.${layer}.ssl.enabled`]: true,
    [`xpack.security.${layer}.ssl.key`]: 'certs/node.key',
    [`xpack.security.${layer}.ssl.certificate`]: 'certs/node.crt',
    [`xpack.security.${layer}.ssl.certificate_authorities`]: 'certs/ca.crt',
  })
  return { ...tls('http'), ...tls('transport') }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { security: { type: 'boolean', default: false }, heap: { type: 'string', default: '1g' } },
  })
  const note = join(cacheFolder(), 'running.json')
  const running = existsSync(note)
    ? (JSON.parse(readFileSync(note, 'utf8')) as { url: string; folder: string })
    : undefined
  try {
    if (positionals[0] === 'start') {
      if (running && pidOf(running.folder) && alive(pidOf(running.folder))) console.log(running.url)
      else {
        const { url, folder, password } = await startElasticsearch(values)
        mkdirSync(cacheFolder(), { recursive: true })
        writeFileSync(note, JSON.stringify({ url, folder }))
        console.log(url)
        if (values.security)
          console.log(
            `users ${Object.keys(USERS).join(', ')}; password ${password}; authority ${folder}/config/certs/ca.crt`,
          )
      }
    } else if (positionals[0] === 'stop') {
      if (running) await stopLeft(running.folder)
      rmSync(note, { force: true })
    } else {
      console.error('node tests/servers/elasticsearch.ts start [--security] [--heap 1g] | stop')
      process.exitCode = 2
    }
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
