/** What helps who writes rules: a beginning that compiles and passes, coverage, the stores' languages, rules of others. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { coverageLines, writeNew } from '../../api/commands/author.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { checkRules, testRules } from '../../rules/check.ts'
import { convert } from '../../rules/convert.ts'
import { logsOf, unwatched, navigatorLayer, techniquesOf } from '../../rules/coverage.ts'
import { importRules, reasonsOf } from '../../rules/imported.ts'
import { loadRules, readDraft } from '../../rules/load.ts'
import { eventOf } from './events.ts'

const folder = mkdtempSync(join(tmpdir(), 'author-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const config = { rules: folder } as Parameters<typeof writeNew>[0]

test('a new rule compiles, and its events say what it does', () => {
  expect(writeNew(config, 'moi-mot', 'an', {})).toHaveLength(3)
  writeNew(config, 'moi-hai', 'an', { correlation: true })
  expect(checkRules(folder, LOGSOURCES)).toEqual([])
  expect(
    testRules(folder, eventOf, LOGSOURCES).map(({ failures, matching, others }) => [failures, matching, others]),
  ).toEqual([
    [[], 1, 1],
    [[], 1, 1],
  ])
  expect(() => writeNew(config, 'moi-mot', 'an', {})).toThrow(/moi-mot\.yml is there already: choose another id/)
  expect(() => writeNew(config, '../x', 'an', {})).toThrow('"../x" is no id of a rule')
  // A draft may name rules of the catalog, and stand in the place of the file that it is.
  const yaml = readFileSync(join(folder, 'moi-hai.yml'), 'utf8')
  const [draft] = readDraft(yaml.replace('gte: 10', 'gte: 3'), 'moi-hai.yml', folder, LOGSOURCES)
  expect(draft).toMatchObject({ id: 'moi-hai', correlation: { bounds: { gte: 3 } } })
})

test('coverage by technique and by log, and as a layer', () => {
  const rules = loadRules(undefined, LOGSOURCES)
  const techniques = techniquesOf(rules)
  const exploit = techniques.find(({ technique }) => technique === 'T1190')!
  expect(exploit.rules.map(({ id }) => id)).toContain('sql-injection')
  expect(exploit.tactics).toContain('initial-access')
  const logs = logsOf(rules)
  const few = rules.filter(({ id }) => id === 'sql-injection')
  expect(unwatched(few, LOGSOURCES)).toContain('fortigate')
  expect(unwatched(few, LOGSOURCES)).not.toContain('webserver nginx')
  expect(logs.find(({ logsource }) => logsource === 'webserver')!.rules.length).toBeGreaterThan(10)
  const layer = navigatorLayer(rules) as { domain: string; techniques: { techniqueID: string; score: number }[] }
  expect(layer.domain).toBe('enterprise-attack')
  expect(layer.techniques.find(({ techniqueID }) => techniqueID === 'T1190')!.score).toBe(exploit.rules.length)
  expect(coverageLines(rules).at(-1)).toMatch(new RegExp(`^${rules.length} rules, ${techniques.length} techniques`))
})

test('a rule as the stores are asked', () => {
  const [rule] = readDraft(
    'title: a\nid: a\nlogsource: { category: webserver }\ndetection: { s: { url.path|startswith: /a, http.response.status_code: 200 }, condition: s }\n',
    'a.yml',
    undefined,
    LOGSOURCES,
  )
  const [one] = convert(rule!)
  expect(one!.sql).toMatch(/"url\.path".*"http\.response\.status_code" /)
  expect(JSON.stringify(one!.query)).toMatch(/url\.path.*http\.response\.status_code/)
})

test('rules of others keep author and licence; what cannot run is told with the reason', () => {
  const [from, to] = [join(folder, 'others'), join(folder, 'taken')]
  mkdirSync(join(from, 'web'), { recursive: true })
  const rule = (id: string, category: string, more = '') =>
    `title: Of another\nid: ${id}\n${more}author: Nasreddine Bencherchali (Nextron Systems)\nlogsource:\n    category: ${category}\ndetection:\n    s:\n        cs-uri-query|contains: union\n    condition: s\n`
  writeFileSync(join(from, 'web', 'a.yml'), rule('1f2b4f6c-0000-4000-8000-000000000001', 'webserver'))
  writeFileSync(join(from, 'web', 'b.yml'), rule('1f2b4f6c-0000-4000-8000-000000000002', 'webserver', 'license: MIT\n'))
  writeFileSync(join(from, 'c.yml'), rule('1f2b4f6c-0000-4000-8000-000000000003', 'antivirus'))
  writeFileSync(join(from, 'd.yml'), rule('sql-injection', 'webserver'))
  const options = { from: [from], license: 'DRL-1.1', kinds: LOGSOURCES, known: new Set(['sql-injection']) }
  expect(importRules(options).taken).toHaveLength(2)
  expect(existsSync(to)).toBe(false)
  const { taken, left } = importRules({ ...options, to })
  expect(taken.map(({ file, author, license }) => [file, author, license])).toEqual([
    ['web/a.yml', 'Nasreddine Bencherchali (Nextron Systems)', 'DRL-1.1'],
    ['web/b.yml', 'Nasreddine Bencherchali (Nextron Systems)', 'MIT'],
  ])
  expect(
    readFileSync(join(to, 'web', 'a.yml'), 'utf8')
      .split('\n')
      .slice(0, 3),
  ).toEqual(['title: Of another', 'license: DRL-1.1', 'id: 1f2b4f6c-0000-4000-8000-000000000001'])
  expect(left.map(({ file }) => file)).toEqual(['c.yml', 'd.yml'])
  expect(reasonsOf(left)).toEqual([
    ['logsource: no source brings events of category antivirus', 1],
    ['a rule with the id "sql-injection" is there already', 1],
  ])
  expect(checkRules(to, LOGSOURCES)).toEqual([])
  // A second time nothing is written over.
  expect(importRules({ ...options, to }).taken).toEqual([])
  expect(() => importRules({ ...options, from: [join(folder, 'khong-co')] })).toThrow(
    'there is no such file or folder of rules',
  )
})
