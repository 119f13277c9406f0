/**
 * An event as the document that a cluster keeps, and back. A value that fits the type of its field stands under the field's
 * name; fields outside the table stand in `rest`; what neither can index faithfully (a text in a number's field, a value
 * longer than a Lucene term, a name that no mapping takes) is kept as JSON in `kept`, and its name is listed in `odd`: of
 * such an event the process decides. So nothing is refused by the mapping, and an event comes back as it went in.
 */
import { hash } from 'node:crypto'
import { type Event, FIELDS, fieldOf, type FieldType, type Value } from '../../../event.ts'

/** A Lucene term has at most 32,766 bytes, and a UTF-16 unit takes at most three of them, in lower case too. */
export const LONGEST = 10_000
/** In `rest` a term is the name, NUL and the value. */
export const LONGEST_REST = 8_000
const LONGEST_NAME = 512
/** An id may have 512 bytes. */
const LONGEST_ID = 500

/** The fields of a document that are not fields of an event. */
export const REST = 'rest'
export const KEPT = 'kept'
export const ODD = 'odd'

/** Running text without a length limit, found by its words: see schema.ts. */
export const TEXT: ReadonlySet<string> = new Set(['event.original'])
/** Neither searched nor counted: bytes for a person. */
export const STORED: ReadonlySet<string> = new Set(['vonglau.original.base64'])
/** The standard tokenizer cuts longer words, so that they are not found by a part of them. */
export const LONGEST_WORD = 255
/** What ends a word for it, wherever it stands. */
export const BETWEEN_WORDS = /[\s/\\?&=%"<>()[\]{}|!@#$^*+~`-]/

/** How a name stands in `odd`. */
export const oddName = (name: string): string => name.slice(0, LONGEST_NAME)

export type Kind = FieldType | 'text' | 'stored'
/** The fields of the table as an event has them, but for the two that every row begins and ends with. */
export const KINDS: ReadonlyMap<string, Kind> = new Map(
  FIELDS.filter(({ name }) => name !== '@timestamp' && name !== 'event.ingested').map(({ name, type }) => [
    name,
    TEXT.has(name) ? 'text' : STORED.has(name) ? 'stored' : type,
  ]),
)

/** `rest` is compared by a folding that knows ASCII only, so there is nothing in it that folds to ASCII from outside. */
export const FOLDS_TO_ASCII = /[\u0130\u212a]/

/** Eight groups, the last two as IPv4. A cluster gives addresses back in canonical spelling only. */
export const LONGEST_ADDRESS = 45

/** Whether a name can be one of `rest`: NUL divides name and value there, a star means several, dots stand between. */
export const fitsRest = (name: string): boolean =>
  name.length <= LONGEST_NAME && name !== '__proto__' && !/^$|^\.|\.$|\.\.|[\0*]/.test(name) && name.isWellFormed()

/** The id of the document: that of the event, or of its hash where it is too long for one. */
export const documentId = (id: string): string =>
  id.length <= LONGEST_ID / 3 || Buffer.byteLength(id) <= LONGEST_ID ? id : `#${hash('sha256', id, 'base64url')}`

const put = (event: Event, name: string, value: Value): void => {
  if (name === '__proto__')
    Object.defineProperty(event, name, { value, enumerable: true, configurable: true, writable: true })
  else event[name] = value
}

/** The event of a document's `_source`; only these fields of it, where they are given. */
export const eventOf = (source: { readonly [name: string]: unknown }, fields?: ReadonlySet<string>): Event => {
  const event: Event = {}
  for (const name of Object.keys(source)) {
    const value = source[name] as Value
    if (name === ODD || name === KEPT) continue
    if (name === REST) {
      for (const [inner, each] of Object.entries(value as unknown as Event))
        if (!fields || fields.has(inner)) event[inner] = each
    } else {
      // Synthetic source gives a date back as its format spells it.
      const spelled = typeof value === 'string' && fieldOf(name)?.type === 'date'
      event[name] = spelled ? Number(value) : value
    }
  }
  const kept = source[KEPT]
  if (typeof kept === 'string')
    for (const [name, value] of Object.entries(JSON.parse(kept) as Event))
      if (value !== null && (!fields || fields.has(name))) put(event, name, value)
  return event
}

/** What of `_source` holds these fields of an event. */
export const sourceOf = (fields: readonly string[]): string[] => [
  KEPT,
  ODD,
  ...new Set(fields.flatMap((name) => (fieldOf(name) ? name : fitsRest(name) ? `${REST}.${name}` : []))),
]
