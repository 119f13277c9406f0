/** Times that stand in a line's bytes, as devices write them: epoch ms, NaN where there is no such time. */
import { digits, month } from '../row/values.ts'
import { yearlessMillis } from './syslog.ts'
import type { LineContext } from './parser.ts'
import { utcMillis, zonedMillis } from './time.ts'

/** A sender writes its header and its message at once; no two zones are nearer to each other than a quarter of an hour. */
const AT_ONCE = 120_000
/**
 * The zone of a wall clock that does not say its own: the one that the header says, where the clock there reads the same (a relay or
 * a device that writes RFC 3339 before a line with local times); else the source's.
 */
export const zoneOf = (context: LineContext, wall: number): string => {
  const { header } = context
  const zone = header?.zone
  return zone !== undefined && Math.abs(zonedMillis(wall, zone) - header!.time!) < AT_ONCE ? zone : context.timezone
}
/** The time that `read` reads as one of a zone, in that of `zoneOf`. */
export const readLocal = (
  b: Uint8Array,
  from: number,
  to: number,
  context: LineContext,
  read: (b: Uint8Array, from: number, to: number, timezone: string) => number,
): number =>
  read(b, from, to, context.header?.zone === undefined ? context.timezone : zoneOf(context, read(b, from, to, 'UTC')))

/** `2026-05-14 09:30:01` or `2026/05/14T09:30:01` at `at`, as if UTC. */
export const dayTime = (b: Uint8Array, at: number): number => {
  const dash = b[at + 4]!
  if ((dash !== 45 && dash !== 47) || b[at + 7] !== dash || b[at + 13] !== 58 || b[at + 16] !== 58) return Number.NaN
  return utcMillis(
    digits(b, at, 4),
    digits(b, at + 5, 2),
    digits(b, at + 8, 2),
    digits(b, at + 11, 2),
    digits(b, at + 14, 2),
    digits(b, at + 17, 2),
  )
}

/** RFC 3339 with any of its parts left out after the seconds; without an offset it is a time of `timezone`. */
export const isoTime = (b: Uint8Array, from: number, to: number, timezone: string): number => {
  if (to - from < 19) return Number.NaN
  let wall = dayTime(b, from)
  let i = from + 19
  if (i < to && (b[i] === 46 || b[i] === 44)) {
    let unit = 100
    for (i++; i < to && b[i]! >= 48 && b[i]! <= 57; i++) {
      wall += unit >= 1 ? (b[i]! - 48) * unit : 0
      unit /= 10
    }
  }
  if (i < to && b[i] === 32) i++
  if (i >= to) return zonedMillis(wall, timezone)
  if (b[i] === 90) return wall
  const sign = b[i] === 43 ? 1 : b[i] === 45 ? -1 : Number.NaN
  const colon = b[i + 3] === 58 ? 1 : 0
  const minutes = to - i > 4 ? digits(b, i + 3 + colon, 2) : 0
  return wall - sign * (digits(b, i + 1, 2) * 60 + minutes) * 60_000
}

/**
 * `May 14 09:30:01`, `May 14 2026 09:30:01`, `May 14 2026 09:30:01.123` at `from`: the time in `zone`, and where what follows
 * begins; a time without a year is of the year that brings it nearest before `arrived`.
 */
export const monthTime = (
  b: Uint8Array,
  from: number,
  to: number,
  arrived: number,
  timezone: string,
): readonly [time: number, end: number] => {
  const none = [Number.NaN, from] as const
  const m = month(b, from)
  let i = from + 3
  while (i < to && b[i] === 32) i++
  const size = b[i + 1]! >= 48 && b[i + 1]! <= 57 ? 2 : 1
  const day = digits(b, i, size)
  i += size
  if (b[i] !== 32) return none
  while (i < to && b[i] === 32) i++
  let year = Number.NaN
  if (b[i + 4] === 32 && b[i + 2] !== 58) {
    year = digits(b, i, 4)
    i += 5
  }
  if (i + 8 > to || b[i + 2] !== 58 || b[i + 5] !== 58) return none
  const [hour, minute, second] = [digits(b, i, 2), digits(b, i + 3, 2), digits(b, i + 6, 2)]
  i += 8
  let millis = 0
  if (b[i] === 46 && i < to) {
    let unit = 100
    for (i++; i < to && b[i]! >= 48 && b[i]! <= 57; i++) {
      millis += unit >= 1 ? (b[i]! - 48) * unit : 0
      unit /= 10
    }
  }
  if (i > to) return none
  const time = Number.isNaN(year)
    ? yearlessMillis(m, day, hour, minute, second, arrived, timezone)
    : zonedMillis(utcMillis(year, m, day, hour, minute, second), timezone)
  return [time + millis, i]
}
