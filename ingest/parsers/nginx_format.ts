/** nginx's variables, and a log_format as parts. https://nginx.org/en/docs/varindex.html */
import { type Meaning, namesOf, type Part } from './weblog.ts'

/** What nginx itself has names for, and ECS has not. */
export const NAMES = namesOf('nginx.access')

export const VARIABLES: Readonly<Record<string, Meaning>> = {
  time_local: 'time',
  time_iso8601: 'time_iso',
  msec: 'time_epoch',
  remote_addr: 'client',
  realip_remote_addr: 'ignore',
  remote_port: 'client_port',
  remote_user: 'user',
  request: 'request',
  request_method: 'method',
  request_uri: 'target',
  uri: 'path',
  document_uri: 'path',
  args: 'query',
  query_string: 'query',
  server_protocol: 'protocol',
  status: 'status',
  body_bytes_sent: 'body',
  bytes_sent: 'sent',
  request_length: 'received',
  http_referer: 'referrer',
  http_user_agent: 'agent',
  http_x_forwarded_for: 'forwarded',
  proxy_add_x_forwarded_for: 'forwarded',
  host: 'host',
  http_host: 'host',
  server_name: 'host',
  scheme: 'scheme',
  request_time: 'seconds',
  server_addr: 'server',
  server_port: 'server_port',
  request_id: 'id',
  ssl_protocol: 'tls',
  ssl_cipher: 'cipher',
}

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g

/** `$remote_addr - $remote_user [$time_local] …` as parts. Throws a sentence where it cannot be one. */
export const compileNginx = (format: string): readonly Part[] => {
  const parts: Part[] = []
  let at = 0
  const text = (to: number) => {
    if (to > at) parts.push({ text: new TextEncoder().encode(format.slice(at, to)) })
  }
  let before = false
  for (const match of format.matchAll(VARIABLE)) {
    const name = (match[1] ?? match[2])!
    text(match.index)
    if (before && match.index === at)
      throw new Error(`two variables stand in it with nothing between ($${name}): where one ends cannot be told`)
    const meaning = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined
    parts.push(meaning ? { meaning } : { field: `nginx.access.${name.toLowerCase()}` })
    at = match.index + match[0].length
    before = true
  }
  text(format.length)
  if (!parts.some((part) => 'meaning' in part && part.meaning.startsWith('time')))
    throw new Error('it has no time: give $time_local, $time_iso8601 or $msec')
  return parts
}

/** Nginx Proxy Manager, the format `proxy` of its configuration. */
export const PROXY_MANAGER: readonly Part[] = compileNginx(
  '[$time_local] $upstream_cache_status $upstream_status $status - $request_method $scheme $host "$request_uri" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip_ratio] [Sent-to $server] "$http_user_agent" "$http_referer"',
).map((part) => ('field' in part ? { meaning: 'ignore' as const } : part))
/** Its format `standard`. */
export const PROXY_MANAGER_STANDARD: readonly Part[] = compileNginx(
  '[$time_local] $status - $request_method $scheme $host "$request_uri" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip_ratio] "$http_user_agent" "$http_referer"',
).map((part) => ('field' in part ? { meaning: 'ignore' as const } : part))
