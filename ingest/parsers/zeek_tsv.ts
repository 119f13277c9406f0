/** Zeek's tab-separated logs: what their header lines say, and a line's columns as leaves. */
import type { Row } from '../row/row.ts'
import { find } from '../row/values.ts'
import { expected, unescaped, unescapedEnd } from './clf.ts'
import { type Leaves, NOBODY, ROOT, STRING } from './leaves.ts'
import { type Answer, type LineContext, type ParserState, SKIP } from './parser.ts'

export interface Layout {
  readonly separator: number
  readonly set: number
  readonly empty: Uint8Array
  readonly unset: Uint8Array
  /** The log's name as bytes. */
  readonly path: Uint8Array
  readonly fields: readonly string[]
  /** Which columns hold several values. */
  readonly lists: readonly boolean[]
  /** Of each column its name in the leaves, and the leaves' names that it is of. */
  nodes: Int32Array
  names: readonly string[] | undefined
}
const encoder = new TextEncoder()
const MOST_FIELDS = 256
const layouts = new WeakMap<object, Layout>()

const text = (state: ParserState, name: string, otherwise: string): string => {
  const said = state?.[name]
  return typeof said === 'string' && said !== '' ? said : otherwise
}
/** What the header said; undefined where no #fields has come. */
export const layoutOf = (state: ParserState): Layout | undefined => {
  const fields = state?.['fields']
  if (!state || !Array.isArray(fields) || fields.length === 0) return undefined
  let layout = layouts.get(state)
  if (layout) return layout
  const types = Array.isArray(state['types']) ? (state['types'] as readonly string[]) : []
  layout = {
    separator: text(state, 'separator', '\t').charCodeAt(0) & 127,
    set: text(state, 'set_separator', ',').charCodeAt(0) & 127,
    empty: encoder.encode(text(state, 'empty_field', '(empty)')),
    unset: encoder.encode(text(state, 'unset_field', '-')),
    path: encoder.encode(text(state, 'path', '')),
    fields: fields as readonly string[],
    lists: fields.map((_, i) => /^(?:set|vector|table)\b/.test(types[i] ?? '')),
    nodes: new Int32Array(fields.length),
    names: undefined,
  }
  layouts.set(state, layout)
  return layout
}

const DIRECTIVE = /^#(separator|set_separator|empty_field|unset_field|path|fields|types|open|close)(?!\w)/
/** A header line: what it says holds for the lines that follow. A new file begins with its separator. */
export const headerLine = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const line = row.slice(from, Math.min(to, from + 16_384)).replace(/\r$/, '')
  const name = DIRECTIVE.exec(line)?.[1]
  if (name === undefined || name === 'open' || name === 'close') return SKIP
  const before = context.state ?? {}
  const separator = text(before, 'separator', '\t')
  if (name === 'separator') {
    const said = /^#separator (\S+)/.exec(line)?.[1] ?? ''
    const byte = /^\\x([0-9A-Fa-f]{2})$/.exec(said)?.[1]
    remember(context, { separator: byte ? String.fromCharCode(Number.parseInt(byte, 16)) : said.slice(0, 1) || '\t' })
    return SKIP
  }
  const values = line.slice(name.length + 2).split(separator)
  if (name === 'fields' || name === 'types')
    remember(context, { ...before, [name]: values.slice(0, MOST_FIELDS).map((value) => value.slice(0, 128)) })
  else remember(context, { ...before, [name]: (values[0] ?? '').slice(0, 64) })
  return SKIP
}
const remember = (context: LineContext, next: NonNullable<ParserState>): void => {
  // The same header again is no news.
  if (JSON.stringify(context.state) !== JSON.stringify(next)) context.state = next
}

const same = (b: Uint8Array, from: number, to: number, word: Uint8Array): boolean => {
  if (to - from !== word.length) return false
  for (let i = 0; i < word.length; i++) if (b[from + i] !== word[i]) return false
  return true
}
const put = (row: Row, leaves: Leaves, node: number, from: number, to: number, within: number): void => {
  if (find(row.bytes, 92, from, to) < 0) leaves.add(node, STRING, from, to, within)
  else {
    // The writer spells what it cannot write as \xNN.
    const at = unescaped(row, from, to)
    leaves.add(node, STRING, at, unescapedEnd(), within)
  }
}

/** Answers what does not fit. A line that is cut off says what it holds. */
export const readTsv = (row: Row, from: number, to: number, layout: Layout, leaves: Leaves): string | undefined => {
  if (layout.names !== leaves.names) {
    layout.names = leaves.names
    layout.fields.forEach((name, i) => {
      const bytes = encoder.encode(name)
      layout.nodes[i] = bytes.length === 0 ? NOBODY : leaves.find(ROOT, bytes, 0, bytes.length)
    })
  }
  const { separator, set, empty, unset, fields, lists, nodes } = layout
  let at = from
  for (let i = 0; i < fields.length; i++) {
    const { bytes: b } = row
    let end = find(b, separator, at, to)
    if (end < 0) end = to
    if (end > at && !same(b, at, end, unset) && !same(b, at, end, empty)) {
      const node = nodes[i]!
      if (lists[i]) {
        for (let item = at; item <= end; ) {
          let stop = find(row.bytes, set, item, end)
          if (stop < 0) stop = end
          if (stop > item && !same(row.bytes, item, stop, unset)) put(row, leaves, node, item, stop, 1)
          item = stop + 1
        }
      } else put(row, leaves, node, at, end, 0)
    }
    if (end >= to) {
      if (i === 0 && fields.length > 1)
        return expected(
          row,
          `${fields.length} columns as #fields says (${fields.slice(0, 4).join(', ').slice(0, 120)} …)`,
          from,
          to,
        )
      if (i < fields.length - 1) leaves.cut = leaves.count - 1
      return undefined
    }
    at = end + 1
  }
  return undefined
}
