/**
 * What the security events of Windows are in ECS's words, and whom they name
 * (https://learn.microsoft.com/windows-server/identity/ad-ds/plan/appendix-l--events-to-monitor ; the fields of each event:
 * https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/).
 */
import { type Const, constant } from '../row/const.ts'
import { type Sort, sortOf } from './categories.ts'

/** Whom `user.*` is: who signs in (target), or who does it (subject). `target`: besides, user.target.*; `group`: the target is a group. */
export interface Kind {
  readonly sort: Sort
  readonly user: 'target' | 'subject' | 'account' | undefined
  readonly target: 'user' | 'effective' | 'group' | 'member' | undefined
  /** The outcome is what `Status` says: 0x0 is success. */
  readonly byStatus: boolean
  /** Somebody signs out. */
  readonly ends: boolean
  readonly protocol: Const | undefined
}
const kind = (
  action: string,
  category: string,
  type: string,
  {
    outcome = '',
    user,
    target,
    byStatus = false,
    protocol,
  }: Partial<Omit<Kind, 'sort' | 'protocol' | 'ends'>> & { outcome?: string; protocol?: string } = {},
): Kind => ({
  sort: sortOf({ action, category, type, outcome }),
  user,
  target,
  byStatus,
  ends: type === 'end',
  protocol: protocol === undefined ? undefined : constant(protocol),
})
const account = (action: string, type: string): Kind =>
  kind(action, 'iam', `user ${type}`, { user: 'subject', target: 'user' })
const group = (action: string, type: string, member = true): Kind =>
  kind(action, 'iam', `group ${type}`, { user: 'subject', target: member ? 'member' : 'group' })

const GROUPS: readonly (readonly [first: number, name: string])[] = [
  [4727, 'global'],
  [4731, 'local'],
  [4754, 'universal'],
]
export const SECURITY: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['4624', kind('logged-in', 'authentication', 'start', { outcome: 'success', user: 'target' })],
  ['4625', kind('logon-failed', 'authentication', 'start', { outcome: 'failure', user: 'target' })],
  ['4634', kind('logged-out', 'authentication', 'end', { outcome: 'success', user: 'target' })],
  ['4647', kind('logged-out', 'authentication', 'end', { outcome: 'success', user: 'target' })],
  ['4648', kind('logged-in-explicit', 'authentication', 'start', { user: 'subject', target: 'effective' })],
  ['4672', kind('logged-in-special', 'iam', 'admin', { user: 'subject' })],
  ['4688', kind('created-process', 'process', 'start', { user: 'subject' })],
  ['4689', kind('exited-process', 'process', 'end', { user: 'subject' })],
  ['4697', kind('service-installed', 'iam configuration', 'admin change', { user: 'subject' })],
  ['4720', account('added-user-account', 'creation')],
  ['4722', account('enabled-user-account', 'change')],
  ['4723', account('changed-password', 'change')],
  ['4724', account('reset-password', 'change')],
  ['4725', account('disabled-user-account', 'change')],
  ['4726', account('deleted-user-account', 'deletion')],
  ['4738', account('modified-user-account', 'change')],
  ['4740', account('locked-out-user-account', 'change')],
  ['4767', account('unlocked-user-account', 'change')],
  ['4781', account('renamed-user-account', 'change')],
  ...GROUPS.flatMap(([first]): [string, Kind][] => [
    [String(first), group('added-group-account', 'creation', false)],
    [
      String(first + 1),
      first === 4754 ? group('modified-group-account', 'change', false) : group('added-member-to-group', 'change'),
    ],
    [
      String(first + 2),
      first === 4754 ? group('added-member-to-group', 'change') : group('removed-member-from-group', 'change'),
    ],
    [
      String(first + 3),
      first === 4754 ? group('removed-member-from-group', 'change') : group('deleted-group-account', 'deletion', false),
    ],
    ...(first === 4727
      ? []
      : [
          [
            String(first + 4),
            first === 4754
              ? group('deleted-group-account', 'deletion', false)
              : group('modified-group-account', 'change', false),
          ] as [string, Kind],
        ]),
  ]),
  ['4737', group('modified-group-account', 'change', false)],
  [
    '4768',
    kind('kerberos-authentication-ticket-requested', 'authentication', 'start', {
      user: 'target',
      byStatus: true,
      protocol: 'kerberos',
    }),
  ],
  [
    '4769',
    kind('kerberos-service-ticket-requested', 'authentication', 'start', {
      user: 'target',
      byStatus: true,
      protocol: 'kerberos',
    }),
  ],
  [
    '4771',
    kind('kerberos-preauth-failed', 'authentication', 'start', {
      outcome: 'failure',
      user: 'target',
      protocol: 'kerberos',
    }),
  ],
  [
    '4776',
    kind('credential-validated', 'authentication', 'start', { user: 'target', byStatus: true, protocol: 'ntlm' }),
  ],
  ['4778', kind('session-reconnected', 'authentication session', 'start', { user: 'account' })],
  ['4779', kind('session-disconnected', 'authentication session', 'end', { user: 'account' })],
  ['1102', kind('audit-log-cleared', 'iam', 'admin change', { outcome: 'success', user: 'subject' })],
])
export const SYSTEM: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['7045', kind('service-installed', 'configuration', 'creation change')],
  ['104', kind('event-log-cleared', 'configuration', 'deletion change', { outcome: 'success', user: 'subject' })],
])

