/** The folder of before, unpacked for a test, and what a person sees of an installation's cases. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { EVERYTHING } from '../../../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../../../ingest/store/store.ts'
import type { Alert } from '../../../rules/alert.ts'
import type { Incident } from '../../../rules/case/incident.ts'

/** `before-agencies`: see make.ts. `before-hits`: made the same way at 4db9369, when no event said what it was judged by; `before-systems`: see make-systems.ts. */
type Archive = 'before-agencies' | 'before-hits' | 'before-systems'
/** An hour after the folder was written. */
export const NOW = Date.UTC(2026, 10, 20, 8)
export const unpack = (archive: Archive = 'before-agencies'): string => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-upgrade-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  execFileSync('tar', ['-xzf', join(import.meta.dirname, `${archive}.tar.gz`), '-C', folder])
  const file = join(folder, 'vonglau.yml')
  // It holds tokens.
  chmodSync(file, 0o600)
  return file
}
export const all = async <T extends object>(store: Store, name: string) =>
  (
    await store.documents
      .collection<T & { readonly [field: string]: unknown }>(name)
      .query(SYSTEM, { filter: EVERYTHING, limit: 1000 })
  ).items

/** What a person sees of it. */
export const told = async (store: Store) => {
  const alerts = await all<Alert>(store, 'alerts')
  const incidents = await all<Incident>(store, 'incidents')
  return {
    alerts: alerts
      .map(({ doc }) => [
        doc['rule.id'],
        doc['organization.id'],
        doc['alert.count'],
        doc['alert.status'],
        doc['alert.reason'],
        doc['alert.assignee'],
        [...new Set(doc.events.map((event) => event['organization.id']))].join(),
        doc['incident_number'],
      ])
      .map((row) => JSON.stringify(row))
      .sort(),
    incidents: incidents
      .map(({ doc }) => [
        doc['incident.number'],
        doc['incident.former'] ?? null,
        doc['organization.id'],
        doc['incident.status'],
        doc['incident.assignee'] ?? null,
        doc['incident.alerts'],
        doc['incident.events'],
      ])
      .map((row) => JSON.stringify(row))
      .sort(),
    journal: (await all(store, 'journal')).map(
      ({ id, doc }) => `${id} ${String(doc['journal.by'])} ${JSON.stringify(doc['before'] ?? false)}`,
    ),
  }
}
