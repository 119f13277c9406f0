/** The table of acts: what each does, from where, and how it is taken back. Pure functions; no store. */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Actor, type CaseDocument, DETECTOR, type Kind, Refused } from '../../../rules/case/act.ts'
import { ACTS, apply, printTable, type Wanted } from '../../../rules/case/table.ts'

const HOUR = 3_600_000
const an: Actor = { kind: 'person', id: 'p1', name: 'an' }
const deadlines = { critical: 4, high: 24, medium: 72, low: 168 }
const NOW = 100 * HOUR

const alert: CaseDocument = { 'alert.status': 'new', 'alert.group': 'g' }
const incident: CaseDocument = {
  'incident.status': 'new',
  'incident.level': 'high',
  'incident.severity': 3,
  'incident.created': NOW - HOUR,
  'incident.due': NOW + 23 * HOUR,
  title: 'Dò mật khẩu',
  title_en: 'Guessing',
}
const act = (kind: Kind, doc: CaseDocument, wanted: Omit<Wanted, 'id'>, actor = an, at = NOW): CaseDocument =>
  apply(doc, kind, { id: `${wanted.what}-${doc['case.acts'] ?? 0}`, ...wanted }, actor, at, { deadlines })
const last = (doc: CaseDocument) => doc.pending!.at(-1)!
const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof Refused) return error.code
    throw error
  }
  return 'done'
}

