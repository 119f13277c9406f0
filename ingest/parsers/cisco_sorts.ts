/** What a message of ASA says of its event's kind: each row of `cisco_messages.ts` names one. */
import { type Sort, sortOf } from './categories.ts'

const FLOW = 'network'
const INTRUSION = 'network intrusion_detection'
const LOGIN = 'authentication network'
const SESSION = 'network session'
export const SORTS = {
  deny: sortOf({ category: FLOW, type: 'connection denied', action: 'firewall-rule', outcome: 'success' }),
  allow: sortOf({ category: FLOW, type: 'connection allowed', action: 'firewall-rule', outcome: 'success' }),
  info: sortOf({ category: FLOW, type: 'info', action: 'firewall-rule' }),
  create: sortOf({ category: FLOW, type: 'connection start', action: 'flow-creation' }),
  expire: sortOf({ category: FLOW, type: 'connection end', action: 'flow-expiration' }),
  dropped: sortOf({ category: FLOW, type: 'connection denied', action: 'firewall-rule', outcome: 'failure' }),
  threat: sortOf({ category: INTRUSION, type: 'info', action: 'intrusion-detected' }),
  spoof: sortOf({ category: INTRUSION, type: 'connection denied', action: 'firewall-rule', outcome: 'success' }),
  signature: sortOf({ category: INTRUSION, type: 'info', action: 'intrusion-detected' }),
  loginOk: sortOf({ category: LOGIN, type: 'allowed info', action: 'logon-success', outcome: 'success' }),
  loginFail: sortOf({ category: LOGIN, type: 'denied info', action: 'logon-failed', outcome: 'failure' }),
  logout: sortOf({ category: LOGIN, type: 'end', action: 'logged-out', outcome: 'success' }),
  locked: sortOf({
    category: 'authentication iam',
    type: 'user change',
    action: 'user-locked-out',
    outcome: 'success',
  }),
  command: sortOf({ category: 'configuration', type: 'change', action: 'command-executed', outcome: 'success' }),
  configuration: sortOf({ category: 'configuration', type: 'change', action: 'configuration' }),
  vpnStart: sortOf({ category: SESSION, type: 'connection start', action: 'client-vpn-connected' }),
  vpnEnd: sortOf({ category: SESSION, type: 'connection end', action: 'client-vpn-disconnected' }),
  vpnError: sortOf({ category: FLOW, type: 'connection error denied', action: 'client-vpn-error' }),
  vpn: sortOf({ category: FLOW, type: 'info' }),
  userAdd: sortOf({ category: 'iam', type: 'user creation', action: 'added-user-account', outcome: 'success' }),
  userDelete: sortOf({ category: 'iam', type: 'user deletion', action: 'deleted-user-account', outcome: 'success' }),
  userChange: sortOf({ category: 'iam', type: 'user change', action: 'modified-user-account', outcome: 'success' }),
  host: sortOf({ category: 'host', type: 'info' }),
  plain: sortOf({ category: FLOW, type: 'info' }),
} as const satisfies Record<string, Sort>
/** `verb`: what was permitted is allowed, anything else denied. */
export type SortName = keyof typeof SORTS | 'verb'

/** Captures of a text; what each becomes is said in `cisco_lina.ts`. */
export const NAMES =
  `_ conn rule dir verb proto flags hits bytes dur reason type code group user ip server aaa cmd url weburl
  file policy stype xmt rcv count service domain list level category signature spi role iface mac assigned assigned6 agent
  client version object priv text`.split(/\s+/)
/**
 * Ends of a flow. `foreign` and `local`, `outer` and `inner` are source and destination as the direction says; `mapped` is the
 * address that the inner one is seen by.
 */
export const ENDS = ['src', 'dst', 'foreign', 'local', 'outer', 'inner', 'mapped'] as const
