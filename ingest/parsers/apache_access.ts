/** Apache access logs: the formats of the distributed configuration, and any LogFormat that the configuration declares. */
import { z } from 'zod'
import { trustedProxies, trustOf } from './clf.ts'
import { compileFormat, formatOption, openFormats } from './logformat.ts'
import type { Parse, Parser } from './parser.ts'
import { type Meaning, namesOf, type Part } from './weblog.ts'

const NAMES = namesOf('apache.access')

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
const WORDS = { letters: DIRECTIVES, named: NAMED, times: TIMES, prefix: 'apache.access.' }
const compileApache = (format: string): readonly Part[] => compileFormat(format, WORDS)

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

const options = z.strictObject({
  /** The text of Apache's LogFormat, as it stands between the quotes of the configuration. */
  format: formatOption('LogFormat', compileApache),
  trusted_proxies: trustedProxies,
})

const open = ({ format, trusted_proxies }: z.infer<typeof options>): Parse =>
  openFormats({
    server: 'Apache',
    names: NAMES,
    // What is cut off is read by the usual one, where none fits as a whole.
    tries:
      format === undefined
        ? [...[...WITH_HOST, ...FORMATS].map((parts) => [parts, false] as const), [COMBINED, true]]
        : [[compileApache(format), true]],
    format: format === undefined ? undefined : `LogFormat ${JSON.stringify(format.slice(0, 120))}`,
    trusted: trustOf(trusted_proxies),
  })

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
