/**
 * What the inventory says of an event, remembered by what it was asked: events of one device to one portal differ in nothing
 * that the answer depends on. Where something is new all the time, nothing is remembered, and it is asked as often.
 */
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import { type Row, TEXT } from '../row/row.ts'

const SOURCE = field('vonglau.source.id')
const SENDER = field('log.source.address')
const SERIAL = field('observer.serial_number')
const NAME = field('observer.name')
const DOMAIN = field('url.domain')
const STATUS = field('http.response.status_code')

/** Values that are told apart; those of one text, and kinds of addresses. */
const MOST = 4096
const MOST_KINDS = 1024
/** Answers that are kept; then all are forgotten at once. */
const MOST_ANSWERS = 32_768
/** Numbers that an answer depends on. */
const PARTS = 11

/** Numbers for what is known of addresses: equal lists are the same lists, and of most nothing is known. From 1 on. */
export const openKinds = (): ((sites: unknown, networks: unknown) => number) => {
  const kinds = new Map<unknown, Map<unknown, number>>()
  let known = 0
  return (sites, networks) => {
    let bySites = kinds.get(sites)
    if (!bySites) kinds.set(sites, (bySites = new Map()))
    let kind = bySites.get(networks)
    if (kind === undefined) bySites.set(networks, (kind = ++known))
    return kind
  }
}

export interface Verdicts<T> {
  /** Where the answer is, or belongs; -1 where it is not remembered. The kinds are those of the addresses, 0 where there is none. */
  key(row: Row, source: number, destination: number, translated: number, server: number, period: number): number
  known(key: number): T | undefined
  learn(key: number, answer: T): T
}

export const openVerdicts = <T>(): Verdicts<T> => {
  const numbered = () => {
    let known = 0
    return new Memo(() => ++known, MOST)
  }
  const [sources, senders, serials, names, domains] = [numbered(), numbered(), numbered(), numbered(), numbered()]
  const idOf = (row: Row, f: number, memo: Memo<number>): number =>
    row.place[f] === 0 || row.kind[f] !== TEXT ? 0 : memo.get(row.bytes, row.from[f]!, row.to[f]!)
  // Open addressing: what an answer depends on, slot by slot, and the answers. It grows as it is used.
  let [parts, answers, mask, count] = [new Int32Array(0), [] as (T | undefined)[], -1, 0]
  const asked = new Int32Array(PARTS)
  const begin = (slots: number) => {
    parts = new Int32Array(slots * PARTS)
    answers = new Array<T | undefined>(slots).fill(undefined)
    mask = slots - 1
    count = 0
  }
  const slotOf = (from: Int32Array): number => {
    let hash = 0
    for (let i = 0; i < PARTS; i++) hash = (Math.imul(hash, 0x9e3779b1) + from[i]!) | 0
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      if (answers[slot] === undefined) return slot
      const at = slot * PARTS
      let i = 0
      while (i < PARTS && parts[at + i] === from[i]) i++
      if (i === PARTS) return slot
    }
  }
  const grow = () => {
    const [before, known] = [parts, answers]
    if (count >= MOST_ANSWERS) return begin(64)
    begin(Math.max(64, known.length * 2))
    for (let i = 0; i < known.length; i++) {
      if (known[i] === undefined) continue
      const own = before.subarray(i * PARTS, (i + 1) * PARTS)
      const slot = slotOf(own)
      parts.set(own, slot * PARTS)
      answers[slot] = known[i]
      count++
    }
  }
  return {
    key: (row, source, destination, translated, server, period) => {
      asked[0] = idOf(row, SENDER, senders)
      asked[1] = idOf(row, SERIAL, serials)
      asked[2] = idOf(row, NAME, names)
      asked[3] = idOf(row, DOMAIN, domains)
      asked[4] = idOf(row, SOURCE, sources)
      asked[5] = source
      asked[6] = destination
      asked[7] = translated
      asked[8] = server
      asked[9] = period
      asked[10] = row.place[STATUS] === 0 ? 0 : 1
      // A memo that forgets goes on counting: numbers are never given twice.
      for (let i = 0; i < PARTS; i++) if (asked[i]! >= (i < 4 ? MOST : MOST_KINDS)) return -1
      if ((count + 1) * 2 > answers.length) grow()
      const slot = slotOf(asked)
      if (answers[slot] === undefined) parts.set(asked, slot * PARTS)
      return slot
    },
    known: (key) => (key < 0 ? undefined : answers[key]),
    learn: (key, answer) => {
      if (key < 0) return answer
      answers[key] = answer
      count++
      return answer
    },
  }
}
