import { SvelteMap } from 'svelte/reactivity'
import type { AlertRow, CloseReason } from '../../api/contract.ts'
import { number } from '../i18n/format.svelte.ts'
import { i18n } from '../i18n/index.svelte.ts'
import { type AlertChange, type ApiError, changeAlerts, getAlert, joinIncident } from './api.ts'
import { personName, session } from './session.svelte.ts'
import { done, failed } from './toasts.svelte.ts'

/** The newest that is known of an alert, from our own changes and from the stream. A row on screen takes it over in place. */
const latest = new SvelteMap<string, Partial<AlertRow> & { id: string; version: number }>()

export const learn = (row: AlertRow) => {
  const known = latest.get(row.id)
  if (known && known.version >= row.version) return
  // What is absent in the new row must also go from the old one.
  latest.set(row.id, {
    ...row,
    assignee: row.assignee,
    reason: row.reason,
    incident: row.incident,
  } as Partial<AlertRow> & { id: string; version: number })
}
export const current = <T extends AlertRow>(row: T): T => {
  const newer = latest.get(row.id)
  return newer && newer.version > row.version ? { ...row, ...newer } : row
}

/** Sends one change for all rows; says which could not be changed. Returns those that were. */
const send = async (rows: AlertRow[], change: AlertChange): Promise<AlertRow[]> => {
  const { results } = await changeAlerts(
    rows.map(({ id, version }) => ({ id, version })),
    change,
  )
  const changed: AlertRow[] = []
  const refused: string[] = []
  for (const result of results) {
    const row = rows.find((r) => r.id === result.id)
    if (!row) continue
    if (result.ok) {
      const next = { ...row, version: result.version ?? row.version + 1 }
      if (change.status) {
        next.status = change.status
        if (change.status === 'closed' && change.reason) next.reason = change.reason
        else delete next.reason
      }
      if (change.assignee !== undefined) {
        if (change.assignee) next.assignee = change.assignee
        else delete next.assignee
      }
      learn(next)
      changed.push(next)
    } else {
      refused.push(result.message || i18n.t.errors.conflict)
      getAlert(row.id).then(learn, () => {})
    }
  }
  if (refused.length) failed(i18n.t.alerts.partly(number(refused.length), refused[0]!))
  return changed
}

const act = async (rows: AlertRow[], change: AlertChange, text: (n: string) => string) => {
  const before = rows.map(current)
  if (!before.length || !session.me?.can.triage) return
  try {
    const changed = await send(before, change)
    if (!changed.length) return
    done(text(number(changed.length)), async () => {
      // Each row goes back to what it was, rows of the same past together.
      const groups = new Map<string, { rows: AlertRow[]; back: AlertChange }>()
      for (const row of changed) {
        const old = before.find((r) => r.id === row.id)!
        const back: AlertChange = {
          ...(change.status && { status: old.status, ...(old.reason && { reason: old.reason }) }),
          ...(change.assignee !== undefined && { assignee: old.assignee ?? '' }),
        }
        const key = JSON.stringify(back)
        const group = groups.get(key) ?? { rows: [], back }
        group.rows.push(current(row))
        groups.set(key, group)
      }
      try {
        for (const { rows, back } of groups.values()) await send(rows, back)
        done(i18n.t.common.undone)
      } catch (error) {
        failed((error as ApiError).message || i18n.t.errors.offline)
      }
    })
  } catch (error) {
    const failure = error as ApiError
    failed(failure.message || (failure.status ? i18n.t.errors.server(failure.code) : i18n.t.errors.offline))
  }
}

export const acknowledge = (rows: AlertRow[]) =>
  act(
    rows.filter((r) => current(r).status === 'new'),
    { status: 'acknowledged', assignee: session.me!.name },
    i18n.t.alerts.didAcknowledge,
  )
export const assign = (rows: AlertRow[], person: string) =>
  act(rows, { assignee: person }, (n) =>
    person ? i18n.t.alerts.didAssign(n, personName(person)) : i18n.t.alerts.didUnassign(n),
  )
export const close = (rows: AlertRow[], reason: CloseReason, note: string) =>
  act(rows, { status: 'closed', reason, ...(note && { note }) }, (n) =>
    i18n.t.alerts.didClose(n, i18n.t.reasons[reason]),
  )
export const reopen = (rows: AlertRow[]) => act(rows, { status: 'new' }, i18n.t.alerts.didReopen)

export const join = async (rows: AlertRow[], incident?: string, title?: string) => {
  try {
    const row = await joinIncident(
      rows.map((r) => r.id),
      incident,
      title,
    )
    done(i18n.t.alerts.didJoin(number(rows.length), String(row.number)))
    for (const r of rows) getAlert(r.id).then(learn, () => {})
    return row
  } catch (error) {
    const failure = error as ApiError
    failed(failure.message || i18n.t.errors.server(failure.code))
    return undefined
  }
}
