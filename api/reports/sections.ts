/** Parts that reports of a period have: tables, the chart, what is left to do. Pure. */
import type { Level } from '../../rules/rule.ts'
import type { Part } from '../../rules/risk/score.ts'
import type { Figures } from '../contract-province.ts'
import type { Block, Chart, Figure, Row, Run, Table } from './content.ts'
import { type Facts, mainParts } from './facts.ts'
import type { Links } from './links.ts'
import { count, dayText, duration, LEVEL, number, percent, plain, signed, timeText } from './vietnamese.ts'

export const PART: { readonly [part in Part]: string } = {
  alerts: 'cảnh báo mở',
  overdue: 'quá hạn xử lý',
  exposure: 'phơi nhiễm',
  level: 'cấp độ hệ thống',
  trust: 'tín nhiệm mạng',
}
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** In a sentence. */
export const said = (value: number, href?: string): Figure => ({
  text: count(value),
  value,
  ...(href === undefined ? {} : { href }),
})
/** In a table. */
export const cell = (value: number, href?: string): Figure => ({ ...said(value, href), text: number(value) })
export const share = (value: number): Figure => ({ text: percent(value), value })
const change = (value: number): Figure => ({ text: signed(value), value })
const NONE = '–'

/** Whether there was anything to compare with. */
export const hasBefore = ({ figures, before }: Facts): boolean =>
  figures.first !== undefined && figures.first < before.to

const totals = (levels: Figures['levels'], kind: 'alerts' | 'incidents', when: 'now' | 'before'): number =>
  levels.reduce((sum, each) => sum + each[kind][when], 0)

export const levelTable = (facts: Facts, links: Links, caption: string): Table => {
  const { figures, period, before } = facts
  const compared = hasBefore(facts)
  const was = (value: number, href: string): Run => (compared ? cell(value, href) : NONE)
  // Levels that say nothing to a manager are left out where there are none.
  const levels = figures.levels.filter(
    ({ level, alerts, incidents }) =>
      level !== 'informational' || alerts.now + alerts.before + incidents.now + incidents.before > 0,
  )
  const judged = (level: Level, state: 'met' | 'missed'): Run => {
    const n = figures.service.find((each) => each.level === level)?.[state] ?? 0
    return cell(n, links.judged(period, state, level))
  }
  const all = (state: 'met' | 'missed') => figures.service.reduce((sum, each) => sum + each[state], 0)
  const rows: Row[] = levels.map(({ level, alerts, incidents }) => ({
    cells: [
      LEVEL[level],
      cell(alerts.now, links.alerts(period, level)),
      was(alerts.before, links.alerts(before, level)),
      compared ? change(alerts.now - alerts.before) : NONE,
      cell(incidents.now, links.opened(period, level)),
      was(incidents.before, links.opened(before, level)),
      judged(level, 'met'),
      judged(level, 'missed'),
    ],
  }))
  const [alerts, alertsBefore] = [totals(figures.levels, 'alerts', 'now'), totals(figures.levels, 'alerts', 'before')]
  rows.push({
    total: true,
    cells: [
      'Tổng số',
      cell(alerts, links.alerts(period)),
      was(alertsBefore, links.alerts(before)),
      compared ? change(alerts - alertsBefore) : NONE,
      cell(figures.opened.now, links.opened(period)),
      was(figures.opened.before, links.opened(before)),
      cell(all('met'), links.judged(period, 'met')),
      cell(all('missed'), links.judged(period, 'missed')),
    ],
  })
  return {
    kind: 'table',
    caption,
    head: [
      { title: 'Mức độ' },
      { title: 'Cảnh báo', parts: [period.short, before.short, 'Tăng, giảm'] },
      { title: 'Sự cố', parts: [period.short, before.short] },
      { title: 'Xử lý sự cố', parts: ['Đúng hạn', 'Quá hạn'] },
    ],
    align: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    widths: [27, 20, 20, 20, 20, 20, 18, 18],
    rows,
    note: `Nguồn: Hệ thống giám sát Vọng Lâu, số liệu chốt lúc ${timeText(facts.end, facts.shift)}, lập lúc ${timeText(facts.made, facts.shift)}. Cảnh báo: còn diễn ra trong kỳ. Sự cố: mở trong kỳ; sự cố còn trong hạn chưa tính là đúng hạn hay quá hạn.`,
  }
}

