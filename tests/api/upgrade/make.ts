/**
 * Makes `before-agencies.tar.gz`: the data folder of an installation as the program wrote it at commit d982720, when an
 * alert belonged to the agency of its first event and held the events of all, and a document its own history.
 *
 *   git archive d982720 | tar -x -C OLD        (and node_modules beside it)
 *   node tests/api/upgrade/make.ts OLD tests/api/upgrade/before-agencies.tar.gz
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const [old, out] = process.argv.slice(2)
if (old === undefined || out === undefined) throw new Error('name the old program’s folder and the archive to write')

/** Two agencies with a firewall and a portal each; one address behind which both portals stand. */
export const INVENTORY = `province: { id: tinh, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-y-te, name: Sở Y tế, short: SYT, kind: department }
  - { id: so-tai-chinh, name: Sở Tài chính, short: STC, kind: department }
portals:
  - { id: yte, domain: yte.example, name: Cổng Sở Y tế, organization: so-y-te, addresses: [203.0.113.10] }
  - { id: taichinh, domain: taichinh.example, name: Cổng Sở Tài chính, organization: so-tai-chinh, addresses: [203.0.113.10] }
`
export const SETTINGS = `listen: 127.0.0.1:0
inventory: inventory.yml
data: data
sources:
  - { id: fw-yt, parser: fortinet_fortigate, organization: so-y-te, http: { token: token-cua-fw-yt-01 } }
  - { id: fw-tc, parser: fortinet_fortigate, organization: so-tai-chinh, http: { token: token-cua-fw-tc-01 } }
  - { id: proxy, parser: nginx_access, serves: [203.0.113.10], http: { token: token-cua-proxy-01 } }
`
/** 13:00 of a working day in the province. */
const BEGIN = Date.UTC(2026, 10, 20, 6)
const MINUTE = 60_000

const folder = mkdtempSync(join(tmpdir(), 'vonglau-before-'))
writeFileSync(join(folder, 'inventory.yml'), INVENTORY)
writeFileSync(join(folder, 'vonglau.yml'), SETTINGS)
const { readConfig } = await import(join(resolve(old), 'api/config.ts'))
const { startServer } = await import(join(resolve(old), 'api/server.ts'))
let now = BEGIN
const running = await startServer(readConfig(join(folder, 'vonglau.yml'), {}), {
  clock: () => now,
  say: () => {},
  warn: console.error,
  wait: 5,
  poll: 20,
})

const two = (n: number) => String(n).padStart(2, '0')
const failure = (device: string, at: number, user: string): string => {
  const local = new Date(at + 7 * 3_600_000)
  const date = `${local.getUTCFullYear()}-${two(local.getUTCMonth() + 1)}-${two(local.getUTCDate())}`
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`
  return `date=${date} time=${time} devname="${device}" devid="FG100E000000000" logid="0101039426" type="event" subtype="vpn" level="alert" vd="root" logdesc="SSL VPN login fail" action="ssl-login-fail" tunneltype="ssl-web" remip=198.51.100.9 user="${user}" reason="sslvpn_login_permission_denied" msg="SSL user failed to logged in"`
}
const attack = (host: string, at: number, ip: string): string => {
  const t = new Date(at)
  return `${host} ${ip} - - [${two(t.getUTCDate())}/Nov/2026:${two(t.getUTCHours())}:${two(t.getUTCMinutes())}:${two(t.getUTCSeconds())} +0000] "GET /tin?id=1%27%20UNION%20SELECT%20user,password%20FROM%20users--%20- HTTP/1.1" 200 512 "-" "Mozilla/5.0"`
}
const take = async (source: string, lines: string[]) => {
  await running.installation.ingest.accept(
    source,
    lines.map((line) => Buffer.from(line)),
    '127.0.0.1',
  )
  await running.installation.ingest.drain()
}

await running.auth.add(
  { username: 'an', name: 'Nguyễn An', role: 'administrator', organizations: [] },
  'mat-khau-cua-an',
)
const signedIn = await fetch(`${running.url}/api/auth/sign-in/username`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', origin: running.url },
  body: JSON.stringify({ username: 'an', password: 'mat-khau-cua-an' }),
})
const cookie = signedIn.headers
  .getSetCookie()
  .map((each: string) => each.split(';')[0])
  .join('; ')
const call = async (path: string, body?: object) => {
  const answer = await fetch(`${running.url}/api${path}`, {
    ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    headers: { cookie, origin: running.url, 'content-type': 'application/json' },
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

// One address guesses passwords at both agencies' VPN: 12 times each, in turn, more events than an alert keeps.
const guesses = Array.from({ length: 24 }, (_, i) => BEGIN + i * 10_000)
await take(
  'fw-yt',
  guesses.filter((_, i) => i % 2 === 0).map((at, i) => failure('fw-yt', at, `yte${i % 7}`)),
)
await take(
  'fw-tc',
  guesses.filter((_, i) => i % 2 === 1).map((at, i) => failure('fw-tc', at, `tc${i % 7}`)),
)
await take('proxy', [
  attack('yte.example', BEGIN, '198.51.100.66'),
  attack('taichinh.example', BEGIN + 1000, '198.51.100.66'),
  attack('yte.example', BEGIN + 2000, '198.51.100.77'),
])
now = BEGIN + 10 * MINUTE
await running.minute()
const { items } = await call('/alerts?limit=100')
const alert = (rule: string, organization: string) =>
  items.find(
    (row: { rule: { id: string }; organization?: { id: string } }) =>
      row.rule.id === rule && row.organization?.id === organization,
  )
const guessing = alert('vpn-brute-force', 'so-y-te')
await call('/alerts/change', {
  items: [{ id: guessing.id, version: guessing.version }],
  status: 'acknowledged',
  assignee: 'an',
  note: 'đang gọi đơn vị',
})
const injection = alert('sql-injection', 'so-tai-chinh')
now += MINUTE
await call('/alerts/change', {
  items: [{ id: injection.id, version: injection.version }],
  status: 'closed',
  reason: 'true_positive',
})
const incident = (await call('/incidents?organization=so-tai-chinh')).items[0]
now += MINUTE
await call(`/incidents/${incident.id}`, {
  version: incident.version,
  status: 'in_progress',
  assignee: 'an',
  note: 'đã tiếp nhận',
})
console.log(
  items
    .map((row: { rule: { id: string }; organization?: { id: string }; count: number }) =>
      [row.rule.id, row.organization?.id, row.count].join(' '),
    )
    .join('\n'),
)
await running.stop()
rmSync(join(folder, 'data', 'spool'), { recursive: true, force: true })
execFileSync('tar', ['-czf', resolve(out), '-C', folder, ...readdirSync(folder)])
rmSync(folder, { recursive: true, force: true })
process.exit(0)
