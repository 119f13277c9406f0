/**
 * Entries of one kind as a table (RFC 4180), in and out: a column a field, in a cell several words parted by `;` (as JSON
 * where one holds such a sign), and what has parts of its own (contacts, levels, certificates) as JSON.
 */
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import type { z } from 'zod'
import { expectedOf } from '../expected.ts'
import { keyOf, type ListKind } from './entries.ts'
import { ENTRY, type Inventory } from './schema.ts'

type Cell = 'text' | 'number' | 'boolean' | 'words' | 'json'
/** What a field holds, below what makes it optional. */
const cellOf = (type: z.core.$ZodType): Cell => {
  const { def } = type._zod
  if ('innerType' in def) return cellOf(def.innerType as z.core.$ZodType)
  if (def.type === 'pipe') return cellOf((def as z.core.$ZodPipeDef).in)
  if (def.type === 'number' || def.type === 'int') return 'number'
  if (def.type === 'boolean') return 'boolean'
  if (def.type === 'array')
    return cellOf((def as z.core.$ZodArrayDef).element as z.core.$ZodType) === 'text' ? 'words' : 'json'
  return def.type === 'object' || def.type === 'union' ? 'json' : 'text'
}
export const columnsOf = (kind: ListKind): Map<string, Cell> =>
  new Map(Object.entries(ENTRY[kind].shape).map(([name, type]) => [name, cellOf(type as z.core.$ZodType)]))

/** With a byte order mark: a spreadsheet takes a file without one for another encoding than UTF-8. */
export const toCsv = (inventory: Inventory, kind: ListKind): string => {
  const columns = columnsOf(kind)
  const said = (value: unknown, cell: Cell): string => {
    if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) return ''
    if (cell === 'words') {
      const words = value as string[]
      const isPlain = words.every((word) => !word.includes(';') && word === word.trim()) && !words[0]!.startsWith('[')
      return isPlain ? words.join('; ') : JSON.stringify(words)
    }
    return cell === 'json' ? JSON.stringify(value) : String(value)
  }
  return stringify(
    (inventory[kind] as readonly Record<string, unknown>[]).map((entry) =>
      [...columns].map(([name, cell]) => said(entry[name], cell)),
    ),
    { header: true, columns: [...columns.keys()], bom: true },
  )
}

/** Words that hold what parts words, as an export writes them. */
const listIn = (value: string): unknown[] | undefined => {
  if (!value.startsWith('[')) return undefined
  try {
    const list: unknown = JSON.parse(value)
    return Array.isArray(list) ? list : undefined
  } catch {
    return undefined
  }
}
const YES = new Set(['true', 'yes', 'x', '1', 'có'])
const NO = new Set(['false', 'no', '0', 'không'])

/** Throws one Error that names file, line and column of each problem (ten at most). */
export const fromCsv = (text: string, file: string, kind: ListKind): unknown[] => {
  const columns = columnsOf(kind)
  let rows: { record: Record<string, string>; info: { lines: number } }[]
  try {
    rows = parse(text, {
      bom: true,
      columns: (names: string[]) => {
        const twice = names.find((name, i) => name !== '' && names.indexOf(name) !== i)
        if (twice !== undefined) throw new Error(`the column ${JSON.stringify(twice.slice(0, 80))} stands twice`)
        return names
      },
      info: true,
      trim: true,
      skip_empty_lines: true,
      delimiter: delimiterOf(text),
    }) as unknown as typeof rows
  } catch (error) {
    const { lines, message } = error as { lines?: number; message: string }
    throw new Error(`${file}:${lines ?? 1}: this is no table of comma-separated values: ${message}`)
  }
  const problems: string[] = []
  const unknown = Object.keys(rows[0]?.record ?? {}).filter((name) => !columns.has(name))
  if (unknown.length > 0)
    throw new Error(
      `${file}:1: ${kind} have no column ${unknown.map((name) => JSON.stringify(name)).join(', ')}: the columns are ${[...columns.keys()].join(', ')}`,
    )
  const entries = rows.map(({ record, info: { lines } }) => {
    const say = (name: string, expected: string) =>
      problems.push(
        `${file}:${lines}: ${name} is ${record[name] ? JSON.stringify(record[name].slice(0, 80)) : 'nothing'}, expected ${expected}`,
      )
    const before = problems.length
    const entry: Record<string, unknown> = {}
    for (const [name, cell] of columns) {
      const value = record[name]
      if (value === undefined || value === '') continue
      const word = value.toLowerCase()
      if (cell === 'number') entry[name] = Number(value)
      else if (cell === 'words' && listIn(value)) entry[name] = listIn(value)
      else if (cell === 'words') entry[name] = value.split(';').flatMap((part) => part.trim() || [])
      else if (cell === 'boolean' && (YES.has(word) || NO.has(word))) entry[name] = YES.has(word)
      else if (cell === 'json')
        try {
          entry[name] = JSON.parse(value)
        } catch {
          say(name, 'JSON, as an export writes it')
        }
      else entry[name] = value
    }
    if (problems.length > before) return entry
    const read = ENTRY[kind].safeParse(entry)
    if (!read.success)
      for (const issue of read.error.issues) {
        const [name = 'the line', ...rest] = issue.path.map(String)
        say(name, `${expectedOf(issue).en}${rest.length ? ` (at ${rest.join('.')})` : ''}`)
      }
    return entry
  })
  if (problems.length > 0)
    throw new Error(
      [...problems.slice(0, 10), ...(problems.length > 10 ? [`and ${problems.length - 10} more`] : [])].join('\n'),
    )
  return entries
}

/** Rows as entries: of an entry that is known, what the table has no column for stays as it is. */
export const besideColumns = (
  inventory: Inventory,
  kind: ListKind,
  rows: readonly unknown[],
  columns: readonly string[],
): unknown[] => {
  const known = new Map<string, object>((inventory[kind] as readonly object[]).map((each) => [keyOf(kind, each), each]))
  const said = new Set(columns)
  return rows.map((row) => {
    const before = Object.entries(known.get(keyOf(kind, row)) ?? {}).filter(([name]) => !said.has(name))
    return { ...Object.fromEntries(before), ...(row as object) }
  })
}

/** The names in a table's first line. */
export const headerOf = (text: string): string[] =>
  (
    parse(text, { bom: true, to: 1, trim: true, skip_empty_lines: true, delimiter: delimiterOf(text) }) as string[][]
  )[0] ?? []
// Where the decimal comma is at home, spreadsheets part cells by `;`.
const delimiterOf = (text: string): string => (/^[^\n,]*;/.test(text) ? ';' : ',')
