/**
 * What a document is found and sorted by. The document itself is kept unindexed and comes back exactly; beside it stand,
 * for each field of `INDEXED`:
 *   t.<field>  every value as folded text: equality, existence, patterns
 *   n.<field>  a single number: ranges, histograms; p.<field>  texts that are plain decimals, several numbers: ranges
 *   s.<field>  the value as one sortable text: numbers before texts, as SQLite sorts them
 */
import { createHash } from 'node:crypto'
import type { estypes } from '@elastic/elasticsearch'
import type { Event, Scalar } from '../../../event.ts'
import { valuesOf } from '../../../event.ts'
import { flatFields, INDEXED } from '../../documents.ts'
import { asNumber, fold } from '../../match.ts'
import type { Document } from '../../store.ts'

export const fieldsOf = (collection: string): readonly string[] => [
  ...new Set([...(INDEXED[collection] ?? []), 'organization.id']),
]

const KEYWORD = { type: 'keyword' } as const
const group = (fields: readonly string[], mapping: estypes.MappingProperty) => ({
  type: 'object' as const,
  dynamic: false as const,
  // 'alert.status' is a name, not a path.
  subobjects: false,
  properties: Object.fromEntries(fields.map((field) => [field, mapping])),
})

export const mappingOf = (fields: readonly string[]): estypes.MappingTypeMapping => ({
  dynamic: false,
  properties: {
    doc: { type: 'object', enabled: false },
    w: { type: 'keyword', index: false, doc_values: false },
    id: KEYWORD,
    odd: { type: 'boolean' },
    t: group(fields, KEYWORD),
    n: group(fields, { type: 'double' }),
    p: group(fields, { type: 'double' }),
    s: group(fields, KEYWORD),
  },
})

/** Lucene takes at most 32,766 bytes in one term. */
const LONGEST = 4000
/** No character: what stands behind it is a hash of a text that is too long, or that holds it itself. */
const LONG = '\u{10ffff}'
const isLong = (text: string) => text.length > LONGEST || text.includes(LONG)
const hash = (text: string) => createHash('sha256').update(text).digest('hex')

/** A value as a term: the same for texts that are equal without case, and for no others. */
export const term = (value: Scalar): string => {
  const text = fold(String(value)).toWellFormed()
  return isLong(text) ? LONG + hash(text) : text
}

const bits = new DataView(new ArrayBuffer(8))
/** Sorts as SQLite does: numbers by value, then texts by code points. */
export const sortable = (value: Scalar): string => {
  if (typeof value === 'number' && Number.isFinite(value)) {
    bits.setFloat64(0, value || 0)
    const raw = bits.getBigUint64(0)
    const ordered = raw >> 63n ? ~raw & 0xffff_ffff_ffff_ffffn : raw | (1n << 63n)
    return `0${ordered.toString(16).padStart(16, '0')}`
  }
  const text = fold(String(value)).toWellFormed()
  return isLong(text) ? `1${text.slice(0, 1000).toWellFormed()}${LONG}${hash(text)}` : `1${text}`
}
/** Back to the (folded) value; undefined where the text was too long to be kept whole. */
export const sorted = (key: string): string | number | undefined => {
  if (key.startsWith('0')) {
    const ordered = BigInt(`0x${key.slice(1)}`)
    bits.setBigUint64(0, ordered >> 63n ? ordered ^ (1n << 63n) : ~ordered & 0xffff_ffff_ffff_ffffn)
    return bits.getFloat64(0)
  }
  return key.includes(LONG) ? undefined : key.slice(1)
}

/** Elasticsearch's own id has at most 512 bytes and is not empty. */
export const nativeId = (id: string): string =>
  id === '' || id.startsWith('sha256:') || Buffer.byteLength(id) > 400 || !id.isWellFormed() ? `sha256:${hash(id)}` : id

export interface Source<T = Document> {
  readonly id: string
  readonly doc: T
  /** Marks of the last writes, newest first: to know one's own again where its answer was lost. */
  readonly w: readonly string[]
}

/** The document as it is sent, JSON. */
export const toSource = (id: string, doc: Document, w: readonly string[], fields: readonly string[]): string => {
  const flat: Event = flatFields(doc)
  const t: Record<string, string[]> = {}
  const n: Record<string, number[]> = {}
  const p: Record<string, number[]> = {}
  const s: Record<string, string[]> = {}
  let odd = false
  for (const field of fields) {
    const values = valuesOf(flat, field)
    if (values.length === 0) continue
    t[field] = [...new Set(values.map(term))]
    s[field] = [...new Set(values.map(sortable))]
    odd ||= t[field].some((each) => each.includes(LONG))
    const numbers = values.filter((v) => asNumber(v) !== undefined)
    if (numbers.length === 0) continue
    const single = typeof flat[field] === 'number'
    if (single) n[field] = numbers as number[]
    else p[field] = numbers.map((v) => asNumber(v)!)
  }
  return JSON.stringify({ id, doc, w, t, n, p, s, ...(odd ? { odd } : {}) })
}
