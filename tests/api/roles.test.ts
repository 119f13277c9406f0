/** Who may do what: the five roles, and the agency that a viewer sees in every route. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Role } from '../../api/contract.ts'
import { attack, type Console, OURS, openConsole, type Person, request, THEIRS } from './console.ts'

let console_: Console
const people = new Map<Role, Person>()
const ROLES: readonly Role[] = ['administrator', 'analyst', 'rule_author', 'manager', 'agency_viewer']
beforeAll(async () => {
  console_ = await openConsole()
  for (const { host, source, path } of [OURS, THEIRS])
    await console_.take(source, [request(host, path), attack(host, path)])
  await console_.take('chung', [request('khong-co.example', '/vo-chu')])
  for (const role of ROLES) people.set(role, await console_.person(role, role === 'agency_viewer' ? [OURS.agency] : []))
})
afterAll(() => console_.close())
const as = (role: Role): Person => people.get(role)!

describe('the five roles', () => {
  const READ = [
    '/me',
    '/overview',
    '/alerts',
    '/incidents',
    '/agencies',
    '/portals',
    '/events',
    '/kql?q=x',
    '/kql/suggest?q=sou',
    '/rules',
    '/rules/sql-injection',
    '/sources',
    '/people',
    '/health',
    '/find?q=so',
  ]
  test.each(READ)('everyone who is signed in reads %s', async (path) => {
    for (const role of ROLES) expect((await as(role).get(path)).status, role).toBe(200)
    expect(await console_.anybody.get(path)).toMatchObject({
      status: 401,
      body: { error: { code: 'signed_out', message: 'You are signed out: sign in again.' } },
    })
  })

  const alert = async () =>
    (await as('administrator').get(`/alerts?organization=${OURS.agency}`)).body.items[0] as {
      id: string
      version: number
    }
  const incident = async () =>
    (await as('administrator').get(`/incidents?organization=${OURS.agency}`)).body.items[0] as {
      id: string
      version: number
    }
  const DUTIES: [string, readonly Role[], (person: Person) => Promise<{ status: number; body: unknown }>][] = [
    [
      'change an alert',
      ['administrator', 'analyst'],
      async (person) => person.post('/alerts/change', { items: [await alert()], note: 'đã xem' }),
    ],
    [
      'join alerts to an incident',
      ['administrator', 'analyst'],
      async (person) => person.post('/alerts/incident', { ids: [(await alert()).id], incident: (await incident()).id }),
    ],
    [
      'change an incident',
      ['administrator', 'analyst'],
      async (person) =>
        person.post(`/incidents/${(await incident()).id}`, { version: (await incident()).version, note: 'đã xem' }),
    ],
    [
      'switch a rule',
      ['administrator', 'rule_author'],
      (person) => person.post('/rules/sql-injection', { enabled: true }),
    ],
    ['list users', ['administrator'], (person) => person.get('/users')],
    [
      'add a user',
      ['administrator'],
      (person) => person.post('/users', { name: `moi-${person.username}`, display_name: 'Mới', role: 'manager' }),
    ],
    [
      'change a user',
      ['administrator'],
      async (person) => person.post(`/users/${(await as('administrator').get('/users')).body.items[0].id}`, {}),
    ],
    ['read the audit trail', ['administrator'], (person) => person.get('/audit')],
  ]
  test.each(DUTIES)('%s: %j', async (_, allowed, work) => {
    for (const role of ROLES) {
      const { status, body } = await work(as(role))
      if (allowed.includes(role)) expect(status, `${role} ${JSON.stringify(body)}`).toBe(200)
      else
        expect({ role, status, body }).toEqual({
          role,
          status: 403,
          body: { error: { code: 'forbidden', message: 'Your role may not do this.' } },
        })
    }
    expect((await work(console_.anybody)).status).toBe(401)
  })
  test('/me says what the console may offer', async () => {
    const can = Object.fromEntries(
      await Promise.all(ROLES.map(async (role) => [role, (await as(role).get('/me')).body.can])),
    )
    expect(can).toEqual({
      administrator: { triage: true, rules: true, admin: true },
      analyst: { triage: true, rules: false, admin: false },
      rule_author: { triage: false, rules: true, admin: false },
      manager: { triage: false, rules: false, admin: false },
      agency_viewer: { triage: false, rules: false, admin: false },
    })
  })
})

describe('who belongs to an agency sees that agency', () => {
  const FOREIGN = [
    THEIRS.agency,
    THEIRS.host,
    THEIRS.source,
    THEIRS.path,
    'Sở Giáo dục',
    'chung',
    '/vo-chu',
    'khong-co.example',
  ]
  const ROUTES = [
    '/me',
    '/overview',
    `/overview?organization=${THEIRS.agency}`,
    '/alerts',
    '/alerts?group=organization',
    `/alerts?organization=${THEIRS.agency}`,
    `/alerts?q=${THEIRS.path}`,
    '/incidents',
    `/incidents?organization=${THEIRS.agency}`,
    '/agencies',
    '/portals',
    '/events',
    `/events?q=url.path:"${THEIRS.path}"`,
    '/events?q=vonglau.source.id:*',
    '/events?q=event.dataset:vonglau.source',
    '/events?fields=organization.id,vonglau.source.id,url.path',
    '/kql/suggest?q=organization.id:',
    '/kql/suggest?q=url.path:',
    '/kql/suggest?q=vonglau.source.id:',
    '/rules',
    '/rules/sql-injection',
    '/sources',
    '/health',
    '/find?q=so',
    '/find?q=giao',
    '/find?q=nguon',
    '/find?q=tuyen',
    '/find?q=1',
    '/find?q=2',
  ]
  /** Without what repeats the question itself, and what is the same for everyone: the settings to copy, the rules' own words. */
  const told = (path: string, text: string): string => {
    const body = JSON.parse(text) as { setup?: unknown; organizations?: unknown }
    delete body.setup
    return path.startsWith('/find') ? JSON.stringify(body).replaceAll(/"href":"[^"]*"/g, '') : JSON.stringify(body)
  }
  test.each(ROUTES)('%s', async (path) => {
    for (const person of [as('agency_viewer'), await scopedAnalyst()]) {
      const { status, text } = await person.get(path)
      expect(status).toBe(200)
      for (const word of FOREIGN)
        expect(told(path, text).includes(word), `${word} in ${text.slice(0, 2000)}`).toBe(false)
    }
    // The test would see it: those who see everything do.
    if (['/alerts', '/incidents', '/agencies', '/portals', '/events', '/sources'].includes(path))
      expect((await as('manager').get(path)).text).toContain(THEIRS.agency)
  })
  let analyst: Person | undefined
  const scopedAnalyst = async () => (analyst ??= await console_.person('analyst', [OURS.agency]))

  test('its own it sees', async () => {
    const viewer = as('agency_viewer')
    expect((await viewer.get('/alerts')).body).toMatchObject({
      total: 1,
      items: [{ organization: { id: OURS.agency }, portal: { domain: OURS.host }, rule: { id: 'sql-injection' } }],
    })
    expect((await viewer.get('/incidents')).body.items).toMatchObject([
      { organization: { id: OURS.agency }, alerts: 1 },
    ])
    expect((await viewer.get('/agencies')).body.items.map(({ id }: { id: string }) => id)).toEqual([OURS.agency])
    expect((await viewer.get('/portals')).body.items.map(({ domain }: { domain: string }) => domain)).toEqual([
      OURS.host,
    ])
    expect((await viewer.get('/sources')).body.items.map(({ id }: { id: string }) => id)).toEqual([OURS.source])
    expect((await viewer.get(`/events?q=url.path:"${OURS.path}"`)).body.total).toBe(2)
    expect((await viewer.get('/overview')).body).toMatchObject({ open_incidents: 1, new_alerts: 1 })
    expect((await viewer.get('/rules/sql-injection')).body.alerts_7d).toBe(1)
    expect((await as('manager').get('/rules/sql-injection')).body.alerts_7d).toBe(2)
  })
  test('an id of another agency is not there, to read and to change', async () => {
    const admin = as('administrator')
    const alert = (await admin.get(`/alerts?organization=${THEIRS.agency}`)).body.items[0]
    const incident = (await admin.get(`/incidents?organization=${THEIRS.agency}`)).body.items[0]
    const event = (await admin.get(`/events?q=url.path:"${THEIRS.path}"`)).body.items[0]
    const mine = (await admin.get(`/alerts?organization=${OURS.agency}`)).body.items[0]
    const person = await scopedAnalyst()
    for (const path of [
      `/alerts/${alert.id}`,
      `/incidents/${incident.id}`,
      `/incidents/${incident.number}`,
      `/agencies/${THEIRS.agency}`,
      `/events/${event['event.id']}`,
    ]) {
      expect((await admin.get(path)).status, path).toBe(200)
      expect(await person.get(path), path).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    }
    expect((await person.post('/alerts/change', { items: [alert], status: 'acknowledged' })).body.results).toEqual([
      { id: alert.id, ok: false, message: 'not found' },
    ])
    expect((await person.post(`/incidents/${incident.id}`, { version: incident.version, note: 'x' })).status).toBe(404)
    expect((await person.post('/alerts/incident', { ids: [alert.id] })).status).toBe(404)
    expect((await person.post('/alerts/incident', { ids: [mine.id], incident: incident.id })).status).toBe(404)
    expect((await admin.get(`/alerts/${alert.id}`)).body.status).toBe('new')
  })
  test('what belongs to nobody is listed for those who see everything, and only for them', async () => {
    expect((await as('manager').get('/agencies')).body.unassigned.events).toBeGreaterThan(0)
    expect((await as('agency_viewer').get('/agencies')).body.unassigned).toEqual({ events: 0, hosts: [] })
  })
  test('the stream of changes', async () => {
    const words = async (person: Person): Promise<string> => {
      const stop = new AbortController()
      const { body } = await fetch(`${console_.running.url}/api/live?alerts=0&incidents=0`, {
        headers: { cookie: person.cookie },
        signal: stop.signal,
      })
      let text = ''
      for await (const chunk of body!.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
        text += chunk
        if (['tick', 'alerts', 'incidents'].every((kind) => text.includes(`"kind":"${kind}"`))) break
      }
      stop.abort()
      return text
    }
    const seen = await words(as('agency_viewer'))
    expect(seen).toContain(OURS.host)
    for (const word of FOREIGN) expect(seen).not.toContain(word)
    expect(await words(as('manager'))).toContain(THEIRS.host)
  })
  test('a viewer without an agency sees nothing', async () => {
    const lost = await console_.person('agency_viewer', [])
    expect((await lost.get('/alerts')).body.total).toBe(0)
    expect((await lost.get('/events')).body.total).toBe(0)
    expect((await lost.get('/agencies')).body.items).toEqual([])
  })
})
