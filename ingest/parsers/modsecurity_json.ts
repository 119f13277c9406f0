/** ModSecurity's audit entries as JSON: that of version 3 (libmodsecurity), and that of 2.9 (SecAuditLogFormat JSON). */
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { port } from '../row/values.ts'
import { expected, putRequest, putStatus } from './clf.ts'
import { DESTINATION, putSide, SOURCE } from './flow.ts'
import { CUT, readJson } from './json.ts'
import { Leaves, TRUE } from './leaves.ts'
import { AUDIT, putAuditClass, putNamedHeader } from './modsecurity_audit.ts'
import { putModSecurityRule } from './modsecurity_message.ts'
import { type Answer, EVENT, type LineContext } from './parser.ts'
import { clfStamp, ctime } from './stamp.ts'
import { putUrl } from './url.ts'

const F = {
  method: field('http.request.method'),
  version: field('http.version'),
  id: field('http.request.id'),
  request: field('modsec.audit.request'),
  ruleId: field('rule.id'),
  ruleName: field('rule.name'),
  ruleVersion: field('rule.version'),
  ruleset: field('rule.ruleset'),
  message: field('message'),
  file: field('modsec.audit.file'),
  line: field('modsec.audit.line'),
  data: field('modsec.audit.data'),
  match: field('modsec.audit.match'),
  severity: field('modsec.audit.severity'),
  tags: field('modsec.audit.tags'),
  rules: field('modsec.audit.rules'),
} as const
const BLOCKED = constant('blocked')

const leaves = new Leaves([])
/** Names of both versions; the rest of an entry stays in the raw line. */
const one: Readonly<Record<string, (row: Row, from: number, to: number, timezone: string) => void>> = {
  'transaction.time_stamp': (row, from, to, timezone) => putTime(row, ctime(row.bytes, from, to, timezone)),
  'transaction.time': (row, from, to, timezone) => putTime(row, clfStamp(row.bytes, from, to, timezone)),
  'transaction.client_ip': (row, from, to) => putSide(row, SOURCE, from, to),
  'transaction.remote_address': (row, from, to) => putSide(row, SOURCE, from, to),
  'transaction.host_ip': (row, from, to) => putSide(row, DESTINATION, from, to),
  'transaction.local_address': (row, from, to) => putSide(row, DESTINATION, from, to),
  'transaction.client_port': (row, from, to) => putPort(row, SOURCE.port, from, to),
  'transaction.remote_port': (row, from, to) => putPort(row, SOURCE.port, from, to),
  'transaction.host_port': (row, from, to) => putPort(row, DESTINATION.port, from, to),
  'transaction.local_port': (row, from, to) => putPort(row, DESTINATION.port, from, to),
  'transaction.id': (row, from, to) => row.text(F.id, from, to),
  'transaction.unique_id': (row, from, to) => row.text(F.id, from, to),
  'transaction.transaction_id': (row, from, to) => row.text(F.id, from, to),
  'transaction.request.method': (row, from, to) => row.text(F.method, from, to),
  'transaction.request.http_version': (row, from, to) => row.text(F.version, from, to),
  'transaction.request.uri': (row, from, to) => putUrl(row, from, to),
  'transaction.response.http_code': (row, from, to) => putStatus(row, from, to),
  'request.request_line': (row, from, to) => putRequest(row, from, to, F.request),
  'response.status': (row, from, to) => putStatus(row, from, to),
  'transaction.producer.connector': (row, from, to) => row.text(AUDIT.connector, from, to),
  'transaction.producer.modsecurity': (row, from, to) => row.text(AUDIT.producer, from, to),
  'audit_data.producer': (row, from, to) => row.text(AUDIT.producer, from, to),
  'audit_data.server': (row, from, to) => row.text(AUDIT.server, from, to),
  'transaction.messages.message': (row, from, to) => {
    row.text(F.ruleName, from, to)
    row.text(F.message, from, to)
  },
  'transaction.messages.details.ruleId': (row, from, to) => row.text(F.ruleId, from, to),
  'transaction.messages.details.rev': (row, from, to) => row.text(F.ruleVersion, from, to),
  'transaction.messages.details.ver': (row, from, to) => row.text(F.ruleset, from, to),
  'transaction.messages.details.file': (row, from, to) => row.text(F.file, from, to),
  'transaction.messages.details.lineNumber': (row, from, to) => row.text(F.line, from, to),
  'transaction.messages.details.data': (row, from, to) => row.text(F.data, from, to),
  'transaction.messages.details.match': (row, from, to) => row.text(F.match, from, to),
  'transaction.messages.details.severity': (row, from, to) => row.text(F.severity, from, to),
}
const handlers = new Map(Object.entries(one))
const putTime = (row: Row, time: number): void => {
  if (!Number.isNaN(time)) row.long(AUDIT.time, time)
}
const putPort = (row: Row, f: number, from: number, to: number): void => {
  const n = port(row.bytes, from, to)
  if (!Number.isNaN(n)) row.long(f, n)
}

