/**
 * The ids that senders gave their documents within the last day, so that one which is sent again adds nothing. Told from the
 * spool's records, whose files are kept for longer than a day.
 */
import { hash } from 'node:crypto'

/** ms that an id is known. */
export const KNOWN_FOR = 86_400_000
/** Ids of a source: more in a day and the oldest are forgotten, 20 bytes each in a table at most half full. */
const MOST = 4_000_000
const PARTS = 256
const FIRST = 16

export interface Seen {
  /** Whether it was seen within a day before `time`, epoch ms. */
  has(id: string, time: number): boolean
  add(id: string, time: number): void
  /** It was not taken after all. */
  remove(id: string): void
  /** Ids that were forgotten before their day was over. */
  forgotten(): number
}

/**
 * Tables of a part of the ids each, that grow apart: one for all would hold up everything else for a second when it has to be
 * made anew.
 */
export const openSeen = (most = MOST): Seen => {
  const tables = new Map<number, Table>()
  const key: Key = { high: 0, low: 0 }
  const tableOf = (id: string): Table => {
    const bytes = hash('sha256', id, 'buffer')
    key.high = bytes.readUIntBE(0, 6)
    key.low = bytes.readUIntBE(6, 6)
    const part = bytes[12]!
    let table = tables.get(part)
    if (!table) tables.set(part, (table = openTable(Math.max(2, most / PARTS))))
    return table
  }
  return {
    has: (id, time) => tableOf(id).has(key, time),
    add: (id, time) => tableOf(id).add(key, time),
    remove: (id) => tableOf(id).remove(key),
    forgotten: () => [...tables.values()].reduce((sum, table) => sum + table.forgotten(), 0),
  }
}

interface Key {
  high: number
  low: number
}
type Table = ReturnType<typeof openTable>

/** Open addressing: a Map's entry with its text is ten times as large. */
const openTable = (most: number) => {
  let high = new Float64Array(FIRST)
  let low = new Float64Array(FIRST)
  /** Epoch seconds; 0: free, 1: removed. */
  let at = new Uint32Array(FIRST)
  let used = 0
  let lost = 0
  /** Where the key is, or the free place where it would be. */
  const place = (a: number, b: number): number => {
    const mask = at.length - 1
    let i = b & mask
    while (at[i] !== 0 && !(high[i] === a && low[i] === b)) i = (i + 1) & mask
    return i
  }
  const put = (a: number, b: number, seconds: number) => {
    const i = place(a, b)
    if (at[i] === 0) used++
    ;[high[i], low[i], at[i]] = [a, b, seconds]
  }
  /** Twice the room, or the same without those whose day is over; where that is too much, the older half goes. */
  const renew = (time: number) => {
    const [highs, lows, times] = [high, low, at]
    let oldest = Math.floor((time - KNOWN_FOR) / 1000)
    const left = times.filter((each) => each > oldest).sort()
    if (left.length > most / 2) {
      oldest = left[left.length >> 1]!
      lost += left.filter((each) => each <= oldest).length
    }
    const size = left.length * 4 > times.length ? times.length * 2 : times.length
    ;[high, low, at, used] = [new Float64Array(size), new Float64Array(size), new Uint32Array(size), 0]
    for (let i = 0; i < times.length; i++) if (times[i]! > oldest && times[i]! > 1) put(highs[i]!, lows[i]!, times[i]!)
  }
  return {
    has: ({ high: a, low: b }: Key, time: number): boolean => {
      const seconds = at[place(a, b)]!
      return seconds > 1 && seconds * 1000 > time - KNOWN_FOR
    },
    add: ({ high: a, low: b }: Key, time: number): void => {
      if ((used + 1) * 2 > at.length) renew(time)
      // Rounded up: it is known for its whole day.
      put(a, b, Math.ceil(time / 1000))
    },
    remove: ({ high: a, low: b }: Key): void => {
      const i = place(a, b)
      if (at[i] !== 0) at[i] = 1
    },
    forgotten: () => lost,
  }
}
