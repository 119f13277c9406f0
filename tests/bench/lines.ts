/** Lines as a province sends them, for benchmarks: 60 % FortiGate, 30 % nginx, 10 % IIS. */
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'

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

export const fortigate = (i: number): string => {
  const { h, m, s } = clock(i)
  const [src, six] = [client(), random(4) === 0]
  return `<189>date=2026-11-${two(1 + (i % 20))} time=${h}:${m}:${s} devname="fw-${two(random(26))}" devid="FGT60FTK240000${two(random(26))}" eventtime=17953${String(10_000_000_000_000 + i * 1013).slice(0, 14)} tz="+0700" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=${src} srcport=${1024 + random(60_000)} srcintf="wan1" srcintfrole="wan" dstip=${six ? `2001:db8:84:${random(99)}::10` : `203.0.113.${10 + random(12)}`} dstport=${[443, 80, 22, 53, 3389][random(5)]} dstintf="dmz" dstintfrole="dmz" srccountry="Viet Nam" dstcountry="Reserved" sessionid=${random(9_999_999)} proto=6 action="${['close', 'deny', 'accept', 'timeout'][random(4)]}" policyid=${random(40)} policytype="policy" service="HTTPS" trandisp="noop" duration=${random(180)} sentbyte=${random(90_000)} rcvdbyte=${random(900_000)} sentpkt=${random(90)} rcvdpkt=${random(120)} appcat="unscanned"`
}
export const nginx = (i: number): string => {
  const { h, m, s } = clock(i)
  return `${client()} - - [${two(1 + (i % 20))}/Nov/2026:${h}:${m}:${s} +0700] "GET /tin-tuc/bai-viet-${random(9000)}.html?trang=${random(20)}&q=l%E1%BB%8Bch HTTP/1.1" ${[200, 200, 200, 304, 404][random(5)]} ${random(48_000)} "https://soyte.vinhlong.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"`
}
export const iis = (i: number): string => {
  const { h, m, s } = clock(i)
  return `2026-11-${two(1 + (i % 20))} ${h}:${m}:${s} 10.0.10.21 GET /dvc/ho-so/tra-cuu ma=H61.${random(99)}-${random(99_999)} 443 - ${client()} Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64) - dichvucong.vinhlong.example ${[200, 302, 404][random(3)]} 0 0 ${random(900)}`
}

export const IIS_HEAD =
  '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status time-taken'

/** Writes so many lines in all into a file for each source; answers the paths by source. */
export const writeLines = async (folder: string, lines: number) => {
  const write = async (name: string, share: number, line: (i: number) => string, head = ''): Promise<string> => {
    const path = join(folder, name)
    const count = Math.round(lines * share)
    const out = createWriteStream(path)
    out.write(head)
    for (let i = 0; i < count; i += 5000) {
      const part = Array.from({ length: Math.min(5000, count - i) }, (_, k) => line(i + k)).join('\n')
      if (!out.write(`${part}\n`)) await new Promise<void>((resolve) => out.once('drain', () => resolve()))
    }
    await new Promise<void>((resolve) => out.end(() => resolve()))
    return path
  }
  return {
    fortinet_fortigate: await write('fortigate.log', 0.6, fortigate),
    nginx_access: await write('nginx.log', 0.3, nginx),
    iis_access: await write(
      'iis.log',
      0.1,
      iis,
      `#Software: Microsoft Internet Information Services 10.0\n${IIS_HEAD}\n`,
    ),
  }
}
