/**
 * Correlations whose condition a later event can undo. A window is decided when every source that feeds the rule is beyond its
 * end by the rule's lateness, by its own times, or is silent; one that sends nothing for a day, or whose clock is a day behind,
 * is not waited for. One that has lines left to read is. What comes later for a time that is decided is counted as late
 * and changes nothing.
 */
import { type Event, HEALTH_DATASET } from '../ingest/event.ts'
import { and, EVERYTHING, eq, type Filter, not } from '../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import { evaluate, reachOf, type Seen } from './correlation/evaluate.ts'
import type { Firsts } from './first-seen.ts'
import { furthest, type Reach, within } from './lane.ts'
import { lateHits, type Owed } from './owed.ts'
import { type Groups, live, type Passes, tellIn } from './pass.ts'
import type { Rule } from './rule.ts'

/** What the ledger says of such a rule. */
export interface Decided {
  /** Windows that have ended by then are decided; before the first decision, where they begin. */
  readonly until: number
  /** Ingest time behind which its events are: those of before end no window. */
  readonly begun: number
  /** Ingest times with what was decided up to there, as far back as windows reach: what came behind one was late for it. */
  readonly steps: readonly (readonly [to: number, until: number])[]
  /** How many came late. */
  readonly late: number
}

const DAY = 86_400_000
/** Decisions that are remembered: what is decided moves on in steps of at least so much of the reach. */
const STEPS = 200
const LEAST = 1000
const SOURCES = 10_000
/** Events of one decision: of more, it is made in stretches. */
const STRETCH = 100_000
const HEALTH = eq('event.dataset', HEALTH_DATASET)

interface Known {
  /** Greatest '@timestamp', and the ingest time of the run that saw it. */
  last: number
  seen: number
}
interface Sources {
  to: number
  readonly known: Map<string, Known>
  /** When a source was said last to be silent, to be otherwise, and to have lines left to read. */
  readonly silent: Map<string, number>
  readonly awake: Map<string, number>
  readonly reading: Map<string, number>
}

export interface Deciding {
  /** '@timestamp' up to which all has come that feeds the rule, as far as is stored up to an ingest time. */
  mark(rule: Rule, to: number): Promise<number>
}

/** `rest`: ms for which what was said of a rule is said again: what had come by then has come. */
export const openDeciding = (store: Store, owed: Owed, rest = 0): Deciding => {
  const said = new WeakMap<Rule, { readonly at: number; readonly to: number; readonly mark: number }>()
  const feeds = new Map<string, Sources>()
  const look = async (filter: Filter, to: number): Promise<Sources> => {
    const key = JSON.stringify(filter)
    let sources = feeds.get(key)
    // Of a run that is done again over less than was looked at, what came since is not known.
    if (!sources || sources.to > to)
      feeds.set(
        key,
        (sources = { to: to - DAY, known: new Map(), silent: new Map(), awake: new Map(), reading: new Map() }),
      )
    if (sources.to === to) return sources
    const ingested = { after: sources.to, upTo: to }
    const fed = await store.events.aggregate(SYSTEM, {
      filter: live(and(not(HEALTH), filter)),
      by: [{ terms: 'vonglau.source.id' }],
      ingested,
      limit: SOURCES,
    })
    const states = await store.events.aggregate(SYSTEM, {
      filter: HEALTH,
      by: [{ terms: 'vonglau.source.id' }, { terms: 'vonglau.source.state' }],
      ingested,
      limit: SOURCES,
    })
    const reading = await store.events.aggregate(SYSTEM, {
      filter: and(HEALTH, { op: 'range', field: 'vonglau.source.behind', gt: 0 }),
      by: [{ terms: 'vonglau.source.id' }],
      ingested,
      limit: SOURCES,
    })
    const [missing] = [...fed.missing, ...states.missing, ...reading.missing]
    if (missing)
      throw new Error(
        `how far its sources have come cannot be told, for the day ${missing.day} cannot be read: ${missing.reason}`,
      )
    for (const {
      key: [id],
      last,
    } of fed.items) {
      const one = sources.known.get(String(id))
      sources.known.set(String(id), { last: Math.max(last, one?.last ?? 0), seen: to })
    }
    for (const {
      key: [id, state],
      last,
    } of states.items) {
      const said = state === 'silent' ? sources.silent : sources.awake
      said.set(String(id), Math.max(last, said.get(String(id)) ?? 0))
    }
    for (const {
      key: [id],
      last,
    } of reading.items)
      sources.reading.set(String(id), last)
    sources.to = to
    return sources
  }
  return {
    mark: async (rule, to) => {
      const before = said.get(rule)
      if (before && before.to <= to && performance.now() - before.at < rest) return before.mark
      const at = performance.now()
      const filter = rule.feeds ?? EVERYTHING
      const { known, silent, awake, reading } = await look(filter, to)
      // A clock that is ahead decides nothing early.
      let mark = to
      for (const [id, { last, seen }] of known) {
        const [silence, heard] = [silent.get(id) ?? 0, awake.get(id) ?? 0]
        if (seen <= to - DAY || silence > heard) continue
        // Of a source of which nothing is said yet, the lines may be those of a day when the program was away.
        if (last < to - DAY && heard > 0 && (reading.get(id) ?? 0) < heard) continue
        mark = Math.min(mark, last)
      }
      const waiting = await owed.earliest(filter, to)
      mark = Math.min(mark - rule.lateness!, waiting === undefined ? Number.POSITIVE_INFINITY : waiting - 1)
      said.set(rule, { at, to, mark })
      return mark
    },
  }
}

