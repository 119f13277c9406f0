/**
 * `npm run demo`: the demo province. 14 days of its logs go through the real collectors while the process's clock runs from
 * 14 days ago to now; then the clock is the real one and a gentle live stream goes on.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readConfig } from '../config.ts'
import { zoneOffset } from '../context.ts'
import type { Role } from '../contract.ts'
import { type Running, startServer } from '../server.ts'
import { clusterOf } from '../store.ts'
import { untilStopped } from '../commands/start.ts'
import { createSender } from './replay.ts'
import { dueBetween, readSeeds } from './seed.ts'
import { createTeam } from './triage.ts'

const DAY = 86_400_000
/** The clock goes on by so much at a time; the last two days, which most will look at, in finer steps. */
const STEP = 3_600_000
const FINE = 1_800_000
const SEEDS = fileURLToPath(new URL('../../seeds/vinh-long', import.meta.url))
export const PASSWORD = 'vong-lau-demo'

export interface Account {
  readonly role: Role
  readonly username: string
  readonly name: string
  readonly password: string
  readonly organizations: readonly string[]
}
export const ACCOUNTS: readonly Account[] = [
  { role: 'administrator', username: 'quantri', name: 'Lê Quản Trị', organizations: [] },
  { role: 'analyst', username: 'an', name: 'Nguyễn An', organizations: [] },
  { role: 'analyst', username: 'binh', name: 'Trần Bình', organizations: [] },
  { role: 'rule_author', username: 'luat', name: 'Phạm Luật', organizations: [] },
  { role: 'manager', username: 'lanhdao', name: 'Võ Lãnh Đạo', organizations: [] },
  { role: 'auditor', username: 'kiemtra', name: 'Đặng Kiểm Tra', organizations: [] },
  { role: 'agency_viewer', username: 'soyte', name: 'Huỳnh Y Tế', organizations: ['so-y-te'] },
].map((account) => ({ ...account, password: PASSWORD }) as Account)

export interface DemoOptions {
  readonly listen: string
  /** Which store, and how its cluster is reached (VONGLAU_STORE, VONGLAU_ELASTICSEARCH_…); all else is the demo's own. */
  readonly env?: NodeJS.ProcessEnv
  readonly data: string
  /** Days to replay; 14. */
  readonly days?: number
  /** ms that the clock goes on by at a time in the last two days, where not half an hour. */
  readonly step?: number
  readonly say?: (message: string) => void
}

export interface Demo {
  readonly running: Running
  /** Resolves when the replay has met the present. */
  readonly replayed: Promise<void>
  stop(): Promise<void>
}

export const startDemo = async ({
  listen,
  data,
  days = 14,
  step = FINE,
  env = {},
  say = () => {},
}: DemoOptions): Promise<Demo> => {
  // Only a folder that a demo made is begun anew: never someone's data.
  const mark = join(data, 'demo')
  if (existsSync(data)) {
    if (!existsSync(mark) && readdirSync(data).length > 0)
      throw new Error(`${data} is not a demo's folder: choose an empty one with --data`)
    rmSync(data, { recursive: true, force: true })
  }
  mkdirSync(data, { recursive: true })
  writeFileSync(mark, 'This folder belongs to "npm run demo" and is begun anew each time.\n')
  // Rules are a person's own, in a demo too: written from the console and by hand, and what the program comes with stays as it is.
  cpSync(join(SEEDS, 'rules'), join(data, 'rules'), { recursive: true })
  const settings = readFileSync(join(SEEDS, 'vonglau.yml'), 'utf8')
    .replaceAll('{data}', data)
    .replaceAll('{seeds}', SEEDS)
    .replaceAll('{listen}', listen)
  writeFileSync(join(data, 'vonglau.yml'), settings)
  const said = Object.entries(env).filter(([name]) => /^VONGLAU_(STORE$|ELASTICSEARCH)/.test(name))
  const config = readConfig(join(data, 'vonglau.yml'), {
    VONGLAU_ELASTICSEARCH_PREFIX: 'vonglau-demo',
    ...Object.fromEntries(said),
  })
  if (config.store === 'elasticsearch') {
    const { eraseElasticsearch } = await import('../../ingest/store/elasticsearch/erase.ts')
    await eraseElasticsearch(clusterOf(config))
  }
  const end = Date.now()
  let now = end - days * DAY
  let real = false
  const clock = () => (real ? Date.now() : now)
  const running = await startServer(config, { clock, demo: true, say, warn: say, wait: 20, poll: 250 })
  const { installation } = running
  for (const { username, name, role, organizations, password } of ACCOUNTS)
    await running.auth!.add({ username, name, role, organizations }, password)
  const sender = createSender(config.sources, running.syslog.udp, running.url)
  const folder = join(SEEDS, 'logs')
  const seeds = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .flatMap((name) => readSeeds(join(folder, name), name.slice(0, -4)))
  const offset = zoneOffset(installation.inventory.province.timezone, end)
  const team = await createTeam(
    running.url,
    ACCOUNTS.filter(({ role }) => role === 'analyst'),
    end,
  )
  let stopped = false
  let timer: NodeJS.Timeout | undefined

  const replay = async () => {
    const begin = now
    let from = begin
    while (!stopped && from < end) {
      // The end moves on while the replay runs; the last step meets the present.
      const to = Math.min(from + (from < end - 2 * DAY ? STEP : step), end)
      now = to
      const due = dueBetween(seeds, from, to, end, offset)
      await sender.send(due)
      await installation.ingest.drain()
      await running.minute()
      if (Math.floor(to / (2 * STEP)) !== Math.floor(from / (2 * STEP))) await team.work(to)
      from = to
      installation.replay = { progress: (to - begin) / (end - begin), until: end }
    }
    if (stopped) return
    // What was due while the replay ran comes at once; then the clock is the real one.
    await sender.send(dueBetween(seeds, end, Date.now(), end, offset))
    from = Date.now()
    real = true
    await installation.ingest.drain()
    await running.minute()
    installation.replay = undefined
    running.begin()
    const live = async () => {
      const to = Date.now()
      await sender.send(dueBetween(seeds, from, to, end, offset)).catch((error: Error) => say(error.message))
      from = to
      if (!stopped) timer = setTimeout(live, 1000)
    }
    timer = setTimeout(live, 1000)
  }
  const replayed = replay()
  return {
    running,
    replayed,
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await replayed.catch(() => {})
      sender.close()
      await running.stop()
    },
  }
}

export const demo = async (options: { listen: string; data: string; env: NodeJS.ProcessEnv }): Promise<void> => {
  const say = (message: string) => process.stdout.write(`${message}\n`)
  const { running, replayed, stop } = await startDemo({ ...options, say })
  say(`\n  Vọng Lâu, dữ liệu minh hoạ / demo data: ${running.url}\n`)
  for (const { role, username, password } of ACCOUNTS) say(`    ${role.padEnd(14)} ${username.padEnd(9)} ${password}`)
  say('')
  let shown = -1
  const progress = setInterval(() => {
    const done = Math.floor(20 * (running.installation.replay?.progress ?? 0)) * 5
    if (done > shown && running.installation.replay) say(`  14 ngày: ${(shown = done)} %`)
  }, 1000)
  replayed.then(
    () => {
      clearInterval(progress)
      say('  14 ngày: 100 %, từ đây là thời gian thực / live from here on')
    },
    (error: Error) => {
      clearInterval(progress)
      say(`the replay stopped: ${error.message}`)
      process.exitCode = 1
    },
  )
  await untilStopped()
  clearInterval(progress)
  await stop()
  process.exit(0)
}
