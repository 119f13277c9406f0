/** Working on alerts and incidents: conflicts, reasons, who did what. And what a search says where it is wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AlertDetail, AlertRow, IncidentDetail, IncidentRow } from '../../api/contract.ts'
import { attack, type Console, OURS, openConsole, type Person, request, THEIRS } from './console.ts'

let console_: Console
let an: Person
let binh: Person
beforeAll(async () => {
  console_ = await openConsole()
  an = await console_.person('analyst')
  binh = await console_.person('analyst')
  await console_.take(OURS.source, [
    request(OURS.host, OURS.path),
    attack(OURS.host, '/a'),
    attack(OURS.host, '/b', { ip: '198.51.100.77' }),
  ])
  await console_.take(THEIRS.source, [attack(THEIRS.host, THEIRS.path)])
})
afterAll(() => console_.close())
const alerts = async (query = ''): Promise<AlertRow[]> =>
  (await an.get(`/alerts?organization=${OURS.agency}${query}`)).body.items
const alertOf = async (ip: string): Promise<AlertRow> => (await alerts()).find((alert) => alert.source?.ip === ip)!
const detail = async (id: string): Promise<AlertDetail> => (await an.get(`/alerts/${id}`)).body
const change = async (person: Person, alert: { id: string; version: number }, body: object) =>
  (await person.post('/alerts/change', { items: [{ id: alert.id, version: alert.version }], ...body })).body.results[0]

test('a line becomes an alert, and the alert an incident of its agency', async () => {
  const alert = await alertOf('198.51.100.66')
  expect(alert).toMatchObject({
    rule: { id: 'sql-injection', level: 'high' },
    status: 'new',
    count: 1,
    organization: { id: OURS.agency, name: 'Sở Y tế' },
    portal: { domain: OURS.host, ipv6: true, trusted: true },
    log_source: OURS.source,
  })
  const whole = await detail(alert.id)
  expect(whole.events[0]).toMatchObject({
    'event.original': expect.stringContaining('UNION%20SELECT'),
    'url.decoded': expect.stringContaining('UNION SELECT'),
  })
  expect(whole.why.some(({ field, value }) => field === 'request.sql' && value.includes('union_select'))).toBe(true)
  // Two sources against one portal are one incident.
  const { body } = await an.get(`/incidents?organization=${OURS.agency}`)
  expect(body.items).toMatchObject([
    { level: 'high', status: 'new', alerts: 2, events: 2, portals: [{ domain: OURS.host }] },
  ])
  expect(alert.incident?.number).toBe((body.items as IncidentRow[])[0]!.number)
})

describe('two people and one alert', () => {
  test('the second is told who was first; more events are no conflict', async () => {
    const seen = await alertOf('198.51.100.66')
    expect(await change(an, seen, { status: 'acknowledged', assignee: an.username })).toMatchObject({
      id: seen.id,
      ok: true,
    })
    const refused = await change(binh, seen, { status: 'closed', reason: 'benign' })
    expect(refused).toMatchObject({
      id: seen.id,
      ok: false,
      message: `${an.username} has just changed this alert: look again, then go on.`,
    })
    expect((await detail(seen.id)).status).toBe('acknowledged')
    const now = await alertOf('198.51.100.66')
    await console_.take(OURS.source, [attack(OURS.host, '/c')])
    expect((await detail(seen.id)).count).toBe(2)
    // Bình looked before the program counted on, and after An's change.
    expect(await change(binh, now, { note: 'cùng nguồn với hôm qua' })).toMatchObject({ ok: true })
    const { activity, assignee } = await detail(seen.id)
    expect(assignee).toBe(an.username)
    expect(
      activity.filter(({ by }) => by !== 'system').map(({ by, what, from, to, text }) => [by, what, from, to, text]),
    ).toEqual([
      [an.username, 'status', 'new', 'acknowledged', undefined],
      [an.username, 'assigned', undefined, an.username, undefined],
      [binh.username, 'note', undefined, undefined, 'cùng nguồn với hôm qua'],
    ])
  })
  test('at the same moment: one of two changes is refused, none is lost unsaid', async () => {
    const seen = await alertOf('198.51.100.77')
    const results = await Promise.all([
      change(an, seen, { status: 'acknowledged' }),
      change(binh, seen, { status: 'in_progress' }),
    ])
    expect(results.filter(({ ok }) => ok)).toHaveLength(1)
    const who = results[0].ok ? an : binh
    expect(
      (await detail(seen.id)).activity
        .filter(({ what, by }) => what === 'status' && by !== 'system')
        .map(({ by }) => by),
    ).toEqual([who.username])
  })
})

test('closing needs a reason, and can be taken back', async () => {
  const seen = await alertOf('198.51.100.77')
  expect(
    await an.post('/alerts/change', { items: [{ id: seen.id, version: seen.version }], status: 'closed' }),
  ).toMatchObject({ status: 422, body: { error: { code: 'reason', message: 'Closing an alert needs a reason.' } } })
  expect(
    await an.post('/alerts/change', {
      items: [{ id: seen.id, version: seen.version }],
      status: 'closed',
      reason: 'tại tôi',
    }),
  ).toMatchObject({ status: 400 })
  expect(
    await change(an, seen, { status: 'closed', reason: 'false_positive', note: 'tham số tìm kiếm' }),
  ).toMatchObject({ ok: true })
  expect(await detail(seen.id)).toMatchObject({ status: 'closed', reason: 'false_positive' })
  expect((await alerts('&status=closed')).map(({ id }) => id)).toEqual([seen.id])
  const closed = await alertOf('198.51.100.77')
  expect(await change(an, closed, { status: 'new' })).toMatchObject({ ok: true })
  const { activity, ...again } = await detail(seen.id)
  expect(again.reason).toBeUndefined()
  expect(activity.at(-1)).toMatchObject({ what: 'reopened', from: 'closed', to: 'new', by: an.username })
})

test('incidents: the same for two people, a reason to close, notes and people on the timeline', async () => {
  const seen = ((await an.get(`/incidents?organization=${OURS.agency}`)).body.items as IncidentRow[])[0]!
  expect(await an.post(`/incidents/${seen.id}`, { version: seen.version, status: 'closed' })).toMatchObject({
    status: 422,
    body: { error: { code: 'reason' } },
  })
  const first = await an.post(`/incidents/${seen.id}`, {
    version: seen.version,
    status: 'in_progress',
    assignee: binh.username,
    note: 'đã gọi đơn vị',
  })
  expect(first).toMatchObject({ status: 200, body: { status: 'in_progress', assignee: binh.username } })
  expect(await binh.post(`/incidents/${seen.id}`, { version: seen.version, level: 'critical' })).toMatchObject({
    status: 409,
    body: {
      error: {
        code: 'conflict',
        message: expect.stringMatching(new RegExp(`^${an.username} has just changed this incident`)),
      },
    },
  })
  expect(
    await binh.post(`/incidents/${seen.id}`, {
      version: first.body.version,
      status: 'closed',
      reason: 'true_positive',
    }),
  ).toMatchObject({ status: 200, body: { status: 'closed', reason: 'true_positive' } })
  const whole = (await an.get(`/incidents/${seen.number}`)).body as IncidentDetail
  expect(whole.alert_rows).toHaveLength(2)
  const told = whole.timeline.flatMap((each) =>
    each.kind === 'activity' && each.activity.by !== 'system' ? [`${each.activity.by} ${each.activity.what}`] : [],
  )
  expect(told.toSorted()).toEqual([
    `${an.username} assigned`,
    `${an.username} note`,
    `${an.username} status`,
    `${binh.username} status`,
  ])
})
test('an incident belongs to one agency', async () => {
  const ids = [
    (await alertOf('198.51.100.66')).id,
    ((await an.get(`/alerts?organization=${THEIRS.agency}`)).body.items as AlertRow[])[0]!.id,
  ]
  expect(await an.post('/alerts/incident', { ids })).toMatchObject({
    status: 422,
    body: {
      error: { code: 'agency', message: 'An incident belongs to one agency: choose alerts of the same agency.' },
    },
  })
})
test('what was changed is in the trail', async () => {
  const admin = await console_.person('administrator')
  await admin.post('/rules/sql-injection', { enabled: false })
  await console_.take(OURS.source, [attack(OURS.host, '/tat', { ip: '198.51.100.99' })])
  expect(await alertOf('198.51.100.99')).toBeUndefined()
  await admin.post('/rules/sql-injection', { enabled: true })
  const rows = (await admin.get('/audit')).body.items as { by: string; what: string; object: string }[]
  expect(rows.filter(({ what }) => what === 'rule.enabled').map(({ by, object }) => [by, object])).toEqual([
    [admin.username, 'sql-injection'],
    [admin.username, 'sql-injection'],
  ])
  for (const [what, by] of [
    ['alert.acknowledge', an],
    ['alert.note', binh],
    ['incident.start', an],
    ['incident.close', binh],
  ] as const) {
    expect(
      rows.some((row) => row.what === what && row.by === by.username),
      `${what} ${by.username}`,
    ).toBe(true)
  }
})

describe('searching', () => {
  test.each([
    ['source.ip : ', [11, 12]],
    ['(url.path : x', undefined],
    ['url.path : x and', undefined],
    ['source.port > abc', [14, 17]],
    ['source.ip : 10.0.0.0/99', undefined],
  ])('a mistake in %j is shown where it is, in both languages', async (q, at) => {
    for (const path of ['/kql', '/events', '/alerts', '/incidents']) {
      const { status, body } = await an.get(`${path}?q=${encodeURIComponent(q)}`)
      expect({ status, code: body.error?.code }, path).toEqual({ status: 400, code: 'kql' })
      expect(body.error.at.from).toBeGreaterThanOrEqual(0)
      expect(body.error.at.to).toBeLessThanOrEqual(q.length + 1)
      if (at)
        expect(
          [body.error.at.from, body.error.at.to].every((n) => n >= at[0]! - 1 && n <= at[1]! + 1),
          JSON.stringify(body.error),
        ).toBe(true)
    }
    const [en, vi] = [
      await an.get(`/kql?q=${encodeURIComponent(q)}`),
      await an.get(`/kql?q=${encodeURIComponent(q)}`, { 'accept-language': 'vi' }),
    ]
    expect(vi.body.error.message).not.toBe(en.body.error.message)
  })
  test.each([
    [`url.path : "${OURS.path}"`, 1],
    ['source.ip : 198.51.100.64/28', 5],
    ['http.response.status_code >= 200 and not url.path : /a', 5],
    ['union', 5],
  ])('%j finds', async (q, total) => {
    expect((await an.get(`/events?q=${encodeURIComponent(q)}`)).body.total).toBe(total)
  })
  test('a page after the other, nothing twice', async () => {
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const { body } = await an.get(`/events?limit=2${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)
      ids.push(...body.items.map((event: { 'event.id': string }) => event['event.id']))
      cursor = body.cursor
    } while (cursor)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toHaveLength((await an.get('/events')).body.total)
  })
})
