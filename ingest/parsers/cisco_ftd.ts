/**
 * Cisco Secure Firewall Threat Defense: security events 430001 to 430005, and the messages of its Lina engine, which are
 * ASA's (Cisco Secure Firewall Threat Defense Syslog Messages).
 * https://www.cisco.com/c/en/us/td/docs/security/firepower/Syslogs/b_fptd_syslog_guide.html
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { digits } from '../row/values.ts'
import { sortOf } from './categories.ts'
import { ciscoHead, levelOf } from './cisco_head.ts'
import { openLina } from './cisco_lina.ts'
import { isSecurity, putSecurity, VENDOR } from './cisco_security.ts'
import { putTotals } from './flow.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'

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
} as const
const CISCO = constant('Cisco')
const FTD = constant('ftd')
/** A firewall with an IPS, by the word that searches and dashboards made for ECS ask for. */
const FIREWALL = constant('idps')
/** As Elastic's integration calls it, whose users expect it; of ASA it says something else. */
const DENY = sortOf({ category: 'network', type: 'info denied', action: 'firewall-rule', outcome: 'failure' })
const putMessage = openLina(VENDOR, DENY)

const putObserver = (row: Row, host: string | undefined, context: LineContext): void => {
  row.const(F.vendor, CISCO)
  row.const(F.product, FTD)
  row.const(F.observer, FIREWALL)
  if (host !== undefined) row.const(F.observerName, constant(host))
  const { tag, pid } = context.header ?? {}
  if (tag !== undefined && !/^\d+$/.test(tag)) row.const(F.process, constant(tag))
  if (pid !== undefined) row.long(F.pid, pid)
}

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  const head = ciscoHead(row, from, to, context)
  const { bytes: b } = row
  let at = from
  while (at < to && (b[at]! <= 32 || b[at] === 58)) at++
  if (head === undefined || isSecurity(b, at, to)) {
    if (at === to) return SKIP
    if (!isSecurity(b, at, to))
      return `expected %FTD-level-id: and a message, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
    row.long(F.time, context.header?.time ?? context.arrived)
    putObserver(row, context.header?.host, context)
    putSecurity(row, undefined, at, to)
    putTotals(row)
    return EVENT
  }
  const { codeFrom, codeTo } = head
  if (codeTo - codeFrom !== 6 || Number.isNaN(digits(b, codeFrom, 6)))
    return `expected an id of six digits, found ${JSON.stringify(row.slice(codeFrom, codeTo).slice(0, 60))}`
  row.long(F.time, head.time)
  putObserver(row, head.host, context)
  row.text(F.code, codeFrom, codeTo)
  row.long(F.severity, head.level)
  const security = b[codeFrom] === 52 && b[codeFrom + 1] === 51 && digits(b, codeFrom, 6) <= 430005
  // Of a security event 0 says that nobody chose a severity.
  const level = levelOf(head.level)
  if (level !== undefined && (!security || head.level > 0)) row.const(F.level, level)
  if (security) putSecurity(row, row.slice(codeFrom, codeTo), head.text, to)
  else putMessage(row, codeFrom, codeTo, head.text, to)
  putTotals(row)
  return EVENT
}

export const ciscoFtd: Parser<Record<string, never>> = {
  id: 'cisco_ftd',
  title: 'Cisco Secure Firewall Threat Defense',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'cisco', vendor: VENDOR },
    { product: 'cisco', service: 'ftd', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'Firewall Management Center: Devices → Platform Settings → Syslog',
      text: ({ host, port, tcp }) => `Logging Setup:      Enable Logging
Syslog Servers:     ${host}, ${tcp ? 'TCP' : 'UDP'} ${port}
Syslog Settings:    Enable Timestamp on Syslog Messages, format RFC 5424; Enable Syslog Device ID, Host Name
Policies → Access Control → Logging: Use the syslog settings configured in the FTD Platform Settings policy;
each rule: Log at Beginning and End of Connection, Send Connection Events to Syslog Server; Intrusion and File policies alike
`,
    },
  ],
  open: () => parse,
}
