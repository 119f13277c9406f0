/**
 * What a request may ask for: times, sizes and orders, bounded in one place. A value outside is an error with a sentence:
 * to answer something else than what was asked misleads, and what is not bounded can end the process.
 */
import { Refusal } from './refusal.ts'

/** Times from 1970 to 2100: what is stored lies within, and buckets over all of it are few. */
const LAST_TIME = 4_102_444_800_000
/** Letters of a search, of a place to read on from, and values of a facet. */
const LONGEST_QUERY = 4096
const LONGEST_CURSOR = 4096
const MOST_VALUES = 200

type Query = { readonly [name: string]: string | undefined }

const shown = (value: string): string => JSON.stringify(value.slice(0, 60))
export const bad = (name: string, value: string, vi: string, en: string): Refusal =>
  new Refusal(400, 'parameter', `${name}=${shown(value)}: ${vi}.`, `${name}=${shown(value)}: ${en}.`)

const whole = (value: string): number => (/^-?\d{1,17}$/.test(value) ? Number(value) : Number.NaN)

/** Epoch ms. */
export const instant = (q: Query, name: string, otherwise: number): number => {
  const value = q[name]
  if (value === undefined || value === '') return otherwise
  const n = whole(value)
  if (!(n >= 0 && n <= LAST_TIME))
    throw bad(
      name,
      value,
      'hãy ghi một thời điểm từ năm 1970 đến năm 2100, tính bằng mili giây',
      'write a time from 1970 to 2100, in milliseconds',
    )
  return n
}
/** `from` < `to`; without them the `before` ms up to now. */
export const rangeOf = (q: Query, now: number, before: number): { readonly from: number; readonly to: number } => {
  const to = instant(q, 'to', now + 1)
  const from = instant(q, 'from', Math.max(0, to - before))
  if (from >= to)
    throw bad('from', String(q['from'] ?? ''), 'thời điểm đầu phải trước thời điểm cuối', 'it has to be before "to"')
  return { from, to }
}
export const limitOf = (q: Query, otherwise: number, most: number): number => {
  const value = q['limit']
  if (value === undefined || value === '') return otherwise
  const n = whole(value)
  if (!(n >= 1 && n <= most))
    throw bad('limit', value, `hãy ghi một số từ 1 đến ${most}`, `write a number from 1 to ${most}`)
  return n
}
/** A number that says how far something has come: of a journal or of changes. */
export const positionOf = (q: Query, name: string, otherwise: number): number => {
  const value = q[name]
  if (value === undefined || value === '') return otherwise
  const n = whole(value)
  if (!Number.isSafeInteger(n) || n < -1) throw bad(name, value, 'hãy ghi một số nguyên', 'write a whole number')
  return n
}
/** One of the names of a table, never what an object has besides. */
export const oneOf = <T>(table: { readonly [name: string]: T }, q: Query, name: string, otherwise: string): T => {
  const value = q[name] || otherwise
  if (!Object.hasOwn(table, value)) {
    const names = Object.keys(table).join(', ')
    throw bad(name, value, `chỉ có ${names}`, `there are ${names}`)
  }
  return table[value]!
}
/** Where to read on; whether it is a place is the store's to say. */
export const cursorOf = (q: Query): { readonly cursor?: string } => {
  const cursor = q['cursor']
  if (!cursor) return {}
  if (cursor.length > LONGEST_CURSOR)
    throw bad('cursor', cursor, 'hãy bắt đầu lại từ trang đầu', 'begin at the first page')
  return { cursor }
}
export const searchOf = (q: Query): string | undefined => {
  const text = q['q']
  if (text !== undefined && text.length > LONGEST_QUERY)
    throw bad(
      'q',
      text,
      `câu tìm kiếm dài quá ${LONGEST_QUERY} ký tự: hãy rút ngắn`,
      `the search is longer than ${LONGEST_QUERY} characters: shorten it`,
    )
  return text
}
/** Values separated by commas. */
export const valuesOf = (q: Query, name: string): string[] => {
  const values = (q[name] ?? '').split(',', MOST_VALUES + 1).filter(Boolean)
  if (values.length > MOST_VALUES)
    throw bad(name, q[name]!, `nhiều hơn ${MOST_VALUES} giá trị`, `more than ${MOST_VALUES} values`)
  return values
}