/** Every value of a name, each once. */
const putAll = (row: Row, f: number, name: string): void => {
  let begun = false
  for (let i = 0; i < leaves.count; i++) {
    if (leaves.names[leaves.node[i]!] !== name) continue
    if (!begun) row.list(f)
    begun = true
    row.item(leaves.from[i]!, leaves.to[i]!)
  }
}
/** A header's name behind its path, as bytes in scratch. */
const putHeaderLeaf = (row: Row, name: string, leaf: number, isRequest: boolean): void => {
  const at = row.write(name)
  putNamedHeader(row, at, row.at, leaves.from[leaf]!, leaves.to[leaf]!, isRequest)
}
const HEADERS = [
  ['transaction.request.headers.', true],
  ['transaction.response.headers.', false],
  ['request.headers.', true],
  ['response.headers.', false],
] as const

export const parseAuditJson = (row: Row, from: number, to: number, context: LineContext): Answer => {
  leaves.clear()
  const answer = readJson(row, from, to, leaves)
  if (answer >= 0) return expected(row, 'JSON', answer, to)
  let messages = 0
  for (let i = 0; i < leaves.count; i++) {
    const name = leaves.names[leaves.node[i]!]!
    if (name === 'audit_data.messages') {
      putModSecurityRule(row, leaves.from[i]!, leaves.to[i]!)
      messages++
      continue
    }
    if (name === 'transaction.messages.message') messages++
    if (!leaves.isFirst(i) || i === leaves.cut) continue
    if (name === 'audit_data.action.intercepted' || name === 'transaction.is_interrupted') {
      if (leaves.kind[i] === TRUE) row.const(AUDIT.action, BLOCKED)
      continue
    }
    const handler = handlers.get(name)
    if (handler) handler(row, leaves.from[i]!, leaves.to[i]!, context.timezone)
    else
      for (const [prefix, isRequest] of HEADERS)
        if (name.startsWith(prefix)) putHeaderLeaf(row, name.slice(prefix.length), i, isRequest)
  }
  if (!row.has(AUDIT.time))
    return expected(
      row,
      answer === CUT
        ? 'transaction.time_stamp before the line was cut'
        : 'transaction.time_stamp (version 3) or transaction.time (2.9) in the JSON',
      from,
      to,
    )
  if (messages > 0) {
    putAll(row, AUDIT.messages, 'transaction.messages.message')
    if (!row.has(AUDIT.messages) || row.from[AUDIT.messages] === row.to[AUDIT.messages])
      putAll(row, AUDIT.messages, 'audit_data.messages')
    putAll(row, F.rules, 'transaction.messages.details.ruleId')
    putAll(row, F.tags, 'transaction.messages.details.tags')
  }
  putAuditClass(row)
  return EVENT
}
