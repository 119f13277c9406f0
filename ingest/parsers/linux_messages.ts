/** What the programs that sign users in say, message by message. */
import { addressOf } from '../row/address.ts'
import { type Const, constant } from '../row/const.ts'
import type { Row } from '../row/row.ts'
import { findLast, port, standsAt } from '../row/values.ts'
import { putSide, SOURCE } from './flow.ts'
import { account, logind, pam, su } from './linux_accounts.ts'
import { ACTION, begins, F, firstOf, lastOf, say, word, wordEnd } from './linux_words.ts'

/** ` from 203.0.113.9 port 4711` of sshd, the last of the message; answers where it begins, `to` where none stands there. */
const putFrom = (row: Row, from: number, to: number): number => {
  const { bytes: b } = row
  for (let at = lastOf(b, ' from ', from, to); at >= 0; at = lastOf(b, ' from ', from, at)) {
    const end = wordEnd(b, at + 6, to)
    if (addressOf(b, at + 6, end) === undefined) continue
    putSide(row, SOURCE, at + 6, end)
    if (standsAt(b, end, ' port ')) {
      const n = port(b, end + 6, wordEnd(b, end + 6, to))
      if (!Number.isNaN(n)) row.long(SOURCE.port, n)
    }
    return at
  }
  return to
}
/** An address and ` port n` that stand at `at`. */
const putPeer = (row: Row, at: number, to: number): void => {
  const { bytes: b } = row
  const end = wordEnd(b, at, to)
  if (addressOf(b, at, end) === undefined) return
  putSide(row, SOURCE, at, end)
  if (!standsAt(b, end, ' port ')) return
  let stop = end + 6
  while (stop < to && b[stop]! >= 48 && b[stop]! <= 57) stop++
  const n = port(b, end + 6, stop)
  if (!Number.isNaN(n)) row.long(SOURCE.port, n)
}
/** The user of `user lan` or `invalid user lan`, up to `to`. */
const putUser = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  let at = from
  if (begins(b, at, to, 'invalid user ')) at += 13
  else if (begins(b, at, to, 'user ')) at += 5
  row.text(F.user, at, to)
}

/** `Accepted publickey for lan from 203.0.113.9 port 4711 ssh2: ED25519 SHA256:…` */
const sshd = (row: Row, from: number, to: number): boolean => {
  const { bytes: b } = row
  const accepted = begins(b, from, to, 'Accepted ')
  if (accepted || begins(b, from, to, 'Failed ')) {
    const method = from + (accepted ? 9 : 7)
    const of = firstOf(b, ' for ', method, to)
    if (of < 0) return false
    say(
      row,
      [word.authentication, word.session],
      [accepted ? word.start : word.info],
      ACTION.login,
      accepted ? word.success : word.failure,
    )
    row.text(F.event, from, method - 1)
    row.text(F.method, method, of)
    // The key's name stands behind: the address is the last before it.
    const ssh2 = lastOf(b, ' ssh2', of, to)
    const end = putFrom(row, of, ssh2 < 0 ? to : ssh2)
    putUser(row, of + 5, end)
    if (ssh2 >= 0 && standsAt(b, ssh2 + 5, ': ')) row.text(F.signature, ssh2 + 7, to)
    return true
  }
  for (const [text, event] of PROBES) {
    if (!begins(b, from, to, text)) continue
    say(row, [word.authentication], [word.info], ACTION.login, word.failure)
    row.const(F.event, event)
    const end = putFrom(row, from + text.length - 1, to)
    if (end > from + text.length) putUser(row, from + text.length, end)
    return true
  }
  for (const text of CLOSED) {
    if (!begins(b, from, to, text)) continue
    say(row, [word.network, word.session], [word.end], ACTION.disconnect, undefined)
    let at = from + text.length
    for (const who of ['authenticating user ', 'invalid user ', 'user ']) {
      if (!begins(b, at, to, who)) continue
      // `user NAME ADDRESS port N`: a name may hold blanks, the port stands last.
      const stop = lastOf(b, ' port ', at, to)
      const blank = stop < 0 ? -1 : findLast(b, 32, at, stop)
      if (blank > 0) {
        row.text(F.user, at + who.length, blank)
        at = blank + 1
      }
      break
    }
    putPeer(row, at, to)
    return true
  }
  if (
    begins(b, from, to, 'Did not receive identification string from ') ||
    begins(b, from, to, 'Bad protocol version identification ')
  ) {
    say(row, [word.network], [word.info], ACTION.scan, word.failure)
    putFrom(row, from, to)
    return true
  }
  if (begins(b, from, to, 'Connection from ')) {
    say(row, [word.network, word.session], [word.start], constant('ssh_connection'), undefined)
    putPeer(row, from + 16, to)
    return true
  }
  if (begins(b, from, to, 'error: maximum authentication attempts exceeded for ')) {
    say(row, [word.authentication], [word.denied], ACTION.login, word.failure)
    const end = putFrom(row, from + 51, to)
    putUser(row, from + 52, end)
    return true
  }
  if (begins(b, from, to, 'User ') && firstOf(b, ' not allowed because ', from, to) > 0) {
    say(row, [word.authentication], [word.denied], ACTION.login, word.failure)
    // `User lan from 203.0.113.9 not allowed because not listed in AllowUsers`
    const because = lastOf(b, ' not allowed because ', from, to)
    const end = putFrom(row, from + 5, because)
    row.text(F.user, from + 5, end < because ? end : because)
    row.text(F.reason, because + 21, to)
    return true
  }
  return pam(row, from, to)
}
const PROBES: readonly (readonly [string, Const])[] = [
  ['Invalid user ', constant('Invalid')],
  ['input_userauth_request: invalid user ', constant('Invalid')],
  ['Postponed ', constant('Postponed')],
  ['Illegal user ', constant('Invalid')],
]
const CLOSED = [
  'Disconnected from ',
  'Connection closed by ',
  'Connection reset by ',
  'Received disconnect from ',
  'Disconnecting ',
  'Close session: user ',
]

