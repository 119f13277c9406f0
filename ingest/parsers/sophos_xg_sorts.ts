/** What Sophos Firewall's logs say of an event's kind, by log type, component, subtype and status. */
import { Memo } from '../row/memo.ts'
import { type Sort, sortOf } from './categories.ts'

const INTRUSION = 'intrusion_detection network'
const DENIED = new Set(
  `denied drop virus pua spam 'probable spam' 'outbound spam' 'outbound probable spam' dlp dos blocked reject drop
  'session denied'`
    .match(/'[^']+'|\S+/g)!
    .map((word) => word.replaceAll("'", '')),
)
const ALLOWED = new Set(['allowed', 'allow', 'clean', 'spx', 'warned', 'do not decrypt', 'decrypt', 'session allowed'])
const COMPONENTS = new Set(['dos attack', 'source routed', 'ip spoof'])
/** By log type, component, subtype and status, a tab between. */
export const sortFor = new Memo((text): Sort => {
  const [type = '', component = '', subtype = '', status = '', event = ''] = text.toLowerCase().split('\t')
  const verdict =
    DENIED.has(subtype) || (subtype === '' && /^deny|denied/.test(status))
      ? 'denied'
      : ALLOWED.has(subtype)
        ? 'allowed'
        : ''
  const span = event === 'start' ? 'start' : event === 'stop' || event === 'end' ? 'end' : ''
  const types = [span, verdict, 'connection'].filter(Boolean).join(' ')
  const outcome = { outcome: 'success' }
  switch (type) {
    case 'firewall':
      return COMPONENTS.has(component)
        ? sortOf({ kind: 'alert', category: INTRUSION, type: types, ...outcome })
        : sortOf({ category: 'network', type: types, ...outcome })
    case 'idp':
    case 'ips':
    case 'atp':
      return sortOf({ kind: 'alert', category: INTRUSION, type: verdict ? types : 'info', ...outcome })
    // Every request is logged: one with a reason was refused for it.
    case 'waf':
      return status.startsWith('refused')
        ? sortOf({ kind: 'alert', category: INTRUSION, type: 'denied connection', action: 'denied', ...outcome })
        : sortOf({ category: 'web', type: 'access', outcome: status.startsWith('failed') ? 'failure' : 'success' })
    case 'anti-virus':
    case 'anti virus':
    case 'malware':
      return verdict === 'denied'
        ? sortOf({ kind: 'alert', category: 'malware network', type: `info ${types}`, ...outcome })
        : sortOf({ category: 'network', type: types, ...outcome })
    case 'anti-spam':
    case 'email':
      return subtype === 'dos'
        ? sortOf({ kind: 'alert', category: INTRUSION, type: `info ${types}`, ...outcome })
        : verdict === 'denied'
          ? sortOf({ kind: 'alert', category: 'email network', type: `info ${types}`, ...outcome })
          : sortOf({ category: 'network', type: types, ...outcome })
    case 'sandbox':
      return verdict === 'denied'
        ? sortOf({ kind: 'alert', category: 'malware network', type: types, ...outcome })
        : sortOf({ category: 'network', type: subtype === 'pending' ? 'start connection' : types, ...outcome })
    case 'content filtering':
    case 'ssl/tls inspection':
    case 'ssl':
      return sortOf({ category: 'network', type: verdict ? types : 'info', ...outcome })
    case 'event':
      return eventSort(component, subtype, status)
    default:
      return sortOf({ category: 'host', type: 'info' })
  }
})
const eventSort = (component: string, subtype: string, status: string): Sort => {
  const failed = /^fail/.test(status)
  if (subtype === 'authentication' || component.endsWith('authentication'))
    return sortOf({ category: 'authentication', type: 'start', outcome: failed ? 'failure' : 'success' })
  if (subtype === 'admin')
    return sortOf({ category: 'configuration', type: 'change', outcome: failed ? 'failure' : 'success' })
  if (
    component === 'ssl vpn' ||
    component === 'ipsec' ||
    component === 'l2tp' ||
    component === 'pptp' ||
    component === 'red'
  )
    return sortOf({
      category: 'network',
      type: /^(?:established|connected)/.test(status)
        ? 'connection start'
        : /^(?:terminated|disconnected)/.test(status)
          ? 'connection end'
          : 'info',
      ...(failed ? { outcome: 'failure' } : {}),
    })
  if (component === 'anti-virus' || component === 'ips') return sortOf({ category: 'host malware', type: 'info' })
  if (component === 'dhcp server') return sortOf({ category: 'network', type: 'protocol info' })
  return sortOf({ category: 'host', type: 'info' })
}
