/**
 * What open consoles cost the server: its processor time with one live stream and with many, in turns, while lines come in and
 * documents change. Each turn is a process of its own.
 *
 *   node tests/bench/streams.ts [STREAMS=500] [SECONDS=20] [TURNS=3]
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { attack, request } from '../api/console.ts'
import { INVENTORY } from '../faults/place.ts'

const [streams = 500, seconds = 20, turns = 3] = process.argv.slice(2).map(Number)
const TOKEN = 'token-cua-phep-do-nay'
const PASSWORD = 'mat-khau-cua-toi'
const LINES = 2000
const CHANGES = 10
const TICKS_A_SECOND = 100
const PAGE = new URL('../../api/vonglau.js', import.meta.url).pathname

/** utime and stime of a process and its threads, seconds (proc(5)). */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}
const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024

const turn = async (open: number): Promise<{ cpu: number; rss: number; messages: number }> => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-streams-'))
  writeFileSync(
    join(folder, 'vonglau.yml'),
    `data: data\nlisten: 127.0.0.1:0\ninventory: ${INVENTORY}\nsources:\n  - { id: web, parser: nginx_access, serves: ["203.0.113.10"], http: { token: ${TOKEN} } }\n`,
    { mode: 0o600 },
  )
  const server = spawn(process.execPath, [PAGE, '-c', join(folder, 'vonglau.yml'), 'start'], { cwd: folder })
  let printed = ''
  server.stdout.on('data', (chunk) => (printed += chunk))
  server.stderr.on('data', (chunk) => (printed += chunk))
  while (!/the console is at (\S+)/.test(printed)) {
    if (server.exitCode !== null) throw new Error(printed)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const url = /the console is at (\S+)/.exec(printed)![1]!
  const password = /created\.[\s\S]*?\n\n\s+admin\n\s+(\S+)/.exec(printed)![1]!
  const signIn = async (word: string) => {
    const answer = await fetch(`${url}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ username: 'admin', password: word }),
    })
    return answer.headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ')
  }
  const call = (cookie: string, path: string, body?: object) =>
    fetch(`${url}/api${path}`, {
      headers: { cookie, origin: url, 'content-type': 'application/json' },
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    })
  const first = await signIn(password)
  await call(first, '/me/password', { current: password, next: PASSWORD })
  const cookie = await signIn(PASSWORD)
  const send = (lines: readonly string[]) =>
    fetch(`${url}/ingest/web`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: lines.join('\n'),
    })
  await send(
    Array.from({ length: 60 }, (_, i) => attack('soyte.vinhlong.example', `/a${i}`, { ip: `198.51.100.${i}` })),
  )
  let alerts: { id: string; version: number }[] = []
  while (alerts.length < 40) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    alerts = ((await (await call(cookie, '/alerts?from=0&limit=100')).json()) as { items: typeof alerts }).items
  }
  // The launcher starts the server as its child.
  const pid = Number(readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').split(' ')[0])
  let messages = 0
  const ending = new AbortController()
  for (let i = 0; i < open; i++)
    void fetch(`${url}/api/live`, { headers: { cookie }, signal: ending.signal })
      .then(async ({ body }) => {
        for await (const chunk of body!) messages += Buffer.from(chunk).toString().split('data:').length - 1
      })
      .catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 5000))
  const began = performance.now()
  const before = cpuOf(pid)
  messages = 0
  for (let n = 0; performance.now() - began < seconds * 1000; n++) {
    await send(Array.from({ length: LINES }, (_, i) => request('soyte.vinhlong.example', `/trang-${n}-${i}`)))
    for (let i = 0; i < CHANGES; i++) {
      const alert = alerts[(n * CHANGES + i) % alerts.length]!
      const answer = await call(cookie, '/alerts/change', {
        items: [{ id: alert.id, version: alert.version }],
        note: `ghi chú ${n}-${i}`,
      })
      const { results } = (await answer.json()) as { results: { version?: number }[] }
      alert.version = results[0]?.version ?? alert.version
    }
    const rest = (n + 1) * 1000 - (performance.now() - began)
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest))
  }
  const cpu = ((cpuOf(pid) - before) * 1000) / (performance.now() - began)
  const rss = rssOf(pid)
  ending.abort()
  server.kill('SIGTERM')
  await once(server, 'exit')
  rmSync(folder, { recursive: true, force: true })
  return { cpu, rss, messages }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const runs = new Map<number, { cpu: number; rss: number; messages: number }[]>([
  [1, []],
  [streams, []],
])
for (let i = 0; i < turns; i++)
  for (const [open, all] of runs) {
    const one = await turn(open)
    all.push(one)
    console.log(
      `${open} open: ${(one.cpu * 100).toFixed(0)} % of a processor, ${one.rss.toFixed(0)} MB, ${one.messages} messages`,
    )
  }
const [one, many] = [...runs.values()].map((all) => median(all.map(({ cpu }) => cpu)))
console.log(
  `${streams} open consoles cost ${(many! / one!).toFixed(2)} times one (medians of ${turns}: ${(many! * 100).toFixed(0)} % and ${(one! * 100).toFixed(0)} %), node ${process.version}, ${execFileSync('uname', ['-m']).toString().trim()}`,
)
