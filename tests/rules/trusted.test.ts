/** A trust label raises a rule's level; that it is missing or has lapsed silences nothing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { compile } from '../../ingest/store/match.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { levelOf, newAlert, opensIncident, partOf } from '../../rules/alert.ts'
import { groupOfFile, loadRules } from '../../rules/load.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { eventOf, words } from './events.ts'

const rule = (more: string, level = 'medium') =>
  compileSigma(
    `title: Nội dung\nid: noi-dung\nlevel: ${level}\ndetection: { a: { event.action: x }, condition: a }\nvonglau: { ${more} }\n`,
    'noi-dung.yml',
  )[0]!
const labelled: Event = { 'portal.trusted': true }
const lapsed: Event = { 'portal.trusted': false }

test.each([
  ['trusted: high', [labelled], 'high', true],
  ['trusted: high', [lapsed, {}, labelled], 'high', true],
  ['trusted: high', [lapsed], 'medium', false],
  ['trusted: high', [{}], 'medium', false],
  ['trusted: high', [], 'medium', false],
  ['quiet: 1h', [labelled], 'medium', false],
  ['trusted: high, incident: false', [labelled], 'high', false],
  ['trusted: high, incident: true', [lapsed], 'medium', true],
] as const)('%s, of %j: %s', (more, events, level, incident) => {
  const made = rule(more)
  expect(levelOf(made, events)).toBe(level)
  expect(opensIncident(made, events)).toBe(incident)
  const part = partOf(made.id, [{ field: 'portal.id', value: 'cong' }], 'so')
  const sample = { events, copies: false }
  expect(newAlert(made, part, { first: 1, last: 2, count: 1 }, sample, 0, 3)).toMatchObject({
    'rule.level': level,
    'alert.severity': level === 'high' ? 3 : 2,
  })
})

test('it only raises', () => {
  expect(() => rule('trusted: high', 'critical')).toThrow(
    'noi-dung.yml:5:12: vonglau.trusted: a trust label raises a level: expected one above "critical", found "high"',
  )
  expect(() => rule('trusted: medium')).toThrow('expected one above "medium"')
})

/** Of rules on what a portal shows. */
const CONTENT = ['gambling-spam', 'seo-spam-content', 'search-form-indexed', 'upload-page-indexed', 'defacement-marker']
const rules = loadRules(undefined, LOGSOURCES, words)

test.each(CONTENT)('%s finds the same on every portal, whatever its label', (id) => {
  const found = rules.find((each) => each.id === id)!
  const matches = compile(found.filter)
  const file = join(import.meta.dirname, `../../rules/catalog/portal/${id}.events.ndjson`)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  for (const line of lines) {
    const { match, source, line: raw } = JSON.parse(line) as { match: boolean; source: string; line: string }
    const { 'portal.trusted': _, ...event } = eventOf(source, raw)!
    for (const each of [event, { ...event, ...lapsed }, { ...event, ...labelled }]) expect(matches(each)).toBe(match)
  }
  expect(found.trusted).toBeDefined()
})

test('a rule stands in a group; one of the installation in its own', () => {
  expect([...new Set(rules.map(({ file }) => groupOfFile(file)))].sort()).toEqual(
    ['firewall', 'health', 'identity', 'ipv6', 'lgsp', 'mail', 'portal', 'trust', 'wan'].sort(),
  )
  expect(groupOfFile('/etc/vonglau/rules/portal/mine.yml')).toBe('own')
})

test('what the inventory does not name today makes no rule wrong', () => {
  const text =
    'title: Máy chủ\nid: may-chu\nlogsource: { category: firewall }\ndetection: { a: { source.ip|expand: "%portal_addresses%" }, condition: a }\n'
  const [made] = compileSigma(text, 'may-chu.yml', { kinds: LOGSOURCES, placeholders: () => [] })
  expect(compile(made!.filter)({ 'observer.type': 'firewall', 'source.ip': '10.0.0.1' })).toBe(false)
})
