/**
 * What a cluster is told about events: mapping, settings and templates, all made from the field table.
 *
 * A keyword that rules search stands twice: as it was (doc values: counting, sorting) and in lower case (`.lc`: searching),
 * for a search ignores case and an answer does not. Lucene's lower case is that of single code points, as `fold` has it.
 * `rest` is one flattened field, so that no sender can exhaust the number of fields. Running text is found by its words.
 *
 * Measured with 200,000 events of firewalls and web servers, 40 to 70 fields and 2,240 bytes of JSON each, on 2 cores
 * (bytes an event once merged; µs of the server's CPU for an event):
 *
 *     logsdb, synthetic source            223    200    arrays keep their order, `rest` is kept as it was
 *     logsdb, stored source               342    180    where the licence has no synthetic source
 *     standard, best_compression          382    240
 *     logsdb, sorted by time only         265    190    not by source first, so that unlike lines are neighbours
 *     every keyword in lower case too     +20    +20
 *     running text not indexed            -36     -9    then free text reads every event
 */
import { FIELDS, type Field } from '../../../event.ts'
import { KEPT, LONGEST, ODD, REST, STORED, TEXT } from '../rows/row.ts'

/**
 * Grows with every field that is added to the table; with another change of what follows by hand, by a thousand. Indices that
 * are there keep the mapping that they were made with: fields that they lack are found in their `rest`.
 */
export const SCHEMA_VERSION = 1000 + FIELDS.length
export const FOLDED = 'lc'

/** Whether a field has a form in lower case: the fields that rules search. Of others every spelling is asked for. */
export const isFolded = ({ type, column, name }: Field): boolean =>
  type === 'keyword' && column && name !== 'event.id' && !TEXT.has(name)

type Mapping = { readonly [option: string]: unknown }

const mappingOf = (field: Field): Mapping => {
  const { name, type, column } = field
  if (STORED.has(name)) return { type: 'keyword', index: false, doc_values: false }
  if (TEXT.has(name)) return { type: 'text', analyzer: 'standard', index_options: 'docs', norms: false, store: true }
  switch (type) {
    case 'keyword':
      return {
        type,
        index: false,
        ignore_above: LONGEST,
        ...(column
          ? { fields: { [FOLDED]: { type, normalizer: 'lowercase', doc_values: false, ignore_above: LONGEST } } }
          : {}),
      }
    case 'date':
      return { type, format: 'epoch_millis', ...(column ? {} : { index: false }) }
    case 'ip':
      return { type }
    default:
      return { type, ...(column ? {} : { index: false }) }
  }
}

export const MAPPINGS = {
  dynamic: 'strict',
  subobjects: false,
  properties: {
    ...Object.fromEntries(FIELDS.map((field) => [field.name, mappingOf(field)])),
    [REST]: { type: 'flattened', depth_limit: 1, synthetic_source_keep: 'all' },
    [ODD]: { type: 'keyword' },
    [KEPT]: { type: 'keyword', index: false, doc_values: false },
  },
} as const

export interface SchemaOptions {
  /** Absent: what the server's licence allows. */
  readonly source?: 'stored' | 'synthetic'
  readonly replicas?: number
}

export const settings = ({ source, replicas }: SchemaOptions = {}): { readonly [name: string]: unknown } => ({
  'index.mode': 'logsdb',
  ...(source ? { 'index.mapping.source.mode': source } : {}),
  'index.sort.field': ['event.dataset', '@timestamp'],
  'index.sort.order': ['asc', 'desc'],
  'index.number_of_shards': '1',
  // A copy on another node, where there is one.
  ...(replicas === undefined
    ? { 'index.auto_expand_replicas': '0-1' }
    : { 'index.number_of_replicas': String(replicas) }),
  'index.refresh_interval': '5s',
  'index.mapping.total_fields.limit': '2000',
  'index.max_regex_length': '10000',
})
