/**
 * The table of acts: who may, from which state, what it changes, how it is undone. Each is a pure function of the document,
 * what is wanted, who acts and when; nothing here reads or writes. `rules/README.md` shows the table, printed by a test.
 */
import type { Document } from '../../ingest/store/store.ts'
import type { CloseReason } from '../alert.ts'
import { HOUR, type Level, severityOf } from '../rule.ts'
import { type Act, type ActName, type Actor, type CaseDocument, type Kind, Refused, withAct, isSame } from './act.ts'

export interface Task {
  readonly id: string
  readonly text: string
  readonly done?: boolean
  readonly due?: number
}

/** What is asked for. `id` is the act's own; the same id is the same act, however often it is tried. */
export interface Wanted {
  readonly what: ActName
  readonly id: string
  readonly reason?: CloseReason | undefined
  /** Of a note, or beside an act. */
  readonly text?: string | undefined
  readonly via?: string | undefined
  /** Of assign: who, or undefined for nobody. */
  readonly assignee?: string | undefined
  /** Of reopen: the state to go back to. */
  readonly to?: string | undefined
  readonly level?: Level | undefined
  readonly title?: string | undefined
  readonly due?: number | undefined
  readonly task?: Task | undefined
  /** Of join: the incident and its number; of merge: the incident that remains; of absorb: the alert that remains. */
  readonly into?: string | undefined
  readonly number?: string | undefined
  /** Of agency: what changes with it (organization, key of the part); of except and amend: what the exception says. */
  readonly set?: Document | undefined
  /** Of undo. */
  readonly act?: Act | undefined
}
/** What an act needs to know besides the document. */
export interface Facts {
  /** Hours to settle an incident, by level. */
  readonly deadlines: { readonly [level: string]: number }
}

interface Row {
  /** 'triage': administrators and analysts; 'except': rule authors too; 'program': the detector and timers. */
  readonly who: readonly ('triage' | 'except' | 'program')[]
  /** States in which it may be. */
  readonly from: { readonly [kind in Kind]?: readonly string[] }
  /** In words, for the table. */
  readonly changes: string
  readonly undo: string
  /** The fields that it sets; undefined takes one away. Throws `Refused`. */
  readonly set: (doc: CaseDocument, kind: Kind, wanted: Wanted, actor: Actor, at: number, facts: Facts) => Document
}

const OPEN_ALERT = ['new', 'acknowledged', 'in_progress']
const ANY_ALERT = [...OPEN_ALERT, 'closed']
const OPEN_INCIDENT = ['new', 'in_progress']
const ANY_INCIDENT = [...OPEN_INCIDENT, 'closed']
const BACK = 'the fields go back'

export const statusOf = (doc: CaseDocument, kind: Kind): string => String(doc[`${kind}.status`])
/** A person who takes something up becomes its owner where nobody is, unless they say who. */
const owned = (doc: CaseDocument, kind: Kind, actor: Actor, { assignee }: Wanted): Document =>
  assignee !== undefined
    ? { [`${kind}.assignee`]: assignee }
    : doc[`${kind}.assignee`] === undefined && actor.kind === 'person'
      ? { [`${kind}.assignee`]: actor.name }
      : {}

/** When an incident of a level has to be settled: counted from its beginning, but never sooner than its hours from a rise. */
export const dueOf = (doc: Document, level: Level, at: number, { deadlines }: Facts): number => {
  const hours = (deadlines[level] ?? 24) * HOUR
  const rises = severityOf(level) > Number(doc['incident.severity'])
  return rises ? Math.min(Number(doc['incident.due']), at + hours) : Number(doc['incident.created']) + hours
}
const levelSet = (doc: Document, level: Level, at: number, facts: Facts): Document => ({
  'incident.level': level,
  'incident.severity': severityOf(level),
  ...(doc['incident.due_set'] || doc['incident.level'] === level
    ? {}
    : { 'incident.due': dueOf(doc, level, at, facts) }),
})

