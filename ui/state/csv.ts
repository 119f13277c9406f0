/** A table as a file: RFC 4180, UTF-8 with a mark so that a spreadsheet reads its letters. */
type Cell = string | number | null | undefined

/** A spreadsheet would compute what begins so: the apostrophe says that it is text. */
const RUNS = /^[=+\-@\t\r]/
const cell = (value: Cell): string => {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'number' ? String(value) : RUNS.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
export const csvOf = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')

export const saveCsv = (name: string, rows: readonly (readonly Cell[])[]): void => {
  const url = URL.createObjectURL(new Blob([`\uFEFF${csvOf(rows)}`], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name}.csv`
  link.click()
  URL.revokeObjectURL(url)
}
