/**
 * The ids that senders gave their documents within the last day, so that one which is sent again adds nothing. Told from the
 * spool's records, whose files are kept for longer than a day.
 */
import { createHash } from 'node:crypto'

/** ms that an id is known. */
export const KNOWN_FOR = 86_400_000
/** Ids of a source: more in a day and the oldest are forgotten, 20 bytes each in a table at most half full. */
const MOST = 4_000_000
const FIRST = 1024

export interface Seen {
  /** Whether it was seen within a day before `time`, epoch ms. */
  has(id: string, time: number): boolean
  add(id: string, time: number): void
  /** It was not taken after all. */
  remove(id: string): void
  /** Ids that were forgotten before their day was over. */
  forgotten(): number
}

/** Open addressing: a Map's entry with its text is ten times as large. */
export const openSeen = (most = MOST): Seen => {
  let high = new Float64Array(FIRST)
  let low = new Float64Array(FIRST)
  /** Epoch seconds; 0: free, 1: removed. */
  let at = new Uint32Array(FIRST)
  let used = 0
  let lost = 0
  let [a, b] = [0, 0]
  const key = (id: string) => {
    const bytes = createHash('sha256').update(id).digest()
    a = bytes.readUIntBE(0, 6)
    b = bytes.readUIntBE(6, 6)
  }
  /** Where the key is, or the free place where it would be. */
  const place = (): number => {
    const mask = at.length - 1
    let i = b & mask
    while (at[i] !== 0 && !(high[i] === a && low[i] === b)) i = (i + 1) & mask
    return i
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
    for (let i = 0; i < times.length; i++) {
      if (times[i]! <= oldest || times[i]! <= 1) continue
      ;[a, b] = [highs[i]!, lows[i]!]
      put(times[i]!)
    }
  }
  const put = (seconds: number) => {
    const i = place()
    if (at[i] === 0) used++
    ;[high[i], low[i], at[i]] = [a, b, seconds]
  }
  return {
    has: (id, time) => {
      key(id)
      const seconds = at[place()]!
      return seconds > 1 && seconds * 1000 > time - KNOWN_FOR
    },
    add: (id, time) => {
      if ((used + 1) * 2 > at.length) renew(time)
      key(id)
      // Rounded up: it is known for its whole day.
      put(Math.ceil(time / 1000))
    },
    remove: (id) => {
      key(id)
      const i = place()
      if (at[i] !== 0) at[i] = 1
    },
    forgotten: () => lost,
  }
}
