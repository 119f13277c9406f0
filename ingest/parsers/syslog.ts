import { digits, isoMillis, monthAt, utcMillis, zonedMillis } from './time.ts'

export interface SyslogHeader {
  /** Where the message begins. */
  readonly body: number
  readonly priority?: number
  readonly host?: string
  readonly time?: number
  /** The zone that the time says itself: 'UTC', '+07:00'. */
  readonly zone?: string
  /** The program: `nginx` of `nginx[123]:` or the APP-NAME of RFC 5424. */
  readonly tag?: string
  /** Its process: 123 of `nginx[123]:` or the PROCID of RFC 5424 where that is a number. */
  readonly pid?: number
  /** Where the STRUCTURED-DATA of RFC 5424 lies, and its MSGID. */
  readonly data?: readonly [from: number, to: number]
  readonly id?: string
}

const PRI = /^<(\d{1,3})>/
// RFC 5424 §6: VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID; structured data is read by hand.
// One character is one byte here: what \s takes for a blank may be the middle of a letter.
const RFC5424 = /^(?:1 )([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ?/
// RFC 3164 §4.1 with the deviations of the field: a year (Cisco, Fortinet), an ISO time (rsyslog), no host.
const BSD = /^([A-Za-z]{3}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d:\d\d:\d\d)(?:\.\d{1,9})?:? (?:(\d{4}) )?/
const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) /
// No host's name holds a comma: PAN-OS writes `1,2026/05/14 09:30:01,…` where others write theirs.
const HOST = /^([^ \t,=:[\]"<>{}]{1,255}|[0-9A-Fa-f:.]{2,45}) (?=[^ \t])/
// A number is a sequence number (Cisco) or the beginning of a time (`2026:05:14-09:30:01` of Sophos UTM).
const TAG = /^(?!CEF:|LEEF:|\d+:|\d\d\/\d\d\/\d{4}:)(\([\w./-]{1,46}\)|[\w./-]{1,48})(?:\[(\d{1,10})\])?: ?/

/** The zone at the end of an RFC 3339 time. */
const zoneOf = (time: string): { readonly zone?: string } => {
  if (time.endsWith('Z')) return { zone: 'UTC' }
  const said = /([+-]\d\d):?(\d\d)$/.exec(time.slice(19))
  return said ? { zone: `${said[1]}:${said[2]}` } : {}
}

const HALF_A_YEAR = 183 * 86_400_000
/** No zone is farther from UTC. */
const FARTHEST = 15 * 3_600_000

/**
 * The end of STRUCTURED-DATA (RFC 5424 §6.3) that begins at `at`, `at` where none stands there: SD-ID and what brackets enclose. What
 * only begins alike (`[action:"Accept"; …]` of Check Point) is the message.
 */
const structuredEnd = (line: string, at: number): number => {
  let i = at
  while (line.charCodeAt(i) === 91) {
    const begin = i
    for (i++; i < line.length && line.charCodeAt(i) !== 32 && line.charCodeAt(i) !== 93; i++) {
      const c = line.charCodeAt(i)
      if (c === 34 || c === 61) return begin
    }
    if (i === begin + 1) return begin
    let quoted = false
    for (; i < line.length; i++) {
      const c = line.charCodeAt(i)
      if (quoted && c === 92) i++
      else if (c === 34) quoted = !quoted
      else if (c === 93 && !quoted) break
    }
    // Not closed in what is looked at: it is left to whoever reads the message.
    if (i >= line.length) return begin
    i++
  }
  return i
}

/**
 * A time without a year is of the year that brings it nearest before arrival (a day of clock error allowed); where the clock
 * of the arrival is doubted, nearest to it on either side.
 */
export const yearlessMillis = (
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  arrived: number,
  timezone: string,
  doubted = false,
): number => {
  const year = new Date(arrived).getUTCFullYear()
  const after = doubted ? HALF_A_YEAR : 86_400_000
  for (const candidate of [year + 1, year, year - 1, year - 2, year - 3, year - 4]) {
    const wall = utcMillis(candidate, month, day, hour, minute, second)
    // A zone is looked up only where the year may be the one: it remembers one hour, and is slow to find another.
    if (wall - FARTHEST > arrived + after) continue
    const time = zonedMillis(wall, timezone)
    if (time <= arrived + after) return time
  }
  return Number.NaN
}

/** Reads the header that a syslog sender or relay put before a message; without one `body` is 0. */
export const syslogHeader = (line: string, arrived: number, timezone: string, doubted = false): SyslogHeader => {
  const pri = PRI.exec(line)
  const priority = pri && Number(pri[1]) <= 191 ? Number(pri[1]) : undefined
  let at = pri && priority !== undefined ? pri[0].length : 0
  while (line.charCodeAt(at) === 32) at++
  const known = priority === undefined ? {} : { priority }
  // FortiOS sends `<189>date=…` with nothing between.
  if (line.startsWith('date=', at)) return { ...known, body: at }
  let rest = line.slice(at, at + 1024)
  const modern = RFC5424.exec(rest)
  if (modern) {
    const time = isoMillis(modern[1]!, timezone)
    if (!Number.isNaN(time) || modern[1] === '-') {
      const data = at + modern[0].length
      const end = structuredEnd(line, data)
      let body = end === data && line.charCodeAt(end) === 45 ? end + 1 : end
      while (line.charCodeAt(body) === 32) body++
      return {
        ...known,
        body,
        ...(end > data ? { data: [data, end] as const } : {}),
        ...(modern[2] === '-' ? {} : { host: modern[2]! }),
        ...(modern[3] === '-' ? {} : { tag: modern[3]! }),
        ...(modern[5] === '-' ? {} : { id: modern[5]! }),
        ...(/^\d{1,10}$/.test(modern[4]!) ? { pid: Number(modern[4]) } : {}),
        ...(Number.isNaN(time) ? {} : { time }),
        ...zoneOf(modern[1]!),
      }
    }
  }
  let time = Number.NaN
  let zone = {}
  const bsd = BSD.exec(rest)
  const iso = bsd ? null : ISO.exec(rest)
  if (bsd) {
    const month = monthAt(bsd[1]!, 0)
    const year = bsd[3] ?? bsd[5]
    const clock = bsd[4]!
    const day = Number(bsd[2])
    time = year
      ? zonedMillis(
          utcMillis(Number(year), month, day, digits(clock, 0, 2), digits(clock, 3, 2), digits(clock, 6, 2)),
          timezone,
        )
      : yearlessMillis(
          month,
          day,
          digits(clock, 0, 2),
          digits(clock, 3, 2),
          digits(clock, 6, 2),
          arrived,
          timezone,
          doubted,
        )
    if (Number.isNaN(time)) return { ...known, body: at }
    at += bsd[0].length
  } else if (iso) {
    zone = zoneOf(iso[1]!)
    time = isoMillis(iso[1]!, timezone)
    if (Number.isNaN(time)) return { ...known, body: at }
    at += iso[0].length
  } else if (priority === undefined) return { body: 0 }
  rest = line.slice(at, at + 512)
  // A host stands only after a time: without one the first word may belong to the message.
  const host = bsd || iso ? HOST.exec(rest) : null
  if (host) at += host[0].length
  const tag = TAG.exec(line.slice(at, at + 80))
  if (tag) at += tag[0].length
  return {
    ...known,
    body: at,
    ...(host ? { host: host[1]! } : {}),
    ...(tag ? { tag: tag[1]! } : {}),
    ...(tag?.[2] === undefined ? {} : { pid: Number(tag[2]) }),
    ...(Number.isNaN(time) ? {} : { time }),
    ...zone,
  }
}
