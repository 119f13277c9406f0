/** Dates as the locale of a Windows server writes them, with which order of day and month the numbers themselves prove. */
import { digits } from '../row/values.ts'
import { utcMillis } from './time.ts'

/** Which stands first. */
export type Order = 'day' | 'month'
export const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57
/** Where the time ended that was read last, and which order of day and month it proves, if it does. */
let stop = 0
export const timeEnd = (): number => stop
let proved: Order | undefined
export const provedOrder = (): Order | undefined => proved
const number = (b: Uint8Array, i: number, to: number): number => {
  let n = 0
  stop = i
  while (stop < to && stop - i < 4 && isDigit(b[stop])) n = n * 10 + b[stop++]! - 48
  return stop === i ? Number.NaN : n
}
/** `AM`, `PM` of English locales, `SA`, `CH` of Vietnamese ones, behind any kind of blank: 0 or 12 to add, NaN where none stands. */
const half = (b: Uint8Array, i: number, to: number): number => {
  let p = i
  // A narrow no-break space (U+202F) is three bytes, a no-break space two.
  if (b[p] === 32) p++
  else if (b[p] === 0xe2 && b[p + 1] === 0x80 && b[p + 2] === 0xaf) p += 3
  else if (b[p] === 0xc2 && b[p + 1] === 0xa0) p += 2
  if (p + 2 > to || (p + 2 < to && b[p + 2] !== 32)) return Number.NaN
  const two = ((b[p]! | 32) << 8) | (b[p + 1]! | 32)
  const found = two === 0x616d || two === 0x7361 ? 0 : two === 0x706d || two === 0x6368 ? 12 : Number.NaN
  if (Number.isNaN(found)) return found
  // Of English locales those with AM and PM mostly write the month first.
  if (proved === undefined && two !== 0x7361 && two !== 0x6368) guessed = 'month'
  stop = p + 2
  return found
}
let guessed: Order = 'day'

/**
 * `5/14/2026 9:30:01 AM`, `14/05/2026 09:30:01`, `14.05.2026 09:30:01`, `2026-05-14 09:30:01`, `20260514 09:30:01`, `14/05/2026 9:30:01 SA`: as
 * if UTC, NaN where it is none. What `order` says of day and month holds where the numbers themselves leave it open.
 */
export const localTime = (b: Uint8Array, from: number, to: number, order: Order | undefined): number => {
  proved = undefined
  guessed = 'day'
  let [year, month, day] = [Number.NaN, Number.NaN, Number.NaN]
  let i = from
  const whole = isDigit(b[from + 7]) ? digits(b, from, 8) : Number.NaN
  let [first, second] = [Number.NaN, Number.NaN]
  if (!Number.isNaN(whole)) {
    ;[year, month, day] = [Math.floor(whole / 10_000), Math.floor(whole / 100) % 100, whole % 100]
    i = from + 8
  } else {
    const a = number(b, i, to)
    const separator = b[stop]
    if (separator !== 47 && separator !== 45 && separator !== 46) return Number.NaN
    const yearFirst = stop - i === 4
    second = number(b, stop + 1, to)
    if (b[stop] !== separator) return Number.NaN
    const last = number(b, stop + 1, to)
    if (yearFirst) [year, month, day] = [a, second, last]
    else {
      first = a
      year = last < 100 ? 2000 + last : last
      if (first > 12) proved = 'day'
      else if (second > 12) proved = 'month'
      // Points stand between day and month first, everywhere.
      if (separator === 46) [day, month] = [first, second]
    }
    i = stop
  }
  if (b[i] !== 32) return Number.NaN
  while (i < to && b[i] === 32) i++
  let hour = number(b, i, to)
  if (b[stop] !== 58 && b[stop] !== 46) return Number.NaN
  const minute = number(b, stop + 1, to)
  if (b[stop] !== 58 && b[stop] !== 46) return Number.NaN
  const seconds = number(b, stop + 1, to)
  const after = stop
  const add = half(b, stop, to)
  if (Number.isNaN(add)) stop = after
  else if (!(hour >= 1 && hour <= 12)) return Number.NaN
  else hour = (hour % 12) + add
  if (Number.isNaN(day)) [day, month] = (proved ?? order ?? guessed) === 'day' ? [first, second] : [second, first]
  return utcMillis(year, month, day, hour, minute, seconds)
}
