/** A person changes the inventory: a version with author and reason, the file after it; a file that says otherwise waits. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { InventoryView } from '../../api/contract-province.ts'
import { type Console, openConsole, type Person, request } from './console.ts'

const PROVINCE = `# Danh mục của tỉnh
province: { id: p, code: PP, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-y-te, name: Sở A, kind: department } # hỏi ông Bảy
  - { id: so-giao-duc-va-dao-tao, name: Sở B, kind: department }
portals:
  - { id: a, domain: a.example, name: A, organization: so-y-te, addresses: [203.0.113.21] }
`
const folder = mkdtempSync(join(tmpdir(), 'vonglau-inventory-'))
const file = join(folder, 'inventory.yml')
let console_: Console
let admin: Person
let viewer: Person
const view = async () => (await admin.get('/inventory')).body as InventoryView
const change = async (kind: string, text: string, more: object = {}) =>
  admin.post('/inventory/change', { kind, text, reason: 'công văn 214', ...more })
const reload = () => console_.running.installation.reload()
const nameOf = async (id: string) => (await view()).agencies.find((each) => each.id === id)?.name
beforeAll(async () => {
  writeFileSync(file, PROVINCE)
  mkdirSync(join(folder, 'rules'))
  writeFileSync(
    join(folder, 'rules', 'cong-cua-tinh.yml'),
    "title: Cổng của tỉnh\nid: cong-cua-tinh\nlevel: low\nlogsource: { category: webserver }\ndetection: { a: { url.domain|expand: '%portal_hosts%' }, condition: a }\n",
  )
  console_ = await openConsole(
    `rules: ${join(folder, 'rules')}\n`,
    Date.now,
    { VONGLAU_INVENTORY: file },
    '  - { id: cong, parser: nginx_access, serves: ["203.0.113.9"], http: { token: token-cua-cong-001 } }\n',
  )
  admin = await console_.person('administrator')
  viewer = await console_.person('agency_viewer', ['so-y-te'])
})
afterAll(async () => {
  await console_?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('what a person changes holds at once, is a version with its author, and stands in the file to the letter', async () => {
  const { status, body } = await change('agencies', 'id: so-y-te\nname: Sở A (mới)\nkind: department\n')
  expect({ status, changed: body.changed, file: body.file }).toEqual({
    status: 200,
    changed: ['so-y-te'],
    file: { path: file },
  })
  expect(readFileSync(file, 'utf8')).toBe(PROVINCE.replace('name: Sở A,', 'name: Sở A (mới),'))
  const [newest] = (await view()).versions
  expect(newest).toMatchObject({ by: admin.username, reason: 'công văn 214', entries: ['agencies so-y-te'] })
  const { body: entry } = await admin.get('/inventory/agencies?key=so-y-te')
  expect(entry.text).toBe('id: so-y-te\nname: Sở A (mới)\nkind: department\n')
  expect(entry.history[0]).toMatchObject({ by: admin.username, before: 'id: so-y-te\nname: Sở A\nkind: department\n' })
  // Events of the next line are enriched by it: a portal that came just now.
  expect(
    (
      await change(
        'portals',
        'id: moi\ndomain: moi.example\nname: Mới\norganization: so-giao-duc-va-dao-tao\naddresses: [203.0.113.9]\n',
      )
    ).status,
  ).toBe(200)
  await console_.take('cong', [request('moi.example', '/')])
  const { body: events } = await admin.get(`/events?q=${encodeURIComponent('portal.id : moi')}&from=1`)
  expect(events.items).toHaveLength(1)
  // And so are rules that name the inventory: of a host that is no portal nothing is raised.
  await console_.take('cong', [request('la.example', '/')])
  const { body: alerts } = await admin.get('/alerts?from=1&rule=cong-cua-tinh')
  expect(alerts.items.map((row: { portal?: { id: string } }) => row.portal?.id)).toEqual(['moi'])
  // What was written counts as brought.
  expect((await reload()).inventory).toEqual({ added: [], changed: [], ended: [], parts: [] })
})

test('whoever looked at an older state is told; a wrong entry is refused at its place, and nothing is changed', async () => {
  const { version } = await view()
  await change('agencies', 'id: so-giao-duc-va-dao-tao\nname: Sở B 1\nkind: department\n')
  const late = await change('agencies', 'id: so-giao-duc-va-dao-tao\nname: Sở B 2\nkind: department\n', {
    seen: version,
  })
  expect({ status: late.status, code: late.body.error.code }).toEqual({ status: 409, code: 'stale' })
  expect(await nameOf('so-giao-duc-va-dao-tao')).toBe('Sở B 1')
  const wrong: [string, string, RegExp][] = [
    [
      'agencies',
      'id: so-giao-duc-va-dao-tao\nname: Sở B\nkind: sở\n',
      /agencies so-giao-duc-va-dao-tao: kind is "sở", expected /,
    ],
    ['agencies', 'name: Ai\nkind: department\n', /without an id is nobody/],
    [
      'portals',
      'id: x\ndomain: a.example\nname: X\norganization: so-y-te\n',
      /portals x: domain is "a.example", expected a domain or alias that is not taken already/,
    ],
    [
      'portals',
      'id: x\ndomain: x.example\nname: X\norganization: khong-co\n',
      /organization is "khong-co", expected the id of an agency/,
    ],
    ['agencies', 'id: [', /agencies, line 1, column \d+: this is not YAML/],
    ['agencies', 'id: so-giao-duc-va-dao-tao\nname: Sở B 1\nkind: department\n', /nothing would change/],
  ]
  const { version: before } = await view()
  for (const [kind, text, sentence] of wrong) {
    const { status, body } = await change(kind, text)
    expect({ status, code: body.error.code }).toEqual({ status: 422, code: 'inventory' })
    expect(body.error.message).toMatch(sentence)
  }
  expect((await view()).version).toBe(before)
})

test('a file that changes what a person has changed waits, the rest of it is taken; both are shown, and one is chosen', async () => {
  // Changed and not read yet when the person comes: their change cannot be written there.
  const edit = (from: string, to: string) => writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
  edit('name: Sở B 1', 'name: Tên của tệp')
  edit('name: Sở A (mới)', 'name: Sở A từ tệp')
  const unwritten = await change('agencies', 'id: so-giao-duc-va-dao-tao\nname: Tên của người\nkind: department\n')
  expect(unwritten.body.file.why).toContain('was changed and not read yet')
  expect((await reload()).inventory.changed).toEqual(['so-y-te'])
  expect([await nameOf('so-y-te'), await nameOf('so-giao-duc-va-dao-tao')]).toEqual(['Sở A từ tệp', 'Tên của người'])
  const { waiting } = await view()
  expect(waiting).toEqual([
    {
      kind: 'agencies',
      key: 'so-giao-duc-va-dao-tao',
      path: file,
      file: 'id: so-giao-duc-va-dao-tao\nname: Tên của tệp\nkind: department\n',
      held: 'id: so-giao-duc-va-dao-tao\nname: Tên của người\nkind: department\n',
    },
  ])
  // Who does not decide is not told.
  expect(((await viewer.get('/inventory')).body as InventoryView).waiting).toEqual([])
  // It waits on, however often it is read.
  await reload()
  expect((await view()).waiting).toHaveLength(1)
  const settled = await admin.post('/inventory/settle', {
    kind: 'agencies',
    key: 'so-giao-duc-va-dao-tao',
    take: 'kept',
    reason: 'tên đúng',
  })
  expect({ status: settled.status, file: settled.body.file }).toEqual({ status: 200, file: { path: file } })
  expect((await view()).waiting).toEqual([])
  expect(readFileSync(file, 'utf8')).toContain('name: Tên của người')
  expect(
    (
      await admin.post('/inventory/settle', {
        kind: 'agencies',
        key: 'so-giao-duc-va-dao-tao',
        take: 'file',
        reason: 'nữa',
      })
    ).body.error.message,
  ).toContain('no change of agencies so-giao-duc-va-dao-tao waits')

  // The other way: the file's word is taken, and from then on it is the file's again.
  edit('Tên của người', 'Tên mới của tệp')
  await change('agencies', 'id: so-giao-duc-va-dao-tao\nname: Tên khác\nkind: department\n')
  await reload()
  const place = { kind: 'agencies', key: 'so-giao-duc-va-dao-tao' }
  expect((await admin.post('/inventory/settle', { ...place, take: 'file', reason: 'tệp đúng' })).status).toBe(200)
  expect(await nameOf('so-giao-duc-va-dao-tao')).toBe('Tên mới của tệp')
  edit('Tên mới của tệp', 'Tên sau cùng')
  expect((await reload()).inventory.changed).toEqual(['so-giao-duc-va-dao-tao'])
  expect((await view()).waiting).toEqual([])
})

test('an agency is ended and stays known; what vanishes from the file is ended too, unless a person added it', async () => {
  const ended = await admin.post('/inventory/change', {
    kind: 'agencies',
    key: 'so-giao-duc-va-dao-tao',
    end: true,
    reason: 'giải thể',
  })
  expect({ status: ended.status, ended: ended.body.ended }).toEqual({ status: 200, ended: ['so-giao-duc-va-dao-tao'] })
  expect(readFileSync(file, 'utf8')).toMatch(/id: so-giao-duc-va-dao-tao.*valid_to: "?\d{4}-\d\d-\d\d/)
  const missing = await admin.post('/inventory/change', { kind: 'portals', key: 'khong', end: true, reason: 'thử xem' })
  expect(missing.body.error.message).toContain('there is no portals khong to end')
})

test('a file that cannot be written is named with the reason, and the whole of it can be copied', async () => {
  const { status, body } = await change('systems', 'id: he\nname: Hệ\nowner: so-y-te\n')
  expect({ status, file: body.file }).toEqual({ status: 200, file: { path: file } })
  writeFileSync(
    file,
    `${readFileSync(file, 'utf8')}# ai đó vừa ghi\nplanned:\n  - { id: v, from: 2099-01-01T20:00+07:00, to: 2099-01-01T21:00+07:00, source: cong, who: A, why: B }\n`,
  )
  const unread = await change('systems', 'id: he\nname: Hệ thống\nowner: so-y-te\n')
  expect(unread.body.file.why).toContain('was changed and not read yet')
  const { text } = (await admin.get('/inventory/file')).body
  expect(text).toContain('name: Hệ thống')
  // Read after it: the file's own news is taken, the person's change stays, and the file's older word on it is no news.
  await reload()
  const now = await view()
  expect(now.planned).toHaveLength(1)
  expect((await admin.get('/inventory/systems?key=he')).body.text).toContain('Hệ thống')
})
