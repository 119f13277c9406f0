/**
 * The parameters of questions, bounded in one place. A value outside is an error with a sentence: to answer something else
 * than what was asked misleads, and what is not bounded can end the process. An empty one counts as not given.
 */
import { z } from 'zod'

/** Times from 1970 to 2100: what is stored lies within, and buckets over all of it are few. */
const LAST_TIME = 4_102_444_800_000
/** Letters of a search, of a place to read on from, and values of a facet. */
const LONGEST_QUERY = 4096
const LONGEST_CURSOR = 4096
const MOST_VALUES = 200

/** Why a value is refused. `code`: of a sentence that stands by itself; else it follows on `name="value": `. */
export interface Why {
  readonly vi: string
  readonly en: string
  readonly code?: string
}
type Refuse = { readonly issues: z.core.$ZodRawIssue[] }
const refuse = (context: Refuse, input: string, why: Why) => {
  context.issues.push({ code: 'custom', message: why.en, input, params: why })
  return z.NEVER
}
const whole = (value: string): number => (/^-?\d{1,17}$/.test(value) ? Number(value) : Number.NaN)
const number = (description: string, fits: (n: number) => boolean, why: Why, bounds: object) =>
  z
    .string()
    .transform((value, context) => {
      if (value === '') return undefined
      const n = whole(value)
      return fits(n) ? n : refuse(context, value, why)
    })
    .meta({ description, override: { type: 'integer', ...bounds } })
    .optional()

const WRONG_TIME: Why = {
  vi: 'hãy ghi một thời điểm từ năm 1970 đến năm 2100, tính bằng mili giây',
  en: 'write a time from 1970 to 2100, in milliseconds',
}
export const instant = (description: string) =>
  number(description, (n) => n >= 0 && n <= LAST_TIME, WRONG_TIME, { minimum: 0, maximum: LAST_TIME })
export const range = {
  from: instant('Epoch milliseconds; before `to`'),
  to: instant('Epoch milliseconds; without it, now'),
}

export const limit = (most: number) =>
  number(
    'How many at most',
    (n) => n >= 1 && n <= most,
    { vi: `hãy ghi một số từ 1 đến ${most}`, en: `write a number from 1 to ${most}` },
    { minimum: 1, maximum: most },
  )
/** A number that says how far something has come: of a journal or of changes. */
export const position = (description: string) =>
  number(
    description,
    (n) => Number.isSafeInteger(n) && n >= -1,
    { vi: 'hãy ghi một số nguyên', en: 'write a whole number' },
    { minimum: -1 },
  )
/** One of these names, never what an object has besides; `otherwise` without it. */
export const choice = <const N extends string>(names: readonly N[], otherwise: NoInfer<N>, description: string) => {
  const one: z.ZodType<N, string> = z
    .string()
    .transform((value, context): N => {
      const found = names.find((name) => name === (value || otherwise))
      const all = names.join(', ')
      return found ?? refuse(context, value, { vi: `chỉ có ${all}`, en: `there are ${all}` })
    })
    .meta({ description, override: { type: 'string', enum: [...names], default: otherwise } })
  return one.default(otherwise as never)
}
/** Where to read on; whether it is a place is the store's to say. */
export const cursor = z
  .string()
  .transform((value, context) => {
    if (value.length > LONGEST_CURSOR)
      return refuse(context, value, { vi: 'hãy bắt đầu lại từ trang đầu', en: 'begin at the first page' })
    return value || undefined
  })
  .meta({ description: 'Where to read on: as the page before said it' })
  .optional()
export const search = z
  .string()
  .transform((value, context) =>
    value.length > LONGEST_QUERY
      ? refuse(context, value, {
          vi: `câu tìm kiếm dài quá ${LONGEST_QUERY} ký tự: hãy rút ngắn`,
          en: `the search is longer than ${LONGEST_QUERY} characters: shorten it`,
        })
      : value,
  )
  .meta({ description: 'KQL or free text', override: { type: 'string', maxLength: LONGEST_QUERY } })
  .optional()
/** Values separated by commas. */
export const values = (description: string) =>
  z
    .string()
    .transform((value, context): string[] => {
      const all = value.split(',', MOST_VALUES + 1).filter(Boolean)
      if (all.length <= MOST_VALUES) return all
      return refuse(context, value, { vi: `nhiều hơn ${MOST_VALUES} giá trị`, en: `more than ${MOST_VALUES} values` })
    })
    .meta({ description: `${description}; several are separated by commas` })
    .optional()
/** Whether it is said at all. */
export const flag = (description: string) =>
  z
    .string()
    .transform((value) => value !== '' && value !== 'false' && value !== '0')
    .meta({ description, override: { type: 'boolean' } })
    .optional()
/** A day of the calendar. */
export const date = z
  .string()
  .transform((value, context) => {
    if (value === '') return undefined
    const real = /^\d{4}-\d\d-\d\d$/.test(value) && new Date(`${value}T00:00:00Z`).toJSON()?.startsWith(value) === true
    return real
      ? value
      : refuse(context, value, {
          code: 'date',
          vi: '"date" phải là một ngày dạng YYYY-MM-DD.',
          en: '"date" has to be a day written YYYY-MM-DD.',
        })
  })
  .meta({ description: 'A day; without it, today', override: { type: 'string', format: 'date' } })
  .optional()
