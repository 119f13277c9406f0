/** What `doctor` says of the cases: whether the chain is whole, and whether every summary is what its alerts make of it. */
import { counted } from '../../ingest/counted.ts'
import { and, eq, exists, not } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../alert.ts'
import { severityOf } from '../rule.ts'
import { alertsIn, type Cases, incidentsIn } from './decide.ts'
import { type Incident, membersOf, type Summary, summaryOf } from './incident.ts'
import { verify } from './journal.ts'
import { pagesOf } from './pages.ts'

export interface Finding {
  readonly ok: boolean
  readonly what: string
}

const differs = (incident: Incident, alerts: readonly Alert[]): string | undefined => {
  const own = summaryOf(alerts)
  if (!own) return incident['incident.alerts'] === 0 ? undefined : 'it has no alert any more'
  const { worst, ...summary } = own
  for (const [field, value] of Object.entries(summary) as [keyof Summary, unknown][])
    if (JSON.stringify(incident[field]) !== JSON.stringify(value))
      return `${field} is ${JSON.stringify(incident[field])}, and its alerts say ${JSON.stringify(value)}`
  return !incident['incident.level_set'] &&
    severityOf(worst) > incident['incident.severity'] &&
    incident['incident.status'] !== 'closed'
    ? `incident.level is ${incident['incident.level']}, and its alerts say ${worst}`
    : undefined
}

/** Reads everything, a page at a time. */
export const examineCases = async (cases: Cases): Promise<Finding[]> => {
  const findings: Finding[] = []
  const { entries, broken } = await verify(cases.documents)
  findings.push(
    broken
      ? {
          ok: false,
          what: `the journal is broken at entry ${broken.n}: ${broken.why}; compare it with a backup, for somebody has changed the documents by hand`,
        }
      : { ok: true, what: `the journal is whole, ${counted(entries, 'entry', 'entries')}` },
  )
  const alerts = alertsIn(cases.documents)
  const wrong: string[] = []
  let count = 0
  for await (const page of pagesOf(incidentsIn(cases.documents)))
    for (const { id, doc } of page) {
      count++
      const members: Alert[] = []
      for await (const some of pagesOf(alerts, membersOf(id), 500)) members.push(...some.map((alert) => alert.doc))
      const why =
        differs(doc, members) ??
        (members.some((alert) => alert['organization.id'] !== doc['organization.id'])
          ? 'it has an alert of another agency'
          : undefined)
      if (why) wrong.push(`${doc['incident.number']}: ${why}`)
    }
  findings.push(
    wrong.length
      ? {
          ok: false,
          what: `${counted(wrong.length, 'incident does not agree with its', 'incidents do not agree with their')} alerts: ${wrong.slice(0, 3).join('; ')}`,
        }
      : { ok: true, what: `${counted(count, 'incident agrees with its', 'incidents agree with their')} alerts` },
  )
  const mixed = await mixedAlerts(cases)
  if (mixed.length)
    findings.push({
      ok: false,
      what: `${counted(mixed.length, 'alert holds', 'alerts hold')} events of another agency: ${mixed.slice(0, 3).join(', ')}`,
    })
  const lost = (
    await alerts.query(SYSTEM, { filter: and(eq('alert.status', 'absorbed'), exists('alert.incident')), limit: 1 })
  ).total
  if (lost)
    findings.push({
      ok: false,
      what: `${counted(lost, 'alert that became part of another still names', 'alerts that became part of another still name')} an incident`,
    })
  return findings
}

const mixedAlerts = async (cases: Cases): Promise<string[]> => {
  const out: string[] = []
  for await (const page of pagesOf(alertsIn(cases.documents), not(eq('alert.status', 'absorbed')), 500))
    for (const { id, doc } of page) {
      const own = doc['organization.id']
      // One that a person gave to an agency holds events that were nobody's.
      const isOther = (agency: unknown) => agency !== own && (own === undefined || agency !== undefined)
      if (doc.events.some((event) => isOther(event['organization.id']))) out.push(id)
    }
  return out
}
