/** What PAN-OS's logs say of an event's kind, by log type, subtype, action and event id. */
import { constant } from '../row/const.ts'
import { Memo } from '../row/memo.ts'
import { type Sort, sortOf, type Words } from './categories.ts'
import type { Layout } from './panw_columns.ts'

const SUCCESS = constant('success')
const FAILURE = constant('failure')
const UNKNOWN = constant('unknown')

/** What the firewall did (threat log, "Action"): it let the session go on, or it did not. */
const ALLOWED = new Set([
  'allow',
  'alert',
  'continue',
  'override',
  'wildfire-upload-success',
  'wildfire-upload-skip',
  'forward',
])
const DENIED = new Set(
  `deny drop drop-icmp drop-packet drop-all-packets reset-client reset-server reset-both block block-ip block-url
  block-continue block-override random-drop syncookie-sent sinkhole override-lockout`.split(/\s+/),
)
const verdictOf = (action: string): 'allowed' | 'denied' | undefined =>
  ALLOWED.has(action) ? 'allowed' : DENIED.has(action) ? 'denied' : undefined

const TRAFFIC: Readonly<Record<string, Words>> = {
  start: { type: 'start connection', action: 'flow_started' },
  end: { type: 'end connection', action: 'flow_terminated' },
  drop: { type: 'denied connection', action: 'flow_dropped' },
  deny: { type: 'denied connection', action: 'flow_denied' },
}
const INTRUSION = 'intrusion_detection threat network'
const MALWARE = 'malware intrusion_detection network'
const THREATS: Readonly<Record<string, Words>> = {
  // Not `web`: that is what servers say of their own requests.
  url: { category: 'network', action: 'url_filtering' },
  data: { category: 'network file', action: 'data_match' },
  dlp: { category: 'network file', action: 'data_match' },
  'dlp-non-file': { category: 'network', action: 'data_match' },
  file: { category: 'network file', action: 'file_match' },
  flood: { kind: 'alert', category: INTRUSION, action: 'flood_detected' },
  packet: { kind: 'alert', category: INTRUSION, action: 'packet_attack' },
  scan: { kind: 'alert', category: INTRUSION, action: 'scan_detected' },
  spyware: { kind: 'alert', category: MALWARE, action: 'spyware_detected' },
  virus: { kind: 'alert', category: MALWARE, action: 'virus_detected' },
  'ml-virus': { kind: 'alert', category: MALWARE, action: 'virus_detected' },
  vulnerability: { kind: 'alert', category: INTRUSION, action: 'exploit_detected' },
  wildfire: { kind: 'alert', category: MALWARE, action: 'wildfire_verdict' },
  'wildfire-virus': { kind: 'alert', category: MALWARE, action: 'wildfire_virus_detected' },
}
const words = (...parts: (string | undefined)[]): string => parts.filter(Boolean).join(' ')

/** By type, subtype and action, a blank between. */
export const sessionSort = new Memo((text): Sort => {
  const [layout, subtype = '', action = ''] = text.split(' ')
  const verdict = verdictOf(action)
  const outcome = verdict === undefined ? undefined : verdict === 'allowed' ? 'success' : 'failure'
  const said = outcome === undefined ? {} : { outcome }
  const own = layout === 'threat' ? THREATS : TRAFFIC
  const found: Words = Object.hasOwn(own, subtype) ? own[subtype]! : {}
  const types = (found.type ?? (layout === 'threat' && verdict === undefined ? 'info' : '')).split(' ')
  const type = words(...new Set([verdict, ...types]))
  return sortOf({ category: 'network', ...found, ...said, ...(type ? { type } : {}) })
})

export const SORTS: Partial<Record<Layout, Sort>> = {
  userid: sortOf({ category: 'network iam', type: 'user info' }),
  hipmatch: sortOf({ category: 'network', type: 'info' }),
  iptag: sortOf({ category: 'network', type: 'info' }),
  correlation: sortOf({ category: 'network intrusion_detection', type: 'info' }),
  authentication: sortOf({ category: 'authentication', type: 'start' }),
}
/** Of an event id of GlobalProtect: `portal-auth`, `gateway-connected`, `gateway-logout`. */
export const globalProtect = new Memo(
  (event): Sort =>
    /-auth$|-prelogin$|-login$/.test(event)
      ? sortOf({ category: 'network authentication', type: 'start', action: event })
      : /-connected$|-tunnel-established$/.test(event)
        ? sortOf({ category: 'network session', type: 'start connection', action: event })
        : /-logout$/.test(event)
          ? sortOf({ category: 'network session', type: 'end connection', action: event })
          : sortOf({ category: 'network', type: 'info', action: event }),
)
/** Of an event id of the system log: most tell of the configuration's and the daemons' state. */
export const system = new Memo((event): Sort => {
  if (/auth|login|logout/.test(event)) {
    const outcome = /fail|invalid|lock/.test(event) ? 'failure' : /succ/.test(event) ? 'success' : undefined
    return sortOf({ category: 'authentication', type: 'info', ...(outcome ? { outcome } : {}) })
  }
  // `routed-config-p1-success`: the id says how it went at its end.
  const outcome = /-succ(?:ess|eeded)?$/.test(event)
    ? 'success'
    : /-fail(?:ed|ure)?$/.test(event)
      ? 'failure'
      : undefined
  return sortOf({ category: 'configuration', type: 'info', ...(outcome ? { outcome } : {}) })
})
const TYPE_OF_COMMAND: Readonly<Record<string, string>> = { delete: 'deletion', add: 'creation', clone: 'creation' }
export const config = new Memo(
  (command): Sort =>
    sortOf({
      category: 'configuration',
      type: Object.hasOwn(TYPE_OF_COMMAND, command) ? TYPE_OF_COMMAND[command]! : 'change',
      ...(command === '' ? {} : { action: `cmd-${command}` }),
    }),
)
export const outcome = new Memo((result) =>
  /fail|unauthor|denied|invalid|error|reject|lock/i.test(result)
    ? FAILURE
    : /succ|^ok$|allow/i.test(result)
      ? SUCCESS
      : result === ''
        ? undefined
        : UNKNOWN,
)
/** The lower the graver, as the firewall's own severities are counted. */
const SEVERITIES: Readonly<Record<string, number>> = { critical: 1, high: 2, medium: 3, low: 4, informational: 5 }
export const severityOf = new Memo((text) => (Object.hasOwn(SEVERITIES, text) ? SEVERITIES[text] : undefined))
