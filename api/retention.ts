/**
 * Takes events out of the store: of days that are older than they may be, of the oldest while the events are more than their
 * quota, and of sources whose own time is over. Each is announced, and goes when it was announced for a day of running; one
 * a pass. What incidents hold stays. By a clock that is doubted nothing goes, and what else fills the disk is no reason.
 */
import { hash } from 'node:crypto'
import { counted } from '../ingest/counted.ts'
import { EVERYTHING, eq, type Filter, not, or } from '../ingest/store/filter.ts'
import { type Day, type Document, ingestedOn, SYSTEM } from '../ingest/store/store.ts'
import { UNKNOWN_SOURCE } from '../ingest/source.ts'
import { type Held, heldIncidents } from '../rules/case/hold.ts'
import { type Counted, DAY, type Due, dueDays, ownBytes } from './due.ts'
import type { RetentionState } from './contract.ts'
import type { Installation } from './installation.ts'

/** ms of running for which it is announced. */
export const NOTICE = DAY

interface Announced extends Omit<Due, 'now'> {
  /** ms that it was there to be read. */
  readonly waited: number
}
interface Announcements extends Document {
  readonly days: readonly Announced[]
  /** Days that were written anew: with what they hold since, there is no more to do. */
  readonly kept?: readonly { readonly key: string; readonly stay: string; readonly events: number }[]
}
type Part = Pick<Installation, 'config' | 'store' | 'clock' | 'rules'>

export interface Retention {
  /** One look; at most one day goes. */
  pass(): Promise<void>
}

const announcements = ({ store }: Pick<Part, 'store'>) => store.documents.collection<Announcements>('retention')
const announced = async (part: Pick<Part, 'store'>): Promise<Announcements> =>
  (await announcements(part).get(SYSTEM, 'announced'))?.doc ?? { days: [] }
const announce = (part: Pick<Part, 'store'>, doc: Announcements) =>
  announcements(part).put([{ id: 'announced', version: 'any', doc }])
const keyOf = ({ day, why, sources = [] }: Omit<Due, 'now'>): string => JSON.stringify([day, why, ...sources])

/** After a person has said what time it is, what was announced by another time is announced anew. */
export const forgetAnnounced = async (part: Pick<Part, 'store'>): Promise<void> => {
  const doc = await announced(part)
  if (doc.days.length > 0) await announce(part, { ...doc, days: [] })
}

/** Each closed day is counted once: it changes only by being written anew, and then has fewer events. */
const counters = new WeakMap<Installation['store'], Map<string, Promise<unknown>>>()
const once = <T>({ store }: Pick<Part, 'store'>, key: string, count: () => Promise<T>): Promise<T> => {
  const known = counters.get(store) ?? new Map<string, Promise<unknown>>()
  counters.set(store, known)
  let found = known.get(key) as Promise<T> | undefined
  if (!found) {
    known.set(key, (found = count()))
    found.catch(() => known.delete(key))
  }
  return found
}

const bySource = async (part: Part, { day, events, problem }: Day): Promise<ReadonlyMap<string, number>> => {
  if (problem !== undefined || events === 0) return new Map()
  const { items } = await part.store.events.aggregate(SYSTEM, {
    filter: EVERYTHING,
    ingested: ingestedOn(day),
    by: [{ terms: 'vonglau.source.id' }],
    limit: 10_000,
  })
  return new Map(items.flatMap(({ key, count }) => (key[0] === null ? [] : [[String(key[0]), count] as const])))
}
/** ms for which the newest day, which goes on growing, is not counted again: the console asks often. */
const FRESH = 240_000
const newestKey = ({ store }: Pick<Part, 'store'>): string => {
  const slot = Math.floor(performance.now() / FRESH)
  counters.get(store)?.delete(`newest ${slot - 1}`)
  return `newest ${slot}`
}
const heldIn = (part: Part, { day, events, problem }: Day, { number, events: filter }: Held): Promise<number> =>
  once(part, `${day} ${events} ${problem ?? ''} ${number} ${JSON.stringify(filter)}`, async () =>
    problem !== undefined || events === 0 ? 0 : part.store.events.count(SYSTEM, { filter, ingested: ingestedOn(day) }),
  )

