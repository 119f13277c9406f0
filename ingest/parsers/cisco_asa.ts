/**
 * Cisco ASA: `%ASA-6-302013: Built outbound TCP connection …`, one id a kind of message (Cisco Secure Firewall ASA Series
 * Syslog Messages). https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/b_syslog.html
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { ciscoHead, levelOf } from './cisco_head.ts'
import { openLina } from './cisco_lina.ts'
import { putTotals } from './flow.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { digits } from '../row/values.ts'

const VENDOR = 'cisco.asa.'
const F = {
  time: field('@timestamp'),
  code: field('event.code'),
  severity: field('event.severity'),
  level: field('log.level'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  process: field('process.name'),
  pid: field('process.pid'),
  suffix: field(`${VENDOR}suffix`),
} as const
const CISCO = constant('Cisco')
const ASA = constant('asa')
const FIREWALL = constant('firewall')

const putMessage = openLina(VENDOR)

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  const head = ciscoHead(row, from, to, context)
  const { bytes: b } = row
  if (
    head === undefined ||
    Number.isNaN(digits(b, head.codeFrom, head.codeTo - head.codeFrom)) ||
    head.codeTo - head.codeFrom !== 6
  ) {
    let i = from
    while (i < to && b[i]! <= 32) i++
    if (i === to) return SKIP
    return `expected %ASA-level-id: and a message, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  }
  row.long(F.time, head.time)
  row.const(F.vendor, CISCO)
  row.const(F.product, ASA)
  row.const(F.observer, FIREWALL)
  if (head.host !== undefined) row.const(F.observerName, constant(head.host))
  row.text(F.code, head.codeFrom, head.codeTo)
  row.long(F.severity, head.level)
  const level = levelOf(head.level)
  if (level !== undefined) row.const(F.level, level)
  row.text(F.suffix, head.suffixFrom, head.suffixTo)
  const { tag, pid } = context.header ?? {}
  if (tag !== undefined && !/^\d+$/.test(tag)) row.const(F.process, constant(tag))
  if (pid !== undefined) row.long(F.pid, pid)
  putMessage(row, head.codeFrom, head.codeTo, head.text, to)
  putTotals(row)
  return EVENT
}

export const ciscoAsa: Parser<Record<string, never>> = {
  id: 'cisco_asa',
  title: 'Cisco ASA',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'cisco', vendor: VENDOR },
    { product: 'cisco', service: 'asa', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'CLI',
      text: ({ host, port, tcp }) => `configure terminal
 logging enable
 logging timestamp rfc5424
 logging device-id hostname
 logging trap informational
 logging host inside ${host} ${tcp ? 'tcp' : 'udp'}/${port}
 logging permit-hostdown
end
write memory
`,
    },
  ],
  open: () => parse,
}
