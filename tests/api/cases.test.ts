/** The holes that the acts close, each as a person meets it: over the API, with the detector running. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AlertDetail, AlertRow, AuditRow, IncidentDetail, IncidentRow, UserRow } from '../../api/contract.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { attack, type Console, OURS, openConsole, type Person, request, THEIRS } from './console.ts'

let console_: Console
let an: Person
let binh: Person
let admin: Person
beforeAll(async () => {
  console_ = await openConsole()
  an = await console_.person('analyst')
  binh = await console_.person('analyst')
  admin = await console_.person('administrator')
})
afterAll(() => console_.close())

let addresses = 100
/** A new attacker with one alert of its own, and the incident of its portal. */
const attacked = async (): Promise<{ ip: string; alert: AlertRow }> => {
  const ip = `198.51.100.${addresses++}`
  await console_.take(OURS.source, [attack(OURS.host, '/a', { ip })])
  return { ip, alert: await alertOf(ip) }
}
const alertOf = async (ip: string): Promise<AlertRow> =>
  ((await an.get(`/alerts?q=source.ip:${ip}&sort=newest`)).body.items as AlertRow[])[0]!
const alert = async (id: string): Promise<AlertDetail> => (await an.get(`/alerts/${id}`)).body
const incident = async (id: string): Promise<IncidentDetail> => (await an.get(`/incidents/${id}`)).body
const change = async (person: Person, { id, version }: AlertRow, body: object) =>
  (await person.post('/alerts/change', { items: [{ id, version }], ...body })).body.results[0]
const changeIncident = async (person: Person, id: string, body: object) =>
  person.post(`/incidents/${id}`, { version: (await incident(id)).version, ...body })
const open = async (...ids: string[]): Promise<IncidentRow> =>
  (await an.post('/alerts/incident', { ids, title: 'Mở tay' })).body
/** An incident of its own, by hand. */
const alone = async () => {
  const found = await attacked()
  expect(
    (await an.post('/alerts/leave', { items: [{ id: found.alert.id, version: found.alert.version }] })).body.results[0]
      .ok,
  ).toBe(true)
  return { ...found, incident: await open(found.alert.id) }
}
const HOUR = 3_600_000

test('an incident opened by hand has the hours of its level, and new ones when that changes', async () => {
  const { incident: made } = await alone()
  // Of the deadlines in force: high 48 h, critical 12, low 240.
  expect(made.due - made.created).toBe(48 * HOUR)
  const low = await changeIncident(an, made.id, { level: 'low' })
  expect(low.body.due - low.body.created).toBe(240 * HOUR)
  const critical = await changeIncident(an, made.id, { level: 'critical' })
  expect(Math.abs(critical.body.due - Date.now() - 12 * HOUR)).toBeLessThan(HOUR)
})

test('the program leaves a level that a person lowered', async () => {
  const { ip, incident: made } = await alone()
  await changeIncident(an, made.id, { level: 'low' })
  await console_.take(OURS.source, [attack(OURS.host, '/b', { ip })])
  expect(await incident(made.id)).toMatchObject({ level: 'low', events: 2 })
})

test('an incident closes its alerts with its reason; undo brings both back', async () => {
  const { alert: mine, incident: made } = await alone()
  const closed = await changeIncident(an, made.id, { status: 'closed', reason: 'benign' })
  expect(closed.body).toMatchObject({ status: 'closed', reason: 'benign' })
  expect(await alert(mine.id)).toMatchObject({ status: 'closed', reason: 'benign' })
  const undone = await an.post(`/incidents/${made.id}/undo`, { act: closed.body.acts[0] })
  expect(undone.body).toMatchObject({ status: 'new' })
  expect(undone.body.reason).toBeUndefined()
  const again = await alert(mine.id)
  expect(again).toMatchObject({ status: 'new' })
  expect(again.activity.at(-1)).toMatchObject({ what: 'reopened', undone: true, by: an.username })
})

test('unless a person says otherwise', async () => {
  const { ip, alert: mine, incident: made } = await alone()
  await changeIncident(an, made.id, { status: 'closed', reason: 'benign', alone: true })
  expect((await alert(mine.id)).status).toBe('new')
  // A burst that goes on after that belongs to another incident, related to the one that was closed.
  await console_.take(OURS.source, [attack(OURS.host, '/c', { ip })])
  const next = (await alert(mine.id)).incident!
  expect(next.id).not.toBe(made.id)
  expect((await incident(next.id)).status).not.toBe('closed')
  expect((await incident(made.id)).alerts).toBe(0)
})

test('opening again for an alert whose incident is closed opens a new one', async () => {
  const { alert: mine, incident: made } = await alone()
  await changeIncident(an, made.id, { status: 'closed', reason: 'benign', alone: true })
  const again = await open(mine.id)
  expect(again.id).not.toBe(made.id)
  expect(again).toMatchObject({ status: 'new', alerts: 1 })
  // And opening twice is opening once.
  expect((await open(mine.id)).id).toBe(again.id)
  expect(await an.post('/alerts/incident', { ids: [mine.id], incident: made.id })).toMatchObject({
    status: 422,
    body: { error: { code: 'closed' } },
  })
})

