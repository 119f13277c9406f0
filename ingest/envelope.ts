/**
 * What stands around a line before it is the device's own: a byte order mark, leading NULs, the JSON wrapping of a container
 * runtime, the header of a syslog sender or relay (RFC 3164, RFC 5424). Taken off once, before every parser; the line itself
 * (event.original) stays as it came.
 */
import { isDoubted, timeOf } from './clock.ts'
import { syslogHeader } from './parsers/syslog.ts'
import type { Row } from './row/row.ts'
import { standsAt } from './row/values.ts'

export interface Header {
  /** PRI of RFC 5424 §6.2.1. */
  readonly priority?: number
  readonly host?: string
  readonly time?: number
  /** The zone that its time says itself: 'UTC', '+07:00'. */
  readonly zone?: string
  /** The program: `nginx` of `nginx[123]:`, the APP-NAME of RFC 5424. */
  readonly tag?: string
  /** Its process: 123 of `nginx[123]:`, the PROCID of RFC 5424. */
  readonly pid?: number
  /** Where in the row's memory its STRUCTURED-DATA (RFC 5424 §6.3) lies, and its MSGID. */
  readonly data?: readonly [from: number, to: number]
  readonly id?: string
}

export interface Enveloped {
  /** Where the message lies in the row's memory. */
  from: number
  to: number
  header: Header | undefined
}

const PRIORITIES: readonly Header[] = Array.from({ length: 192 }, (_, priority) => ({ priority }))
/** Longer headers are read from this much of a line. */
const HEAD = 8192

/** A text of which each character is one byte, as what the bytes spell. */
const utf8 = (text: string): string => {
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) > 127) return Buffer.from(text, 'latin1').toString('utf8')
  return text
}

export const openEnvelope = (): ((
  row: Row,
  from: number,
  to: number,
  arrival: number,
  timezone: string,
) => Enveloped) => {
  const out: Enveloped = { from: 0, to: 0, header: undefined }
  return (row, from, to, arrival, timezone) => {
    const { bytes: b } = row
    out.header = undefined
    while (from < to && b[from] === 0) from++
    if (b[from] === 0xef && b[from + 1] === 0xbb && b[from + 2] === 0xbf && to - from >= 3) from += 3
    out.from = from
    out.to = to
    if (b[from] === 123) unwrap(row, out)
    from = out.from
    to = out.to
    const bytes = row.bytes
    from = out.from = counted(bytes, from, to)
    const first = bytes[from]!
    // A line of the device itself, most often: it begins neither with <, nor with a month's name, nor with an ISO time.
    if (first === 60) {
      let i = from + 1
      let priority = 0
      while (i < to && i - from < 5 && bytes[i] !== 62) priority = priority * 10 + bytes[i++]! - 48
      if (bytes[i] !== 62 || !(priority >= 0 && priority <= 191) || i === from + 1) return out
      // FortiOS sends `<189>date=…` with nothing between.
      if (standsAt(bytes, i + 1, 'date=') || standsAt(bytes, i + 1, 'logver=')) {
        out.header = PRIORITIES[priority]
        out.from = i + 1
        return out
      }
    } else if (
      !(bytes[from + 3] === 32 && first >= 65 && first <= 83) &&
      !(bytes[from + 4] === 45 && bytes[from + 10] === 84 && first >= 48 && first <= 57)
    )
      return out
    // One character a byte, so that places in it are places in the line.
    const head = Buffer.from(bytes.buffer, from, Math.min(to - from, HEAD)).toString('latin1')
    const { body, ...header } = syslogHeader(head, timeOf(arrival), timezone, isDoubted(arrival))
    if (body === 0) return out
    // A line may begin with such a time of its own: only with a program's name after it is it a header.
    if (first >= 48 && first <= 57 && header.tag === undefined) return out
    out.from = Math.min(to, from + body)
    const { host, tag, id, data } = header
    out.header = {
      ...header,
      ...(host === undefined ? {} : { host: utf8(host) }),
      ...(tag === undefined ? {} : { tag: utf8(tag) }),
      ...(id === undefined ? {} : { id: utf8(id) }),
      ...(data === undefined ? {} : { data: [from + data[0], from + data[1]] }),
    }
    // RFC 5424 §6.4: a message in UTF-8 begins with a byte order mark.
    if (standsAt(bytes, out.from, '\xef\xbb\xbf')) out.from += 3
    return out
  }
}

/** Past the octet count of RFC 6587 §3.4.1 (`535 <14>1 …`), which stays where somebody wrote a stream into a file. */
const counted = (b: Uint8Array, from: number, to: number): number => {
  let i = from
  while (i < to && i - from < 7 && b[i]! >= 48 && b[i]! <= 57) i++
  return i > from && b[i] === 32 && b[i + 1] === 60 && b[i + 2]! >= 48 && b[i + 2]! <= 57 && i + 2 < to ? i + 1 : from
}

const DOCKER = new Set(['log', 'stream', 'time', 'attrs'])
const CRI = new Set(['log', 'stream', 'time', 'logtag'])

/**
 * The line that Docker's json-file driver (`{"log":"…\n","stream":"stdout","time":"…"}`) or a shipper of CRI logs wrapped:
 * only where just their keys stand there, for a line may be JSON of its own.
 */
const unwrap = (row: Row, out: Enveloped): void => {
  const { bytes: b } = row
  const end = Math.min(out.to, out.from + 64)
  let keyed = false
  for (let i = out.from + 1; i < end; i++)
    if (b[i] === 34) {
      keyed =
        standsAt(b, i, '"log"') || standsAt(b, i, '"stream"') || standsAt(b, i, '"time"') || standsAt(b, i, '"logtag"')
      break
    }
  if (!keyed) return
  let value: unknown
  try {
    value = JSON.parse(row.slice(out.from, out.to))
  } catch {
    return
  }
  if (typeof value !== 'object' || value === null) return
  const names = Object.keys(value)
  const { log, stream, time } = value as { log?: unknown; stream?: unknown; time?: unknown }
  if (typeof log !== 'string' || typeof stream !== 'string' || typeof time !== 'string' || names.length > 4) return
  if (!names.every((name) => DOCKER.has(name)) && !names.every((name) => CRI.has(name))) return
  out.from = row.write(log.replace(/\r?\n$/, ''))
  out.to = row.at
}
