import { SvelteMap } from 'svelte/reactivity'
import type { AlertRow, GivenReason } from '../../api/contract.ts'
import { number } from '../i18n/format.svelte.ts'
import { i18n } from '../i18n/index.svelte.ts'
import { type AlertChange, type ApiError, changeAlerts, getAlert, giveAgency, joinIncident, undoAlerts } from './api.ts'
import { agencyName, personName, session } from './session.svelte.ts'
import { done, failed } from './toasts.svelte.ts'

interface Done {
  id: string
  act: string
}
/** The newest that is known of an alert, from our own changes and from the stream. A row on screen takes it over in place. */
const latest = new SvelteMap<string, Partial<AlertRow> & { id: string; version: number }>()

export const learn = (row: AlertRow) => {
  const known = latest.get(row.id)
  // More events are no act, and no new version.
  if (known && known.version > row.version) return
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
  return newer && newer.version >= row.version ? { ...row, ...newer } : row
}

/** Sends one change for all rows; says which could not be changed. Returns those that were, and what was done to them. */
const send = async (rows: AlertRow[], change: AlertChange): Promise<{ changed: AlertRow[]; acts: Done[] }> => {
  const { results } = await changeAlerts(
    rows.map(({ id, version }) => ({ id, version })),
    change,
  )
  const changed: AlertRow[] = []
  const acts: Done[] = []
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
      acts.push(...(result.acts ?? []).map((act) => ({ id: row.id, act })))
    } else {
      refused.push(result.message || i18n.t.errors.conflict)
      getAlert(row.id).then(learn, () => {})
    }
  }
  if (refused.length) failed(i18n.t.alerts.partly(number(refused.length), refused[0]!))
  return { changed, acts }
}

const act = async (rows: AlertRow[], change: AlertChange, text: (n: string) => string) => {
  const before = rows.map(current)
  if (!before.length || !session.me?.can.triage) return
  try {
    const { changed, acts } = await send(before, change)
    if (!changed.length) return
    done(text(number(changed.length)), async () => {
      try {
        const { results } = await undoAlerts(acts.toReversed())
        for (const { id } of changed) getAlert(id).then(learn, () => {})
        const refused = results.filter(({ ok }) => !ok)
        if (refused.length) failed(i18n.t.alerts.partly(number(refused.length), refused[0]!.message ?? ''))
        else done(i18n.t.common.undone)
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
export const close = (rows: AlertRow[], reason: GivenReason, note: string) =>
  act(rows, { status: 'closed', reason, ...(note && { note }) }, (n) =>
    i18n.t.alerts.didClose(n, i18n.t.reasons[reason]),
  )
export const reopen = (rows: AlertRow[]) => act(rows, { status: 'new' }, i18n.t.alerts.didReopen)

/** Alerts that belong to no agency are given one; they go where its alerts go. */
export const give = async (row: AlertRow, organization: string) => {
  try {
    const { results } = await giveAgency([{ id: row.id, version: current(row).version }], organization)
    const refused = results.find(({ ok }) => !ok)
    if (refused) failed(refused.message ?? i18n.t.errors.conflict)
    else done(i18n.t.alerts.didGive(agencyName(organization)))
    getAlert(row.id).then(learn, () => {})
  } catch (error) {
    const failure = error as ApiError
    failed(failure.message || i18n.t.errors.server(failure.code))
  }
}

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
