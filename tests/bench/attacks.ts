/**
 * Whoever sends much, or what is slow to judge, must not hold up anybody else: while one agency's portal is attacked, in a dozen
 * ways one after the other, another agency has an attack every two seconds. Told is how long each of its alerts took, from the
 * line to the document, of a rule on single events and of a correlation, and what memory the process held at most.
 *
 *     node tests/bench/attacks.ts [SECONDS] [NAME…] [--beside PATH]
 *
 * `--beside`: the same with the program of another checkout.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine } from './machine.ts'
import { family, median, usedBy } from './measure.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { beside: { type: 'string' } } })
const seconds = Number(positionals[0] ?? 30)
const chosen = positionals.slice(1)
const root = fileURLToPath(new URL('../..', import.meta.url))
const TOKEN = 'x'.repeat(20)
/** Lines and bytes of a request to the program, and ms between two: a portal that is asked 2,000 times a second. */
const [LINES, BODY, PAUSE] = [200, 200_000, 100]

const two = (n: number) => String(n).padStart(2, '0')
const stamp = (at: number): string => {
  const d = new Date(at)
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][d.getUTCMonth()]
  return `${two(d.getUTCDate())}/${month}/${d.getUTCFullYear()}:${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())} +0000`
}
const web = (
  from: string,
  path: string,
  { status = 200, agent = 'Mozilla/5.0', at = Date.now(), method = 'GET' } = {},
) => `${from} - - [${stamp(at)}] "${method} ${path} HTTP/1.1" ${status} 5 "-" "${agent}"`
const address = (n: number): string => `2001:db8:${((n >> 16) & 0xffff).toString(16)}:${(n & 0xffff).toString(16)}::1`
const SQL = "/tin?id=1'+union+select+password+from+users--"

