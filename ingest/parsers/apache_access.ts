/** Apache access logs: the formats of the distributed configuration, and any LogFormat that the configuration declares. */
import { z } from 'zod'
import type { Row } from '../row/row.ts'
import { field } from '../row/handles.ts'
import { expected, trustedProxies, trustOf } from './clf.ts'
import { EVENT, type Parse, type Parser, SKIP } from './parser.ts'
import { type Meaning, namesOf, type Part, putAccess, readParts } from './weblog.ts'

const NAMES = namesOf('apache.access')
const CLIENT = field('source.ip')
const ADDRESS = field('source.address')

/** Format strings of mod_log_config, https://httpd.apache.org/docs/2.4/mod/mod_log_config.html */
const DIRECTIVES: Readonly<Record<string, Meaning>> = {
  h: 'client',
  a: 'client',
  u: 'user',
  t: 'time',
  r: 'request',
  s: 'status',
  b: 'body',
  B: 'body',
  O: 'sent',
  I: 'received',
  m: 'method',
  U: 'path',
  q: 'query',
  H: 'protocol',
  v: 'host',
  V: 'host',
  A: 'server',
  p: 'server_port',
  D: 'micros',
  T: 'seconds',
  L: 'id',
  l: 'ignore',
}
/** What a request header, a note or a variable is: `%{Referer}i`, `%{SSL_PROTOCOL}x`. */
const NAMED: Readonly<Record<string, Meaning>> = {
  'referer i': 'referrer',
  'user-agent i': 'agent',
  'x-forwarded-for i': 'forwarded',
  'host i': 'host',
  'ssl_protocol x': 'tls',
  'ssl_cipher x': 'cipher',
  'c a': 'client',
  'remote p': 'client_port',
  'local p': 'server_port',
  'canonical p': 'server_port',
  'ms t': 'millis',
  'us t': 'micros',
  's t': 'seconds',
  'unique_id e': 'id',
}
const TIMES: Readonly<Record<string, Meaning>> = {
  sec: 'time_epoch',
  msec: 'time_epoch',
  '%Y-%m-%dT%H:%M:%S%z': 'time_iso',
}
const DIRECTIVE = /%[!\d,]*[<>]?(?:\{([^}]*)\})?(\^?[A-Za-z]{1,3}|%)/g

/** `%h %l %u %t "%r" %>s %b` as parts. Throws a sentence where it cannot be one. */
const compileApache = (format: string): readonly Part[] => {
  const parts: Part[] = []
  let text = ''
  let at = 0
  const put = (part: Part) => {
    if (text !== '') parts.push({ text: new TextEncoder().encode(text) })
    else if (parts.length > 0)
      throw new Error('two values stand in it with nothing between: where one ends cannot be told')
    text = ''
    parts.push(part)
  }
  for (const match of format.matchAll(DIRECTIVE)) {
    text += format.slice(at, match.index).replaceAll('\\"', '"')
    at = match.index + match[0].length
    const [, argument, letter] = match as unknown as [string, string | undefined, string]
    if (letter === '%') text += '%'
    else if (argument === undefined) {
      const meaning = Object.hasOwn(DIRECTIVES, letter) ? DIRECTIVES[letter] : undefined
      // The time stands in brackets of its own.
      if (meaning === 'time') {
        text += '['
        put({ meaning })
        text = ']'
      } else put(meaning ? { meaning } : { field: `apache.access.${letter.toLowerCase()}` })
    } else {
      const key = `${argument.toLowerCase()} ${letter}`
      const meaning =
        (Object.hasOwn(NAMED, key) ? NAMED[key] : undefined) ??
        (letter === 't' ? TIMES[argument.replace(/^(?:begin|end):/, '')] : undefined)
      const name = argument.toLowerCase().replace(/[^a-z0-9]+/g, '_')
      put(meaning ? { meaning } : { field: `apache.access.${name}` })
    }
  }
  text += format.slice(at).replaceAll('\\"', '"')
  if (text !== '') parts.push({ text: new TextEncoder().encode(text) })
  if (!parts.some((part) => 'meaning' in part && part.meaning.startsWith('time')))
    throw new Error('it has no time: give %t')
  return parts
}

/** httpd.conf and ssl.conf as they are distributed, the longest first; `vhost_combined` is Debian's. */
const FORMATS = [
  '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
  '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Forwarded-For}i"',
  '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
  '%h %l %u %t "%r" %>s %b',
  '%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b',
].map(compileApache)
const COMBINED = FORMATS[2]!
/** Other hosts before the same: `vhost client …`. */
const WITH_HOST = ['%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"', '%v %h %l %u %t "%r" %>s %b'].map(
  compileApache,
)

const isBlank = (b: Uint8Array, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) if (b[i]! > 32) return false
  return true
}
/** A format fits where the line has all of its texts, a client that holds no blank, and a time. */
const fits = (row: Row): boolean => {
  if (row.has(CLIENT)) return true
  if (!row.has(ADDRESS)) return false
  for (let i = row.from[ADDRESS]!; i < row.to[ADDRESS]!; i++) if (row.bytes[i] === 32) return false
  return true
}

const options = z.strictObject({
  /** The text of Apache's LogFormat, as it stands between the quotes of the configuration. */
  format: z
    .string()
    .superRefine((text, context) => {
      try {
        compileApache(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: `a LogFormat that can be read (${(error as Error).message})` })
      }
    })
    .optional(),
  trusted_proxies: trustedProxies,
})

const open = ({ format, trusted_proxies }: z.infer<typeof options>): Parse => {
  const trusted = trustOf(trusted_proxies)
  const formats = format === undefined ? [...WITH_HOST, ...FORMATS] : [compileApache(format)]
  // What is cut off is read by the usual one, where none fits as a whole.
  const tries = [
    ...formats.map((parts) => [parts, format !== undefined] as const),
    ...(format === undefined ? [[COMBINED, true] as const] : []),
  ]
  return (row, from, to, context) => {
    if (isBlank(row.bytes, from, to)) return SKIP
    let problem: string | undefined
    for (const [parts, cut] of tries) {
      problem = readParts(row, from, to, parts, NAMES, context.timezone, trusted, cut)
      if (problem === undefined && (format !== undefined || fits(row))) {
        putAccess(row)
        return EVENT
      }
      row.again()
    }
    return expected(
      row,
      format === undefined
        ? 'an access log line of Apache with [dd/Mon/yyyy:hh:mm:ss +zzzz]'
        : `${problem ?? 'a client'} (LogFormat ${JSON.stringify(format.slice(0, 120))})`,
      from,
      to,
    )
  }
}

export const apacheAccess: Parser<z.infer<typeof options>> = {
  id: 'apache_access',
  title: 'Apache HTTP Server',
  options,
  logsources: [
    { category: 'webserver', service: 'apache' },
    { service: 'apache', taxonomy: 'webserver' },
    { product: 'apache', taxonomy: 'webserver' },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'httpd.conf',
      text: ({ host, port }) =>
        `# /etc/rsyslog.d/30-vonglau.conf\nmodule(load="imfile")\ninput(type="imfile" File="/var/log/apache2/access.log" Tag="apache" Facility="local7")\nlocal7.* @@${host.includes(':') ? `[${host}]` : host}:${port}\n`,
    },
  ],
  open,
}
