import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type PeriodKind, previousOf, readPeriod, recentPeriods } from '../../api/reports/period.ts'
import { openTemplates } from '../../api/reports/templates.ts'
import { duration, endText, plain, signed } from '../../api/reports/vietnamese.ts'
import { reportsHold } from './reported.ts'

reportsHold()

const SHIFT = 7 * 3_600_000
const { closing } = openTemplates(undefined)
const day = (at: number): string => new Date(at + SHIFT).toISOString().slice(0, 10)

/** First and last day, and the period before: Nghị định 09/2019/NĐ-CP, Điều 12; calendar months until 12/03/2019. */
test.each([
  ['month', '2026-10', '2026-09-15', '2026-10-14', '2026-09'],
  ['month', '2026-01', '2025-12-15', '2026-01-14', '2025-12'],
  ['month', '2024-03', '2024-02-15', '2024-03-14', '2024-02'],
  ['quarter', '2026-Q1', '2025-12-15', '2026-03-14', '2025-Q4'],
  ['quarter', '2026-Q4', '2026-09-15', '2026-12-14', '2026-Q3'],
  ['half', '2026-H1', '2025-12-15', '2026-06-14', '2025-H2'],
  ['half', '2026-H2', '2026-06-15', '2026-12-14', '2026-H1'],
  ['nine_months', '2026-9M', '2025-12-15', '2026-09-14', '2025-9M'],
  ['year', '2026', '2025-12-15', '2026-12-14', '2025'],
  // The rule of its time; where one follows the other no day is left out, and none is counted twice.
  ['month', '2019-02', '2019-02-01', '2019-02-28', '2019-01'],
  ['month', '2019-03', '2019-03-01', '2019-03-14', '2019-02'],
  ['month', '2019-04', '2019-03-15', '2019-04-14', '2019-03'],
] as const)('%s %s', (kind, id, first, last, before) => {
  const period = readPeriod(closing, SHIFT, kind, id)!
  const previous = previousOf(closing, SHIFT, period)
  expect([day(period.from), day(period.to - 1), previous.id]).toEqual([first, last, before])
  if (kind !== 'nine_months') expect(previous.to).toBe(period.from)
})
test.each([
  ['month', '2026-13'],
  ['month', '2026'],
  ['quarter', '2026-Q5'],
  ['half', '2026-1'],
  ['year', '26'],
  ['year', '9999'],
] as [PeriodKind, string][])('%s %s is none', (kind, id) =>
  expect(readPeriod(closing, SHIFT, kind, id)).toBeUndefined(),
)
test('the newest periods that have begun, the newest first', () =>
  expect(
    recentPeriods(closing, SHIFT, 'month', Date.parse('2026-12-15T00:00:00+07:00'), 3).map(({ id }) => id),
  ).toEqual(['2027-01', '2026-12', '2026-11']))

test.each([
  [999, '00 giây'],
  [114_000, '01 phút 54 giây'],
  [840_000, '14 phút'],
  [26_400_000, '07 giờ 20 phút'],
  [187_200_000, '52 giờ'],
  [432_000_000, '05 ngày'],
])('%d ms are %s', (ms, text) => expect(duration(ms)).toBe(text))
test('midnight ends the day before', () =>
  expect(endText(Date.parse('2026-10-15T00:00:00+07:00'), SHIFT)).toBe('24 giờ 00 phút ngày 14 tháng 10 năm 2026'))
test('signs that are not seen, or turn a line around, are shown as a dot', () =>
  expect([plain('a\u0000b\u202ec\nd\ud800'), plain('x'.repeat(500)).length, signed(-7)]).toEqual([
    'a·b·c·d\ufffd',
    401,
    '−7',
  ]))

test('a province’s own closing days are taken, and a mistake in them is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-templates-'))
  try {
    writeFileSync(join(folder, 'periods.yml'), '- { valid_from: "2026-01-01", closing_day: last }\n')
    const own = readPeriod(openTemplates(folder).closing, SHIFT, 'month', '2026-10')!
    expect([day(own.from), day(own.to - 1)]).toEqual(['2026-10-01', '2026-10-31'])
    writeFileSync(join(folder, 'periods.yml'), '- { valid_from: "2026-01-01", closing_day: 31 }\n')
    expect(() => openTemplates(folder)).toThrow(/periods\.yml: 0\.closing_day/)
    expect(() => openTemplates(join(folder, 'khong-co'))).toThrow(/is no folder/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
