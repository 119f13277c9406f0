/** A rule author's day with one rule: changed in the console, named by its alerts, told by the command line, refused where it must be. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
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

const correlation = (id: string, over: string, count = 2) =>
  `title: Nhiều lần\nid: ${id}\nlevel: high\ncorrelation: { type: event_count, rules: [${over}], group-by: [source.ip], timespan: 10m, condition: { gte: ${count} } }\n`

test('a rule author writes a new rule: from the template, tried, compiled with all others, version 1 with a file', async () => {
  const author = await console_.person('rule_author')
  const add = (yaml: string, who = author) => who.post('/rules', { yaml, reason: 'công văn 300' })
  const template = async (query: string) => author.get(`/rule-texts/new?${query}`)
  expect((await template('id=../x')).body.error.message).toBe(
    '"../x" is no id of a rule: write words of a to z and digits, joined by hyphens, such as backup-download.',
  )
  expect((await template('id=tai-tep&correlation=true')).body.yaml).toContain('rules: [tai-tep-base]')
  const { yaml } = (await template('id=tai-tep')).body
  expect(yaml).toContain(`author: ${author.username}`)

  for (const [text, status, said] of [
    [yaml.replace('level: medium', 'level: vua'), 422, /draft\.yml:\d+:\d+: level is "vua", expected one of/],
    [yaml.replace('condition: asked and', 'condition: askd and'), 422, /tai-tep\.yml:\d+:\d+: .*askd/],
    [yaml.replace('id: tai-tep', ''), 422, /^The rule has no id: write "id:" below its title/],
    [yaml.replace('id: tai-tep', 'id: Tải Tệp'), 422, /^"Tải Tệp" is no id of a rule/],
    [yaml.replace('id: tai-tep', 'id: sql-injection'), 409, /^There is a rule sql-injection already/],
    [correlation('tuong-quan', 'khong-co'), 422, /tuong-quan\.yml:4:\d+: .*khong-co/],
    [
      `name: nen\nid: nen\n${yaml.replace(/^id:.*\n/m, '')}---\n${correlation('sql-injection', 'nen')}`,
      422,
      /sql-injection/,
    ],
    ['title: [', 422, /draft\.yml:1:\d+: this is not YAML/],
  ] as const) {
    const { status: is, body } = await add(text)
    expect([is, body.error.message], text).toEqual([status, expect.stringMatching(said)])
  }
  for (const role of ['rule_author', 'administrator'] as const)
    expect((await add(yaml, await console_.person(role, [OURS.agency]))).status, role).toBe(403)
  expect((await add(yaml, await console_.person('analyst'))).status).toBe(403)
  expect((await author.get('/rules/tai-tep')).status).toBe(404)

  // Tried over what is stored before it is there.
  await console_.take(OURS.source, [request(OURS.host, '/thay-duong-dan-nay/a', { ip: '198.51.100.8' })])
  let tried = (await author.post('/backtests', { yaml })).body
  while (tried.state === 'running') tried = (await author.get(`/backtests/${tried.id}`)).body
  expect(tried.result).toMatchObject({ hits: 1, alerts: 1 })

  const file = join(folder, 'tai-tep.yml')
  expect((await add(yaml)).body).toEqual({ id: 'tai-tep', n: 1, file })
  expect(readFileSync(file, 'utf8')).toBe(yaml)
  const again = await add(yaml, await console_.person('administrator'))
  expect([again.status, again.body.error.code]).toEqual([409, 'taken'])
  expect((await author.get('/rules/tai-tep/versions')).body).toMatchObject({
    n: 1,
    versions: [{ n: 1, by: author.username, reason: 'công văn 300' }],
  })
  // It begins with what comes.
  expect((await author.get('/alerts?rule=tai-tep')).body.items).toEqual([])
  await console_.take(OURS.source, [request(OURS.host, '/thay-duong-dan-nay/b', { ip: '198.51.100.9' })])
  expect((await author.get('/alerts?rule=tai-tep')).body.items).toHaveLength(1)

  // A correlation over it, which says that the base tells no more by itself; a reload finds all as it was.
  expect((await add(correlation('tai-nhieu', 'tai-tep'))).body).toMatchObject({ id: 'tai-nhieu', n: 1 })
  const rules = async () =>
    (await author.get('/rules')).body.items.flatMap(({ id, group }: { id: string; group: string }) =>
      group === 'own' ? [id] : [],
    )
  expect((await rules()).sort()).toEqual(['cua-tinh', 'tai-nhieu'])
  await answers({ ask: 'reload' })
  expect((await rules()).sort()).toEqual(['cua-tinh', 'tai-nhieu'])
  expect((await author.get('/rules/tai-nhieu/versions')).body.n).toBe(1)
  await console_.take(OURS.source, [
    request(OURS.host, '/thay-duong-dan-nay/c', { ip: '198.51.100.10' }),
    request(OURS.host, '/thay-duong-dan-nay/d', { ip: '198.51.100.10' }),
  ])
  expect((await author.get('/alerts?rule=tai-nhieu')).body.items).toHaveLength(1)
  const trail = (await (await console_.person('administrator')).get('/audit')).body.items
  expect(trail.find(({ what }: { what: string }) => what === 'rule.add')).toMatchObject({ by: author.username })
}, 300_000)

test('a new rule whose file is there already and holds another is in force, and the file stays', async () => {
  const author = await console_.person('rule_author')
  const other = join(folder, 'chiem-cho.yml')
  writeFileSync(other, rule('/khac').replace('id: cua-tinh', 'id: khac-ten'))
  const yaml = rule('/moi').replace('id: cua-tinh', 'id: chiem-cho')
  const { status, body } = await author.post('/rules', { yaml, reason: 'theo công văn 214' })
  expect([status, body.n, body.why]).toEqual([
    200,
    1,
    `${other} is there already and says something else: copy the text into another file of ${folder}`,
  ])
  expect(readFileSync(other, 'utf8')).toContain('khac-ten')
})

test('a condition that nobody could go down is refused with its place, and lines go on being judged', async () => {
  const author = await console_.person('rule_author')
  const deep = `${'not (s and '.repeat(1000)}s${')'.repeat(1000)}`
  const yaml = rule('/sau').replace('id: cua-tinh', 'id: qua-sau').replace('condition: s', `condition: "${deep}"`)
  const { status, body } = await author.post('/rules', { yaml, reason: 'theo công văn 214' })
  expect([status, body.error.message]).toEqual([422, expect.stringMatching(/qua-sau\.yml:5:.* brackets 15 deep/)])
})

test("a rule of one's own is of one group, wherever it is named", async () => {
  const author = await console_.person('rule_author')
  const listed = (await author.get('/rules')).body.items.find((each: { id: string }) => each.id === 'cua-tinh')
  expect([listed.group, (await author.get('/rules/cua-tinh')).body.group]).toEqual(['own', 'own'])
  const said = { kql: 'source.ip : 198.51.100.7', rules: [], reason: 'máy quét', expires: Date.now() + 86_400_000 }
  const made = await author.post('/exceptions', { ...said, groups: ['own'] })
  expect([made.status, made.body.groups]).toEqual([200, ['own']])
  const about = async (rule: string) => (await author.get(`/exceptions?rule=${rule}`)).body.items
  expect([(await about('cua-tinh')).length, (await about('sql-injection')).length]).toEqual([1, 0])
  // As it was called before: what was written then can still be changed.
  expect((await author.post('/exceptions', { ...said, groups: [basename(folder)] })).status).toBe(200)
  expect(await about('cua-tinh')).toHaveLength(2)
  const missing = await author.post('/exceptions', { ...said, groups: ['khac'] })
  expect([missing.status, missing.text]).toEqual([422, expect.stringContaining('own')])
  expect(missing.text).not.toContain(basename(folder))
  // Seconds for milliseconds.
  const seconds = Math.floor(said.expires / 1000)
  const short = await author.post('/exceptions', { ...said, groups: ['own'], expires: seconds })
  expect([short.status, short.text]).toEqual([422, expect.stringContaining(`${seconds * 1000}.`)])
})

test('an alert says what its rule said, though the rule is gone', async () => {
  const file = join(folder, 'tam-thoi.yml')
  writeFileSync(
    file,
    `title: Tạm thời
id: tam-thoi
level: low
description: Ai hỏi /tam
logsource: { category: webserver }
detection: { s: { url.path: /tam }, condition: s }
vonglau: { guide: { vi: Xem ai hỏi, en: See who asks } }
`,
  )
  await answers({ ask: 'reload' })
  await console_.take(OURS.source, [request(OURS.host, '/tam', { ip: '198.51.100.77' })])
  const author = await console_.person('rule_author')
  const detailOf = async () => {
    const [alert] = (await author.get('/alerts?rule=tam-thoi')).body.items
    return (await author.get(`/alerts/${alert.id}`)).body
  }
  const said = {
    rule_description: { vi: 'Ai hỏi /tam', en: 'Ai hỏi /tam' },
    rule_guide: { vi: 'Xem ai hỏi', en: 'See who asks' },
    rule_condition: 's',
  }
  expect(await detailOf()).toMatchObject(said)
  rmSync(file)
  expect(await answers({ ask: 'reload' })).toMatchObject([{ reloaded: expect.stringContaining('gone: tam-thoi') }])
  expect(await detailOf()).toMatchObject(said)
})
