/**
 * From the documents of before: alerts that held several agencies' events are split, history goes from the documents into
 * the journal (before the chain), membership is said by the alert alone, incidents get a number of their agency. Once; it
 * may be killed anywhere and goes on at the next start. Nothing else writes meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { eq, EVERYTHING, exists, not } from '../../ingest/store/filter.ts'
import {
  type Collection,
  type Document,
  type DocumentStore,
  type Store,
  type Stored,
  SYSTEM,
} from '../../ingest/store/store.ts'
import type { Alert } from '../alert.ts'
import { alertsIn, type Cases, incidentsIn } from '../case/decide.ts'
import { type Incident, readSummary } from '../case/incident.ts'
import { take } from '../case/membership.ts'
import { nextNumber } from '../case/number.ts'
import { pagesOf } from '../case/pages.ts'
import type { Rule } from '../rule.ts'
import { clearAudit, moveHistory } from './history.ts'
import { splitAlert } from './split.ts'

const VERSION = 2
export interface Mark extends Document {
  readonly version: number
  /** Ingest time up to which `organization.id` means the destination first, whoever's device wrote; absent: none does. */
  readonly until?: number
}
const settingsOf = (documents: DocumentStore): Collection<Mark> => documents.collection<Mark>('settings')
export const readMark = async (documents: DocumentStore): Promise<Mark | undefined> =>
  (await settingsOf(documents).get(SYSTEM, 'cases'))?.doc

/** Brings the documents up to this program. Where another process does so, it waits until that is done. */
export const upgradeCases = async (store: Store, rules: readonly Rule[], cases: Cases): Promise<void> => {
  for (;;) {
    const mark = await readMark(store.documents)
    if ((mark?.version ?? 0) >= VERSION) return
    const lease = await store.lease('upgrade')
    if (!lease) {
      await sleep(500)
      continue
    }
    try {
      await upgrade({ ...store, documents: lease.documents }, rules, { ...cases, documents: lease.documents }, mark)
      return
    } finally {
      await lease.release()
    }
  }
}

const upgrade = async (store: Store, rules: readonly Rule[], cases: Cases, begun: Mark | undefined): Promise<void> => {
  const { documents } = store
  const settings = settingsOf(documents)
  let mark = begun
  const set = async (next: Mark) => {
    await settings.put([{ id: 'cases', doc: next, version: 'any' }])
    mark = next
  }
  if (mark === undefined) {
    const committed = await store.events.committed()
    const any = await store.events.count(SYSTEM, { filter: EVERYTHING })
    // History first, while the documents that tell it are as they were: broken off, the same is written again.
    await moveHistory(documents)
    await set({ version: 1, ...(any > 0 ? { until: committed } : {}) })
  }
  const alerts = alertsIn(documents)
  const ruleOf = (alert: Stored<Alert>) => rules.find(({ id }) => id === alert.doc['rule.id'])
  for await (const page of pagesOf(alerts, not(exists('alert.campaign'))))
    for (const alert of page) await splitAlert(store, alerts, ruleOf(alert), alert)
  const old: Stored<Incident>[] = []
  for await (const page of pagesOf(incidentsIn(documents), not(exists('incident.alerts')))) old.push(...page)
  // In the order in which they were opened, so that the new numbers tell it too.
  const order = ({ doc }: Stored<Incident>) => [doc['incident.created'], Number(doc['incident.number'])] as const
  old.sort((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1])
  for (const incident of old) await renew(cases, alerts, incident)
  // What other agencies learn of only now goes where their alerts go.
  for await (const page of pagesOf(alerts, exists('alert.split_from')))
    for (const alert of page) {
      const rule = ruleOf(alert)
      if (rule) await take(cases, rule, alert)
    }
  await clearAudit(documents)
  await set({ ...mark!, version: VERSION })
}

interface Former extends Document {
  readonly alerts?: readonly { readonly id: string }[]
  readonly activity?: readonly { readonly by: string; readonly what: string }[]
}
/** An incident as it is kept now. */
const renew = async (cases: Cases, alerts: Collection<Alert>, current: Stored<Incident>): Promise<void> => {
  const { alerts: listed = [], activity = [], decided: _, ...rest } = current.doc as unknown as Former & Incident
  const former = Number(rest['incident.number'])
  const number = await nextNumber(cases.documents, cases.numbering(), rest['organization.id'], rest['incident.created'])
  for (const { id } of listed) {
    const alert = await alerts.get(SYSTEM, id)
    const { doc } = alert ?? {}
    if (!alert || !doc || doc['alert.status'] === 'absorbed') continue
    // Of one that stood in two lists the alert itself knew where it is.
    if (doc['alert.incident'] !== undefined && doc['alert.incident'] !== current.id) continue
    const member = { ...doc, 'alert.incident': current.id, incident_number: number }
    await alerts.put([{ id, doc: member, version: alert.version }])
  }
  for await (const page of pagesOf(alerts, eq('alert.incident', current.id)))
    for (const { id, doc, version } of page)
      if (doc.incident_number !== number) await alerts.put([{ id, doc: { ...doc, incident_number: number }, version }])
  const { worst: _worst, ...summary } = (await readSummary(alerts, current.id)) ?? {
    worst: undefined,
    'incident.alerts': 0,
    'incident.events': 0,
    portals: [],
  }
  const byPerson = activity.some(({ by, what }) => what === 'level' && by !== 'system')
  const doc = {
    ...rest,
    ...summary,
    'incident.number': number,
    'incident.former': former,
    ...(byPerson ? { 'incident.level_set': true } : {}),
  } as unknown as Incident
  await incidentsIn(cases.documents).put([{ id: current.id, doc, version: current.version }])
}
