/** Microseconds a line, one thread: node tests/bench/parsers.ts [id] */
import { readFileSync } from 'node:fs'
import { splitLines } from '../../ingest/collect/lines.ts'
import { createRowEnricher, type EnrichRow } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import { openParser } from '../../ingest/parsers/index.ts'
import { Row } from '../../ingest/row/row.ts'
import type { Sink } from '../../ingest/row/sink.ts'
import { openStage } from '../../ingest/stage.ts'
import { columnSink } from '../../ingest/store/duckdb/columns.ts'
import { documentSink } from '../../ingest/store/elasticsearch/encode.ts'

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
const enrich = createRowEnricher({
  inventory: parseInventory(readFileSync(new URL(`../../${inventory}`, import.meta.url), 'utf8'), inventory),
  geoip: openGeoIp(),
})
/** Takes rows and makes nothing of them. */
const nothing: Sink<undefined> = { add: () => {}, room: () => 2048, cut: () => {}, take: () => undefined }
const COUNT = 50_000

for (const [id, make] of Object.entries(LINES)) {
  if (process.argv[2] && process.argv[2] !== id) continue
  const text = Array.from({ length: COUNT }, (_, i) => make(i))
  const { lines } = splitLines(Buffer.from(`${id === 'iis_access' ? `${IIS}\n` : ''}${text.join('\n')}\n`), 0, true)
  const measure = <P>(name: string, sink: Sink<P>, enricher: EnrichRow) => {
    const stage = openStage({
      source: {
        id,
        parser: id,
        timezone: 'Asia/Ho_Chi_Minh',
        collect: { kind: 'file', path: '', start: 'beginning' },
        silent: 15,
      },
      parse: openParser(id),
      enrich: enricher,
      sink,
      history: false,
      row: new Row(),
    })
    const took = Array.from({ length: 9 }, () => {
      const began = process.hrtime.bigint()
      const { unparsed } = stage({ lines, from: 0, prefix: 'prefix0123456789', now: Date.UTC(2026, 4, 14), memory: [] })
      if (unparsed > 0) throw new Error(`${id}: ${unparsed} lines were not read`)
      return Number(process.hrtime.bigint() - began) / COUNT / 1000
    })
      .slice(2)
      .sort((a, b) => a - b)
    const median = took[3]!
    console.log(
      `${`${id}, ${name}`.padEnd(44)} ${median.toFixed(2)} µs (best ${took[0]!.toFixed(2)}), ${Math.round(1e6 / median).toLocaleString('en')} lines/s`,
    )
  }
  measure('to a row', nothing, () => {})
  measure('enriched', nothing, enrich)
  measure('enriched, to columns', columnSink(), enrich)
  measure('enriched, to documents', documentSink(), enrich)
}
