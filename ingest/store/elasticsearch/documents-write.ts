/**
 * Writing documents: in bulk, each over the version that it was read with. What was carried out although the answer got
 * lost is known again by the mark of the write, so nobody is told of a conflict with himself.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, estypes } from '@elastic/elasticsearch'
import { type Document, FENCED, type Put, type PutResult, StoreError } from '../store.ts'
import { addressOf, backoff, insist, kindOfStatus, sentence, type ServerError, shorten } from './connect.ts'
import { nativeId, type Source, toSource } from './documents-fields.ts'

/** 2^40 changes of one collection, and 8192 times that its shard was moved by force. */
const TERM = 2 ** 40
export const toVersion = (term: number, seq: number): number => term * TERM + seq
export const over = (version: number) => ({
  if_seq_no: version % TERM,
  if_primary_term: Math.floor(version / TERM),
})

/** Where a collection's writes go. */
export interface Target {
  readonly index: string
  /** Of a lease; once it is gone, the holder has been replaced. */
  readonly alias?: string
  readonly lost?: () => void
}

interface Change {
  readonly id: string
  readonly version: number | null | 'any'
  readonly doc?: Document // absent: delete
}
type Outcome = { readonly ok: true; readonly version: number } | { readonly ok: false }

const MOST_BYTES = 4_000_000
const MOST_ITEMS = 500
const PATIENCE = 30_000
const CONFLICT = { ok: false, conflict: true } as const

interface Pending {
  readonly place: number
  readonly change: Change
  readonly w: string
  readonly json: string
  readonly again: boolean // an earlier try may have been carried out
}

export const openWriter = (client: Client, { index, alias, lost }: Target, fields: readonly string[]) => {
  const what = `writing to ${index}`
  const target = alias ?? index
  const fenced = (): Error => {
    lost?.()
    return new Error(FENCED)
  }

  /** Versions and marks as they are now. */
  const look = (ids: readonly string[]) =>
    insist(client, `reading ${index}`, async () => {
      const found = new Map<string, { version: number; w: string }>()
      if (ids.length === 0) return found
      const { docs } = await client.mget<Source>({ index, ids: [...new Set(ids)], _source: ['w'] })
      for (const each of docs) {
        if ('error' in each) {
          if (each.error.type === 'index_not_found_exception') continue
          throw new StoreError(`${index} cannot be read: ${each.error.reason}`)
        }
        if (each.found)
          found.set(each._id, { version: toVersion(each._primary_term!, each._seq_no!), w: each._source!.w })
      }
      return found
    })

  /** A result for each; those for 'any' go on until they are in. */
  const write = async (changes: readonly Change[]): Promise<Outcome[]> => {
    const outcomes: Outcome[] = []
    const began = performance.now()
    let pending: Pending[] = changes.map((change, place) => {
      const w = randomUUID()
      return { place, change, w, json: change.doc ? toSource(change.id, change.doc, w, fields) : '', again: false }
    })
    for (let round = 0; pending.length > 0; round++) {
      const any = pending.filter(({ change }) => change.version === 'any').map(({ change }) => nativeId(change.id))
      const now = await look(any)
      const later: Pending[] = []
      const repeat = async (each: Pending, again: boolean, error: ServerError, status: number) => {
        if (performance.now() - began > PATIENCE) throw refusal(status, error)
        later.push({ ...each, again: each.again || again })
      }
      for (const chunk of chunks(pending)) {
        const operations: (estypes.BulkOperationContainer | string)[] = []
        const sent: Pending[] = []
        for (const each of chunk) {
          const { id, version } = each.change
          const current = version === 'any' ? (now.get(nativeId(id))?.version ?? null) : version
          if (!each.json) {
            if (current === null) {
              // Gone: by an earlier try of this very call, or because it never was.
              outcomes[each.place] = each.again ? { ok: true, version: 0 } : { ok: false }
              continue
            }
            operations.push({ delete: { _id: nativeId(id), ...over(current) } })
          } else if (current === null) operations.push({ create: { _id: nativeId(id) } }, each.json)
          else operations.push({ index: { _id: nativeId(id), ...over(current) } }, each.json)
          sent.push(each)
        }
        if (sent.length === 0) continue
        let repeated = false
        const { items } = await insist(client, what, (again) => {
          repeated ||= again
          return client.bulk({
            index: target,
            operations: operations as estypes.BulkRequest['operations'],
            ...(alias ? { require_alias: true } : {}),
          })
        })
        for (const [i, item] of items.entries()) {
          const each = { ...sent[i]!, again: sent[i]!.again || repeated }
          const done = Object.values(item)[0]!
          const { status, error } = done
          if (status < 300) outcomes[each.place] = { ok: true, version: toVersion(done._primary_term!, done._seq_no!) }
          else if (status === 404 && !error) outcomes[each.place] = { ok: each.again, version: 0 }
          else if (status === 409) {
            const found = each.again
              ? (await look([nativeId(each.change.id)])).get(nativeId(each.change.id))
              : undefined
            if (found?.w === each.w) outcomes[each.place] = { ok: true, version: found.version }
            else if (each.again && !each.json && !found) outcomes[each.place] = { ok: true, version: 0 }
            else if (each.change.version === 'any') later.push(each)
            else outcomes[each.place] = { ok: false }
          } else if (status === 404 && alias) throw fenced()
          else if (status === 429) await repeat(each, false, error as ServerError, status)
          else if (status >= 502) await repeat(each, true, error as ServerError, status)
          else throw refusal(status, error as ServerError)
        }
      }
      pending = later
      if (pending.length > 0) await sleep(Math.min(2000, backoff(round)))
    }
    return outcomes
  }
  const refusal = (status: number, error: ServerError): Error => {
    const cause = error.caused_by?.reason ? `: ${error.caused_by.reason}` : ''
    const reason = shorten(`${error.reason ?? error.type ?? `status ${status}`}${cause}`)
    return new StoreError(sentence(kindOfStatus(status, error), what, addressOf(client), reason))
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
  }
}

const chunks = function* (pending: readonly Pending[]): Iterable<Pending[]> {
  let chunk: Pending[] = []
  let bytes = 0
  for (const each of pending) {
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
