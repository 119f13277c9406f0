/**
 * Writing documents: in bulk, each over the version that it was read with. What was carried out although the answer got
 * lost is known again by the mark of the write, so nobody is told of a conflict with himself.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, estypes } from '@elastic/elasticsearch'
import type { Document, Put, PutResult } from '../../store.ts'
import {
  addressOf,
  backoff,
  failureOf,
  insist,
  kindOfStatus,
  known,
  sentence,
  type ServerError,
  shorten,
} from '../connect.ts'
import { nativeId, type Source, toSource } from './fields.ts'

/** 2^40 changes of one collection, and 8192 times that its shard was moved by force. */
const TERM = 2 ** 40
export const toVersion = (term: number, seq: number): number => term * TERM + seq
export const overVersion = (version: number) => ({
  if_seq_no: version % TERM,
  if_primary_term: Math.floor(version / TERM),
})

/** Where a collection's writes go. */
export interface Target {
  readonly index: string
  /** What it writes through: that of everyone, or that of a lease. */
  readonly alias: string
  /** The alias is gone: of a lease, it rejects (`Fenced`); else it makes index and alias again. */
  readonly gone: () => Promise<void>
  /** ms that it goes on against a cluster that is away, busy or full: 30,000. */
  readonly patience?: number
}

interface Change {
  readonly id: string
  readonly version: number | null | 'any'
  readonly doc?: Document // absent: delete
}
type Outcome = { readonly ok: true; readonly version: number } | { readonly ok: false }

const MOST_BYTES = 4_000_000
const MOST_ITEMS = 500
const CONFLICT = { ok: false, conflict: true } as const

interface Pending {
  readonly place: number
  readonly change: Change
  readonly native: string
  readonly mark: string
  readonly again: boolean // an earlier try may have been carried out
}
/** What a change is written over, and what is sent. */
interface Ready extends Pending {
  readonly over: number | null
  readonly json: string
}

/** Nine characters: two writes of one document meet with a chance of 1 to 10^14. */
const newMark = (): string => randomBytes(7).toString('base64url').slice(0, 9)
/** Others may have changed the document before one asks again; more than these in the time of an outage, nobody does. */
const MARKS = 8

export interface Marks {
  seen(id: string, version: number, marks: readonly string[]): void
  of(id: string, version: number): readonly string[] | undefined
}
/** The marks of what was read lately, so that who writes over it need not ask for them. */
export const openMarks = (most = 5000): Marks => {
  const known = new Map<string, { version: number; marks: readonly string[] }>()
  return {
    seen: (id, version, marks) => {
      known.delete(id)
      known.set(id, { version, marks })
      if (known.size > most) known.delete(known.keys().next().value!)
    },
    of: (id, version) => {
      const found = known.get(id)
      return found?.version === version ? found.marks : undefined
    },
  }
}

