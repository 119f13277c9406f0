/** Times out of log lines, without Date in the hot path: a line costs a few integer operations. */

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Howard Hinnant, "days_from_civil"). */
const days = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yoe = y - era * 400
  const doy = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146097 + yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy - 719468
}

const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const lengthOf = (year: number, month: number): number =>
  month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : LENGTHS[month - 1]!

/** Epoch ms of a date and time taken as UTC; NaN where there is no such time. A leap second is the second after it. */
export const utcMillis = (
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number => {
  if (!(year >= 1970 && year <= 2999 && month >= 1 && month <= 12 && day >= 1 && day <= lengthOf(year, month))) {
    return Number.NaN
  }
  if (!(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60)) return Number.NaN
  return days(year, month, day) * 86_400_000 + (hour * 3600 + minute * 60 + second) * 1000
}

/** The number that `count` digits at `at` spell, NaN where one is no digit. */
export const digits = (text: string, at: number, count: number): number => {
  let n = 0
  for (let i = at; i < at + count; i++) {
    const c = text.charCodeAt(i) - 48
    if (!(c >= 0 && c <= 9)) return Number.NaN
    n = n * 10 + c
  }
  return n
}

/** `2026-05-14` at `at` and `09:30:01` at `clock`, as if UTC. */
export const dateTimeMillis = (text: string, at: number, clock: number): number =>
  text.charCodeAt(at + 4) === 45 && text.charCodeAt(at + 7) === 45 && text.charCodeAt(clock + 2) === 58
    ? utcMillis(
        digits(text, at, 4),
        digits(text, at + 5, 2),
        digits(text, at + 8, 2),
        digits(text, clock, 2),
        digits(text, clock + 3, 2),
        digits(text, clock + 6, 2),
      )
    : Number.NaN

const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec'
/** 1 to 12 of an English month name's first three letters at `at`; NaN where it is none. */
export const monthAt = (text: string, at: number): number => {
  const i = MONTHS.indexOf(text.slice(at, at + 3).toLowerCase())
  return i >= 0 && i % 3 === 0 && at + 3 <= text.length ? i / 3 + 1 : Number.NaN
}

/** Offset in ms of `+0700`, `+07:00`, `-7`, `UTC+7:00` or `Z`; NaN where the text is none. */
export const offsetMillis = (text: string): number => {
  if (text.length === 5 && text.charCodeAt(3) !== 58) {
    const sign = text.charCodeAt(0)
    const minutes = digits(text, 1, 2) * 60 + digits(text, 3, 2)
    if (sign === 43) return minutes * 60_000
    if (sign === 45) return -minutes * 60_000
  }
  const m = /^(?:[A-Za-z]{1,4})?([+-])(\d{1,2}):?(\d{2})?$/.exec(text)
  if (m) return (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3] ?? 0)) * 60_000
  return /^(?:Z|UTC|GMT)$/i.test(text) ? 0 : Number.NaN
}

interface Zone {
  readonly format: Intl.DateTimeFormat | undefined
  hour: number
  offset: number
}
const zones = new Map<string, Zone>()

const newZone = (name: string): Zone => {
  // A line says it: no more than a number is made of it.
  if (/^[+-]\d\d:\d\d$/.test(name)) return { format: undefined, hour: Number.NaN, offset: offsetMillis(name) }
  let format: Intl.DateTimeFormat | undefined
  try {
    if (name !== 'UTC') {
      format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset', year: 'numeric' })
    }
  } catch {
    format = undefined // not an IANA zone: the configuration says so where it is read, a parser never throws
  }
  return { format, hour: Number.NaN, offset: 0 }
}

const offsetAt = (format: Intl.DateTimeFormat, utc: number): number => {
  const name = format.formatToParts(utc).find((part) => part.type === 'timeZoneName')?.value ?? ''
  const m = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name)
  if (!m) return 0
  return (m[1] === '-' ? -1000 : 1000) * (Number(m[2]) * 3600 + Number(m[3]) * 60 + Number(m[4] ?? 0))
}

/** UTC of a wall-clock time (given as if UTC) in an IANA zone. The offset is looked up once an hour of wall clock. */
export const zonedMillis = (wall: number, timezone: string): number => {
  if (timezone === 'UTC') return wall
  let zone = zones.get(timezone)
  if (!zone) {
    if (zones.size >= 1000) zones.clear()
    zones.set(timezone, (zone = newZone(timezone)))
  }
  if (!zone.format || Number.isNaN(wall)) return wall - zone.offset
  const hour = Math.floor(wall / 3_600_000)
  if (zone.hour !== hour) {
    // Twice, since the first offset is that of another moment near a change of clocks.
    const first = offsetAt(zone.format, wall)
    zone.offset = offsetAt(zone.format, wall - first)
    zone.hour = hour
  }
  return wall - zone.offset
}

/** RFC 3339 (`2026-05-14T09:30:01.123456+07:00`); without an offset the time is of `timezone`. NaN where it is none. */
export const isoMillis = (text: string, timezone: string): number => {
  const m = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(text)
  if (!m) return Number.NaN
  const wall = dateTimeMillis(text, 0, 11) + (m[1] ? Math.floor(Number(`0.${m[1]}`) * 1000) : 0)
  return m[2] ? wall - offsetMillis(m[2]) : zonedMillis(wall, timezone)
}

/** `14/May/2026:09:30:01 +0700` at `at` (the common log format); NaN where it is none. */
export const clfMillis = (text: string, at: number): number => {
  if (text.charCodeAt(at + 2) !== 47 || text.charCodeAt(at + 6) !== 47 || text.charCodeAt(at + 11) !== 58) {
    return Number.NaN
  }
  const wall = utcMillis(
    digits(text, at + 7, 4),
    monthAt(text, at + 3),
    digits(text, at, 2),
    digits(text, at + 12, 2),
    digits(text, at + 15, 2),
    digits(text, at + 18, 2),
  )
  const sign = text.charCodeAt(at + 21)
  const offset = (digits(text, at + 22, 2) * 60 + digits(text, at + 24, 2)) * 60_000
  return sign === 43 ? wall - offset : sign === 45 ? wall + offset : Number.NaN
}
