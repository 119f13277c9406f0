/**
 * Messages of ModSecurity, as they stand in an error log or an audit log (ModSecurity Reference Manual, "Alerts"):
 * `ModSecurity: Access denied with code 403 (phase 2). … [file "x.conf"] [id "942100"] [msg "…"] [tag "…"]`. What was matched is
 * quoted before, and is what a client wrote: the tags are those that run on without a gap to the end of the message.
 */
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { is, standsAt } from '../row/values.ts'
import { present, unescaped, unescapedEnd } from './clf.ts'
import { lower } from './url.ts'

const MOST_TAGS = 256
/** Of each tag where its name and its value begin and end. */
const tags = new Int32Array(MOST_TAGS * 4)
let count = 0

const isName = (c: number): boolean => (c >= 97 && c <= 122) || c === 95
/** Reads `[name "value"]` at `at`, answers where it ends; -1 where none stands there, -2 where it is never closed. */
const tagAt = (b: Uint8Array, at: number, to: number): number => {
  if (b[at] !== 91) return -1
  let i = at + 1
  while (i < to && i - at < 32 && isName(b[i]!)) i++
  if (i === at + 1 || b[i] !== 32 || b[i + 1] !== 34 || i + 1 >= to) return -1
  const nameEnd = i
  const value = i + 2
  for (i = value; i < to; i++) {
    if (b[i] === 92) i++
    else if (b[i] === 34 && b[i + 1] === 93 && i + 1 < to) break
  }
  if (i >= to) return -2
  if (count < MOST_TAGS) {
    const n = count++ * 4
    tags[n] = at + 1
    tags[n + 1] = nameEnd
    tags[n + 2] = value
    tags[n + 3] = i
  }
  return i + 2
}
/** Where the tags begin that run to the end; `to` where none do. What may follow them: `while …`, a comma and more. */
const readTags = (b: Uint8Array, from: number, to: number): number => {
  let begin = to
  count = 0
  for (let i = from; i < to; ) {
    if (b[i] !== 91) {
      i++
      continue
    }
    const before = count
    count = 0
    let end = tagAt(b, i, to)
    if (end < 0) {
      count = before
      // Nothing behind it is closed either.
      if (end === -2) return begin
      i++
      continue
    }
    begin = i
    for (let next = end; next >= 0; ) {
      end = next
      while (end < to && b[end] === 32) end++
      next = tagAt(b, end, to)
    }
    i = end
  }
  return begin
}

const F = {
  id: field('rule.id'),
  name: field('rule.name'),
  version: field('rule.version'),
  ruleset: field('rule.ruleset'),
  action: field('event.action'),
  category: field('event.category'),
  type: field('event.type'),
  file: field('modsec.audit.file'),
  line: field('modsec.audit.line'),
  data: field('modsec.audit.data'),
  severity: field('modsec.audit.severity'),
  tags: field('modsec.audit.tags'),
  uri: field('modsec.audit.uri'),
  host: field('modsec.audit.hostname'),
  unique: field('http.request.id'),
} as const
const WEB = constant('web')
const DETECTION = constant('intrusion_detection')
const BLOCKED = constant('blocked')
const DETECTED = constant('detected')
const DENIED = constant('denied')
const INFO = constant('info')

const ONE: readonly (readonly [name: string, field: number])[] = [
  ['id', F.id],
  ['msg', F.name],
  ['rev', F.version],
  ['ver', F.ruleset],
  ['file', F.file],
  ['line', F.line],
  ['data', F.data],
  ['uri', F.uri],
  ['hostname', F.host],
  ['unique_id', F.unique],
]

const PREFIX = 'ModSecurity: '
/** Where a message of ModSecurity begins that the range begins with, its client before it or not; -1 where none does. */
export const modSecurityAt = (b: Uint8Array, from: number, to: number): number => {
  let at = from
  if (standsAt(b, at, '[client ')) {
    while (at < to && b[at] !== 93) at++
    at += 2
  }
  return at + PREFIX.length < to && standsAt(b, at, PREFIX) ? at + PREFIX.length : -1
}

/** Says the rule of one message, where none was said before. Answers false where it names none. */
export const putModSecurityRule = (row: Row, from: number, to: number): boolean => {
  const { bytes } = row
  readTags(bytes, from, to)
  if (count === 0) return false
  if (row.has(F.id)) return true
  for (let i = 0; i < count; i++) {
    const [a, z, v, w] = [tags[i * 4]!, tags[i * 4 + 1]!, tags[i * 4 + 2]!, tags[i * 4 + 3]!]
    if (is(bytes, a, z, 'severity')) {
      if (w > v && !row.has(F.severity)) row.const(F.severity, lower.get(bytes, v, w))
      continue
    }
    const found = ONE.find(([name]) => is(bytes, a, z, name))
    if (!found || row.has(found[1]) || !present(bytes, v, w)) continue
    const at = unescaped(row, v, w)
    row.text(found[1], at, unescapedEnd())
  }
  putTags(row)
  return true
}
/** Says what one message of an error log says: the rule, what was done. Answers false where it names no rule. */
export const putModSecurity = (row: Row, from: number, to: number): boolean => {
  if (!putModSecurityRule(row, from, to)) return false
  const denied = standsAt(row.bytes, from, 'Access denied')
  row.const(F.action, denied ? BLOCKED : DETECTED)
  row.list(F.category)
  row.constItem(WEB)
  row.constItem(DETECTION)
  row.list(F.type)
  row.constItem(denied ? DENIED : INFO)
  return true
}
const putTags = (row: Row): void => {
  let begun = row.has(F.tags)
  if (begun) return
  for (let i = 0; i < count; i++) {
    if (!is(row.bytes, tags[i * 4]!, tags[i * 4 + 1]!, 'tag')) continue
    if (!begun) row.list(F.tags)
    begun = true
    row.item(tags[i * 4 + 2]!, tags[i * 4 + 3]!)
  }
}
