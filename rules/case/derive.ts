/**
 * An act on several documents: the deciding one is written first, with what is left to do on it; the rest is derived from
 * there, by whoever decided and, where that was broken off, by the holder of the journal's lease. Each step may be repeated.
 */
import { exists } from '../../ingest/store/filter.ts'
import { type Stored, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../alert.ts'
import { type Act, type Actor, type CaseDocument, type Kind, Refused } from './act.ts'
import {
  alertsIn,
  type Cases,
  COLLECTIONS,
  type Decided,
  decide,
  findAct,
  incidentsIn,
  newActId,
  NOT_THERE,
} from './decide.ts'
import { type Incident, membersOf, type Todo } from './incident.ts'
import { followingFrom, historyOf, moveActs } from './journal.ts'
import { enter, oneAgency, refresh } from './membership.ts'
import type { Wanted } from './table.ts'

const NO_ACT = new Refused('act', 'Không tìm thấy việc cần hoàn tác.', 'There is no such act to undo.')

const withTodo = (todo: Todo) => (doc: CaseDocument) => {
  const all = [...((doc as Incident).todo ?? []), todo]
  return { todo: all, 'case.todo': all.length }
}

/** Changes of an incident by a person; closing it closes its open alerts with the same reason, unless `alone`. */
export const decideIncident = async (
  cases: Cases,
  asked: { id: string; seen?: number | undefined; scope: Parameters<typeof decide>[1]['scope']; actor: Actor },
  wanted: readonly Wanted[],
  alone = false,
): Promise<Decided<Incident>> => {
  const deciding = wanted.find(({ what }) => (what === 'close' && !alone) || what === 'merge')
  const decided = await decide<Incident>(cases, {
    ...asked,
    kind: 'incident',
    wanted,
    ...(deciding ? { beside: withTodo({ act: deciding.id, kind: deciding.what as 'close' | 'merge' }) } : {}),
  })
  if (decided.ok) await derive(cases, decided.stored.id)
  return decided.ok ? { ...decided, stored: (await incidentsIn(cases.documents).get(SYSTEM, asked.id))! } : decided
}

/** Takes an act back, with what followed from it. */
export const undo = async <T extends CaseDocument>(
  cases: Cases,
  asked: Omit<Parameters<typeof decide>[1], 'wanted' | 'beside'>,
  act: string,
): Promise<Decided<T>> => {
  const collection = cases.documents.collection<T>(COLLECTIONS[asked.kind])
  const current = await collection.get(asked.scope, asked.id)
  const found = current && (await findAct(cases, asked.id, current.doc, act))
  if (!found)
    return {
      ok: false,
      refused: current ? NO_ACT : NOT_THERE,
    }
  const follows = asked.kind === 'incident' && (found.what === 'close' || found.what === 'merge')
  const wanted = await takingBack(cases, asked.kind, { what: 'undo', id: newActId(), act: found })
  const decided = await decide<T>(cases, {
    ...asked,
    wanted,
    ...(follows ? { beside: withTodo({ act, kind: 'undo' }) } : {}),
  })
  if (!decided.ok) return decided
  if (asked.kind === 'incident') await derive(cases, asked.id)
  else await refreshAround(cases, found)
  return { ...decided, stored: (await collection.get(SYSTEM, asked.id))! }
}

/** An alert that an undo would put back into an incident is by then of the incident's agency, or it is refused. */
const takingBack = async (cases: Cases, kind: Kind, undo: Wanted & { readonly act: Act }) => {
  const { 'alert.incident': incident, 'organization.id': agency } = undo.act.changes
  const back = kind === 'alert' ? incident?.from : undefined
  if (typeof back !== 'string') return [undo]
  const home = await incidentsIn(cases.documents).get(SYSTEM, back)
  return (doc: CaseDocument) => {
    const whose = agency ? agency.from : doc['organization.id']
    if (home?.doc['organization.id'] !== whose) throw oneAgency()
    return [undo]
  }
}

const refreshAround = async (cases: Cases, { changes }: Act): Promise<void> => {
  const incident = changes['alert.incident']
  for (const id of [incident?.from, incident?.to]) if (typeof id === 'string') await refresh(cases, id)
}

/** Does what is left to do on an incident. Nothing where nothing is. */
export const derive = async (cases: Cases, id: string): Promise<void> => {
  const incidents = incidentsIn(cases.documents)
  for (;;) {
    const current = await incidents.get(SYSTEM, id)
    const todo = current?.doc.todo?.[0]
    if (!current || !todo) return
    await carryOut(cases, current, todo)
    for (;;) {
      const now = (await incidents.get(SYSTEM, id))!
      const left = (now.doc.todo ?? []).filter(({ act, kind }) => act !== todo.act || kind !== todo.kind)
      const { todo: _, 'case.todo': __, ...rest } = now.doc
      const doc = (left.length ? { ...rest, todo: left, 'case.todo': left.length } : rest) as unknown as Incident
      const [put] = await incidents.put([{ id, version: now.version, doc }])
      if (put?.ok) break
    }
  }
}

/**
 * One round of the scribe, the holder of the journal's lease: what others left undone is done, and acts are moved into the
 * journal. Answers how many were moved.
 */
export const settle = async (cases: Cases): Promise<number> => {
  await deriveAll(cases)
  return moveActs(cases.documents, async (acts) => {
    // Of an alert that came or went, whoever did that has brought the summaries up to date, unless they were stopped.
    const touched = new Set(
      acts.flatMap(({ changes }) => [changes['alert.incident']?.from, changes['alert.incident']?.to]),
    )
    for (const id of touched) if (typeof id === 'string') await refresh(cases, id)
  })
}

const deriveAll = async (cases: Cases): Promise<void> => {
  const { items } = await incidentsIn(cases.documents).query(SYSTEM, { filter: exists('case.todo'), limit: 1000 })
  for (const { id } of items) await derive(cases, id)
}

const members = async (cases: Cases, incident: string): Promise<Stored<Alert>[]> => {
  const out: Stored<Alert>[] = []
  let cursor: string | undefined
  do {
    const page = await alertsIn(cases.documents).query(SYSTEM, {
      filter: membersOf(incident),
      limit: 500,
      ...(cursor ? { cursor } : {}),
    })
    out.push(...page.items)
    cursor = page.cursor
  } while (cursor)
  return out
}

const carryOut = async (cases: Cases, incident: Stored<Incident>, todo: Todo): Promise<void> => {
  const act = (await historyOf(cases.documents, incident.id, incident.doc)).find(({ id }) => id === todo.act)
  // The deciding act is in the same write as the work: it is there.
  if (!act) return
  if (todo.kind === 'undo') return undoFollowing(cases, incident, todo.act)
  // Undone meanwhile: what did not happen need not be taken back either.
  if (incident.doc.todo?.some(({ kind, act: of }) => kind === 'undo' && of === todo.act)) return
  if (todo.kind === 'close') {
    for (const alert of await members(cases, incident.id)) {
      if (alert.doc['alert.status'] === 'closed') continue
      await decide(cases, {
        kind: 'alert',
        id: alert.id,
        scope: SYSTEM,
        actor: act.actor,
        wanted: (doc) =>
          doc['alert.status'] === 'closed'
            ? []
            : [{ what: 'close', id: newActId(), reason: act.reason as NonNullable<Wanted['reason']>, via: act.id }],
      })
    }
    return void (await refresh(cases, incident.id))
  }
  const into = todo.kind === 'merge' ? String(incident.doc['incident.merged_into']) : incident.id
  const target = todo.kind === 'merge' ? await incidentsIn(cases.documents).get(SYSTEM, into) : incident
  if (!target) return
  const moving = todo.kind === 'merge' ? (await members(cases, incident.id)).map(({ id }) => id) : (todo.alerts ?? [])
  for (const id of moving) {
    const alert = await alertsIn(cases.documents).get(SYSTEM, id)
    if (!alert || alert.doc['alert.incident'] === into || alert.doc['alert.status'] === 'absorbed') continue
    // Somebody moved it since the split was decided.
    if (todo.kind === 'split' && alert.doc['alert.incident'] !== incident.doc['incident.split_from']) continue
    await enter(cases, alert, target, act.actor, act.id)
  }
  await refresh(cases, into)
  const from = todo.kind === 'merge' ? incident.id : incident.doc['incident.split_from']
  if (from !== undefined) await refresh(cases, from)
}

const undoFollowing = async (cases: Cases, incident: Stored<Incident>, via: string): Promise<void> => {
  const by = (await historyOf(cases.documents, incident.id, incident.doc)).findLast(({ undoes }) => undoes === via)
  for (const { object, act } of await followingFrom(cases.documents, via)) {
    const alert = await alertsIn(cases.documents).get(SYSTEM, object)
    if (!alert || !by) continue
    const undone = (await historyOf(cases.documents, object, alert.doc)).some(({ undoes }) => undoes === act.id)
    // Refused where somebody changed the alert since: then it stays as they left it.
    if (!undone)
      await decide(cases, {
        kind: 'alert',
        id: object,
        scope: SYSTEM,
        actor: by.actor,
        wanted: await takingBack(cases, 'alert', { what: 'undo', id: newActId(), act, via: by.id }),
      })
    await refreshAround(cases, act)
  }
  await refresh(cases, incident.id)
}