export const ACTS: { readonly [what in ActName]: Row } = {
  open: {
    who: ['triage', 'program'],
    from: { incident: ['new'] },
    changes: 'the incident begins',
    undo: 'no: close it',
    set: () => ({}),
  },
  acknowledge: {
    who: ['triage'],
    from: { alert: ['new'] },
    changes: 'state acknowledged; owner, where nobody is',
    undo: BACK,
    set: (doc, kind, wanted, actor) => ({ 'alert.status': 'acknowledged', ...owned(doc, kind, actor, wanted) }),
  },
  start: {
    who: ['triage'],
    from: { alert: ['new', 'acknowledged'], incident: ['new'] },
    changes: 'state in progress; owner, where nobody is',
    undo: BACK,
    set: (doc, kind, wanted, actor) => ({ [`${kind}.status`]: 'in_progress', ...owned(doc, kind, actor, wanted) }),
  },
  assign: {
    who: ['triage'],
    from: { alert: ANY_ALERT, incident: ANY_INCIDENT },
    changes: 'owner',
    undo: BACK,
    set: (_, kind, { assignee }) => ({ [`${kind}.assignee`]: assignee }),
  },
  close: {
    who: ['triage', 'program'],
    from: { alert: OPEN_ALERT, incident: OPEN_INCIDENT },
    changes: 'state closed, reason; the open alerts of an incident close with it, unless a person says otherwise',
    undo: `${BACK}; alerts that closed with the incident open with it`,
    set: (_, kind, { reason }, __, at) => {
      if (reason === undefined)
        throw new Refused(
          'reason',
          kind === 'alert' ? 'Đóng cảnh báo cần lý do.' : 'Đóng sự cố cần lý do.',
          kind === 'alert' ? 'Closing an alert needs a reason.' : 'Closing an incident needs a reason.',
        )
      return {
        [`${kind}.status`]: 'closed',
        [`${kind}.reason`]: reason,
        [`${kind}.closed`]: at,
      }
    },
  },
  reopen: {
    who: ['triage'],
    from: { alert: ['acknowledged', 'in_progress', 'closed'], incident: ['in_progress', 'closed'] },
    changes: 'back to a state before; no reason',
    undo: BACK,
    set: (doc, kind, { to = 'new' }) => {
      if (doc['incident.merged_into'] !== undefined)
        throw new Refused(
          'merged',
          'Sự cố đã được gộp vào sự cố khác: hãy hoàn tác việc gộp.',
          'The incident was merged into another: undo the merge.',
        )
      return {
        [`${kind}.status`]: to,
        [`${kind}.reason`]: undefined,
        [`${kind}.closed`]: undefined,
      }
    },
  },
  note: {
    who: ['triage'],
    from: { alert: ANY_ALERT, incident: ANY_INCIDENT },
    changes: 'nothing: the text is in the journal',
    undo: 'no: write another',
    set: (_, __, { text }) => {
      if (!text?.trim()) throw new Refused('note', 'Ghi chú không được để trống.', 'A note needs a text.')
      return {}
    },
  },
  level: {
    who: ['triage', 'program'],
    from: { incident: OPEN_INCIDENT },
    changes: 'level and, unless a person set it, deadline; the program only raises, and never what a person set',
    undo: BACK,
    set: (doc, _, { level }, actor, at, facts) =>
      actor.kind === 'program' && doc['incident.level_set']
        ? {}
        : {
            ...levelSet(doc, level!, at, facts),
            ...(actor.kind === 'program' ? {} : { 'incident.level_set': true }),
          },
  },
  title: {
    who: ['triage'],
    from: { incident: ANY_INCIDENT },
    changes: 'title, in both languages the same',
    undo: BACK,
    set: (_, __, { title }) => ({ title, title_en: undefined }),
  },
  agency: {
    who: ['triage'],
    from: { alert: ANY_ALERT },
    changes: 'the agency of an alert that has none; it leaves its incident',
    undo: BACK,
    set: (doc, _, { set }) => {
      if (doc['organization.id'] !== undefined)
        throw new Refused(
          'agency',
          'Cảnh báo đã thuộc một cơ quan, không chuyển được.',
          'The alert belongs to an agency already and cannot be moved.',
        )
      return { ...set, 'alert.incident': undefined, incident_number: undefined }
    },
  },
  join: {
    who: ['triage', 'program'],
    from: { alert: ANY_ALERT },
    changes: 'the incident that the alert belongs to: of the same agency, open',
    undo: BACK,
    set: (_, __, { into, number }) => ({ 'alert.incident': into, incident_number: number }),
  },
  leave: {
    who: ['triage', 'program'],
    from: { alert: ANY_ALERT },
    changes: 'the alert belongs to no incident',
    undo: BACK,
    set: () => ({ 'alert.incident': undefined, incident_number: undefined }),
  },
  merge: {
    who: ['triage'],
    from: { incident: OPEN_INCIDENT },
    changes: 'closed as a duplicate of the incident that remains, of the same agency; its alerts join that',
    undo: `${BACK}; its alerts come back`,
    set: (_, __, { into }, ___, at) => ({
      'incident.status': 'closed',
      'incident.reason': 'duplicate',
      'incident.closed': at,
      'incident.merged_into': into,
    }),
  },
  split: {
    who: ['triage'],
    from: { incident: ['new'] },
    changes: 'a new incident that takes some alerts; one at least stays behind',
    undo: 'by merging it back',
    set: (_, __, { into }) => ({ 'incident.split_from': into }),
  },
  absorb: {
    who: ['program'],
    from: { alert: ANY_ALERT },
    changes: 'two bursts became one: the older alert remains, this one is shown no more',
    undo: 'no: the events decide',
    set: (_, __, { into }) => ({
      'alert.status': 'absorbed',
      'alert.absorbed_by': into,
      'alert.incident': undefined,
      incident_number: undefined,
    }),
  },
  task: {
    who: ['triage'],
    from: { incident: ANY_INCIDENT },
    changes: 'a task is written down, or ticked',
    undo: BACK,
    set: (doc, _, { task }) => {
      const tasks = (doc['tasks'] ?? []) as readonly Task[]
      const known = tasks.some(({ id }) => id === task!.id)
      return {
        tasks: known ? tasks.map((each) => (each.id === task!.id ? { ...each, ...task } : each)) : [...tasks, task],
      }
    },
  },
  deadline: {
    who: ['triage'],
    from: { incident: OPEN_INCIDENT },
    changes: 'deadline; from then on no level changes it',
    undo: BACK,
    set: (_, __, { due }) => ({ 'incident.due': due, 'incident.due_set': true }),
  },
  hold: {
    who: ['triage'],
    from: { incident: ANY_INCIDENT },
    changes: 'its events stay in the store, whatever their age and the quota',
    undo: BACK,
    set: () => ({ 'incident.held': true }),
  },
  release: {
    who: ['triage'],
    from: { incident: ANY_INCIDENT },
    changes: 'its events go when their time is over',
    undo: BACK,
    set: () => ({ 'incident.held': undefined }),
  },
  except: {
    who: ['except'],
    from: { exception: ['new'] },
    changes: 'the exception begins: what comes from the next run of the rules on, and is named by it, is not told of',
    undo: 'no: withdraw it',
    set: (_, __, { set }) => ({ ...set, 'exception.status': 'active' }),
  },
  amend: {
    who: ['except'],
    from: { exception: ['active'] },
    changes: 'condition, rules, owner, reason or expiry, from the next run on; what was hidden until then stays so',
    undo: BACK,
    set: (_, __, { set }) => ({ ...set }),
  },
  withdraw: {
    who: ['except'],
    from: { exception: ['active'] },
    changes: 'from the next run on nothing is hidden by it',
    undo: BACK,
    set: () => ({ 'exception.status': 'withdrawn' }),
  },
  expire: {
    who: ['program'],
    from: { exception: ['active'] },
    changes: 'its time is over',
    undo: 'no: write another',
    set: () => ({ 'exception.status': 'ended' }),
  },
  undo: {
    who: ['triage', 'except'],
    from: { alert: ANY_ALERT, incident: ANY_INCIDENT, exception: ['active', 'withdrawn'] },
    changes: 'the fields that the act changed go back; refused where one of them was changed since',
    undo: BACK,
    set: (doc, _, { act }) => setBack(doc, act!),
  },
}

