/** What of a period incidents say: how many, how long they took, whether in time. */
import { resolveHours } from '../../ingest/inventory/deadlines.ts'
import type { Inventory } from '../../ingest/inventory/schema.ts'
import { workingMs } from '../../ingest/inventory/working.ts'
import { and, type Filter, or } from '../../ingest/store/filter.ts'
import { type Scope, type Stored, SYSTEM } from '../../ingest/store/store.ts'
import type { Act } from '../../rules/case/act.ts'
import { incidentsIn } from '../../rules/case/decide.ts'
import type { Incident } from '../../rules/case/incident.ts'
import { journalOf } from '../../rules/case/journal.ts'
import { eq } from '../../ingest/store/filter.ts'
import { LEVELS, type Level } from '../../rules/rule.ts'
import type { Figures } from '../contract-province.ts'
import type { Installation } from '../installation.ts'
import { spreadOf } from './spread.ts'

const HOUR = 3_600_000
const PAGE = 1000
/** Squares of a level that are told apart. */
const MOST = 100

/** Both ends in epoch ms: from ≤ t < to. */
export interface Period {
  readonly from: number
  readonly to: number
}
export const within = (time: number | undefined, { from, to }: Period): boolean =>
  time !== undefined && from <= time && time < to

/** Opened or closed in either period. */
export const incidentsOf = async (
  { store }: Installation,
  scope: Scope,
  agency: Filter,
  { from, to }: Period,
): Promise<Stored<Incident>[]> => {
  const out: Stored<Incident>[] = []
  const span = (field: string): Filter => ({ op: 'range', field, gte: from, lt: to })
  let cursor: string | undefined
  do {
    const page = await incidentsIn(store.documents).query(scope, {
      filter: and(agency, or(span('incident.created'), span('incident.closed'))),
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    })
    for (const { id, version, seq, doc } of page.items) out.push({ id, version, seq, doc })
    cursor = page.cursor
  } while (cursor)
  return out
}

const TAKES: readonly Act['what'][] = ['start', 'assign', 'close', 'merge']
/** By incident: the first act of a person that takes it up, in the journal or still on its document. */
export const takenAt = async (
  { store }: Installation,
  incidents: readonly Stored<Incident>[],
  { from, to }: Period,
): Promise<ReadonlyMap<string, number>> => {
  const wanted = new Set(incidents.map(({ id }) => id))
  const out = new Map<string, number>()
  const take = (id: string, { what, at, actor }: Act) => {
    if (actor.kind === 'program' || !TAKES.includes(what)) return
    out.set(id, Math.min(at, out.get(id) ?? Number.POSITIVE_INFINITY))
  }
  for (const { id, doc } of incidents) for (const act of doc.pending ?? []) take(id, act)
  let cursor: string | undefined
  do {
    const page = await journalOf(store.documents).query(SYSTEM, {
      filter: and(eq('journal.kind', 'incident'), { op: 'range', field: 'journal.at', gte: from, lt: to }),
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    })
    for (const { doc } of page.items) if (wanted.has(doc['journal.object'])) take(doc['journal.object'], doc.act)
    cursor = page.cursor
  } while (cursor)
  return out
}

type State = 'met' | 'missed' | 'running'
/** What may not wait for the morning counts all hours. */
export const countsWorking = (level: Level): boolean => level !== 'critical'

/**
 * Whether an incident was settled in time. In time is until its deadline, which a person may have set; or, below critical,
 * within the hours of its level counted in working time.
 */
export const judge = (inventory: Inventory, doc: Incident, now: number): State => {
  const level = doc['incident.level']
  const created = doc['incident.created']
  const end = doc['incident.closed'] ?? now
  const hours = resolveHours(inventory, created)[level] ?? 24
  const inTime =
    end <= doc['incident.due'] ||
    (countsWorking(level) && !doc['incident.due_set'] && workingMs(inventory, created, end) <= hours * HOUR)
  return inTime ? (doc['incident.closed'] === undefined ? 'running' : 'met') : 'missed'
}

/** One that became part of another was not settled by itself. */
const isOwn = ({ doc }: Stored<Incident>): boolean => doc['incident.merged_into'] === undefined

/** Those whose time is judged: opened in the period, and not part of another. */
export const openedIn = async (installation: Installation, scope: Scope, period: Period): Promise<Stored<Incident>[]> =>
  (await incidentsOf(installation, scope, and(), period)).filter(
    (each) => within(each.doc['incident.created'], period) && isOwn(each),
  )

export const serviceOf = (
  { inventory, clock }: Installation,
  incidents: readonly Stored<Incident>[],
  period: Period,
): Figures['service'] => {
  const opened = incidents
    .filter((each) => within(each.doc['incident.created'], period) && isOwn(each))
    .sort((a, b) => a.doc['incident.created'] - b.doc['incident.created'])
  return LEVELS.toReversed().flatMap((level) => {
    const mine = opened.filter(({ doc }) => doc['incident.level'] === level)
    if (mine.length === 0) return []
    const states = mine.map(({ doc }) => judge(inventory, doc, clock()))
    const count = (state: State) => states.filter((each) => each === state).length
    return [
      {
        level,
        hours: resolveHours(inventory, clock())[level] ?? 24,
        working: countsWorking(level),
        met: count('met'),
        missed: count('missed'),
        running: count('running'),
        incidents: mine
          .slice(0, MOST)
          .map(({ id, doc }, i) => ({ id, number: doc['incident.number'], state: states[i]! })),
      },
    ]
  })
}
export const metShare = (service: Figures['service']): number | undefined => {
  const met = service.reduce((sum, each) => sum + each.met, 0)
  const all = met + service.reduce((sum, each) => sum + each.missed, 0)
  return all === 0 ? undefined : met / all
}

export const timesOf = (
  incidents: readonly Stored<Incident>[],
  taken: ReadonlyMap<string, number>,
  period: Period,
): { readonly acknowledge: ReturnType<typeof spreadOf>; readonly resolve: ReturnType<typeof spreadOf> } => ({
  acknowledge: spreadOf(
    incidents.flatMap(({ id, doc }) => {
      const at = taken.get(id)
      return within(doc['incident.created'], period) && at !== undefined
        ? [Math.max(0, at - doc['incident.created'])]
        : []
    }),
  ),
  resolve: spreadOf(
    incidents.flatMap((each) => {
      const { doc } = each
      const closed = doc['incident.closed']
      return isOwn(each) && within(closed, period) ? [Math.max(0, closed! - doc['incident.created'])] : []
    }),
  ),
})
