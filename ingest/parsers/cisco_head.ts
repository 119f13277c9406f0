/**
 * What Cisco's devices write before a message: `Oct 10 2026 12:34:56 asa01 : %ASA-6-302013: `, `000042: *Mar  1 18:46:11.123:
 * %SYS-5-CONFIG_I: `, with or without any of it. Taken from the line where the envelope left it there, since a device's own
 * time and name are better than a relay's.
 * https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/b_syslog/about.html
 */
import { type Const, constant } from '../row/const.ts'
import type { Row } from '../row/row.ts'
import { find } from '../row/values.ts'
import type { LineContext } from './parser.ts'
import { isoTime, monthTime } from './stamps.ts'

/** Of the line that is read. */
export interface Head {
  time: number
  host: string | undefined
  /** `ASA` of `%ASA-session-3-106102`, `session`, 3, `106102`: byte ranges, empty where there is none. */
  facilityFrom: number
  facilityTo: number
  suffixFrom: number
  suffixTo: number
  level: number
  codeFrom: number
  codeTo: number
  /** Where the message begins. */
  text: number
}
const head: Head = {
  time: 0,
  host: undefined,
  facilityFrom: 0,
  facilityTo: 0,
  suffixFrom: 0,
  suffixTo: 0,
  level: 0,
  codeFrom: 0,
  codeTo: 0,
  text: 0,
}

const isWord = (c: number): boolean =>
  (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || (c >= 48 && c <= 57) || c === 95 || c === 45

/** Reads `%FACILITY[-SUFFIX]-LEVEL-CODE:` at `at`; false where it does not stand there. */
const readMark = (b: Uint8Array, at: number, to: number): boolean => {
  let i = at + 1
  while (i < to && isWord(b[i]!)) i++
  if (i === at + 1 || (i < to && b[i] !== 58 && b[i] !== 32)) return false
  // From its end: code, level, and what else.
  let dash = i - 1
  while (dash > at && b[dash] !== 45) dash--
  const level = b[dash - 1]! - 48
  if (dash <= at + 3 || b[dash - 2] !== 45 || !(level >= 0 && level <= 9) || dash + 1 === i) return false
  head.codeFrom = dash + 1
  head.codeTo = i
  head.level = level
  const first = find(b, 45, at + 1, dash - 1)
  head.facilityFrom = at + 1
  head.facilityTo = first
  head.suffixFrom = first + 1
  head.suffixTo = Math.max(first + 1, dash - 2)
  while (i < to && (b[i] === 58 || b[i] === 32)) i++
  head.text = i
  return true
}

/** How far a message's mark may stand from the line's beginning. */
const FAR = 400

/** The mark and what stands before it; undefined where the line has none. One object for all lines. */
export const ciscoHead = (row: Row, from: number, to: number, context: LineContext): Head | undefined => {
  const { bytes: b } = row
  const end = Math.min(to, from + FAR)
  let mark = from
  for (;;) {
    mark = find(b, 37, mark, end)
    if (mark < 0) return undefined
    if (readMark(b, mark, to)) break
    mark++
  }
  head.time = context.header?.time ?? Number.NaN
  head.host = context.header?.host
  if (mark > from + 2) readBefore(row, from, mark, context)
  // A device that writes no time: the line is as old as its arrival.
  if (Number.isNaN(head.time)) head.time = context.arrived
  return head
}

/** `*May 14 2026 09:30:01.123 UTC` or RFC 3339; an asterisk or a point says that the clock is not set by NTP. */
const STAMP =
  /(?:^|[\s:*.])(?:([A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?: ([A-Z]{3,5})(?=:| |$))?|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S{0,40}?)(?=[:\s]|: |$))/
const NAMED = /^[A-Za-z0-9][\w.-]{0,254}$/
const ADDRESS = /^[0-9A-Fa-f:.]{3,45}$/

/** A device's name among words that may be sequence numbers, `program[1]:` or a lone colon. */
const nameIn = (words: readonly string[]): string | undefined => {
  for (const each of words) {
    const word = each.replace(/:$/, '')
    if ((NAMED.test(word) && !/^\d+$/.test(word)) || (ADDRESS.test(word) && /[.:]/.test(word))) return word
  }
  return undefined
}
/** What a device wrote before the mark itself: a sequence number, a time, its name. */
const readBefore = (row: Row, from: number, to: number, context: LineContext): void => {
  const { bytes: b } = row
  // One character a byte, so that places in it are places in the line.
  let text = ''
  for (let i = from; i < to; i++) text += String.fromCharCode(b[i]!)
  const m = STAMP.exec(text)
  const said = m ? (m[1] ?? m[3]!) : ''
  const at = m ? m.index + m[0].indexOf(said) : text.length
  if (m) {
    const zone = m[2] === 'UTC' || m[2] === 'GMT' ? 'UTC' : context.timezone
    const [time] =
      m[3] === undefined
        ? monthTime(b, from + at, to, context.arrived, zone)
        : [isoTime(b, from + at, from + at + said.length, zone)]
    if (!Number.isNaN(time!)) head.time = time!
  }
  const [before, after] = [text.slice(0, at), text.slice(at + said.length + (m?.[2] ? m[2].length + 1 : 0))]
  const host =
    nameIn(after.split(' ').filter(Boolean)) ?? (m ? nameIn(before.split(' ').filter(Boolean).reverse()) : undefined)
  if (host !== undefined) head.host = host
}

const LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notification', 'informational', 'debug'].map(
  constant,
)
export const levelOf = (level: number): Const | undefined => LEVELS[level]
