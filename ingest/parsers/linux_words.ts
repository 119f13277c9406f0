/** Fields, words and looking for texts, as messages of sign-ins need them. */
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { find, standsAt } from '../row/values.ts'

export const F = {
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  outcome: field('event.outcome'),
  reason: field('event.reason'),
  user: field('user.name'),
  userId: field('user.id'),
  effective: field('user.effective.name'),
  target: field('user.target.name'),
  group: field('group.name'),
  groupId: field('group.id'),
  method: field('linux.auth.ssh.method'),
  signature: field('linux.auth.ssh.signature'),
  event: field('linux.auth.ssh.event'),
  tty: field('linux.auth.sudo.tty'),
  pwd: field('linux.auth.sudo.pwd'),
  command: field('linux.auth.sudo.command'),
  error: field('linux.auth.sudo.error'),
  line: field('process.command_line'),
  service: field('linux.auth.pam.service'),
  session: field('linux.auth.session'),
} as const
export const word = {
  authentication: constant('authentication'),
  session: constant('session'),
  iam: constant('iam'),
  process: constant('process'),
  network: constant('network'),
  start: constant('start'),
  end: constant('end'),
  info: constant('info'),
  user: constant('user'),
  group: constant('group'),
  creation: constant('creation'),
  change: constant('change'),
  deletion: constant('deletion'),
  denied: constant('denied'),
  success: constant('success'),
  failure: constant('failure'),
} as const

export const say = (
  row: Row,
  category: readonly Const[],
  type: readonly Const[],
  action: Const,
  outcome: Const | undefined,
): void => {
  row.list(F.category)
  for (const each of category) row.constItem(each)
  row.list(F.type)
  for (const each of type) row.constItem(each)
  row.const(F.action, action)
  if (outcome) row.const(F.outcome, outcome)
}
export const ACTION = {
  login: constant('ssh_login'),
  disconnect: constant('ssh_disconnect'),
  scan: constant('ssh_scan'),
  sudo: constant('sudo'),
  su: constant('su'),
  authentication: constant('authentication'),
  opened: constant('session-opened'),
  closed: constant('session-closed'),
  newUser: constant('added-user-account'),
  newGroup: constant('added-group-account'),
  deleted: constant('deleted-user-account'),
  changed: constant('changed-user-account'),
  password: constant('changed-password'),
} as const

/** Where a text stands last between `from` and `to`, -1 where it does not. */
export const lastOf = (b: Uint8Array, text: string, from: number, to: number): number => {
  for (let i = to - text.length; i >= from; i--) if (b[i] === text.charCodeAt(0) && standsAt(b, i, text)) return i
  return -1
}
export const firstOf = (b: Uint8Array, text: string, from: number, to: number): number => {
  for (let i = from; i <= to - text.length; i++) if (b[i] === text.charCodeAt(0) && standsAt(b, i, text)) return i
  return -1
}
export const begins = (b: Uint8Array, at: number, to: number, text: string): boolean =>
  to - at >= text.length && standsAt(b, at, text)
export const wordEnd = (b: Uint8Array, from: number, to: number): number => {
  const space = find(b, 32, from, to)
  return space < 0 ? to : space
}