describe('what each act does', () => {
  test.each<[string, Kind, CaseDocument, Omit<Wanted, 'id'>, Record<string, unknown>]>([
    [
      'acknowledge makes an owner where nobody is',
      'alert',
      alert,
      { what: 'acknowledge' },
      { 'alert.status': 'acknowledged', 'alert.assignee': 'an' },
    ],
    [
      'and leaves one who is',
      'alert',
      { ...alert, 'alert.assignee': 'binh' },
      { what: 'acknowledge' },
      { 'alert.assignee': 'binh' },
    ],
    ['or whom it names', 'alert', alert, { what: 'acknowledge', assignee: 'hoa' }, { 'alert.assignee': 'hoa' }],
    [
      'start on an incident',
      'incident',
      incident,
      { what: 'start' },
      { 'incident.status': 'in_progress', 'incident.assignee': 'an' },
    ],
    [
      'assign to nobody',
      'alert',
      { ...alert, 'alert.assignee': 'an' },
      { what: 'assign' },
      { 'alert.assignee': undefined },
    ],
    [
      'close',
      'incident',
      incident,
      { what: 'close', reason: 'benign' },
      { 'incident.status': 'closed', 'incident.reason': 'benign', 'incident.closed': NOW },
    ],
    [
      'reopen takes the reason away',
      'alert',
      { 'alert.status': 'closed', 'alert.reason': 'benign' },
      { what: 'reopen' },
      { 'alert.status': 'new', 'alert.reason': undefined },
    ],
    ['a note changes nothing', 'alert', alert, { what: 'note', text: 'x' }, { 'alert.status': 'new', 'case.acts': 1 }],
    [
      'a worse level: its hours from now',
      'incident',
      incident,
      { what: 'level', level: 'critical' },
      {
        'incident.level': 'critical',
        'incident.severity': 4,
        'incident.due': NOW + 4 * HOUR,
        'incident.level_set': true,
      },
    ],
    [
      'a lower level: its hours from the beginning',
      'incident',
      incident,
      { what: 'level', level: 'medium' },
      { 'incident.due': NOW + 71 * HOUR },
    ],
    [
      'a deadline that a person set stays',
      'incident',
      { ...incident, 'incident.due': 7, 'incident.due_set': true },
      { what: 'level', level: 'critical' },
      { 'incident.due': 7 },
    ],
    [
      'a title is one for both languages',
      'incident',
      incident,
      { what: 'title', title: 'Khác' },
      { title: 'Khác', title_en: undefined },
    ],
    ['a deadline', 'incident', incident, { what: 'deadline', due: 5 }, { 'incident.due': 5, 'incident.due_set': true }],
    ['a hold', 'incident', incident, { what: 'hold' }, { 'incident.held': true }],
    [
      'its release',
      'incident',
      { ...incident, 'incident.held': true },
      { what: 'release' },
      { 'incident.held': undefined },
    ],
    [
      'join',
      'alert',
      alert,
      { what: 'join', into: 'i1', number: 'A-2026-001' },
      { 'alert.incident': 'i1', incident_number: 'A-2026-001' },
    ],
    [
      'leave',
      'alert',
      { ...alert, 'alert.incident': 'i1', incident_number: 'x' },
      { what: 'leave' },
      { 'alert.incident': undefined, incident_number: undefined },
    ],
    [
      'merge',
      'incident',
      incident,
      { what: 'merge', into: 'i2' },
      { 'incident.status': 'closed', 'incident.reason': 'duplicate', 'incident.merged_into': 'i2' },
    ],
    ['split', 'incident', incident, { what: 'split', into: 'i2' }, { 'incident.split_from': 'i2' }],
    [
      'a task, and its tick',
      'incident',
      act('incident', incident, { what: 'task', task: { id: 't', text: 'Gọi' } }),
      { what: 'task', task: { id: 't', text: 'Gọi', done: true } },
      { tasks: [{ id: 't', text: 'Gọi', done: true }] },
    ],
    [
      'an agency for an alert that has none; it leaves its incident',
      'alert',
      { ...alert, 'alert.incident': 'i1' },
      { what: 'agency', set: { 'organization.id': 'so' } },
      { 'organization.id': 'so', 'alert.incident': undefined },
    ],
  ])('%s', (_, kind, doc, wanted, expected) => {
    const after = act(kind, doc, wanted)
    for (const [field, value] of Object.entries(expected)) expect(after[field], field).toEqual(value)
    expect(after['case.acts']).toBe((doc['case.acts'] ?? 0) + 1)
    expect(last(after)).toMatchObject({ what: wanted.what, at: NOW, actor: an })
  })
  test('the program absorbs, and the alert is in no incident any more', () => {
    const after = act('alert', { ...alert, 'alert.incident': 'i1' }, { what: 'absorb', into: 'a1' }, DETECTOR)
    expect(after).toMatchObject({ 'alert.status': 'absorbed', 'alert.absorbed_by': 'a1' })
    expect(after['alert.incident']).toBeUndefined()
  })
  test('the program raises a level, but not one that a person lowered', () => {
    expect(act('incident', incident, { what: 'level', level: 'critical' }, DETECTOR)).toMatchObject({
      'incident.level': 'critical',
    })
    const lowered = act('incident', incident, { what: 'level', level: 'low' })
    expect(act('incident', lowered, { what: 'level', level: 'critical' }, DETECTOR)).toBe(lowered)
  })
  test('what changes nothing is no act', () => {
    expect(
      act('alert', { ...alert, 'alert.assignee': 'an' }, { what: 'assign', assignee: 'an' })['case.acts'],
    ).toBeUndefined()
  })
})

test.each<[string, Kind, CaseDocument, Omit<Wanted, 'id'>, Actor, string]>([
  ['closing without a reason', 'alert', alert, { what: 'close' }, an, 'reason'],
  ['an empty note', 'alert', alert, { what: 'note', text: ' ' }, an, 'note'],
  ['acknowledging what is closed', 'alert', { 'alert.status': 'closed' }, { what: 'acknowledge' }, an, 'state'],
  ['anything on an absorbed alert', 'alert', { 'alert.status': 'absorbed' }, { what: 'note', text: 'x' }, an, 'state'],
  [
    'an agency in place of another',
    'alert',
    { ...alert, 'organization.id': 'a' },
    { what: 'agency', set: { 'organization.id': 'b' } },
    an,
    'agency',
  ],
  [
    'reopening what was merged',
    'incident',
    { ...incident, 'incident.status': 'closed', 'incident.merged_into': 'x' },
    { what: 'reopen' },
    an,
    'merged',
  ],
  ['a person absorbs', 'alert', alert, { what: 'absorb', into: 'x' }, an, 'act'],
  ['the program assigns', 'alert', alert, { what: 'assign', assignee: 'an' }, DETECTOR, 'act'],
  ['a level of an alert', 'alert', alert, { what: 'level', level: 'low' }, an, 'act'],
  [
    'a level of a closed incident',
    'incident',
    { ...incident, 'incident.status': 'closed' },
    { what: 'level', level: 'low' },
    an,
    'state',
  ],
])('%s is refused', (_, kind, doc, wanted, actor, code) => {
  expect(refusal(() => act(kind, doc, wanted, actor))).toBe(code)
})

