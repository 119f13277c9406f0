/** Reading numbers, times and words out of bytes, without making strings of them. */
import { utcMillis } from '../parsers/time.ts'

/** A whole number of at most 15 digits, so that it is exact; NaN for anything else. */
export const integer = (bytes: Uint8Array, from: number, to: number): number => {
  let i = from
  const negative = bytes[i] === 45
  if (negative) i++
  if (i >= to || to - i > 15) return Number.NaN
  let n = 0
  for (; i < to; i++) {
    const c = bytes[i]! - 48
    if (!(c >= 0 && c <= 9)) return Number.NaN
    n = n * 10 + c
  }
  return negative && n !== 0 ? -n : n
}
/** The number that `count` digits at `at` spell, NaN where one is no digit. */
export const digits = (bytes: Uint8Array, at: number, count: number): number => {
  let n = 0
  for (let i = at; i < at + count; i++) {
    const c = bytes[i]! - 48
    if (!(c >= 0 && c <= 9)) return Number.NaN
    n = n * 10 + c
  }
  return n
}
/** A port; NaN where it is none. */
export const port = (bytes: Uint8Array, from: number, to: number): number => {
  const n = integer(bytes, from, to)
  return n >= 0 && n <= 65535 ? n : Number.NaN
}

/** `2026-05-14` at `at` and `09:30:01` at `clock`, as if UTC, epoch ms; NaN where there is no such time. */
export const dateTime = (bytes: Uint8Array, at: number, clock: number): number =>
  bytes[at + 4] === 45 && bytes[at + 7] === 45 && bytes[clock + 2] === 58 && bytes[clock + 5] === 58
    ? utcMillis(
        digits(bytes, at, 4),
        digits(bytes, at + 5, 2),
        digits(bytes, at + 8, 2),
        digits(bytes, clock, 2),
        digits(bytes, clock + 3, 2),
        digits(bytes, clock + 6, 2),
      )
    : Number.NaN

/** English month names by their first three letters in lower case, as one number. */
const MONTHS = new Map(
  ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map((name, i) => [
    (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2),
    i + 1,
  ]),
)
export const month = (bytes: Uint8Array, at: number): number =>
  MONTHS.get(((bytes[at]! | 32) << 16) | ((bytes[at + 1]! | 32) << 8) | (bytes[at + 2]! | 32)) ?? Number.NaN

let lastDay = -1
let lastDays = Number.NaN
/** `14/May/2026:09:30:01 +0700` at `at` (the common log format), epoch ms; NaN where it is none. */
export const clfTime = (bytes: Uint8Array, at: number): number => {
  if (bytes[at + 2] !== 47 || bytes[at + 6] !== 47 || bytes[at + 11] !== 58) return Number.NaN
  const date = (digits(bytes, at + 7, 4) * 100 + month(bytes, at + 3)) * 100 + digits(bytes, at, 2)
  if (date !== lastDay) {
    lastDays = utcMillis(digits(bytes, at + 7, 4), month(bytes, at + 3), digits(bytes, at, 2), 0, 0, 0)
    lastDay = date
  }
  const [hour, minute, second] = [digits(bytes, at + 12, 2), digits(bytes, at + 15, 2), digits(bytes, at + 18, 2)]
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return Number.NaN
  const offset = (digits(bytes, at + 22, 2) * 60 + digits(bytes, at + 24, 2)) * 60_000
  const wall = lastDays + (hour * 3600 + minute * 60 + second) * 1000
  const sign = bytes[at + 21]
  return sign === 43 ? wall - offset : sign === 45 ? wall + offset : Number.NaN
}

/** Whether the bytes at `at` are those of an ASCII text. */
export const standsAt = (bytes: Uint8Array, at: number, text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}
/** Whether a range is just that ASCII text. */
export const is = (bytes: Uint8Array, from: number, to: number, text: string): boolean =>
  to - from === text.length && standsAt(bytes, from, text)
/** Where a byte stands first, -1 where it does not. */
export const find = (bytes: Uint8Array, byte: number, from: number, to: number): number => {
  for (let i = from; i < to; i++) if (bytes[i] === byte) return i
  return -1
}
/** What follows a blank at `at`; `at` where none stands there: a byte that was not looked at may be within a character. */
export const pastBlank = (bytes: Uint8Array, at: number, to: number): number =>
  at < to && bytes[at] === 32 ? at + 1 : Math.min(at, to)
/** Where a byte stands last, -1 where it does not. */
export const findLast = (bytes: Uint8Array, byte: number, from: number, to: number): number => {
  for (let i = to - 1; i >= from; i--) if (bytes[i] === byte) return i
  return -1
}
/** A copy in ASCII lower case is needed: some letter is a capital, or not ASCII. */
export const hasCapital = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) {
    const c = bytes[i]!
    if ((c >= 65 && c <= 90) || c > 127) return true
  }
  return false
}
