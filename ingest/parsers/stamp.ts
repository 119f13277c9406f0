/** Times as devices write them, read from bytes. */
import { dateTime, digits, find, integer, month } from '../row/values.ts'
import { utcMillis, zonedMillis } from './time.ts'

/** Epoch ms of seconds with a fraction, or of milliseconds; NaN where it is neither. */
export const epoch = (bytes: Uint8Array, from: number, to: number): number => {
  const dot = find(bytes, 46, from, to)
  const whole = integer(bytes, from, dot < 0 ? to : dot)
  const size = (dot < 0 ? to : dot) - from
  if (size >= 12 && size <= 14 && dot < 0) return whole
  if (!(size >= 9 && size <= 11)) return Number.NaN
  if (dot < 0) return whole * 1000
  const places = Math.min(3, to - dot - 1)
  const fraction = integer(bytes, dot + 1, dot + 1 + places)
  return whole * 1000 + (places > 0 ? fraction * 10 ** (3 - places) : 0)
}

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57

/** Where the time ended that was read last. */
let end = 0
export const stampEnd = (): number => end

/** The digits after a point or comma at `at`, as a fraction of a second in ms with what is below it; 0 where there are none. */
const fraction = (b: Uint8Array, at: number, to: number): number => {
  end = at
  if (at >= to || (b[at] !== 46 && b[at] !== 44) || !isDigit(b[at + 1])) return 0
  let [n, scale] = [0, 100]
  let i = at + 1
  for (; i < to && isDigit(b[i]); i++) {
    n += (b[i]! - 48) * scale
    scale /= 10
  }
  end = i
  return n
}
/** Minutes of `Z`, `+07:00`, `+0700`, `+07` at `at`, NaN where no zone stands there. */
const zone = (b: Uint8Array, at: number, to: number): number => {
  const c = b[at]
  if (at >= to) return Number.NaN
  if (c === 90 || c === 122) {
    end = at + 1
    return 0
  }
  if (c !== 43 && c !== 45) return Number.NaN
  const hours = digits(b, at + 1, 2)
  if (at + 3 > to || Number.isNaN(hours)) return Number.NaN
  let i = at + 3
  let minutes = 0
  if (i + 2 < to && b[i] === 58 && isDigit(b[i + 1])) {
    minutes = digits(b, i + 1, 2)
    i += 3
  } else if (i + 1 < to && isDigit(b[i])) {
    minutes = digits(b, i, 2)
    i += 2
  }
  end = i
  return (c === 45 ? -1 : 1) * (hours * 60 + minutes)
}

/**
 * Epoch ms of `2026-05-14T09:30:01.123456+07:00` (RFC 3339), also with a blank for `T`, `/` for `-`, a comma before the
 * fraction, a blank before the zone; without a zone it is of `timezone`. It ends at `stampEnd()`. NaN where it is none.
 */
export const isoTime = (b: Uint8Array, from: number, to: number, timezone: string): number => {
  if (to - from < 19) return Number.NaN
  const separator = b[from + 10]
  if (separator !== 84 && separator !== 32 && separator !== 116) return Number.NaN
  const slashed = b[from + 4] === 47 && b[from + 7] === 47
  const wall = slashed
    ? b[from + 13] === 58 && b[from + 16] === 58
      ? utcMillis(
          digits(b, from, 4),
          digits(b, from + 5, 2),
          digits(b, from + 8, 2),
          digits(b, from + 11, 2),
          digits(b, from + 14, 2),
          digits(b, from + 17, 2),
        )
      : Number.NaN
    : dateTime(b, from, from + 11)
  if (Number.isNaN(wall)) return Number.NaN
  const millis = Math.floor(fraction(b, from + 19, to))
  const after = end
  let minutes = zone(b, after, to)
  if (Number.isNaN(minutes) && b[after] === 32 && (b[after + 1] === 43 || b[after + 1] === 45 || b[after + 1] === 90))
    minutes = zone(b, after + 1, to)
  if (Number.isNaN(minutes)) {
    end = after
    return zonedMillis(wall, timezone) + millis
  }
  return wall + millis - minutes * 60_000
}

/** A wall-clock time without a year is of the year that brings it nearest before arrival, a day of clock error allowed. */
export const yearOf = (wall: (year: number) => number, arrived: number, timezone: string): number => {
  const year = new Date(arrived).getUTCFullYear()
  for (const candidate of [year + 1, year, year - 1, year - 2, year - 3, year - 4]) {
    const time = zonedMillis(wall(candidate), timezone)
    if (time <= arrived + 86_400_000) return time
  }
  return Number.NaN
}

