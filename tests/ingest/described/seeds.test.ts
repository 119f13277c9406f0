/** The demo's shared systems are read by descriptions, its firewalls by the parsers of their vendors, and each shared system has a rule. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { testParser } from '../../../api/commands/parsers.ts'
import { dueBetween, readSeeds } from '../../../api/demo/seed.ts'
import { splitLines } from '../../../ingest/collect/lines.ts'
import { readDescriptions } from '../../../api/descriptions.ts'
import { parseOf } from '../../../ingest/described/parse-of.ts'
import type { Event } from '../../../ingest/event.ts'
import { LOGSOURCES } from '../../../ingest/parsers/index.ts'
import { Row } from '../../../ingest/row/row.ts'
import { eventSink } from '../../../ingest/row/sink.ts'
import { openStage } from '../../../ingest/stage.ts'
import { testRules } from '../../../rules/check.ts'
import { readRules } from '../../../rules/load.ts'

const SEEDS = join(import.meta.dirname, '../../../seeds/vinh-long')
const described = readDescriptions(join(SEEDS, 'parsers'))
const SHARED = ['bao_cao', 'igate', 'ioffice', 'lgsp', 'truc_van_ban']

test('five descriptions', () => {
  expect([...described.keys()]).toEqual(SHARED)
})
test.each(SHARED)('%s: its sample lines', (id) => {
  expect(testParser(join(SEEDS, 'parsers', `${id}.yml`), 'Asia/Ho_Chi_Minh', false)).toMatchObject({ ok: true })
})
test('nothing is wrong with the rules of the shared systems; each has one', () => {
  const folder = join(SEEDS, 'rules')
  expect(readRules([folder], LOGSOURCES).problems).toEqual([])
  // The demo's rules are where a rule author begins.
  const tested = testRules(folder, () => undefined, LOGSOURCES)
  expect(tested.flatMap(({ failures }) => failures)).toEqual([])
  for (const { file, matching, others } of tested) expect([file, matching > 0, others > 0]).toEqual([file, true, true])
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.yml'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
  for (const id of SHARED)
    expect(
      texts.some((text) => text.includes(`event.dataset: ${id}\n`)),
      id,
    ).toBe(true)
})

const { sources } = parse(readFileSync(join(SEEDS, 'vonglau.yml'), 'utf8')) as {
  sources: { id: string; parser: string }[]
}
const wanted = sources.filter(({ parser }) => described.has(parser) || !/^(?:nginx|iis|fortinet)_/.test(parser))
test('five firewalls of other vendors', () => {
  expect(
    wanted
      .map(({ parser }) => parser)
      .filter((parser) => !described.has(parser))
      .toSorted(),
  ).toEqual(['cisco_asa', 'mikrotik', 'panw_panos', 'pfsense', 'sophos_xg'])
})
test.each(wanted)('$id: every line of fourteen days is understood by $parser, IPv6 among them', ({ id, parser }) => {
  const end = Date.UTC(2026, 4, 14, 12)
  const due = dueBetween(
    readSeeds(join(SEEDS, 'logs', `${id}.log`), id),
    end - 14 * 86_400_000,
    end,
    end,
    7 * 3_600_000,
  )
  const { lines } = splitLines(Buffer.from(due.map(({ line }) => line).join('\n')), 0, true)
  const own = described.get(parser)
  const { packed, unparsed } = openStage<Event[]>({
    source: {
      id,
      parser,
      timezone: 'Asia/Ho_Chi_Minh',
      silent: 15,
      collect: { kind: 'file', path: '', start: 'beginning' },
    },
    parse: parseOf({ parser, ...(own ? { described: own } : {}) }),
    enrich: () => {},
    sink: eventSink(),
    history: false,
    row: new Row(),
  })({ lines, from: 0, prefix: 'x', now: end, memory: [], rested: true })
  expect(
    packed.filter((event) => event['event.kind'] === 'pipeline_error').map((event) => event['error.message']),
  ).toEqual([])
  expect(unparsed).toBe(0)
  expect(packed.length).toBeGreaterThan(500)
  const near = packed.every(
    (event) => Number(event['@timestamp']) > end - 15 * 86_400_000 && Number(event['@timestamp']) <= end,
  )
  expect(near, 'times are those of the replay').toBe(true)
  expect(packed.some((event) => String(event['source.ip'] ?? '').includes(':'))).toBe(true)
})
