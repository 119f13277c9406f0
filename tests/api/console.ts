/** A server over the demo's inventory with a few hand-written lines of two agencies, and people who sign in to it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../api/config.ts'
import type { Role } from '../../api/contract.ts'
import type { InstallationOptions } from '../../api/installation.ts'
import { type Running, startServer } from '../../api/server.ts'
import { INVENTORY } from '../faults/place.ts'
import { holder } from './held.ts'

export const OURS = {
  agency: 'so-y-te',
  host: 'soyte.vinhlong.example',
  source: 'nguon-yt',
  path: '/kham-benh',
  firewall: 'tuong-lua-yt',
}
export const THEIRS = {
  agency: 'so-giao-duc-va-dao-tao',
  host: 'sogddt.vinhlong.example',
  source: 'nguon-gd',
  path: '/tuyen-sinh',
  firewall: 'tuong-lua-gd',
}
export const PASSWORD = 'mat-khau-cua-toi'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: what a route answers is what the test is about
  readonly body: any
  readonly text: string
  readonly headers: Headers
}
export interface Person {
  readonly username: string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body: object, headers?: Record<string, string>): Promise<Answer>
  readonly cookie: string
}
export interface Console {
  readonly running: Running
  /** Stores lines of a source, runs every rule. */
  take(source: string, lines: readonly string[]): Promise<void>
  person(role: Role, organizations?: readonly string[]): Promise<Person>
  signIn(username: string, password: string): Promise<Person>
  readonly anybody: Person
  close(): Promise<void>
}

const two = (n: number) => String(n).padStart(2, '0')
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** A line of nginx with its host, `ago` ms before now. */
export const request = (
  host: string,
  path: string,
  { ip = '198.51.100.66', ago = 60_000, status = 200 } = {},
): string => {
  const at = new Date(Date.now() - ago)
  const time = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`
  return `${host} ${ip} - - [${time}] "GET ${path} HTTP/1.1" ${status} 512 "-" "Mozilla/5.0"`
}
/** What the catalog calls an SQL injection: an alert of level high, and so an incident. */
export const attack = (host: string, path: string, options?: Parameters<typeof request>[2]) =>
  request(host, `${path}?id=1%27%20UNION%20SELECT%20user,password%20FROM%20users--%20-`, options)

/** A line of a FortiGate: its SSL VPN refuses a user, `ago` ms before now. */
export const refused = (device: string, user: string, { ip = '198.51.100.9', ago = 60_000 } = {}): string => {
  const at = new Date(Date.now() - ago + 7 * 3_600_000)
  const date = `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`
  return `date=${date} time=${time} devname="${device}" devid="FG100E000000000" logid="0101039426" type="event" subtype="vpn" level="alert" vd="root" logdesc="SSL VPN login fail" action="ssl-login-fail" tunneltype="ssl-web" remip=${ip} user="${user}" reason="sslvpn_login_permission_denied" msg="SSL user failed to logged in"`
}

/** `env`: what it is told beside its configuration, such as another store; `sources`: further ones, as YAML. */
export const openConsole = async (
  more = '',
  clock: InstallationOptions['clock'] = Date.now,
  env: NodeJS.ProcessEnv = {},
  sources = '',
): Promise<Console> => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-api-'))
  const source = ({ agency, source: id }: typeof OURS) =>
    `  - { id: ${id}, parser: nginx_access, organization: ${agency}, serves: ["203.0.113.10"], http: { token: token-cua-${id} } }\n`
  const firewall = ({ agency, firewall: id }: typeof OURS) =>
    `  - { id: ${id}, parser: fortinet_fortigate, organization: ${agency}, http: { token: token-cua-${id} } }\n`
  const file = join(folder, 'vonglau.yml')
  writeFileSync(
    file,
    `listen: 127.0.0.1:0\ninventory: ${INVENTORY}\n${more}sources:\n${source(OURS)}${source(THEIRS)}${firewall(OURS)}${firewall(THEIRS)}  - { id: chung, parser: nginx_access, http: { token: token-cua-chung-ta } }\n${sources}`,
  )
  const running = await startServer(readConfig(file, env), {
    clock,
    say: () => {},
    warn: () => {},
    wait: 5,
    poll: 20,
  })
  const held = holder(running.routes)
  const call = async (path: string, init: RequestInit): Promise<Answer> => {
    const answer = await fetch(`${running.url}${path}`, init)
    const text = await answer.text()
    const json = answer.headers.get('content-type')?.includes('json')
    const body = json ? JSON.parse(text) : undefined
    held(init.method ?? 'GET', path, answer.status, body)
    return { status: answer.status, text, headers: answer.headers, body }
  }
  const as = (username: string, cookie: string): Person => {
    const own = { cookie, origin: running.url, 'accept-language': 'en' }
    return {
      username,
      cookie,
      get: (path, headers = {}) => call(`/api${path}`, { headers: { ...own, ...headers } }),
      post: (path, body, headers = {}) =>
        call(`/api${path}`, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { ...own, 'content-type': 'application/json', ...headers },
        }),
    }
  }
  const anybody = as('', '')
  const signIn = async (username: string, password: string) => {
    const { status, headers, text } = await anybody.post('/auth/sign-in/username', { username, password })
    if (status !== 200) throw new Error(`${status} ${text}`)
    return as(
      username,
      headers
        .getSetCookie()
        .map((each) => each.split(';')[0])
        .join('; '),
    )
  }
  let people = 0
  return {
    running,
    anybody,
    signIn,
    take: async (id, lines) => {
      await running.installation.ingest.accept(
        id,
        lines.map((text) => Buffer.from(text)),
        '127.0.0.1',
      )
      await running.installation.ingest.drain()
      await running.minute()
    },
    person: async (role, organizations = []) => {
      const username = `${role.replace('_', '-')}-${++people}`
      await running.auth!.add({ username, name: `Người ${people}`, role, organizations }, PASSWORD)
      return signIn(username, PASSWORD)
    },
    close: async () => {
      await running.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
