/**
 * Tomcat access logs: `common` and `combined` of the AccessLogValve, what is commonly put behind them, and any pattern that the
 * configuration declares.
 * https://tomcat.apache.org/tomcat-10.1-doc/config/valve.html#Access_Logging
 */
import { z } from 'zod'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { trustedProxies, trustOf } from './clf.ts'
import { compileFormat, formatOption, openFormats } from './logformat.ts'
import type { Parse, Parser } from './parser.ts'
import { type Meaning, namesOf, type Part } from './weblog.ts'

const NAMES = namesOf('tomcat.access')

const LETTERS: Readonly<Record<string, Meaning>> = {
  a: 'client',
  h: 'client',
  A: 'server',
  b: 'body',
  B: 'body',
  H: 'protocol',
  m: 'method',
  p: 'server_port',
  q: 'query',
  r: 'request',
  s: 'status',
  t: 'time',
  T: 'seconds',
  u: 'user',
  U: 'path',
  v: 'host',
  l: 'ignore',
}
const NAMED: Readonly<Record<string, Meaning>> = {
  'referer i': 'referrer',
  'user-agent i': 'agent',
  'x-forwarded-for i': 'forwarded',
  'host i': 'host',
  'remote a': 'client',
  'peer a': 'client',
  'remote p': 'client_port',
  'local p': 'server_port',
  'ms t': 'millis',
  'us t': 'micros',
  's t': 'seconds',
  'ms d': 'millis',
  'us d': 'micros',
}
const TIMES: Readonly<Record<string, Meaning>> = { sec: 'time_epoch', msec: 'time_epoch' }
// %D is in milliseconds up to Tomcat 9 and in microseconds since: nobody says which, so it stays the server's own number.
const WORDS = { letters: LETTERS, named: NAMED, times: TIMES, prefix: 'tomcat.access.' }
const COMMON = '%h %l %u %t "%r" %s %b'
const AGENT = '"%{Referer}i" "%{User-Agent}i"'
const compileTomcat = (pattern: string): readonly Part[] =>
  compileFormat(
    pattern
      .replaceAll('&quot;', '"')
      .replace(/^common$/, COMMON)
      .replace(/^combined$/, `${COMMON} ${AGENT}`),
    WORDS,
  )

/** The longest first. Behind them: X-Forwarded-For, a number of %D. */
const PATTERNS = [
  `${COMMON} ${AGENT} "%{X-Forwarded-For}i"`,
  `${COMMON} ${AGENT} %D`,
  `${COMMON} ${AGENT}`,
  `${COMMON} %D`,
  COMMON,
].map(compileTomcat)

/** A format with more quotes than the line has cannot be its own. */
const likely = (quotes: number, last: number): number =>
  quotes === 6 ? (last === 34 ? 2 : 1) : quotes === 2 ? 3 : quotes >= 8 ? 0 : -1

const BODY = field('http.response.body.bytes')
const BYTES = field('destination.bytes')
/** The integration that people know says the same size of the connection's side. */
const putBytes = (row: Row): void => {
  if (row.has(BODY)) row.long(BYTES, row.number[BODY]!)
}

const options = z.strictObject({
  /** The attribute `pattern` of the AccessLogValve. */
  format: formatOption('pattern', compileTomcat),
  trusted_proxies: trustedProxies,
})

const open = ({ format, trusted_proxies }: z.infer<typeof options>): Parse => {
  return openFormats({
    server: 'Tomcat',
    names: NAMES,
    tries:
      format === undefined
        ? [...PATTERNS.map((parts) => [parts, false] as const), [PATTERNS[2]!, true]]
        : [[compileTomcat(format), true]],
    format: format === undefined ? undefined : `pattern ${JSON.stringify(format.slice(0, 120))}`,
    trusted: trustOf(trusted_proxies),
    more: putBytes,
    ...(format === undefined ? { likely } : {}),
  })
}

export const tomcatAccess: Parser<z.infer<typeof options>> = {
  id: 'tomcat_access',
  title: 'Apache Tomcat access log',
  options,
  logsources: [
    { category: 'webserver', service: 'tomcat' },
    { product: 'tomcat', taxonomy: 'webserver' },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'conf/server.xml',
      text: ({ host, port }) =>
        `<Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs" prefix="localhost_access_log" suffix=".txt"
       pattern="combined" />
# /etc/rsyslog.d/30-vonglau.conf
module(load="imfile")
input(type="imfile" File="/opt/tomcat/logs/localhost_access_log.*.txt" Tag="tomcat" Facility="local7")
local7.* @@${host.includes(':') ? `[${host}]` : host}:${port}
`,
    },
  ],
  open,
}
