/**
 * Nobody opens alerts without end: beyond a thousand groups of one rule and one agency in one hour (UTC, of '@timestamp')
 * further groups go into the summary of that rule, agency and hour: how many groups and events, and the first of their keys.
 * A group that has an alert keeps it, past the hour too; each event is counted in one alert or one summary.
 */
import { createHash } from 'node:crypto'
import { and, eq, exists, type Filter, not } from '../ingest/store/filter.ts'
import { type Collection, type Stored, SYSTEM } from '../ingest/store/store.ts'
import { type Alert, countedBy, counting, groupKey, newAlert, type Part, partKey, toldGroup } from './alert.ts'
import { byTime, type Island, type Moment, SAMPLE } from './bursts.ts'
import type { Cases } from './case/decide.ts'
import { agencyIn, NOBODY } from './parts.ts'
import { HOUR, type Rule } from './rule.ts'
import type { Sample } from './sample.ts'

export const MOST_GROUPS = 1000
/** Keys that are shown, and groups that are told apart: of more it is said that there are at least so many. */
const SHOWN = 100
const TOLD_APART = 20_000
/** Bytes of the hash that a group is known by. */
const HASH = 6

export const hourOf = (time: number): number => Math.floor(time / HOUR) * HOUR

/** Which groups of a rule have alerts of their own, by agency and hour. */
export interface Room {
  /** Whether a group has one in the hour, or may; then it does from here on. */
  take(agency: string, hour: number, part: string): Promise<boolean>
}

/** What a summary has in the place of a group. */
const keyOf = (rule: Rule, agency: string, hour: number): string =>
  hash(`summary ${nameOf(rule, agency, hour)}`)
    .toString('hex')
    .slice(0, 32)
const nameOf = (rule: Rule, agency: string, hour: number): string =>
  `${groupKey(rule.id, [])} ${partKey(rule.id, [], agency)} ${hour}`

/** Times of what a run brings of an agency. */
export interface Spread {
  readonly first: number
  readonly last: number
}
/** Hours that are counted by one question. */
const HOURS = 24 * 366

/** `spread`: of the agencies that will ask (`agencyIn`), for what comes at once may be of many hours. */
export const openRoom = (
  alerts: Collection<Alert>,
  rule: Rule,
  spread: (agency: string) => Spread | undefined = () => undefined,
): Room => {
  /** Groups that have taken room since the store was asked, and how much there certainly was; then which had. */
  interface Place {
    readonly taken: Set<string>
    readonly free: number
    groups?: Set<string>
  }
  const known = new Map<string, Place>()
  const within = (agency: string, from: number, to = from + HOUR): Filter => {
    // Of the agency as a whole: its systems do not multiply what it may be sent.
    const whose: Filter = agency === NOBODY ? not(exists('organization.id')) : eq('organization.id', agencyIn(agency))
    return and(eq('rule.id', rule.id), whose, { op: 'range', field: 'alert.first', gte: from, lt: to })
  }
  /** By hour, of an agency all hours of the run: a question each would be hundreds. */
  const counted = new Map<string, Promise<ReadonlyMap<number, number>>>()
  const count = async (agency: string, { first, last }: Spread): Promise<ReadonlyMap<number, number>> => {
    const filter = within(agency, hourOf(first), hourOf(last) + HOUR)
    const by = [{ field: 'alert.first', every: HOUR }] as const
    const buckets = await alerts.aggregate(SYSTEM, { filter, by, limit: HOURS })
    return new Map(buckets.map((bucket) => [Number(bucket.key[0]), bucket.count]))
  }
  const countOf = async (agency: string, hour: number): Promise<number> => {
    const name = agencyIn(agency)
    const its = spread(name)
    if (!its || hour < hourOf(its.first) || hour > its.last || its.last - its.first > (HOURS - 2) * HOUR) {
      const [all] = await alerts.aggregate(SYSTEM, { filter: within(agency, hour), by: [], limit: 1 })
      return all?.count ?? 0
    }
    let hours = counted.get(name)
    if (!hours) counted.set(name, (hours = count(agency, its)))
    return (await hours).get(hour) ?? 0
  }
  const begin = async (agency: string, hour: number): Promise<Place> =>
    // There are no more groups than alerts: as a rule it need not be known which they are.
    ({ taken: new Set(), free: MOST_GROUPS - (await countOf(agency, hour)) })
  const read = async (agency: string, hour: number, { taken }: Place): Promise<Set<string>> => {
    const filter = within(agency, hour)
    const buckets = await alerts.aggregate(SYSTEM, { filter, by: ['alert.group'], limit: MOST_GROUPS + 2 })
    const groups = new Set([...taken, ...buckets.map(({ key }) => String(key[0]))])
    groups.delete(keyOf(rule, agency, hour))
    return groups
  }
  return {
    take: async (agency, hour, part) => {
      const name = `${hour} ${agencyIn(agency)}`
      let place = known.get(name)
      if (!place) known.set(name, (place = await begin(agency, hour)))
      if (!place.groups && (place.taken.has(part) || place.taken.size < place.free)) {
        place.taken.add(part)
        return true
      }
      const groups = (place.groups ??= await read(agency, hour, place))
      if (groups.has(part)) return true
      if (groups.size >= MOST_GROUPS) return false
      groups.add(part)
      return true
    },
  }
}

