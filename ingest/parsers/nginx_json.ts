/** nginx access logs written as JSON (`log_format … escape=json`), by the names of nginx's variables. */
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { present, putRequest, type Trust } from './clf.ts'
import { NAMES } from './nginx_format.ts'
import { type Answer, EVENT, type LineContext } from './parser.ts'
import { type Meaning, newLater, putAccess, putLater, putMeaning } from './weblog.ts'

type Fields = Readonly<Record<string, string>>

/** The usual names of one thing, nginx's variable first. */
const SPELLED: readonly (readonly [Meaning, readonly string[]])[] = [
  ['client', ['remote_addr', 'remote_ip', 'client_ip', 'clientip', 'client', 'source_ip', 'src_ip', 'ip']],
  ['client_port', ['remote_port']],
  ['user', ['remote_user', 'user', 'auth_user']],
  ['forwarded', ['http_x_forwarded_for', 'x_forwarded_for', 'xff', 'proxy_add_x_forwarded_for', 'forwarded_for']],
  ['query', ['args', 'query_string', 'query']],
  ['method', ['request_method', 'method', 'verb', 'http_method']],
  ['protocol', ['server_protocol', 'protocol', 'http_version']],
  ['domain', ['http_host', 'host', 'server_name', 'vhost', 'domain']],
  ['scheme', ['scheme']],
  ['status', ['status', 'status_code', 'response_status', 'response', 'code']],
  ['body', ['body_bytes_sent', 'bytes', 'body_bytes', 'size']],
  ['sent', ['bytes_sent']],
  ['received', ['request_length']],
  ['seconds', ['request_time', 'duration', 'response_time']],
  ['server', ['server_addr']],
  ['server_port', ['server_port']],
  ['referrer', ['http_referer', 'http_referrer', 'referer', 'referrer']],
  ['agent', ['http_user_agent', 'user_agent', 'useragent', 'agent', 'ua']],
  ['id', ['request_id', 'req_id']],
  ['tls', ['ssl_protocol']],
  ['cipher', ['ssl_cipher']],
]
const TIMES = ['time_iso8601', 'time_local', 'msec', '@timestamp', 'timestamp', 'time', 'date', 'ts']
const REQUESTS = ['request']
const TARGETS = ['request_uri', 'uri', 'url', 'path', 'request_path']
const TIME = field('@timestamp')

const flat = (value: unknown): Fields => {
  const out: Record<string, string> = Object.create(null)
  const visit = (node: unknown, depth: number): void => {
    if (typeof node !== 'object' || node === null || Array.isArray(node) || depth > 2) return
    for (const [key, entry] of Object.entries(node).slice(0, 200)) {
      if (typeof entry === 'string' || typeof entry === 'number')
        out[key.toLowerCase().replace(/^\$/, '')] ??= `${entry}`
      else visit(entry, depth + 1)
    }
  }
  visit(value, 0)
  return out
}

/** JSON has decoded what was escaped: a backslash of it is the client's own. */
const written = (row: Row, text: string): readonly [number, number] => {
  const from = row.write(text.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))
  return [from, row.at]
}

export const parseNginxJson = (row: Row, from: number, to: number, context: LineContext, trusted: Trust): Answer => {
  const line = row.slice(from, to)
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return `expected one JSON object a line, found ${JSON.stringify(line.slice(0, 80))}`
  }
  const fields = flat(value)
  const said = (names: readonly string[]): string | undefined =>
    names.map((name) => fields[name]).find((text) => text !== undefined && text !== '' && text !== '-')
  const later = newLater()
  for (const name of TIMES) {
    const text = fields[name]
    if (text === undefined || row.has(TIME)) continue
    const [a, z] = [row.write(text), row.at]
    for (const meaning of ['time', 'time_iso', 'time_epoch'] as const)
      putMeaning(row, meaning, a, z, NAMES, context.timezone, later)
  }
  const names = () => Object.keys(fields).slice(0, 12).join(', ').slice(0, 400)
  if (!row.has(TIME)) return `expected time_iso8601, time_local or msec in the JSON, found ${names()}`
  const [request, target] = [said(REQUESTS), said(TARGETS)]
  const status = said(['status', 'status_code', 'response_status', 'response', 'code'])
  if (request === undefined && target === undefined && status === undefined)
    return `expected request, request_uri or status in the JSON, found ${names()}`
  putAccess(row)
  // A request line says method, target and version; without one, the parts are said apart.
  const whole = request !== undefined && (request.includes(' ') || target === undefined)
  if (whole) {
    const [a, z] = written(row, request)
    putRequest(row, a, z, NAMES.request)
  } else if (target !== undefined) later.target = written(row, target)
  for (const [meaning, spelled] of SPELLED) {
    const text = said(spelled)
    if (text === undefined || (meaning === 'query' && whole)) continue
    const [a, z] = written(row, text)
    if (present(row.bytes, a, z)) putMeaning(row, meaning, a, z, NAMES, context.timezone, later)
  }
  putLater(row, later, NAMES, trusted)
  return EVENT
}
