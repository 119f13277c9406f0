/** nginx access logs written as JSON (`log_format … escape=json`), by the names of nginx's variables. */
import type { Event } from '../event.ts'
import { integer, portOf } from './address.ts'
import { present, putClient, putForwarded, putRequest, putStatus, secondsToNanos } from './clf.ts'
import { newNginxEvent } from './nginx_access.ts'
import type { LineContext, Parsed } from './parser.ts'
import { clfMillis, isoMillis } from './time.ts'
import { putHost, putUrl } from './url.ts'

type Fields = Readonly<Record<string, string>>

/** The usual names of one thing, nginx's variable first. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  time: ['time_iso8601', 'time_local', 'msec', '@timestamp', 'timestamp', 'time', 'date', 'ts'],
  client: ['remote_addr', 'remote_ip', 'client_ip', 'clientip', 'client', 'source_ip', 'src_ip', 'ip'],
  list: ['http_x_forwarded_for', 'x_forwarded_for', 'xff', 'proxy_add_x_forwarded_for', 'forwarded_for'],
  user: ['remote_user', 'user', 'auth_user'],
  request: ['request'],
  method: ['request_method', 'method', 'verb', 'http_method'],
  uri: ['request_uri', 'uri', 'url', 'path', 'request_path'],
  query: ['args', 'query_string', 'query'],
  version: ['server_protocol', 'protocol', 'http_version'],
  status: ['status', 'status_code', 'response_status', 'response', 'code'],
  body: ['body_bytes_sent', 'bytes', 'body_bytes', 'size'],
  bytes: ['bytes_sent'],
  length: ['request_length'],
  referrer: ['http_referer', 'http_referrer', 'referer', 'referrer'],
  agent: ['http_user_agent', 'user_agent', 'useragent', 'agent', 'ua'],
  host: ['http_host', 'host', 'server_name', 'vhost', 'domain'],
  scheme: ['scheme'],
  duration: ['request_time', 'duration', 'response_time'],
  server: ['server_addr'],
  serverPort: ['server_port'],
  clientPort: ['remote_port'],
  id: ['request_id', 'req_id'],
  tls: ['ssl_protocol'],
  cipher: ['ssl_cipher'],
}

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

const timeOf = (text: string, timezone: string): number => {
  const seconds = /^(\d{9,11})(?:\.(\d{1,9}))?$/.exec(text)
  if (seconds) return Number(seconds[1]) * 1000 + Math.floor(Number(`0.${seconds[2] ?? 0}`) * 1000)
  if (/^\d{12,14}$/.test(text)) return Number(text)
  const clf = clfMillis(text, text.startsWith('[') ? 1 : 0)
  return Number.isNaN(clf) ? isoMillis(text, timezone) : clf
}

const putMessage = (event: Event, get: (what: string) => string | undefined): void => {
  const client = get('client')
  if (client) putClient(event, client)
  const clientPort = get('clientPort')
  const port = clientPort && portOf(clientPort)
  if (port) event['source.port'] = port
  const list = get('list')
  if (list) putForwarded(event, list, 'nginx.access.remote_ip_list')
  const user = get('user')
  if (user) event['user.name'] = user
  const request = get('request')
  const uri = get('uri')
  if (request?.includes(' ')) putRequest(event, request, 'nginx.access.request')
  else if (uri) {
    const query = get('query')
    putUrl(event, query && !uri.includes('?') ? `${uri}?${query}` : uri)
  } else if (request) putRequest(event, request, 'nginx.access.request')
  const method = get('method')
  if (method) event['http.request.method'] = method
  const version = get('version')
  if (version) event['http.version'] ??= version.replace(/^HTTP\//i, '')
  const host = get('host')
  if (host && host !== '_') putHost(event, host)
  const scheme = get('scheme')
  if (scheme) event['url.scheme'] = scheme.toLowerCase()
}

const putNumbers = (event: Event, get: (what: string) => string | undefined): void => {
  const size = (what: string, field: string): void => {
    const n = integer(get(what) ?? '')
    if (n !== undefined && n >= 0) event[field] = n
  }
  size('body', 'http.response.body.bytes')
  size('bytes', 'http.response.bytes')
  size('length', 'http.request.bytes')
  const duration = get('duration')
  const nanos = duration === undefined ? undefined : secondsToNanos(duration)
  if (nanos !== undefined) event['event.duration'] = nanos
  const server = get('server')
  if (server) {
    const to: Event = {}
    putClient(to, server)
    if (to['source.ip'] !== undefined) event['destination.ip'] = to['source.ip']
  }
  const port = portOf(get('serverPort') ?? '')
  if (port !== undefined) event['destination.port'] = port
}

export const parseNginxJson = (line: string, context: LineContext): Parsed => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { error: `expected one JSON object a line, found ${JSON.stringify(line.slice(0, 80))}` }
  }
  const fields = flat(value)
  const get = (what: string): string | undefined => NAMES[what]!.map((name) => fields[name]).find(present)
  let time = Number.NaN
  for (const name of NAMES['time']!) {
    if (present(fields[name])) time = timeOf(fields[name], context.timezone)
    if (!Number.isNaN(time)) break
  }
  if (Number.isNaN(time)) {
    return {
      error: `expected time_iso8601, time_local or msec in the JSON, found ${Object.keys(fields).slice(0, 12).join(', ')}`,
    }
  }
  if (get('request') === undefined && get('uri') === undefined && get('status') === undefined) {
    return {
      error: `expected request, request_uri or status in the JSON, found ${Object.keys(fields).slice(0, 12).join(', ')}`,
    }
  }
  const event = newNginxEvent(time)
  putMessage(event, get)
  putStatus(event, get('status') ?? '')
  putNumbers(event, get)
  const referrer = get('referrer')
  if (referrer) event['http.request.referrer'] = referrer
  const agent = get('agent')
  if (agent) event['user_agent.original'] = agent
  const id = get('id')
  if (id) event['http.request.id'] = id
  const tls = /^([A-Za-z]+)v(\d(?:\.\d)?)$/.exec(get('tls') ?? '')
  if (tls) {
    event['tls.version_protocol'] = tls[1]!.toLowerCase()
    event['tls.version'] = tls[2]!
  }
  const cipher = get('cipher')
  if (cipher) event['tls.cipher'] = cipher
  return { event }
}