/** `14/May/2026:09:30:01`, `14/May/2026:09:30:01.726 +0700`; without a zone of `timezone`. NaN where it is none. */
export const clfStamp = (b: Uint8Array, at: number, to: number, timezone: string): number => {
  if (to - at < 20 || b[at + 2] !== 47 || b[at + 6] !== 47 || b[at + 11] !== 58) return Number.NaN
  const wall = utcMillis(
    digits(b, at + 7, 4),
    month(b, at + 3),
    digits(b, at, 2),
    digits(b, at + 12, 2),
    digits(b, at + 15, 2),
    digits(b, at + 18, 2),
  )
  const millis = Math.floor(fraction(b, at + 20, to))
  const minutes = b[end] === 32 ? zone(b, end + 1, to) : Number.NaN
  return Number.isNaN(minutes) ? zonedMillis(wall, timezone) + millis : wall + millis - minutes * 60_000
}

/** `Thu May 14 09:30:01.123456 2026` or without the fraction (ctime, Apache's error log), of `timezone`; NaN where it is none. */
export const ctime = (b: Uint8Array, from: number, to: number, timezone: string): number => {
  if (to - from < 24 || b[from + 3] !== 32 || b[from + 7] !== 32) return Number.NaN
  const m = month(b, from + 4)
  const day = b[from + 8] === 32 ? digits(b, from + 9, 1) : digits(b, from + 8, 2)
  const clock = from + 11
  if (b[clock + 2] !== 58 || b[clock + 5] !== 58) return Number.NaN
  const millis = Math.floor(fraction(b, clock + 8, to))
  if (b[end] !== 32) return Number.NaN
  const year = digits(b, end + 1, 4)
  end += 5
  const wall = utcMillis(year, m, day, digits(b, clock, 2), digits(b, clock + 3, 2), digits(b, clock + 6, 2))
  return zonedMillis(wall, timezone) + millis
}

/**
 * `May 14 2026 09:30:01.123 +07:00`, `May 14 09:30:01`, `14 May 2026 09:30:01`: without a zone of `timezone`, without a year of the one
 * that brings it nearest before arrival. NaN where it is none.
 */
export const namedTime = (b: Uint8Array, from: number, to: number, timezone: string, arrived: number): number => {
  const words: number[] = []
  for (let i = from; i < to && words.length < 10; ) {
    while (i < to && (b[i] === 32 || b[i] === 44)) i++
    if (i >= to) break
    const begin = i
    while (i < to && b[i] !== 32 && b[i] !== 44) i++
    words.push(begin, i)
  }
  const size = (word: number): number => words[word * 2 + 1]! - words[word * 2]!
  if (words.length < 6) return Number.NaN
  const dayFirst = isDigit(b[words[0]!])
  const [dayAt, monthAt] = dayFirst ? [0, 1] : [1, 0]
  const m = size(monthAt) >= 3 ? month(b, words[monthAt * 2]!) : Number.NaN
  const day = size(dayAt) <= 2 ? digits(b, words[dayAt * 2]!, size(dayAt)) : Number.NaN
  const hasYear = size(2) === 4 && isDigit(b[words[4]!])
  const clock = hasYear ? 3 : 2
  const at = words[clock * 2]
  if (at === undefined || size(clock) < 8 || b[at + 2] !== 58 || b[at + 5] !== 58) return Number.NaN
  const [h, mi, sec] = [digits(b, at, 2), digits(b, at + 3, 2), digits(b, at + 6, 2)]
  const millis = Math.floor(fraction(b, at + 8, words[clock * 2 + 1]!))
  const wall = (year: number): number => utcMillis(year, m, day, h, mi, sec)
  const zoned = words[clock * 2 + 2]
  const minutes = zoned === undefined ? Number.NaN : isUtc(b, zoned, to) ? 0 : zone(b, zoned, to)
  if (!Number.isNaN(minutes) && hasYear) return wall(digits(b, words[4]!, 4)) + millis - minutes * 60_000
  return (hasYear ? zonedMillis(wall(digits(b, words[4]!, 4)), timezone) : yearOf(wall, arrived, timezone)) + millis
}
const isUtc = (b: Uint8Array, at: number, to: number): boolean =>
  to - at >= 3 &&
  ((b[at] === 71 && b[at + 1] === 77 && b[at + 2] === 84) || (b[at] === 85 && b[at + 1] === 84 && b[at + 2] === 67))
