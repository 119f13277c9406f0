/**
 * What a server costs that has many sources and no lines, and how soon a line that comes alone is found.
 *
 *     node tests/bench/idle.ts [SOURCES] [SECONDS] [--store elasticsearch]
 *
 * 150 file sources, ten minutes of rest, then twenty lines, each alone. With Elasticsearch `ELASTICSEARCH=http://…` names it.
 */
import { spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { reach } from '../../api/commands/reach.ts'
import { readConfig, socketPath } from '../../api/config.ts'
import { listens } from '../../api/commands/reach.ts'
import { machine } from './machine.ts'
import { median } from './measure.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { store: { type: 'string', default: 'duckdb' } },
})
const [count, seconds] = [Number(positionals[0] ?? 150), Number(positionals[1] ?? 600)]
const folder = mkdtempSync(join(tmpdir(), 'vonglau-idle-'))
const logs = join(folder, 'logs')
mkdirSync(logs)
const line = (n: string) => `198.51.100.7 - - [14/May/2026:09:30:01 +0700] "GET /${n} HTTP/1.1" 200 1 "-" "ua"\n`
const file = join(folder, 'vonglau.yml')
const sources = Array.from({ length: count }, (_, i) => {
  const path = join(logs, `web-${i}.log`)
  writeFileSync(path, line(`dau-${i}`).repeat(200))
  return `  - { id: web-${i}, parser: nginx_access, file: { path: ${path} } }`
})
const cluster =
  values.store === 'elasticsearch'
    ? `store: elasticsearch\nelasticsearch: { nodes: ["${process.env['ELASTICSEARCH'] ?? 'http://127.0.0.1:9200'}"], prefix: idle-${process.pid} }\n`
    : ''
writeFileSync(file, `data: ${join(folder, 'data')}\nlisten: 127.0.0.1:0\n${cluster}sources:\n${sources.join('\n')}\n`)
const config = readConfig(file, {})
const launcher = fileURLToPath(new URL('../../api/vonglau.js', import.meta.url))
const server = spawn(process.execPath, [launcher, '-c', file, 'start'], { stdio: ['ignore', 'ignore', 'inherit'] })

const counted = async (kql: string): Promise<number> => {
  for await (const { count } of reach(config, { ask: 'query', kql, count: true })) return Number(count)
  return 0
}
const resident = (): number => {
  const child = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ')[0]!
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))![1]) / 1024
}
try {
  while (!(await listens(socketPath(config)))) await sleep(200)
  while ((await counted('url.path : /dau-*')) < count * 200) await sleep(200)
  console.log(`${count} sources on ${machine()}: ${resident().toFixed(0)} MB once their first lines were stored`)
  await sleep(seconds * 1000)
  console.log(`${resident().toFixed(0)} MB after ${seconds} s without a line`)
  const took: number[] = []
  for (let i = 0; i < 20; i++) {
    const began = performance.now()
    appendFileSync(join(logs, `web-${i % count}.log`), line(`mot-minh-${i}`))
    while ((await counted(`url.path : "/mot-minh-${i}"`)) === 0) await sleep(10)
    took.push(performance.now() - began)
  }
  const shown = (ms: number) => `${(ms / 1000).toFixed(2)} s`
  console.log(`a line alone is found after ${shown(median(took))} (median of 20), ${shown(Math.max(...took))} at most`)
} finally {
  server.kill('SIGTERM')
  await new Promise((resolve) => server.once('exit', resolve))
  rmSync(folder, { recursive: true, force: true })
}
