/** What PAM, su, logind and the tools that change accounts say. */
import type { Row } from '../row/row.ts'
import { find, findLast, standsAt } from '../row/values.ts'
import { putSide, SOURCE } from './flow.ts'
import { ACTION, begins, F, firstOf, lastOf, say, word, wordEnd } from './linux_words.ts'

/** `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=lan` */
export const pam = (row: Row, from: number, to: number): boolean => {
  const { bytes: b } = row
  if (!begins(b, from, to, 'pam_')) return false
  const open = find(b, 40, from, Math.min(to, from + 32))
  const close = open < 0 ? -1 : find(b, 41, open, Math.min(to, open + 48))
  if (close < 0 || !standsAt(b, close, '): ')) return false
  const colon = find(b, 58, open, close)
  row.text(F.service, open + 1, colon < 0 ? close : colon)
  const at = close + 3
  const opened = begins(b, at, to, 'session opened for user ')
  if (opened || begins(b, at, to, 'session closed for user ')) {
    say(row, [word.session], [opened ? word.start : word.end], opened ? ACTION.opened : ACTION.closed, word.success)
    const user = at + 24
    const paren = find(b, 40, user, to)
    const by = lastOf(b, ' by ', user, to)
    let end = paren >= 0 && paren < wordEnd(b, user, to) ? paren : by >= 0 ? by : to
    if (end < user) end = to
    row.text(F.target, user, end)
    row.text(F.user, user, end)
    return true
  }
  if (begins(b, at, to, 'authentication failure') || begins(b, at, to, 'check pass; user unknown')) {
    say(row, [word.authentication], [word.info], ACTION.authentication, word.failure)
    const rhost = firstOf(b, ' rhost=', at, to)
    if (rhost >= 0) {
      const end = wordEnd(b, rhost + 7, to)
      if (end > rhost + 7) putSide(row, SOURCE, rhost + 7, end)
    }
    // The first behind the address: nothing of a client stands before it.
    const user = firstOf(b, ' user=', rhost < 0 ? at : rhost, to)
    if (user >= 0) row.text(F.user, user + 6, to)
    return true
  }
  return false
}

/** `Successful su for root by lan`, `FAILED SU (to root) lan on pts/0`. */
export const su = (row: Row, from: number, to: number): boolean => {
  const { bytes: b } = row
  const failed = begins(b, from, to, 'FAILED ')
  const good = begins(b, from, to, 'Successful su for ')
  if (good || begins(b, from, to, 'FAILED su for ')) {
    const user = from + (good ? 18 : 14)
    const by = lastOf(b, ' by ', user, to)
    if (by < 0) return false
    row.text(F.effective, user, by)
    row.text(F.user, by + 4, to)
  } else if (failed || begins(b, from, to, '(to ')) {
    const open = find(b, 40, from, to)
    const close = open < 0 ? -1 : find(b, 41, open, to)
    if (close < 0 || !standsAt(b, open, '(to ') || b[close + 1] !== 32) return pam(row, from, to)
    row.text(F.effective, open + 4, close)
    const on = lastOf(b, ' on ', close, to)
    row.text(F.user, close + 2, on > close + 1 ? on : to)
  } else return pam(row, from, to)
  say(
    row,
    [word.authentication, word.session],
    [failed ? word.info : word.start],
    ACTION.su,
    failed ? word.failure : word.success,
  )
  return true
}

/** `new user: name=lan, UID=1001, GID=1001, home=/srv/lan, shell=/bin/bash` */
export const account = (row: Row, from: number, to: number): boolean => {
  const { bytes: b } = row
  const isNew = begins(b, from, to, 'new user: ')
  const isGroup = begins(b, from, to, 'new group: ') || begins(b, from, to, 'group added to ')
  if (isNew || isGroup) {
    for (const [key, f] of isNew ? USER_KEYS : GROUP_KEYS) {
      const at = firstOf(b, key, from, to)
      if (at < 0) continue
      let end = find(b, 44, at, to)
      if (end < 0) end = to
      row.text(f, at + key.length, end)
    }
    say(
      row,
      [word.iam],
      [isNew ? word.user : word.group, word.creation],
      isNew ? ACTION.newUser : ACTION.newGroup,
      word.success,
    )
    return true
  }
  if (begins(b, from, to, "delete user '") || begins(b, from, to, "removed group '")) {
    const open = find(b, 39, from, to)
    const close = findLast(b, 39, open + 1, to)
    if (close > open) row.text(standsAt(b, from, 'delete user') ? F.user : F.group, open + 1, close)
    say(
      row,
      [word.iam],
      [standsAt(b, from, 'delete user') ? word.user : word.group, word.deletion],
      ACTION.deleted,
      word.success,
    )
    return true
  }
  const changed = firstOf(b, 'password changed for ', from, to)
  if (changed >= 0) {
    row.text(F.user, changed + 21, to)
    say(row, [word.iam], [word.user, word.change], ACTION.password, word.success)
    return true
  }
  if (begins(b, from, to, 'add ') || begins(b, from, to, 'change user ')) {
    const open = find(b, 39, from, to)
    const close = open < 0 ? -1 : find(b, 39, open + 1, to)
    if (close < 0) return false
    row.text(F.user, open + 1, close)
    const second = find(b, 39, close + 1, to)
    const third = second < 0 ? -1 : find(b, 39, second + 1, to)
    if (third > 0 && standsAt(b, from, 'add ')) row.text(F.group, second + 1, third)
    say(row, [word.iam], [word.user, word.change], ACTION.changed, word.success)
    return true
  }
  return pam(row, from, to)
}
const USER_KEYS = [
  ['name=', F.user],
  ['UID=', F.userId],
  ['GID=', F.groupId],
] as const
const GROUP_KEYS = [
  ['name=', F.group],
  ['GID=', F.groupId],
] as const

/** `New session 12 of user lan.`, `Removed session 12.`, `Session 12 logged out.` */
export const logind = (row: Row, from: number, to: number): boolean => {
  const { bytes: b } = row
  const isNew = begins(b, from, to, 'New session ')
  if (!isNew && !begins(b, from, to, 'Removed session ')) return false
  const at = from + (isNew ? 12 : 16)
  let end = at
  while (end < to && b[end] !== 32 && b[end] !== 46) end++
  row.text(F.session, at, end)
  const dot = b[to - 1] === 46 ? to - 1 : to
  if (standsAt(b, end, ' of user ')) row.text(F.user, end + 9, dot)
  say(row, [word.session], [isNew ? word.start : word.end], isNew ? ACTION.opened : ACTION.closed, word.success)
  return true
}
