/**
 * The scores of each day, kept: one document a day of the province, so that a trend is a few reads. A day that is missing (the
 * program was not there, or is new) or was made by another formula is computed from history: from alerts and incidents as
 * they were then, and today's inventory as of then. What could be seen on such a day is known by whether events of it are there.
 */
import { HEALTH_DATASET } from '../../ingest/event.ts'
import { DAY, dayOf } from '../../ingest/inventory/days.ts'
import type { Inventory } from '../../ingest/inventory/schema.ts'
import { storedUnder } from '../../ingest/inventory/scope.ts'
import { eq, not } from '../../ingest/store/filter.ts'
import { type Collection, type Document, SYSTEM } from '../../ingest/store/store.ts'
import { dateClosed, hasUndated, openByAgency, together } from '../../rules/risk/open.ts'
import { FORMULA, PARTS, type Part, type Score, scoreOf } from '../../rules/risk/score.ts'
import { standingsAt } from '../../rules/risk/standing.ts'
import { zoneOffset } from '../context.ts'
import type { Installation } from '../installation.ts'
import { seenNow } from './seen.ts'

/** Whole weeks of a trend. */
export const WEEKS = 12

export interface DayScore {
  /** 0 to 100; null: nothing of it was seen. */
  readonly points: number | null
  readonly parts: { readonly [part in Part]: number }
  /** 0 to 1; absent where the day was computed later. */
  readonly coverage?: number
}
interface Kept extends Document {
  readonly formula: number
  readonly at: number
  readonly scores: readonly {
    readonly id: string
    readonly points: number | null
    /** In the order of `PARTS`. */
    readonly parts: readonly number[]
    readonly coverage?: number
  }[]
}
export type DayScores = ReadonlyMap<string, DayScore>

const keptIn = ({ store }: Pick<Installation, 'store'>): Collection<Kept> => store.documents.collection<Kept>('risk')
const offsetOf = ({ inventory }: Installation, at: number): number => -zoneOffset(inventory.province.timezone, at)
/** The first moment of the province's day of a time. */
export const midnightOf = (installation: Installation, at: number): number => {
  const offset = offsetOf(installation, at)
  return Math.floor((at - offset) / DAY) * DAY + offset
}

/** Of every agency in force at a time, as the store and the inventory say it. */
export const scoresAt = async (installation: Installation, time: number): Promise<ReadonlyMap<string, Score>> => {
  const { inventory, store } = installation
  const open = await openByAgency(store.documents, SYSTEM, time, offsetOf(installation, time))
  return new Map(
    [...standingsAt(inventory, time)].map(([id, { exposed, level, trust, findings }]) => [
      id,
      scoreOf({ ...together(open, storedUnder(inventory, id)), findings: findings.length, exposed, level, trust }),
    ]),
  )
}

const toDay = ({ scores }: Kept): DayScores =>
  new Map(
    scores.map(({ id, points, parts, coverage }) => [
      id,
      {
        points,
        parts: Object.fromEntries(PARTS.map((part, i) => [part, parts[i] ?? 0])) as DayScore['parts'],
        ...(coverage === undefined ? {} : { coverage }),
      },
    ]),
  )

type SeenThen = (agency: string) => { readonly isSeen: boolean; readonly coverage?: number | undefined }

const make = async (installation: Installation, at: number, seen: SeenThen): Promise<Kept> => ({
  formula: FORMULA,
  at,
  scores: [...(await scoresAt(installation, at))].map(([id, { points, parts }]) => {
    const { isSeen, coverage } = seen(id)
    return {
      id,
      points: isSeen ? points : null,
      parts: PARTS.map((part) => parts[part]),
      ...(coverage === undefined ? {} : { coverage }),
    }
  }),
})

/** Agencies of which events of a day are there, by the start of the day. */
const seenOn = async (
  installation: Installation,
  days: readonly number[],
): Promise<(inventory: Inventory, day: number) => SeenThen> => {
  const { items } = await installation.store.events.aggregate(SYSTEM, {
    filter: not(eq('event.dataset', HEALTH_DATASET)),
    from: Math.min(...days),
    to: Math.max(...days) + DAY,
    by: [{ terms: 'organization.id' }, { every: DAY, offset: offsetOf(installation, days[0]!) }],
    limit: 1_000_000,
  })
  const known = new Set(items.map(({ key }) => `${key[0]} ${key[1]}`))
  return (inventory, day) => (agency) => ({
    isSeen: storedUnder(inventory, agency).some((id) => known.has(`${id} ${day}`)),
  })
}

/** One computing at a time of an installation. */
const computing = new WeakMap<Installation, Promise<unknown>>()

/** The scores at the end of each of these days (their first moments), those that are missing computed and kept. */
export const scoresOf = async (installation: Installation, days: readonly number[]): Promise<readonly DayScores[]> => {
  const collection = keptIn(installation)
  const idOf = (day: number) => dayOf(installation.inventory.province.timezone, day)
  const read = async () =>
    (await collection.getMany(SYSTEM, days.map(idOf))).map((found) =>
      found?.doc.formula === FORMULA ? found.doc : undefined,
    )
  const found = await read()
  if (found.every((doc) => doc !== undefined)) return found.map(toDay)
  const before = computing.get(installation)
  const mine = (async () => {
    await before?.catch(() => {})
    const now = await read()
    const missing = days.filter((_, i) => now[i] === undefined)
    if (missing.length > 0) {
      if (await hasUndated(installation.store.documents)) await dateClosed(installation.store.documents)
      const seen = await seenOn(installation, missing)
      for (const day of missing) {
        const doc = await make(installation, day + DAY - 1, seen(installation.inventory, day))
        // Whoever was faster computed the same.
        await collection.put([{ id: idOf(day), doc, version: 'any' }])
      }
    }
    return (await read()).map((doc) => (doc ? toDay(doc) : new Map()))
  })()
  computing.set(installation, mine)
  return mine
}

/** Keeps the day that has ended with what was seen of it, and fills in what is missing of the last weeks. `last`: when it was called before. */
export const keepDays = async (installation: Installation, last: number | undefined): Promise<void> => {
  const now = installation.clock()
  const today = midnightOf(installation, now)
  // At the first look of a day the last 24 hours are those of the day before.
  if (last !== undefined && last < today) {
    const { agencies } = await seenNow(installation)
    const doc = await make(installation, today - 1, (id) => {
      const coverage = agencies.get(id)?.coverage
      return { isSeen: (coverage ?? 0) > 0, coverage }
    })
    const id = dayOf(installation.inventory.province.timezone, today - 1)
    await keptIn(installation).put([{ id, doc, version: 'any' }])
  }
  await scoresOf(
    installation,
    Array.from({ length: WEEKS * 7 }, (_, i) => today - (i + 1) * DAY),
  )
}
