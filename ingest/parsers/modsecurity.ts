/**
 * ModSecurity's audit log, https://github.com/owasp-modsecurity/ModSecurity/wiki/ModSecurity-2-Data-Formats : native and serial
 * (an entry is many lines between `--boundary-A--` and `--boundary-Z--`), JSON of version 3 and of 2.9; and its messages in
 * the error log of nginx or Apache. Of several rules that matched, the first is the event's rule; all of them are listed.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { find, pastBlank, port, standsAt } from '../row/values.ts'
import { apacheError } from './apache_error.ts'
import { expected, putRequest, putStatus } from './clf.ts'
import { DESTINATION, putSide, SOURCE } from './flow.ts'
import { parseAuditJson } from './modsecurity_json.ts'
import { putModSecurityRule } from './modsecurity_message.ts'
import { AUDIT, putAuditClass, putHeader } from './modsecurity_audit.ts'
import { nginxError } from './nginx_error.ts'
import { type Answer, EVENT, type Joiner, type LineContext, type Parser, SKIP } from './parser.ts'
import { clfStamp } from './stamp.ts'

const REQUEST = field('modsec.audit.request')
const ID = field('http.request.id')
const BLOCKED = constant('blocked')

/** The letter of `--boundary-A--`, 0 where the line is none. The boundary with its dashes is all before the letter. */
const sectionOf = (b: Uint8Array, from: number, to: number): number => {
  const size = to - from
  if (size < 8 || size > 80 || b[from] !== 45 || b[from + 1] !== 45) return 0
  if (b[to - 1] !== 45 || b[to - 2] !== 45 || b[to - 4] !== 45) return 0
  const letter = b[to - 3]!
  if (letter < 65 || letter > 90) return 0
  for (let i = from + 2; i < to - 4; i++) {
    const c = b[i]!
    const alphanumeric = (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 122)
    if (!alphanumeric && c !== 45 && c !== 64 && c !== 95) return 0
  }
  return letter
}
const trimmed = (b: Uint8Array, from: number, to: number): number => {
  let end = to
  while (end > from && b[end - 1]! <= 32) end--
  return end
}
/** A line that is an event by itself: JSON, or of an error log. */
const isAlone = (b: Uint8Array, from: number): boolean =>
  b[from] === 123 || b[from] === 91 || (b[from]! >= 48 && b[from]! <= 57)
const joiner: Joiner = {
  begins: (b, from, to) => b[from] === 123 || sectionOf(b, from, trimmed(b, from, to)) === 65,
  ends: (b, from, to) => b[from] === 123 || sectionOf(b, from, trimmed(b, from, to)) === 90,
}

const nginx = nginxError.open({})
const apache = apacheError.open({})

/** Entries after one whose end a client's body hid: they are doubted until that end is seen, but not for ever. */
const MOST_DOUBTED = 8
const NO_DOUBT = { open: '', doubts: 0 } as const

/** `[14/May/2026:09:30:01 +0700] id client port server port`; false where it is none. */
const putHead = (row: Row, from: number, to: number, timezone: string): boolean => {
  const { bytes: b } = row
  const close = b[from] === 91 ? find(b, 93, from, to) : -1
  if (close < 0) return false
  const time = clfStamp(b, from + 1, close, timezone)
  if (Number.isNaN(time)) return false
  row.long(AUDIT.time, time)
  let at = pastBlank(b, close + 1, to)
  for (let n = 0; n < 5 && at < to; n++) {
    let end = find(b, 32, at, to)
    if (end < 0) end = to
    if (n === 0) row.text(ID, at, end)
    else if (n === 1) putSide(row, SOURCE, at, end)
    else if (n === 3) putSide(row, DESTINATION, at, end)
    else {
      const number = port(b, at, end)
      if (!Number.isNaN(number)) row.long(n === 2 ? SOURCE.port : DESTINATION.port, number)
    }
    at = end + 1
  }
  return true
}

const TRAILER = {
  message: 'Message: ',
  action: 'Action: Intercepted',
  producer: 'Producer: ',
  server: 'Server: ',
} as const
const messages: number[] = []