export const weekChart = ({ figures, period, end, shift }: Facts, links: Links, caption: string): Chart => {
  const series = figures.levels.map(({ level }) => level).filter((level) => level !== 'informational')
  const bars = figures.weeks.map(({ from, to, levels }) => ({
    label: dayText(from, shift).slice(0, 5),
    values: series.map((level) => levels.find((each) => each.level === level)?.incidents ?? 0),
    href: links.opened({ from, to }),
    within: from < period.to && to > period.from,
  }))
  return {
    kind: 'chart',
    caption: `${caption}, 12 tuần đến ngày ${dayText(end - 1, shift)}`,
    alt: `Số sự cố mở theo tuần: ${figures.weeks.map(({ from }, i) => `tuần từ ${dayText(from, shift)} ${bars[i]!.values.reduce((a, b) => a + b, 0)}`).join('; ')}.`,
    series: series.map((level) => LEVEL[level]),
    bars,
    note: 'Ngày ghi dưới cột là ngày thứ Hai đầu tuần; số ghi trên cột là tổng số sự cố của tuần; nền xám là kỳ báo cáo.',
  }
}

export const timesTable = (facts: Facts, caption: string): Table => {
  const { figures, period, before } = facts
  const spread = ({ median, p90 }: { median?: number | undefined; p90?: number | undefined }): Run[] =>
    [median, p90].map((ms) => (ms === undefined ? NONE : duration(ms)))
  const { detect, acknowledge, resolve } = figures.times
  const row = (title: string, { now, before: was }: typeof detect): Row => ({
    cells: [title, ...spread(now), ...(hasBefore(facts) ? spread(was) : [NONE, NONE])],
  })
  return {
    kind: 'table',
    caption,
    head: [
      { title: 'Chỉ tiêu' },
      { title: period.short, parts: ['Trung vị', 'Phân vị 90'] },
      { title: before.short, parts: ['Trung vị', 'Phân vị 90'] },
    ],
    align: ['left', 'right', 'right', 'right', 'right'],
    widths: [27, 34, 34, 34, 34],
    rows: [row('Phát hiện', detect), row('Tiếp nhận', acknowledge), row('Khắc phục', resolve)],
    note: 'Phát hiện: từ sự kiện đầu tiên đến cảnh báo. Tiếp nhận: từ khi mở sự cố đến khi có người nhận xử lý. Khắc phục: từ khi mở đến khi đóng sự cố. Phân vị 90: 90% số việc xong trong thời gian này; dưới 05 việc thì không tính.',
  }
}

/** Agencies that stand on paper; the others are in the CSV. */
const SHOWN = 10
export const riskTable = (facts: Facts, links: Links, caption: string): Table => {
  const rows = facts.scores.map(
    (score, i): Row => ({
      cells: [
        cell(i + 1),
        plain(score.name),
        cell(score.points, links.agency(score.id)),
        score.before === undefined ? NONE : change(score.points - score.before),
        capital(
          mainParts(score)
            .map((part) => `${PART[part]} ${score.parts[part]}`)
            .join('; '),
        ) || NONE,
      ],
    }),
  )
  const unknown = facts.unknown.map(
    ({ name }): Row => ({ cells: [NONE, plain(name), 'chưa rõ', NONE, 'Không gửi nhật ký'] }),
  )
  return {
    kind: 'table',
    caption,
    head: ['TT', 'Cơ quan, đơn vị', 'Điểm', `So với ${facts.before.short.toLowerCase()}`, 'Nguyên nhân chính'].map(
      (title) => ({ title }),
    ),
    align: ['center', 'left', 'right', 'right', 'left'],
    widths: [10, 50, 15, 20, 68],
    rows: rows.slice(0, SHOWN),
    rest: [...rows.slice(SHOWN), ...unknown],
    note: 'Điểm 0–100 là tổng năm phần: cảnh báo mở (tối đa 40), quá hạn xử lý (20), phơi nhiễm (20), cấp độ hệ thống (10), tín nhiệm mạng (10); quy ước của tỉnh.',
  }
}

/** Of one agency: what makes its score up. */
export const partsTable = ({ scores }: Facts, links: Links, caption: string): Table | undefined => {
  const score = scores[0]
  if (!score) return undefined
  const most: { readonly [part in Part]: number } = { alerts: 40, overdue: 20, exposure: 20, level: 10, trust: 10 }
  const parts = Object.keys(most) as Part[]
  return {
    kind: 'table',
    caption,
    head: [{ title: 'Phần' }, { title: 'Điểm' }, { title: 'Tối đa' }],
    align: ['left', 'right', 'right'],
    widths: [80, 40, 40],
    rows: [
      ...parts.map((part) => ({ cells: [capital(PART[part]), cell(score.parts[part]), cell(most[part])] })),
      { total: true as const, cells: ['Tổng số', cell(score.points, links.agency(score.id)), cell(100)] },
    ],
  }
}

export const paragraph = (...runs: Run[]): Block => ({ kind: 'paragraph', runs })
export const heading = (level: 1 | 2, text: string): Block => ({ kind: 'heading', level, text })
