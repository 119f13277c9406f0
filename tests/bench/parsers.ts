/** Microseconds a line, one thread: node tests/bench/parsers.ts [id] */
import { readFileSync } from 'node:fs'
import { createEnricher } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import { parserOf } from '../../ingest/parsers/index.ts'
import type { ParserState } from '../../ingest/parsers/parser.ts'

const context = { arrived: Date.UTC(2026, 4, 14), timezone: 'Asia/Ho_Chi_Minh' }
const two = (n: number): string => String(n).padStart(2, '0')
const clock = (i: number): string => `${two(Math.floor(i / 3600) % 24)}:${two(Math.floor(i / 60) % 60)}:${two(i % 60)}`
const address = (i: number): string =>
  i % 3 === 0 ? `2001:db8:${(i % 977).toString(16)}::${(i % 4001).toString(16)}` : `198.51.100.${i % 254}`

const LINES: Record<string, (i: number) => string> = {
  fortinet_fortigate: (i) =>
    `<189>date=2026-05-14 time=${clock(i)} devname="fw-syt-01" devid="FGT60FTK20000001" eventtime=${1778725801000000000n + BigInt(i) * 1000003n} tz="+0700" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=${address(i)} srcport=${1024 + (i % 60000)} srcintf="wan1" srcintfrole="wan" dstip=203.0.113.10 dstport=443 dstintf="dmz" dstintfrole="dmz" srccountry="Viet Nam" dstcountry="Reserved" sessionid=${100000 + i} proto=6 action="close" policyid=12 policytype="policy" poluuid="4d9cf9a6-0000-51ee-8a1c-1b2f3d4e5f60" policyname="public-web" service="HTTPS" trandisp="dnat" tranip=10.20.3.${i % 254} tranport=8443 appid=40568 app="HTTPS.BROWSER" appcat="Web.Client" apprisk="medium" duration=${i % 300} sentbyte=${1188 + i} rcvdbyte=${9224 + i} sentpkt=17 rcvdpkt=16 utmaction="allow" countapp=1 osname="Linux" srcserver=0 utmref=65500-742`,
  nginx_access: (i) =>
    `${address(i)} - - [14/May/2026:${clock(i)} +0700] "GET /tin-tuc/bai-viet-${i}.html?trang=${i % 9}&tim=s%E1%BB%9F HTTP/1.1" 200 ${5120 + i} "https://soyte.vinhlong.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36"`,
  iis_access: (i) =>
    `2026-05-14 ${clock(i)} 10.20.3.9 GET /dichvu/ho-so.aspx id=${i} 443 - ${address(i)} Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/128.0+Safari/537.36 https://dichvucong.vinhlong.example/ 200 0 0 ${i % 900}`,
}
const IIS =
  '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken'

const inventory = 'seeds/vinh-long/inventory.yml'
const enrich = createEnricher({
  inventory: parseInventory(readFileSync(new URL(`../../${inventory}`, import.meta.url), 'utf8'), inventory),
  geoip: openGeoIp(),
})

const measure = <T>(name: string, lines: readonly T[], run: (line: T) => unknown): void => {
  for (let round = 0; round < 2; round++) for (const line of lines) run(line)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const started = process.hrtime.bigint()
    for (const line of lines) run(line)
    best = Math.min(best, Number(process.hrtime.bigint() - started) / lines.length / 1000)
  }
  console.log(`${name.padEnd(34)} ${best.toFixed(2)} µs`)
}

for (const [id, make] of Object.entries(LINES)) {
  if (process.argv[2] && process.argv[2] !== id) continue
  const parser = parserOf(id)
  // As a worker has them: strings decoded from a file, not built from pieces.
  const lines = Array.from({ length: 50_000 }, (_, i) => Buffer.from(make(i)).toString('utf8'))
  let state: ParserState
  if (id === 'iis_access') {
    const answer = parser.parse(IIS, context, undefined)
    state = answer.state
    measure(`${id}, layout guessed`, lines, (line) => parser.parse(line, context, undefined))
  }
  measure(id, lines, (line) => parser.parse(line, context, state))
  const events = lines.map((line) => {
    const parsed = parser.parse(line, context, state)
    if (!('event' in parsed)) throw new Error(`${id} does not read ${line}`)
    return parsed.event
  })
  measure(`${id}, enriched besides`, events, (event) => enrich(event, {}))
}