/** What comes next of an attack; `n` counts up. */
const ATTACKS: { readonly [name: string]: (n: number) => string } = {
  'nothing at all': () => '',
  'a query of 8 KB of +or+1': (n) => web(address(n % 50), `/tin?id=1${'+or+1'.repeat(1600)}`),
  'a query of 8 KB of ((': (n) => web(address(n % 50), `/tin?id=${'('.repeat(8000)}`),
  'attacks from addresses without end': (n) => web(address(n), SQL),
  'a line of 500 KB': (n) => web(address(n % 50), `/tin?id=1'+union+${'select+or+'.repeat(50_000)}`),
  'words of the rules, 8 KB, each time others': (n) =>
    web(
      address(n % 50),
      `/tin?q=${Array.from({ length: 400 }, (_, i) => ['union', 'select', "'or'", '../', '<script', 'exec(', '%27', 'etc/passwd'][(n * 7 + i * i) % 8]).join('+')}`,
    ),
  'failed sign-ins of one address': (n) =>
    web(address(7), '/wp-login.php', { method: 'POST', status: 401, at: Date.now() - (n % 1000) }),
  'failed sign-ins of addresses without end': (n) => web(address(n), '/wp-login.php', { method: 'POST', status: 401 }),
  'attacks of the last thirty days': (n) =>
    web(address(n % 5000), SQL, { at: Date.now() - ((n * 7919) % 2_592_000) * 1000 }),
  'chains: an attack just before the rest ends one': (n) =>
    web(address(n % 20), SQL, { at: Date.now() - (n % 700) * 3_500_000 }),
  'all rules at once': (n) =>
    web(address(n), `${SQL}&f=../../etc/passwd&x=<script>alert(1)</script>`, { agent: 'sqlmap/1.7' }),
  'no attack, but as much as fits': (n) => web(address(n % 100_000), `/trang-${n % 1000}`),
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
const percentile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN

/** The first administrator, with a password of its own. */
const signIn = async (url: string, printed: () => string): Promise<string> => {
  let password: string | undefined
  while (!(password = /^ {6}admin\n {6}(\S+)$/m.exec(printed())?.[1])) await sleep(50)
  const post = (path: string, body: object, cookie = '') =>
    fetch(url + path, {
      method: 'POST',
      headers: { cookie, origin: url, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const enter = async (secret: string): Promise<string> => {
    const answer = await post('/api/auth/sign-in/username', { username: 'admin', password: secret })
    if (!answer.ok) throw new Error(`sign-in: ${await answer.text()}`)
    return answer.headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ')
  }
  const next = 'mat-khau-cua-bai-do'
  const changed = await post('/api/me/password', { current: password, next }, await enter(password))
  if (!changed.ok) throw new Error(`password: ${await changed.text()}`)
  return enter(next)
}

const attack = async (checkout: string, name: string): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
  const port = await freePort()
  const config = join(folder, 'vonglau.yml')
  const source = (id: string, organization: string) =>
    `  - { id: ${id}, parser: nginx_access, timezone: UTC, organization: ${organization}, http: { token: ${TOKEN} } }\n`
  writeFileSync(
    config,
    `data: ${join(folder, 'data')}\nlisten: 127.0.0.1:${port}\ninventory: ${join(checkout, 'seeds/vinh-long/inventory.yml')}\nsources:\n${source('danh', 'so-y-te')}${source('yen', 'so-tai-chinh')}`,
  )
  const child: ChildProcess = spawn(process.execPath, [join(checkout, 'api/vonglau.js'), '-c', config, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const url = `http://127.0.0.1:${port}`
  const post = async (id: string, body: string): Promise<boolean> => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/plain' }
    const answer = await fetch(`${url}/ingest/${id}`, { method: 'POST', headers, body }).catch(() => undefined)
    await answer?.arrayBuffer()
    return answer?.ok ?? false
  }
  while (!(await fetch(url).catch(() => undefined))) await sleep(200)
  const cookie = await signIn(url, () => printed)
  /** Whether the innocent agency has an alert of a rule about this address: as its open screen asks. */
  const has = async (rule: string, from: string): Promise<boolean> => {
    const q = `rule.id:"${rule}" and source.prefix:"${from.replace('::1', '::/64')}"`
    const path = `/api/alerts?limit=1&from=${Date.now() - 86_400_000}&to=${Date.now() + 86_400_000}&q=${encodeURIComponent(q)}`
    const answer = await fetch(url + path, { headers: { cookie } }).catch(() => undefined)
    if (answer?.status === 400) throw new Error(await answer.text())
    const body = answer?.ok ? ((await answer.json()) as { total: number }) : undefined
    return (body?.total ?? 0) > 0
  }

  let ended = false
  let [lines, refused, peak] = [0, 0, 0]
  const flood = (async () => {
    for (let n = 0; !ended; ) {
      const next = performance.now() + PAUSE
      const body: string[] = []
      for (let size = 0; size < BODY && body.length < LINES && name !== 'nothing at all'; ) {
        const one = ATTACKS[name]!(n++)
        size += one.length
        body.push(one)
      }
      if (body.length > 0) (await post('danh', `${body.join('\n')}\n`)) ? (lines += body.length) : refused++
      await sleep(Math.max(0, next - performance.now()))
      for (const pid of family(child.pid!)) peak = Math.max(peak, usedBy(pid).peak)
    }
  })()
  const waits: { single: number[]; correlation: number[] } = { single: [], correlation: [] }
  const watch = async (kind: 'single' | 'correlation', rule: string, from: string, began: number) => {
    while (!(await has(rule, from))) {
      if (performance.now() - began > 180_000) break
      await sleep(250)
    }
    waits[kind].push((performance.now() - began) / 1000)
  }
  const watched: Promise<void>[] = []
  const began = performance.now()
  for (let i = 1; performance.now() - began < seconds * 1000; i++) {
    const [a, b] = [`2001:db8:ffff:${i.toString(16)}::1`, `2001:db8:fffe:${i.toString(16)}::1`]
    const at = performance.now()
    const signIns = Array.from({ length: 30 }, () => web(b, '/wp-login.php', { method: 'POST', status: 401 }))
    while (!(await post('yen', `${[web(a, SQL), ...signIns].join('\n')}\n`))) await sleep(100)
    watched.push(watch('single', 'sql-injection', a, at), watch('correlation', 'portal-brute-force-ipv6', b, at))
    await sleep(Math.max(0, 2000 - (performance.now() - at)))
  }
  await Promise.all(watched)
  ended = true
  await flood
  child.kill('SIGTERM')
  await new Promise((resolve) => child.on('exit', resolve))
  rmSync(folder, { recursive: true, force: true })
  const said = (all: number[]) => {
    all.sort((x, y) => x - y)
    return `${median(all).toFixed(1)} | ${percentile(all, 0.95).toFixed(1)}`
  }
  return `| ${name} | ${said(waits.single)} | ${said(waits.correlation)} | ${Math.round(peak / 1e6)} | ${lines} (${refused} refused) |`
}

console.log(`${machine()}\n`)
for (const checkout of [root, ...(values.beside ? [values.beside] : [])]) {
  console.log(`${checkout === root ? 'this program' : 'the other'}\n`)
  console.log(
    '| attack | single, s | p95 | correlation, s | p95 | RSS, MB | lines taken |\n| --- | --- | --- | --- | --- | --- | --- |',
  )
  for (const name of Object.keys(ATTACKS))
    if (chosen.length === 0 || chosen.some((some) => name.includes(some))) console.log(await attack(checkout, name))
  console.log('')
}