const withCounts = async (part: Part, held: readonly Held[]): Promise<Counted[]> => {
  const out: Counted[] = []
  const days = (await part.store.events.days()).toSorted((a, b) => (a.day < b.day ? -1 : 1))
  for (const [i, day] of days.entries()) {
    const { bytes, events } = day
    const share = (count: number) => (events === 0 ? 0 : (bytes * Math.min(count, events)) / events)
    const closed = i < days.length - 1
    const asked = quotaOf(part) !== undefined || ownDays(part).length > 0
    const of = !asked
      ? new Map<string, number>()
      : await once(part, closed ? `${day.day} ${events}` : newestKey(part), () => bySource(part, day))
    const any: Held = { id: '', number: '', events: or(...held.map((each) => each.events)) }
    const kept = held.length === 0 || !closed ? 0 : await heldIn(part, day, any)
    out.push({ ...day, of, unknown: share(of.get(UNKNOWN_SOURCE) ?? 0), held: share(kept) })
  }
  return out
}

const quotaOf = ({ config }: Pick<Part, 'config'>): number | undefined =>
  config.retention.gigabytes === undefined ? undefined : config.retention.gigabytes * 1e9
const ownDays = ({ config }: Pick<Part, 'config'>) =>
  config.sources.flatMap(({ id, days }) => (days === undefined ? [] : [{ id, days }]))

const dueOf = (part: Part, days: readonly Counted[]): Due[] =>
  dueDays(days, { now: part.clock(), days: part.config.retention.days, quota: quotaOf(part), sources: ownDays(part) })

/** What stays of a day; undefined: nothing has to. */
const staying = (part: Part, { day, why, sources }: Omit<Due, 'now'>, held: readonly Held[]): Filter | undefined => {
  const { retention } = part.config
  const longer = ownDays(part).filter(
    (each) => each.days > retention.days && day >= new Date(part.clock() - each.days * DAY).toISOString().slice(0, 10),
  )
  const stay = [
    ...held.map(({ events }) => events),
    ...(why === 'source' ? [not(eq('vonglau.source.id', ...sources!))] : []),
    ...(why === 'age' && longer.length > 0 ? [eq('vonglau.source.id', ...longer.map(({ id }) => id))] : []),
  ]
  return stay.length > 0 ? or(...stay) : undefined
}
const hashOf = (filter: Filter): string => hash('sha256', JSON.stringify(filter)).slice(0, 16)

interface Planned extends Due {
  readonly of: Counted
  readonly stay: Filter | undefined
  /** Events that would go. */
  readonly events: number
}

