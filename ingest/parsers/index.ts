import { expectedOf } from '../expected.ts'
import { apacheAccess } from './apache_access.ts'
import { apacheError } from './apache_error.ts'
import { barracudaWaf } from './barracuda_waf.ts'
import { bind } from './bind.ts'
import { cef } from './cef.ts'
import { citrixWaf } from './citrix_waf.ts'
import { dovecot } from './dovecot.ts'
import { exchange } from './exchange.ts'
import { f5Bigip } from './f5_bigip.ts'
import { checkpoint } from './checkpoint.ts'
import { ciscoAsa } from './cisco_asa.ts'
import { ciscoFtd } from './cisco_ftd.ts'
import { ciscoIos } from './cisco_ios.ts'
import { iptables } from './iptables.ts'
import { pfsense } from './pfsense.ts'
import { sonicwall } from './sonicwall.ts'
import { sophosUtm } from './sophos_utm.ts'
import { sophosXg } from './sophos_xg.ts'
import { fortinetFortigate } from './fortinet_fortigate.ts'
import { haproxy } from './haproxy.ts'
import { iisAccess } from './iis_access.ts'
import { iisError } from './iis_error.ts'
import { jsonEcs } from './json_ecs.ts'
import { leef } from './leef.ts'
import { linuxAuth } from './linux_auth.ts'
import { modsecurity } from './modsecurity.ts'
import { nginxAccess } from './nginx_access.ts'
import { nginxError } from './nginx_error.ts'
import { juniperSrx } from './juniper_srx.ts'
import { mikrotik } from './mikrotik.ts'
import { panwPanos } from './panw_panos.ts'
import type { Logsource, Parse, Parser } from './parser.ts'
import { postfix } from './postfix.ts'
import { squid } from './squid.ts'
import { suricata } from './suricata.ts'
import { syslogAny } from './syslog_any.ts'
import { tomcatAccess } from './tomcat_access.ts'
import { traefikAccess } from './traefik_access.ts'
import { windowsDns } from './windows_dns.ts'
import { windowsSecurity } from './windows_security.ts'
import { zeek } from './zeek.ts'

/** Every parser by its id; one line each. */
export const parsers: ReadonlyMap<string, Parser> = new Map(
  [
    fortinetFortigate,
    nginxAccess,
    iisAccess,
    apacheAccess,
    suricata,
    nginxError,
    apacheError,
    tomcatAccess,
    haproxy,
    iisError,
    modsecurity,
    zeek,
    squid,
    traefikAccess,
    cef,
    f5Bigip,
    barracudaWaf,
    citrixWaf,
    linuxAuth,
    jsonEcs,
    syslogAny,
    bind,
    postfix,
    dovecot,
    exchange,
    windowsSecurity,
    windowsDns,
    leef,
    panwPanos,
    ciscoAsa,
    ciscoFtd,
    checkpoint,
    pfsense,
    iptables,
    sophosXg,
    sophosUtm,
    juniperSrx,
    sonicwall,
    mikrotik,
    ciscoIos,
  ].map((parser) => [parser.id, parser as Parser]),
)

export const parserOf = (id: string): Parser => {
  const parser = parsers.get(id)
  if (!parser)
    throw new Error(`There is no parser ${JSON.stringify(id)}; known ones are ${[...parsers.keys()].join(', ')}.`)
  return parser
}

/** The parser with what a source's configuration says of its format. Throws a sentence where that is wrong. */
export const openParser = (id: string, options: unknown = {}): Parse => {
  const parser = parserOf(id)
  const read = parser.options.safeParse(options ?? {})
  if (read.success) return parser.open(read.data)
  const issue = read.error.issues[0]!
  throw new Error(
    `The options of the parser ${id} are wrong${issue.path.length ? ` at ${issue.path.join('.')}` : ''}: expected ${expectedOf(issue).en}.`,
  )
}

/** What the rules are told of the sources: which kinds of log there are, by the dataset that brings them. */
export const LOGSOURCES: readonly (Logsource & { readonly dataset: string })[] = [...parsers.values()].flatMap(
  ({ id, logsources }) => logsources.map((each) => ({ ...each, dataset: id })),
)
