/** A rule author's day with one rule: changed in the console, named by its alerts, told by the command line, refused where it must be. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createControl } from '../../api/control.ts'
import { type Console, openConsole, OURS, request } from './console.ts'

const folder = mkdtempSync(join(tmpdir(), 'vonglau-rules-'))
const FILE = join(folder, 'cua-tinh.yml')
const rule = (path: string, level = 'medium') =>
  `title: Của tỉnh\nid: cua-tinh\nlevel: ${level}\nlogsource: { category: webserver }\ndetection: { s: { url.path: ${path} }, condition: s }\n`
let console_: Console
beforeAll(async () => {
  writeFileSync(FILE, rule('/mot'))
  console_ = await openConsole(`rules: ${folder}\n`)
}, 120_000)
afterAll(async () => {
  await console_.close()
  rmSync(folder, { recursive: true, force: true })
})
const answers = async (asked: object): Promise<unknown[]> => {
  const out: unknown[] = []
  const control = createControl(console_.running.installation, async () => console_.running.auth!)
  for await (const line of control(JSON.stringify(asked))) out.push(JSON.parse(line))
  return out
}

test('a rule is changed by a person, and each alert names the version that raised it', async () => {
  const author = await console_.person('rule_author')
  const alertsOf = async () =>
    (await author.get('/alerts?rule=cua-tinh')).body.items.map(({ id }: { id: string }) => id)
  await console_.take(OURS.source, [request(OURS.host, '/mot', { ip: '198.51.100.1' })])
  const [first] = await alertsOf()
  expect((await author.get(`/alerts/${first}`)).body.rule_version).toEqual({ n: 1, newest: 1 })

  const change = (yaml: string, seen: number, who = author) =>
    who.post('/rules/cua-tinh/text', { yaml, reason: 'theo công văn 214', seen })
  // As a compiler would say it.
  const wrong = await change(rule('/hai', 'hihg'), 1)
  expect([wrong.status, wrong.body.error.code]).toEqual([422, 'rule'])
  expect(wrong.body.error.message).toMatch(/cua-tinh\.yml:3:1: level is "hihg", expected one of/)
  expect((await author.get('/rules/cua-tinh/versions')).body.n).toBe(1)
  // Of an agency, whatever the role: nothing of the province's.
  for (const role of ['rule_author', 'administrator'] as const)
    expect((await change(rule('/hai'), 1, await console_.person(role, [OURS.agency]))).status, role).toBe(403)
  expect((await change(rule('/hai'), 1, await console_.person('analyst'))).status).toBe(403)

  expect((await change(rule('/hai'), 1)).body).toEqual({ n: 2, file: FILE })
  expect(readFileSync(FILE, 'utf8')).toBe(rule('/hai'))
  const late = await change(rule('/ba'), 1, await console_.person('administrator'))
  expect([late.status, late.body.error.message]).toEqual([
    409,
    'cua-tinh was changed by somebody else since you looked at it (version 2 now): look again, then change it.',
  ])
  await console_.take(OURS.source, [
    request(OURS.host, '/mot', { ip: '198.51.100.2' }),
    request(OURS.host, '/hai', { ip: '198.51.100.3' }),
  ])
  const alerts = await alertsOf()
  expect(alerts).toHaveLength(2)
  const versions = await Promise.all(
    alerts.map(async (id: string) => (await author.get(`/alerts/${id}`)).body.rule_version),
  )
  expect(versions.sort((a, b) => a.n - b.n)).toEqual([
    { n: 1, newest: 2 },
    { n: 2, newest: 2 },
  ])

  const { body } = await author.get('/rules/cua-tinh/versions')
  expect(body).toMatchObject({
    n: 2,
    text: rule('/hai'),
    versions: [
      { n: 2, by: author.username, reason: 'theo công văn 214' },
      { n: 1, path: FILE },
    ],
    waiting: [],
  })
  const { lines } = (await author.get('/rules/cua-tinh/difference')).body
  expect(lines.filter(({ op }: { op: string }) => op !== '=')).toEqual([
    { op: '-', text: 'detection: { s: { url.path: /mot }, condition: s }' },
    { op: '+', text: 'detection: { s: { url.path: /hai }, condition: s }' },
  ])
  // Who sees one agency reads the rule, and not who of the province changed it.
  const viewer = await console_.person('agency_viewer', [OURS.agency])
  expect((await viewer.get('/rules/cua-tinh/versions')).body.versions[0]).not.toHaveProperty('by')

  expect(await answers({ ask: 'rule.history', rule: 'cua-tinh' })).toEqual([
    { version: ['2', expect.any(String), author.username, 'theo công văn 214'] },
    { version: ['1', expect.any(String), FILE, 'the file said so'] },
  ])
  expect(await answers({ ask: 'rule.history', rule: 'cua-tinh', from: '1' })).toEqual([
    { lines: expect.arrayContaining(['- detection: { s: { url.path: /mot }, condition: s }']) },
  ])
  await expect(answers({ ask: 'rule.history', rule: 'cua-tinh', from: '7' })).rejects.toThrow(
    'there is no version 7 of cua-tinh: there are 1 to 2',
  )
  const trail = (await (await console_.person('administrator')).get('/audit')).body.items
  expect(trail.find(({ what }: { what: string }) => what === 'rule.change')).toMatchObject({
    object: 'cua-tinh',
    by: author.username,
  })
}, 300_000)
