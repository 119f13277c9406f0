/** What is lost without a source, foretold from what arrives and then seen in a replay without it. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { dueBetween, readSeeds } from '../../api/demo/seed.ts'
import { feedsNow, seenOf } from '../../api/risk/seen.ts'
import { sourceRows } from '../../api/routes/sources.ts'
import { alertsIn } from '../../rules/case/decide.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { detectionKey, lostWithout } from '../../rules/risk/seen.ts'
import { openConsole } from './console.ts'

const LOGS = fileURLToPath(new URL('../../seeds/vinh-long/logs/', import.meta.url))
const SPAN = 36 * 3_600_000
/** As the demo has them; `mirror` brings again what some portals behind proxy-01 answer, as a second device in the path would. */
const SOURCES = {
  'proxy-01': 'parser: nginx_access, serves: ["203.0.113.10", "203.0.113.20", "203.0.113.21"]',
  'proxy-02': 'parser: nginx_access, serves: ["203.0.113.11", "203.0.113.12", "203.0.113.13"]',
  'iis-vp': 'parser: iis_access, organization: van-phong-ubnd',
  'fw-vp-01': 'parser: fortinet_fortigate, organization: van-phong-ubnd',
  'fw-tpvl-01': 'parser: fortinet_fortigate, organization: thanh-pho-vinh-long',
  mirror: 'parser: nginx_access, serves: ["203.0.113.10", "203.0.113.20", "203.0.113.21"]',
}
const MIRRORED = /^(\S+) /

const linesOf = (end: number) => {
  const of = (id: string) =>
    dueBetween(readSeeds(`${LOGS}${id}.log`, id), end - SPAN, end, end, 7 * 3_600_000).map(({ line }) => line)
  const lines = new Map(Object.keys(SOURCES).flatMap((id) => (id === 'mirror' ? [] : [[id, of(id)] as const])))
  // Half of the hosts behind proxy-01 pass the second device too.
  const hosts = [...new Set(lines.get('proxy-01')!.map((line) => MIRRORED.exec(line)?.[1]))].sort()
  const half = new Set(hosts.filter((_, i) => i % 2 === 0))
  lines.set(
    'mirror',
    lines.get('proxy-01')!.filter((line) => half.has(MIRRORED.exec(line)?.[1])),
  )
  return lines
}

/** Sources, coverage and alerts of a province in which these sources send. */
const run = async (lines: ReadonlyMap<string, readonly string[]>, without?: string) => {
  const yaml = Object.entries(SOURCES)
    .map(([id, rest]) => `  - { id: ${id}, ${rest}, http: { token: token-cua-${id}-01 } }\n`)
    .join('')
  const console_ = await openConsole('', Date.now, {}, yaml)
  try {
    for (const [id, each] of lines) if (id !== without && each.length > 0) await console_.take(id, each)
    const { installation } = console_.running
    const rows = await sourceRows(installation, SYSTEM)
    const feeds = await feedsNow(installation, rows, SPAN)
    const alerts = await alertsIn(installation.store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })
    const found = alerts.items
      .filter(({ doc }) => doc['alert.status'] !== 'absorbed' && doc['rule.id'] !== 'silent-source')
      .map(({ doc }) => ({
        key: JSON.stringify([doc['rule.id'], doc['organization.id'], doc.group]),
        detection: detectionKey(
          doc['rule.id'],
          doc['organization.id'] as string | undefined,
          doc['portal.id'] as string | undefined,
        ),
      }))
    const seen = (sources: readonly string[]) =>
      new Map(
        [
          ...seenOf(
            installation,
            rows,
            feeds.filter(({ source }) => sources.includes(source)),
          ).agencies,
        ].map(([id, { coverage }]) => [id, coverage]),
      )
    return { found, feeds, sight: seenOf(installation, rows, feeds).sight, seen, sources: [...lines.keys()] }
  } finally {
    await console_.close()
  }
}

test('without a source the coverage falls as foretold, and the detections are lost that were foretold', async () => {
  const lines = linesOf(Date.now())
  const whole = await run(lines)
  expect(whole.found.length).toBeGreaterThan(20)
  for (const source of ['proxy-01', 'fw-vp-01']) {
    const lost = lostWithout(whole.sight, whole.feeds, source)
    const left = whole.sources.filter((id) => id !== source)
    const foretold = new Set(whole.found.flatMap(({ key, detection }) => (lost.has(detection) ? [key] : [])))
    const replay = await run(lines, source)
    const still = new Set(replay.found.map(({ key }) => key))
    const gone = new Set(whole.found.flatMap(({ key }) => (still.has(key) ? [] : [key])))
    const both = [...gone].filter((key) => foretold.has(key)).length
    console.log(
      `without ${source}: ${foretold.size} foretold, ${gone.size} lost, ${both} of both, of ${new Set(whole.found.map(({ key }) => key)).size}`,
    )
    expect(foretold.size).toBeGreaterThan(0)
    // Neither missed nor cried wolf: of all that was foretold or lost, at least 95 % is both.
    expect(both / new Set([...gone, ...foretold]).size).toBeGreaterThanOrEqual(0.95)
    expect(replay.seen(left)).toEqual(whole.seen(left))
    expect(whole.seen(left)).not.toEqual(whole.seen(whole.sources))
  }
})
