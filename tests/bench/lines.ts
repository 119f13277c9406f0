/**
 * Lines as a province sends them, for benchmarks: 60 % FortiGate (traffic, and five kinds of UTM), 30 % nginx, 10 % IIS, over
 * the portals and devices of the demo's inventory, with 500 user agents, 5,000 referrers and clients by the ten thousand:
 * what a program remembers of a line is not the next one. The same seed gives the same lines.
 */
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const inventory = parse(
  readFileSync(fileURLToPath(new URL('../../seeds/vinh-long/inventory.yml', import.meta.url)), 'utf8'),
) as { portals: { domain: string; addresses: string[] }[] }
const PORTALS = inventory.portals.map(({ domain, addresses }) => ({
  domain,
  four: addresses.filter((each) => !each.includes(':')),
  six: addresses.filter((each) => each.includes(':')),
}))

/** mulberry32: benchmarks over the same lines can be compared. */
let seed = 0
const next = (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const random = (n: number) => Math.floor(next() * n)
const of = <T>(list: readonly T[]): T => list[random(list.length)]!
const two = (n: number) => String(n).padStart(2, '0')

const AGENTS = Array.from({ length: 500 }, (_, n) => {
  const chrome = `${100 + (n % 45)}.0.${n * 13}.${n % 200}`
  return [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${chrome} Safari/537.36`,
    `Mozilla/5.0 (Linux; Android ${8 + (n % 8)}; SM-A${100 + n}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${chrome} Mobile Safari/537.36`,
    `Mozilla/5.0 (iPhone; CPU iPhone OS ${12 + (n % 7)}_${n % 9} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${12 + (n % 7)}.${n % 9} Mobile/15E${148 + n} Safari/604.1`,
    `Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:${60 + (n % 80)}.0) Gecko/20100101 Firefox/${60 + (n % 80)}.${n}`,
    `curl/7.${n % 90}.${n % 4}`,
  ][n % 5]!
})
const REFERRERS = Array.from(
  { length: 5000 },
  (_, n) => `https://${PORTALS[n % PORTALS.length]!.domain}/tin-tuc/${2018 + (n % 9)}/bai-viet-${n}.html`,
)
const client = () =>
  random(3)
    ? `${of(['192.0.2', '198.51.100', '113.160.4', '14.177.66', '27.72.105'])}.${1 + random(250)}`
    : `2001:db8:a${two(random(90))}:${random(0xff).toString(16)}::${random(0xffff).toString(16)}`
/** Whether few lines are attacks, as in a province: one of a hundred. Else a quarter of them are something to a rule. */
let calm = false
/** Kinds of UTM lines that tell of no attack. */
const HARMLESS = [2, 4]
/** Whether lines come in the order of their times, as from devices; else each is of another day, as in no store. */
let inOrder = false
const clock = (i: number) => ({
  day: two(inOrder ? 14 : 1 + (i % 20)),
  h: two(Math.floor(i / 40_000) % 24),
  m: two(Math.floor(i / 700) % 60),
  s: two(Math.floor(i / 12) % 60),
})

const UTM: readonly ((host: string, from: string, to: string) => string)[] = [
  (host, from, to) =>
    `logid="0316013056" type="utm" subtype="webfilter" eventtype="ftgd_blk" level="warning" vd="root" policyid=${random(40)} sessionid=${random(9_999_999)} srcip=${from} srcport=${1024 + random(60_000)} srcintf="lan" srcintfrole="lan" dstip=${to} dstport=443 dstintf="wan1" dstintfrole="wan" proto=6 service="HTTPS" hostname="${host}" profile="chan-web" action="blocked" reqtype="direct" url="https://${host}/tim-kiem?q=${random(99_999)}" sentbyte=${random(2000)} rcvdbyte=${random(900)} direction="outgoing" msg="URL belongs to a denied category in policy" method="domain" cat=${random(90)} catdesc="Gambling"`,
  (host, from, to) =>
    `logid="0419016384" type="utm" subtype="ips" eventtype="signature" level="alert" vd="root" severity="${of(['low', 'medium', 'high', 'critical'])}" srcip=${from} srccountry="Reserved" dstip=${to} srcintf="wan1" srcintfrole="wan" dstintf="dmz" dstintfrole="dmz" sessionid=${random(9_999_999)} action="${of(['dropped', 'detected'])}" proto=6 service="HTTPS" policyid=${random(40)} attack="${of(['Apache.Log4j.Error.Log.Remote.Code.Execution', 'PHP.CGI.Argument.Injection', 'HTTP.URI.SQL.Injection'])}" srcport=${1024 + random(60_000)} dstport=443 hostname="${host}" url="/${random(9999)}/index.php?id=${random(999)}" direction="incoming" attackid=${10_000 + random(40_000)} profile="bao-ve-cong" ref="http://www.fortinet.com/ids/VID${random(60_000)}" incidentserialno=${random(99_999_999)} msg="a signature matched, policy ${random(9)}" crscore=${random(50)} crlevel="high"`,
  (host, from, to) =>
    `logid="1059028704" type="utm" subtype="app-ctrl" eventtype="signature" level="information" vd="root" appid=${random(50_000)} srcip=${from} dstip=${to} srcport=${1024 + random(60_000)} dstport=443 srcintf="lan" srcintfrole="lan" dstintf="wan1" dstintfrole="wan" proto=6 service="SSL" direction="outgoing" policyid=${random(40)} sessionid=${random(9_999_999)} applist="mac-dinh" action="pass" appcat="${of(['Social.Media', 'Video/Audio', 'Collaboration'])}" app="${of(['Zalo', 'YouTube', 'Facebook', 'Google.Meet'])}" hostname="${host}" incidentserialno=${random(99_999_999)} url="/" msg="${of(['Social.Media: Zalo', 'Video/Audio: YouTube'])}" apprisk="elevated"`,
  (host, from, to) =>
    `logid="0211008192" type="utm" subtype="virus" eventtype="infected" level="warning" vd="root" policyid=${random(40)} msg="File is infected." action="blocked" service="HTTP" sessionid=${random(9_999_999)} srcip=${from} dstip=${to} srcport=${1024 + random(60_000)} dstport=80 srcintf="wan1" srcintfrole="wan" dstintf="dmz" dstintfrole="dmz" proto=6 direction="incoming" filename="ho-so-${random(9999)}.zip" quarskip="Quarantine-disabled" virus="EICAR_TEST_FILE" dtype="av-engine" ref="http://www.fortinet.com/ve?vn=EICAR_TEST_FILE" virusid=${random(9999)} url="http://${host}/tai-len/${random(9999)}.zip" profile="chong-ma-doc" agent="${of(AGENTS).split(' ')[0]}" analyticssubmit="false"`,
  (host, from, to) =>
    `logid="1501054802" type="utm" subtype="dns" eventtype="dns-response" level="notice" vd="root" policyid=${random(40)} sessionid=${random(9_999_999)} srcip=${from} srcport=${1024 + random(60_000)} srcintf="lan" srcintfrole="lan" dstip=${to} dstport=53 dstintf="wan1" dstintfrole="wan" proto=17 profile="mac-dinh" xid=${random(65_535)} qname="${host}" qtype="${of(['A', 'AAAA'])}" qtypeval=1 qclass="IN" msg="Domain is monitored" action="pass" cat=${random(90)} catdesc="Government and Legal Organizations"`,
]
export const fortigate = (i: number): string => {
  const { day, h, m, s } = clock(i)
  const device = random(26)
  const portal = of(PORTALS)
  const six = random(4) === 0 && portal.six.length > 0
  const quiet = calm && random(100) > 0
  const [from, to] = [client(), of(six ? portal.six : portal.four.length ? portal.four : portal.six)]
  const head = `<189>date=2026-11-${day} time=${h}:${m}:${s} devname="fw-${two(device)}" devid="FGT60FTK240000${two(device)}" eventtime=17953${String(10_000_000_000_000 + i * 1013).slice(0, 14)} tz="+0700" `
  if (i % 5 === 4) return head + UTM[quiet ? of(HARMLESS) : random(UTM.length)]!(portal.domain, from, to)
  return `${head}logid="0000000013" type="traffic" subtype="${of(['forward', 'local'])}" level="notice" vd="root" srcip=${from} srcport=${1024 + random(60_000)} srcintf="wan1" srcintfrole="wan" dstip=${to} dstport=${of(quiet ? [443, 80] : [443, 80, 22, 53, 3389])} dstintf="dmz" dstintfrole="dmz" srccountry="Viet Nam" dstcountry="Reserved" sessionid=${random(9_999_999)} proto=6 action="${of(['close', 'deny', 'accept', 'timeout'])}" policyid=${random(40)} policytype="policy" service="HTTPS" trandisp="noop" duration=${random(180)} sentbyte=${random(90_000)} rcvdbyte=${random(900_000)} sentpkt=${random(90)} rcvdpkt=${random(120)} appcat="unscanned"`
}
export const nginx = (i: number): string => {
  const { day, h, m, s } = clock(i)
  return `${client()} - - [${day}/Nov/2026:${h}:${m}:${s} +0700] "GET /tin-tuc/bai-viet-${random(9000)}.html?trang=${random(20)}&q=l%E1%BB%8Bch HTTP/1.1" ${of([200, 200, 200, 304, 404])} ${random(48_000)} "${random(4) ? of(REFERRERS) : '-'}" "${of(AGENTS)}"`
}
export const iis = (i: number): string => {
  const { day, h, m, s } = clock(i)
  const plus = (text: string) => text.replaceAll(' ', '+')
  return `2026-11-${day} ${h}:${m}:${s} 10.0.10.21 ${of(['GET', 'GET', 'POST'])} /dvc/ho-so/tra-cuu-${random(500)} ma=H61.${random(99)}-${random(99_999)} 443 - ${client()} ${plus(of(AGENTS))} ${random(4) ? of(REFERRERS) : '-'} ${of(PORTALS).domain} ${of([200, 302, 404])} 0 0 ${random(900)}`
}

export const IIS_HEAD =
  '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status time-taken'

export const KINDS = ['fortinet_fortigate', 'nginx_access', 'iis_access'] as const
export type Kind = (typeof KINDS)[number]

/** Writes so many lines in all into a file for each source; answers the paths and how many each holds. */
export const writeLines = async (
  folder: string,
  lines: number,
  options: { readonly inOrder?: boolean; readonly calm?: boolean } = {},
): Promise<Record<Kind, string> & { readonly count: Record<Kind, number> }> => {
  seed = 20261126
  inOrder = options.inOrder ?? false
  calm = options.calm ?? false
  const count = {} as Record<Kind, number>
  const write = async (kind: Kind, share: number, line: (i: number) => string, head = ''): Promise<string> => {
    const path = join(folder, `${kind}.log`)
    count[kind] = Math.round(lines * share)
    const out = createWriteStream(path)
    out.write(head)
    for (let i = 0; i < count[kind]; i += 5000) {
      const part = Array.from({ length: Math.min(5000, count[kind] - i) }, (_, k) => line(i + k)).join('\n')
      if (!out.write(`${part}\n`)) await new Promise<void>((resolve) => out.once('drain', () => resolve()))
    }
    await new Promise<void>((resolve) => out.end(() => resolve()))
    return path
  }
  return {
    fortinet_fortigate: await write('fortinet_fortigate', 0.6, fortigate),
    nginx_access: await write('nginx_access', 0.3, nginx),
    iis_access: await write(
      'iis_access',
      0.1,
      iis,
      `#Software: Microsoft Internet Information Services 10.0\n${IIS_HEAD}\n`,
    ),
    count,
  }
}
