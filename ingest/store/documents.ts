/** What both document stores share: a document as flat fields, and which of them each collection is searched by. */
import type { Event, Scalar, Value } from '../event.ts'
import { type Document, StoreRefused } from './store.ts'

/** Throws (`StoreRefused`) where this names no collection on every store. */
export const checkName = (name: string): void => {
  if (!/^[a-z0-9][a-z0-9_.-]{0,80}$/.test(name))
    throw new StoreRefused(`"${name}" cannot name a collection: use small letters, digits, "_", "-" and "."`)
}

/** Fields with a column (an index) of their own. Others are found too, by reading every document of the collection. */
export const INDEXED: { readonly [collection: string]: readonly string[] } = {
  alerts: [
    'alert.status',
    'rule.level',
    'rule.id',
    'organization.id',
    'system.id',
    'portal.id',
    'vonglau.source.id',
    'alert.first',
    'alert.last',
    'alert.created',
    'alert.group',
    'alert.campaign',
    'alert.moved',
    'alert.ended',
    'alert.closed',
    'alert.reason',
    'case.pending',
    'alert.assignee',
    'alert.incident',
    'source.ip',
    'source.prefix',
    'observer.name',
    'alert.count',
    'alert.severity',
  ],
  exceptions: ['exception.status', 'case.pending'],
  reports: ['report.at', 'report.kind', 'report.period', 'organization.id', 'system.id'],
  report_files: ['report.at', 'organization.id', 'system.id'],
  rule_history: ['text.key', 'text.n'],
  source_history: ['text.key', 'text.n'],
  backfills: ['rule', 'state', 'at'],
  hits: ['hit.rule', '@timestamp'],
  incidents: [
    'incident.status',
    'incident.level',
    'organization.id',
    'system.id',
    'incident.assignee',
    'incident.number',
    'incident.key',
    'incident.last',
    'incident.first',
    'incident.created',
    'incident.closed',
    'incident.due',
    'incident.severity',
    'incident.former',
    'case.pending',
    'case.todo',
  ],
  audit: ['system.id', 'audit.at', 'audit.by', 'case.pending'],
  journal: [
    'system.id',
    'journal.n',
    'journal.act',
    'journal.kind',
    'journal.object',
    'journal.at',
    'journal.by',
    'journal.via',
  ],
  auth_user: ['id', 'username', 'email'],
  auth_session: ['id', 'token', 'userId'],
  auth_account: ['id', 'userId', 'accountId', 'providerId'],
  auth_verification: ['id', 'identifier'],
}

/** Fields that are asked for together: what one group of a hundred thousand alerts did lately. */
export const TOGETHER: { readonly [collection: string]: readonly (readonly string[])[] } = {
  alerts: [
    ['alert.group', 'alert.last'],
    ['rule.id', 'alert.ended'],
    // Of one of those whose alerts are most of all, the latest: what a flood is looked at by.
    ['rule.id', 'alert.last'],
    ['organization.id', 'alert.last'],
    // What an incident of thousands of alerts says of them.
    ['alert.incident', 'alert.first'],
    ['alert.incident', 'alert.last'],
    ['alert.incident', 'alert.severity'],
    ['alert.incident', 'alert.count'],
    ['alert.incident', 'portal.id'],
  ],
}

/** Objects opened to dotted names; a list of scalars is a field with several values; a list of objects is no field. */
export const flatFields = (doc: Document, prefix = '', into: Event = {}): Event => {
  for (const [name, value] of Object.entries(doc)) {
    if (value === null || value === undefined || value === '') continue
    const full = prefix + name
    if (Array.isArray(value)) {
      if (value.length && value.every((v) => typeof v !== 'object')) into[full] = value as Value
    } else if (typeof value === 'object') flatFields(value as Document, `${full}.`, into)
    else into[full] = value as Scalar
  }
  return into
}