const UNDONE = new Set<ActName>(['note', 'open', 'split', 'absorb', 'except', 'expire'])
const setBack = (doc: CaseDocument, act: Act): Document => {
  if (UNDONE.has(act.what) || Object.keys(act.changes).length === 0)
    throw new Refused('undo', 'Việc này không hoàn tác được.', 'This cannot be undone.')
  const set: { [field: string]: unknown } = {}
  for (const [field, { from, to }] of Object.entries(act.changes)) {
    if (!isSame(doc[field], to))
      throw new Refused(
        'changed',
        `Không hoàn tác được: "${field}" đã được thay đổi sau đó.`,
        `This cannot be undone: "${field}" was changed since.`,
      )
    set[field] = from
  }
  return set
}

/** The document after the act. Throws `Refused` where it may not be; the same document where it changes nothing. */
export const apply = <T extends CaseDocument>(
  doc: T,
  kind: Kind,
  wanted: Wanted,
  actor: Actor,
  at: number,
  facts: Facts,
): T => {
  const row = ACTS[wanted.what]
  const states = row.from[kind]
  const state = statusOf(doc, kind)
  if (!states || !row.who.some((who) => (who === 'program') === (actor.kind === 'program')))
    throw new Refused('act', `Không làm được việc "${wanted.what}" ở đây.`, `"${wanted.what}" is no act for this.`)
  // What is wanted is so already: nothing to do, and no mistake.
  const set = row.set(doc, kind, wanted, actor, at, facts)
  const idle = Object.entries(set).every(([field, value]) => isSame(doc[field], value))
  if (idle && wanted.text === undefined) return doc
  if (!states.includes(state))
    throw new Refused(
      'state',
      `Không làm được việc "${wanted.what}" khi trạng thái là "${state}".`,
      `"${wanted.what}" cannot be done in the state "${state}".`,
    )
  const { id, what, reason, text, via } = wanted
  return withAct(
    doc,
    { id, what, at, actor, reason: what === 'close' ? reason : undefined, text, via, undoes: wanted.act?.id },
    set,
  )
}

/** The table as Markdown, a line an act. */
export const printTable = (): string => {
  const list = (words: readonly string[] | undefined) => (words?.length ? words.join(', ') : '–')
  const rows = Object.entries(ACTS).map(
    ([name, { who, from, changes, undo }]) =>
      `| ${name} | ${list(who)} | ${list(from.alert)} | ${list(from.incident)} | ${list(from.exception)} | ${changes} | ${undo} |`,
  )
  return [
    '| act | who | alert in state | incident in state | exception in state | changes | undone |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