export const openWriter = (
  client: Client,
  { index, alias, gone, patience = 30_000 }: Target,
  fields: readonly string[],
  marks: Marks,
) => {
  const what = `writing to ${index}`

  /** Versions and marks as they are now. */
  const look = async (
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, { version: number; w: readonly string[] }>> => {
    const found = new Map<string, { version: number; w: readonly string[] }>()
    if (ids.length === 0) return found
    const docs = await insist(
      client,
      `reading ${index}`,
      async () => {
        const { docs } = await client.mget<Source>({ index, ids: [...new Set(ids)], _source: ['w'] })
        return known(docs)
      },
      { patience },
    )
    for (const each of docs)
      if (each.found)
        found.set(each._id, { version: toVersion(each._primary_term!, each._seq_no!), w: each._source!.w })
    return found
  }

  /** A result for each; those for 'any' go on until they are in. */
  const write = async (changes: readonly Change[]): Promise<Outcome[]> => {
    const outcomes: Outcome[] = []
    const began = performance.now()
    let pending: Pending[] = changes.map((change, place) => ({
      place,
      change,
      native: nativeId(change.id),
      mark: newMark(),
      again: false,
    }))
    for (let round = 0; pending.length > 0; round++) {
      const later: Pending[] = []
      const repeat = (each: Pending, again: boolean, error: ServerError, status: number) => {
        if (performance.now() - began > patience) throw refusal(status, error)
        later.push({ ...each, again: each.again || again })
      }
      for (const sent of chunks(await prepare(pending, outcomes))) {
        let repeated = false
        const { items } = await insist(
          client,
          what,
          (again) => {
            repeated ||= again
            return client.bulk({ index: alias, operations: sent.flatMap(operation), require_alias: true })
          },
          { patience },
        )
        for (const [i, item] of items.entries()) {
          const each = { ...sent[i]!, again: sent[i]!.again || repeated }
          const { status, error, _primary_term, _seq_no } = Object.values(item)[0]!
          if (status < 300) outcomes[each.place] = { ok: true, version: toVersion(_primary_term!, _seq_no!) }
          else if (status === 409 || (status === 404 && !error)) {
            const done = each.again ? wasDone(each, (await look([each.native])).get(each.native)) : undefined
            if (!done && each.change.version === 'any' && status === 409) later.push(each)
            else outcomes[each.place] = done ?? { ok: false }
          } else if (status === 404) {
            await gone()
            repeat(each, false, error as ServerError, status)
          } else if (status === 429 || status >= 502) repeat(each, status !== 429, error as ServerError, status)
          else throw refusal(status, error as ServerError)
        }
      }
      pending = later
      if (pending.length > 0) await sleep(Math.min(2000, backoff(round)))
    }
    return outcomes
  }

  /** What of these is to be sent, and over which version; of the others the outcome is known. */
  const prepare = async (pending: readonly Pending[], outcomes: Outcome[]): Promise<Ready[]> => {
    const unknown = pending.filter(({ change: { id, version, doc } }) =>
      version === 'any' ? true : doc !== undefined && version !== null && marks.of(id, version) === undefined,
    )
    const now = await look(unknown.map(({ native }) => native))
    const ready: Ready[] = []
    for (const each of pending) {
      const { id, version, doc } = each.change
      const found = now.get(each.native)
      const over = version === 'any' ? (found?.version ?? null) : version
      const done = each.again && version === 'any' ? wasDone(each, found) : undefined
      if (done) outcomes[each.place] = done
      else if (!doc && over === null) outcomes[each.place] = { ok: false }
      else {
        const before = over === null ? [] : found?.version === over ? found.w : (marks.of(id, over) ?? [])
        const json = doc ? toSource(id, doc, [each.mark, ...before].slice(0, MARKS), fields) : ''
        ready.push({ ...each, over, json })
      }
    }
    return ready
  }

  /** Had an earlier try been carried out whose answer got lost? Then others may have changed the document since. */
  const wasDone = (
    { change, mark }: Pending,
    found: { version: number; w: readonly string[] } | undefined,
  ): Outcome | undefined => {
    if (!change.doc) return found ? undefined : { ok: true, version: 0 }
    const at = found?.w.indexOf(mark) ?? -1
    // A version that has passed is good for a conflict only, which is right.
    return at < 0 ? undefined : { ok: true, version: at === 0 ? found!.version : found!.version - 1 }
  }

  const refusal = (status: number, error: ServerError): Error => {
    const cause = error.caused_by?.reason ? `: ${error.caused_by.reason}` : ''
    const reason = shorten(`${error.reason ?? error.type ?? `status ${status}`}${cause}`)
    const kind = kindOfStatus(status, error)
    return failureOf(kind, sentence(kind, what, addressOf(client), reason))
  }

  return {
    put: async (items: readonly Put<Document>[], inOrder: boolean): Promise<PutResult[]> => {
      const results: PutResult[] = []
      // A server carries a bulk request out in parts and stops for nothing.
      for (const part of inOrder ? items.map((item) => [item]) : [items]) {
        if (inOrder && results.some(({ ok }) => !ok)) results.push(CONFLICT)
        else results.push(...(await write(part)).map((each) => (each.ok ? each : CONFLICT)))
      }
      return results
    },
    delete: async (id: string, version: number | 'any'): Promise<boolean> => (await write([{ id, version }]))[0]!.ok,
    deleteMany: async (ids: readonly string[]): Promise<number> =>
      (await write([...new Set(ids)].map((id) => ({ id, version: 'any' as const })))).filter(({ ok }) => ok).length,
  }
}

const operation = ({ native, over, json }: Ready): (estypes.BulkOperationContainer | object)[] => {
  const condition = over === null ? {} : overVersion(over)
  if (!json) return [{ delete: { _id: native, ...condition } }]
  // Text goes into the request as it is.
  return [
    over === null ? { create: { _id: native } } : { index: { _id: native, ...condition } },
    json as unknown as object,
  ]
}

const chunks = function* (ready: readonly Ready[]): Iterable<Ready[]> {
  let chunk: Ready[] = []
  let bytes = 0
  for (const each of ready) {
    if (chunk.length > 0 && (chunk.length >= MOST_ITEMS || bytes + each.json.length > MOST_BYTES)) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(each)
    bytes += each.json.length
  }
  if (chunk.length > 0) yield chunk
}
