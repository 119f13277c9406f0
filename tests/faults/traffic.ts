/**
 * Lines that raise alerts of several rules, correlations among them, and the sources that read them. Every line has a
 * number of its own, and its time is in it: what the rules find is a function of the lines, whenever they are read.
 */
import { appendFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { random } from '../random.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 4, 14, 2)
/** Bursts of a group are apart: the lines of an attack stand in knots, two hours from each other. */
const KNOTS = 5
const HOSTS = ['soyte', 'sogddt', 'thanhtra'].map((name) => `${name}.vinhlong.example`)
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const clf = (at: number): string => {
  const [, year, month, day, time] = /^(\d+)-(\d+)-(\d+)T([\d:]+)/.exec(new Date(at).toISOString())!
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000`
}
const SCANNER = 'Mozilla/5.0 (compatible; Nuclei - Open-source project (github.com/projectdiscovery/nuclei))'

/** Lines of one source, of the parser nginx_access or fortinet_fortigate. `attacks`: how many of them are one, 0 to 1. */
export const openTraffic = (parser: string, name: string, next: () => number, attacks = 0.05) => {
  let n = 0
  const pick = <T>(some: readonly T[]): T => some[Math.floor(next() * some.length)]!
  const within = (minutes: number, knots = KNOTS) =>
    START + Math.floor(next() * knots) * 120 * MINUTE + Math.floor(next() * minutes * MINUTE)
  const request = (at: number, ip: string, asked: string, status = 200, agent = 'Mozilla/5.0', host = pick(HOSTS)) =>
    `${host}:443 ${ip} - - [${clf(at)}] "${asked} HTTP/1.1" ${status} 512 "-" "${agent}"`
  const nginx = (id: string): string => {
    const path = `/${id}`
    if (next() >= attacks) return request(within(110), `192.0.2.${Math.floor(next() * 250)}`, `GET ${path}`)
    const ip = `198.51.100.${Math.floor(next() * 3)}`
    switch (Math.floor(next() * 5)) {
      case 0:
        return request(within(50), ip, `GET ${path}?id=-1%27%20UNION%20ALL%20SELECT%20null,name%20FROM%20users--%20-`)
      case 1:
        return request(within(50), ip, `GET ${path}?tep=../../../../etc/passwd`)
      case 2:
        return request(within(50), ip, `GET ${path}`, 404, SCANNER)
      default: // close together: some of them stand in a window that has enough, some do not
        return request(within(8, 2), '198.51.100.80', `POST ${path}/dang-nhap`, 401, 'Mozilla/5.0', HOSTS[0])
    }
  }
  const fortigate = (id: string): string => {
    const head = (at: number, log: string) =>
      `date=2026-05-14 time=10:00:00 devname="fw-ttdl-01" devid="FGT60FTK24000001" eventtime=${at}000000 tz="+0000" logid="${log}"`
    const traffic = (at: number, from: string, to: string, port: number, action: string) =>
      `${head(at, '0000000013')} type="traffic" subtype="forward" level="notice" vd="root" srcip=${from} srcport=50123 dstip=${to} dstport=${port} dstintf="dmz" dstintfrole="dmz" sessionid=${id} proto=6 action="${action}" policyid=0 duration=0 sentbyte=0 rcvdbyte=0`
    if (next() >= attacks) return traffic(within(110), '192.0.2.9', '10.0.20.26', 443, 'accept')
    switch (Math.floor(next() * 3)) {
      case 0:
        return `${head(within(30), '0101039426')} type="event" subtype="vpn" level="alert" vd="root" logdesc="SSL VPN login fail" action="ssl-login-fail" tunneltype="ssl-web" tunnelid=${id} remip=198.51.100.${60 + Math.floor(next() * 3)} user="u${Math.floor(next() * 9)}" reason="sslvpn_login_permission_denied" msg="SSL user failed to logged in"`
      default:
        return traffic(
          within(40),
          `2001:db8:bad:${Math.floor(next() * 3)}::${Math.floor(next() * 99) + 1}`,
          '2001:db8:84:11::10',
          1 + Math.floor(next() * 60),
          'deny',
        )
    }
  }
  const lineOf =
    parser === 'fortinet_fortigate' ? (n: number) => fortigate(String(n)) : (n: number) => nginx(`${name}-${n}`)
  return { take: (count: number): string[] => Array.from({ length: count }, () => lineOf(n++)) }
}

const SERVES = 'serves: ["203.0.113.10"]'
export const HTTP_SOURCE = 'cong-http'
const TOKEN = 'mot-ma-de-thu-nghiem'

/** File sources, and what writes their files. */
export interface Written {
  readonly id: string
  /** The configuration of the source. */
  readonly source: string
  readonly lines: string[]
  write(count: number): void
  rotate(): void
}

export const openFile = (folder: string, id: string, parser: string, seed: number, attacks?: number): Written => {
  const live = join(folder, `${id}.log`)
  const traffic = openTraffic(parser, id, random(seed), attacks)
  const lines: string[] = []
  let rotated = 0
  return {
    id,
    source: `  - { id: ${id}, parser: ${parser}, ${SERVES}, silent_minutes: 100000, file: { path: "${live}*", shared: true } }\n`,
    lines,
    write: (count) => {
      const some = traffic.take(count)
      appendFileSync(live, `${some.join('\n')}\n`)
      lines.push(...some)
    },
    rotate: () => {
      renameSync(live, `${live}.${++rotated}`)
      appendFileSync(live, '')
    },
  }
}

export const HTTP = `  - { id: ${HTTP_SOURCE}, parser: nginx_access, ${SERVES}, silent_minutes: 100000, http: { token: ${TOKEN} } }\n`

/**
 * Sends numbered lines over HTTP until it is stopped, a few a request, by turns to each process that takes any. A request
 * that was refused, or found nobody, is sent again; one that broke off is not, for it may have been carried out.
 */
export const openSender = (urls: () => readonly string[], seed: number, attacks?: number) => {
  const traffic = openTraffic('nginx_access', 'http', random(seed), attacks)
  const accepted: string[] = []
  const unknown: string[] = []
  let stopping = false
  const send = async (url: string, lines: readonly string[]): Promise<'accepted' | 'refused' | 'unknown'> => {
    try {
      const answer = await fetch(`${url}/ingest/${HTTP_SOURCE}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}` },
        body: lines.join('\n'),
        signal: AbortSignal.timeout(4000),
      })
      await answer.arrayBuffer()
      return answer.status === 200 ? 'accepted' : 'refused'
    } catch (error) {
      const { cause } = error as { cause?: { code?: string } }
      return cause?.code === 'ECONNREFUSED' ? 'refused' : 'unknown'
    }
  }
  const work = async (): Promise<void> => {
    for (let turn = 0; !stopping; turn++) {
      const lines = traffic.take(5)
      for (let sent = false; !sent; ) {
        const some = urls()
        const outcome = some.length > 0 ? await send(some[turn++ % some.length]!, lines) : 'refused'
        if (outcome === 'accepted') accepted.push(...lines)
        if (outcome === 'unknown') unknown.push(...lines)
        sent = outcome !== 'refused'
        if (!sent && stopping) return
        await new Promise((resolve) => setTimeout(resolve, 120))
      }
    }
  }
  const running = work()
  return {
    accepted: accepted as readonly string[],
    /** May be in the store once, or not. */
    unknown: unknown as readonly string[],
    stop: async () => {
      stopping = true
      await running
    },
  }
}