test('joining another incident leaves the alert in one list', async () => {
  const [first, second] = [await alone(), await alone()]
  await an.post('/alerts/incident', { ids: [first.alert.id], incident: second.incident.id })
  expect((await incident(first.incident.id)).alert_rows).toEqual([])
  expect(await incident(first.incident.id)).toMatchObject({ alerts: 0, events: 0 })
  expect((await incident(second.incident.id)).alert_rows.map(({ id }) => id).sort()).toEqual(
    [first.alert.id, second.alert.id].sort(),
  )
  expect((await alert(first.alert.id)).incident).toEqual({ id: second.incident.id, number: second.incident.number })
})

test('merged and divided, and both taken back', async () => {
  const [first, second] = [await alone(), await alone()]
  const version = (await incident(first.incident.id)).version
  const merged = await an.post(`/incidents/${first.incident.id}/merge`, { version, into: second.incident.id })
  expect(merged.body).toMatchObject({ status: 'closed', reason: 'duplicate', alerts: 0 })
  expect((await incident(second.incident.id)).alerts).toBe(2)
  await an.post(`/incidents/${first.incident.id}/undo`, { act: merged.body.acts[0] })
  expect(await incident(first.incident.id)).toMatchObject({ status: 'new', alerts: 1 })
  expect((await incident(second.incident.id)).alerts).toBe(1)

  await an.post('/alerts/incident', { ids: [first.alert.id], incident: second.incident.id })
  const half = await an.post(`/incidents/${second.incident.id}/split`, { ids: [first.alert.id], title: 'Nửa kia' })
  expect(half.body).toMatchObject({ alerts: 1, title: { vi: 'Nửa kia' } })
  expect((await incident(second.incident.id)).alerts).toBe(1)
  expect(await an.post(`/incidents/${half.body.id}/split`, { ids: [first.alert.id] })).toMatchObject({
    status: 422,
    body: { error: { code: 'split', message: 'One alert at least has to stay behind.' } },
  })
  const theirs = await (async () => {
    await console_.take(THEIRS.source, [attack(THEIRS.host, '/x', { ip: '198.51.100.99' })])
    return (await alertOf('198.51.100.99')).incident!.id
  })()
  expect(
    await an.post(`/incidents/${half.body.id}/merge`, {
      version: (await incident(half.body.id)).version,
      into: theirs,
    }),
  ).toMatchObject({ status: 422, body: { error: { code: 'agency' } } })
})

test('an alert stands for one event: never one’s source beside another’s user', async () => {
  const ip = `198.51.100.${addresses++}`
  const line = (user: string, ago: number) => attack(OURS.host, '/p', { ip, ago }).replace(' - - [', ` - ${user} [`)
  await console_.take(OURS.source, [line('tran-thi-b', 60_000)])
  const before = await alertOf(ip)
  expect(before.user).toBe('tran-thi-b')
  // An earlier event without a user comes late: the alert begins with it, and has no user at its head.
  await console_.take(OURS.source, [line('-', 120_000)])
  const after = await alertOf(ip)
  expect(after.id).toBe(before.id)
  expect(after).toMatchObject({ count: 2, first: expect.any(Number) })
  expect(after.first).toBeLessThan(before.first)
  expect(after.user).toBeUndefined()
})

test('whoever acknowledges becomes the owner where nobody is, and readers see who it is', async () => {
  const { alert: mine } = await attacked()
  expect(await change(an, mine, { status: 'acknowledged' })).toMatchObject({ ok: true })
  expect((await alert(mine.id)).assignee).toBe(an.username)
  const { incident: made } = await alone()
  await changeIncident(an, made.id, { status: 'in_progress' })
  const viewer = await console_.person('agency_viewer', [OURS.agency])
  expect((await viewer.get(`/incidents/${made.id}`)).body.assignee).toBe(an.username)
  expect(((await viewer.get('/people')).body.items as { name: string }[]).map(({ name }) => name)).toContain(
    an.username,
  )
})

test('undo is refused in a sentence where somebody was there since; the version counts acts, not events', async () => {
  const { ip, alert: mine } = await attacked()
  const taken = await change(an, mine, { status: 'acknowledged' })
  expect(taken.version).toBe(mine.version + 1)
  await console_.take(OURS.source, [attack(OURS.host, '/v', { ip }), attack(OURS.host, '/w', { ip })])
  const now = await alert(mine.id)
  expect(now).toMatchObject({ count: 3, version: taken.version })
  expect(await change(binh, now, { assignee: binh.username })).toMatchObject({ ok: true })
  const undone = await an.post('/alerts/undo', { items: [{ id: mine.id, act: taken.acts[0] }] })
  expect(undone.body.results).toEqual([
    {
      id: mine.id,
      ok: false,
      version: now.version + 1,
      message: 'This cannot be undone: "alert.assignee" was changed since.',
    },
  ])
})