/** Logon types (event 4624). */
const LOGON_TYPES: Readonly<Record<string, string>> = {
  '0': 'System',
  '2': 'Interactive',
  '3': 'Network',
  '4': 'Batch',
  '5': 'Service',
  '7': 'Unlock',
  '8': 'NetworkCleartext',
  '9': 'NewCredentials',
  '10': 'RemoteInteractive',
  '11': 'CachedInteractive',
  '12': 'CachedRemoteInteractive',
  '13': 'CachedUnlock',
}
export const logonType = (text: string): Const | undefined =>
  Object.hasOwn(LOGON_TYPES, text) ? constant(LOGON_TYPES[text]!) : undefined

/** NTSTATUS of a failed sign-in (event 4625). */
const STATUS: Readonly<Record<string, string>> = {
  c000005e: 'no logon server available',
  c0000064: 'user name does not exist',
  c000006a: 'wrong password',
  c000006d: 'unknown user name or wrong password',
  c000006e: 'account restriction',
  c000006f: 'outside of the allowed hours',
  c0000070: 'not allowed at this workstation',
  c0000071: 'password expired',
  c0000072: 'account disabled',
  c00000dc: 'server in the wrong state',
  c0000133: 'clocks too far apart',
  c000015b: 'logon type not granted',
  c000018c: 'trust relationship failed',
  c0000192: 'netlogon not started',
  c0000193: 'account expired',
  c0000224: 'password has to be changed',
  c0000234: 'account locked out',
  c0000413: 'authentication firewall',
}
/** Kerberos error codes (RFC 4120 §7.5.9). */
const KERBEROS: Readonly<Record<string, string>> = {
  '1': 'client entry expired',
  '6': 'user name does not exist',
  '7': 'service does not exist',
  c: 'policy or workstation restriction',
  e: 'encryption type not supported',
  '12': 'account disabled, expired or locked out',
  '17': 'password expired',
  '18': 'wrong password',
  '19': 'pre-authentication required',
  '1f': 'integrity check failed',
  '20': 'ticket expired',
  '22': 'request is a replay',
  '25': 'clocks too far apart',
}
const plain = (text: string): string => text.trim().toLowerCase().replace(/^0x0*/, '')
/** Whether a status is success. */
export const isZero = (text: string): boolean => /^0x0+$|^0$/i.test(text.trim())
/** What a status means in words. */
export const reasonOf = (text: string, kerberos: boolean): Const | undefined => {
  const code = plain(text)
  const table = kerberos ? KERBEROS : STATUS
  return Object.hasOwn(table, code) ? constant(table[code]!) : undefined
}

/** Audit success or failure by the keywords of an event: a number, or its words. */
export const outcomeOf = (text: string): Const | undefined => {
  if (/success/i.test(text)) return constant('success')
  if (/fail/i.test(text)) return constant('failure')
  // Bits 0x20000000000000 and 0x10000000000000 (winmeta.xml); NXLog writes the number with a sign.
  if (!/^(?:0x[0-9a-f]{1,16}|-?\d{1,19})$/i.test(text)) return undefined
  const bits = BigInt(text)
  if (bits & 0x20000000000000n) return constant('success')
  return bits & 0x10000000000000n ? constant('failure') : undefined
}
