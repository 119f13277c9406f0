/**
 * The body of Elasticsearch's bulk request (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk): lines
 * in twos, an action and a document. What each asks for, the line that it brings, and what is answered for it.
 */
import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { setImmediate as breath } from 'node:timers/promises'
import { givenId } from '../event-id.ts'
import type { Frames } from './frames.ts'
import { LONGEST } from './lines.ts'
import type { Named, Taken } from './streams.ts'

const ACTIONS = ['create', 'index', 'update', 'delete'] as const
type Action = (typeof ACTIONS)[number]
/** Documents that are looked at without a pause. */
const SLICE = 2000
/** And bytes of them. */
const SLICE_BYTES = 1 << 20
const LONGEST_ID = 512
/** An action is an index, an id and some words; what is longer is not looked at. */
const LONGEST_ACTION = 64 * 1024
/** A longer document is a line that is kept in parts, whatever it holds: 60 MB of brackets take the reader of JSON seconds. */
const LONGEST_DOCUMENT = LONGEST + LONGEST_ACTION

interface Item {
  readonly action: Action
  readonly index: string
  /** As the sender has it, or as we call it. */
  readonly id: string
  /** Its place among the documents that are taken; absent where it is refused. */
  readonly place?: number
  readonly refused?: { readonly type: string; readonly reason: string }
}
export interface Bulk {
  readonly items: readonly Item[]
  readonly documents: readonly Buffer[]
  readonly names: readonly Named[]
}

type Metadata = { readonly _index?: unknown; readonly _id?: unknown }
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What a document is called, and the text that tells it from every other; both empty where the sender gave no name. */
interface Name {
  readonly shown: string
  readonly key: string
}
/** Two names are never one: neither numbers that JSON's reader rounds, nor what becomes U+FFFD as it is read. */
const nameOf = (text: string, { _id: id }: Metadata, wellFormed: boolean): Name => {
  if (typeof id === 'number') {
    let shown = String(id)
    const keep = (key: string, value: unknown, context?: { readonly source?: string }) => {
      if (key === '_id' && context?.source !== undefined) shown = context.source
      return value
    }
    JSON.parse(text, keep as (key: string, value: unknown) => unknown)
    return { shown, key: shown }
  }
  if (typeof id !== 'string') return { shown: '', key: '' }
  if (!wellFormed) return { shown: id, key: `bytes\0${id}` }
  return id.isWellFormed() ? { shown: id, key: id } : { shown: id.toWellFormed(), key: `json\0${JSON.stringify(id)}` }
}
/** The action of a line, or undefined where it is none. */
const actionOf = (line: Buffer): { action: Action; metadata: Metadata; given: Name } | undefined => {
  if (line.length > LONGEST_ACTION) return undefined
  const wellFormed = isUtf8(line)
  const text = line.toString(wellFormed ? 'utf8' : 'latin1')
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) return undefined
    const [name, ...more] = Object.keys(value)
    const action = ACTIONS.find((each) => each === name)
    const metadata = name === undefined ? undefined : value[name]
    return action && more.length === 0 && isObject(metadata)
      ? { action, metadata, given: nameOf(text, metadata, wellFormed) }
      : undefined
  } catch {
    return undefined
  }
}

/**
 * The line that a shipper has put into its document: `event.original` (ECS: what came before anything was taken apart),
 * `message` (Beats, Logstash, Vector, rsyslog), `log` (Fluent Bit's tail). A document without one is the line itself: nothing
 * of it is lost, and a parser that reads JSON takes it. So is one that is too long to be looked at.
 */
export const lineOfDocument = (document: Buffer): Buffer => {
  if (document.length > LONGEST_DOCUMENT) return document
  let value: unknown
  try {
    value = JSON.parse(document.toString('utf8'))
  } catch {
    return document
  }
  if (!isObject(value)) return document
  const { event, message, log } = value
  const texts = [isObject(event) ? event['original'] : undefined, value['event.original'], message, log]
  const text = texts.find((each): each is string => typeof each === 'string' && each !== '')
  return text === undefined ? document : Buffer.from(text.replace(/\r?\n$/, ''))
}

/** `whole`: the parser reads documents as they are. Answers a sentence where the request is none. */
export const readBulk = async (lines: Frames, index: string, whole: boolean): Promise<Bulk | string> => {
  const items: Item[] = []
  const documents: Buffer[] = []
  const names: Named[] = []
  const texts = lines.texts()
  for (let i = 0, count = 0, bytes = 0; i < texts.length; count++) {
    if (count === SLICE || bytes > SLICE_BYTES) {
      await breath()
      count = bytes = 0
    }
    const told = actionOf(texts[i]!)
    if (!told)
      return `line ${i + 1} of the body is no action: expected {"create": {…}} or {"index": {…}}, and its document in the next line`
    const { action, metadata, given } = told
    const target = typeof metadata._index === 'string' ? metadata._index.slice(0, 255) : index
    i++
    if (action === 'delete' || action === 'update') {
      const reason = `logs are only added here: "${action}" changes nothing; send "create" or "index"`
      items.push({ action, index: target, id: given.shown, refused: { type: 'illegal_argument_exception', reason } })
      if (action === 'update') i++
      continue
    }
    const document = texts[i++]
    bytes += document?.length ?? 0
    if (!document) return `the document of line ${i - 1} of the body is missing: the request was cut off; send it again`
    if (given.shown.length > LONGEST_ID) {
      const reason = `_id is longer than ${LONGEST_ID} characters: ${given.shown.length}`
      items.push({ action, index: target, id: given.shown, refused: { type: 'illegal_argument_exception', reason } })
      continue
    }
    const named = given.key !== ''
    const id = named ? given.shown : randomUUID()
    items.push({ action, index: target, id, place: documents.length })
    documents.push(whole ? document : lineOfDocument(document))
    names.push({ id: givenId(named ? given.key : id), given: named })
  }
  return { items, documents, names }
}

/** What became of each, as Elasticsearch says it, in JSON. `took`: ms. */
export const answerBulk = async (
  { items }: Bulk,
  { repeated }: Pick<Taken, 'repeated'>,
  took: number,
): Promise<string> => {
  const texts: string[] = []
  let errors = false
  for (let at = 0; at < items.length; at += SLICE) {
    if (at > 0) await breath()
    const some = items.slice(at, at + SLICE).map((item) => answerOf(item, repeated?.[item.place!] ?? false))
    errors ||= some.some((each) => Object.values(each).some((one) => 'error' in one))
    texts.push(JSON.stringify(some).slice(1, -1))
  }
  return `{"took":${took},"errors":${errors},"items":[${texts.join(',')}]}`
}
const answerOf = ({ action, index, id, refused }: Item, again: boolean) => {
  const its = { _index: index, _id: id }
  if (refused) return { [action]: { ...its, status: 400, error: refused } }
  if (again && action === 'create') {
    const reason = `[${id.slice(0, 100)}]: version conflict, document already exists`
    return { create: { ...its, status: 409, error: { type: 'version_conflict_engine_exception', reason, index } } }
  }
  const done = { _version: 1, _shards: { total: 1, successful: 1, failed: 0 }, _seq_no: 0, _primary_term: 1 }
  return { [action]: { ...its, ...done, result: again ? 'noop' : 'created', status: again ? 200 : 201 } }
}
