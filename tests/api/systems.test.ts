/** A finding on a shared platform is one incident of its owner with all its portals; who runs the platform sees it beside them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AlertRow, IncidentDetail, IncidentRow } from '../../api/contract.ts'
import type { Coverage, InventoryView, SystemDetail } from '../../api/contract-province.ts'
import { attack, type Console, openConsole, type Person, request } from './console.ts'

const PROVINCE = `province: { id: p, code: PP, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-y-te, name: Sở Y tế, kind: department }
  - { id: so-giao-duc-va-dao-tao, name: Sở Giáo dục, kind: department }
  - { id: chu, name: Chủ quản, kind: department, contacts: [{ name: Bà Trực, phone: 0270 555 0100, always: true }] }
  - { id: van-hanh, name: Vận hành, kind: centre }
  - { id: khac, name: Xã khác, kind: commune }
systems:
  - id: he
    name: Nền tảng
    owner: chu
    operator: van-hanh
    shared: true
    levels: [{ level: 2, from: 2020-01-01 }, { level: 3, from: 2023-08-14, decision: "1412/QĐ" }]
    talks_to: [NDXP]
    assessments: [{ date: 2024-01-01, by: Đoàn, findings: [{ text: Hở cổng dịch vụ, due: 2024-06-01 }, { text: Đã xong, due: 2024-06-01, done: 2024-05-01 }] }]
portals:
  - { id: a, domain: a.example, name: A, organization: chu, system: he, addresses: [203.0.113.21] }
  - { id: b, domain: b.example, name: B, organization: chu, system: he, addresses: [203.0.113.22] }
  - { id: c, domain: c.example, name: C, organization: khac, addresses: [203.0.113.23] }
  - { id: d, domain: d.example, name: D, organization: chu, addresses: [203.0.113.24] }
networks:
  - { cidr: 10.1.0.0/24, name: LAN chủ quản, organization: chu }
  - { cidr: 10.2.0.0/24, name: LAN xã, organization: khac }
  - { cidr: 10.3.0.0/24, name: LAN vận hành, organization: van-hanh }
devices:
  - { name: fw-chu, source: fw-chu, organization: chu }
  - { name: fw-vh, organization: van-hanh }
  - { name: may-he, kind: server, source: chuyen, organization: chu, system: he }
  - { name: may-xa, kind: server, source: chuyen, organization: khac }
  - { name: may-chung, kind: server, source: chung, organization: chu, system: he, shared: true }
  - { name: may-rieng, kind: server, source: rieng, organization: chu, system: he }
signatures:
  - { serial: "1", holder: Ông Đi, organization: chu, expires: 2099-01-01, left: 2024-01-01 }
planned:
  - { id: va, from: 2099-01-01T20:00+07:00, to: 2099-01-01T23:00+07:00, system: he, who: Ông Vá, why: Vá lỗi }
`
const folder = mkdtempSync(join(tmpdir(), 'vonglau-systems-'))
let console_: Console
let owner: Person
let operator: Person
let other: Person
let admin: Person
beforeAll(async () => {
  writeFileSync(join(folder, 'inventory.yml'), PROVINCE)
  console_ = await openConsole(
    '',
    Date.now,
    { VONGLAU_INVENTORY: join(folder, 'inventory.yml') },
    '  - { id: proxy, parser: nginx_access, serves: ["203.0.113.21", "203.0.113.22", "203.0.113.23", "203.0.113.24"], http: { token: token-cua-proxy-01 } }\n  - { id: fw-chu, parser: fortinet_fortigate, http: { token: token-cua-fw-chu-1 } }\n' +
      ['chuyen', 'rieng']
        .map((id) => `  - { id: ${id}, parser: nginx_access, http: { token: token-cua-${id}-01 } }\n`)
        .join(''),
  )
  const at = (host: string, i: number) => attack(host, '/x', { ip: `198.51.100.${i}` })
  await console_.take('proxy', [
    request('a.example', '/'),
    at('a.example', 1),
    at('b.example', 2),
    at('c.example', 3),
    at('d.example', 4),
  ])
  admin = await console_.person('administrator')
  owner = await console_.person('analyst', ['chu'])
  operator = await console_.person('analyst', ['van-hanh'])
  other = await console_.person('analyst', ['khac'])
})
afterAll(async () => {
  await console_.close()
  rmSync(folder, { recursive: true, force: true })
})
const incidents = async (who: Person, q = '') => (await who.get(`/incidents?from=0${q}`)).body.items as IncidentRow[]
const alerts = async (who: Person) => (await who.get('/alerts?from=0&limit=200')).body.items as AlertRow[]
const short = ({ organization, system, portals, alerts: n }: IncidentRow) =>
  `${organization?.id} ${system?.id ?? '-'} ${portals.map(({ id }) => id).join('+')} ${n}`

test('one incident of the owner with all portals of the platform; its other portal has its own', async () => {
  expect((await incidents(admin)).map(short).sort()).toEqual(['chu - d 1', 'chu he a+b 2', 'khac - c 1'])
})

test('who sees what: owner, operator, somebody else', async () => {
  const seen = async (who: Person) => ({
    incidents: (await incidents(who)).map(short).sort(),
    alerts: (await alerts(who)).map(({ portal }) => portal?.id).sort(),
    events: ((await who.get('/events?from=0&q=http.request.method:GET')).body.items as Record<string, unknown>[])
      .map((event) => event['portal.id'])
      .sort(),
  })
  expect(await seen(owner)).toEqual({
    incidents: ['chu - d 1', 'chu he a+b 2'],
    alerts: ['a', 'b', 'd'],
    events: ['a', 'a', 'b', 'd'],
  })
  expect(await seen(operator)).toEqual({ incidents: ['chu he a+b 2'], alerts: ['a', 'b'], events: ['a', 'a', 'b'] })
  expect(await seen(other)).toEqual({ incidents: ['khac - c 1'], alerts: ['c'], events: ['c'] })
})

test('a relay or proxy that others send through too is not shown to who runs one of the systems behind it', async () => {
  const idsOf = async (person: Person) =>
    ((await person.get('/sources')).body.items as { id: string }[]).map(({ id }) => id)
  expect((await idsOf(admin)).sort()).toEqual(expect.arrayContaining(['chung', 'chuyen', 'proxy', 'rieng']))
  expect(await idsOf(operator)).toEqual(['rieng'])
  const { items } = (await operator.get('/find?q=chuyen')).body as { items: { kind: string }[] }
  expect(items.filter(({ kind }) => kind !== 'rule')).toEqual([])
})

test('the operator works on it; nothing else of the owner answers them', async () => {
  const [mine] = await incidents(operator)
  const changed = await operator.post(`/incidents/${mine!.id}`, { version: mine!.version, note: 'đã vá' })
  expect([changed.status, changed.body.id]).toEqual([200, mine!.id])
  const detail = (await operator.get(`/incidents/${mine!.id}`)).body as IncidentDetail
  expect(detail.alert_rows.map(({ portal }) => portal?.id).sort()).toEqual(['a', 'b'])
  const foreign = (await incidents(owner)).find(({ system }) => system === undefined)!
  expect((await operator.get(`/incidents/${foreign.id}`)).status).toBe(404)
  for (const path of ['/agencies/chu', '/agencies/khac', '/systems/khong-co'])
    expect((await operator.get(path)).status).toBe(404)
  expect((await other.get('/systems/he')).status).toBe(404)
  const trail = (await admin.get('/audit')).body.items as { what: string; object: string }[]
  expect(trail.some(({ what, object }) => what === 'incident.note' && object === mine!.id)).toBe(true)
})

test('an incident takes alerts of its own system only', async () => {
  const [of, apart] = [await alerts(owner), await incidents(owner)]
  const target = apart.find(({ system }) => system?.id === 'he')!
  const alert = of.find(({ portal }) => portal?.id === 'd')!
  const into = await owner.post('/alerts/incident', { ids: [alert.id], incident: target.id })
  expect([into.status, into.body.error?.code]).toEqual([422, 'system'])
})

test('the page of a system, as owner and as operator', async () => {
  const detail = (await owner.get('/systems/he')).body as SystemDetail
  expect(detail).toMatchObject({
    id: 'he',
    owner: { id: 'chu', name: 'Chủ quản' },
    operator: { id: 'van-hanh' },
    level: 3,
    shared: true,
    portals: 2,
    open_incidents: 1,
    open_alerts: 2,
    overdue_findings: 1,
    talks_to: [{ name: 'NDXP' }],
    levels: [
      { level: 3, from: '2023-08-14', decision: '1412/QĐ' },
      { level: 2, to: '2023-08-14' },
    ],
    planned: [{ id: 'va', who: 'Ông Vá' }],
  })
  expect(detail.operated).toBeUndefined()
  expect(detail.assessments[0]!.findings.map(({ overdue }) => (overdue ?? 0) > 0)).toEqual([true, false])
  const seen = (await operator.get('/systems/he')).body as SystemDetail
  expect([seen.operated, seen.open_incidents, seen.portal_rows.map(({ id }) => id)]).toEqual([true, 1, ['a', 'b']])
  expect((await incidents(owner, '&system=he')).length).toBe(detail.open_incidents)
})

test('coverage: an agency that sends nothing is not known, one without a firewall is said to have none', async () => {
  const board = (await admin.get('/coverage')).body as Coverage
  expect(board.items.map(({ id, state }) => [id, state])).toEqual([
    ['chu', 'declared'],
    ['van-hanh', 'declared'],
    ['khac', 'none'],
  ])
  expect(board.items.map(({ understood }) => understood)).toEqual([undefined, undefined, undefined])
  const own = (await other.get('/coverage')).body as Coverage
  expect([own.items.map(({ id }) => id), own.systems]).toEqual([['khac'], []])
})

test('the inventory as of a day, with what is wrong in it; a date that is none is refused', async () => {
  const view = async (who: Person, date: string) => (await who.get(`/inventory?date=${date}`)).body as InventoryView
  const now = await view(admin, '2026-01-01')
  expect([now.counts.systems, now.orphans.length, now.planned[0]!.on]).toEqual([
    { total: 1, shared: 1, withLevel: 1 },
    1,
    'Nền tảng',
  ])
  expect((await view(admin, '2019-01-01')).counts.systems.withLevel).toBe(0)
  const narrow = await view(other, '2026-01-01')
  expect([narrow.agencies.map(({ id }) => id), narrow.orphans, narrow.planned, narrow.versions]).toEqual([
    ['khac'],
    [],
    [],
    [],
  ])
  const refused = await admin.get('/inventory?date=2026-02-30')
  expect([refused.status, refused.body.error.message]).toEqual([400, '"date" has to be a day written YYYY-MM-DD.'])
})