/** Whether an event came behind the decision of its time. */
const isLate = (event: Event, steps: Decided['steps']): boolean => {
  const step = decisionOf(event['@timestamp'] as number, steps)
  return step !== undefined && step[0] < (event['event.ingested'] as number)
}
const decisionOf = (time: number, steps: Decided['steps']) => steps.find(([, until]) => until >= time)

export interface Decision {
  readonly decided: Decided
  /** What qualifies in the windows that are decided now and did not in those of before. */
  readonly groups: Groups
}

/** What is decided of a rule by a run: `mark` is up to where its events have come, `found` what the run brings of them. */
export const decide = async (
  { store, passes, firsts }: { readonly store: Store; readonly passes: Passes; readonly firsts: Firsts },
  rule: Rule,
  {
    from,
    to,
    mark,
    reach,
  }: { readonly from: number; readonly to: number; readonly mark: number; readonly reach: Reach },
  found: Groups,
  before: Decided | undefined,
): Promise<Decision> => {
  const groups: Groups = new Map()
  const times = [...found.values()].flatMap(({ moments }) => moments.map(({ time }) => time))
  const started = before !== undefined && before.steps.length > 0
  const late = started ? times.filter((time) => time <= before.until).length : 0
  const first = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY) - 1
  const until = started ? before.until : Math.min(before?.until ?? Number.MAX_SAFE_INTEGER, first)
  const known: Decided = {
    until,
    begun: before?.begun ?? from,
    steps: before?.steps ?? [],
    late: (before?.late ?? 0) + late,
  }
  const span = reachOf(rule.correlation!)
  const next = await stretch(store, rule, until, Math.floor(mark), to)
  if (next - until < Math.max(LEAST, span / STEPS)) return { groups, decided: known }
  // Twice the reach: whether what stands in a window of now did so in one of before.
  const window = { from: until - 2 * span, to: next + 1, ingested: { upTo: furthest(reach) } }
  const about = await passes.seen(rule, window)
  const seen: Seen[] = []
  const take = (events: readonly Event[]): void => {
    for (const event of events) {
      if (!within(reach, event) || isLate(event, known.steps)) continue
      const each = about.read(event)
      if (!about.hidden(each)) seen.push({ ...each, old: (event['event.ingested'] as number) <= known.begun })
    }
  }
  take(await lateHits(store.documents, rule, window.from, window.to - 1))
  const fields = about.fields ? { fields: about.fields } : {}
  for await (const events of store.events.match(SYSTEM, { ...window, filter: live(about.filter), ...fields }))
    take(events)
  const counting = await firsts(rule, seen, {
    ...window,
    upTo: to,
    first: known.steps[0]?.[0] ?? to,
    decidedBy: (time) => decisionOf(time, known.steps)?.[0] ?? to,
  })
  for (const { group, told } of evaluate(rule, counting)) {
    const was = new Set(told(until).map(({ id }) => id))
    const moments = told(next).filter(({ id }) => !was.has(id))
    if (moments.length > 0) tellIn(groups, rule, group, moments)
  }
  const steps = [...known.steps.filter(([, decided]) => decided >= next - 2 * span), [to, next] as const]
  return { groups, decided: { ...known, until: next, steps } }
}

/** How far is decided at once: to the mark, or less where that would be too many events. */
const stretch = async (store: Store, rule: Rule, from: number, mark: number, upTo: number): Promise<number> => {
  if (mark <= from) return from
  const filter = live(rule.filter)
  const count = (to: number) => store.events.count(SYSTEM, { filter, from: from + 1, to: to + 1, ingested: { upTo } })
  if ((await count(mark)) <= STRETCH) return mark
  let [low, high] = [from, mark]
  while (high - low > LEAST) {
    const middle = Math.floor((low + high) / 2)
    if ((await count(middle)) <= STRETCH) low = middle
    else high = middle
  }
  return high
}