const plan = async (part: Part, kept: Announcements['kept']) => {
  const held = await heldIncidents(part.store.documents, part.rules)
  const days = await withCounts(part, held)
  const out: Planned[] = []
  for (const due of dueOf(part, days)) {
    const of = days.find(({ day }) => day === due.day)!
    const stay = staying(part, due, held)
    if (stay === undefined) {
      out.push({ ...due, of, stay, events: of.events })
      continue
    }
    // What cannot be read cannot be told apart.
    if (of.problem !== undefined) continue
    const same = { key: keyOf(due), stay: hashOf(stay), events: of.events }
    if (kept?.some((each) => JSON.stringify(each) === JSON.stringify(same))) continue
    const stays = await once(part, `${due.day} ${of.events} stays ${same.stay}`, () =>
      part.store.events.count(SYSTEM, { filter: stay, ingested: ingestedOn(due.day) }),
    )
    if (stays < of.events) out.push({ ...due, of, stay, events: of.events - stays })
  }
  return { days, held, out }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1)} GB`
const because = (part: Part, { why, sources, of, stay }: Planned, own: number): string =>
  `${
    why === 'age'
      ? `it is older than ${counted(part.config.retention.days, 'day')}`
      : why === 'quota'
        ? `the events take ${gigabytes(own)}, more than ${gigabytes(quotaOf(part)!)}`
        : `the days of ${sources!.join(', ')} are over`
  }${stay === undefined || why === 'source' ? '' : `; of ${counted(of.events, 'event')} the others stay`}`

/** `elapsed` is monotonic, ms: only a time in which it could be read counts. */
export const openRetention = (
  part: Part,
  report: (message: string) => void,
  elapsed: () => number = () => performance.now(),
): Retention => {
  let last: number | undefined
  return {
    pass: async () => {
      const now = elapsed()
      const since = last === undefined ? 0 : now - last
      last = now
      // The sentence stands with the clock.
      if (part.clock.doubt()) return
      const before = await announced(part)
      const { days, out } = await plan(part, before.kept)
      const own = ownBytes(days)
      const next = out.map((due): Planned & { readonly waited: number } => {
        const known = before.days.find((each) => keyOf(each) === keyOf(due))
        if (!known)
          report(
            `the day ${due.day} (${counted(due.events, 'event')}) will be removed when this was said for 24 hours: ${because(part, due, own)}`,
          )
        return { ...due, waited: known ? known.waited + since : 0 }
      })
      const going = next.find(({ now: due, waited }) => due && waited >= NOTICE)
      const still = next.filter((each) => each !== going)
      const doc: Announcements = {
        ...before,
        days: still.map(({ day, why, sources, waited }) => ({ day, why, waited, ...(sources ? { sources } : {}) })),
      }
      // It may have been set a moment ago: what it says now is what counts.
      if (!going || part.clock.doubt()) {
        if (before.days.length > 0 || doc.days.length > 0) await announce(part, doc)
        return
      }
      const { day } = going
      // Who has begun to hold one since is heard.
      const stay = staying(part, going, await heldIncidents(part.store.documents, part.rules))
      let stayed = 0
      if (stay === undefined) await part.store.events.drop(day)
      else stayed = await part.store.events.keep(day, stay)
      const done = (before.kept ?? []).filter(({ key }) =>
        days.some((each) => key.includes(each.day) && each.day !== day),
      )
      await announce(part, {
        ...doc,
        kept: stay && stayed > 0 ? [...done, { key: keyOf(going), stay: hashOf(stay), events: stayed }] : done,
      })
      report(
        `${going.of.events - stayed} of ${counted(going.of.events, 'event')} of the day ${day} ${going.of.events - stayed === 1 ? 'was' : 'were'} removed: ${because(part, going, own)}`,
      )
    },
  }
}

/** What doctor and the console say of it. */
export const retentionOf = async (part: Part): Promise<RetentionState> => {
  const { days: waiting, kept } = await announced(part)
  const { days, held, out } = await plan(part, kept)
  const quota = quotaOf(part)
  const bytes = days.reduce((sum, day) => sum + day.bytes, 0)
  const holds: RetentionState['held'] = []
  for (const each of held) {
    let events = 0
    let size = 0
    for (const day of days) {
      const count = await heldIn(part, day, each)
      events += count
      size += day.events === 0 ? 0 : (day.bytes * Math.min(count, day.events)) / day.events
    }
    holds.push({ id: each.id, number: each.number, events, bytes: Math.round(size) })
  }
  return {
    days: part.config.retention.days,
    bytes,
    unknown: Math.round(bytes - ownBytes(days)),
    ...(quota === undefined ? {} : { quota }),
    disk_percent: part.config.retention.disk_percent,
    next: out.flatMap((due) => {
      const known = waiting.find((each) => keyOf(each) === keyOf(due))
      return known
        ? [
            {
              day: due.day,
              why: due.why,
              events: due.events,
              left: Math.max(0, NOTICE - known.waited),
              ...(due.sources ? { sources: [...due.sources] } : {}),
            },
          ]
        : []
    }),
    held: holds,
  }
}
