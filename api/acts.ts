/** What the console asks for, as acts; and what was done, as the console tells it. */
import type { DocumentStore } from '../ingest/store/store.ts'
import { codesOf } from '../ingest/inventory/code.ts'
import type { Inventory } from '../ingest/inventory/inventory.ts'
import { systemOf } from '../ingest/inventory/scope.ts'
import type { Act, Actor } from '../rules/case/act.ts'
import { type Cases, newActId } from '../rules/case/decide.ts'
import { statusOf, type Task, type Wanted } from '../rules/case/table.ts'
import type { CaseDocument, Kind } from '../rules/case/act.ts'
import type { CloseReason, Level } from './contract.ts'
import type { User } from './auth/auth.ts'
import type { Installation } from './installation.ts'
import type { Activity } from './contract.ts'

export const actorOf = (user: User): Actor => ({ kind: 'person', id: user.id, name: user.username })

export const casesOf = (
  {
    inventory,
    clock,
    deadlines,
  }: Pick<Installation, 'deadlines'> & { readonly inventory: () => Inventory; readonly clock: () => number },
  documents: DocumentStore,
): Cases => ({
  documents,
  clock,
  deadlines,
  numbering: () => ({ code: codesOf(inventory()).of, timezone: inventory().province.timezone }),
  isShared: (system) => systemOf(inventory(), system)?.shared === true,
})

export interface Change {
  readonly status?: string | undefined
  readonly reason?: Exclude<CloseReason, 'resolved'> | undefined
  readonly assignee?: string | null | undefined
  readonly level?: Level | undefined
  readonly title?: string | undefined
  readonly note?: string | undefined
  readonly due?: number | undefined
  readonly held?: boolean | undefined
  readonly task?: (Omit<Task, 'id'> & { readonly id?: string | undefined }) | undefined
}

const STEPS: { readonly [status: string]: Wanted['what'] } = {
  closed: 'close',
  acknowledged: 'acknowledge',
  in_progress: 'start',
  new: 'reopen',
}

/** The acts that bring a document from its state to the one that is wanted; ids are made once, so that a retry is no second act. */
export const wantedOf = (kind: Kind, change: Change): ((doc: CaseDocument) => Wanted[]) => {
  const ids = Array.from({ length: 8 }, newActId)
  return (doc) => {
    const id = (n: number) => ids[n]!
    const state = statusOf(doc, kind)
    const out: Wanted[] = []
    if (change.status !== undefined && change.status !== state) {
      const what =
        state === 'closed'
          ? 'reopen'
          : change.status === 'acknowledged' && state === 'in_progress'
            ? 'reopen'
            : STEPS[change.status]!
      // Taking it up and saying who has it is one act.
      const taken = what === 'acknowledge' || what === 'start' ? change.assignee || undefined : undefined
      out.push({ what, id: id(0), to: change.status, reason: change.reason, assignee: taken })
    }
    if (change.assignee !== undefined && !out.some(({ assignee }) => assignee))
      out.push({ what: 'assign', id: id(1), assignee: change.assignee || undefined })
    if (change.level !== undefined) out.push({ what: 'level', id: id(2), level: change.level })
    if (change.title !== undefined) out.push({ what: 'title', id: id(3), title: change.title })
    if (change.due !== undefined) out.push({ what: 'deadline', id: id(4), due: change.due })
    if (change.task !== undefined)
      out.push({ what: 'task', id: id(5), task: { ...change.task, id: change.task.id ?? id(5) } })
    if (change.held !== undefined) out.push({ what: change.held ? 'hold' : 'release', id: id(7) })
    if (change.note?.trim()) out.push({ what: 'note', id: id(6), text: change.note })
    return out
  }
}

const text = (value: unknown): string | undefined => (value === undefined ? undefined : String(value))
const both = (change: { from?: unknown; to?: unknown }) => ({
  ...(change.from === undefined ? {} : { from: text(change.from)! }),
  ...(change.to === undefined ? {} : { to: text(change.to)! }),
})

/** An act in the console's words: one line for each thing that changed. */
export const activitiesOf = (act: Act): Activity[] => {
  const head = { at: act.at, by: act.actor.kind === 'program' ? 'system' : act.actor.name, act: act.id }
  const { changes } = act
  const out: Activity[] = []
  const undone = act.undoes === undefined ? {} : { undone: true as const }
  const status = changes['alert.status'] ?? changes['incident.status']
  if (act.what === 'open') out.push({ ...head, what: 'created' })
  else if (act.what === 'absorb') out.push({ ...head, what: 'absorbed' })
  else if (act.what === 'merge') out.push({ ...head, what: 'merged', ...both(changes['incident.merged_into'] ?? {}) })
  else if (act.what === 'split') out.push({ ...head, what: 'split', ...both(changes['incident.split_from'] ?? {}) })
  else if (status)
    out.push({
      ...head,
      ...undone,
      what: status.from === 'closed' ? 'reopened' : 'status',
      ...both(status),
      ...(act.reason ? { reason: act.reason as CloseReason } : {}),
    })
  const assigned = changes['alert.assignee'] ?? changes['incident.assignee']
  if (assigned) out.push({ ...head, ...undone, what: 'assigned', ...both(assigned) })
  const level = changes['incident.level']
  if (level) out.push({ ...head, ...undone, what: 'level', ...both(level) })
  if (changes['title']) out.push({ ...head, ...undone, what: 'title', ...both(changes['title']) })
  if (changes['organization.id']) out.push({ ...head, ...undone, what: 'agency', ...both(changes['organization.id']) })
  const number = changes['incident_number']
  if (number && act.what !== 'absorb')
    out.push({ ...head, ...undone, what: number.to === undefined ? 'left' : 'joined', ...both(number) })
  const due = changes['incident.due']
  if (due && (act.what === 'deadline' || act.undoes !== undefined))
    out.push({ ...head, ...undone, what: 'deadline', ...both(due) })
  const held = changes['incident.held']
  if (held) out.push({ ...head, ...undone, what: held.to ? 'held' : 'released' })
  if (changes['tasks']) {
    const before = (changes['tasks'].from ?? []) as Task[]
    const task = ((changes['tasks'].to ?? []) as Task[]).find(
      (each) => JSON.stringify(before.find(({ id }) => id === each.id)) !== JSON.stringify(each),
    )
    out.push({ ...head, ...undone, what: 'task', ...(task ? { text: `${task.done ? '☑' : '☐'} ${task.text}` } : {}) })
  }
  if (act.what === 'note') out.push({ ...head, what: 'note', text: act.text ?? '' })
  // From before the acts, when a document said it of itself.
  if (act.what === 'join' && !number) out.push({ ...head, what: 'joined', ...(act.text ? { text: act.text } : {}) })
  return out
}