describe('undo is an act', () => {
  const undo = (kind: Kind, doc: CaseDocument, of = last(doc)) => act(kind, doc, { what: 'undo', act: of })
  test.each<[Kind, CaseDocument, Omit<Wanted, 'id'>]>([
    ['alert', alert, { what: 'acknowledge' }],
    ['alert', alert, { what: 'start' }],
    ['alert', alert, { what: 'assign', assignee: 'binh' }],
    ['alert', alert, { what: 'close', reason: 'benign' }],
    ['alert', { ...alert, 'alert.status': 'closed', 'alert.reason': 'benign' }, { what: 'reopen' }],
    ['alert', alert, { what: 'join', into: 'i', number: 'n' }],
    ['alert', { ...alert, 'alert.incident': 'i' }, { what: 'leave' }],
    ['alert', alert, { what: 'agency', set: { 'organization.id': 'so' } }],
    ['incident', incident, { what: 'level', level: 'critical' }],
    ['incident', incident, { what: 'title', title: 'Khác' }],
    ['incident', incident, { what: 'deadline', due: 1 }],
    ['incident', incident, { what: 'hold' }],
    ['incident', { ...incident, 'incident.held': true }, { what: 'release' }],
    ['incident', incident, { what: 'merge', into: 'x' }],
    ['incident', incident, { what: 'task', task: { id: 't', text: 'x' } }],
    ['incident', incident, { what: 'close', reason: 'duplicate' }],
  ])('%s %j', (kind, doc, wanted) => {
    const done = act(kind, doc, wanted)
    const undone = undo(kind, done)
    const plain = ({ pending: _, 'case.pending': __, 'case.acts': ___, ...rest }: CaseDocument) => rest
    expect(plain(undone)).toEqual(plain(doc))
    expect(last(undone)).toMatchObject({ what: 'undo', undoes: last(done).id })
    // And it can be taken back itself.
    expect(plain(undo(kind, undone))).toEqual(plain(done))
  })
  test('it sets back only what the act changed', () => {
    const taken = act('alert', alert, { what: 'acknowledge' })
    const noted = act('alert', act('alert', taken, { what: 'join', into: 'i', number: 'n' }), {
      what: 'note',
      text: 'x',
    })
    expect(undo('alert', noted, last(taken))).toMatchObject({ 'alert.status': 'new', 'alert.incident': 'i' })
  })
  test('it is refused where one of the fields was changed since', () => {
    const taken = act('alert', alert, { what: 'acknowledge' })
    const given = act('alert', taken, { what: 'assign', assignee: 'binh' })
    expect(refusal(() => undo('alert', given, last(taken)))).toBe('changed')
  })
  test('a note stays', () => {
    expect(refusal(() => undo('alert', act('alert', alert, { what: 'note', text: 'x' })))).toBe('undo')
  })
})

test('rules/README.md shows the table', () => {
  const file = new URL('../../../rules/README.md', import.meta.url)
  const text = readFileSync(file, 'utf8')
  const [begin, end] = ['<!-- acts -->\n', '<!-- /acts -->']
  const shown = text.slice(text.indexOf(begin) + begin.length, text.indexOf(end)).trim()
  // VONGLAU_PRINT=1 writes it anew.
  if (process.env['VONGLAU_PRINT'] && shown !== printTable())
    writeFileSync(
      file,
      `${text.slice(0, text.indexOf(begin) + begin.length)}${printTable()}\n${text.slice(text.indexOf(end))}`,
    )
  else expect(shown).toBe(printTable())
  expect(Object.keys(ACTS)).toHaveLength(printTable().split('\n').length - 2)
})
