import { digits, isoMillis, monthAt, utcMillis, zonedMillis } from './time.ts'

export interface SyslogHeader {
  /** Where the message begins. */
  readonly body: number
  readonly priority?: number
  readonly host?: string
  readonly time?: number
  /** The program: `nginx` of `nginx[123]:` or the APP-NAME of RFC 5424. */
  readonly tag?: string
  /** Its process: `123` of `nginx[123]:`, a PROCID that is a number. */
  readonly pid?: number
}

const PRI = /^<(\d{1,3})>/
// RFC 5424 §6: VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID; structured data is read by hand.
const RFC5424 = /^(?:1 )(\S+) (\S+) (\S+) (\S+) (\S+) ?/
// RFC 3164 §4.1 with the deviations of the field: a year (Cisco, Fortinet), an ISO time (rsyslog), no host.
const BSD = /^([A-Za-z]{3}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d:\d\d:\d\d)(?:\.\d{1,9})?:? (?:(\d{4}) )?/
const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) /
const HOST = /^([^\s=:[\]"<>{}]{1,255}|[0-9A-Fa-f:.]{2,45}) (?=\S)/
const TAG = /^(?!CEF:|LEEF:|\d\d\/\d\d\/\d{4}:)(\([\w./-]{1,46}\)|[\w./-]{1,48})(?:\[(\d{1,10})\])?: ?/

const HALF_A_YEAR = 183 * 86_400_000

/** The end of STRUCTURED-DATA (RFC 5424 §6.3) that begins at `at`. */
const afterStructured = (line: string, at: number): number => {
  let i = at
  while (line.charCodeAt(i) === 91) {
    let quoted = false
    for (i++; i < line.length; i++) {
      const c = line.charCodeAt(i)
      if (quoted && c === 92) i++
      else if (c === 34) quoted = !quoted
      else if (c === 93 && !quoted) break
    }
    i++
  }
  if (i === at && line.charCodeAt(i) === 45) i++
  while (line.charCodeAt(i) === 32) i++
  return i
}

/**
 * A time without a year is of the year that brings it nearest before arrival (a day of clock error allowed); where the clock
 * of the arrival is doubted, nearest to it on either side.
 */
const yearless = (
  month: number,
  day: number,
  clock: string,
  arrived: number,
  timezone: string,
  doubted: boolean,
): number => {
  const year = new Date(arrived).getUTCFullYear()
  const after = doubted ? HALF_A_YEAR : 86_400_000
  for (const candidate of [year + 1, year, year - 1, year - 2, year - 3, year - 4]) {
    const wall = utcMillis(candidate, month, day, digits(clock, 0, 2), digits(clock, 3, 2), digits(clock, 6, 2))
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
      return {
        ...known,
        body: afterStructured(line, at + modern[0].length),
        ...(modern[2] === '-' ? {} : { host: modern[2]! }),
        ...(modern[3] === '-' ? {} : { tag: modern[3]! }),
        ...(/^\d{1,10}$/.test(modern[4]!) ? { pid: Number(modern[4]) } : {}),
        ...(Number.isNaN(time) ? {} : { time }),
      }
    }
  }
  let time = Number.NaN
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
      : yearless(month, day, clock, arrived, timezone, doubted)
    if (Number.isNaN(time)) return { ...known, body: at }
    at += bsd[0].length
  } else if (iso) {
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
    ...(tag?.[2] ? { pid: Number(tag[2]) } : {}),
    ...(Number.isNaN(time) ? {} : { time }),
  }
}
