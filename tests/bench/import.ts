/**
 * How many lines a second `vonglau import` stores: 60 % FortiGate, 30 % nginx, 10 % IIS, durable and searchable. Whole
 * processes, start to exit. `node tests/bench/import.ts [LINES] [RUNS]`.
 */
import { spawnSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [lines, runs] = [Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 3)]
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
const two = (n: number) => String(n).padStart(2, '0')
const random = (n: number) => Math.floor(Math.random() * n)
const client = () =>
  random(3)
    ? `${['192.0.2', '198.51.100'][random(2)]}.${1 + random(250)}`
    : `2001:db8:a${two(random(90))}::${random(0xffff).toString(16)}`
const clock = (i: number) => ({
  h: two(Math.floor(i / 40_000) % 24),
  m: two(Math.floor(i / 700) % 60),
  s: two(Math.floor(i / 12) % 60),
})

const fortigate = (i: number): string => {
  const { h, m, s } = clock(i)
  const [src, six] = [client(), random(4) === 0]
  return `<189>date=2026-11-${two(1 + (i % 20))} time=${h}:${m}:${s} devname="fw-${two(random(26))}" devid="FGT60FTK240000${two(random(26))}" eventtime=17953${String(10_000_000_000_000 + i * 1013).slice(0, 14)} tz="+0700" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=${src} srcport=${1024 + random(60_000)} srcintf="wan1" srcintfrole="wan" dstip=${six ? `2001:db8:84:${random(99)}::10` : `203.0.113.${10 + random(12)}`} dstport=${[443, 80, 22, 53, 3389][random(5)]} dstintf="dmz" dstintfrole="dmz" srccountry="Viet Nam" dstcountry="Reserved" sessionid=${random(9_999_999)} proto=6 action="${['close', 'deny', 'accept', 'timeout'][random(4)]}" policyid=${random(40)} policytype="policy" service="HTTPS" trandisp="noop" duration=${random(180)} sentbyte=${random(90_000)} rcvdbyte=${random(900_000)} sentpkt=${random(90)} rcvdpkt=${random(120)} appcat="unscanned"`
}
const nginx = (i: number): string => {
  const { h, m, s } = clock(i)
  return `${client()} - - [${two(1 + (i % 20))}/Nov/2026:${h}:${m}:${s} +0700] "GET /tin-tuc/bai-viet-${random(9000)}.html?trang=${random(20)}&q=l%E1%BB%8Bch HTTP/1.1" ${[200, 200, 200, 304, 404][random(5)]} ${random(48_000)} "https://soyte.vinhlong.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"`
}
const iis = (i: number): string => {
  const { h, m, s } = clock(i)
  return `2026-11-${two(1 + (i % 20))} ${h}:${m}:${s} 10.0.10.21 GET /dvc/ho-so/tra-cuu ma=H61.${random(99)}-${random(99_999)} 443 - ${client()} Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64) - dichvucong.vinhlong.example ${[200, 302, 404][random(3)]} 0 0 ${random(900)}`
}

const write = async (name: string, count: number, line: (i: number) => string, head = ''): Promise<string> => {
  const path = join(folder, name)
  const out = createWriteStream(path)
  out.write(head)
  for (let i = 0; i < count; i += 5000) {
    const part = Array.from({ length: Math.min(5000, count - i) }, (_, k) => line(i + k)).join('\n')
    if (!out.write(`${part}\n`)) await new Promise<void>((resolve) => out.once('drain', () => resolve()))
  }
  await new Promise<void>((resolve) => out.end(() => resolve()))
  return path
}

const files = {
  fortinet_fortigate: await write('fortigate.log', Math.round(lines * 0.6), fortigate),
  nginx_access: await write('nginx.log', Math.round(lines * 0.3), nginx),
  iis_access: await write(
    'iis.log',
    Math.round(lines * 0.1),
    iis,
    '#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status time-taken\n',
  ),
}
const config = join(folder, 'vonglau.yml')
const bytes = Object.values(files).reduce((sum, path) => sum + statSync(path).size, 0)
console.log(`${lines} lines, ${(bytes / 1e6).toFixed(0)} MB, on ${cpus().length} × ${cpus()[0]?.model}`)
const totals: number[] = []
for (let run = 0; run < runs; run++) {
  const data = join(folder, `data-${run}`)
  writeFileSync(config, `data: ${data}\ninventory: ${join(root, 'seeds/vinh-long/inventory.yml')}\n`)
  let total = 0
  for (const [source, path] of Object.entries(files)) {
    const began = performance.now()
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'api/vonglau.js'), '-c', config, 'import', '--source', source, path],
      { encoding: 'utf8' },
    )
    const seconds = (performance.now() - began) / 1000
    total += seconds
    const n = Number(/^(\d+) lines/.exec(stdout)?.[1])
    if (status !== 0) throw new Error(stderr)
    console.log(`  ${source.padEnd(20)} ${n} lines in ${seconds.toFixed(1)} s: ${Math.round(n / seconds)} lines/s`)
  }
  const { stdout } = spawnSync(process.execPath, [join(root, 'api/vonglau.js'), '-c', config, 'query', '--count', ''], {
    encoding: 'utf8',
  })
  const size = readdirSync(join(data, 'events')).reduce(
    (sum, name) => sum + (name.startsWith('events-') ? statSync(join(data, 'events', name)).size : 0),
    0,
  )
  console.log(
    `run ${run + 1}: ${Math.round(lines / total)} lines/s over all, ${stdout.trim()} events found, ${(size / lines).toFixed(0)} bytes an event`,
  )
  totals.push(lines / total)
  rmSync(data, { recursive: true, force: true })
}
console.log(`median ${Math.round(totals.sort((a, b) => a - b)[Math.floor(totals.length / 2)]!)} lines/s`)
rmSync(folder, { recursive: true, force: true })
