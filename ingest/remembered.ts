/**
 * What a parser remembered at the place of a stored event (the #Fields of IIS). An event says its sender and its place, not which
 * of the sender's streams it was of: where these differ, or the place is not known, it cannot be told.
 */
import { idPrefix, placeOf } from './event-id.ts'
import type { Learned } from './store/store.ts'

type State = Learned['state']
/** `unclear`: several, and nobody knows which. */
export type Remembered = { readonly state: State | undefined } | 'unclear'

/** A file of the spool: of which node, and its number. */
const SPOOLED = /^(.*?)(0\d{9})$/
/** Files of the spool after the last one that something was learned in. */
const AHEAD = 5000
const NOTHING: Remembered = { state: undefined }

/** From the place on; what all streams of the sender remember then, where it is the same. */
interface Since {
  readonly number: number
  readonly position: number
  readonly found: Remembered
}
/** Of each stream its state, and whether they are one. */
const openAgreement = () => {
  const streams = new Map<string, string>()
  const counts = new Map<string, number>()
  const count = (text: string, by: number) => {
    const now = (counts.get(text) ?? 0) + by
    if (now > 0) counts.set(text, now)
    else counts.delete(text)
  }
  return (stream: string, state: State): Remembered => {
    const text = JSON.stringify(state)
    const before = streams.get(stream)
    if (before !== undefined) count(before, -1)
    streams.set(stream, text)
    count(text, 1)
    return counts.size === 1 ? { state } : 'unclear'
  }
}
const last = (list: readonly Since[] | undefined, number: number, position: number): Remembered => {
  let [low, high] = [0, list?.length ?? 0]
  while (low < high) {
    const middle = (low + high) >> 1
    const each = list![middle]!
    if (each.number < number || (each.number === number && each.position <= position)) low = middle + 1
    else high = middle
  }
  return low === 0 ? NOTHING : list![low - 1]!.found
}

/** `learned`: of one source, those of a segment in their order. */
export const openRemembered = (learned: readonly Learned[]): ((id: string, sender: string) => Remembered) => {
  if (learned.length === 0) return () => NOTHING
  const source = learned[0]!.source
  // What is read from a file begins anew with each; a number of 0 for all of it.
  const places = new Map<string, { readonly node: string; readonly number: number }>()
  const highest = new Map<string, number>()
  const whereOf = (segment: string) => {
    const [, node, number] = SPOOLED.exec(segment) ?? [segment, segment, '0']
    return { node: node!, number: Number(number) }
  }
  for (const segment of new Set(learned.map((each) => each.segment))) {
    const where = whereOf(segment)
    places.set(idPrefix(source, segment), where)
    if (where.number > 0) highest.set(where.node, Math.max(where.number, highest.get(where.node) ?? 0))
  }
  for (const [node, most] of highest)
    for (let number = 1; number <= most + AHEAD; number++)
      places.set(idPrefix(source, `${node}${String(number).padStart(10, '0')}`), { node, number })

  const bySender = Map.groupBy(learned, ({ stream }) => stream.split(' ', 1)[0]!)
  interface Told {
    readonly lists: ReadonlyMap<string, readonly Since[]>
    /** Whatever the place. */
    readonly anywhere: Remembered
  }
  const tell = (sender: string): Told => {
    const mine = bySender.get(sender) ?? []
    const lists = new Map<string, Since[]>()
    for (const [node, list] of Map.groupBy(mine, ({ segment }) => whereOf(segment).node)) {
      const agree = openAgreement()
      const ordered = list
        .map((each, i) => ({ ...each, i, number: whereOf(each.segment).number }))
        .sort((a, b) => a.number - b.number || a.position - b.position || a.i - b.i)
      lists.set(
        node,
        ordered.map(({ number, position, stream, state }) => ({ number, position, found: agree(stream, state) })),
      )
    }
    const one = new Set(mine.map(({ state }) => JSON.stringify(state))).size === 1
    return {
      lists,
      anywhere: sender === '' || mine.length === 0 ? NOTHING : one ? { state: mine[0]!.state } : 'unclear',
    }
  }
  const told = new Map<string, Told>()
  return (id, sender) => {
    let its = told.get(sender)
    if (!its) told.set(sender, (its = tell(sender)))
    const { prefix, position } = placeOf(id)
    const where = Number.isNaN(position) ? undefined : places.get(prefix)
    return where ? last(its.lists.get(where.node), where.number, position) : its.anywhere
  }
}
