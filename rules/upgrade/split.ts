/** An alert of before, with the events of several agencies, becomes one for each: the first agency's keeps id, state and owner. */
import { createHash } from 'node:crypto'
import type { Event } from '../../ingest/event.ts'
import { and } from '../../ingest/store/filter.ts'
import { type Collection, type Store, type Stored, SYSTEM } from '../../ingest/store/store.ts'
import { type Alert, headOf, newAlert, partOf } from '../alert.ts'
import { type Island, islandsOf } from '../bursts.ts'
import type { CaseDocument } from '../case/act.ts'
import { evaluate, reachOf, type Seen } from '../correlation/evaluate.ts'
import { whereGroup } from '../matching.ts'
import { type Found, live } from '../pass.ts'
import { eventsOf, momentOf } from '../sample.ts'
import { NOBODY, split } from '../parts.ts'
import { HOUR, type Rule } from '../rule.ts'
import { basesMet } from '../ruleset.ts'

/** Events of then say by `organization.id` alone whose they are. */
const agencyOf = (event: Event): string => String(event['organization.id'] ?? NOBODY)

/** The events of an alert as they are in the store; those that it keeps, where the store has not all of them any more. */
const momentsOf = async (store: Store, rule: Rule | undefined, doc: Alert): Promise<Found[]> => {
  const kept = doc.events.map((event) => ({ ...momentOf(event), agencies: [agencyOf(event)] }))
  if (!rule || doc['alert.count'] <= kept.length) return kept
  const { correlation } = rule
  const around = correlation ? 2 * reachOf(correlation) : 0
  const basesIn = basesMet(rule)
  const found: Seen[] = []
  const query = {
    filter: live(and(rule.filter, ...whereGroup(rule, doc.group))),
    from: doc['alert.first'] - around,
    to: doc['alert.last'] + around + 1,
    ingested: { upTo: doc['alert.counted'] },
  }
  for await (const events of store.events.match(SYSTEM, query))
    for (const event of events)
      found.push({
        ...momentOf(event),
        agencies: [agencyOf(event)],
        bases: basesIn(event),
        event,
      })
  const own = (correlation ? evaluate(rule, found).flatMap(({ told }) => told()) : found).filter(
    ({ time }) => time >= doc['alert.first'] && time <= doc['alert.last'],
  )
  return own.length < doc['alert.count'] ? kept : own
}

/** Writes what it makes first, and the alert last: broken off, it is done again alike. */
export const splitAlert = async (
  store: Store,
  alerts: Collection<Alert>,
  rule: Rule | undefined,
  current: Stored<Alert>,
): Promise<void> => {
  const {
    activity: _,
    decided: __,
    ...rest
  } = current.doc as unknown as Alert & { activity?: unknown; decided?: unknown }
  // One that lacks what an alert has stops nobody's start.
  const doc = { ...rest, group: rest.group ?? [], events: rest.events ?? [] } as Alert
  const own = String(doc['organization.id'] ?? NOBODY)
  const keyed = (agency: string) => partOf(doc['rule.id'], doc.group, agency)
  const plain = { ...doc, 'alert.group': keyed(own).key, 'alert.campaign': keyed(own).campaign } as unknown as Alert
  if (doc['alert.status'] === 'absorbed') {
    const { 'alert.incident': ___, incident_number: ____, ...alone } = plain
    return void (await alerts.put([{ id: current.id, doc: alone as unknown as Alert, version: current.version }]))
  }
  const parts = split(await momentsOf(store, rule, plain))
  if (parts.size < 2 || !parts.has(own)) {
    await alerts.put([{ id: current.id, doc: plain, version: current.version }])
    return
  }
  const quiet = rule?.quiet ?? HOUR
  // What a rule that is gone was called stands in the alert.
  const named = rule ?? ({ id: doc['rule.id'], level: doc['rule.level'], name: doc.rule_name } as Rule)
  const all = [...parts].reduce((sum, [, moments]) => sum + moments.length, 0)
  const made: { id: string; doc: Alert }[] = []
  let mine: Alert = plain
  const filled = async (island: Island, agency: string) => {
    const found = await eventsOf(store, [island], { agency })
    return found.events.length > 0
      ? found
      : { events: doc.events.filter((event) => agencyOf(event) === agency), copies: false }
  }
  for (const [agency, moments] of parts) {
    for (const [i, island] of islandsOf(moments, quiet).entries()) {
      const sample = await filled(island, agency)
      if (agency === own && i === 0) {
        // What is only in the count, for its events are gone, stays with the first agency.
        const rest = Math.max(0, doc['alert.count'] - all)
        mine = {
          ...plain,
          ...(headOf(doc.group, sample.events) as Partial<Alert>),
          '@timestamp': island.first,
          'alert.first': island.first,
          'alert.last': island.last,
          'alert.count': island.count + rest,
          events: sample.events,
        } as Alert
        continue
      }
      const id = createHash('sha256').update(`split ${current.id} ${agency} ${island.first}`).digest('hex').slice(0, 24)
      const fresh = newAlert(named, keyed(agency), island, sample, doc['alert.counted'], doc['alert.created'])
      const closed = doc['alert.status'] === 'closed'
      made.push({
        id,
        doc: {
          ...fresh,
          'alert.split_from': current.id,
          ...(closed ? { 'alert.status': 'closed', 'alert.reason': doc['alert.reason'] } : {}),
        } as Alert,
      })
    }
  }
  await alerts.put(made.map(({ id, doc: each }) => ({ id, doc: each, version: null })))
  const given = Object.fromEntries(
    Object.entries(mine).filter(([, value]) => value !== undefined),
  ) as unknown as Alert & CaseDocument
  await alerts.put([{ id: current.id, doc: given, version: current.version }])
}
