/** Risk and the figures of a period over a real server: each number is the length of its list, history, scopes. On each store. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AlertRow, IncidentRow, PortalRow } from '../../api/contract.ts'
import type { Figures, Letters, RiskRow, RiskView, SystemRow } from '../../api/contract-province.ts'
import { midnightOf } from '../../api/risk/days.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { attack, type Console, OURS, openConsole, type Person, request, THEIRS } from './console.ts'

const DAY = 86_400_000
const PROVINCE = `province: { id: p, code: PP, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-y-te, code: SYT, name: Sở Y tế, kind: department }
  - { id: so-giao-duc-va-dao-tao, name: Sở Giáo dục, kind: department }
  - { id: im-lang, name: Xã Im Lặng, kind: commune }
  - { id: cu, name: Phòng Cũ, kind: district, valid_to: 2025-07-01, successors: [so-y-te] }
systems:
  - id: he
    name: Nền tảng
    owner: so-y-te
    levels: [{ level: 3, from: 2023-08-14 }]
    assessments: [{ date: 2026-01-01, by: Đoàn, findings: [{ text: Hở cổng dịch vụ, due: 2026-02-01 }] }]
  - { id: khong, name: Chưa có cấp độ, owner: so-giao-duc-va-dao-tao }
portals:
  - { id: a, domain: ${OURS.host}, name: A, organization: so-y-te, addresses: [203.0.113.10, "2001:db8::10"], trust: { granted: 2024-01-01 } }
  - { id: b, domain: ${THEIRS.host}, name: B, organization: so-giao-duc-va-dao-tao, addresses: [203.0.113.10] }
  - { id: c, domain: cu.example, name: C, organization: cu, addresses: [203.0.113.11], tls_expires: 2026-01-01, trust: { granted: 2024-01-01, expires: 2025-12-31 } }
  - { id: d, domain: het.example, name: D, organization: so-y-te, valid_to: 2025-01-01 }
networks:
  - { cidr: 10.1.0.0/24, name: LAN, organization: im-lang }
deadlines:
  - { valid_from: 2020-01-01, legal_basis: Quy chế thử, levels: { low: { respond: 72, resolve: 240 }, medium: { respond: 24, resolve: 96 }, high: { respond: 4, resolve: 48 }, critical: { respond: 1, resolve: 12 } } }
`

/** `env`: which store. */
export const figuresHold = (env: NodeJS.ProcessEnv = {}): void => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-figures-'))
  let console_: Console
  let manager: Person
  let analyst: Person
  let viewer: Person
  beforeAll(async () => {
    writeFileSync(join(folder, 'inventory.yml'), PROVINCE)
    console_ = await openConsole('', Date.now, { ...env, VONGLAU_INVENTORY: join(folder, 'inventory.yml') })
    const { installation } = console_.running
    const now = installation.clock()
    const ago = (week: number) => now - (midnightOf(installation, now) - week * 7 * DAY + 3_600_000)
    // History that is brought in on the first day: ours was seen in each week but the eighth before, and attacked five weeks ago.
    const weeks = Array.from({ length: 12 }, (_, i) => 11 - i).filter((week) => week !== 8 && week > 0)
    await console_.take(OURS.source, [
      ...weeks.map((week) => request(OURS.host, '/', { ago: ago(week) })),
      attack(OURS.host, '/x', { ago: ago(5), ip: '198.51.100.1' }),
      request(OURS.host, '/', { ago: 5000 }),
      attack(OURS.host, '/y', { ago: 3000, ip: '198.51.100.2' }),
    ])
    await console_.take(THEIRS.source, [request(THEIRS.host, '/'), attack(THEIRS.host, '/x', { ip: '198.51.100.3' })])
    manager = await console_.person('manager')
    analyst = await console_.person('analyst')
    viewer = await console_.person('manager', [OURS.agency])
  })
  afterAll(async () => {
    await console_.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const risk = async (who = manager): Promise<RiskView> => (await who.get('/risk')).body
  const of = ({ items, unknown }: RiskView, id: string): RiskRow => [...items, ...unknown].find((row) => row.id === id)!
  const figures = async (q = '', who = manager): Promise<Figures> => (await who.get(`/figures${q}`)).body
  const total = async (path: string) => (await manager.get(path)).body.total as number

  test('twelve weeks are there on the first day: nothing seen is not known, what was found decays', async () => {
    const row = of(await risk(), OURS.agency)
    expect(row.weeks).toHaveLength(12)
    const [before, attacked, after] = [row.weeks[11 - 6]!, row.weeks[11 - 5]!, row.weeks[11 - 4]!]
    expect(row.weeks[11 - 8]).toBeNull()
    expect(attacked).toBeGreaterThan(before)
    expect(after).toBeLessThan(attacked)
    expect(row.points).toBe(Object.values(row.parts).reduce((a, b) => a + b, 0))
    expect(row).toMatchObject({
      counts: {
        alerts: 2,
        findings: 1,
        level: 3,
        exposed: { public: 2, left_over: 1, tls_expired: 1 },
        trust: { lapsed: 1 },
      },
      rank: 1,
      change: row.points! - after,
    })
  })
  test('who sends no logs is not known, has no rank, and is listed', async () => {
    const view = await risk()
    expect(view.unknown.map(({ id, points, rank, coverage }) => [id, points, rank, coverage])).toEqual([
      ['im-lang', undefined, undefined, 0],
    ])
    expect(view.unknown[0]!.blind).toEqual([{ kind: 'network', id: 'im-lang', why: 'never', share: 0 }])
    expect(view.items.map(({ id }) => id)).toEqual([OURS.agency, THEIRS.agency])
    expect(view.rules!.length).toBeGreaterThan(0)
    const agencies = (await manager.get('/agencies')).body.items as { id: string; risk?: number }[]
    for (const { id, risk: points } of agencies) expect([id, points]).toEqual([id, of(view, id)?.points])
  })
  test('one agency’s manager sees that agency: no rank, no province, no rules, no letters of others', async () => {
    const view = await risk(viewer)
    expect([view.items.map(({ id }) => id), view.unknown, view.province, view.rules]).toEqual([
      [OURS.agency],
      [],
      undefined,
      undefined,
    ])
    expect(view.items[0]!.rank).toBeUndefined()
    const range = `from=${Date.now() - 30 * DAY}&to=${Date.now()}`
    const all = await figures(`?${range}`, viewer)
    const own = await figures(`?organization=${OURS.agency}&${range}`)
    expect(all).toEqual({ ...own, changes: all.changes })
    expect((await viewer.get('/figures')).text).not.toContain(THEIRS.agency)
  })
  test('each number is the length of its list', async () => {
    const { from, to, levels, opened, open, overdue, portals, systems, weeks } = await figures()
    const range = `from=${from}&to=${to}`
    for (const { level, alerts, incidents } of levels.filter((each) => each.alerts.now + each.incidents.now > 0)) {
      expect([level, alerts.now]).toEqual([level, await total(`/alerts?${range}&level=${level}`)])
      expect([level, incidents.now]).toEqual([level, await total(`/incidents?${range}&opened=1&level=${level}`)])
    }
    expect(opened.now).toBe(await total(`/incidents?${range}&opened=1`))
    expect(opened.now).toBeGreaterThan(2)
    expect(weeks).toHaveLength(12)
    for (const week of weeks)
      expect(week.levels.reduce((sum, { incidents }) => sum + incidents, 0)).toBe(
        await total(`/incidents?from=${week.from}&to=${week.to}&opened=1`),
      )
    expect(open).toBe(await total('/incidents?status=new,in_progress'))
    expect(overdue).toBe(await total('/incidents?overdue=1'))
    const listed = ((await manager.get('/portals')).body.items as PortalRow[]).filter(({ ended }) => !ended)
    const gap = (kind: PortalRow['trust_gap']) => listed.filter((portal) => portal.trust_gap === kind).length
    expect(portals).toMatchObject({
      total: listed.length,
      ipv6: listed.filter(({ ipv6 }) => ipv6).length,
      trusted: listed.filter(({ trusted }) => trusted).length,
      ending: gap('ending'),
      lapsed: gap('lapsed'),
      none: gap('none'),
    })
    expect([portals.total, portals.lapsed, portals.none]).toEqual([3, 1, 1])
    const rows = (await manager.get('/systems')).body.items as SystemRow[]
    expect(systems).toMatchObject({
      total: rows.length,
      with_level: rows.filter(({ level }) => level !== undefined).length,
      monitored: rows.filter(({ monitored }) => monitored).length,
    })
    const view = await risk()
    for (const { id, counts } of view.items) {
      expect([id, counts.alerts]).toEqual([
        id,
        await total(`/alerts?organization=${id}&status=new,acknowledged,in_progress&from=1`),
      ])
      expect([id, counts.overdue]).toEqual([id, await total(`/incidents?organization=${id}&overdue=1`)])
      const own = listed.filter(({ agencies }) => agencies.includes(id))
      expect(counts.exposed.left_over ?? 0).toBe(own.filter((portal) => portal.left_over).length)
      expect(counts.trust.lapsed ?? 0).toBe(own.filter((portal) => portal.trust_gap === 'lapsed').length)
    }
  })
  test('a person takes an incident up, one is late: times, service, a letter; closing lowers the score, not that of before', async () => {
    const own = (await analyst.get(`/incidents?organization=${OURS.agency}&sort=oldest`)).body.items as IncidentRow[]
    const [late, taken] = own as [IncidentRow, IncidentRow]
    const before = of(await risk(), OURS.agency)
    const changed = async ({ id }: IncidentRow, change: object) => {
      const { version } = (await analyst.get(`/incidents/${id}`)).body as IncidentRow
      expect((await analyst.post(`/incidents/${id}`, { version, ...change })).status).toBe(200)
    }
    await changed(late, { due: Date.now() - 3 * DAY })
    await changed(taken, { status: 'in_progress' })
    await changed(taken, { status: 'closed', reason: 'true_positive' })
    await console_.running.installation.scribe.work()
    const now = await figures()
    expect(now.times.acknowledge.now.n).toBe(1)
    expect(now.times.resolve.now).toMatchObject({ n: 1 })
    expect(now.times.resolve.now.p90).toBeUndefined()
    expect(now.service.find(({ level }) => level === 'high')).toMatchObject({
      met: 1,
      missed: 1,
      running: 1,
      working: true,
    })
    expect([now.overdue, now.letters, now.met.now]).toEqual([1, 1, 0.5])
    const letters = ((await manager.get('/letters')).body as Letters).items
    expect(
      letters.map(({ organization, incidents }) => [organization.id, incidents.map(({ number }) => number)]),
    ).toEqual([[OURS.agency, [late.number]]])
    for (const words of [
      'Kính gửi: Sở Y tế.',
      late.number,
      'đã quá hạn 03 ngày',
      'Hở cổng dịch vụ',
      '01/02/2026',
      'Căn cứ Quy chế thử',
    ])
      expect(letters[0]!.text).toContain(words)
    const after = of(await risk(), OURS.agency)
    expect(after.parts.overdue).toBeGreaterThan(before.parts.overdue)
    expect(after.parts.alerts).toBeLessThan(before.parts.alerts)
    expect(after.weeks.slice(0, 11)).toEqual(before.weeks.slice(0, 11))
  })
  test('kept days are read; one of another formula, and alerts that an older version closed, are computed from history', async () => {
    const { store } = console_.running.installation
    const { weeks } = of(await risk(), OURS.agency)
    const kept = store.documents.collection<{ formula: number; at: number; scores: { id: string; points: number }[] }>(
      'risk',
    )
    const { items } = await kept.query(SYSTEM, { filter: { op: 'and', of: [] }, limit: 100 })
    expect(items.length).toBe(11)
    const week = items.find(({ doc }) =>
      doc.scores.some(({ id, points }) => id === OURS.agency && points === weeks[6]),
    )!
    const wrong = { ...week.doc, scores: week.doc.scores.map((each) => ({ ...each, points: 99 })) }
    await kept.put([{ id: week.id, doc: wrong, version: 'any' }])
    expect(of(await risk(), OURS.agency).weeks).toContain(99)
    const alerts = store.documents.collection('alerts')
    const closed = (await analyst.get('/alerts?status=closed&from=1')).body.items as AlertRow[]
    for (const { id } of closed) {
      const { doc, version } = (await alerts.get(SYSTEM, id))!
      const { 'alert.closed': at, ...old } = doc
      expect(at).toBeGreaterThan(0)
      await alerts.put([{ id, doc: old, version }])
    }
    await kept.put([{ id: week.id, doc: { ...wrong, formula: 0 }, version: 'any' }])
    expect(of(await risk(), OURS.agency).weeks).toEqual(weeks)
    for (const { id } of closed) expect((await alerts.get(SYSTEM, id))!.doc['alert.closed']).toBeGreaterThan(0)
  })
  test('what it does not know is refused with a sentence', async () => {
    for (const path of ['/figures?from=5&to=4', '/figures?agency=x', '/risk?at=1', '/letters?x=1']) {
      const { status, body } = await manager.get(path)
      expect([path, status, body.error.code]).toEqual([path, 400, 'parameter'])
    }
  })
}
