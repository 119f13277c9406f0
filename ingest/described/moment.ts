/**
 * Times by a format: `DD/MM/YYYY HH:mm:ss.SSS Z`. YYYY, YY, MM, M, MMM (English month), DD, D, HH, H, hh, h with A (AM, PM, SA, CH), mm, ss, SSS
 * (a fraction of any length), Z (`+07:00`, `+0700`, `Z`); any other letter has to stand in brackets, `[lúc]`.
 */
import { month } from '../row/values.ts'
import { yearOf } from '../parsers/stamp.ts'
import { utcMillis, zonedMillis } from '../parsers/time.ts'

/** Epoch ms of the bytes, of `timezone` where they say no zone; NaN where they are no such time. */
export type ReadTime = (b: Uint8Array, from: number, to: number, timezone: string, arrived: number) => number

const PART = /YYYY|YY|MMM|MM|M|DD|D|HH|H|hh|h|mm|ss|S+|A|Z|\[[^\]]*\]|./gs
/** The most digits of each; the least are as many where the part is written twice. */
const DIGITS: Readonly<
  Record<string, readonly [least: number, most: number, to: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second']>
> = {
  YYYY: [4, 4, 'year'],
  YY: [2, 2, 'year'],
  MM: [2, 2, 'month'],
  M: [1, 2, 'month'],
  DD: [2, 2, 'day'],
  D: [1, 2, 'day'],
  HH: [2, 2, 'hour'],
  H: [1, 2, 'hour'],
  hh: [2, 2, 'hour'],
  h: [1, 2, 'hour'],
  mm: [2, 2, 'minute'],
  ss: [2, 2, 'second'],
}
const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57

/** What is wrong with a format, undefined where nothing is. */
export const wrongFormat = (format: string): string | undefined => {
  const parts: readonly string[] = format.match(PART) ?? []
  const letter = parts.find((part) => /^[A-Za-z]$/.test(part) && !/^[MDHhAZS]$/.test(part))
  if (letter !== undefined) return `the letter ${letter}: text stands in brackets, [${letter}]`
  const has = (...names: string[]) => names.some((name) => parts.includes(name))
  if (!has('MM', 'M', 'MMM') || !has('DD', 'D')) return 'no month or no day: such as DD/MM/YYYY HH:mm:ss'
  if (!has('HH', 'H', 'hh', 'h') || !has('mm')) return 'no hour or no minute: such as DD/MM/YYYY HH:mm:ss'
  if (has('hh', 'h') && !has('A')) return 'hh is of twelve hours and needs A (AM or PM): write HH for 24'
  return undefined
}

export const momentOf = (format: string): ReadTime => {
  const parts: readonly string[] = format.match(PART) ?? []
  return (b, from, to, timezone, arrived) => {
    let [year, mon, day, hour, minute, second, millis, offset, half] = [Number.NaN, 1, 1, 0, 0, 0, 0, Number.NaN, -1]
    let i = from
    for (const part of parts) {
      const digits = Object.hasOwn(DIGITS, part) ? DIGITS[part] : undefined
      if (digits) {
        const [least, most, what] = digits
        let [n, k] = [0, 0]
        while (k < most && i < to && isDigit(b[i])) {
          n = n * 10 + b[i++]! - 48
          k++
        }
        if (k < least) return Number.NaN
        if (what === 'year') year = part === 'YY' ? 2000 + n : n
        else if (what === 'month') mon = n
        else if (what === 'day') day = n
        else if (what === 'hour') hour = n
        else if (what === 'minute') minute = n
        else second = n
      } else if (part === 'MMM') {
        mon = i + 3 <= to ? month(b, i) : Number.NaN
        i += 3
      } else if (part[0] === 'S') {
        let scale = 100
        if (!isDigit(b[i]) || i >= to) return Number.NaN
        for (; i < to && isDigit(b[i]); i++) {
          millis += (b[i]! - 48) * scale
          scale /= 10
        }
      } else if (part === 'A') {
        if (i + 2 > to) return Number.NaN
        const two = ((b[i]! | 32) << 8) | (b[i + 1]! | 32)
        half = two === 0x616d || two === 0x7361 ? 0 : two === 0x706d || two === 0x6368 ? 12 : -1
        if (half < 0 || !(hour >= 1 && hour <= 12)) return Number.NaN
        i += 2
      } else if (part === 'Z') {
        const m = /^(?:Z|([+-])(\d\d):?(\d\d)?)/.exec(
          Buffer.from(b.buffer, b.byteOffset + i, Math.min(6, to - i)).toString('latin1'),
        )
        if (!m) return Number.NaN
        offset = m[1] === undefined ? 0 : (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3] ?? 0))
        i += m[0].length
      } else
        for (const byte of Buffer.from(part.length > 1 ? part.slice(1, -1) : part)) {
          if (i >= to || b[i] !== byte) return Number.NaN
          i++
        }
    }
    if (i !== to) return Number.NaN
    if (half >= 0) hour = (hour % 12) + half
    const wall = (y: number): number => utcMillis(y, mon, day, hour, minute, second)
    const rest = Math.floor(millis)
    if (Number.isNaN(year)) return yearOf(wall, arrived, timezone) + rest
    return Number.isNaN(offset) ? zonedMillis(wall(year), timezone) + rest : wall(year) + rest - offset * 60_000
  }
}
