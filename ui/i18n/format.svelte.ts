import { clock } from '../state/clock.svelte.ts'
import { i18n } from './index.svelte.ts'

/** One zone for everybody: a log, a report and a phone call speak of the same moment. */
const ZONE = 'Asia/Ho_Chi_Minh'
const ZONE_NAME = 'GMT+7'
const locale = () => (i18n.language === 'en' ? 'en-GB' : 'vi-VN')

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>()
const numbers = (options: Intl.NumberFormatOptions = {}): Intl.NumberFormat => {
  const key = `n${locale()}${JSON.stringify(options)}`
  if (!cache.has(key)) cache.set(key, new Intl.NumberFormat(locale(), options))
  return cache.get(key) as Intl.NumberFormat
}
const dates = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
  const key = `d${locale()}${JSON.stringify(options)}`
  if (!cache.has(key))
    cache.set(key, new Intl.DateTimeFormat(locale(), { timeZone: ZONE, hourCycle: 'h23', ...options }))
  return cache.get(key) as Intl.DateTimeFormat
}

export const number = (value: number, digits = 0): string => numbers({ maximumFractionDigits: digits }).format(value)
/** Short, for a chart's axis or a narrow column: 12,4 N. */
export const compact = (value: number): string =>
  Math.abs(value) < 10_000 ? number(value) : numbers({ notation: 'compact', maximumFractionDigits: 1 }).format(value)
export const percent = (value: number): string => numbers({ style: 'percent', maximumFractionDigits: 0 }).format(value)

export const bytes = (value: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let n = value
  let i = 0
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1000
  return `${number(n, n < 100 && i ? 1 : 0)} ${units[i]}`
}

const clockTime = (at: number, seconds = false): string =>
  dates({ hour: '2-digit', minute: '2-digit', ...(seconds && { second: '2-digit' }) }).format(at)
export const day = (at: number): string =>
  i18n.language === 'en'
    ? dates({ day: '2-digit', month: 'short', year: 'numeric' }).format(at)
    : dates({ day: '2-digit', month: '2-digit', year: 'numeric' }).format(at)
export const dayMonth = (at: number): string =>
  i18n.language === 'en'
    ? dates({ day: '2-digit', month: 'short' }).format(at)
    : dates({ day: '2-digit', month: '2-digit' }).format(at).replace('-', '/')
export const weekday = (at: number): string => dates({ weekday: 'long' }).format(at)
export const time = (at: number): string => clockTime(at)
export const dateTime = (at: number): string => `${day(at)} ${clockTime(at)}`
/** With seconds and zone, for a tooltip. */
export const exact = (at: number): string => `${day(at)} ${clockTime(at, true)} ${ZONE_NAME}`
/** With milliseconds, for the rows of the event table. */
export const stamp = (at: number): string => `${dayMonth(at)} ${clockTime(at, true)}`

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A length of time in its largest unit, two where the second matters: "3 phút", "2 giờ 10 phút". */
export const duration = (ms: number, fine = false): string => {
  const u = i18n.t.units
  const n = Math.abs(ms)
  if (n < SECOND) return `${number(n / SECOND, 1)} ${u.second}`
  if (n < 10 * SECOND && fine) return `${number(n / SECOND, 1)} ${u.second}`
  if (n < MINUTE) return `${number(Math.floor(n / SECOND))} ${u.second}`
  if (n < HOUR) return u.minutes(Math.floor(n / MINUTE))
  const hours = Math.floor(n / HOUR)
  const minutes = Math.floor((n % HOUR) / MINUTE)
  if (n < DAY) return fine && minutes ? `${u.hours(hours)} ${u.minutes(minutes)}` : u.hours(hours)
  const days = Math.floor(n / DAY)
  const rest = Math.floor((n % DAY) / HOUR)
  return fine && rest && days < 10 ? `${u.days(days)} ${u.hours(rest)}` : u.days(days)
}
/** How long ago, by the server's clock. */
export const ago = (at: number): string => {
  const ms = clock.now - at
  return ms < MINUTE ? i18n.t.units.now : duration(ms)
}
/** What a person types and reads in a field, in either language: 21/11/2026 14:05. */
export const timeField = (at: number): string => {
  const [, year, month, date, clock] = /^(\d+)-(\d+)-(\d+)T(\d+:\d+)/.exec(new Date(at + 7 * HOUR).toISOString())!
  return `${date}/${month}/${year} ${clock}`
}
export const parseTime = (text: string): number | undefined => {
  const m = /^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[\s,]+(\d{1,2})[:h](\d{2}))?\s*$/.exec(text)
  if (!m) return undefined
  const two = (part: string | undefined) => (part ?? '0').padStart(2, '0')
  const at = Date.parse(`${m[3]}-${two(m[2])}-${two(m[1])}T${two(m[4])}:${two(m[5])}:00+07:00`)
  return Number.isNaN(at) ? undefined : at
}
