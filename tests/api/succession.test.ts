/** Two communes become one in the console: shown before it is done, written into the file, and seen by who has the duties then. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { attack, type Console, openConsole } from './console.ts'

const folder = mkdtempSync(join(tmpdir(), 'vonglau-succession-'))
const FILE = join(folder, 'inventory.yml')
const INVENTORY = `# của tỉnh
province: { id: vl, name: Tỉnh Vĩnh Long, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-y-te, name: Sở Y tế, kind: department } # giữ nguyên
  - { id: so-giao-duc-va-dao-tao, name: Sở Giáo dục và Đào tạo, kind: department }
  - { id: xa-mot, name: Xã Một, kind: commune }
  - { id: xa-hai, name: Xã Hai, kind: commune }
portals:
  - { id: mot, domain: mot.example, name: Cổng xã Một, organization: xa-mot, addresses: [203.0.113.10] }
  - { id: hai, domain: hai.example, name: Cổng xã Hai, organization: xa-hai, addresses: [203.0.113.10] }
`
const SHARED =
  '  - { id: may-chu, parser: nginx_access, serves: ["203.0.113.10"], http: { token: token-cua-may-chu } }\n'
let console_: Console
beforeAll(async () => {
  writeFileSync(FILE, INVENTORY)
  console_ = await openConsole('', Date.now, { VONGLAU_INVENTORY: FILE }, SHARED)
}, 120_000)
afterAll(async () => {
  await console_.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a succession is shown, carried out as one version and written into the file; nobody else may', async () => {
  const admin = await console_.person('administrator')
  await console_.take('may-chu', [attack('mot.example', '/a')])
  const before = await console_.person('agency_viewer', ['xa-mot'])
  expect((await before.get('/alerts')).body.total).toBe(1)

  const date = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 10)
  const asked = {
    predecessors: ['xa-mot', 'xa-hai'],
    successors: ['xa-moi'],
    founded: [{ id: 'xa-moi', name: 'Xã Mới', kind: 'commune' }],
    date,
    given: [],
  }
  const wrong = await admin.post('/inventory/succession/plan', { ...asked, successors: ['so-y-te'] })
  expect([wrong.status, wrong.body.error.message]).toEqual([
    422,
    expect.stringMatching(/xa-moi is founded and succeeds nobody/),
  ])
  const plan = (await admin.post('/inventory/succession/plan', asked)).body
  expect(
    plan.handed.map(({ key, from, to }: { key: string; from: { name: string }; to: { name: string } }) => [
      key,
      from.name,
      to.name,
    ]),
  ).toEqual([
    ['mot', 'Xã Một', 'Xã Mới'],
    ['hai', 'Xã Hai', 'Xã Mới'],
  ])
  expect(plan.changes.map(({ kind, key }: { kind: string; key: string }) => `${kind} ${key}`).sort()).toEqual([
    'agencies xa-hai',
    'agencies xa-moi',
    'agencies xa-mot',
    'portals hai',
    'portals mot',
  ])
  expect(plan.incidents).toBe(1)
  // Nothing was changed by looking.
  expect(readFileSync(FILE, 'utf8')).toBe(INVENTORY)
  expect((await admin.get('/inventory')).body.version).toBe(plan.version)

  const carry = (who = admin) =>
    who.post('/inventory/succession', { ...asked, reason: 'Nghị quyết 202', seen: plan.version })
  for (const role of ['analyst', 'manager', 'auditor', 'rule_author'] as const)
    expect((await carry(await console_.person(role))).status, role).toBe(403)
  const done = await carry()
  expect([done.status, done.body]).toEqual([
    200,
    {
      version: plan.version + 1,
      added: ['xa-moi'],
      changed: expect.anything(),
      ended: expect.anything(),
      parts: [],
      file: { path: FILE },
    },
  ])
  const file = readFileSync(FILE, 'utf8')
  expect(file).toContain('  - { id: so-y-te, name: Sở Y tế, kind: department } # giữ nguyên\n')
  expect(file).toContain(`  - { id: xa-mot, name: Xã Một, kind: commune, successors: [ xa-moi ], valid_to: ${date} }`)
  // Done once: the second is told why not.
  expect((await carry()).status).toBe(422)

  // Who has the duties now sees the history, and what comes.
  const after = await console_.person('agency_viewer', ['xa-moi'])
  expect((await after.get('/alerts')).body.total).toBe(1)
  await console_.take('may-chu', [attack('hai.example', '/b', { ip: '198.51.100.77', ago: 1000 })])
  expect((await after.get('/alerts')).body.total).toBe(2)
  expect((await admin.get('/audit')).text).toContain('inventory.succession')
})
