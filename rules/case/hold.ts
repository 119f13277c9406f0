/**
 * What an incident that is held keeps. Its events are those that its alerts count: what the alert's rule says, in the alert's
 * group, from its first to its last event, and the copies that it holds, by their ids. Where the rule is not known any more
 * it is all of the group in that time: rather more than is needed.
 */
import { and, eq, type Filter, or } from '../../ingest/store/filter.ts'
import { type DocumentStore, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../alert.ts'
import { whereGroup } from '../matching.ts'
import type { Rule } from '../rule.ts'
import { alertsIn, incidentsIn } from './decide.ts'
import { type Incident, membersOf } from './incident.ts'
import { pagesOf } from './pages.ts'

export interface Held {
  readonly id: string
  readonly number: string
  readonly events: Filter
}

/** Spans of a campaign beyond which they are taken for one. */
const MOST_SPANS = 50

/** With those that it was merged into, and those that were split from it: a hold is not lost by moving alerts. */
export const heldIncidents = async (documents: DocumentStore, rules: readonly Rule[]): Promise<Held[]> => {
  const incidents = incidentsIn(documents)
  const out: Held[] = []
  for await (const page of pagesOf(incidents, eq('incident.held', true)))
    for (const held of page) {
      const family = new Map<string, Incident>([[held.id, held.doc]])
      for (const [id, doc] of family) {
        const into = doc['incident.merged_into']
        const next = into === undefined ? undefined : await incidents.get(SYSTEM, into)
        if (next) family.set(next.id, next.doc)
        for await (const page of pagesOf(incidents, eq('incident.split_from', id)))
          for (const split of page) family.set(split.id, split.doc)
      }
      const alerts: Alert[] = []
      for (const id of family.keys())
        for await (const page of pagesOf(alertsIn(documents), membersOf(id))) alerts.push(...page.map(({ doc }) => doc))
      out.push({ id: held.id, number: held.doc['incident.number'], events: eventsOf(alerts, rules) })
    }
  return out
}

export const eventsOf = (alerts: readonly Alert[], rules: readonly Rule[]): Filter => {
  const ids = alerts.flatMap(({ events }) => events.map((event) => String(event['event.id'])))
  const groups = Map.groupBy(alerts, (alert) => alert['alert.group'])
  return or(eq('event.id', ...new Set(ids)), ...[...groups.values()].map((some) => ofGroup(some, rules)))
}

const ofGroup = (alerts: readonly Alert[], rules: readonly Rule[]): Filter => {
  const [first] = alerts
  const rule = rules.find(({ id }) => id === first!['rule.id'])
  const between = (gte: number, lte: number): Filter => ({ op: 'range', field: '@timestamp', gte, lte })
  const from = (some: readonly Alert[]) => Math.min(...some.map((alert) => alert['alert.first']))
  const to = (some: readonly Alert[]) => Math.max(...some.map((alert) => alert['alert.last']))
  const times =
    alerts.length > MOST_SPANS
      ? between(from(alerts), to(alerts))
      : or(...alerts.map((alert) => between(alert['alert.first'], alert['alert.last'])))
  // Several values of one field are one text in the group: what such an event has is not asked.
  const values = first!.group.filter(({ value }) => !value.startsWith('['))
  const what = rule ? [or(rule.filter, ...(rule.endsWith ? [rule.endsWith] : []))] : []
  return and(times, ...what, ...whereGroup(rule, values))
}