/** Of the trailer: what matched and what was done. */
const putTrailer = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  if (standsAt(b, from, TRAILER.message)) messages.push(from + TRAILER.message.length, to)
  else if (standsAt(b, from, 'ModSecurity: ')) messages.push(from + 13, to)
  else if (standsAt(b, from, TRAILER.action)) row.const(AUDIT.action, BLOCKED)
  else if (standsAt(b, from, TRAILER.producer) && !row.has(AUDIT.producer))
    row.text(AUDIT.producer, from + TRAILER.producer.length, to)
  else if (standsAt(b, from, TRAILER.server) && !row.has(AUDIT.server))
    row.text(AUDIT.server, from + TRAILER.server.length, to)
}

const serial = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const b0 = row.bytes
  let first = find(b0, 10, from, to)
  if (first < 0) first = to
  const opening = trimmed(b0, from, first)
  const boundary = opening - 3 - from
  const own = row.slice(from, from + boundary)
  const open = context.state?.['open']
  const doubts = Number(context.state?.['doubts'] ?? 0)
  let [section, head, ended, lineOf, found] = [65, false, false, 0, false]
  messages.length = 0
  for (let at = first + 1; at < to && !ended; lineOf++) {
    const { bytes: b } = row
    let next = find(b, 10, at, to)
    if (next < 0) next = to
    const end = trimmed(b, at, next)
    const letter = sectionOf(b, at, end)
    if (letter !== 0 && end - 3 - at === boundary && row.slice(at, at + boundary) === own) {
      section = letter
      lineOf = -1
      ended = letter === 90
    } else if (end > at) {
      if (section === 65 && !head) head = putHead(row, at, end, context.timezone)
      else if (section === 66 && lineOf === 0) putRequest(row, at, end, REQUEST)
      else if (section === 66) putHeader(row, at, end, true)
      else if (section === 70 && !found) {
        found = true
        const space = find(b, 32, at, end)
        if (standsAt(b, at, 'HTTP/') && space > 0) {
          const stop = find(b, 32, space + 1, end)
          putStatus(row, space + 1, stop < 0 ? end : stop)
        }
      } else if (section === 70) putHeader(row, at, end, false)
      else if (section === 72) putTrailer(row, at, end)
    }
    at = next + 1
  }
  if (typeof open === 'string' && open !== own) {
    // A body that spells a whole entry: the end of the one around it has not been seen.
    const closes = row.slice(from, to).includes(`${open}Z--`)
    context.state = closes || doubts + 1 >= MOST_DOUBTED ? NO_DOUBT : { open, doubts: doubts + 1 }
    if (open !== '')
      return `expected the end ${open}Z-- of the entry before, found ${own}A--: a body may have written it`
  }
  if (!ended) context.state = { open: own, doubts: 0 }
  if (!head) return expected(row, '[time] id client port server port after the first boundary', first + 1, to)
  for (let i = 0; i < messages.length; i += 2) putModSecurityRule(row, messages[i]!, messages[i + 1]!)
  if (messages.length > 0) {
    row.list(AUDIT.messages)
    for (let i = 0; i < messages.length && i < 128; i += 2) row.item(messages[i]!, messages[i + 1]!)
  }
  putAuditClass(row)
  return EVENT
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  if (at === to) return SKIP
  if (b[at] === 123) return parseAuditJson(row, at, to, context)
  let end = find(b, 10, at, to)
  if (end < 0) end = to
  if (sectionOf(b, at, trimmed(b, at, end)) === 65) return serial(row, at, to, context)
  const open = context.state?.['open']
  // What is left of an entry that a body cut in two.
  if (typeof open === 'string' && open !== '' && row.slice(at, to).includes(`${open}Z--`)) context.state = NO_DOUBT
  if (isAlone(b, at)) return b[at] === 91 ? apache(row, at, to, context) : nginx(row, at, to, context)
  return expected(row, 'an audit entry (--boundary-A-- or JSON), or a line of an error log', at, to)
}

export const modsecurity: Parser<Record<string, never>> = {
  id: 'modsecurity',
  title: 'ModSecurity audit log',
  options: z.strictObject({}),
  logsources: [
    { category: 'webserver', product: 'modsecurity' },
    { product: 'modsecurity', vendor: 'modsec.audit.', taxonomy: 'webserver' },
  ],
  settings: [
    {
      collect: 'file',
      where: 'modsecurity.conf',
      text: () => `SecAuditEngine RelevantOnly
SecAuditLogParts ABFHZ
SecAuditLogType Serial
SecAuditLogFormat JSON
SecAuditLog /var/log/modsec_audit.log
`,
    },
  ],
  joiner,
  open: () => parse,
}
