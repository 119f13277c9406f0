/**
 * The body of Elasticsearch's bulk request (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk): lines
 * in twos, an action and a document. What each asks for, the line that it brings, and what is answered for it.
 */
import { randomUUID } from 'node:crypto'
import { setImmediate as breath } from 'node:timers/promises'
import { givenId } from '../event-id.ts'
import type { Frames } from './frames.ts'
import type { Named, Taken } from './streams.ts'

const ACTIONS = ['create', 'index', 'update', 'delete'] as const
type Action = (typeof ACTIONS)[number]
/** Documents that are looked at without a pause. */
const SLICE = 2000
const LONGEST_ID = 512

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

/** The action of a line, or undefined where it is none. */
const actionOf = (line: Buffer): { action: Action; metadata: Metadata } | undefined => {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    if (!isObject(value)) return undefined
    const [name, ...more] = Object.keys(value)
    const action = ACTIONS.find((each) => each === name)
    const metadata = name === undefined ? undefined : value[name]
    return action && more.length === 0 && isObject(metadata) ? { action, metadata } : undefined
  } catch {
    return undefined
  }
}

/**
 * The line that a shipper has put into its document: `event.original` (ECS: what came before anything was taken apart),
 * `message` (Beats, Logstash, Vector, rsyslog), `log` (Fluent Bit's tail). A document without one is the line itself: nothing
 * of it is lost, and a parser that reads JSON takes it.
 */
export const lineOfDocument = (document: Buffer): Buffer => {
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
  for (let i = 0, count = 0; i < texts.length; count++) {
    if (count % SLICE === SLICE - 1) await breath()
    const told = actionOf(texts[i]!)
    if (!told)
      return `line ${i + 1} of the body is no action: expected {"create": {…}} or {"index": {…}}, and its document in the next line`
    const { action, metadata } = told
    const target = typeof metadata._index === 'string' ? metadata._index.slice(0, 255) : index
    const given = typeof metadata._id === 'string' || typeof metadata._id === 'number' ? String(metadata._id) : ''
    i++
    if (action === 'delete' || action === 'update') {
      const reason = `logs are only added here: "${action}" changes nothing; send "create" or "index"`
      items.push({ action, index: target, id: given, refused: { type: 'illegal_argument_exception', reason } })
      if (action === 'update') i++
      continue
    }
    const document = texts[i++]
    if (!document) return `the document of line ${i - 1} of the body is missing: the request was cut off; send it again`
    if (given.length > LONGEST_ID) {
      const reason = `_id is longer than ${LONGEST_ID} characters: ${given.length}`
      items.push({ action, index: target, id: given, refused: { type: 'illegal_argument_exception', reason } })
      continue
    }
    const id = given === '' ? randomUUID() : given
    items.push({ action, index: target, id, place: documents.length })
    documents.push(whole ? document : lineOfDocument(document))
    names.push({ id: givenId(id), given: given !== '' })
  }
  return { items, documents, names }
}

/** What became of each, as Elasticsearch says it. `took`: ms. */
export const answerBulk = ({ items }: Bulk, { repeated }: Pick<Taken, 'repeated'>, took: number) => {
  const answers = items.map(({ action, index, id, place, refused }) => {
    const its = { _index: index, _id: id }
    if (refused) return { [action]: { ...its, status: 400, error: refused } }
    const again = repeated?.[place!] ?? false
    if (again && action === 'create') {
      const reason = `[${id.slice(0, 100)}]: version conflict, document already exists`
      return { create: { ...its, status: 409, error: { type: 'version_conflict_engine_exception', reason, index } } }
    }
    const done = { _version: 1, _shards: { total: 1, successful: 1, failed: 0 }, _seq_no: 0, _primary_term: 1 }
    return { [action]: { ...its, ...done, result: again ? 'noop' : 'created', status: again ? 200 : 201 } }
  })
  return { took, errors: answers.some((each) => Object.values(each).some((one) => 'error' in one)), items: answers }
}
