/** Prometheus metrics of one installation. */
import { readLedger } from '../rules/ledger.ts'
import { Gauge, Registry } from 'prom-client'
import { statfsSync } from 'node:fs'
import { eq } from '../ingest/store/filter.ts'
import { SYSTEM } from '../ingest/store/store.ts'
import type { Installation } from './installation.ts'
import { alertStatus } from './schema/words.ts'

export const metricsText = async (installation: Installation): Promise<string> => {
  const registry = new Registry()
  const gauge = (name: string, help: string, labels: string[] = []) =>
    new Gauge({ name: `vonglau_${name}`, help, labelNames: labels, registers: [registry] })
  const lines = gauge('source_lines_total', 'Lines stored since the process started', ['source'])
  const unparsed = gauge('source_unparsed_total', 'Lines that no parser understood, since the process started', [
    'source',
  ])
  const dropped = gauge('source_dropped_total', 'Datagrams that found no room', ['source'])
  const rate = gauge('source_lines_per_second', 'Lines a second over the last minute', ['source'])
  const lag = gauge('source_lag_seconds', "From the newest event's time to its commit", ['source'])
  const behind = gauge('source_behind_bytes', 'Bytes received and not yet in the store', ['source'])
  const state = gauge('source_silent', '1 where the source is silent or failing', ['source'])
  for (const source of await installation.status()) {
    const label = { source: source.id }
    lines.set(label, source.lines)
    unparsed.set(label, source.unparsed)
    dropped.set(label, source.dropped)
    rate.set(label, source.rate)
    lag.set(label, source.lag / 1000)
    behind.set(label, source.behind)
    state.set(label, source.state === 'silent' || source.state === 'failing' ? 1 : 0)
  }
  const refused = gauge('refused_total', 'What was refused, lost or held back since the process started', ['kind'])
  for (const [kind, total] of installation.ingest.notices.totals()) refused.set({ kind }, total)
  const committed = await installation.store.events.committed()
  const ruleBehind = gauge('rule_behind_seconds', 'How far a rule is behind what is committed', ['rule'])
  const ruleFailed = gauge('rule_failed', '1 where the last run of a rule failed', ['rule'])
  const known = new Set(installation.rules.map(({ id }) => id))
  for (const [rule, entry] of await readLedger(installation.store.documents)) {
    // Of one that is gone nothing runs on.
    if (!known.has(rule)) continue
    ruleBehind.set({ rule }, Math.max(0, committed - entry.covered) / 1000)
    ruleFailed.set({ rule }, entry.last?.error ? 1 : 0)
  }
  const owed = installation.schedule.owed()
  if (owed) {
    gauge('events_owed', 'Events with texts too long to be judged at once that wait for it').set(owed.waiting())
    gauge('events_given_up', 'Such events that a rule was too slow on, since the process leads').set(owed.given())
    gauge('rules_set_aside', 'Rules that are set aside for such events').set(owed.aside().size)
  }
  const days = await installation.store.events.days()
  gauge('events', 'Events in the store').set(days.reduce((sum, day) => sum + day.events, 0))
  gauge('store_bytes', 'Bytes of the day files').set(days.reduce((sum, day) => sum + day.bytes, 0))
  gauge('store_damaged_days', 'Day files that cannot be read').set(days.filter((day) => day.problem).length)
  const disk = statfsSync(installation.config.data)
  gauge('disk_free_bytes', 'Bytes free where the data folder is').set(disk.bavail * disk.bsize)
  const open = gauge('alerts', 'Alerts by status', ['status'])
  for (const status of alertStatus.options) {
    open.set(
      { status },
      (
        await installation.store.documents
          .collection('alerts')
          .query(SYSTEM, { filter: eq('alert.status', status), limit: 1 })
      ).total,
    )
  }
  return registry.metrics()
}