/** `lan : TTY=pts/0 ; PWD=/srv/lan ; USER=root ; COMMAND=/bin/ls`, with what was wrong before TTY. */
const sudo = (row: Row, from: number, to: number): boolean => {
  const { bytes: b } = row
  const colon = firstOf(b, ' : ', from, to)
  if (colon < 0) return pam(row, from, to)
  row.text(F.user, from, colon)
  let at = colon + 3
  let failed = false
  const end = commandAt(b, at, to)
  while (at < to) {
    let stop = at >= end ? -1 : firstOf(b, ' ; ', at, end)
    const last = stop < 0
    if (last) stop = at >= end ? to : end
    if (at >= end) {
      row.text(F.command, at + 8, to)
      row.text(F.line, at + 8, to)
      break
    }
    let z = stop
    while (z > at && b[z - 1] === 32) z--
    if (begins(b, at, z, 'TTY=')) row.text(F.tty, at + 4, z)
    else if (begins(b, at, z, 'PWD=')) row.text(F.pwd, at + 4, z)
    else if (begins(b, at, z, 'USER=')) row.text(F.effective, at + 5, z)
    else if (begins(b, at, z, 'GROUP=')) row.text(F.group, at + 6, z)
    else if (!row.has(F.error) && !begins(b, at, z, 'TSID=') && !begins(b, at, z, 'ENV=')) {
      row.text(F.error, at, z)
      failed = true
    }
    at = last ? end : stop + 3
    while (at < to && b[at] === 32 && at < end) at++
    if (last && end >= to) break
  }
  say(row, [word.process], [failed ? word.denied : word.start], ACTION.sudo, failed ? word.failure : word.success)
  return true
}
/** Where `COMMAND=` begins, the first of the message: what is run may spell another. */
const commandAt = (b: Uint8Array, from: number, to: number): number => {
  const at = firstOf(b, 'COMMAND=', from, to)
  return at < 0 ? to : at
}

/** Says what a program's message says of a sign-in; false where it says none. */
export const sayLogin = (row: Row, program: string, from: number, to: number): boolean => {
  switch (program) {
    case 'sshd':
    case 'sshd-session':
    case 'dropbear':
      return sshd(row, from, to)
    case 'sudo':
      return sudo(row, from, to)
    case 'su':
      return su(row, from, to)
    case 'useradd':
    case 'userdel':
    case 'usermod':
    case 'groupadd':
    case 'groupdel':
    case 'passwd':
    case 'chpasswd':
    case 'chage':
    case 'gpasswd':
      return account(row, from, to)
    case 'systemd-logind':
      return logind(row, from, to)
    default:
      return pam(row, from, to)
  }
}