test('an alert of nobody is given to an agency, and goes where its alerts go', async () => {
  const ip = `198.51.100.${addresses++}`
  await console_.take('chung', [attack('khong-co.example', '/n', { ip })])
  const mine = await alertOf(ip)
  expect(mine.organization).toBeUndefined()
  expect(mine.incident?.number).toMatch(/^VL-\d{4}-\d{3}$/)
  const given = await an.post('/alerts/agency', {
    items: [{ id: mine.id, version: mine.version }],
    organization: OURS.agency,
  })
  expect(given.body.results).toMatchObject([{ ok: true }])
  const now = await alert(mine.id)
  expect(now.organization?.id).toBe(OURS.agency)
  expect(now.incident?.number).toMatch(/^SYT-/)
  expect((await incident(mine.incident!.id)).alerts).toBe(0)
})

test('no undo puts an alert into an incident of another agency', async () => {
  const ip = `198.51.100.${addresses++}`
  await console_.take('chung', [attack('khong-co.example', '/n', { ip })])
  const { id } = await alertOf(ip)
  const item = async () => ({ id, version: (await alert(id)).version })
  const give = async (organization: string) =>
    (await an.post('/alerts/agency', { items: [await item()], organization })).body.results[0]
  const back = async (act: string) => (await an.post('/alerts/undo', { items: [{ id, act }] })).body.results[0]
  const given = await give(OURS.agency)
  const wrong = (await alert(id)).incident!.id
  const left = (await an.post('/alerts/leave', { items: [await item()] })).body.results[0]
  expect(await back(given.acts[0])).toMatchObject({ ok: true })
  await an.post('/alerts/leave', { items: [await item()] })
  expect(await give(THEIRS.agency)).toMatchObject({ ok: true })
  expect(await back(left.acts[0])).toMatchObject({
    ok: false,
    message: expect.stringMatching(/one agency|một cơ quan/),
  })
  const now = await alert(id)
  expect({ agency: now.organization?.id, incident: now.incident }).toEqual({
    agency: THEIRS.agency,
    incident: undefined,
  })
  expect((await incident(wrong)).alerts).toBe(0)
})

test('tasks and deadlines', async () => {
  const { incident: made } = await alone()
  await changeIncident(an, made.id, { task: { text: 'Gọi đơn vị vận hành' } })
  const { tasks } = await incident(made.id)
  expect(tasks).toMatchObject([{ text: 'Gọi đơn vị vận hành' }])
  await changeIncident(an, made.id, { task: { ...tasks[0], done: true } })
  expect((await incident(made.id)).tasks).toMatchObject([{ done: true }])
  const due = Date.now() + HOUR
  await changeIncident(an, made.id, { due })
  await changeIncident(an, made.id, { level: 'low' })
  expect((await incident(made.id)).due).toBe(due)
})

test('a sign-in does not enable whoever is disabled at that moment', async () => {
  const person = await console_.person('manager')
  const { id } = ((await admin.get('/users')).body.items as UserRow[]).find(({ name }) => name === person.username)!
  // The store as the sign-in sees it: between its reading and its writing somebody disables the account.
  const users = console_.running.installation.store.documents.collection<{ disabled?: boolean }>('auth_user')
  const put = users.put.bind(users)
  let raced = false
  users.put = async (items, inOrder) => {
    if (!raced && items.some((item) => item.id === id && !item.doc.disabled)) {
      raced = true
      const current = (await users.get(SYSTEM, id))!
      await put([{ id, version: current.version, doc: { ...current.doc, disabled: true } }])
    }
    return put(items, inOrder)
  }
  try {
    await expect(console_.signIn(person.username, 'mat-khau-cua-toi')).rejects.toThrow(/switched off/)
  } finally {
    users.put = put
  }
  expect(raced).toBe(true)
  expect((await users.get(SYSTEM, id))!.doc.disabled).toBe(true)
})

test('the audit trail is the journal: numbered, chained, and a burst that goes on is not in it', async () => {
  const { ip } = await attacked()
  const size = async () =>
    (
      await console_.running.installation.store.documents
        .collection('journal')
        .query(SYSTEM, { filter: EVERYTHING, limit: 1 })
    ).total
  await admin.get('/audit')
  const before = await size()
  for (let i = 0; i < 5; i++)
    await console_.take(OURS.source, [attack(OURS.host, `/${i}`, { ip }), request(OURS.host, '/')])
  await admin.get('/audit')
  expect(await size()).toBe(before)
  const rows = (await admin.get('/audit')).body.items as AuditRow[]
  expect(rows.map(({ n }) => n)).toEqual(rows.map((_, i) => rows[0]!.n - i))
  expect(rows.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['incident.close', 'incident.undo', 'alert.undo', 'alert.agency', 'incident.merge']),
  )
})
