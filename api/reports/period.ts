/**
 * Periods of regular reports: month, quarter, half a year, nine months, year. When one is closed is dated data
 * (`templates/periods.yml`; Nghị định 09/2019/NĐ-CP, Điều 12: the 14th), so that another rule is an entry and reports of before
 * keep their days.
 */
import { z } from 'zod'
import { DAY } from '../../ingest/inventory/days.ts'

export const PERIOD_KINDS = ['month', 'quarter', 'half', 'nine_months', 'year'] as const
export type PeriodKind = (typeof PERIOD_KINDS)[number]

export const closingRules = z
  .array(
    z.strictObject({
      valid_from: z.string().regex(/^\d{4}-\d\d-\d\d$/, 'a day YYYY-MM-DD'),
      basis: z.string().optional(),
      closing_day: z.union([z.int().min(1).max(28), z.literal('last')]),
    }),
  )
  .min(1)
export type ClosingRules = z.output<typeof closingRules>

export interface NamedPeriod {
  readonly kind: PeriodKind
  /** 2026-10, 2026-Q4, 2026-H2, 2026-9M, 2026 */
  readonly id: string
  /** tháng 10 năm 2026 */
  readonly name: string
  /** Where the year is said already: Tháng 10 */
  readonly short: string
  /** epoch ms: from ≤ t < to */
  readonly from: number
  readonly to: number
  /** The regulation that says the closing day. */
  readonly basis?: string
}

const FORMS: { readonly [kind in PeriodKind]: RegExp } = {
  month: /^(\d{4})-(0[1-9]|1[0-2])$/,
  quarter: /^(\d{4})-Q([1-4])$/,
  half: /^(\d{4})-H([12])$/,
  nine_months: /^(\d{4})-9M$/,
  year: /^(\d{4})$/,
}
/** Months of a period; of `nine_months` there is one a year. */
const MONTHS: { readonly [kind in PeriodKind]: number } = { month: 1, quarter: 3, half: 6, nine_months: 9, year: 12 }
export const FORM_EXAMPLES: { readonly [kind in PeriodKind]: string } = {
  month: '2026-10',
  quarter: '2026-Q4',
  half: '2026-H2',
  nine_months: '2026-9M',
  year: '2026',
}
const ROMAN = ['I', 'II', 'III', 'IV']
const two = (n: number): string => String(n).padStart(2, '0')

/** Which of the year's it is, from 1. */
const idOf = (kind: PeriodKind, year: number, part: number): string =>
  ({
    month: `${year}-${two(part)}`,
    quarter: `${year}-Q${part}`,
    half: `${year}-H${part}`,
    nine_months: `${year}-9M`,
    year: String(year),
  })[kind]
const namesOf = (kind: PeriodKind, year: number, part: number): readonly [name: string, short: string] => {
  switch (kind) {
    case 'month':
      return [`tháng ${part} năm ${year}`, `Tháng ${part}`]
    case 'quarter':
      return [`quý ${ROMAN[part - 1]} năm ${year}`, `Quý ${ROMAN[part - 1]}`]
    case 'half':
      return part === 1
        ? [`6 tháng đầu năm ${year}`, '6 tháng đầu năm']
        : [`6 tháng cuối năm ${year}`, '6 tháng cuối năm']
    case 'nine_months':
      return [`9 tháng năm ${year}`, `9 tháng ${year}`]
    case 'year':
      return [`năm ${year}`, `Năm ${year}`]
  }
}

/** The first moment after a month is closed; months count from 0 and may lie outside of the year. `shift`: ms ahead of UTC. */
const closedAt = (rules: ClosingRules, year: number, month: number, shift: number): number => {
  const end = Date.UTC(year, month + 1, 1)
  const last = new Date(end - DAY).toISOString().slice(0, 10)
  const rule = rules
    .filter(({ valid_from }) => valid_from <= last)
    .sort((a, b) => (a.valid_from < b.valid_from ? 1 : -1))[0]
  const day = rule?.closing_day ?? 'last'
  return (day === 'last' ? end : Date.UTC(year, month, day + 1)) - shift
}

const periodOf = (rules: ClosingRules, shift: number, kind: PeriodKind, year: number, part: number): NamedPeriod => {
  const months = MONTHS[kind]
  const first = (part - 1) * months
  const [name, short] = namesOf(kind, year, part)
  const from = closedAt(rules, year, first - 1, shift)
  const to = closedAt(rules, year, first + months - 1, shift)
  const last = new Date(to + shift - 1).toISOString().slice(0, 10)
  const basis = rules
    .filter(({ valid_from }) => valid_from <= last)
    .sort((a, b) => (a.valid_from < b.valid_from ? 1 : -1))[0]?.basis
  return { kind, id: idOf(kind, year, part), name, short, from, to, ...(basis === undefined ? {} : { basis }) }
}

/** By its id; undefined where it is none of the kind. */
export const readPeriod = (
  rules: ClosingRules,
  shift: number,
  kind: PeriodKind,
  id: string,
): NamedPeriod | undefined => {
  const match = FORMS[kind].exec(id)
  if (!match) return undefined
  const year = Number(match[1])
  return year < 1971 || year > 2099 ? undefined : periodOf(rules, shift, kind, year, Number(match[2] ?? 1))
}

/** The one before, with which it is compared: of nine months those of the year before. */
export const previousOf = (rules: ClosingRules, shift: number, { kind, id }: NamedPeriod): NamedPeriod => {
  const match = FORMS[kind].exec(id)!
  const [year, part] = [Number(match[1]), Number(match[2] ?? 1)]
  const parts = kind === 'nine_months' ? 1 : 12 / MONTHS[kind]
  return part > 1 ? periodOf(rules, shift, kind, year, part - 1) : periodOf(rules, shift, kind, year - 1, parts)
}

/** The newest ones that have begun by a time, the newest first. */
export const recentPeriods = (
  rules: ClosingRules,
  shift: number,
  kind: PeriodKind,
  now: number,
  most: number,
): NamedPeriod[] => {
  const year = new Date(now + shift).getUTCFullYear() + 1
  const parts = kind === 'nine_months' ? 1 : 12 / MONTHS[kind]
  const out: NamedPeriod[] = []
  for (let y = year; out.length < most && y > 1970; y--)
    for (let part = parts; part >= 1 && out.length < most; part--) {
      const period = periodOf(rules, shift, kind, y, part)
      if (period.from <= now) out.push(period)
    }
  return out
}
