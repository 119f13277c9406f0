/** Documents to the rows that the console shows. */
import { agencyName, systemOf } from '../ingest/inventory/scope.ts'
import type { Inventory } from '../ingest/inventory/inventory.ts'
import type { Event } from '../ingest/event.ts'
import { sees } from '../ingest/store/scope.ts'
import type { Scope, Stored } from '../ingest/store/store.ts'
import type { Alert } from '../rules/alert.ts'
import { actsOf } from '../rules/case/act.ts'
import type { Incident } from '../rules/case/incident.ts'
import type { AlertRow, IncidentRow } from './contract.ts'

const text = (value: unknown): string | undefined => (value === undefined || value === null ? undefined : String(value))
/** Without the fields that are undefined. */
const given = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } | undefined => {
  const entries = Object.entries(value).filter(([, v]) => v !== undefined)
  return entries.length ? (Object.fromEntries(entries) as never) : undefined
}

export const organizationOf = (inventory: Inventory, id: unknown, name: unknown) =>
  id === undefined ? undefined : { id: String(id), name: text(name) ?? agencyName(inventory, String(id)) ?? String(id) }

/**
 * The events of an alert that the scope holds. An alert has one agency's only, or copies made for it: what else should ever
 * stand there does not leave.
 */
export const eventsFor = (scope: Scope, doc: Alert): Event[] =>
  doc.events.filter(
    (event) => event['organization.id'] === undefined || sees(scope, event['organization.id'], event['system.id']),
  )

export const systemNamed = (inventory: Inventory, id: unknown) =>
  id === undefined ? undefined : { id: String(id), name: systemOf(inventory, String(id))?.name ?? String(id) }

export const alertRow = (inventory: Inventory, { id, doc }: Stored<Alert>): AlertRow => {
  const organization = organizationOf(inventory, doc['organization.id'], doc['organization.name'])
  const as =
    doc['source.as.number'] === undefined
      ? undefined
      : `AS${doc['source.as.number']} ${doc['source.as.organization.name'] ?? ''}`.trim()
  const source = given({
    ip: text(doc['source.ip']),
    prefix: text(doc['source.prefix']),
    country: text(doc['source.geo.country_iso_code']),
    as,
    network: text(doc['source.network.name']),
  })
  const destination = given({ ip: text(doc['destination.ip']), port: doc['destination.port'] as number | undefined })
  const url = given({ original: text(doc['url.original']), decoded: text(doc['url.decoded']) })
  return {
    id,
    version: actsOf(doc),
    rule: { id: doc['rule.id'], name: doc.rule_name, level: doc['rule.level'] },
    status: doc['alert.status'] as AlertRow['status'],
    ...(doc['alert.reason'] ? { reason: doc['alert.reason'] } : {}),
    ...(doc['alert.assignee'] ? { assignee: doc['alert.assignee'] } : {}),
    count: doc['alert.count'],
    first: doc['alert.first'],
    last: doc['alert.last'],
    created: doc['alert.created'],
    ...(doc['alert.incident']
      ? { incident: { id: doc['alert.incident'], number: String(doc['incident_number'] ?? '') } }
      : {}),
    ...(organization ? { organization } : {}),
    ...(doc['system.id'] === undefined ? {} : { system: systemNamed(inventory, doc['system.id'])! }),
    ...(doc['portal.id']
      ? {
          portal: {
            id: String(doc['portal.id']),
            domain: String(doc['portal.domain'] ?? doc['portal.id']),
            ipv6: doc['portal.ipv6'] === true,
            trusted: doc['portal.trusted'] === true,
          },
        }
      : {}),
    ...(source ? { source } : {}),
    ...(destination ? { destination } : {}),
    ...(url ? { url } : {}),
    ...(doc['user.name'] ? { user: String(doc['user.name']) } : {}),
    ...(doc['observer.name'] ? { observer: String(doc['observer.name']) } : {}),
    ...(doc['vonglau.source.id'] ? { log_source: String(doc['vonglau.source.id']) } : {}),
    group: [...doc.group],
    ...(doc['alert.copies'] ? { copies: true as const } : {}),
    ...(doc['alert.summary']
      ? {
          sums: {
            groups: doc['alert.groups'] ?? 0,
            ...(doc['alert.groups_more'] ? { more: true as const } : {}),
            keys: [...(doc.keys ?? [])],
          },
        }
      : {}),
    ...(doc['alert.state']
      ? {
          lasts: {
            from: doc['alert.first'],
            ...(doc['alert.ended'] === undefined ? {} : { to: doc['alert.ended'] }),
          },
        }
      : {}),
  }
}

export const incidentRow = (inventory: Inventory, { id, doc }: Stored<Incident>, now: number): IncidentRow => {
  const organization = organizationOf(inventory, doc['organization.id'], doc['organization.name'])
  return {
    id,
    version: actsOf(doc),
    number: doc['incident.number'],
    ...(doc['incident.former'] === undefined ? {} : { former: doc['incident.former'] }),
    title: { vi: doc.title, en: doc.title_en ?? doc.title },
    level: doc['incident.level'],
    status: doc['incident.status'],
    ...(doc['incident.reason'] ? { reason: doc['incident.reason'] } : {}),
    ...(doc['incident.assignee'] ? { assignee: doc['incident.assignee'] } : {}),
    ...(organization ? { organization } : {}),
    ...(doc['system.id'] === undefined ? {} : { system: systemNamed(inventory, doc['system.id'])! }),
    portals: [...doc.portals],
    created: doc['incident.created'],
    first: doc['incident.first'],
    last: doc['incident.last'],
    due: doc['incident.due'],
    overdue: doc['incident.status'] !== 'closed' && doc['incident.due'] < now,
    ...(doc['incident.held'] ? { held: true as const } : {}),
    alerts: doc['incident.alerts'],
    events: doc['incident.events'],
  }
}
