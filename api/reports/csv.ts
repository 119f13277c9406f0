/** The tables of a report, and its charts as tables: RFC 4180, UTF-8 with a mark, one below the other with their captions. */
import { stringify } from 'csv-stringify/sync'
import type { Chart, ReportDocument, Run, Table } from './content.ts'

/** A spreadsheet would compute what begins so: the apostrophe says that it is text. */
const RUNS = /^[=+\-@\t\r]/
const textCell = (text: string): string => (RUNS.test(text) ? `'${text}` : text)
type Cell = string | number
/** A number with its whole value, not as people read it. */
const cellOf = (run: Run): Cell => (typeof run === 'string' ? textCell(run) : (run.value ?? textCell(run.text)))

/** The titles of its columns, the part of a divided one behind the whole. */
export const titlesOf = ({ head }: Table): string[] =>
  head.flatMap(({ title, parts }) => parts?.map((part) => `${title}: ${part}`) ?? [title])

const tableRows = (table: Table): Cell[][] => [
  [textCell(table.caption)],
  titlesOf(table).map(textCell),
  ...[...table.rows, ...(table.rest ?? [])].map(({ cells }) => cells.map(cellOf)),
]
const chartRows = ({ caption, series, bars }: Chart): Cell[][] => [
  [textCell(caption)],
  ['Tuần từ', ...series.map(textCell), 'Tổng số'],
  ...bars.map(({ label, values }) => [label, ...values, values.reduce((a, b) => a + b, 0)]),
]

export const toCsv = ({ title, blocks }: ReportDocument): Buffer => {
  const parts = blocks.flatMap((block): Cell[][][] =>
    block.kind === 'table' ? [tableRows(block)] : block.kind === 'chart' ? [chartRows(block)] : [],
  )
  const rows = [[textCell(title)], ...parts.flatMap((part) => [[], ...part])]
  return Buffer.from(`\uFEFF${stringify(rows, { record_delimiter: '\r\n' })}`)
}