/** What of a run goes into one summary. */
export interface Sum {
  readonly agency: string
  readonly hour: number
  count: number
  first: number
  last: number
  /** The earliest events. */
  sample: Moment[]
  readonly groups: Map<string, Part>
}

export const openSums = () => {
  const sums = new Map<string, Sum>()
  return {
    all: () => [...sums.values()],
    add: (part: Part, hour: number, moments: readonly Moment[]): void => {
      const place = `${hour} ${part.agency}`
      let sum = sums.get(place)
      if (!sum) {
        const [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
        sums.set(place, (sum = { agency: part.agency, hour, count: 0, first, last, sample: [], groups: new Map() }))
      }
      sum.groups.set(part.key, part)
      sum.count += moments.length
      for (const { time, id } of moments) {
        sum.first = Math.min(sum.first, time)
        sum.last = Math.max(sum.last, time)
        if (sum.sample.length < SAMPLE) sum.sample.push({ time, id })
        else if (time < sum.sample.at(-1)!.time) sum.sample[SAMPLE - 1] = { time, id }
        else continue
        sum.sample.sort(byTime)
      }
    },
  }
}

/** The island of what it shows. */
export const islandOf = ({ first, last, count, sample }: Sum): Island => ({
  first,
  last,
  count,
  sample: sample.map(({ id }) => id),
  sampled: sample.at(-1)?.time ?? last,
})

const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
const keyText = (part: Part, copies: boolean): string =>
  toldGroup(part.group, copies)
    .map(({ value }) => value)
    .join(' · ') || '–'

/** Adds a run's sum to its summary, once. Answers the summary as it is now. */
export const addSum = async (
  { alerts, cases, lane, to }: { alerts: Collection<Alert>; cases: Cases; lane: string; to: number },
  rule: Rule,
  sum: Sum,
  { events, copies }: Sample,
): Promise<Stored<Alert>> => {
  const name = nameOf(rule, sum.agency, sum.hour)
  for (let n = 0; ; ) {
    const id = hash(`summary ${name} ${n}`).toString('hex').slice(0, 24)
    const current = await alerts.get(SYSTEM, id)
    if (current && countedBy(current.doc, lane) >= to) return current
    // What a person has closed stays as it was seen; what comes then is another.
    if (current?.doc['alert.status'] === 'closed') {
      n++
      continue
    }
    const key = keyOf(rule, sum.agency, sum.hour)
    const part: Part = { key, campaign: key, agency: sum.agency, group: [] }
    const now = cases.clock()
    const before: Alert = current?.doc ?? newAlert(rule, part, { ...sum, count: 0 }, { events: [], copies }, 0, now)
    const seen = new Set<string>()
    const text = String(before['groups_seen'] ?? '')
    for (let i = 0; i < text.length; i += (HASH / 3) * 4) seen.add(text.slice(i, i + (HASH / 3) * 4))
    const keys = [...(before.keys ?? [])]
    let added = ''
    for (const each of sum.groups.values()) {
      const short = hash(each.key).subarray(0, HASH).toString('base64')
      if (seen.has(short) || seen.size >= TOLD_APART) continue
      seen.add(short)
      added += short
      if (keys.length < SHOWN) keys.push(keyText(each, copies || rule.concerns !== 'destination'))
    }
    const shown = new Map([...before.events, ...events].map((event) => [event['event.id'] as string, event]))
    const first = Math.min(before['alert.first'], sum.first)
    const doc: Alert = {
      ...before,
      ...counting(before, lane, to),
      '@timestamp': first,
      'alert.first': first,
      'alert.last': Math.max(before['alert.last'], sum.last),
      'alert.count': before['alert.count'] + sum.count,
      'alert.summary': true,
      'alert.groups': seen.size,
      ...(seen.size >= TOLD_APART ? { 'alert.groups_more': true } : {}),
      keys,
      groups_seen: text + added,
      events: [...shown.values()]
        .sort((a, b) => (a['@timestamp'] as number) - (b['@timestamp'] as number))
        .slice(0, SAMPLE),
      ...(copies ? { 'alert.copies': true } : {}),
    }
    const [put] = await alerts.put([{ id, version: current?.version ?? null, doc }])
    if (put?.ok) return { id, version: put.version, seq: 0, doc }
  }
}
